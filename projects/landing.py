"""Proposes where object types other than people land, and what becomes of their links to people and to each other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from connectors.catalogue import Catalogue, ObjectKind
from connectors.contract import Destination
from connectors.naming import Naming
from mapping.activities import EVENT
from mapping.activity_plan import ACTIVITY
from mapping.fixed import RELATIONSHIP as JUNCTION
from mapping.fixed import Role
from mapping.happenings import DISCRIMINATORS, EXAMPLE_LENGTH, Happenings, Stream
from mapping.lexicon import squeezed
from mapping.overlap import Pointers
from mapping.proposer import SourceObject, propose
from mapping.relations import MEMBER_OBJECT, Pointing, propose_relations
from mapping.rules import Action, ObjectRule, RelationRule
from projects.models import Profile
from projects.pipeline.phases import COMPANY, PERSON, RELATIONSHIP, relationship_of


def workspace_members(destination: Destination, catalogue: Catalogue) -> dict[str, str]:
    """The members of the destination's workspace: e-mail address in lower case → name."""
    if catalogue.object(MEMBER_OBJECT) is None:
        return {}
    found: dict[str, str] = {}
    for rows, _ in destination.pages(MEMBER_OBJECT):
        for member in rows:
            name = member.fields.get("name") or {}
            written = " ".join(part for part in (name.get("firstName"), name.get("lastName")) if part)
            if email := member.fields.get("userEmail"):
                found[str(email).lower()] = written
    return found


def with_objects(
    rules: Sequence[ObjectRule],
    profiles: Sequence[Profile],
    links: Sequence[Profile],
    catalogue: Catalogue,
    naming: Naming,
    default_country: str,
    members: Mapping[str, str],
) -> list[ObjectRule]:
    """The rules with their relations, and a rule for each kind of relationship with people."""
    known = {profile.object: profile for profile in profiles}
    rules = [_beside_activities(rule, catalogue, naming) for rule in rules]
    pointing = [_pointing(rule, known[rule.source]) for rule in rules if rule.source in known]
    made: list[ObjectRule] = []
    for rule in rules:
        own = next((one for one in pointing if one.name == rule.source), None)
        if own is not None and rule.source != PERSON:
            rule = propose_relations(_explained(rule, catalogue), own, pointing, catalogue, naming, members)
        made.append(rule)
    for profile in links:
        to = next((rule for rule in made if relationship_of(rule.source) == profile.object), None)
        taken = {name for rule in made for name in (rule.destination, rule.plural)}
        made.append(_relationship(profile, to, catalogue, naming, default_country, taken))
    return made


def streams_of(profiles: Sequence[Profile]) -> list[Stream]:
    """What happened, as discovery saw it: events by name, messages together, and each custom object type."""
    found: list[Stream] = []
    for profile in profiles:
        if profile.object == EVENT:
            found += Happenings.from_json(profile.data.get("streams")).streams(EVENT)
        elif profile.kind == ObjectKind.RECORD and profile.object != PERSON and profile.read:
            found.append(_object_stream(profile))
    return found


def _object_stream(profile: Profile) -> Stream:
    fields = profile.statistics.field_profiles()
    values = {field.name: dict(field.values) for field in fields if squeezed(field.name) in DISCRIMINATORS}
    examples = ({field.name: field.samples[0] for field in fields[:12] if field.samples},)
    return Stream(
        profile.object,
        profile.label,
        profile.read,
        {field.name: field.filled for field in fields},
        values,
        tuple(json.dumps(example, ensure_ascii=False)[:EXAMPLE_LENGTH] for example in examples if example),
    )


def _pointing(rule: ObjectRule, profile: Profile) -> Pointing:
    pointers = Pointers.from_json(profile.data.get("pointers"))
    return Pointing(rule.source, profile.label, rule.destination, pointers, profile.statistics.field_profiles())


def _beside_activities(rule: ObjectRule, catalogue: Catalogue, naming: Naming) -> ObjectRule:
    """An object type that is called like the object for what happened gets another name."""
    ours = {ACTIVITY, "activities"}
    if not rule.create or not ours & {rule.destination, rule.plural}:
        return rule
    taken = {name for one in catalogue.objects for name in (one.name, one.plural)} | ours
    name, plural = naming.object(rule.label, rule.label_plural, taken)
    label, label_plural = f"{rule.label} Record", f"{rule.label} Records"
    return rule.model_copy(update={"destination": name, "plural": plural, "label": label, "label_plural": label_plural})


