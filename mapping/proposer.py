"""Proposes a field map: where each object type lands, and for each field a home, a new field, and the reason why."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.catalogue import Catalogue, Field, FieldType, ObjectType
from connectors.contract import Naming
from mapping.composites import join_names
from mapping.fixed import (
    BUILT_IN,
    COMPANION,
    CUSTOM,
    FIXED,
    NEW_OBJECT,
    PERSON,
    RESERVED,
    Fixed,
    Role,
    companion_description,
    role_of,
)
from mapping.inference import ENOUGH, TRANSFORM_OF, Inferred, infer
from mapping.lexicon import HOMELESS, NETWORKS, network_of, squeezed, title
from mapping.matcher import Candidate, candidates, measure
from mapping.profile import FieldProfile
from mapping.rules import Action, Alternative, Choice, FieldRule, MapSpec, ObjectRule

SURE = 0.7
"""Below this confidence a field is created, and the candidate only named as an alternative."""

WORTH_NAMING = 0.3
ALTERNATIVES = 2
KEY = "domainName.primaryLinkUrl"
SHARED = frozenset({KEY, "emails.additionalEmails"})
"""Destinations that several source fields may feed: the company's key and the list of further addresses."""


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
    sources: Sequence[SourceObject], destination: Catalogue, naming: Naming, *, default_country: str = "US"
) -> MapSpec:
    """A whole map: no two object types land on one, and those that are made have different names."""
    rules: list[ObjectRule] = []
    for source in sources:
        taken = {name for rule in rules for name in (rule.destination, rule.plural)}
        rules.append(propose(source, destination, naming, default_country=default_country, taken=taken))
    return MapSpec(default_country=default_country, objects=tuple(rules))


def propose(
    source: SourceObject,
    destination: Catalogue,
    naming: Naming,
    *,
    default_country: str = "US",
    taken: Collection[str] = (),
    role: Role | None = None,
) -> ObjectRule:
    """The rule for one object type: a known one is mapped, any other gets an object of its own.

    `taken` are destinations of other object types, which this one must not land on. `role` says what the object
    type is where its name does not.
    """
    label = source.label or title(source.name)
    role = role or role_of(source.name, source.label, source.label_plural)
    if role.destination in taken:
        role = CUSTOM
    description = role.description(label)
    target = destination.object(role.destination) if role.destination else None
    if target is None:
        target = next((o for o in destination.objects if o.description == description and o.name not in taken), None)
    fields = _Proposals(role, label, target, naming, default_country).rules(source.fields)
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


