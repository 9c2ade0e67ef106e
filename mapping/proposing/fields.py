"""The rules for the fields of one object: what is fixed, what has a home, what is put together, what is made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.catalogue import Field, FieldType, ObjectType
from connectors.naming import Naming
from mapping.composites import join_names
from mapping.fixed import (
    BUILT_IN,
    COMPANION,
    COMPANY,
    CUSTOM,
    FIXED,
    NEW_OBJECT,
    PERSON,
    RESERVED,
    Fixed,
    Role,
    companion_description,
)
from mapping.inference import ENOUGH, Inferred, infer
from mapping.lexicon import NETWORKS, network_of, squeezed, title
from mapping.matcher import Fit, measure
from mapping.profile import FieldProfile
from mapping.proposing.candidates import Candidate, Weighed, weigh
from mapping.proposing.choosing import Settled, choose
from mapping.proposing.evidence import evidence
from mapping.proposing.history import Confirmed, remember
from mapping.proposing.names import Reading
from mapping.proposing.objects import address_part
from mapping.proposing.reasons import why_created, why_mapped, why_other
from mapping.proposing.reranking import Reranker, reranked
from mapping.rules import Action, Alternative, Choice, FieldRule

ALTERNATIVES = 2
WORTH_NAMING = 0.0002
KEY = "domainName.primaryLinkUrl"
CERTAIN = 9.0
"""The utility of what is not a matter of guessing."""

FIXED_CONFIDENCE = 0.99
TOGETHER = ", "
ADDRESS_PARTS = 2
"""So many parts of an address, and they are put together into one field."""


class FieldProposals:
    """Proposes the fields of one object type; remembers the names it has given out."""

    def __init__(
        self,
        role: Role,
        label: str,
        target: ObjectType | None,
        naming: Naming,
        country: str,
        known: Mapping[str, Confirmed],
        reranker: Reranker | None,
        doubt: float = 0.0,
    ) -> None:
        self.role = role
        self.object_label = label
        self.target = target or NEW_OBJECT
        self.naming = naming
        self.country = country
        self.known = known
        self.reranker = reranker
        self.doubt = doubt
        self.describe = f"Customer.io {role.noun(label)} attribute"
        # What an earlier migration made belongs to the attribute it was made for, and the rest to the migration.
        theirs = tuple(
            f
            for f in self.target.fields
            if f.name not in RESERVED and not f.description.startswith((self.describe, COMPANION))
        )
        self.open_target = replace(self.target, fields=theirs)
        self.names: dict[str, str] = {}
        self.raw_names: dict[str, str] = {}
        self.inferred: dict[str, tuple[Inferred, str, dict[str, Any]]] = {}
        self.taken = {*BUILT_IN, *RESERVED}
        for field in self.target.fields:
            self.taken |= {field.name, *join_names(field.name, field.type)}
            self.taken |= {field.join_column} - {""}

    def rules(self, profiles: Sequence[FieldProfile]) -> tuple[FieldRule, ...]:
        """One rule per field; the fixed ones come first."""
        known = {profile.name: profile for profile in profiles}
        fixed = [plan for plan in FIXED[self.role.key] if plan.always or plan.source in known]
        free = [profile for profile in profiles if profile.name not in {plan.source for plan in fixed}]
        # Where no field is called like a fixed one, another may take its place: an `E-Mail` that is no `email`.
        used = {plan.destination for plan in fixed if plan.source in known or plan.create}
        # Where two fields are equally good the plainer name wins, whichever of them was found first.
        plainest = sorted(free, key=lambda profile: (profile.name != profile.name.lower(), profile.name))
        found = {made.weighed.profile.name: made for made in choose(self._weighed(plainest), used, self.doubt)}
        settled = [found[profile.name] for profile in free]
        claimed = {made.chosen.destination for made in settled if made.chosen}
        fixed = [plan for plan in fixed if plan.source in known or plan.destination not in claimed]
        self.taken |= {plan.destination.partition(".")[0] for plan in fixed}
        addresses = self._addresses(settled)
        self._name([made for made in settled if not made.chosen and made.weighed.profile.name not in addresses], known)
        rules = [self._fixed(plan, known.get(plan.source) or FieldProfile.of_values(plan.source, ())) for plan in fixed]
        rules += [
            self._mapped(made, made.chosen)
            if made.chosen
            else self._combined(made, *addresses[made.weighed.profile.name])
            if made.weighed.profile.name in addresses
            else self._created(made)
            for made in settled
        ]
        if self.role is CUSTOM and not any(rule.destination == "name" for rule in rules):
            rules.append(self._name_from_key())
        return tuple(self._ordered(rules))

    def _name(self, own: Sequence[Settled], known: Mapping[str, FieldProfile]) -> None:
        """Gives out all new names at once, so that the order in which the fields are found does not matter."""
        self.inferred = {made.weighed.profile.name: self._type(made.weighed.profile) for made in own}
        types = {source: found.type for source, (found, _, _) in self.inferred.items()}
        self.names = self._free_names(types)
        sources = {*known, *(plan.source for plan in FIXED[self.role.key])}
        raw = self.naming.fields({f"{source}_raw" for source in sources}, self.taken)
        self.raw_names = {source: raw[f"{source}_raw"] for source in sources}
        others = self.naming.fields(sources - types.keys(), {*self.taken, *raw.values()})
        self.names |= others

    def _free_names(self, types: Mapping[str, FieldType]) -> dict[str, str]:
        """A name for each source field; none is a column that another of them makes."""
        blocked = set(self.taken)
        while True:
            names = dict(self.naming.fields(types.keys(), blocked))
            columns = {column for source, type in types.items() for column in join_names(names[source], type)}
            if not columns & set(names.values()):
                self.taken |= {*names.values(), *columns}
                return names
            blocked |= columns

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

    def _weighed(self, profiles: Sequence[FieldProfile]) -> list[Weighed]:
        """What each field could mean; what was made for it before or confirmed before comes first."""
        if not self.role.guesses:
            found = [Weighed(profile, Reading({}), evidence(profile), ()) for profile in profiles]
        else:
            found = weigh(profiles, self.role.key, self.object_label, self.open_target, self.country)
        found = [remember(item, self.known.get(squeezed(item.profile.name))) for item in found]
        if self.reranker is not None:
            found = reranked(found, self.reranker, self.role.key)
        return [self._as_made_before(item) for item in found]

    def _as_made_before(self, item: Weighed) -> Weighed:
        made = self._made_before(item.profile.name)
        if made is None:
            return item
        reason = "This field was made for the attribute before."
        return replace(item, candidates=(Candidate(made.name, made, "", {"named": 1.0}, CERTAIN, confirmed=reason),))

    def _made_before(self, source: str) -> Field | None:
        description = self._description(source)
        return next((f for f in self.target.fields if f.writable and f.description == description), None)

    def _description(self, source: str) -> str:
        return f"{self.describe} {source}"

    def _fixed(self, plan: Fixed, profile: FieldProfile) -> FieldRule:
        standing = self.target.field(plan.destination.split(".")[0])
        if not plan.create and (standing is None or not standing.writable):
            bare = Weighed(profile, Reading({}), evidence(profile), ())
            return self._created(Settled(bare, None, FIXED_CONFIDENCE))
        if plan.create and standing is None:
            standing = Field(plan.destination, plan.label, plan.type)
            action = Action.CREATE
        else:
            action = Action.MAP
        if standing is None:
            raise AssertionError("A fixed field that is not made stands in the catalogue.")
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
            confidence=FIXED_CONFIDENCE,
            reason=plan.reason,
        )

    def _mapped(self, made: Settled, home: Candidate) -> FieldRule:
        profile = made.weighed.profile
        fit = measure(profile, home.destination, home.field, self.country)
        return FieldRule(
            source=profile.name,
            action=Action.MAP,
            destination=home.destination,
            type=home.field.type,
            label=home.field.label,
            transform=fit.transform,
            options=dict(fit.options),
            choices=fit.choices,
            raw_destination=self._companion(profile.name, fit.misfits),
            confidence=made.confidence,
            reason=why_mapped(made, home) + _currency_note(fit) + _raw_note(fit.misfits),
            alternatives=(*_alternatives(made, ALTERNATIVES - 1), self._own_field(made)),
        )

    def _own_field(self, made: Settled) -> Alternative:
        """The alternative to a home: a field of its own, as it would be called."""
        profile = made.weighed.profile
        inferred, _, _ = self._type(profile)
        return Alternative(
            destination=self.names[profile.name],
            confidence=round(made.none, 3),
            type=inferred.type,
            reason="A new field of its own.",
        )

    def _created(self, made: Settled) -> FieldRule:
        profile = made.weighed.profile
        inferred, transform, options = self.inferred.get(profile.name) or self._type(profile)
        return FieldRule(
            source=profile.name,
            action=Action.CREATE,
            destination=self.names[profile.name],
            type=inferred.type,
            label=title(profile.name),
            description=self._description(profile.name),
            transform=transform,
            options=options,
            choices=self._choices(inferred),
            raw_destination=self._companion(profile.name, inferred.misfits),
            confidence=made.confidence,
            reason=f"{why_created(made)} {inferred.reason}",
            alternatives=_alternatives(made, ALTERNATIVES),
        )

    def _addresses(self, settled: Sequence[Settled]) -> dict[str, tuple[str, str, Sequence[str]]]:
        """Source field → address field to be made, its part, and all its sources, where an address has no home."""
        if self.role not in (PERSON, COMPANY):
            return {}
        groups: dict[str, dict[str, str]] = {}
        for made in sorted(settled, key=lambda made: made.weighed.profile.name):
            part = address_part(made)
            if part:
                groups.setdefault(made.weighed.reading.group, {}).setdefault(part, made.weighed.profile.name)
        # What is left over of an address that has its place is no address.
        placed = {made.weighed.reading.group for made in settled if _is_in_address(made)}
        groups = {g: sources for g, sources in groups.items() if len(sources) >= ADDRESS_PARTS and g not in placed}
        before = {group: self._address_before(sources.values()) for group, sources in groups.items()}
        wanted = {f"{group or 'postal'} address" for group in groups if not before[group]}
        names = self.naming.fields(wanted, self.taken)
        for name in names.values():
            self.taken |= {name, *join_names(name, FieldType.ADDRESS)}
        return {
            source: (before[group] or names[f"{group or 'postal'} address"], part, tuple(sorted(sources.values())))
            for group, sources in groups.items()
            for part, source in sources.items()
        }

    def _address_before(self, sources: Collection[str]) -> str:
        """The address field that an earlier migration made of one of these attributes, by its description."""
        start = f"{self.describe}s "
        for found in self.target.fields:
            is_ours = found.writable and found.type is FieldType.ADDRESS and found.description.startswith(start)
            if is_ours and set(found.description.removeprefix(start).split(TOGETHER)) & set(sources):
                return found.name
        return ""

    def _combined(self, made: Settled, name: str, part: str, sources: Sequence[str]) -> FieldRule:
        profile = made.weighed.profile
        destination = f"{name}.{part}"
        standing = self.target.field(name)
        address = standing or Field(name, title(name), FieldType.ADDRESS)
        fit = measure(profile, destination, address, self.country)
        whole = fit.transform == "address"
        together = ", ".join(f"“{source}”" for source in sources)
        return FieldRule(
            source=profile.name,
            action=Action.MAP if standing else Action.COMBINE,
            destination=destination,
            type=FieldType.ADDRESS,
            label=address.label,
            description="" if standing else f"{self.describe}s {TOGETHER.join(sources)}",
            transform="trim" if whole else fit.transform,
            options={} if whole else dict(fit.options),
            raw_destination=self._companion(profile.name, () if whole else fit.misfits),
            confidence=made.confidence,
            reason=f"{self._without_address()}: {together} make one new field.",
            alternatives=_alternatives(made, ALTERNATIVES),
        )

    def _without_address(self) -> str:
        has = any(field.writable and field.type is FieldType.ADDRESS for field in self.open_target.fields)
        return (
            f"Another has the address of {self.target.label}"
            if has
            else f"{self.target.label} has no address of its own"
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
        return inferred, inferred.transform, dict(inferred.settings)

    def _choices(self, inferred: Inferred) -> tuple[Choice, ...]:
        values = self.naming.options(inferred.options, ())
        return tuple(
            Choice(source=text, value=values[text], label=self.naming.option_label(text)) for text in inferred.options
        )

    def _companion(self, source: str, misfits: Sequence[str]) -> str:
        """The name of the text field beside a field some of whose values cannot be turned."""
        if not misfits:
            return ""
        description = companion_description(source)
        made = next((f.name for f in self.target.fields if f.writable and f.description == description), None)
        return made or self.raw_names[source]

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


def _is_in_address(made: Settled) -> bool:
    return made.chosen is not None and made.chosen.field.type is FieldType.ADDRESS


def _alternatives(made: Settled, most: int) -> tuple[Alternative, ...]:
    return tuple(
        Alternative(
            destination=candidate.destination,
            confidence=round(chance, 3),
            type=candidate.field.type,
            reason=why_other(made, candidate),
        )
        for candidate, chance in made.others[:most]
        if chance >= WORTH_NAMING
    )


def _currency_note(fit: Fit) -> str:
    if fit.transform != "currency":
        return ""
    return (
        f" Where an amount names no currency it is read as {fit.options.get('currency')}, that of the default country."
    )


def _raw_note(misfits: Sequence[str]) -> str:
    return f" What does not turn whole, such as “{misfits[0][:40]}”, is kept beside it as text." if misfits else ""
