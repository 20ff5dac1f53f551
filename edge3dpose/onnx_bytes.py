"""The bytes of an ONNX file: whether it is whole, and whether it draws on files beside it.

No package is needed: a runtime's own reader would open such files before anybody could ask. Only
the lengths of the protobuf's fields are walked over; no number is decoded.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge3dpose import input_files
from edge3dpose.errors import EngineMismatch

# A message -> the fields that hold further messages, by number (onnx.proto)
_WITHIN = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "node": {5: "attribute"},
    "attribute": {
        **{5: "tensor", 6: "graph", 10: "tensor", 11: "graph"},
        **{22: "sparse tensor", 23: "sparse tensor"},
    },
    "sparse tensor": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14  # of a tensor
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5


def check(content: bytes, path: Path) -> bytes:
    """The content; EngineMismatch where it is no whole ONNX file, or has data in other files.

    path  named in the error
    """
    todo = [("model", 0, len(content))]
    graphs = 0
    try:
        while todo:
            message, begin, end = todo.pop()
            graphs += message == "graph"
            for number, kind, value, length in _fields(content, begin, end):
                outside = number == _DATA_LOCATION and kind == _VARINT and value != 0
                if message == "tensor" and (outside or number == _EXTERNAL_DATA):
                    raise EngineMismatch(
                        f"{path} has weights in another file, which no hash vouches for; save it "
                        "as one file: onnx.save(model, FILE, save_as_external_data=False)"
                    )
                if kind == _BYTES and (inner := _WITHIN[message].get(number)):
                    todo.append((inner, value, value + length))
    except (ValueError, IndexError):
        raise EngineMismatch(f"{path} is no whole ONNX file: it is truncated or damaged") from None
    if not graphs:
        raise EngineMismatch(f"{path} is no ONNX file: it has no graph")
    return content


def read(path: Path, sha256: str, mend: str) -> bytes:
    """The bytes of an ONNX file with this hash, which draws on no other file.

    mend  what to do about another one
    Raises BadInput or EngineMismatch.
    """
    return check(input_files.read_verified(path, sha256, mend), path)


def _fields(content: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """(number, wire type, value or where it begins, its length) of each field of a message."""
    while at < end:
        tag, at = _varint(content, at, end)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _varint(content, at, end)
            yield number, kind, value, 0
            continue
        if kind == _BYTES:
            length, at = _varint(content, at, end)
        elif kind in (_FIXED_64, _FIXED_32):
            length = 8 if kind == _FIXED_64 else 4
        else:
            raise ValueError("a group, which ONNX does not have")
        if number == 0 or at + length > end:
            raise ValueError("a field that ends after its message")
        yield number, kind, at, length
        at += length


def _varint(content: bytes, at: int, end: int) -> tuple[int, int]:
    """A number and where the next begins."""
    value = shift = 0
    while True:
        if at >= end or shift > 63:
            raise ValueError("a number that does not end")
        byte = content[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
