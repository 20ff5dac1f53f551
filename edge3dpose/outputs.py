"""Files that grow while a run writes them; what is there already is not lost.

An output of an earlier run is given another name, any other file is left and named in an error.

A plain file grows beside its final name as NAME.part.SUFFIX, which one process at a time holds, and
takes its name when it is complete. A device, a pipe and standard output are written to as they are.
Every failure is BadInput in one line, but for a reader that has gone: BrokenPipeError.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from edge3dpose import devices, storage
from edge3dpose.errors import BadInput

MARK = "edge3dpose"  # every output that can names its maker in its first bytes
_HEAD = 4096
_TABLE = b"time_s,track_id,"  # tables and skeletons of text have no place for a name
_BVH = re.compile(
    rb"HIERARCHY\nROOT Hips\n\{\n  OFFSET [^\n]*\n  CHANNELS 6 Xposition Yposition Zposition "
    rb"Zrotation Xrotation Yrotation\n  JOINT Spine\n  \{\n    OFFSET [^\n]*\n"
    rb"    CHANNELS 3 Zrotation Xrotation Yrotation\n    JOINT Chest\n"
)
_PARQUET, _FOOTER = b"PAR1", 1 << 16  # it has names and facts in its last bytes
_EXCLUSIVE = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)

_log = logging.getLogger(__name__)


class Output:
    """One file, device or pipe that is being written. Bytes reach the system in every ``write``.

    part  the file that grows; None where a device or a pipe is written to
    """

    def __init__(self, path: Path, suffix: str = "", *, overwrite: bool = False) -> None:
        """Open it.

        suffix     of the part, where it is another one than that of the file
        overwrite  replace a file that is there, once the new one is complete
        Raises BadInput for a file that is there and is no output of an earlier run, that another
        process writes or that cannot be written.
        """
        self.path = path
        self.part: Path | None = None
        self._whole = 0  # bytes up to the end of the last write that succeeded
        self._handle: int | None = None
        if devices.is_stream(path):
            self._handle = devices.opened(path)
            return
        check_free(path, overwrite=overwrite)
        self._final = storage.file_to_write(path)
        # a link is a standing wish to write to its target
        self._replace = overwrite or path.is_symlink()
        part = self._final.with_name(f"{self._final.stem}.part{suffix or self._final.suffix}")
        self._handle = _opened_part(part, path)
        self.part = part

    def seekable(self) -> bool:
        """Whether it is a plain file, as any file object says it."""
        return self.part is not None

    def write(self, content: bytes) -> int:
        """Write all of it; gives its length. BadInput where that fails, such as on a full disk."""
        handle, left = self._open_handle(), memoryview(content)
        with self._told():
            while left:
                some = left if self.part is not None else left[: devices.taken_by(handle)]
                left = left[os.write(handle, some) :]
        if self.part is not None:
            self._whole = max(self._whole, os.lseek(handle, 0, os.SEEK_CUR))
        return len(content)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the place where the next ``write`` writes."""
        return os.lseek(self._open_handle(), offset, whence)

    def tell(self) -> int:
        """The place where the next ``write`` writes."""
        return os.lseek(self._open_handle(), 0, os.SEEK_CUR)

    def read(self, size: int = -1) -> bytes:
        """What was written at this place."""
        handle = self._open_handle()
        return os.read(handle, os.fstat(handle).st_size if size < 0 else size)

    def commit(self) -> None:
        """Give the complete file its final name; where that fails, the part is kept."""
        if self._handle is None:
            return
        if self.part is None:
            self._close()
            return
        with self._told():
            os.fsync(self._handle)
        if os.name == "nt":  # an open file is neither renamed nor removed there
            self._close()
        try:
            if not self._replace and _is_output(self._final):
                earlier = storage.set_aside(self._final)
                _log.warning("%s of an earlier run is now %s", self.path, earlier)
            storage.publish(self.part, self._final, replace=self._replace)
        except BadInput as error:
            raise BadInput(f"{error}; what was written is {self.part}") from error
        finally:
            self._close()

    def keep(self) -> None:
        """Give up, but leave the part as it was after the last ``write`` that succeeded."""
        if self._handle is not None and self.part is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, self._whole)
        self._close()

    def discard(self) -> None:
        """Remove what was written to a plain file."""
        if self._handle is None:
            return
        if self.part is not None:
            if os.name == "nt":  # an open file has no other name there
                self._close()
            with contextlib.suppress(OSError):
                self.part.unlink(missing_ok=True)
        self._close()

    def _close(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            with contextlib.suppress(OSError):
                os.close(handle)

    def _open_handle(self) -> int:
        if self._handle is None:
            raise BadInput(f"{self.path} is closed")
        return self._handle

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            kept = f"; what was written before is {self.part}" if self._whole else ""
            raise BadInput(f"cannot write {self.path}: {error.strerror or error}{kept}") from error


def write(path: Path, content: bytes, *, overwrite: bool = False) -> None:
    """A whole file; its folder is made. BadInput as ``Output`` says it, and nothing is left."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or error
        raise BadInput(f"cannot write {path}: {reason}; {storage.HINT}") from error
    file = Output(path, overwrite=overwrite)
    try:
        file.write(content)
        file.commit()
    finally:
        file.discard()


def check_free(path: Path, *, overwrite: bool = False) -> None:
    """BadInput where a plain file of another maker is there, or a link of a stranger."""
    if devices.is_stream(path):
        return
    if path.is_symlink():
        _check_link(path)
        return
    if not overwrite and path.is_file() and not _is_output(path):
        raise BadInput(f"{path} is there already; name another file or pass --overwrite")


def _is_output(path: Path) -> bool:
    """Whether a file is one that this package wrote: it says so, or is as only those are."""
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD)
            if head.startswith(_PARQUET):
                file.seek(max(0, file.seek(0, os.SEEK_END) - _FOOTER))
                head = file.read(_FOOTER)
            ours = MARK.encode() in head or head.startswith(_TABLE)
            return ours or _BVH.match(head) is not None
    except OSError:
        return False


def _check_link(path: Path) -> None:
    """In a folder of everybody, a link may be somebody else's trap."""
    folder = path.parent
    if not storage.world_writable(folder):
        return
    if sys.platform == "win32":
        return
    owner = path.lstat().st_uid
    if owner not in (os.geteuid(), folder.stat().st_uid):
        raise BadInput(f"{path} is a link of another user in a folder of everybody; name a file")


def _opened_part(part: Path, path: Path) -> int:
    """A new part, held by this process alone; one that a crash left is given another name."""
    for _ in range(5):  # others may come and go meanwhile
        try:
            handle = os.open(part, _EXCLUSIVE | _NO_LINK, 0o666)
        except FileExistsError:
            _set_aside(part, path)
            continue
        except OSError as error:
            reason = error.strerror or error
            raise BadInput(f"cannot write {path}: {reason}; {storage.HINT}") from error
        if _held(handle) and _is_at(handle, part):
            return handle
        os.close(handle)
        break
    raise _in_use(path)


def _set_aside(part: Path, path: Path) -> None:
    """Rename what a run that was killed left; BadInput where a run still writes it."""
    try:
        handle = os.open(part, os.O_RDWR | getattr(os, "O_BINARY", 0) | _NO_LINK)
    except FileNotFoundError:
        return
    except OSError as error:
        raise BadInput(
            f"cannot write {path}: {part} is in the way ({error.strerror}); name another file"
        ) from error
    try:
        if not _held(handle):
            raise _in_use(path)
        if not _is_at(handle, part):
            return
        if os.fstat(handle).st_size == 0:
            with contextlib.suppress(OSError):
                part.unlink()
            return
        if os.name == "nt":
            os.close(handle)
            handle = -1
        left = storage.set_aside(part)
    except PermissionError:  # Windows, for a file that is open elsewhere
        raise _in_use(path) from None
    finally:
        if handle >= 0:
            os.close(handle)
    _log.warning("a run that was killed left %s; it is now %s", part, left)


def _in_use(path: Path) -> BadInput:
    return BadInput(f"another run is writing {path}; name another file")


def _is_at(handle: int, part: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), part.stat(follow_symlinks=False))
    except OSError:
        return False


def _held(handle: int) -> bool:
    """Whether this process now holds the file, for as long as it keeps it open."""
    if sys.platform == "win32":  # it neither renames nor removes a file that is open
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
