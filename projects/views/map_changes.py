"""Changes that a customer makes in the field map; each gives a new map and leaves the old one alone."""

from __future__ import annotations

from collections.abc import Iterable

from mapping.rules import Action, FieldRule, MapSpec, ObjectRule
from projects.services import Refused


def leave(spec: MapSpec, object: str, source: str, by: str) -> MapSpec:
    """The map with one field left behind. Where it would go is in the versions before: `take` finds it there."""
    owner, rule = _find(spec, object, source)
    if rule.unique or (owner.match_on and rule.destination == owner.match_on):
        raise Refused(f"“{source}” always goes along: by it we recognise the record.")
    gone = {"action": Action.SKIP, "destination": "", "raw_destination": "", "choices": ()}
    return _with(spec, owner, rule, rule.model_copy(update=gone | {"decided_by": by}))


def take(spec: MapSpec, object: str, source: str, by: str, earlier: Iterable[MapSpec]) -> MapSpec:
    """The map with a field going again where it went in the newest version that still took it."""
    owner, rule = _find(spec, object, source)
    if rule.action != Action.SKIP:
        return spec
    for version in earlier:
        before = version.object(object)
        then = before.rule_for(source) if before else None
        if then is not None and then.action != Action.SKIP:
            return _with(spec, owner, rule, then.model_copy(update={"decided_by": by}))
    raise Refused(f"No earlier map says where “{source}” would go.")


def _find(spec: MapSpec, object: str, source: str) -> tuple[ObjectRule, FieldRule]:
    owner = spec.object(object)
    rule = owner.rule_for(source) if owner else None
    if owner is None or rule is None:
        raise Refused(f"The map has no field “{source}”. It may have been changed meanwhile.")
    return owner, rule


def _with(spec: MapSpec, owner: ObjectRule, old: FieldRule, new: FieldRule) -> MapSpec:
    fields = tuple(new if rule is old else rule for rule in owner.fields)
    changed = owner.model_copy(update={"fields": fields})
    return spec.model_copy(update={"objects": tuple(changed if rule is owner else rule for rule in spec.objects)})
