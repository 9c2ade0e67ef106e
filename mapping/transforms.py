"""The transforms for plain values: text, numbers, times, choices, JSON. Importing this module registers all."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import mapping.contacts  # noqa: F401 - registers the transforms for names, addresses and links
from mapping.exact import (
    SAFE_INTEGER,
    as_text,
    iso_milliseconds,
    read_date,
    read_datetime,
    read_epoch,
    read_json,
    read_number,
    storable,
)
from mapping.kinds import CURRENCIES, DIGITS, FALSE_WORDS, TRUE_WORDS
from mapping.registry import TRANSFORMS, Options, Transform, Unturned, transform

__all__ = ["TRANSFORMS", "Options", "Transform", "Unturned", "turn"]

PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def turn(name: str, value: Any, options: Options | None = None) -> Any:
    """Turns one value with the transform of that name. Raises Unturned and nothing else."""
    found = TRANSFORMS.get(name)
    if found is None:
        raise Unturned(f"should go through “{name}”, but there is no such transform")
    return found(value, options or {})


@transform(
    "text",
    "Keeps the text exactly as it is, white space included.",
    examples=[(" Ada ", {}, " Ada "), (True, {}, "true"), ("   ", {}, None)],
)
def text(value: Any, options: Options) -> str:
    """The value as text, unchanged."""
    made = as_text(value)
    if not storable(made):
        raise Unturned("holds a character that the destination cannot store", UNSTORABLE.sub("\ufffd", made))
    return made


@transform("trim", "Removes white space at both ends.", examples=[(" Ada Lovelace\n", {}, "Ada Lovelace")])
def trim(value: Any, options: Options) -> str:
    """The text without white space around it."""
    return text(as_text(value).strip(), options)


@transform(
    "number",
    "Reads a plain decimal number that a number field keeps without losing a digit.",
    examples=[("42", {}, 42), (" -1.5 ", {}, -1.5), (7, {}, 7)],
)
def number(value: Any, options: Options) -> int | float:
    """The number, if writing it down again would say the same."""
    if isinstance(value, bool):
        raise Unturned("is true or false, not a number")
    made: int | float = _read(read_number, as_text(value).strip())
    return made


@transform(
    "boolean",
    "Reads the usual words for true and false.",
    examples=[("true", {}, True), ("No", {}, False), (False, {}, False), ("1", {}, True)],
)
def boolean(value: Any, options: Options) -> bool:
    """True or false."""
    word = as_text(value).strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise Unturned("is no usual word for true or false")


@transform(
    "date",
    "Reads an ISO date; of a time only its day is written, and the time is kept beside it.",
    examples=[("1958-10-13", {}, "1958-10-13"), ("1958-10-13T00:00:00Z", {}, "1958-10-13")],
)
def date(value: Any, options: Options) -> str:
    """The calendar day as YYYY-MM-DD."""
    written = as_text(value).strip()
    if len(written) <= 10:
        return str(_read(read_date, written))
    moment, fine = _read(read_datetime, written)
    day = written[:10]
    midnight = re.fullmatch(r"[Tt ]00:00(?::00(?:[.,]0+)?)?(?: ?[Zz])?", written[10:])
    if midnight and not fine and isinstance(moment, datetime):
        return day
    raise Unturned("has a time of day, which a date field does not keep", day)


@transform(
    "datetime",
    "Reads an ISO time (UTC where it has no offset), an ISO date (midnight UTC) or a Unix time.",
    examples=[
        ("2024-05-01T10:00:00+02:00", {}, "2024-05-01T08:00:00.000Z"),
        ("2024-05-01", {}, "2024-05-01T00:00:00.000Z"),
        ("726192000", {}, "1993-01-05T00:00:00.000Z"),
        (1672704000123, {}, "2023-01-03T00:00:00.123Z"),
    ],
)
def date_time(value: Any, options: Options) -> str:
    """The instant in UTC with milliseconds."""
    if isinstance(value, bool):
        raise Unturned("is true or false, not a time")
    written = as_text(value).strip()
    if len(written) <= 16 and DIGITS.fullmatch(written):
        return iso_milliseconds(_read(read_epoch, int(written)))
    if len(written) == 10:
        return f"{_read(read_date, written)}T00:00:00.000Z"
    moment, fine = _read(read_datetime, written)
    made = iso_milliseconds(moment)
    if fine:
        raise Unturned("is finer than the milliseconds that the destination keeps", made)
    return made


def _read(reader: Any, value: Any) -> Any:
    try:
        return reader(value)
    except ValueError as error:
        reason = str(error)
        # Python's own complaint ("day is out of range for month") speaks of a part of the value.
        raise Unturned(
            reason
            if reason.startswith(("is ", "has ", "lies ", "holds ", "names ", "cannot "))
            else "names a day or time that does not exist"
        ) from error


@transform(
    "select",
    "Gives the option that was chosen for the value.",
    examples=[("Democrat", {"choices": {"Democrat": "DEMOCRAT"}}, "DEMOCRAT")],
)
def select(value: Any, options: Options) -> str:
    """The option's value."""
    choices = options.get("choices") or {}
    written = as_text(value)
    chosen = choices.get(written) or choices.get(written.strip())
    if chosen is None:
        raise Unturned("is none of the options of the map")
    return str(chosen)


