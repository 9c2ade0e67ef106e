"""Infers a field's type from the look of its values: lossless before pretty, and honest about what does not fit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.catalogue import FieldType
from mapping.days import folded
from mapping.figures import COMMA, mark_of
from mapping.kinds import (
    EMAILS,
    FALSE_WORDS,
    LOCAL_DAYS,
    LOCAL_NUMBERS,
    LOCAL_TIMES,
    MONEYS,
    NUMBERS,
    TIMES,
    TRUE_WORDS,
    WEB,
    Kind,
)
from mapping.lexicon import words
from mapping.profile import FieldProfile
from mapping.reading import TRANSFORM_OF, Reading, attempt, reading_of, tried

__all__ = [
    "ENOUGH",
    "MISFITS",
    "TRANSFORM_OF",
    "Inferred",
    "infer",
    "is_identifier",
    "others",
    "percent",
    "share",
]

ENOUGH = 0.95
"""Share of values that must fit a type for it to be proposed; the rest goes to a companion field."""

MISFITS = 5
OPTIONS = 30
OPTION_LENGTH = 60
OPTION_SHARE = 0.2
SELECT_FILLED = 20
"""With fewer values than this, repetition proves nothing."""

ID_WORDS = frozenset(
    words(
        "id ids uuid guid key ref reference code zip zipcode postal postcode plz sku ssn ein iban vat isbn hash"
        " token version number no phone mobile fax tel telephone extension ip mac barcode serial"
        " dni cpf cnpj nif nie rut siret siren ust bsn cap cep cp ean gtin imei"
    )
)
PHONE_WORDS = frozenset(
    {"phone", "phones", "mobile", "cell", "cellphone", "telephone", "tel", "fax", "msisdn", "whatsapp"}
)
TIME_WORDS = frozenset(
    words(
        "at on date time datetime timestamp ts since until day birthday birthdate dob created updated modified"
        " expires expiry start end seen deadline"
    )
)
WEB_WORDS = frozenset({"url", "uri", "website", "site", "link", "homepage", "web"})
FLAG_WORDS = frozenset({"is", "has", "can", "was", "should", "did", "does", "allow", "allows", "wants"})
FLAG_ENDINGS = frozenset(
    words("enabled disabled active flag confirmed verified subscribed unsubscribed optin optout in out consent")
)


@dataclass(frozen=True, slots=True)
class Inferred:
    """The type that suits a field, the share of its values that fit, and some that do not.

    `options` are the values a select field would offer, most frequent first. `transform` and `settings` are how
    a value is read: without the settings, which the whole column decided, fewer values would turn.
    """

    type: FieldType
    fit: float
    misfits: tuple[str, ...]
    reason: str
    options: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def transform(self) -> str:
        """The transform that reads the values."""
        return TRANSFORM_OF[self.type]


def share(profile: FieldProfile, kinds: Collection[str]) -> float:
    """The share of a field's values that look like one of the kinds."""
    return sum(count for kind, count in profile.kinds.items() if kind in kinds) / max(1, profile.filled)


def percent(part: float) -> str:
    """A share in words for people; 100 % is only said when it is all of them."""
    return "all" if part >= 1 else f"{min(99.9, round(part * 100, 1)):g} %"


def others(profile: FieldProfile, kinds: Collection[str]) -> tuple[str, ...]:
    """Some values that look like none of the kinds."""
    found = [text for kind, texts in profile.examples.items() if kind not in kinds for text in texts]
    return tuple(found[:MISFITS])


def infer(profile: FieldProfile, default_country: str = "US") -> Inferred:
    """The safest type that says what the values are; TEXT whenever something would be lost."""
    if not profile.filled:
        return Inferred(FieldType.TEXT, 1.0, (), "No record has a value, so it stays text.")
    for guess in GUESSES:
        found = guess(profile, default_country)
        if found is not None:
            by_country = found.type in (FieldType.PHONES, FieldType.ADDRESS)
            return replace(found, settings={"default_country": default_country}) if by_country else found
    return Inferred(FieldType.TEXT, 1.0, (), _why_text(profile))


def is_identifier(name: str) -> bool:
    """Whether a name says that its values are codes: nothing to calculate with, whatever they look like."""
    return bool(set(words(name)[-1:]) & ID_WORDS)


