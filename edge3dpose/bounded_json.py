"""JSON from anywhere -> plain values within bounds: size, depth, numbers, letters.

What passes can be handled without surprises: a recursion over it ends, every number is a finite
float or fits into 64 bits, and no text moves a terminal's cursor or hides what follows it.
"""

from __future__ import annotations

import json
import math
from typing import Any

from edge3dpose.errors import UNSAFE, BadInput, printable

MOST_BYTES = 16 << 20  # the largest report has half a million
MOST_DEPTH = 32  # objects and lists in each other
MOST_CHARACTERS = 20_000  # of one text
LARGEST_INTEGER = 2**63 - 1

_Place = tuple[Any, Any]  # (place of what it is in, key or number); () for the whole


def parse(text: bytes | str, where: str) -> Any:
    """The value of a JSON text; BadInput begins with ``where``, and names the field.

    where  usually the file's name
    """
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        content = json.loads(text, object_pairs_hook=_object)
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from None
    except RecursionError:
        raise BadInput(f"{where} is not JSON that can be read: it is nested too deep") from None
    except (ValueError, MemoryError) as error:  # not UTF-8, or thousands of digits, among others
        raise BadInput(f"{where} is not JSON: {' '.join(str(error).split())[:200]}") from None
    check(content, where)
    return content


def check(content: Any, where: str) -> None:
    """BadInput where a value that was parsed is beyond the bounds; it names the field."""
    todo: list[tuple[Any, Any, int]] = [(content, (), 0)]
    while todo:
        value, place, depth = todo.pop()
        if isinstance(value, dict):
            for key in value:
                _check_text(key, place, where)
            todo += [(one, (place, key), depth + 1) for key, one in value.items()]
        elif isinstance(value, list):
            todo += [(one, (place, n), depth + 1) for n, one in enumerate(value)]
        elif isinstance(value, str):
            _check_text(value, place, where)
        elif isinstance(value, float) and not math.isfinite(value):
            raise BadInput(f"{where}: {_name(place)} is {value}, wanted a finite number")
        elif isinstance(value, int) and abs(value) > LARGEST_INTEGER:
            raise BadInput(f"{where}: {_name(place)} is a number beyond 64 bits")
        if depth > MOST_DEPTH:
            raise BadInput(f"{where}: {_name(place)} is nested deeper than {MOST_DEPTH}")


def _check_text(text: str, place: _Place | tuple[()], where: str) -> None:
    if len(text) > MOST_CHARACTERS:
        raise BadInput(f"{where}: {_name(place)} is a text of {len(text)} characters")
    if found := UNSAFE.search(text):
        raise BadInput(f"{where}: {_name(place)} has a text with the character {ord(found[0]):#x}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BadInput(f"the key {printable(repr(twice))[:60]} is there twice")
    return found


def _name(place: Any) -> str:
    """The field in words: rows[3].engine.p50_ms."""
    steps = []
    while place:
        place, key = place
        steps.append(f"[{key}]" if isinstance(key, int) else f".{printable(key)[:40]}")
    name = "".join(reversed(steps)).lstrip(".")
    return (f"{name[:80]}...{name[-40:]}" if len(name) > 130 else name) or "it"
