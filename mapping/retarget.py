"""Sends a field somewhere else: onto a field that is there, or to one that will be made."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.catalogue import Field, FieldType, ObjectType
from connectors.naming import Naming
from mapping.composites import BLANKS, join_names
from mapping.fixed import BUILT_IN, NEW_OBJECT, RESERVED, companion_description, role_of
from mapping.inference import TRANSFORM_OF, infer, percent
from mapping.lexicon import title
from mapping.matcher import Fit, measure
from mapping.profile import FieldProfile
from mapping.rules import Action, Choice, FieldRule, ObjectRule, OnError
from mapping.transforms import TRANSFORMS

NEVER = frozenset({"id", "updatedAt", "deletedAt", "position", "searchVector", "createdBy", "updatedBy"})
"""Fields of every object that the migration or the destination fills by itself."""

HIDDEN_PARTS = frozenset({"addressLat", "addressLng", "primaryPhoneCallingCode", "primaryPhoneCountryCode",
                          "additionalPhones", "currencyCode", "primaryLinkLabel"})  # fmt: skip
"""Parts that are filled together with another one."""

WHOLE = frozenset({FieldType.FULL_NAME, FieldType.ADDRESS})
"""Types that take a whole value and split it themselves."""

MAKEABLE = (FieldType.TEXT, FieldType.NUMBER, FieldType.BOOLEAN, FieldType.DATE, FieldType.DATE_TIME,
            FieldType.SELECT, FieldType.MULTI_SELECT, FieldType.ARRAY, FieldType.LINKS, FieldType.EMAILS,
            FieldType.PHONES, FieldType.ADDRESS, FieldType.CURRENCY, FieldType.RAW_JSON)  # fmt: skip
"""Types that a customer can have a field made of, the plain ones first."""

ENOUGH = 0.98
MOST_OPTIONS = 200


@dataclass(frozen=True, slots=True)
class Target:
    """A place that a field could go to. `share` of its values fits; `loses` says in words what would not."""

    destination: str
    label: str
    part: str
    type: FieldType
    share: float
    loses: str
    taken_by: str = ""

    @property
    def fits(self) -> bool:
        """Whether nothing (or next to nothing) would have to be kept elsewhere."""
        return not self.loses


def target_object(owner: ObjectRule, found: ObjectType | None) -> ObjectType:
    """The object a rule lands on; what every new object has, where it is still to be made."""
    return found if found is not None and not owner.create else NEW_OBJECT


def places(owner: ObjectRule, rule: FieldRule, target: ObjectType, profile: FieldProfile, country: str) -> list[Target]:
    """Every place that is there already, those that fit first, each with what would be lost."""
    taken = {other.destination: other.source for other in owner.fields if other is not rule and other.destination}
    found = [
        _place(field, destination, profile, country, taken)
        for field in target.fields
        if field.writable and field.name not in NEVER and field.type in TRANSFORM_OF
        for destination in _destinations(field)
    ]
    likely = infer(profile, country).type

    def rank(place: Target) -> tuple[bool, bool, bool, str, str]:
        return not place.fits, place.type != likely, bool(place.taken_by), place.label.lower(), place.part

    return sorted(found, key=rank)


def _destinations(field: Field) -> list[str]:
    if field.type not in BLANKS:
        return [field.name]
    parts = [f"{field.name}.{part}" for part in BLANKS[field.type]() if part not in HIDDEN_PARTS]
    return [field.name, *parts] if field.type in WHOLE else parts


def _place(field: Field, destination: str, profile: FieldProfile, country: str, taken: Mapping[str, str]) -> Target:
    fit = measure(profile, destination, field, country)
    loses = ""
    if fit.share < ENOUGH:
        example = f", such as “{fit.misfits[0][:40]}”," if fit.misfits else ""
        whole = "No value" if fit.share <= 0 else f"Only {percent(fit.share)}"
        loses = f"{whole} would fit; the rest{example} would have to stay beside it as text."
    return Target(destination, field.label, destination.partition(".")[2], field.type, fit.share, loses,
                  taken.get(destination, ""))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for. Empty parts are chosen by the values; `destination` is empty for a new field."""

    destination: str = ""
    label: str = ""
    type: FieldType | None = None
    transform: str = ""
    options: Mapping[str, Any] | None = None
    on_error: OnError = OnError.KEEP_RAW


