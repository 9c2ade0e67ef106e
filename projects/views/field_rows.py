"""The field map as people read it: one row per source field, in words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.catalogue import FieldType
from mapping.profile import FieldProfile
from mapping.rules import Action, FieldRule, ObjectRule
from mapping.transforms import TRANSFORMS, Unturned, turn
from projects.pipeline.tags import TAGS

SURE = 0.85
CHECK = 0.7

TYPE_WORDS = {
    FieldType.TEXT: "text",
    FieldType.NUMBER: "number",
    FieldType.BOOLEAN: "yes or no",
    FieldType.DATE: "date",
    FieldType.DATE_TIME: "date and time",
    FieldType.SELECT: "select",
    FieldType.MULTI_SELECT: "multi-select",
    FieldType.ARRAY: "list",
    FieldType.RAW_JSON: "JSON, unchanged",
    FieldType.CURRENCY: "amount of money",
    FieldType.LINKS: "links",
    FieldType.EMAILS: "e-mail addresses",
    FieldType.PHONES: "phone numbers",
    FieldType.FULL_NAME: "name",
    FieldType.ADDRESS: "address",
    FieldType.RELATION: "link to a record",
    FieldType.RICH_TEXT: "formatted text",
}

PARTS = {
    "primaryEmail": "address",
    "additionalEmails": "further addresses",
    "primaryPhoneNumber": "number",
    "additionalPhones": "further numbers",
    "primaryLinkUrl": "link",
    "primaryLinkLabel": "label",
    "secondaryLinks": "further links",
    "amountMicros": "amount",
    "addressStreet1": "street",
    "addressStreet2": "street, second line",
    "addressPostcode": "postcode",
    "addressCity": "city",
    "addressState": "state",
    "addressCountry": "country",
    "primaryPhoneCallingCode": "calling code",
    "primaryPhoneCountryCode": "country",
    "currencyCode": "currency",
}

HARDEST = 6
"""Values that the side panel turns before the reader's eyes."""


def percent(part: int, whole: int) -> int:
    """A share as a whole number; 0 and 100 only where they are exact."""
    if not whole or part <= 0:
        return 0
    return 100 if part >= whole else min(99, max(1, round(100 * part / whole)))


def words_of(name: str) -> str:
    """An API name as words: `firstName` → `First name`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").lower()
    return spaced[:1].upper() + spaced[1:]


def place_of(rule: FieldRule) -> tuple[str, str]:
    """Where a field goes, as its name and its part: (`Phones`, `number`)."""
    field, _, part = rule.destination.partition(".")
    part = PARTS.get(part) or words_of(part.removeprefix(field)).lower()
    return rule.label or words_of(field), part


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One source field: what it holds, where it goes, how sure that is and why."""

    rule: FieldRule
    source: str
    samples: tuple[str, ...]
    percent: int | None
    field: str
    part: str
    is_new: bool
    is_left: bool
    what: str
    sure: str
    tone: str
    locked: str

    @property
    def group(self) -> str:
        """In which of the lists it stands: sure, check or left."""
        return "left" if self.is_left else "sure" if self.tone == "ok" else "check"


def field_row(owner: ObjectRule, rule: FieldRule, profile: FieldProfile | None) -> FieldRow:
    """A rule with its statistics, in words."""
    field, part = place_of(rule)
    sure, tone = _certainty(rule)
    tags = rule.source == TAGS
    samples = tuple(choice.label for choice in rule.choices[:3]) if tags else profile.samples[:2] if profile else ()
    return FieldRow(
        rule=rule,
        source="Segments" if tags else " + ".join((rule.source, *rule.also)),
        samples=samples,
        percent=percent(profile.filled, profile.total) if profile else None,
        field=field,
        part=part,
        is_new=rule.action in (Action.CREATE, Action.COMBINE),
        is_left=rule.action == Action.SKIP,
        what=_what(rule),
        sure=sure,
        tone=tone,
        locked=_locked(owner, rule),
    )


def _certainty(rule: FieldRule) -> tuple[str, str]:
    if rule.action == Action.SKIP:
        return "Left behind", "mute"
    if rule.decided_by and rule.decided_by != "Carryover":
        return "Decided", "ok"
    if rule.confidence >= SURE:
        return "Sure", "ok"
    return ("Check", "wait") if rule.confidence >= CHECK else ("Unsure", "bad")


def _what(rule: FieldRule) -> str:
    if rule.action == Action.SKIP:
        return ""
    words = TYPE_WORDS.get(rule.type, "") if rule.type else ""
    if rule.choices:
        words = f"{words}, {len(rule.choices)} options"
    return words


def _locked(owner: ObjectRule, rule: FieldRule) -> str:
    if rule.unique or (owner.match_on and rule.destination == owner.match_on):
        return "This field always goes along: by it we recognise the record."
    return ""


@dataclass(frozen=True, slots=True)
class Turned:
    """One value before and after."""

    before: str
    after: str
    problem: str


def hardest(rule: FieldRule, profile: FieldProfile | None) -> tuple[Turned, ...]:
    """The values most likely to go wrong, each turned by the rule's own transform."""
    if profile is None or rule.action == Action.COMBINE or rule.transform not in TRANSFORMS:
        return ()
    rare = [values[0] for values in reversed(list(profile.examples.values())) if values]
    values = dict.fromkeys([*rare, profile.longest, *profile.samples])
    options = dict(rule.options)
    if rule.choices:
        options["choices"] = {choice.source: choice.value for choice in rule.choices}
    turned = [_turned(rule, value, options) for value in values if value]
    return tuple(sorted(turned, key=lambda one: not one.problem)[:HARDEST])


def _turned(rule: FieldRule, value: str, options: Mapping[str, Any]) -> Turned:
    try:
        made = turn(rule.transform, value, options)
    except Unturned as problem:
        kept = "kept beside it as text" if rule.raw_destination else "stays in the record's page here"
        after = shown(problem.part) if problem.part is not None else ""
        return Turned(value, after, f"It {problem.reason}: {kept}.")
    return Turned(value, shown(made), "")


EMPTY: tuple[Any, ...] = (None, "", [], {})


def shown(value: Any) -> str:
    """A value as text for the eye: empty parts of a composite are left out."""
    if isinstance(value, Mapping):
        parts = {PARTS.get(name) or words_of(name): part for name, part in value.items() if part not in EMPTY}
        if len(parts) == 1:
            return shown(next(iter(parts.values())))
        return ", ".join(f"{name}: {shown(part)}" for name, part in parts.items())
    if isinstance(value, list):
        return ", ".join(shown(item) for item in value)
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
