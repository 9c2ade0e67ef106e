"""Proposes a field map: where each object type lands, and for each field a home, a new field, and the reason why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from connectors.catalogue import Catalogue, ObjectType
from connectors.contract import Naming
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
from mapping.proposing.objects import looks_like_company
from mapping.proposing.reranking import Reranker
from mapping.rules import Action, MapSpec, ObjectRule


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
    for source in sources:
        taken = {name for rule in rules for name in (rule.destination, rule.plural)}
        rules.append(
            propose(
                source,
                destination,
                naming,
                default_country=default_country,
                taken=taken,
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
    role = role or role_for(source, taken)
    description = role.description(label)
    target = destination.object(role.destination) if role.destination else None
    if target is None:
        target = next((o for o in destination.objects if o.description == description and o.name not in taken), None)
    known = newest(history, role.key)
    fields = FieldProposals(role, label, target, naming, default_country, known, reranker).rules(source.fields)
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


def role_for(source: SourceObject, taken: Collection[str]) -> Role:
    """What the object type is by its name, or, where the name does not tell or is taken, by its fields."""
    role = role_of(source.name, source.label, source.label_plural)
    if role.destination not in taken and role is not CUSTOM:
        return role
    if COMPANY.destination not in taken and looks_like_company([field.name for field in source.fields]):
        return COMPANY
    return CUSTOM


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