@transform(
    "multi_select",
    "Gives the options chosen for each value of a JSON list or of a list with a separator.",
    examples=[
        ('["a","b"]', {"choices": {"a": "A", "b": "B"}}, ["A", "B"]),
        ("a; b", {"choices": {"a": "A", "b": "B"}, "separator": ";"}, ["A", "B"]),
    ],
)
def multi_select(value: Any, options: Options) -> list[str]:
    """The options' values, each once."""
    choices = options.get("choices") or {}
    items = [item.strip() for item in array(value, options)]
    known = list(dict.fromkeys(str(choices[item]) for item in items if item in choices))
    if not all(item in choices for item in items):
        raise Unturned("holds something that is none of the options of the map", known or None)
    return known


@transform(
    "json",
    "Reads a JSON object or list, if no digit of it would be lost.",
    examples=[('{"topic_7": false}', {}, {"topic_7": False}), ("[1, 2]", {}, [1, 2])],
)
def json_value(value: Any, options: Options) -> dict[str, Any] | list[Any]:
    """The object or list itself."""
    made: dict[str, Any] | list[Any] = _read(read_json, as_text(value))
    return made


@transform(
    "array",
    "Reads a JSON list of texts, or a list written with a separator.",
    examples=[('["S8WA00194", "H2WA01054"]', {}, ["S8WA00194", "H2WA01054"]), ("a, b", {"separator": ","}, ["a", "b"])],
)
def array(value: Any, options: Options) -> list[str]:
    """The texts of the list."""
    written = as_text(value)
    separator = options.get("separator")
    if isinstance(separator, str) and separator and not written.lstrip().startswith("["):
        items: Any = [item.strip() for item in text(written, options).split(separator)]
    else:
        items = _read(read_json, written)
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise Unturned("is not a list of texts")
    return items


@transform(
    "currency",
    "Reads an amount with its currency code; the option `currency` stands in for a missing code.",
    examples=[
        ("USD 1200.50", {}, {"amountMicros": 1_200_500_000, "currencyCode": "USD"}),
        ("99", {"currency": "EUR"}, {"amountMicros": 99_000_000, "currencyCode": "EUR"}),
    ],
)
def currency(value: Any, options: Options) -> dict[str, Any]:
    """The amount in millionths and the currency's code."""
    written = as_text(value).strip()
    code, amount = options.get("currency"), written
    if written[:3] in CURRENCIES:
        code, amount = written[:3], written[3:].strip()
    elif written[-3:] in CURRENCIES:
        code, amount = written[-3:], written[:-3].strip()
    if not code:
        raise Unturned("names no currency")
    whole, _, fraction = amount.partition(".")
    if not DIGITS.fullmatch(whole) or not re.fullmatch(r"[0-9]{0,6}", fraction):
        raise Unturned("is not an amount of money")
    micros = int(f"{whole[:20]}{fraction.ljust(6, '0')}")
    if len(whole) > 20 or abs(micros) > SAFE_INTEGER:
        raise Unturned("is larger than the destination can keep exactly")
    return {"amountMicros": micros, "currencyCode": str(code)}


@transform(
    "template",
    "Puts the values into a text with {names} in braces; a single value is {value}.",
    examples=[
        ("42", {"template": "Ticket {value}"}, "Ticket 42"),
        ({"city": "Bonn", "zip": ""}, {"template": "{zip} {city}"}, "Bonn"),
    ],
)
def template(value: Any, options: Options) -> str | None:
    """The text with every brace filled in; None when it comes out empty."""
    parts = value if isinstance(value, dict) else {"value": value}
    pattern = as_text(options.get("template") or "{value}")
    made = PLACEHOLDER.sub(lambda match: as_text(parts.get(match[1])), pattern).strip()
    return text(made, options) or None


@transform(
    "constant",
    "Writes the same value for every record that has one.",
    examples=[("anything", {"value": "Customer.io"}, "Customer.io")],
)
def constant(value: Any, options: Options) -> Any:
    """The option's value."""
    return options.get("value")


@transform(
    "lookup",
    "Gives what stands for the value in a table.",
    examples=[("WA", {"table": {"WA": "Washington"}}, "Washington")],
)
def lookup(value: Any, options: Options) -> Any:
    """The table's entry."""
    table = options.get("table") or {}
    written = as_text(value).strip()
    if written not in table:
        raise Unturned("does not stand in the table")
    return table[written]
