"""Proposes a field map: where each object type lands, and for each field a home, a new field, and the reason why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from connectors.catalogue import Catalogue, ObjectType
from connectors.naming import Naming
from mapping.fixed import (
    COMPANY,
    CUSTOM,
    PERSON,
    Role,
    role_of,
)
from mapping.lexicon import title
from mapping.profile import FieldProfile
from mapping.proposing.fields import FieldProposals
from mapping.proposing.history import Confirmed, newest
from mapping.proposing.objects import company_chance
from mapping.proposing.reranking import Reranker
from mapping.rules import Action, MapSpec, ObjectRule

LIKELY = 0.5
"""From this chance on an object type is taken for a company."""


@dataclass(frozen=True, slots=True)
class SourceObject:
    """An object type of the source with what is known about its fields."""

    name: str
    label: str
    label_plural: str
    fields: tuple[FieldProfile, ...]

    @classmethod
    def of(cls, object: ObjectType, fields: Sequence[FieldProfile]) -> SourceObject:
        """The object type of a catalogue together with its profile."""
        return cls(object.name, object.label, object.label_plural, tuple(fields))


def propose_map(
    sources: Sequence[SourceObject],
    destination: Catalogue,
    naming: Naming,
    *,
    default_country: str = "US",
    history: Sequence[Confirmed] = (),
    reranker: Reranker | None = None,
) -> MapSpec:
    """A whole map: no two object types land on one, and those that are made have different names.

    `history` is what was confirmed before; `reranker` may reorder our own first candidates.
    """
    rules: list[ObjectRule] = []
    for source, role in zip(sources, roles(sources), strict=True):
        taken = {name for rule in rules for name in (rule.destination, rule.plural)}
        rules.append(
            propose(
                source,
                destination,
                naming,
                default_country=default_country,
                taken=taken,
                role=role,
                history=history,
                reranker=reranker,
            )
        )
    return MapSpec(default_country=default_country, objects=tuple(rules))


def propose(
    source: SourceObject,
    destination: Catalogue,
    naming: Naming,
    *,
    default_country: str = "US",
    taken: Collection[str] = (),
    role: Role | None = None,
    history: Sequence[Confirmed] = (),
    reranker: Reranker | None = None,
) -> ObjectRule:
    """The rule for one object type: a known one is mapped, any other gets an object of its own.

    `taken` are destinations of other object types, which this one must not land on. `role` says what the object
    type is where its name does not.
    """
    label = source.label or title(source.name)
    role = role or roles([source])[0]
    role = CUSTOM if role.destination in taken else role
    description = role.description(label)
    target = destination.object(role.destination) if role.destination else None
    if target is None:
        target = next((o for o in destination.objects if o.description == description and o.name not in taken), None)
    known = newest(history, role.key)
    doubt = 0.0 if role.key not in (COMPANY.key, CUSTOM.key) else doubtful(chance_of(source))
    fields = FieldProposals(role, label, target, naming, default_country, known, reranker, doubt).rules(source.fields)
    match_on = role.match_on or next((rule.destination for rule in fields if rule.unique), "")
    if target is not None:
        return ObjectRule(
            source=source.name,
            destination=target.name,
            match_on=match_on,
            hold_without_match=role is PERSON,
            fields=fields,
        )
    return _new_object(source, role, label, destination, naming, taken).model_copy(
        update={"description": description, "match_on": match_on, "fields": fields}
    )


def roles(sources: Sequence[SourceObject]) -> list[Role]:
    """What each object type is: people by their name, the likeliest company, and the others things of their own."""
    found = [role_of(source.name) for source in sources]
    people = [place for place, role in enumerate(found) if role is PERSON]
    named = next((place for place in people if sources[place].name == PERSON.key), people[0] if people else -1)
    found = [CUSTOM if role is PERSON and place != named else role for place, role in enumerate(found)]
    chances = {
        place: chance_of(source)
        for place, (source, role) in enumerate(zip(sources, found, strict=True))
        if role is CUSTOM
    }
    best = max(chances, key=lambda place: chances[place], default=-1)
    return [COMPANY if place == best and chances[place] >= LIKELY else role for place, role in enumerate(found)]


def chance_of(source: SourceObject) -> float:
    """How likely the object type is a company (0 to 1)."""
    return company_chance((source.name, source.label_plural, source.label), source.fields)


def doubtful(chance: float) -> float:
    """How doubtful a chance leaves it: 1 where it is even, 0 where it is certain either way."""
    return 4 * chance * (1 - chance)


def _new_object(
    source: SourceObject, role: Role, label: str, destination: Catalogue, naming: Naming, taken: Collection[str]
) -> ObjectRule:
    """The rule of an object that has to be made, with free names, still without its fields."""
    plural = source.label_plural if source.label_plural not in ("", label) else f"{label}s"
    names = {name for o in destination.objects for name in (o.name, o.plural)} | {*taken}
    singular, plural_name = (role.destination, role.plural) if role.plural else naming.object(label, plural, names)
    return ObjectRule(
        source=source.name,
        destination=singular,
        action=Action.CREATE,
        create=True,
        plural=plural_name,
        label=role.label or label,
        label_plural=role.label_plural or plural,
    )
