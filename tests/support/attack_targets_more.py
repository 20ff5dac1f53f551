"""More loaders of files of strangers: spec files of models, records of archives."""

from __future__ import annotations

import random
from pathlib import Path

import mutations
import numpy as np
from attack_targets import Target, json_target

from edge3dpose.archive import summary
from edge3dpose.models import _spec_file

SPEC = """
name = "net"
licence = "MIT"
[skeleton]
name = "six"
joints = ["pelvis", "left_hip", "right_hip", "neck", "left_hand", "right_hand"]
bones = [["pelvis", "left_hip"], ["pelvis", "right_hip"], ["pelvis", "neck"],
         ["neck", "left_hand"], ["neck", "right_hand"]]
pairs = [["left_hip", "right_hip"], ["left_hand", "right_hand"]]
root = ["pelvis"]
[input]
size = [192, 256]
mean_rgb = [123.7, 116.3, 103.5]
std_rgb = [58.4, 57.1, 57.4]
[crop]
padding = 1.25
[output]
decode = "simcc"
x = "output_x"
y = "output_y"
z = "output_z"
score = "raw"
z_span_mm = 4348.9
"""
WORDS = [
    *("0", "-1", "nan", "inf", "-inf", "1e308", "1e30", "true", '""', '"x"', "[]", "{}", "[[]]"),
    *(
        "9" * 400,
        "9" * 5000,
        "[" * 40 + "]" * 40,
        "[" * 5000,
        '"\\u001b[31m"',
        '"../../x"',
        '"$(x)"',
    ),
    '"$(x)"',
    *("1979-05-27T07:32:00Z", "07:32:00", '"' + "x" * 30_000 + '"', '"roi"', '"blazepose"', "0x_1"),
    *('["a", "a"]', '[["pelvis", "pelvis"]]', '[["neck", "pelvis"]]', "'''", '"\\ud800"'),
]


def _mutate(rng: random.Random, content: bytes) -> bytes:
    if rng.random() < 0.3:
        return mutations.damaged_bytes(rng, content)
    lines = content.decode().splitlines()
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.randrange(len(lines))
        key, equals, _ = lines[at].partition(" = ")
        if equals and rng.random() < 0.8:
            lines[at] = f"{key} = {rng.choice(WORDS)}"
        else:
            lines[at] = rng.choice(("", lines[rng.randrange(len(lines))], "[[skeleton]]", "x = 1"))
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _read_spec(file: Path) -> None:
    found = _spec_file.read(file)
    spec = found.spec
    assert np.isfinite([*spec.mean_rgb, *spec.std_rgb, spec.z_range_mm]).all()
    assert not set(";$`|&<>\n\x1b") & set(spec.name)
    assert "\x1b" not in f"{found.licence}{found.source}{spec.skeleton.name}"
    assert "\x1b" not in "".join(spec.skeleton.joints)


def targets() -> list[Target]:
    record = {
        **{"schema": "", "clip": "a", "path": "a.mp4", "state": "done", "bytes": 10, "mtime_ns": 1},
        **{"sha256": "a" * 64, "pipeline": {"model": "m", "cut": 3}, "frames": 9, "video_s": 3.0},
        **{"size_px": [9, 9], "elapsed_s": 3.0, "stage_ms": {"read": 1.0}, "part": "a.jsonl"},
    }
    from edge3dpose.archive import folder

    record["schema"] = folder.SCHEMA
    archive = b'{"schema": "%s", "format": "jsonl"}' % folder.KIND.encode()

    def read_record(file: Path) -> None:
        for line in summary.summarize(file.parents[1]).lines:
            assert "\x1b" not in line

    return [
        Target("spec", SPEC.encode(), _read_spec, _mutate, file="net.toml"),
        json_target("archive-record", record, read_record, file="records/a.json",
                    beside={"archive.json": archive}),
    ]  # fmt: skip