def _typed(type: FieldType, profile: FieldProfile, kinds: Collection[str], what: str) -> Inferred | None:
    fit = share(profile, kinds)
    if fit < ENOUGH:
        return None
    misfits = others(profile, kinds)
    reason = f"{percent(fit).capitalize()} of the {profile.filled:,} values are {what}."
    if misfits:
        reason += f" The others, such as “{misfits[0][:40]}”, are kept as they are in a text field beside it."
    return Inferred(type, fit, misfits, reason)


def _read(type: FieldType, profile: FieldProfile, reading: Reading, what: str) -> Inferred | None:
    """The type with the options of a reading, if enough values turn when they are tried."""
    fit, misfits = tried(profile, reading)
    if fit < ENOUGH:
        return None
    reason = f"{percent(fit).capitalize()} of the {profile.filled:,} values are {what}. {reading.why}".rstrip()
    if misfits:
        reason += f" What does not turn whole, such as “{misfits[0][:40]}”, is kept in a text field beside it."
    return Inferred(type, fit, misfits[:MISFITS], reason, settings=reading.options)


def _structured(profile: FieldProfile, country: str) -> Inferred | None:
    if not share(profile, {Kind.STRINGS, Kind.JSON, Kind.ADDRESS}):
        return None
    address = None
    if share(profile, {Kind.ADDRESS}) >= ENOUGH:
        address = _typed(FieldType.ADDRESS, profile, {Kind.ADDRESS}, "addresses in parts")
    return (
        address
        or _typed(FieldType.ARRAY, profile, {Kind.STRINGS}, "lists of texts")
        or _typed(FieldType.RAW_JSON, profile, {Kind.STRINGS, Kind.JSON, Kind.ADDRESS}, "JSON objects or lists")
    )


def _phones(profile: FieldProfile, country: str) -> Inferred | None:
    named = bool(set(words(profile.name)) & PHONE_WORDS)
    digits = {Kind.INTEGER, Kind.EPOCH, Kind.CODE, Kind.COMMA_NUMBER, Kind.POINT_NUMBER}
    kinds = {Kind.PHONE, *digits} if named else {Kind.PHONE}
    found = _typed(FieldType.PHONES, profile, kinds, "telephone numbers")
    if found is None:
        return None
    tried = [text for kind in kinds for text in profile.examples.get(kind, ())]
    refused = [text for text in tried if not attempt("phone", text, {"default_country": country})[1]]
    if not named and (refused or not all(text.startswith("+") for text in tried)):
        return None
    if len(refused) > len(tried) * (1 - ENOUGH) and len(refused) > 2 and len(refused) * 2 > len(tried):
        return None
    misfits = tuple([*found.misfits, *refused][:MISFITS])
    if not refused:
        return found
    reason = (
        f"Named like a telephone number. Some values, such as “{refused[0][:40]}”, are not complete or not valid;"
        " they are kept as they are in a text field beside it."
    )
    return Inferred(FieldType.PHONES, found.fit * (1 - len(refused) / len(tried)), misfits, reason)


def _contact(profile: FieldProfile, country: str) -> Inferred | None:
    web = {*WEB, Kind.DOMAIN} if set(words(profile.name)) & WEB_WORDS else WEB
    return _emails(profile) or _typed(FieldType.LINKS, profile, web, "web addresses") or _money(profile, country)


def _emails(profile: FieldProfile) -> Inferred | None:
    found = _typed(FieldType.EMAILS, profile, EMAILS, "e-mail addresses")
    more = profile.examples.get(Kind.EMAIL_AND_MORE, ())
    if found is None or not more:
        return found
    reason = f"{found.reason} Some, such as “{more[0][:40]}”, say more than the address: they are kept whole beside it."
    return replace(found, misfits=(*more, *found.misfits)[:MISFITS], reason=reason)


def _money(profile: FieldProfile, country: str) -> Inferred | None:
    if share(profile, MONEYS) < ENOUGH:
        return None
    return _read(FieldType.CURRENCY, profile, reading_of(profile, FieldType.CURRENCY, country), "amounts of money")


def _boolean(profile: FieldProfile, country: str) -> Inferred | None:
    if is_identifier(profile.name):
        return None
    named = words(profile.name)
    flag = bool(set(named[:1]) & FLAG_WORDS or set(named[-1:]) & FLAG_ENDINGS)
    spoken = _spoken(profile)
    if spoken is not None:
        return spoken
    only_bits = not share(profile, {Kind.BOOLEAN})
    kinds = {Kind.BOOLEAN, Kind.BIT} if flag or not only_bits else {Kind.BOOLEAN}
    return _typed(FieldType.BOOLEAN, profile, kinds, "true or false" if not only_bits else "0 or 1, as the name says")


