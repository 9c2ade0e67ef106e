"""What is wrong with a map, in sentences, before anybody signs it."""

from __future__ import annotations

from collections import defaultdict

from connectors.catalogue import FieldType
from mapping.apply import compile_rule
from mapping.composites import LISTS
from mapping.engagements import PARTS
from mapping.relations import MEMBER
from mapping.rules import Action, FieldRule, MapSpec, ObjectRule, OnError
from mapping.transforms import TRANSFORMS

MOST_FIELDS = 350
"""New fields of one object: Twenty's tables and pages stop working long before PostgreSQL's 1,600 columns."""


def map_problems(spec: MapSpec) -> list[str]:
    """What would fail or lose something under this map; empty when it can be signed."""
    moved = [rule for rule in spec.objects if rule.action != Action.SKIP]
    if not moved:
        return ["The map moves nothing: it needs at least one object type with fields."]
    problems = [problem for rule in moved for problem in _object_problems(rule)]
    problems += [problem for rule in moved for problem in _relation_problems(spec, rule)]
    return problems + _activity_problems(spec)


def _object_problems(rule: ObjectRule) -> list[str]:
    try:
        compile_rule(rule)
    except ValueError as error:
        return [f"{rule.source}: {error}"]
    problems = []
    if rule.hold_without_match and not any(field.destination == rule.match_on for field in _moved(rule)):
        problems.append(f"{rule.source}: no field goes to {rule.match_on}, so every record would be held.")
    problems += [f"{rule.source}: {problem}" for field in _moved(rule) for problem in _choice_problems(field)]
    made = {field.field for field in _moved(rule) if field.action in (Action.CREATE, Action.COMBINE)}
    if len(made) > MOST_FIELDS:
        problems.append(
            f"{rule.source}: {len(made)} new fields are more than {rule.destination} can hold ({MOST_FIELDS}): "
            "leave some behind, or combine them."
        )
    taken: defaultdict[str, list[str]] = defaultdict(list)
    for field in _moved(rule):
        taken[field.destination].append(field.source)
    for destination, sources in taken.items():
        # Addresses of one key (a domain and a web site, several e-mails) share a field on purpose.
        part = destination.rpartition(".")[2]
        if len(sources) > 1 and part not in LISTS and not part.startswith("primary"):
            both = " and ".join(f"“{source}”" for source in sources)
            problems.append(f"{rule.source}: {both} both go to {destination}: one would overwrite the other.")
    return problems


def _choice_problems(field: FieldRule) -> list[str]:
    if field.type not in (FieldType.SELECT, FieldType.MULTI_SELECT) or field.action is Action.MAP:
        return []
    if not field.choices:
        return [f"“{field.source}” becomes a field with options, but has none: give it options or make it text."]
    labels: dict[str, str] = {}
    for choice in field.choices:
        if labels.setdefault(choice.value, choice.label) != choice.label:
            return [f"“{field.source}” calls its option {choice.value} by two names: choose one."]
    return []


def map_warnings(spec: MapSpec) -> list[str]:
    """What works under this map, but leaves values behind where they do not fit: each is listed, none lands."""
    moved = [rule for rule in spec.objects if rule.action != Action.SKIP]
    return [
        f"{rule.source}: what of “{field.source}” does not turn is not kept in the destination, only listed here."
        " Choose a text field to keep it in."
        for rule in moved
        for field in _moved(rule)
        if needs_companion(field)
    ]


def needs_companion(rule: FieldRule) -> bool:
    """Whether values may fail to turn, are to be kept as they are, and have no field to be kept in."""
    known = TRANSFORMS.get(rule.transform)
    may_fail = known is None or not known.certain
    return may_fail and rule.on_error is OnError.KEEP_RAW and not rule.raw_destination and rule.action != Action.SKIP


def _relation_problems(spec: MapSpec, rule: ObjectRule) -> list[str]:
    """Relations that would sit on a field's name or column, or on each other."""
    fields = {field.field: f"“{field.source}”" for field in _moved(rule)}
    problems = []
    for relation in rule.relations:
        if relation.action == Action.SKIP:
            continue
        if not relation.destination:
            problems.append(f"{rule.source}: the relation of “{relation.source}” has no name.")
            continue
        problems += [
            f"{rule.source}: the relation “{relation.destination}” needs the name {name}, which {fields[name]} takes: "
            "rename one of them."
            for name in (relation.destination, f"{relation.destination}Id")
            if name in fields
        ]
        fields[relation.destination] = fields[f"{relation.destination}Id"] = f"the relation of “{relation.source}”"
        other = spec.object(relation.to)
        if relation.to != MEMBER and relation.to != "person" and (other is None or other.action == Action.SKIP):
            problems.append(
                f"{rule.source}: “{relation.source}” points to {relation.to}, which is left behind: leave the relation "
                "behind too."
            )
    return problems


def _activity_problems(spec: MapSpec) -> list[str]:
    problems = []
    seen: set[str] = set()
    for rule in spec.activities:
        if rule.key in seen:
            problems.append(f"{rule.key} has two rules: only one of them can hold.")
        seen.add(rule.key)
        if unknown := sorted(set(rule.parts) - PARTS.keys()):
            problems.append(f"{rule.key}: “{unknown[0]}” is no part of an activity. There are: {', '.join(PARTS)}.")
        if bool(rule.where) != bool(rule.equals):
            problems.append(f"{rule.key}: a property that tells the kind needs a value, and a value its property.")
    return problems


def _moved(rule: ObjectRule) -> list[FieldRule]:
    return [field for field in rule.fields if field.action != Action.SKIP and field.destination]
