"""Segment criteria of Customer.io, read into a tree, and said in words (contracts/customerio/FACTS.md section 5).

Their shape is not documented by the vendor: what is not known is kept as it came and quoted, never guessed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Any

MINUTE, HOUR, DAY = 60, 3600, 86_400

SIGNS = {
    "eq": ("is", "is not"),
    "ne": ("is not", "is"),
    "in": ("is one of", "is none of"),
    "contains": ("contains", "does not contain"),
    "starts_with": ("starts with", "does not start with"),
    "ends_with": ("ends with", "does not end with"),
    "gt": ("is more than", "is not more than"),
    "gte": ("is at least", "is less than"),
    "lt": ("is less than", "is at least"),
    "lte": ("is at most", "is more than"),
}
"""Operators with a value: in words, and turned round. For people without the attribute only the turned one holds."""

OPERATORS = (*SIGNS, "exists")


@dataclass(frozen=True, slots=True)
class Group:
    """All (`and`) or any (`or`) of some conditions."""

    operator: str
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition: whoever does not meet it, people without the attribute included."""

    part: Node


@dataclass(frozen=True, slots=True)
class Attribute:
    """A condition on a person's attribute. `operator` is one of OPERATORS; `value` is as it came."""

    field: str
    operator: str
    value: Json = None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """A condition on a property of an event."""

    field: str
    operator: str
    value: Json
    inverse: bool


@dataclass(frozen=True, slots=True)
class Event:
    """That a person did something at least `times` times, in the last `within` seconds where that is said."""

    name: str
    type: str
    times: int
    within: int | None
    filters: tuple[EventFilter, ...]
    joined: str = "and"


@dataclass(frozen=True, slots=True)
class Segment:
    """That a person is in another segment."""

    id: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A condition that cannot be read, as it came."""

    raw: str


Node = Group | Not | Attribute | Event | Segment | Unknown


def parse(conditions: Json) -> Node:
    """The tree of a segment's `conditions`; whatever has no known shape becomes Unknown, where it stands."""
    if not isinstance(conditions, Mapping) or not conditions:
        return _unknown(conditions)
    inverse = conditions.get("inverse", False)
    if not isinstance(inverse, bool):
        return _unknown(conditions)
    node = _parse(conditions)
    return Not(node) if inverse else node


def _parse(raw: Mapping[str, Json]) -> Node:
    keys = set(raw) - {"inverse"}
    for operator in ("and", "or"):
        if keys == {operator}:
            parts = raw[operator]
            if not isinstance(parts, list) or not parts:
                return _unknown(raw)
            return Group(operator, tuple(parse(part) for part in parts))
    if keys == {"not"}:
        inner = raw["not"]
        # Some writers give `not` a list: none of these may hold.
        if isinstance(inner, list) and inner:
            return Not(Group("or", tuple(parse(part) for part in inner)))
        return Not(parse(inner))
    if keys == {"attribute"}:
        return _attribute(raw["attribute"], raw)
    if keys == {"segment"}:
        return _segment(raw["segment"], raw)
    if "event" in keys and keys <= {"event", "times", "within"}:
        return _event(raw)
    return _unknown(raw)


def _attribute(body: Json, raw: Json) -> Node:
    if not isinstance(body, Mapping) or not isinstance(body.get("field"), str) or not body["field"]:
        return _unknown(raw)
    operator, inverse = body.get("operator"), body.get("inverse", False)
    if operator not in OPERATORS or not isinstance(inverse, bool):
        return _unknown(raw)
    if set(body) - {"field", "operator", "value", "inverse"}:
        return _unknown(raw)
    if operator != "exists" and not _has_value(operator, body.get("value")):
        return _unknown(raw)
    if operator == "ne":
        node: Node = Not(Attribute(body["field"], "eq", body["value"]))
    else:
        node = Attribute(body["field"], operator, None if operator == "exists" else body["value"])
    return Not(node) if inverse else node


def _has_value(operator: str, value: Json) -> bool:
    if operator == "in":
        return isinstance(value, list) and bool(value) and all(_plain(one) for one in value)
    return _plain(value)


def _plain(value: Json) -> bool:
    return isinstance(value, str | int | float | bool) and value != ""


def _segment(body: Json, raw: Json) -> Node:
    if not isinstance(body, Mapping) or not isinstance(body.get("id"), int | str) or isinstance(body["id"], bool):
        return _unknown(raw)
    if set(body) - {"id", "name", "inverse"}:
        return _unknown(raw)
    node = Segment(str(body["id"]))
    return Not(node) if body.get("inverse") is True else node


