"""The folder of an archive: parts, records, the list of failures, and who may write in it.

OUT/archive.json        that this is an archive, and its format
OUT/parts/CLIP.jsonl    poses of a clip (or .parquet)
OUT/records/CLIP.json   written after the part: the clip is done, or why it failed
OUT/failed.jsonl        the failures, a line each
OUT/sections/CLIP/      of a long clip that is being done, see sections
OUT/work/               what is being written; emptied at the start of a run
"""

from __future__ import annotations

import contextlib
import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import filelock

from edge3dpose import storage
from edge3dpose.archive.job import FORMATS, Format
from edge3dpose.archive.record import SCHEMA, ClipRecord
from edge3dpose.errors import BadInput
from edge3dpose.records import from_json, to_json

KIND = "edge3dpose.archive-folder/1"
LEAST_FREE = 64 << 20  # bytes of a disk, below which no clip is begun


class ArchiveFolder:
    """Paths of an archive, and its records. Reading needs no lock."""

    def __init__(self, out: Path) -> None:
        self.out = out

    @property
    def work(self) -> Path:
        """What is being written."""
        return self.out / "work"

    @property
    def manifest(self) -> Path:
        """The failures, as JSON lines."""
        return self.out / "failed.jsonl"

    def part(self, key: str, format: Format) -> Path:
        """The poses of a clip."""
        return self.out / "parts" / f"{key}.{format}"

    def record_file(self, key: str) -> Path:
        """What is known of a clip."""
        return self.out / "records" / f"{key}.json"

    def format(self) -> Format:
        """The format of the parts; BadInput where the folder is no archive."""
        file = self.out / "archive.json"
        if not file.is_file():
            raise BadInput(f"{self.out} is no archive: it has no archive.json")
        found = storage.load_json(file, KIND).get("format")
        if found not in FORMATS:
            raise BadInput(f"{file}: format is {str(found)[:40]!r}, wanted {' or '.join(FORMATS)}")
        return found

    def begin(self, format: Format) -> None:
        """Make the folder; BadInput where it holds something else."""
        if self.out.exists() and not self.out.is_dir():
            raise BadInput(f"{self.out} is a file, wanted a folder for the poses")
        if (self.out / "archive.json").is_file():
            if (found := self.format()) != format:
                raise BadInput(f"{self.out} holds parts as {found}; name another folder")
            return
        if self.out.is_dir() and any(entry.name != ".lock" for entry in self.out.iterdir()):
            raise BadInput(f"{self.out} holds other files; name a new folder for the poses")
        storage.save_json(self.out / "archive.json", {"schema": KIND, "format": format})

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else archives into this folder meanwhile; BadInput where somebody does.

        A process that is killed gives the folder back.
        """
        if self.out.exists() and not self.out.is_dir():
            raise BadInput(f"{self.out} is a file, wanted a folder for the poses")
        lock = filelock.FileLock(self.out / ".lock", timeout=0)
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except filelock.Timeout:
            raise BadInput(
                f"another run is archiving into {self.out}; wait for it or name another folder"
            ) from None
        except OSError as error:
            raise BadInput(f"cannot write {self.out}: {error.strerror}; {storage.HINT}") from error
        try:
            yield
        finally:
            lock.release()

    def clear_work(self) -> None:
        """Remove what a run that was killed had not finished."""
        shutil.rmtree(self.work, ignore_errors=True)

    def check_space(self) -> None:
        """BadInput where the disk is as good as full."""
        free = shutil.disk_usage(self.out).free
        if free < LEAST_FREE:
            raise BadInput(
                f"the disk of {self.out} has {free >> 20} MB left; make room and run it again: "
                "what is done is kept"
            )

    def save(self, record: ClipRecord) -> None:
        """Write the record of a clip; what a kill leaves half is in the work folder."""
        half, file = self.work / f"{uuid.uuid4().hex}.json", self.record_file(record.clip)
        storage.save_json(half, {"schema": SCHEMA, **to_json(record)})
        file.parent.mkdir(parents=True, exist_ok=True)
        storage.move(half, file)

    def load(self, key: str) -> ClipRecord | None:
        """The record of a clip; None where there is none, or no whole one."""
        return _read(self.record_file(key))

    def records(self) -> Iterator[ClipRecord]:
        """All records, in the order of their names."""
        for file in sorted((self.out / "records").rglob("*.json")):
            if not file.name.startswith(".") and (record := _read(file)) is not None:
                yield record

    def write_manifest(self) -> None:
        """Write the list of the clips that failed or ended early; none where all is well."""
        lines = [
            json.dumps(
                {
                    "clip": record.clip,
                    "path": record.path,
                    "reason": record.reason,
                    "frames_kept": record.frames if record.done else 0,
                    "attempts": record.attempts,
                }
            )
            for record in self.records()
            if record.reason
        ]
        if lines:
            storage.write_text(self.manifest, "\n".join(lines) + "\n")
        else:
            with contextlib.suppress(OSError):
                self.manifest.unlink(missing_ok=True)


def _read(file: Path) -> ClipRecord | None:
    try:
        return from_json(ClipRecord, storage.load_json(file, SCHEMA), str(file))
    except BadInput:
        return None
