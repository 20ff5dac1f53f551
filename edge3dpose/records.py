"""Dataclasses from and to JSON, checked: a wrong or missing field is one line that names it.

A JSON object becomes a dataclass by its type hints: str, int, float, bool, Any, X | None,
tuple[X, ...], tuple[X, Y], list[X], dict[str, X] and other dataclasses. Of a union of dataclasses
the first is taken whose required fields are all there. Keys that a dataclass does not know are
ignored. A field that has its default value is not written. Limits of a number or a text are part
of its type: Annotated[float, Within(0, 1)], or one of the types below.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import re
import types
import typing
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from edge3dpose.errors import BadInput

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Within:
    """The limits of a number, both included."""

    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Like:
    """What a text has to look like, whole."""

    pattern: str
    words: str  # the same for a reader


Count = Annotated[int, Within(0, 2**53)]
Cut = Annotated[int, Within(1, 999)]
Amount = Annotated[float, Within(0, 1e15)]  # of time, memory, energy ...: never below zero
Share = Annotated[float, Within(0, 1)]
ErrorMm = Annotated[float, Within(1e-6, 1e6)]  # of a network on people: no network has none
Coordinate = Annotated[float, Within(-1e9, 1e9)]  # of a joint or a camera, in any unit
Pixel = Annotated[float, Within(-1e7, 1e7)]
FocalPx = Annotated[float, Within(1e-3, 1e7)]
Sha256 = Annotated[str, Like("[0-9a-f]{64}", "64 hex digits")]
# Of a model, a precision ...: it may stand in a command line that a user copies
Name = Annotated[str, Like(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}", "a name of letters and digits")]

_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


# Metadata of a field: dataclasses.field(metadata=INLINE)
INLINE = {"inline": True}  # its own fields are written beside the others, not in an object
OTHER_KEYS = {"other_keys": True}  # a dict[str, X] that takes all keys which no other field has


def named(key: str) -> dict[str, str]:
    """Metadata of a field that JSON calls by another name."""
    return {"key": key}


def from_json(kind: type[T], value: Any, where: str) -> T:
    """JSON -> a value of this type; BadInput begins with ``where``, usually the file's name."""
    return _read(kind, value, f"{where}: ")


