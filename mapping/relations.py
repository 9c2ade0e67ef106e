"""Proposes relations: which attribute of an object type names a record of another one, or an owner.

What proves a relation is that the values are ids of the other type; the attribute's name only supports it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.catalogue import Catalogue, FieldType
from connectors.naming import Naming
from mapping.lexicon import squeezed, title
from mapping.lexicon import words as words_of
from mapping.overlap import FEWEST, Overlap, Pointers, overlap
from mapping.profile import FieldProfile
from mapping.rules import Action, FieldRule, ObjectRule, RelationRule

MEMBER = "member"
"""What a relation points to that means a member of the destination's workspace."""

MEMBER_OBJECT = "workspaceMember"

MOST_ABSENT = 200
"""Owners without an account that a rule names; discovery keeps no more different values than that."""

ENOUGH = 0.6
"""Share of the values that has to be ids of the other type, where the name says so too."""

ALMOST_ALL = 0.9
"""The share that is asked for where the name says nothing."""

OWNER_WORDS = re.compile(
    r"^(account |record |contact |deal |sales |company )?(owner|assignee|account manager|csm|sales rep|representative)"
    r"( e ?mail( address)?)?$|^assigned to( e ?mail)?$|^owned by$"
)
ID_WORDS = re.compile(r"(?: (?:id|key|ref|reference|code|number|no|uuid|object id|external id))+$")
OVER = re.compile(r"\b(parent|main|root|superior|belongs to|part of)\b")
"""Words that make an attribute name a record of its own type."""


@dataclass(frozen=True, slots=True)
class Pointing:
    """An object type as far as relations are concerned. `target` is where it lands on the destination."""

    name: str
    label: str
    target: str
    pointers: Pointers
    fields: tuple[FieldProfile, ...] = ()


def words(name: str) -> str:
    """`parentCommittee_id` as `parent committee id`."""
    return " ".join(words_of(name))


def propose_relations(
    rule: ObjectRule,
    own: Pointing,
    others: Sequence[Pointing],
    catalogue: Catalogue,
    naming: Naming,
    members: Mapping[str, str],
) -> ObjectRule:
    """The rule with its relations, and with attributes renamed that would take a relation's name.

    `members` are the workspace's members: e-mail address in lower case → name.
    """
    found: list[RelationRule] = []
    for field in rule.fields:
        if field.action is Action.SKIP or field.source in ("object_id", "cio_object_id"):
            continue
        relation = _owner(field.source, own, rule, members) or _other(field.source, own, others)
        if relation is not None:
            rule, relation = _named(rule, relation, found, catalogue, naming)
            found.append(relation)
    return rule.model_copy(update={"relations": tuple(found)})


def _other(source: str, own: Pointing, others: Sequence[Pointing]) -> RelationRule | None:
    """The relation to the object type whose ids the values are; the one with the greatest share wins."""
    values = own.pointers.values.get(source)
    if values is None:
        return None
    best: tuple[float, RelationRule] | None = None
    for other in others:
        if other.name == own.name and not OVER.search(words(source)):
            continue  # a second copy of the record's own id is no parent
        for by, ids in other.pointers.ids.items():
            found = overlap(values, ids)
            named = _names(source, other)
            if found.share < (ENOUGH if named else ALMOST_ALL) or (not named and found.compared < 4 * FEWEST):
                continue
            confidence = round(min(0.97, found.share * (0.97 if named else 0.75)), 3)
            if best is None or confidence > best[0]:
                best = confidence, _relation(source, own, other, by, found, confidence)
    return best[1] if best else None


def _relation(source: str, own: Pointing, other: Pointing, by: str, found: Overlap, confidence: float) -> RelationRule:
    reason = (
        f"{found.hits:,} of {found.compared:,} different values compared are the {by} of a {other.label.lower()} "
        f"({found.share:.0%})."
    )
    return RelationRule(
        source=source,
        to=other.name,
        by=by,
        destination="",
        label=_label(source, other),
        inverse_label=f"{own.label} {title(_stem(source)).lower()}".strip() if other.name == own.name else "",
        confidence=confidence,
        reason=reason,
    )


def _label(source: str, other: Pointing) -> str:
    """What the relation is called: as the attribute says, unless that only says how a person is written to."""
    stem = _stem(source)
    only_how = set(stem.split()) <= {"e", "mail", "email", "address", "user", "customer", "id"}
    return "Contact" if other.name == "person" and only_how else title(stem) or other.label