def _event(raw: Mapping[str, Json]) -> Node:
    body, times, within = raw["event"], raw.get("times", 1), raw.get("within")
    if not isinstance(body, Mapping) or not isinstance(body.get("name"), str):
        return _unknown(raw)
    counts = isinstance(times, int) and not isinstance(times, bool) and times > 0
    span = within is None or (isinstance(within, int) and not isinstance(within, bool) and within >= 0)
    if not counts or not span:
        return _unknown(raw)
    filters = body.get("filters") or {}
    joined = next(iter(filters), "and") if isinstance(filters, Mapping) else ""
    rows = filters.get(joined, []) if isinstance(filters, Mapping) else None
    if joined not in ("and", "or") or not isinstance(rows, list) or (filters and len(filters) != 1):
        return _unknown(raw)
    made = [_event_filter(row) for row in rows]
    if any(one is None for one in made):
        return _unknown(raw)
    kept = tuple(one for one in made if one is not None)
    return Event(body["name"], str(body.get("type") or "event"), times, within or None, kept, joined)


def _event_filter(row: Json) -> EventFilter | None:
    if not isinstance(row, Mapping) or not isinstance(row.get("field"), str) or row.get("operator") not in OPERATORS:
        return None
    return EventFilter(row["field"], row["operator"], row.get("value"), bool(row.get("inverse", False)))


def _unknown(raw: Json) -> Unknown:
    return Unknown(json.dumps(raw, ensure_ascii=False, default=str))


def words(node: Node, names: Mapping[str, str] | None = None) -> str:
    """The condition as an English sentence about a person, without its full stop. `names`: segments by id."""
    return _words(node, names or {}, negated=False, inner=False)


def _words(node: Node, names: Mapping[str, str], *, negated: bool, inner: bool) -> str:
    if isinstance(node, Not):
        if isinstance(node.part, Group):
            return f"not ({_words(node.part, names, negated=False, inner=False)})"
        return _words(node.part, names, negated=not negated, inner=inner)
    if isinstance(node, Group):
        joined = f" {node.operator} ".join(_words(part, names, negated=False, inner=True) for part in node.parts)
        said = f"({joined})" if inner and len(node.parts) > 1 else joined
        return f"not {said}" if negated else said
    if isinstance(node, Attribute):
        return _attribute_words(node, negated)
    if isinstance(node, Event):
        return _event_words(node, negated)
    if isinstance(node, Segment):
        name = f"“{names[node.id]}”" if node.id in names else f"no. {node.id} (not listed: archived or deleted)"
        return f"is {'not ' if negated else ''}in the segment {name}"
    return f"{'not ' if negated else ''}a condition that cannot be read: {node.raw}"


def _attribute_words(node: Attribute, negated: bool) -> str:
    if node.operator == "exists":
        return f"“{node.field}” is {'not set' if negated else 'set'}"
    said = f"“{node.field}” {SIGNS[node.operator][negated]} {value_words(node.value)}"
    # Whoever has no such attribute meets every negated condition: worth saying, it surprises people.
    return f"{said} or is not set" if negated else said


def value_words(value: Json) -> str:
    """A value as it is quoted."""
    if isinstance(value, list):
        return ", ".join(value_words(one) for one in value)
    if isinstance(value, bool):
        return "“true”" if value else "“false”"
    return f"“{value}”"


DID = {"event": "did", "page": "viewed the page", "screen": "viewed the screen"}


def _event_words(node: Event, negated: bool) -> str:
    did = DID.get(node.type, f"has the {node.type}")
    if not negated:
        often = "at least once" if node.times == 1 else f"at least {node.times} times"
        said = f"{did} “{node.name}” {often}"
    elif node.times == 1:
        said = f"never {did} “{node.name}”" if not node.within else f"did not do “{node.name}”"
        if node.type in ("page", "screen"):
            said = f"never {did} “{node.name}”" if not node.within else f"did not view the {node.type} “{node.name}”"
    else:
        said = f"{did} “{node.name}” fewer than {node.times} times"
    if node.within:
        said += f" in the last {span_words(node.within)}"
    if node.filters:
        said += " with " + f" {node.joined} ".join(_filter_words(one) for one in node.filters)
    return said


def _filter_words(one: EventFilter) -> str:
    if one.operator == "exists":
        return f"“{one.field}” {'not set' if one.inverse else 'set'}"
    sign = SIGNS[one.operator][one.inverse]
    return f"“{one.field}” {sign.removeprefix('is ')} {value_words(one.value)}"


def span_words(seconds: int) -> str:
    """A time span in its largest whole unit: 2592000 is 30 days."""
    for unit, word in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (1, "second")):
        if seconds % unit == 0:
            number = seconds // unit
            return f"{number:,} {word}{'' if number == 1 else 's'}"
    return f"{seconds:,} seconds"


def uses_events(node: Node) -> bool:
    """Whether any part asks for what a person did."""
    if isinstance(node, Group):
        return any(uses_events(part) for part in node.parts)
    if isinstance(node, Not):
        return uses_events(node.part)
    return isinstance(node, Event)