def to_json(value: Any) -> Any:
    """A dataclass, or anything made of them -> what json.dumps takes."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _object(value)
    if isinstance(value, dict):
        return {str(key): to_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [to_json(one) for one in value]
    return value


def _object(record: Any) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if value == field.default:
            continue
        if field.metadata.get("inline") or field.metadata.get("other_keys"):
            written |= to_json(value) if value is not None else {}
        else:
            written[_key(field)] = to_json(value)
    return written


def _read(kind: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if origin is Annotated:
        return _limited(arguments[1], _read(arguments[0], value, where), where)
    if origin is typing.Literal:
        if not isinstance(value, str) or value not in arguments:
            names = ", ".join(arguments)
            raise BadInput(f"{_place(where)} is {_short(value)}, wanted one of {names}")
        return value
    if origin in (typing.Union, types.UnionType):
        return _read_union(arguments, value, where)
    if origin is dict:
        items = _expect(dict, "an object", value, where).items()
        key_kind, kind = arguments
        if key_kind is not str:
            for key in value:
                _read(key_kind, key, f"{_place(where)}: a key: ")
        return {key: _read(kind, one, _at(where, f".{key}")) for key, one in items}
    if origin is list:
        items = enumerate(_expect(list, "a list", value, where))
        return [_read(arguments[0], one, _at(where, f"[{n}]")) for n, one in items]
    if origin is tuple:
        return _read_tuple(arguments, _expect(list, "a list", value, where), where)
    if dataclasses.is_dataclass(kind):
        return _read_record(kind, _expect(dict, "an object", value, where), where)
    wanted: Any = int | float if kind is float else kind
    found = _expect(wanted, _NAMES[kind], value, where)
    if isinstance(found, float) and not math.isfinite(found):
        raise BadInput(f"{_place(where)} is {found}, wanted a finite number")
    if isinstance(found, int) and abs(found) >= 2**63:
        raise BadInput(f"{_place(where)} is {_short(found)}, wanted a number of 64 bits")
    return found


def _limited(limits: Within | Like, value: Any, where: str) -> Any:
    if isinstance(limits, Like):
        if not re.fullmatch(limits.pattern, value):
            raise BadInput(f"{_place(where)} is {_short(value)}, wanted {limits.words}")
    elif not limits.least <= value <= limits.most:
        wanted = f"a number from {limits.least:g} to {limits.most:g}"
        raise BadInput(f"{_place(where)} is {_short(value)}, wanted {wanted}")
    return value


def _read_union(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    others = [kind for kind in kinds if kind is not type(None)]
    if value is None and len(others) < len(kinds):
        return None
    for kind in others[:-1]:
        if isinstance(value, dict) and _required(kind) <= set(value):
            return _read(kind, value, where)
    return _read(others[-1], value, where)


def _read_tuple(kinds: tuple[Any, ...], values: list[Any], where: str) -> tuple[Any, ...]:
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(values)
    if len(kinds) != len(values):
        raise BadInput(f"{_place(where)} has {len(values)} entries, wanted {len(kinds)}")
    pairs = zip(kinds, values, strict=True)
    return tuple(_read(kind, value, _at(where, f"[{n}]")) for n, (kind, value) in enumerate(pairs))


def _read_record(kind: Any, value: dict[str, Any], where: str) -> Any:
    hints, given = _hints(kind), {}
    known = _keys(kind)
    for field in dataclasses.fields(kind):
        hint, name, json_key = hints[field.name], field.name, _key(field)
        if field.metadata.get("inline"):
            given[name] = _read_inline(hint, value, where)
        elif field.metadata.get("other_keys"):
            others = {key: one for key, one in value.items() if key not in known}
            given[name] = _read(hint, others, where)
        elif json_key in value:
            given[name] = _read(hint, value[json_key], _at(where, f".{json_key}"))
        elif _is_required(field):
            raise BadInput(f"{_place(_at(where, f'.{json_key}'))} is missing")
    return kind(**given)


def _read_inline(hint: Any, value: dict[str, Any], where: str) -> Any:
    """An inline record; one that may be None is so where a required field is absent."""
    record = _record_of(hint)
    absent = record is not hint and not _required(record) <= set(value)
    return None if absent else _read(record, value, where)


def _keys(kind: Any) -> set[str]:
    """All keys of a record, those of its inline records too."""
    keys: set[str] = set()
    for field in dataclasses.fields(kind):
        inner = _record_of(_hints(kind)[field.name]) if field.metadata.get("inline") else None
        keys |= _keys(inner) if inner else {_key(field)}
    return keys


def _record_of(hint: Any) -> Any:
    """X of X and of X | None."""
    kinds = [kind for kind in typing.get_args(hint) if kind is not type(None)]
    return kinds[0] if kinds else hint


def _required(kind: Any) -> set[str]:
    """Keys that must be there; none for what is no record."""
    if not dataclasses.is_dataclass(kind):
        return set()
    return {_key(field) for field in dataclasses.fields(kind) if _is_required(field)}


def _key(field: dataclasses.Field) -> str:
    return field.metadata.get("key", field.name)


def _is_required(field: dataclasses.Field) -> bool:
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)


def _expect(kind: Any, name: str, value: Any, where: str) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BadInput(f"{_place(where)} is {_short(value)}, wanted {name}")
    return value


def _at(where: str, step: str) -> str:
    return where + (step.lstrip(".") if where.endswith(": ") else step)


def _place(where: str) -> str:
    return f"{where}it" if where.endswith(": ") else where


def _short(value: Any) -> str:
    if isinstance(value, int) and abs(value) >= 2**63:  # Python writes no more than 4300 digits
        return "a number beyond 64 bits"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
