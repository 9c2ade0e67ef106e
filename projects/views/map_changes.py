"""Changes that people make in the field map; each gives a new map and leaves the old one alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mapping.parts import Row, part_of, with_part
from mapping.rules import Action, ActivityRule, FieldRule, MapSpec, ObjectRule
from projects.services import Refused

Change = Callable[[MapSpec], MapSpec]

GONE = {"action": Action.SKIP, "destination": "", "raw_destination": "", "choices": ()}
"""What a field says that is left behind. Where it would go is in the versions before."""


def is_locked(owner: ObjectRule, rule: FieldRule) -> bool:
    """Whether a field always goes along, because records are recognised by it."""
    return rule.unique or bool(owner.match_on and rule.destination == owner.match_on)


def leave(spec: MapSpec, row: Row, by: str) -> MapSpec:
    """The map with one field left behind. Where it would go is in the versions before: `take` finds it there."""
    owner, rule = find(spec, row)
    if is_locked(owner, rule):
        raise Refused(f"“{row.source}” always goes along: by it we recognise the record.")
    return with_part(spec, row, rule.model_copy(update=GONE | {"decided_by": by}))


def take(spec: MapSpec, row: Row, by: str, earlier: Iterable[MapSpec]) -> MapSpec:
    """The map with a field going again where it went in the newest version that still took it."""
    _, rule = find(spec, row)
    if rule.action != Action.SKIP:
        return spec
    for version in earlier:
        then = part_of(version, row)
        if isinstance(then, FieldRule) and then.action != Action.SKIP:
            return with_part(spec, row, then.model_copy(update={"decided_by": by}))
    raise Refused(f"No earlier map says where “{row.source}” would go: choose a place with “Change”.")


def find(spec: MapSpec, row: Row) -> tuple[ObjectRule, FieldRule]:
    """A field and the object type it belongs to."""
    owner, rule = spec.object(row.object), part_of(spec, row)
    if owner is None or not isinstance(rule, FieldRule):
        raise Refused(f"The map has no field “{row.source}”. It may have been changed meanwhile.")
    return owner, rule


def find_object(spec: MapSpec, source: str) -> ObjectRule:
    """The rule of an object type."""
    owner = spec.object(source)
    if owner is None:
        raise Refused(f"The map has no object type “{source}”. It may have been changed meanwhile.")
    return owner


def find_stream(spec: MapSpec, key: str) -> ActivityRule:
    """The rule of a stream of happenings."""
    rule = part_of(spec, Row("", key))
    if not isinstance(rule, ActivityRule):
        raise Refused(f"The map has no “{key}”. It may have been changed meanwhile.")
    return rule
