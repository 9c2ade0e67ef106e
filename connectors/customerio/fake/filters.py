"""The filter language of the searches (contracts/customerio/FACTS.md §4, §6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.customerio.fake.records import CustomObject, Person, Segment, as_text


class BadFilter(ValueError):
    """The filter does not follow the grammar; the API answers 400."""


Leaf = Callable[[Any], Callable[[Any], bool]]


def person_filter(node: object, in_segment: Callable[[int, str], bool]) -> Callable[[Person], bool]:
    """A test for people; `in_segment` says whether a person is in a segment."""

    def segment(body: Any) -> Callable[[Person], bool]:
        if not isinstance(body, dict) or not isinstance(body.get("id"), int):
            raise BadFilter("segment needs an integer id")
        segment_id = int(body["id"])
        return lambda person: in_segment(segment_id, person.cio_id)

    def attribute(body: Any) -> Callable[[Person], bool]:
        field, holds = _condition(body)
        return lambda person: holds(person.attributes.get(field))

    return _compile(node, {"segment": segment, "attribute": attribute})


def sort_into(segment: Segment, person: Person, in_segment: Callable[[int, str], bool]) -> None:
    """Let a segment's conditions decide; without any, or with some about events, members stay."""
    try:
        matches = person_filter(segment.conditions, in_segment)
    except BadFilter:
        return
    if matches(person):
        segment.members.setdefault(person.cio_id)
    else:
        segment.members.pop(person.cio_id, None)


def object_filter(node: object, object_type_id: str, match_all: frozenset[str]) -> Callable[[CustomObject], bool]:
    """A test for objects of one type; each condition has to name the type again."""

    def attribute(body: Any) -> Callable[[CustomObject], bool]:
        field, holds = _condition(body)
        if str(body.get("type_id", "")) != object_type_id:
            raise BadFilter("type_id is required in each condition and must be the object_type_id")
        if field in ("object_id", "cio_object_id"):
            return lambda item: field in match_all and holds(item.identifiers[field])
        return lambda item: holds(item.attributes.get(field))

    return _compile(node, {"object_attribute": attribute})


def _compile(node: object, leaves: dict[str, Leaf]) -> Callable[[Any], bool]:
    if not isinstance(node, dict) or len(node) != 1:
        raise BadFilter("each node of a filter has exactly one key")
    ((key, body),) = node.items()
    if key in ("and", "or"):
        if not isinstance(body, list) or not body:
            raise BadFilter(f"{key} needs a list of conditions")
        tests = [_compile(child, leaves) for child in body]
        combine = all if key == "and" else any
        return lambda row: combine(test(row) for test in tests)
    if key == "not":
        test = _compile(body, leaves)
        return lambda row: not test(row)
    if key not in leaves:
        raise BadFilter(f"unknown condition {key}")
    return leaves[key](body)


def _condition(body: Any) -> tuple[str, Callable[[str | None], bool]]:
    if not isinstance(body, dict) or not isinstance(body.get("field"), str):
        raise BadFilter("a condition needs a field")
    field: str = body["field"]
    if body.get("operator") == "exists":
        return field, bool
    if body.get("operator") == "eq" and "value" in body:
        expected = as_text(body["value"])
        return field, lambda value: value == expected
    raise BadFilter("operator must be eq with a value, or exists")
