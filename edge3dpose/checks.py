"""Values that a program gives: of the right type and within limits, or BadInput in one line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeVar

from edge3dpose.errors import BadInput

Request = TypeVar("Request", bound=Any)  # a dataclass

MOST = 2**31 - 1  # of a count: more does not fit into what the runtimes take


def number(
    name: str, value: Any, least: float | None = None, most: float | None = None, unit: str = ""
) -> float:
    """A finite number, numpy's too, within limits (included); BadInput for anything else."""
    try:
        found = math.nan if isinstance(value, bool) or not isinstance(value, Real) else float(value)
    except OverflowError:
        found = math.inf
    if math.isfinite(found) and not _outside(found, least, most):
        return found
    raise BadInput(f"{name} is {_short(value)}; wanted a number{_limits(least, most)}{unit}")


def count(name: str, value: Any, least: int = 1) -> int:
    """A whole number, numpy's too, from ``least`` on; BadInput for anything else."""
    if isinstance(value, Integral) and not isinstance(value, bool) and least <= int(value) <= MOST:
        return int(value)
    raise BadInput(f"{name} is {_short(value)}; wanted a whole number{_limits(least, MOST)}")


def switch(name: str, value: Any) -> bool:
    """True or False, numpy's too; BadInput for anything else, such as the text "no"."""
    if type(value).__name__ in ("bool", "bool_") or (type(value) is int and value in (0, 1)):
        return bool(value)
    raise BadInput(f"{name} is {_short(value)}; wanted True or False")


def file_name(name: str, value: Any) -> Path | None:
    """The path that a text or Path names; None for None, BadInput for anything else."""
    if value is None or isinstance(value, Path):
        return value
    if isinstance(value, str):
        return Path(value)
    raise BadInput(f"{name} is {_short(value)}; wanted a path as text or Path")


def text(name: str, value: Any) -> str:
    """A text; BadInput for anything else."""
    if isinstance(value, str):
        return value
    raise BadInput(f"{name} is {_short(value)}; wanted text")


def function(name: str, value: Any) -> None:
    """BadInput for what is neither None nor can be called."""
    if value is not None and not callable(value):
        raise BadInput(f"{name} is {_short(value)}; wanted a function or None")


def request(kind: type[Request], given: Any, options: Mapping[str, Any]) -> Request:
    """A request with options changed; None is the default one.

    Raises BadInput for another request, TypeError for an unknown option, as any function does.
    """
    if given is None:
        given = kind()
    if not isinstance(given, kind):
        found = type(given).__name__
        raise BadInput(f"a request of type {found}; wanted a {kind.__name__}, or options by name")
    names = [field.name for field in fields(given)]
    for name in options:
        if name not in names:
            raise TypeError(f"no option {name!r}; there is: {', '.join(names)}")
    return replace(given, **options)


def _outside(value: float, least: float | None, most: float | None) -> bool:
    return (least is not None and value < least) or (most is not None and value > most)


def _limits(least: float | None, most: float | None) -> str:
    low = "" if least is None else f" from {least:g}"
    return low if most in (None, MOST) else f"{low} to {most:g}"


def _short(value: Any) -> str:
    """A value in one short line."""
    shown = " ".join(repr(value).split())
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
