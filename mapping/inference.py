"""Infers a field's type from the look of its values: lossless before pretty, and honest about what does not fit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from connectors.catalogue import FieldType
from mapping.kinds import NUMBERS, TIMES, WEB, Kind
from mapping.lexicon import words
from mapping.profile import FieldProfile
from mapping.transforms import Unturned, turn

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

TRANSFORM_OF = {
    FieldType.TEXT: "text",
    FieldType.NUMBER: "number",
    FieldType.BOOLEAN: "boolean",
    FieldType.DATE: "date",
    FieldType.DATE_TIME: "datetime",
    FieldType.SELECT: "select",
    FieldType.MULTI_SELECT: "multi_select",
    FieldType.ARRAY: "array",
    FieldType.RAW_JSON: "json",
    FieldType.LINKS: "url",
    FieldType.EMAILS: "email",
    FieldType.PHONES: "phone",
    FieldType.FULL_NAME: "full_name",
    FieldType.ADDRESS: "address",
    FieldType.CURRENCY: "currency",
    FieldType.UUID: "trim",
}
"""The transform with which a value is read for a field of that type."""


@dataclass(frozen=True, slots=True)
class Inferred:
    """The type that suits a field, the share of its values that fit, and some that do not.

    `options` are the values a select field would offer, most frequent first.
    """

    type: FieldType
    fit: float
    misfits: tuple[str, ...]
    reason: str
    options: tuple[str, ...] = ()


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
    for guess in (_structured, _phones, _contact, _boolean, _times, _numbers, _select):
        found = guess(profile, default_country)
        if found is not None:
            return found
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


def _structured(profile: FieldProfile, country: str) -> Inferred | None:
    return _typed(FieldType.ARRAY, profile, {Kind.STRINGS}, "lists of texts") or _typed(
        FieldType.RAW_JSON, profile, {Kind.STRINGS, Kind.JSON}, "JSON objects or lists"
    )


def _phones(profile: FieldProfile, country: str) -> Inferred | None:
    named = bool(set(words(profile.name)) & PHONE_WORDS)
    kinds = {Kind.PHONE, Kind.INTEGER, Kind.EPOCH, Kind.CODE} if named else {Kind.PHONE}
    found = _typed(FieldType.PHONES, profile, kinds, "telephone numbers")
    if found is None:
        return None
    tried = [text for kind in kinds for text in profile.examples.get(kind, ())]
    refused = [text for text in tried if not _turns("phone", text, country)]
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


def _turns(transform: str, text: str, country: str) -> bool:
    try:
        turn(transform, text, {"default_country": country})
    except Unturned:
        return False
    return True


def _contact(profile: FieldProfile, country: str) -> Inferred | None:
    web = {*WEB, Kind.DOMAIN} if set(words(profile.name)) & WEB_WORDS else WEB
    currency = None
    if share(profile, {Kind.MONEY, Kind.POINT_MONEY}) == 1:
        currency = _typed(FieldType.CURRENCY, profile, {Kind.MONEY, Kind.POINT_MONEY}, "amounts with a currency code")
    return (
        _typed(FieldType.EMAILS, profile, {Kind.EMAIL}, "e-mail addresses")
        or _typed(FieldType.LINKS, profile, web, "web addresses")
        or currency
    )


def _boolean(profile: FieldProfile, country: str) -> Inferred | None:
    if is_identifier(profile.name):
        return None
    named = words(profile.name)
    flag = bool(set(named[:1]) & FLAG_WORDS or set(named[-1:]) & FLAG_ENDINGS)
    only_bits = not share(profile, {Kind.BOOLEAN})
    kinds = {Kind.BOOLEAN, Kind.BIT} if flag or not only_bits else {Kind.BOOLEAN}
    return _typed(FieldType.BOOLEAN, profile, kinds, "true or false" if not only_bits else "0 or 1, as the name says")


def _times(profile: FieldProfile, country: str) -> Inferred | None:
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
    return Inferred(found.type, found.fit, (*fine, *found.misfits)[:MISFITS], reason)


def has_time_name(name: str) -> bool:
    """Whether a name says when something was: `created_at`, `last_seen`, `renewal_date`."""
    named = words(name)
    return bool(set(named[-1:]) & TIME_WORDS or (named[:1] == ["last"] and named[-1:] and named[-1].endswith("ed")))


def _numbers(profile: FieldProfile, country: str) -> Inferred | None:
    if is_identifier(profile.name) or profile.kinds.get(Kind.CODE):
        return None
    return _typed(FieldType.NUMBER, profile, NUMBERS, "plain numbers")


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