def _names(source: str, other: Pointing) -> bool:
    """Whether the attribute's name says that it points: to this type by its noun, or anywhere by `parent` or `…_id`."""
    said = words(source)
    noun = squeezed(other.label)
    return noun in squeezed(source) or said.startswith("parent") or bool(ID_WORDS.search(f" {said}"))


def _stem(source: str) -> str:
    """`parent_committee_id` → `parent committee`."""
    said = words(source)
    return ID_WORDS.sub("", f" {said}").strip() or said


def _owner(source: str, own: Pointing, rule: ObjectRule, members: Mapping[str, str]) -> RelationRule | None:
    """The relation to the workspace member whose e-mail address the attribute holds."""
    if not OWNER_WORDS.match(words(source)):
        return None
    profile = next((field for field in own.fields if field.name == source), None)
    if profile is None or not profile.filled:
        return None
    addresses = profile.kinds.get("email", 0)
    if addresses * 2 < profile.filled:
        return None
    shown = [value.strip() for value, _ in profile.values or [(text, 1) for text in profile.samples] if "@" in value]
    absent = sorted({value.lower() for value in shown} - set(members))
    known = len({value.lower() for value in shown}) - len(absent)
    reason = f"It holds e-mail addresses; {known} of {known + len(absent)} seen are members of the workspace."
    if absent:
        listed = ", ".join(absent[:10]) + (" …" if len(absent) > 10 else "")
        reason += (
            f" Not members yet: {listed}. Invite them in Twenty before the run and they are linked; "
            "without an account the address stays as text, and the record is listed."
        )
    standard = rule.destination == "company"
    return RelationRule(
        source=source,
        to=MEMBER,
        by="email",
        destination="accountOwner" if standard else "",
        label="Account Owner" if standard else title(_owner_stem(source)),
        action=Action.MAP if standard else Action.CREATE,
        absent=tuple(absent[:MOST_ABSENT]),
        confidence=0.9 if known else 0.75,
        reason=reason,
    )


def _owner_stem(source: str) -> str:
    return re.sub(r" e ?mail( address)?$", "", words(source))


def _named(
    rule: ObjectRule, relation: RelationRule, found: Sequence[RelationRule], catalogue: Catalogue, naming: Naming
) -> tuple[ObjectRule, RelationRule]:
    """Gives the relation a free name. An attribute that sits on its name or on its join column moves aside.

    `parent_committee_id` is both the text `parentCommitteeId` and the key column of a relation `parentCommittee`:
    the relation takes the name, and the text becomes `parentCommitteeKey`.
    """
    target = catalogue.object(rule.destination)
    if relation.destination:
        return rule, relation
    own = {field.name for field in target.fields} if target else set()
    standing = target.field(naming.field(relation.label, ())) if target else None
    if standing is not None and standing.type is FieldType.RELATION and standing.custom:
        return rule, relation.model_copy(update={"destination": standing.name, "action": Action.MAP})
    taken = {field.field for field in rule.fields if field.source != relation.source}
    taken |= own | {name for one in found for name in (one.destination, f"{one.destination}Id")}
    name = _free(relation.label, taken, naming)
    fields = tuple(
        _aside(field, naming, {*taken, name, f"{name}Id"})
        if field.source == relation.source and field.field in (name, f"{name}Id") and field.action is Action.CREATE
        else field
        for field in rule.fields
    )
    return rule.model_copy(update={"fields": fields}), relation.model_copy(update={"destination": name})


def _free(label: str, taken: set[str], naming: Naming) -> str:
    """A name for a relation that neither it nor its key column shares with anything."""
    return naming.field(label, taken | {name.removesuffix("Id") for name in taken if name.endswith("Id")})


def renamed(rule: ObjectRule, relation: RelationRule, label: str, catalogue: Catalogue, naming: Naming) -> RelationRule:
    """The relation under another label, with a name that nothing else of the object has."""
    target = None if rule.create else catalogue.object(rule.destination)
    taken = {field.name for field in target.fields} if target else set()
    taken |= {field.field for field in rule.fields if field.action is not Action.SKIP}
    others = (one for one in rule.relations if one.source != relation.source)
    taken |= {name for one in others for name in (one.destination, f"{one.destination}Id")}
    taken -= {relation.destination, f"{relation.destination}Id"}
    return relation.model_copy(update={"label": label, "destination": _free(label, taken, naming)})


def _aside(field: FieldRule, naming: Naming, taken: set[str]) -> FieldRule:
    """The attribute's own field under another name."""
    word = "email" if "@" in field.reason or field.type is FieldType.EMAILS else "key"
    return field.model_copy(update={"destination": naming.field(f"{_stem(field.source)}_{word}", taken)})
