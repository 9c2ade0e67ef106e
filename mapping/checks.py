"""What is wrong with a map, in sentences, before anybody signs it: what blocks, and what only deserves a look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.catalogue import Catalogue, FieldType, ObjectType
from mapping.apply import compile_rule
from mapping.choices import CHOOSING, counted
from mapping.composites import LISTS
from mapping.engagements import PARTS
from mapping.fixed import BUILT_IN
from mapping.profile import FieldProfile
from mapping.relations import MEMBER
from mapping.rules import Action, FieldRule, MapSpec, ObjectRule, OnError
from mapping.transforms import TRANSFORMS

MOST_FIELDS = 350
"""Twenty's own screens break somewhere above 400 fields on one object (FIELD.md, D13)."""

MANY_FIELDS = 150
FEW_FILLED = 0.02
"""Below this share of filled records a field is hardly worth a place."""

Profiles = Mapping[str, Mapping[str, FieldProfile]]
"""Object type → field → what discovery knows of it."""

SENDS: Mapping[str, frozenset[FieldType]] = {
    "number": frozenset({FieldType.NUMBER, FieldType.NUMERIC, FieldType.RATING, FieldType.POSITION}),
    "boolean": frozenset({FieldType.BOOLEAN}),
    "date": frozenset({FieldType.DATE}),
    "datetime": frozenset({FieldType.DATE_TIME}),
    "select": frozenset({FieldType.SELECT, FieldType.RATING}),
    "multi_select": frozenset({FieldType.MULTI_SELECT, FieldType.ARRAY}),
    "array": frozenset({FieldType.ARRAY, FieldType.MULTI_SELECT, FieldType.RAW_JSON}),
    "json": frozenset({FieldType.RAW_JSON}),
    "currency": frozenset({FieldType.CURRENCY}),
    "phone": frozenset({FieldType.PHONES}),
}
"""What a transform makes fits into fields of these types only; transforms that are not named make text."""

NOT_TEXT = frozenset({FieldType.NUMBER, FieldType.BOOLEAN, FieldType.DATE, FieldType.DATE_TIME, FieldType.SELECT,
                      FieldType.MULTI_SELECT, FieldType.ARRAY, FieldType.RAW_JSON, FieldType.CURRENCY})  # fmt: skip
"""Types that the plain text transforms cannot fill."""

