"""Joins the parts of a pack on a machine without a network; needs Python alone.

    python unpack.py FOLDER-OF-PARTS [FOLDER ...] --to gpu-day-src

Parts may lie in several folders, or below them. What is missing or damaged is named, and nothing is
unpacked. The wheels go into DIR/site, beside the sources; nothing of the machine is changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

LISTING = "parts.json"
PROBLEM_EXIT = 1
BLOCK = 1 << 20


def main() -> None:
    """Join, check, unpack, install beside."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    given = parser.parse_args()
    try:
        unpack(given.folders, given.to)
        install(given.to)
    except (ValueError, OSError, subprocess.CalledProcessError) as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(PROBLEM_EXIT)
    source, people = given.to.resolve() / "src", given.to.resolve() / "data" / "synthetic.npz"
    train = f" --train MINUTES --assets {people}" if people.exists() else ""
    print("unpacked; now, and again after any break:")
    print(
        f"  PYTHONPATH={given.to.resolve() / 'site'}:{source} {sys.executable} "
        f"{source / 'benchmarks' / 'gpu_day.py'} --out gpu-day{train}"
    )


def unpack(folders: list[Path], to: Path) -> None:
    """Join the parts and unpack them into a folder; ValueError names what is missing or damaged."""
    there = {file.name: file for folder in folders for file in sorted(folder.rglob("part.*"))}
    listings = [file for folder in folders for file in sorted(folder.rglob(LISTING))]
    if not listings:
        raise ValueError(f"no {LISTING} in {', '.join(map(str, folders))}")
    sums = json.loads(listings[0].read_text("utf-8"))
    if missing := sorted(set(sums) - set(there)):
        raise ValueError(f"missing of {len(sums)} parts: {', '.join(missing)}")
    if damaged := [name for name, wanted in sums.items() if sha256_of(there[name]) != wanted]:
        raise ValueError(f"damaged: {', '.join(damaged)}; carry these again")
    to.mkdir(parents=True, exist_ok=True)
    joined = _Joined([there[name] for name in sorted(sums)])
    if not hasattr(tarfile, "data_filter"):
        raise ValueError("this Python cannot unpack safely; wanted 3.10.12, 3.11.4 or newer")
    # a stream is only read, and typeshed wants a whole file object
    with tarfile.open(fileobj=joined, mode="r|") as archive:  # type: ignore[arg-type]
        archive.extractall(to, filter="data")


def install(to: Path) -> None:
    """Put the wheels into to/site, without a network and without what they depend on."""
    wheels = sorted(str(wheel) for wheel in (to / "wheels").glob("*.whl"))
    if wheels:
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps")
        site = ("--upgrade", "--target", str(to / "site"))
        subprocess.run([*pip, *site, *wheels], check=True)


def sha256_of(file: Path) -> str:
    """Of a file's bytes, as hexadecimal digits."""
    found = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(BLOCK):
            found.update(block)
    return found.hexdigest()


class _Joined:
    """Files read one after another as if they were one."""

    def __init__(self, files: list[Path]) -> None:
        self._blocks = self._read(files)
        self._rest = b""

    def read(self, size: int) -> bytes:
        while len(self._rest) < size and (block := next(self._blocks, b"")):
            self._rest += block
        given, self._rest = self._rest[:size], self._rest[size:]
        return given

    @staticmethod
    def _read(files: list[Path]) -> Iterator[bytes]:
        for file in files:
            with file.open("rb") as opened:
                while block := opened.read(BLOCK):
                    yield block


if __name__ == "__main__":
    main()
