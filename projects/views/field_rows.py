"""The field map as people read it: one row per source field, in words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.catalogue import FieldType
from mapping.choices import CHOOSING
from mapping.inference import infer
from mapping.masking import shape_of, without_quotes
from mapping.models import RowDecision
from mapping.parts import is_locked, part_digest
from mapping.profile import FieldProfile
from mapping.proposing.model import auto_accept
from mapping.rules import Action, ActivityRule, FieldRule, ObjectRule, OnError, RelationRule
from mapping.transforms import TRANSFORMS, Unturned, turn
from projects.pipeline.tags import TAGS

CHECK = 0.7
"""Confidence from which a proposal is worth a look; below it is a guess."""


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

HARDEST = 5
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


NEEDS, READY, LEFT, ALL = "needs", "ready", "left", "all"


@dataclass(frozen=True, slots=True)
class Stand:
    """A field of the map with where it stands: it needs somebody, is ready, or stays behind."""

    number: int
    rule: FieldRule
    state: str
    decided: RowDecision | None


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One source field: what it holds, where it goes, how sure that is and why."""

    number: int
    rule: FieldRule
    state: str
    source: str
    kind: str
    samples: tuple[str, ...]
    percent: int | None
    distinct: str
    field: str
    part: str
    is_new: bool
    is_left: bool
    what: str
    sure: str
    tone: str
    locked: str
    decided: str
    comments: int
    digest: str

    @property
    def chooses(self) -> bool:
        """Whether its values become options, so that each can be matched with one."""
        return self.rule.transform in CHOOSING


def stands(owner: ObjectRule, decisions: Mapping[tuple[str, str], RowDecision]) -> list[Stand]:
    """All fields of an object type in the map's order, each with where it stands."""
    found = []
    for number, rule in enumerate(owner.fields):
        decided = decisions.get((owner.source, rule.source))
        if decided and decided.digest != part_digest(rule, owner.destination):
            decided = None
        settled = decided or rule.decided_by or is_locked(owner, rule)
        state = NEEDS if not settled else LEFT if rule.action == Action.SKIP else READY
        found.append(Stand(number, rule, state, decided))
    return found


def field_row(
    owner: ObjectRule, stand: Stand, profile: FieldProfile | None, *, masked: bool = False, comments: int = 0
) -> FieldRow:
    """A rule with its statistics, in words."""
    rule = stand.rule
    field, part = place_of(rule)
    sure, tone = _certainty(stand)
    tags = rule.source == TAGS
    samples = tuple(choice.label for choice in rule.choices[:3]) if tags else profile.samples[:3] if profile else ()
    return FieldRow(
        number=stand.number,
        rule=rule,
        state=stand.state,
        source="Segments" if tags else " + ".join((rule.source, *rule.also)),
        kind=TYPE_WORDS.get(infer(profile).type, "") if profile else "",
        samples=tuple(shape_of(text) for text in samples) if masked and not tags else samples,
        percent=percent(profile.filled, profile.total) if profile else None,
        distinct=profile.distinct_label if profile else "",
        field=field,
        part=part,
        is_new=rule.action in (Action.CREATE, Action.COMBINE),
        is_left=rule.action == Action.SKIP,
        what=_what(rule),
        sure=sure,
        tone=tone,
        locked="This field always goes along: by it we recognise the record." if is_locked(owner, rule) else "",
        decided=_decider(stand),
        comments=comments,
        digest=part_digest(rule, owner.destination),
    )


def is_sure(rule: FieldRule | RelationRule | ActivityRule) -> bool:
    """Whether a proposal is good enough to be accepted together with others: the proposer's own measured threshold."""
    return rule.confidence >= auto_accept()


def how_sure(rule: FieldRule | RelationRule | ActivityRule) -> tuple[str, str]:
    """How sure a proposal is, as a word and its tone."""
    if is_sure(rule):
        return "Sure", "ok"
    return ("Check", "wait") if rule.confidence >= CHECK else ("Unsure", "bad")


def _certainty(stand: Stand) -> tuple[str, str]:
    if stand.state == LEFT:
        return "Left behind", "mute"
    if stand.state == READY:
        return "Decided" if _decider(stand) else "Settled", "ok"
    return how_sure(stand.rule)


def _decider(stand: Stand) -> str:
    """Who said yes to the row as it stands."""
    if stand.decided and stand.decided.by:
        return str(stand.decided.by)
    return stand.rule.decided_by if stand.rule.decided_by != "Carryover" else ""


def _what(rule: FieldRule) -> str:
    if rule.action == Action.SKIP:
        return ""
    words = TYPE_WORDS.get(rule.type, "") if rule.type else ""
    if rule.choices:
        words = f"{words}, {len(rule.choices)} options"
    return words


@dataclass(frozen=True, slots=True)
class Turned:
    """One value before and after."""

    before: str
    after: str
    problem: str


def hardest(rule: FieldRule, profile: FieldProfile | None, *, masked: bool = False) -> tuple[Turned, ...]:
    """The values most likely to go wrong, each turned by the rule's own transform: the worst ones first."""
    if profile is None or rule.action == Action.COMBINE or rule.transform not in TRANSFORMS:
        return ()
    rare = [values[0] for values in reversed(list(profile.examples.values())) if values]
    strange = [text for texts in profile.examples.values() for text in texts if not text.isascii()][:2]
    values = dict.fromkeys([*rare, *strange, profile.longest, *profile.samples])
    options = dict(rule.options)
    if rule.choices:
        options["choices"] = {choice.source: choice.value for choice in rule.choices}
    turned = [_turned(rule, value, options) for value in values if value]
    worst = sorted(turned, key=lambda one: (not one.problem, one.before.isascii(), -len(one.before)))[:HARDEST]
    if profile.filled < profile.total:
        empty = profile.total - profile.filled
        worst.append(Turned("", "", f"Empty in {empty:,} record{'s' * (empty != 1)}: nothing is written."))
    if masked:
        worst = [Turned(shape_of(one.before), shape_of(one.after), without_quotes(one.problem)) for one in worst]
    return tuple(worst)


def _turned(rule: FieldRule, value: str, options: Mapping[str, Any]) -> Turned:
    try:
        made = turn(rule.transform, value, options)
    except Unturned as problem:
        after = shown(problem.part) if problem.part is not None else ""
        return Turned(value, after, f"It {problem.reason}: {_fate(rule)}.")
    return Turned(value, shown(made), "")


def _fate(rule: FieldRule) -> str:
    """What becomes of a value that does not turn, as the end of a sentence."""
    if rule.on_error is OnError.HOLD:
        return "the record is held"
    if rule.on_error is OnError.EMPTY:
        return "the field stays empty, and it is listed"
    return "kept beside it as text" if rule.raw_destination else "it stays in the record's page here"


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