def _spoken(profile: FieldProfile) -> Inferred | None:
    """Yes and no in some language: only where the column has both, since “si” or “n” alone may mean anything."""
    answers = {text: folded(text.strip()) for text, _ in profile.values if len(text) <= 12}
    said = set(answers.values())
    if not (said & TRUE_WORDS and said & FALSE_WORDS) or not said - {"0", "1"}:
        return None
    return _read(FieldType.BOOLEAN, profile, Reading("boolean"), "words for yes and no")


def _times(profile: FieldProfile, country: str) -> Inferred | None:
    if share(profile, LOCAL_DAYS | LOCAL_TIMES):
        return _local_times(profile)
    day = _typed(FieldType.DATE, profile, {Kind.DATE}, "calendar dates")
    if day:
        return day
    if has_time_name(profile.name) and share(profile, {Kind.EPOCH}) >= ENOUGH:
        return _typed(FieldType.DATE_TIME, profile, {Kind.EPOCH}, "Unix times, as the name says")
    if not share(profile, TIMES - {Kind.DATE}):
        return None
    found = _typed(FieldType.DATE_TIME, profile, TIMES, "times")
    if found is None or not profile.kinds.get(Kind.DATE_TIME_FINE):
        return found
    fine = profile.examples.get(Kind.DATE_TIME_FINE, ())
    reason = f"{found.reason} Some are finer than milliseconds; those are kept whole in a text field beside it."
    return replace(found, misfits=(*fine, *found.misfits)[:MISFITS], reason=reason)


def _local_times(profile: FieldProfile) -> Inferred | None:
    if share(profile, LOCAL_DAYS | LOCAL_TIMES | TIMES) < ENOUGH:
        return None
    reading = reading_of(profile, FieldType.DATE)
    if share(profile, LOCAL_DAYS | {Kind.DATE}) >= ENOUGH:
        return _read(FieldType.DATE, profile, reading, "calendar dates")
    why = f"{reading.why} Times without an offset are read as UTC."
    return _read(FieldType.DATE_TIME, profile, Reading("datetime", reading.options, why.strip()), "times")


def has_time_name(name: str) -> bool:
    """Whether a name says when something was: `created_at`, `last_seen`, `renewal_date`."""
    named = words(name)
    return bool(set(named[-1:]) & TIME_WORDS or (named[:1] == ["last"] and named[-1:] and named[-1].endswith("ed")))


def _numbers(profile: FieldProfile, country: str) -> Inferred | None:
    if is_identifier(profile.name) or profile.kinds.get(Kind.CODE):
        return None
    if share(profile, {Kind.PERCENT}) == 1:
        return _read(FieldType.NUMBER, profile, reading_of(profile, FieldType.NUMBER, country), "percentages")
    if share(profile, LOCAL_NUMBERS):
        return _local_numbers(profile, country)
    if _may_be_thousands(profile, country):
        return None
    return _typed(FieldType.NUMBER, profile, NUMBERS, "plain numbers")


def _may_be_thousands(profile: FieldProfile, country: str) -> bool:
    """Whether each fraction has three digits, where the country writes thousands so: `1.234` may be either."""
    kinds = profile.kinds
    return bool(kinds.get(Kind.THREE_DECIMALS)) and not kinds.get(Kind.DECIMAL) and mark_of(country) == COMMA


def _local_numbers(profile: FieldProfile, country: str) -> Inferred | None:
    reading = reading_of(profile, FieldType.NUMBER, country)
    if "decimal" not in reading.options or share(profile, NUMBERS | LOCAL_NUMBERS) < ENOUGH:
        return None
    return _read(FieldType.NUMBER, profile, reading, "numbers")


def _lists(profile: FieldProfile, country: str) -> Inferred | None:
    """Lists of few different entries become a multi-select: as JSON, or with a separator that the column shows."""
    if profile.filled < SELECT_FILLED or len(profile.values) < 2:
        return None
    if share(profile, {Kind.STRINGS}) == 1:
        return _several(profile, [json.loads(text) for text, _ in profile.values], "")
    if share(profile, {Kind.TEXT}) < 1 - OPTION_SHARE:
        return None
    for separator in (";", "|", ","):
        if sum(number for text, number in profile.values if separator in text) * 3 >= profile.filled:
            lists = [[item.strip() for item in text.split(separator)] for text, _ in profile.values]
            found = _several(profile, lists, separator)
            if found is not None:
                return found
    return None