class Impossible(Exception):
    """What was asked for cannot be; `str()` says why."""


def retarget(owner: ObjectRule, rule: FieldRule, target: ObjectType, profile: FieldProfile,
             naming: Naming, wish: Wish, country: str) -> FieldRule:  # fmt: skip
    """The rule as it was wished for; the digest of a rule that stays as it is does not change."""
    field = _field(owner, rule, target, naming, wish)
    stays = wish.destination == rule.destination and rule.action != Action.SKIP
    fit = measure(profile, wish.destination or field.name, field, country)
    choices = rule.choices if stays and rule.choices else choices_for(field, profile, fit, naming)
    fit = _covered(fit, field, profile, choices)
    transform = wish.transform or (rule.transform if stays else fit.transform)
    options = dict(rule.options if stays and transform == rule.transform else {})
    if transform == fit.transform and not options:
        options = dict(fit.options)
    if wish.options is not None:
        options = {**options, **wish.options}
        options = {name: value for name, value in options.items() if value not in ("", None, False)}
    made = wish.destination in ("", rule.destination) and rule.action in (Action.CREATE, Action.COMBINE)
    creates = not wish.destination or (stays and made)
    changed = rule.model_copy(update={
        "action": (rule.action if stays else Action.CREATE) if creates else Action.MAP,
        "destination": wish.destination or field.name,
        "type": field.type,
        "label": field.label,
        "description": _description(owner, rule) if creates and not rule.description else rule.description,
        "transform": transform,
        "options": options,
        "choices": choices,
        "on_error": wish.on_error,
        "also": rule.also if stays else (),
    })  # fmt: skip
    if changed.action is Action.MAP:
        changed = changed.model_copy(update={"description": ""})
    return with_companion(owner, changed, target, naming, fit)


def _field(owner: ObjectRule, rule: FieldRule, target: ObjectType, naming: Naming, wish: Wish) -> Field:
    if wish.destination:
        name = wish.destination.partition(".")[0]
        if wish.destination == rule.destination and rule.type and rule.action != Action.MAP:
            return Field(name, wish.label or rule.label, rule.type)
        found = target.field(name)
        if found is not None:
            return found
        raise Impossible(f"{owner.destination} has no field “{name}”: choose one from the list.")
    kind = wish.type or FieldType.TEXT
    if kind not in MAKEABLE:
        raise Impossible(f"A field of type {kind} cannot be made.")
    label = wish.label.strip() or title(rule.source)
    return Field(naming.field(label, names_taken(owner, target, rule)), label, kind)


def names_taken(owner: ObjectRule, target: ObjectType, but: FieldRule | None = None) -> set[str]:
    """API names that a new field of this object cannot have."""
    taken = {*BUILT_IN, *RESERVED}
    for field in target.fields:
        taken |= {field.name, *join_names(field.name, field.type), field.join_column} - {""}
    for rule in owner.fields:
        if rule is not but and rule.action != Action.SKIP:
            taken |= {rule.field, rule.raw_destination} - {""}
            if rule.type:
                taken |= set(join_names(rule.field, rule.type))
    return taken


def _description(owner: ObjectRule, rule: FieldRule) -> str:
    label = owner.label or title(owner.source)
    return f"Customer.io {role_of(owner.source).noun(label)} attribute {rule.source}"


