"""Errors that a user can cause; each text is one line: what, found, wanted, the fix.

Edge3DPoseError
├── BadInput             a file, camera, folder or option that cannot be used
│   └── EndedEarly       a video with fewer frames than it says; what came before is kept
│       └── SourceLost   a live source that did not come back in time; exit code 3
├── MissingDependency    a package or a driver is not there; the text names the extra to install
├── EngineMismatch       an engine, ONNX file or manifest that is not what it should be
├── BuildFailed          an engine could not be built
└── AccuracyGateFailed   a built engine differs from FP32 by more than its tolerance
"""

from __future__ import annotations

import re

# Control characters but tab and line feed, marks that turn the direction of writing, and halves of
# characters, which no file can be written with
UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """A text for a terminal: what would steer it is written as its number."""
    return UNSAFE.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


class Edge3DPoseError(Exception):
    """Base of all errors that the command line prints as one line, with its exit code.

    Texts of files from strangers are in the message: letters that steer a terminal are written as
    their numbers.
    """

    exit_code: int = 1

    def __init__(self, *words: object) -> None:
        super().__init__(*(printable(word) if isinstance(word, str) else word for word in words))


class BadInput(Edge3DPoseError):
    """A file, camera, folder or option that cannot be used."""


class EndedEarly(BadInput):
    """A video that is truncated or damaged; the frames before that were good."""


class SourceLost(EndedEarly):
    """A live source that did not come, or did not come back, in time: start again later."""

    exit_code: int = 3


class MissingDependency(Edge3DPoseError):
    """A package or a driver is not there; the text names what to install."""


class EngineMismatch(Edge3DPoseError):
    """An engine, ONNX file or manifest that is damaged, swapped or made for another machine."""


class BuildFailed(Edge3DPoseError):
    """An engine could not be built."""


class AccuracyGateFailed(Edge3DPoseError):
    """A built engine differs from FP32 by more than its tolerance."""


def without_secrets(line: str) -> str:
    """A line or a URL with *** for passwords and tokens in the addresses in it."""
    line = re.sub(r"(://[^\s/?#@:]*):[^\s/?#]*@", r"\1:***@", line)
    words = r"pass\w*|pwd|pw|user-pw|token|secret|auth\w*|api_?key|key|sig\w*"
    return re.sub(rf"\b({words})=[^\s&;#]+", r"\1=***", line, flags=re.IGNORECASE)
