"""Where a person's attributes land under the map, and what discovery knows of their values: for View filters."""

from __future__ import annotations

from typing import Any

from connectors.catalogue import FieldType
from mapping.criteria import parse
from mapping.exact import LATEST_EPOCH
from mapping.profile import FieldProfile
from mapping.rules import Action, FieldRule, MapSpec
from mapping.transforms import Unturned, turn
from mapping.view_filters import Landing, Target
from projects.documents.rows import Configuration
from projects.models import Profile
from projects.pipeline.phases import PERSON, SEGMENT
from projects.pipeline.tags import TAGS

CREATED_AT = "createdAt"


def landing_of(read: Configuration, spec: MapSpec, row: Profile | None) -> Landing:
    """What a View of people can be asked for; `row` is what discovery knows of them."""
    rule = spec.object(PERSON)
    fields = rule.fields if rule and rule.action != Action.SKIP else ()
    known = {one.name: one for one in row.statistics.field_profiles()} if row else {}
    people = row.read if row else 0
    targets: dict[str, Target] = {}
    for one in fields:
        if one.action != Action.SKIP and one.destination and one.type and one.source != TAGS:
            targets[one.source] = _target(one, one.type, known.get(one.source), people)
            targets |= dict.fromkeys(one.also, targets[one.source])
    tags = next((one for one in fields if one.source == TAGS and one.type == FieldType.MULTI_SELECT), None)
    segments = {str(row["key"]): row.get("conditions") for row in read.rows(SEGMENT)}
    return Landing(
        targets=targets,
        tags={choice.source: choice.value for choice in tags.choices} if tags else {},
        tag_field=tags.field if tags else "",
        segments={key: parse(raw) if raw else None for key, raw in segments.items()},
    )


def _target(rule: FieldRule, type: FieldType, known: FieldProfile | None, read: int) -> Target:
    options: dict[str, Any] = dict(rule.options)
    if rule.choices:
        options["choices"] = {choice.source: choice.value for choice in rule.choices}
    return Target(
        field=rule.field,
        type=type,
        sub=rule.destination.partition(".")[2],
        transform=rule.transform,
        options=options,
        values=_values(rule, options, known),
        kinds=_kinds(known),
        companion=rule.raw_destination,
        combined=bool(rule.also) or rule.action == Action.COMBINE,
        made_up=rule.field == CREATED_AT and (known is None or known.filled < read),
    )


def _values(rule: FieldRule, options: dict[str, Any], known: FieldProfile | None) -> dict[str, Any] | None:
    """Every value with what the map makes of it; None where there are too many to know them all."""
    if known is None or (known.filled and not known.values):
        return None
    made: dict[str, Any] = {}
    for value, _ in known.values:
        try:
            made[value] = turn(rule.transform, value, options)
        except Unturned:
            made[value] = None
    return made


def _kinds(known: FieldProfile | None) -> frozenset[str]:
    """How the values look; Unix times in milliseconds are told from those in seconds."""
    if known is None:
        return frozenset()
    kinds = frozenset(str(kind) for kind, count in known.kinds.items() if count)
    if "epoch" not in kinds:
        return kinds
    try:
        seconds = max(abs(float(known.minimum)), abs(float(known.maximum))) <= LATEST_EPOCH
    except ValueError:
        seconds = False
    return kinds if seconds else (kinds - {"epoch"}) | {"epoch_ms"}