def _explained(rule: ObjectRule, catalogue: Catalogue) -> ObjectRule:
    """Says where the record type's name had to give way to one of Twenty's own."""
    if not rule.create:
        return rule
    plain = rule.label.replace(" ", "").lower()
    reason = "Twenty has no such object, so it gets one of its own, with a field for every attribute."
    if rule.destination.lower() != plain:
        reason += f" Its API name is “{rule.destination}”, because Twenty keeps the obvious one to itself."
    standing = next((o for o in catalogue.objects if o.label.lower() == rule.label.lower() and not o.custom), None)
    if standing is None:
        return rule.model_copy(update={"reason": reason})
    label, plural = f"{rule.label} Record", f"{rule.label} Records"
    reason += f" Twenty has a “{standing.label}” already: this one is shown as “{label}”."
    return rule.model_copy(update={"reason": reason, "label": label, "label_plural": plural})


def _relationship(
    profile: Profile,
    to: ObjectRule | None,
    catalogue: Catalogue,
    naming: Naming,
    default_country: str,
    taken: set[str],
) -> ObjectRule:
    """Relationships to one object type: one relation of the object where that says all, else junction records."""
    if to is None or to.action == Action.SKIP:
        return ObjectRule(source=profile.object, destination="", action=Action.SKIP, label=profile.label)
    fields = profile.statistics.field_profiles()
    people = Pointers.from_json(profile.data.get("pointers")).ids.get("object")
    if to.destination != COMPANY and not fields and people is not None and not people.repeats:
        return _one_person(profile, to)
    role = _junction_role(to, catalogue, naming, taken)
    source = SourceObject(RELATIONSHIP, profile.label, profile.label_plural, fields)
    rule = propose(source, catalogue, naming, default_country=default_country, role=role)
    attributes = {field.field for field in rule.fields}
    column = COMPANY if to.destination == COMPANY else naming.field(to.destination, attributes | {PERSON})
    inverse = "Company associations" if to.destination == COMPANY else role.label_plural
    update = {
        "source": profile.object,
        "match_on": "customerioId",
        "description": _description(to),
        "relations": (
            _end("person", PERSON, "cio_id", PERSON, "Person", inverse),
            _end("object", to.source, "cio_object_id", column, to.label or column.title(), inverse),
        ),
        "reason": _why_junction(to, bool(fields), people is not None and people.repeats),
    }
    return rule.model_copy(update=update)


def _one_person(profile: Profile, to: ObjectRule) -> ObjectRule:
    return ObjectRule(
        source=profile.object,
        destination=to.destination,
        label=profile.label,
        relations=(_end("person", PERSON, "cio_id", PERSON, "Person", to.label_plural),),
        confidence=0.95,
        reason=(
            f"No {to.label.lower()} has more than one person, and the relationship has no attributes: "
            "one relation to the person says it all."
        ),
    )


def _end(source: str, to: str, by: str, destination: str, label: str, inverse: str) -> RelationRule:
    return RelationRule(
        source=source, to=to, by=by, destination=destination, label=label, inverse_label=inverse, confidence=1.0
    )


def _why_junction(to: ObjectRule, attributes: bool, several: bool) -> str:
    if to.destination == COMPANY:
        return "Twenty has room for one company per person: all of them are kept here, with their attributes."
    why = [f"one {to.label.lower()} has several people"] if several else []
    why += ["the relationship has attributes of its own"] if attributes else []
    return f"A record of its own for each relationship, because {' and '.join(why) or 'there may be several'}."


def _description(to: ObjectRule) -> str:
    if to.destination == COMPANY:
        return JUNCTION.description("")
    return f"Customer.io relationships between people and {to.label or to.source}"


def _junction_role(to: ObjectRule, catalogue: Catalogue, naming: Naming, taken: set[str]) -> Role:
    """The object that keeps the relationships: the one that was made for them before, else a new one."""
    if to.destination == COMPANY:
        return JUNCTION
    label = f"{to.label} Association"
    standing = next((o for o in catalogue.objects if o.description == _description(to)), None)
    if standing is not None:
        name, plural = standing.name, standing.plural
    else:
        own = {name for o in catalogue.objects for name in (o.name, o.plural)}
        name, plural = naming.object(label, f"{label}s", own | taken)
    return replace(JUNCTION, destination=name, plural=plural, label=label, label_plural=f"{label}s")
