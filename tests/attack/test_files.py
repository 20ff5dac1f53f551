"""Damaged and hostile files before every loader: one line each, nothing else. Seeded.

By hand: pytest -n 0 tests/attack/test_files.py --attack 10000. A finding becomes a file of
corpus/TARGET/, whose test is below.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

import attack_targets
import attack_targets_more
import pytest

from edge3dpose.errors import Edge3DPoseError

CORPUS = Path(__file__).with_name("corpus")
PATIENCE_S = 20  # of one file; a machine under load needs more than an idle one
LONGEST_ERROR = 1500  # characters


class Hang(Exception):
    """A loader that has not come back."""


@contextlib.contextmanager
def patience(seconds: int):
    def ring(*given):
        raise Hang(f"not read within {seconds} s")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def targets(tmp_path_factory):
    return [
        *attack_targets.targets(tmp_path_factory.mktemp("good")),
        *attack_targets_more.targets(),
    ]


def outcome(target: attack_targets.Target, path: Path, changed: bool) -> tuple[str, str]:
    """What comes of a file: refused, accepted, or a fault with its story."""
    try:
        with patience(PATIENCE_S), warnings.catch_warnings():
            warnings.simplefilter("error")
            target.use(path)
    except Edge3DPoseError as error:
        text = str(error)
        if any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in text.replace("\n", " ")):
            return "raw letters", repr(text)
        return ("refused", "") if len(text) <= LONGEST_ERROR else ("long error", text[:300])
    except Hang as error:
        return "hang", str(error)
    except AssertionError:
        return "wrong acceptance", traceback.format_exc(limit=-3)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return "traceback", traceback.format_exc(limit=-4)
    if target.hashed and changed:
        return "wrong acceptance", "its hash should have told"
    return "accepted", ""


def test_every_good_file_is_accepted(targets, tmp_path):
    for target in targets:
        path = target.lay(tmp_path / target.name, target.good)
        found, story = outcome(target, path, changed=False)
        if target.name in ("boxes",):  # the pictures that it names are not there
            assert found == "refused", story
        else:
            assert found == "accepted", f"{target.name}: {found} {story or _error_of(target, path)}"


def _error_of(target, path) -> str:
    try:
        target.use(path)
    except Edge3DPoseError as error:
        return str(error)
    return ""


def test_no_mutation_gives_more_than_a_line(targets, tmp_path, pytestconfig, capsys):
    count = pytestconfig.getoption("--attack")
    seed = pytestconfig.getoption("--attack-seed")
    tally: Counter[str] = Counter()
    slowest = (0.0, "")
    faults = []
    for number in range(count):
        rng = random.Random(f"{seed}-{number}")
        target = targets[number % len(targets)]
        content = target.mutate(rng, target.good)
        folder = tmp_path / "one"
        path = target.lay(folder, content)
        begun = time.monotonic()
        found, story = outcome(target, path, changed=content != target.good)
        slowest = max(slowest, (time.monotonic() - begun, f"{target.name} {number}"))
        tally[found] += 1
        if found not in ("refused", "accepted"):
            kept = tmp_path / f"fault-{number}-{target.name}{path.suffix}"
            kept.write_bytes(content)
            faults.append(f"{number} {target.name}: {found}\n{story}")
        shutil.rmtree(folder)
    with capsys.disabled():
        if count > 1000:
            print(f"\n{count} files of seed {seed}: {dict(tally)}; slowest {slowest}")
    assert not faults, f"{len(faults)} faults, kept in {tmp_path}\n" + "\n".join(faults[:20])


@pytest.mark.parametrize(
    "file",
    sorted(file for file in CORPUS.rglob("*") if file.is_file()),
    ids=lambda file: f"{file.parent.name}-{file.stem}",
)
def test_what_was_found_before_is_refused(targets, tmp_path, file):
    for target in targets:
        if target.name == file.parent.name:
            path = target.lay(tmp_path, file.read_bytes())
            assert outcome(target, path, changed=True) == ("refused", "")
            return
    pytest.skip(f"{file.parent.name} needs a package that is not here")