def _several(profile: FieldProfile, lists: list[list[str]], separator: str) -> Inferred | None:
    used: Counter[str] = Counter()
    for items, (_, number) in zip(lists, profile.values, strict=True):
        if len(set(items)) < len(items):
            return None
        used.update(dict.fromkeys(items, number))
    # Entries that are put together anew each time are fewer than their combinations; “Berlin, Germany” is no list.
    if not used or len(used) > min(OPTIONS, profile.filled * OPTION_SHARE) or (separator and len(used) >= len(lists)):
        return None
    if any(not item or len(item) > OPTION_LENGTH or item != item.strip() or "\n" in item for item in used):
        return None
    if _spelt_alike(used):
        return None
    options = tuple(item for item, _ in sorted(used.items(), key=lambda entry: (-entry[1], entry[0])))
    between = f" between “{separator}”" if separator else ""
    reason = f"Lists{between} of only {len(options)} different entries in {profile.filled:,} records."
    settings = {"separator": separator} if separator else {}
    return Inferred(FieldType.MULTI_SELECT, 1.0, (), reason, options, settings)


def _select(profile: FieldProfile, country: str) -> Inferred | None:
    values = [text for text, _ in profile.values]
    if is_identifier(profile.name) or not values or len(values) < 2 or len(values) > OPTIONS:
        return None
    if profile.filled < SELECT_FILLED or len(values) > profile.filled * OPTION_SHARE:
        return None
    if any(len(text) > OPTION_LENGTH or "\n" in text or text != text.strip() for text in values):
        return None
    if share(profile, {Kind.TEXT, Kind.BOOLEAN, Kind.BIT, Kind.INTEGER}) < 1 or not share(profile, {Kind.TEXT}):
        return None
    if _spelt_alike(values):
        return None
    reason = f"Only {len(values)} different values, each used again and again in {profile.filled:,} records."
    return Inferred(FieldType.SELECT, 1.0, (), reason, tuple(values))


def _spelt_alike(values: Iterable[str]) -> bool:
    folded = ["".join(words(text)) or text for text in values]
    return len(set(folded)) < len(folded)


def _why_text(profile: FieldProfile) -> str:
    if profile.kinds.get(Kind.CODE):
        return "Some values have leading zeros or more digits than a number keeps, so it stays text."
    if is_identifier(profile.name) and share(profile, NUMBERS) > 0.5:
        return "Its values are digits, but the name says that they are codes, so it stays text."
    unsure = profile.examples.get(Kind.UNSURE_DAY, ()) or profile.examples.get(Kind.UNSURE_TIME, ())
    if unsure and share(profile, LOCAL_DAYS | LOCAL_TIMES | TIMES) >= ENOUGH:
        return (
            f"“{unsure[0][:40]}” may be two different days and no value says which: choose the order to make it a date."
        )
    figures = profile.examples.get(Kind.UNSURE_NUMBER, ()) or profile.examples.get(Kind.THREE_DECIMALS, ())
    if figures and share(profile, NUMBERS | LOCAL_NUMBERS) >= ENOUGH:
        return f"“{figures[0][:40]}” may be thousands or a fraction: choose the decimal mark to make it a number."
    nearly: list[tuple[Callable[[], float], str]] = [
        (lambda: share(profile, NUMBERS), "numbers"),
        (lambda: share(profile, TIMES), "dates or times"),
        (lambda: share(profile, WEB), "web addresses"),
        (lambda: share(profile, {Kind.EMAIL}), "e-mail addresses"),
    ]
    for measure, what in nearly:
        if 0.5 <= measure() < ENOUGH:
            return f"Only {percent(measure())} of the values are {what}, so it stays text."
    if profile.values and len(profile.values) > OPTIONS and profile.filled > 2 * len(profile.values):
        return f"{len(profile.values)} different values are more than a select field should offer, so it stays text."
    if profile.distinct_is_exact and profile.distinct == profile.filled > 1:
        return "Every value is different, so it stays text."
    return "Free text."


GUESSES: tuple[Callable[[FieldProfile, str], Inferred | None], ...] = (
    _lists,
    _structured,
    _phones,
    _contact,
    _boolean,
    _times,
    _numbers,
    _select,
)
"""In the order in which they are asked; the first that knows the field wins."""
