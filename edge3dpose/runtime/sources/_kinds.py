"""What a file holds, by its first bytes and never by its name."""

from __future__ import annotations

from pathlib import Path

VIDEO = "video"
_HEAD = 4096
_MOTION_JPEG = 1 << 20  # so far the second picture of a motion JPEG is looked for
_MAGIC = (
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    *((0, magic, "gif") for magic in (b"GIF87a", b"GIF89a")),
    *((0, magic, "tiff") for magic in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    (8, b"WEBP", "webp"),
    *((0, magic, "jpeg2000") for magic in (b"\0\0\0\x0cjP  \r\n", b"\xff\x4f\xff\x51")),
    *((0, magic, "jpeg-xl") for magic in (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n")),
    *((0, b"P%d" % n + space, "pnm") for n in range(1, 8) for space in (b"\n", b" ", b"\r", b"\t")),
    (0, b"\x1a\x45\xdf\xa3", VIDEO),  # Matroska, WebM
    (8, b"AVI ", VIDEO),
    *((0, magic, VIDEO) for magic in (b"FLV", b"OggS", b"\0\0\x01\xba", b"\0\0\x01\xb3")),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", VIDEO),  # ASF, WMV
    (4, b"moov", VIDEO),
    (4, b"mdat", VIDEO),
)
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def kind_of(path: Path, *, films: bool = True) -> str | None:
    """The kind of picture in a plain file, "video" for a film; None for anything else.

    A picture's kind is jpeg, png, gif, webp, tiff, bmp, pnm, heic, avif, jpeg2000 or jpeg-xl.
    films  look for a second picture in a JPEG, up to 1 MiB: such a file is a motion JPEG
    """
    try:
        if not path.is_file():
            return None
        with open(path, "rb") as file:
            head = file.read(_HEAD)
            if films and head.startswith(b"\xff\xd8\xff") and b"MPF\0" not in head:
                head += file.read(_MOTION_JPEG)
    except (OSError, ValueError):
        return None
    return kind_of_bytes(head)


def kind_of_bytes(head: bytes) -> str | None:
    """The same of a file's first bytes."""
    if head[4:8] == b"ftyp":
        return _of_brands(head)
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0":
        return "bmp"
    found = next((kind for at, magic, kind in _MAGIC if head.startswith(magic, at)), None)
    if found == "jpeg" and b"\xff\xd9\xff\xd8\xff" in head and b"MPF\0" not in head:
        return VIDEO  # one picture after another: motion JPEG
    if found == "webp" and head[:4] != b"RIFF":
        return None
    if found is None and len(head) > 188 and head[0] == head[188] == 0x47:
        return VIDEO  # an MPEG transport stream
    return found


def _of_brands(head: bytes) -> str:
    size = int.from_bytes(head[:4], "big")
    brands = {head[at : at + 4] for at in (8, *range(16, min(size, len(head)), 4))}
    if brands & {b"avif", b"avis"}:
        return "avif"
    return "heic" if head[8:12] in _HEIC else VIDEO