def choices_for(field: Field, profile: FieldProfile, fit: Fit, naming: Naming) -> tuple[Choice, ...]:
    """Options for a select field: those that the field has, or for a new one, what its values are."""
    if field.type not in (FieldType.SELECT, FieldType.MULTI_SELECT):
        return ()
    if field.options or fit.choices:
        return fit.choices
    values = [text for text, _ in profile.values[:MOST_OPTIONS]] or list(infer(profile).options)
    return new_choices(values, (), naming)


def _covered(fit: Fit, field: Field, profile: FieldProfile, choices: Sequence[Choice]) -> Fit:
    """How a select field fits once it has its options: what has none does not."""
    if field.type is not FieldType.SELECT:
        return fit
    if not choices and profile.filled:
        many = f"has {profile.distinct_label} different values" if not profile.values else "has no usual values"
        raise Impossible(f"“{profile.name}” {many}: a select field would lose them. Make it a text field.")
    known = {choice.source for choice in choices}
    misfits = tuple(text for text, _ in profile.values if text not in known)
    filled = sum(count for text, count in profile.values if text in known)
    return Fit(filled / max(1, profile.filled), misfits, fit.transform, fit.options, fit.choices)


def new_choices(values: Sequence[str], standing: Sequence[Choice], naming: Naming) -> tuple[Choice, ...]:
    """An option of its own for each value, with a legal name that is free."""
    made = list(standing)
    for text in values:
        value = naming.option(text, {choice.value for choice in made})
        made.append(Choice(source=text, value=value, label=naming.option_label(text)))
    return tuple(made)


def with_companion(owner: ObjectRule, rule: FieldRule, target: ObjectType, naming: Naming, fit: Fit) -> FieldRule:
    """The rule with the text field beside it, where something may not turn and is to be kept."""
    if rule.on_error is not OnError.KEEP_RAW:
        return rule.model_copy(update={"raw_destination": ""})
    if rule.raw_destination or not (fit.misfits or rule.transform != fit.transform) or _is_certain(rule):
        return rule
    description = companion_description(rule.source)
    made = next((field.name for field in target.fields if field.writable and field.description == description), "")
    taken: Collection[str] = names_taken(owner, target, rule) | {rule.field}
    return rule.model_copy(update={"raw_destination": made or naming.field(f"{rule.source}_raw", taken)})


def _is_certain(rule: FieldRule) -> bool:
    found = TRANSFORMS.get(rule.transform)
    return found is not None and found.certain


def resettled(
    owner: ObjectRule, target: ObjectType, profiles: Mapping[str, FieldProfile], naming: Naming, country: str
) -> ObjectRule:
    """An object type that lands on another object, with its fields: what has no place there gets a field of its own.

    A field to be made is renamed where the object has one of that name already.
    """
    standing = {field.name: field for field in target.fields}
    fields: list[FieldRule] = []
    for rule in owner.fields:
        so_far = owner.model_copy(update={"fields": (*fields, *owner.fields[len(fields) :])})
        there = standing.get(rule.field)
        homeless = rule.action is Action.MAP and (there is None or there.type != rule.type)
        collides = rule.action in (Action.CREATE, Action.COMBINE) and there is not None
        if homeless:
            profile = profiles.get(rule.source) or FieldProfile.of_values(rule.source, ())
            kind = rule.type if rule.type in MAKEABLE else infer(profile, country).type
            wish = Wish(label=title(rule.source), type=kind if kind in MAKEABLE else FieldType.TEXT)
            try:
                rule = retarget(so_far, rule, target, profile, naming, wish, country)
            except Impossible:  # a select of too many values
                rule = retarget(so_far, rule, target, profile, naming, replace(wish, type=FieldType.TEXT), country)
        elif collides and there is not None and there.description != rule.description:
            name = naming.field(rule.label or rule.source, names_taken(so_far, target, rule))
            rule = rule.model_copy(update={"destination": ".".join([name, *rule.destination.split(".")[1:]])})
        fields.append(rule)
    return owner.model_copy(update={"fields": tuple(fields)})