class _Proposals:
    """Proposes the fields of one object type; remembers the names it has given out."""

    def __init__(self, role: Role, label: str, target: ObjectType | None, naming: Naming, country: str) -> None:
        self.role = role
        self.target = target or NEW_OBJECT
        self.naming = naming
        self.country = country
        self.describe = f"Customer.io {role.noun(label)} attribute"
        # What an earlier migration made belongs to the attribute it was made for, and the rest to the migration.
        theirs = tuple(
            f
            for f in self.target.fields
            if f.name not in RESERVED and not f.description.startswith((self.describe, COMPANION))
        )
        self.open_target = replace(self.target, fields=theirs)
        self.taken = {*BUILT_IN, *RESERVED}
        for field in self.target.fields:
            self.taken |= {field.name, *join_names(field.name, field.type)}
            self.taken |= {field.join_column} - {""}

    def rules(self, profiles: Sequence[FieldProfile]) -> tuple[FieldRule, ...]:
        """One rule per field; the fixed ones come first."""
        known = {profile.name: profile for profile in profiles}
        fixed = [plan for plan in FIXED[self.role.key] if plan.always or plan.source in known]
        rules = [self._fixed(plan, known.get(plan.source) or FieldProfile.of_values(plan.source, ())) for plan in fixed]
        free = [profile for profile in profiles if profile.name not in {plan.source for plan in fixed}]
        found = {profile.name: self._candidates(profile) for profile in free}
        homes = self._assign(found, {rule.destination for rule in rules})
        rules += [
            self._mapped(profile, homes[profile.name], found[profile.name])
            if profile.name in homes
            else self._created(profile, found[profile.name])
            for profile in free
        ]
        if self.role is CUSTOM and not any(rule.destination == "name" for rule in rules):
            rules.append(self._name_from_key())
        return tuple(self._ordered(rules))

    def _ordered(self, rules: list[FieldRule]) -> list[FieldRule]:
        """Puts the domain before web sites (the first value becomes the key) and leaves split addresses alone."""
        parts = [rule for rule in rules if rule.type is FieldType.ADDRESS and rule.action is Action.MAP]
        if len(parts) > 1:
            rules = [
                rule.model_copy(update={"transform": "trim", "options": {}}) if rule.transform == "address" else rule
                for rule in rules
            ]
        places = [number for number, rule in enumerate(rules) if rule.destination == KEY]
        keys = sorted((rules[number] for number in places), key=lambda rule: "domain" not in rule.source.lower())
        for number, rule in zip(places, keys, strict=True):
            rules[number] = rule
        return rules

    def _candidates(self, profile: FieldProfile) -> tuple[Candidate, ...]:
        made = self._made_before(profile.name)
        if made is not None:
            fit = measure(profile, made.name, made, self.country)
            return (Candidate(made.name, made.type, 0.99, "This field was made for the attribute before.", fit, True),)
        if not self.role.guesses:
            return ()
        return candidates(profile, self.role.destination, self.open_target, self.country)

    def _made_before(self, source: str) -> Field | None:
        description = self._description(source)
        return next((f for f in self.target.fields if f.writable and f.description == description), None)

    def _description(self, source: str) -> str:
        return f"{self.describe} {source}"

    def _assign(self, found: dict[str, tuple[Candidate, ...]], used: set[str]) -> dict[str, Candidate]:
        """Gives each destination to the field that it suits best, and each field at most one destination."""
        offers = [(name, offer) for name, offers in found.items() for offer in offers if offer.confidence >= SURE]
        homes: dict[str, Candidate] = {}
        for name, offer in sorted(offers, key=lambda pair: -pair[1].confidence):
            if name not in homes and (offer.destination in SHARED or not _overlaps(offer.destination, used)):
                homes[name] = offer
                used.add(offer.destination)
        return homes

    def _fixed(self, plan: Fixed, profile: FieldProfile) -> FieldRule:
        standing = self.target.field(plan.destination.split(".")[0])
        if not plan.create and (standing is None or not standing.writable):
            return self._created(profile, ())
        if plan.create and standing is None:
            standing = Field(plan.destination, plan.label, plan.type)
            action = Action.CREATE
        else:
            action = Action.MAP
        if standing is None:
            raise AssertionError("A fixed field that is not made stands in the catalogue.")
        self.taken.add(standing.name)
        fit = measure(profile, plan.destination, standing, self.country)
        return FieldRule(
            source=plan.source,
            action=action,
            destination=plan.destination,
            type=plan.type,
            label=plan.label or standing.label,
            description=self._description(plan.source) if action is Action.CREATE else "",
            unique=plan.unique,
            transform=plan.transform,
            raw_destination=self._companion(plan.source, fit.misfits),
            confidence=0.99,
            reason=plan.reason,
        )

    def _mapped(self, profile: FieldProfile, home: Candidate, found: Sequence[Candidate]) -> FieldRule:
        target = self.target.field(home.destination.split(".")[0])
        return FieldRule(
            source=profile.name,
            action=Action.MAP,
            destination=home.destination,
            type=home.type,
            label=target.label if target else "",
            transform=home.fit.transform,
            options=dict(home.fit.options),
            choices=home.fit.choices,
            raw_destination=self._companion(profile.name, home.fit.misfits),
            confidence=home.confidence,
            reason=home.reason + _raw_note(home.fit.misfits),
            alternatives=_alternatives(found, home.destination),
        )

    def _created(self, profile: FieldProfile, found: Sequence[Candidate]) -> FieldRule:
        inferred, transform, options = self._type(profile)
        name = self.naming.field(profile.name, self.taken)
        self.taken |= {name, *join_names(name, inferred.type)}
        nearest = max((candidate.confidence for candidate in found), default=0.0)
        refused = next((c.reason + " " for c in found if not c.confidence and c.named), "")
        homeless = squeezed(profile.name) in HOMELESS
        return FieldRule(
            source=profile.name,
            action=Action.CREATE,
            destination=name,
            type=inferred.type,
            label=title(profile.name),
            description=self._description(profile.name),
            transform=transform,
            options=options,
            choices=self._choices(inferred),
            raw_destination=self._companion(profile.name, inferred.misfits),
            confidence=round(0.98 if homeless else max(0.5, 0.96 - 0.5 * nearest), 3),
            reason=(refused or "No standard field means this, so it gets its own. ") + inferred.reason,
            alternatives=_alternatives(found, ""),
        )

    def _type(self, profile: FieldProfile) -> tuple[Inferred, str, dict[str, Any]]:
        network = network_of(profile.name)
        inferred = infer(profile, self.country)
        if network and profile.filled and inferred.type is not FieldType.LINKS:
            options = dict(NETWORKS[network])
            fit = measure(profile, "", Field(profile.name, "", FieldType.LINKS), self.country)
            if fit.share >= ENOUGH:
                reason = "Names on a social network become links to the profile; the name stays as the link's label."
                return Inferred(FieldType.LINKS, fit.share, fit.misfits, reason), "handle", options
        country = {"default_country": self.country} if inferred.type is FieldType.PHONES else {}
        return inferred, TRANSFORM_OF[inferred.type], country

    def _choices(self, inferred: Inferred) -> tuple[Choice, ...]:
        made: dict[str, Choice] = {}
        for text in inferred.options:
            value = self.naming.option(text, made.keys())
            made[value] = Choice(source=text, value=value, label=self.naming.option_label(text))
        return tuple(made.values())

    def _companion(self, source: str, misfits: Sequence[str]) -> str:
        """The name of the text field beside a field some of whose values cannot be turned."""
        if not misfits:
            return ""
        description = companion_description(source)
        made = next((f.name for f in self.target.fields if f.writable and f.description == description), None)
        name = made or self.naming.field(f"{source}_raw", self.taken)
        self.taken.add(name)
        return name

    def _name_from_key(self) -> FieldRule:
        return FieldRule(
            source="object_id",
            action=Action.MAP,
            destination="name",
            type=FieldType.TEXT,
            label="Name",
            confidence=0.8,
            reason="No attribute is called name or title, so the records are called by their id.",
        )


def _overlaps(destination: str, used: Collection[str]) -> bool:
    """Whether the destination is taken, or the whole of a part (or part of a whole) that is taken."""
    return any(
        destination == other or destination.startswith(f"{other}.") or other.startswith(f"{destination}.")
        for other in used
    )


def _alternatives(found: Sequence[Candidate], chosen: str) -> tuple[Alternative, ...]:
    others = [c for c in found if c.destination != chosen and c.confidence >= WORTH_NAMING]
    return tuple(Alternative(destination=c.destination, confidence=c.confidence) for c in others[:ALTERNATIVES])


def _raw_note(misfits: Sequence[str]) -> str:
    return f" What does not turn whole, such as “{misfits[0][:40]}”, is kept beside it as text." if misfits else ""