PLAIN = frozenset({"text", "trim"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about a map. `object` and `field` say where to mend it; both are empty for the map as a whole.

    `example` is a value that shows it; it stands apart, since not everybody may see values.
    """

    object: str
    field: str
    blocks: bool
    sentence: str
    example: str = ""


def map_problems(spec: MapSpec) -> list[str]:
    """What would fail or lose something under this map; empty when it can be signed."""
    return [finding.sentence for finding in findings(spec) if finding.blocks]


def findings(spec: MapSpec, targets: Catalogue | None = None, profiles: Profiles | None = None) -> list[Finding]:
    """Everything there is to say; the more is known of both systems, the more. What blocks comes first."""
    moved = [rule for rule in spec.objects if rule.action != Action.SKIP]
    if not moved and not any(rule.action != Action.SKIP for rule in spec.activities):
        sentence = "The map moves nothing: it needs at least one object type with fields."
        return [Finding("", "", True, sentence)]
    found = contradictions(spec)
    for rule in moved:
        target = targets.object(rule.destination) if targets and not rule.create else None
        found += _conflicts(rule)
        found += [Finding(rule.source, "", True, problem) for problem in _relation_problems(spec, rule)]
        found += _about_target(rule, target)
        found += _about_values(rule, (profiles or {}).get(rule.source, {}))
        found += _about_companions(rule)
    found += _same_object(moved)
    found += [Finding("", "", True, problem) for problem in _activity_problems(spec)]
    return sorted(dict.fromkeys(found), key=lambda finding: not finding.blocks)


def contradictions(spec: MapSpec) -> list[Finding]:
    """Rules that cannot even be carried out: an unknown transform, a part that a type has not."""
    found = []
    for rule in spec.objects:
        if rule.action == Action.SKIP:
            continue
        try:
            compile_rule(rule)
        except ValueError as error:
            found.append(Finding(rule.source, _culprit(rule), True, f"{rule.source}: {error}"))
    return found


def _culprit(rule: ObjectRule) -> str:
    for field in rule.fields:
        try:
            compile_rule(rule.model_copy(update={"fields": (field,)}))
        except ValueError:
            return field.source
    return ""


def _conflicts(rule: ObjectRule) -> list[Finding]:
    found = []
    if rule.hold_without_match and not any(field.destination == rule.match_on for field in moved_fields(rule)):
        sentence = f"{rule.source}: no field goes to {rule.match_on}, so every record would be held."
        found.append(Finding(rule.source, "", True, sentence))
    found += [
        Finding(rule.source, field.source, True, f"{rule.source}: {problem}")
        for field in moved_fields(rule)
        for problem in _choice_problems(field)
    ]
    taken: defaultdict[str, list[str]] = defaultdict(list)
    for field in moved_fields(rule):
        taken[field.destination].append(field.source)
    for destination, sources in taken.items():
        # Addresses of one key (a domain and a web site, several e-mails) share a field on purpose.
        part = destination.rpartition(".")[2]
        if len(sources) > 1 and part not in LISTS and not part.startswith("primary"):
            both = " and ".join(f"“{source}”" for source in sources)
            sentence = f"{rule.source}: {both} both go to {destination}: one would overwrite the other."
            found.append(Finding(rule.source, sources[-1], True, sentence))
    return found


def _same_object(moved: list[ObjectRule]) -> list[Finding]:
    taken: defaultdict[str, list[ObjectRule]] = defaultdict(list)
    for rule in moved:
        taken[rule.destination].append(rule)
    return [
        Finding(
            rules[-1].source, "", True, f"“{rules[0].source}” and “{rules[-1].source}” both make the object {name}."
        )
        for name, rules in taken.items()
        if len(rules) > 1 and all(rule.create for rule in rules) and rules[0].plural != rules[-1].plural
    ]


def _about_target(rule: ObjectRule, target: ObjectType | None) -> list[Finding]:
    """What the destination's own fields say: types that do not take it, required ones without a source, too many."""
    found = [finding for field in moved_fields(rule) if (finding := _wrong_type(rule, field, target))]
    fields = moved_fields(rule)
    standing = {field.name for field in target.fields} if target else set()
    made = {field.field for field in fields if field.action != Action.MAP}
    made |= {field.raw_destination for field in fields if field.raw_destination}
    made |= {relation.destination for relation in rule.relations if relation.action == Action.CREATE}
    count = len(standing | made)
    if count > MOST_FIELDS:
        sentence = f"{rule.destination} would have {count} fields; above {MOST_FIELDS} Twenty's screens break."
        found.append(Finding(rule.source, "", True, f"{sentence} Leave some behind."))
    elif count > MANY_FIELDS:
        sentence = f"{rule.destination} would have {count} fields: above {MANY_FIELDS} its forms become hard to use."
        found.append(Finding(rule.source, "", False, sentence))
    reached = {field.field for field in fields}
    for field in target.fields if target else ():
        if not field.nullable and field.writable and field.name not in BUILT_IN | reached:
            # Twenty has a default for each of these and says nothing of it, so this cannot block.
            sentence = f"{rule.destination} keeps “{field.label}” in every record, but no field goes there."
            found.append(Finding(rule.source, "", False, sentence))
    return found


def _wrong_type(rule: ObjectRule, field: FieldRule, target: ObjectType | None) -> Finding | None:
    standing = target.field(field.field) if target and field.action == Action.MAP else None
    if standing is None or field.type is None:
        kind = field.type
    elif standing.type != field.type:
        sentence = f"“{field.source}” is sent as {field.type}, but {rule.destination}.{field.field} is {standing.type}."
        return Finding(rule.source, field.source, True, f"{sentence} Choose its place anew.")
    else:
        kind = standing.type
    if kind is None or "." in field.destination:
        return None
    takes = SENDS.get(field.transform)
    if (takes is not None and kind not in takes) or (field.transform in PLAIN and kind in NOT_TEXT):
        sentence = f"“{field.source}” goes through “{field.transform}”, which a field of type {kind} does not take."
        return Finding(rule.source, field.source, True, f"{sentence} Choose another transform.")
    return None


def _about_values(rule: ObjectRule, profiles: Mapping[str, FieldProfile]) -> list[Finding]:
    found = []
    for field in moved_fields(rule):
        profile = profiles.get(field.source)
        if profile is None or not profile.total:
            continue
        if profile.filled < profile.total * FEW_FILLED:
            sentence = f"“{field.source}” is filled in {profile.filled:,} of {profile.total:,} records only."
            found.append(Finding(rule.source, field.source, False, sentence))
        if unmapped := unmapped_values(field, profile):
            number, most = sum(count for _, count in unmapped), max(count for _, count in unmapped)
            # One record may have several values in its list.
            number = most if field.transform == "multi_select" else number
            lost = field.on_error == OnError.KEEP_RAW and not field.raw_destination
            sentence = f"“{field.source}”: the values of {number:,} records have no option"
            sentence += " and would be lost." if lost else "."
            found.append(Finding(rule.source, field.source, lost, sentence, unmapped[0][0][:40]))
    return found


def _about_companions(rule: ObjectRule) -> list[Finding]:
    """Fields with values that might not turn and would not be kept, in one line: a warning each would hide the rest."""
    bare = [field.source for field in moved_fields(rule) if needs_companion(field)]
    if not bare:
        return []
    named = ", ".join(f"“{source}”" for source in bare[:3]) + (f" and {len(bare) - 3} more" if len(bare) > 3 else "")
    sentence = f"{rule.source}: a later value of {named} that does not turn is listed here only, not kept in Twenty."
    return [Finding(rule.source, bare[0], False, sentence)]


def unmapped_values(field: FieldRule, profile: FieldProfile) -> list[tuple[str, int]]:
    """The values (in a multi-select field, of the lists) that have no option yet, with how many records have each."""
    if field.transform not in CHOOSING:
        return []
    known = {choice.source for choice in field.choices}
    return [(text, n) for text, n in counted(field, profile).items() if text not in known and text.strip() not in known]


def moved_fields(rule: ObjectRule) -> list[FieldRule]:
    """The fields of an object type that go somewhere."""
    return [field for field in rule.fields if field.action != Action.SKIP and field.destination]


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


def needs_companion(rule: FieldRule) -> bool:
    """Whether values may fail to turn, are to be kept as they are, and have no field to be kept in."""
    known = TRANSFORMS.get(rule.transform)
    may_fail = known is None or not known.certain
    return may_fail and rule.on_error is OnError.KEEP_RAW and not rule.raw_destination and rule.action != Action.SKIP


def _relation_problems(spec: MapSpec, rule: ObjectRule) -> list[str]:
    """Relations that would sit on a field's name or column, or on each other."""
    fields = {field.field: f"“{field.source}”" for field in moved_fields(rule)}
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
