"""JSON from outside becomes dataclasses, or one line that names the field."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from edge3dpose.errors import BadInput
from edge3dpose.records import INLINE, OTHER_KEYS, from_json, named, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    lowest: float = field(metadata=named("from"))
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    failed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    head: Point = field(metadata=INLINE)
    count: int
    points: tuple[Failure | Point, ...]
    span: tuple[float, float] | None
    more: dict[str, float] = field(metadata=OTHER_KEYS)


def content(**more: Any) -> dict[str, Any]:
    points = [{"from": 1.5, "note": "x"}, {"failed": "why"}]
    return {"from": 2, "count": 3, "points": points, "span": [0.0, 1.0], "other": 4.0, **more}


def test_what_is_read_is_written_again_as_it_was():
    whole = from_json(Whole, content(), "a.json")
    assert whole.head == Point(lowest=2)
    assert whole.points == (Point(lowest=1.5, note="x"), Failure(failed="why"))
    assert whole.more == {"other": 4.0}
    assert to_json(whole) == content()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": None}, "a.json: count is None, wanted a whole number"),
        ({"count": True}, "a.json: count is True, wanted a whole number"),
        ({"count": 1.5}, "a.json: count is 1.5, wanted a whole number"),
        ({"from": "9"}, "a.json: from is '9', wanted a number"),
        ({"points": [{}]}, "a.json: points[0].from is missing"),
        ({"points": {"from": 1}}, "a.json: points is {'from': 1}, wanted a list"),
        ({"points": [7]}, "a.json: points[0] is 7, wanted an object"),
        ({"points": [{"from": 1, "note": 7}]}, "a.json: points[0].note is 7, wanted a text"),
        ({"span": [1.0]}, "a.json: span has 1 entries, wanted 2"),
        ({"span": [1.0, float("nan")]}, "a.json: span[1] is nan, wanted a finite number"),
        ({"other": [1]}, "a.json: other is [1], wanted a number"),
    ],
)
def test_a_wrong_field_is_named(change, message):
    with pytest.raises(BadInput) as caught:
        from_json(Whole, content(**change), "a.json")
    assert str(caught.value) == message


def test_a_value_that_is_no_object_is_named_after_the_file():
    with pytest.raises(BadInput, match=r"^a\.json: it is \[\], wanted an object$"):
        from_json(Whole, [], "a.json")


def test_a_list_is_read_entry_by_entry():
    @dataclass(frozen=True)
    class Names:
        names: list[str] = field(default_factory=list)

    assert from_json(Names, {"names": ["a", "b"]}, "a.json") == Names(["a", "b"])
    with pytest.raises(BadInput, match=r"names\[1\] is 3"):
        from_json(Names, {"names": ["a", 3]}, "a.json")
