"""Seeded damage: JSON whose fields are what they cannot be, bytes, text and arrays."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import random
import struct
import zipfile
from typing import Any

import numpy as np

DEEP, LONG = "@deep@", "@long@"  # what json.dumps cannot write itself
HOSTILE = [
    *(
        None,
        True,
        False,
        "",
        "x",
        "0",
        -1,
        0,
        0.0,
        0.9,
        1,
        2,
        7,
        99,
        -90000,
        2**31,
        2**63,
        -(2**63),
    ),
    *(10**400, -(10**400), 1e30, -1e30, 1e-320, 1e308, -1e308, float("nan"), float("inf")),
    *(float("-inf"), [], {}, [[]], [None], [1], {"": 0}, {"x": {"x": 1}}, DEEP, LONG, "0" * 64),
    *("\x1b[31m\x1b]0;owned\x07", "<script>alert(1)</script>", "](javascript:alert(1))", "\ud800"),
    *(
        "$x_{$",
        "[/red][link=file:///]",
        "{{ 7*7 }}",
        "../../../etc/passwd",
        "/etc/passwd",
        "a|b\nc",
    ),
    *("C:\\x", "\0", "\u202egnp.exe", "x" * 30_000, "x; rm -rf ~", "NaN", "1e999", "%s%n", "é" * 9),
]


def hostile_json(rng: random.Random, good: Any) -> bytes:
    """The text of a JSON value of which one to three places are damaged."""
    value = copy.deepcopy(good)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        value = _damaged(rng, value)
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
    text = text.replace(f'"{DEEP}"', "[" * 50_000 + "]" * 50_000 if rng.random() < 0.5 else
                        "[" * 60 + "]" * 60)  # fmt: skip
    text = text.replace(f'"{LONG}"', "9" * rng.choice((400, 5000)))
    if rng.random() < 0.05:
        text = text[:1] + '"model": 1,' * 2 + text[1:]  # keys that are there twice
    return text.encode("utf-8", "surrogatepass")


def _damaged(rng: random.Random, value: Any) -> Any:
    holders: list[tuple[Any, Any]] = []
    todo = [value]
    while todo:
        one = todo.pop()
        items = one.items() if isinstance(one, dict) else enumerate(one) if _is_list(one) else ()
        for key, inner in items:
            holders.append((one, key))
            todo.append(inner)
    if not holders or rng.random() < 0.02:
        return copy.deepcopy(rng.choice(HOSTILE))
    holder, key = rng.choice(holders)
    way = rng.random()
    if way < 0.7:
        holder[key] = copy.deepcopy(rng.choice(HOSTILE))
    elif way < 0.8:
        del holder[key]
    elif way < 0.9:
        other, name = rng.choice(holders)
        with contextlib.suppress(KeyError, IndexError):  # it has gone with an earlier damage
            holder[key] = copy.deepcopy(other[name])
    elif _is_list(holder):
        holder.extend(copy.deepcopy(holder[:50]))
    else:
        holder[rng.choice(("", "x", "\x1b[2J", "cut", "a" * 200))] = holder[key]
    return value


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def damaged_bytes(rng: random.Random, good: bytes) -> bytes:
    """Bytes with a bit flipped, a piece cut out, doubled, zeroed or added; never as they were."""
    content, at = bytearray(good), rng.randrange(max(1, len(good)))
    size = min(len(good), rng.choice((1, 4, 100, 5000)))
    way = rng.randrange(8)
    if way <= 1 and content:
        content[at] ^= 1 << rng.randrange(8)
    elif way == 2:
        del content[at:]
    elif way == 3:
        del content[at : at + size]
    elif way == 4:
        content[at : at + size] = bytes(len(content[at : at + size]))
    elif way == 5:
        content[at:at] = rng.randbytes(size)
    elif way == 6:
        content[at : at + size] = rng.randbytes(len(content[at : at + size]))
    else:
        content[at:at] = content[at : at + size]
    return bytes(content) if bytes(content) != good else bytes(content) + b"\0"


def hostile_npz(rng: random.Random, good: dict[str, np.ndarray]) -> bytes:
    """An npz of which one array is what it cannot be."""
    arrays = dict(good)
    name = rng.choice(sorted(arrays))
    old, way = np.asarray(arrays[name]), rng.randrange(12)
    if way == 0:
        del arrays[name]
    elif way == 1:
        arrays[name] = np.array([{"a": 1}], object)
    elif way == 2:
        return with_header(arrays, name, rng.choice(((10**12,), (2**40, 2**40), (-1,), (10**9,))))
    elif way == 3:
        arrays[name] = np.full(old.shape, rng.choice((np.nan, np.inf, 1e308, -1e308, 0, -1)))
    elif way == 4:
        arrays[name] = old[..., None]
    elif way == 5:
        arrays[name] = old[:0] if old.ndim else old
    elif way == 6:
        arrays[name] = np.array(rng.choice(("x", "../../etc/passwd", "\x1b[31m", "", "0" * 64)))
    elif way == 7:
        arrays[name] = old.astype("U20") if old.dtype.kind in "fiub" else np.zeros(old.shape)
    elif way == 8:
        names = [rng.choice(("../x.jpg", "/etc/passwd", "C:\\a.jpg", "a.jpg", ""))] * max(
            1, old.size
        )
        arrays[name] = np.array(names)
    elif way == 9:
        arrays[name] = np.zeros(old.shape, complex)
    elif way == 10 and old.dtype.kind in "f" and old.size:
        arrays[name] = old.copy()
        arrays[name].reshape(-1)[rng.randrange(old.size)] = rng.choice(
            (np.nan, np.inf, 1e30, -1e30)
        )
    else:
        arrays[name] = np.concatenate([np.atleast_1d(old)] * 2)
    return npz(arrays)


def npz(arrays: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def with_header(
    arrays: dict[str, np.ndarray], name: str, shape: tuple[int, ...], descr: str = "<f8"
) -> bytes:
    """An npz with an array whose header claims this shape, and few bytes."""
    text = str({"descr": descr, "fortran_order": False, "shape": shape}).encode().ljust(117) + b"\n"
    head = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, value in arrays.items():
            if one != name:
                member = io.BytesIO()
                np.lib.format.write_array(member, np.asarray(value), allow_pickle=True)
                archive.writestr(f"{one}.npy", member.getvalue())
        archive.writestr(f"{name}.npy", head + bytes(64))
    return file.getvalue()


def bomb(name: str = "part", megabytes: int = 200) -> bytes:
    """An npz of zeros: a thousand times larger when it is unpacked."""
    return npz({name: np.zeros((megabytes << 20) // 8)})
