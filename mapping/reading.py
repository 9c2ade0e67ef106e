"""How the values of a column are to be read: the transform and the options that the column itself decides.

`01/02/2024` says nothing about the order of day and month, but `31/01/2024` in the same column does. What no value
of the column decides is left open, so that the values in question are reported and not guessed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.catalogue import FieldType
from mapping.days import Order
from mapping.figures import COMMA, POINT, currency_of, decimal_mark, mark_of
from mapping.kinds import LOCAL_NUMBERS, NUMBERS, Kind
from mapping.profile import FieldProfile
from mapping.transforms import Unturned, turn

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

PROOF = 100
"""A value that shows the order of day and month speaks for at most so many that do not."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The transform for a column and its options; `why` says in a sentence what was decided and by what."""

    transform: str
    options: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""


def count(profile: FieldProfile, kinds: Collection[str]) -> int:
    """How many values look like one of the kinds."""
    return sum(number for kind, number in profile.kinds.items() if kind in kinds)


def reading_of(profile: FieldProfile, type: FieldType, country: str = "US") -> Reading:
    """How the column is read for a field of that type, which may exist already."""
    transform = TRANSFORM_OF.get(type, "text")
    if type in (FieldType.DATE, FieldType.DATE_TIME):
        order, why = _order(profile)
        return Reading(transform, {"order": order.value} if order else {}, why)
    if type is FieldType.NUMBER:
        options, why = _number(profile, country)
        return Reading(transform, options, why)
    if type is FieldType.CURRENCY:
        options, why = _currency(profile, country)
        return Reading(transform, options, why)
    if type in (FieldType.PHONES, FieldType.ADDRESS):
        return Reading(transform, {"default_country": country})
    return Reading(transform)


def _order(profile: FieldProfile) -> tuple[Order, str]:
    day = count(profile, {Kind.DAY_FIRST, Kind.DAY_FIRST_TIME})
    month = count(profile, {Kind.MONTH_FIRST, Kind.MONTH_FIRST_TIME})
    unsure = count(profile, {Kind.UNSURE_DAY, Kind.UNSURE_TIME})
    if bool(day) == bool(month) or unsure > PROOF * (day + month):
        return Order.UNKNOWN, ""
    order = Order.DAY_FIRST if day else Order.MONTH_FIRST
    first, second = ("day", "month") if day else ("month", "day")
    kinds = (Kind.DAY_FIRST, Kind.DAY_FIRST_TIME) if day else (Kind.MONTH_FIRST, Kind.MONTH_FIRST_TIME)
    shown = next((texts[0] for kind in kinds if (texts := profile.examples.get(kind))), "")
    return order, f"The {first} stands before the {second}, as “{shown[:40]}” shows."


def _mark(profile: FieldProfile, point: Collection[str], comma: Collection[str]) -> str:
    """The decimal mark that the column shows; nothing where it shows both or none."""
    points, commas = count(profile, point), count(profile, comma)
    return "" if bool(points) == bool(commas) else POINT if points else COMMA


def _number(profile: FieldProfile, country: str) -> tuple[dict[str, str], str]:
    percent = {"percent": "as_written"} if profile.kinds.get(Kind.PERCENT) else {}
    why = "The percent sign is left out: 12 % becomes 12." if percent else ""
    mark = ""
    if count(profile, LOCAL_NUMBERS):
        mark = _mark(profile, {Kind.POINT_NUMBER, Kind.DECIMAL}, {Kind.COMMA_NUMBER})
    elif percent:
        mark = _percent_mark(profile) or mark_of(country)
    if not mark:
        return percent, why
    called = "point" if mark == POINT else "comma"
    return {**percent, "decimal": mark}, f"The fraction stands after a {called}. {why}".strip()


def _percent_mark(profile: FieldProfile) -> str:
    marks = set()
    for text in [*(text for text, _ in profile.values), *profile.examples.get(Kind.PERCENT, ())]:
        try:
            marks.add(decimal_mark(text.strip().removesuffix("%").rstrip()))
        except ValueError:
            continue
    marks.discard("")
    return marks.pop() if len(marks) == 1 else ""


def _currency(profile: FieldProfile, country: str) -> tuple[dict[str, str], str]:
    options: dict[str, str] = {"default_country": country}
    why = ""
    mark = _mark(profile, {Kind.POINT_MONEY, Kind.DECIMAL, Kind.POINT_NUMBER}, {Kind.COMMA_MONEY, Kind.COMMA_NUMBER})
    unsure = count(profile, {Kind.UNSURE_MONEY, Kind.UNSURE_NUMBER, Kind.THREE_DECIMALS})
    shows_none = not count(profile, {Kind.POINT_MONEY, Kind.COMMA_MONEY, Kind.POINT_NUMBER, Kind.COMMA_NUMBER})
    if not mark and unsure and shows_none and (usual := mark_of(country)):
        mark = usual
        why = f"Amounts such as “{_example(profile)}” are read as is usual in {country}."
    if mark:
        options["decimal"] = mark
    own = currency_of(country)
    if count(profile, NUMBERS | LOCAL_NUMBERS) and own:
        options["currency"] = own
        why = f"{why} Amounts without a currency are taken as {own}, the money of {country}.".strip()
    return options, why


def _example(profile: FieldProfile) -> str:
    kinds = (Kind.UNSURE_MONEY, Kind.UNSURE_NUMBER, Kind.THREE_DECIMALS)
    return next((texts[0][:40] for kind in kinds if (texts := profile.examples.get(kind))), "")


def tried(profile: FieldProfile, reading: Reading) -> tuple[float, tuple[str, ...]]:
    """The share of the values that turn, whole or in part, and those at hand that do not turn whole.

    Exact while all different values are known; else each kind of value weighs as much as it is frequent.
    """
    if profile.values:
        good, misfits = 0, []
        for text, number in profile.values:
            turns, whole = attempt(reading.transform, text, reading.options)
            good += number if turns else 0
            misfits += [] if whole else [text]
        return good / max(1, profile.filled), tuple(misfits)
    share, misfits = 0.0, []
    for kind, texts in profile.examples.items():
        results = [attempt(reading.transform, text, reading.options) for text in texts]
        share += profile.kinds.get(kind, 0) * sum(turns for turns, _ in results) / max(1, len(results))
        misfits += [text for text, (_, whole) in zip(texts, results, strict=True) if not whole]
    return share / max(1, profile.filled), tuple(misfits)


def attempt(transform: str, text: str, options: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether a value turns at all, and whether it turns whole."""
    try:
        turn(transform, text, options)
    except Unturned as problem:
        return problem.part is not None, False
    return True, True
