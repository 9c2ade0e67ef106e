"""The transforms for what can be measured: numbers, yes or no, days, times, amounts of money."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from mapping.days import Order, folded, read_day, read_format, split_clock
from mapping.exact import (
    DATE,
    SAFE_INTEGER,
    as_text,
    iso_milliseconds,
    read_date,
    read_datetime,
    read_epoch,
    read_number,
)
from mapping.figures import POINT, money, plain_number
from mapping.kinds import DIGITS, FALSE_WORDS, TRUE_WORDS
from mapping.registry import (
    DEFAULT_COUNTRY,
    Option,
    Options,
    Unturned,
    Widget,
    chosen,
    listed,
    read,
    transform,
)

DECIMAL = Option(
    "decimal",
    "Decimal mark",
    Widget.CHOICE,
    "Needed where 1,234 or 1.234 may be a thousand or a fraction.",
    (("", "As each value shows"), (".", "Point: 1,234.56"), (",", "Comma: 1.234,56")),
)
ORDER = Option(
    "order",
    "Order of day and month",
    Widget.CHOICE,
    "Needed where 01/02/2024 may be in January or in February.",
    (
        ("", "As each value shows"),
        (Order.DAY_FIRST, "Day first: 31/12/2024"),
        (Order.MONTH_FIRST, "Month first: 12/31/2024"),
    ),
)
FORMAT = Option(
    "format",
    "Exact format",
    Widget.TEXT,
    "Made of YYYY, MM or M (MMM for a name) and DD or D, for example DD.MM.YYYY. Then nothing else is read.",
)
UNIT = Option(
    "unit",
    "Unix time in",
    Widget.CHOICE,
    "What a whole number counts since 1970.",
    (("", "As each value shows"), ("seconds", "Seconds"), ("milliseconds", "Milliseconds")),
)


def _mark(value: Any, options: Options) -> str:
    """The decimal mark to read by; a JSON number is written with a point whatever the column says."""
    return chosen(options, "decimal") if isinstance(value, str) else POINT


@transform(
    "number",
    "Reads a number that a number field keeps without losing a digit, as people write it in several countries.",
    examples=[
        ("42", {}, 42),
        (" -1.5 ", {}, -1.5),
        ("1,234.56", {}, 1234.56),
        ("1.234,56", {}, 1234.56),
        ("1.234", {"decimal": ","}, 1234),
        ("12,5 %", {"percent": "as_written"}, 12.5),
        ("12.5%", {"percent": "fraction"}, 0.125),
    ],
    takes=(
        DECIMAL,
        Option(
            "percent",
            "Percentages",
            Widget.CHOICE,
            "What becomes of 12 %.",
            (("", "Not a number"), ("as_written", "12"), ("fraction", "0.12")),
        ),
    ),
)
def number(value: Any, options: Options) -> int | float:
    """The number, if writing it down again would say the same."""
    if isinstance(value, bool):
        raise Unturned("is true or false, not a number")
    written, mark, percent = as_text(value).strip(), _mark(value, options), chosen(options, "percent")
    is_percent = written.endswith("%")
    if is_percent:
        if percent not in ("as_written", "fraction"):
            raise Unturned("is a percentage: the map has to say how it is written as a number")
        written = written[:-1].strip()
    plain = _plain(written, mark)
    if is_percent and percent == "fraction":
        plain = format(Decimal(plain).scaleb(-2), "f")
        plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    made: int | float = read(read_number, plain)
    return made


def _plain(written: str, mark: str) -> str:
    if mark in ("", POINT):
        try:
            read_number(written)
            return written
        except ValueError:
            pass
    plain: str = read(plain_number, written, mark if mark in (".", ",") else "")
    return plain


@transform(
    "boolean",
    "Reads the usual words for yes and no in English, German, French, Spanish, Portuguese, Dutch and Italian.",
    examples=[
        ("true", {}, True),
        ("No", {}, False),
        (False, {}, False),
        ("1", {}, True),
        ("Ja", {}, True),
        ("não", {}, False),
        ("opted in", {"true": "opted in, joined", "false": "left"}, True),
    ],
    takes=(
        Option("true", "Further words for yes", Widget.WORDS, "Words that mean yes in this field, with commas."),
        Option("false", "Further words for no", Widget.WORDS, "Words that mean no in this field, with commas."),
    ),
)
def boolean(value: Any, options: Options) -> bool:
    """True or false."""
    word = as_text(value).strip().lower()
    if word in listed(options, "true"):
        return True
    if word in listed(options, "false"):
        return False
    if len(word) <= 12:
        plain = word if word.isascii() else folded(word)
        if plain in TRUE_WORDS:
            return True
        if plain in FALSE_WORDS:
            return False
    raise Unturned("is no usual word for true or false")


@transform(
    "date",
    "Reads a day written in figures or with the month's name; of a time only its day is written, and the time is kept"
    " beside it.",
    examples=[
        ("1958-10-13", {}, "1958-10-13"),
        ("1958-10-13T00:00:00Z", {}, "1958-10-13"),
        ("31.12.2024", {}, "2024-12-31"),
        ("01/02/2024", {"order": "day_first"}, "2024-02-01"),
        ("Dec 31, 2024", {}, "2024-12-31"),
        ("31. Dezember 2024", {}, "2024-12-31"),
        ("20241231", {"format": "YYYYMMDD"}, "2024-12-31"),
    ],
    takes=(ORDER, FORMAT, UNIT),
)
def date(value: Any, options: Options) -> str:
    """The calendar day as YYYY-MM-DD."""
    written, pattern, unit = as_text(value).strip(), chosen(options, "format"), chosen(options, "unit")
    if pattern:
        return str(read(read_format, written, pattern))
    if unit and len(written) <= 16 and DIGITS.fullmatch(written):
        moment = read(read_epoch, int(written), unit)
        if moment.time().isoformat() != "00:00:00":
            raise Unturned("has a time of day, which a date field does not keep", str(moment.date()))
        return str(moment.date())
    if DATE.match(written):
        return _iso_date(written)
    day, clock = read(split_clock, written)
    made = str(read(read_day, day, chosen(options, "order")))
    if clock is not None and clock.isoformat() != "00:00:00":
        raise Unturned("has a time of day, which a date field does not keep", made)
    return made


def _iso_date(written: str) -> str:
    if len(written) <= 10:
        return str(read(read_date, written))
    moment, fine = read(read_datetime, written)
    day = written[:10]
    midnight = re.fullmatch(r"[Tt ]00:00(?::00(?:[.,]0+)?)?(?: ?[Zz])?", written[10:])
    if midnight and not fine and isinstance(moment, datetime):
        return day
    raise Unturned("has a time of day, which a date field does not keep", day)


@transform(
    "datetime",
    "Reads a time (UTC where it has no offset), a day (midnight UTC) or a Unix time in seconds or milliseconds.",
    examples=[
        ("2024-05-01T10:00:00+02:00", {}, "2024-05-01T08:00:00.000Z"),
        ("2024-05-01", {}, "2024-05-01T00:00:00.000Z"),
        ("31.12.2024 14:30", {}, "2024-12-31T14:30:00.000Z"),
        ("12/31/2024 2:30 PM", {}, "2024-12-31T14:30:00.000Z"),
        ("726192000", {}, "1993-01-05T00:00:00.000Z"),
        (1672704000123, {}, "2023-01-03T00:00:00.123Z"),
    ],
    takes=(ORDER, FORMAT, UNIT),
)
def date_time(value: Any, options: Options) -> str:
    """The instant in UTC with milliseconds."""
    if isinstance(value, bool):
        raise Unturned("is true or false, not a time")
    written, pattern = as_text(value).strip(), chosen(options, "format")
    if not pattern and len(written) <= 16 and DIGITS.fullmatch(written):
        return iso_milliseconds(read(read_epoch, int(written), chosen(options, "unit")))
    if not pattern and DATE.match(written):
        return _iso_time(written)
    text, clock = read(split_clock, written)
    day = read(read_format, text, pattern) if pattern else read(read_day, text, chosen(options, "order"))
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if clock is not None:
        moment += timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
    return iso_milliseconds(moment)


def _iso_time(written: str) -> str:
    if len(written) == 10:
        return f"{read(read_date, written)}T00:00:00.000Z"
    moment, fine = read(read_datetime, written)
    made = iso_milliseconds(moment)
    if fine:
        raise Unturned("is finer than the milliseconds that the destination keeps", made)
    return made


@transform(
    "currency",
    "Reads an amount of money with its sign or code; a bare amount is one of the currency given here. A sign that"
    " several currencies share, such as $, is read as in the default country.",
    examples=[
        ("USD 1200.50", {}, {"amountMicros": 1_200_500_000, "currencyCode": "USD"}),
        ("1.234,56 €", {}, {"amountMicros": 1_234_560_000, "currencyCode": "EUR"}),
        ("$99", {"default_country": "CA"}, {"amountMicros": 99_000_000, "currencyCode": "CAD"}),
        ("99", {"currency": "EUR"}, {"amountMicros": 99_000_000, "currencyCode": "EUR"}),
    ],
    takes=(
        Option("currency", "Currency", Widget.CURRENCY, "The currency of amounts that name none."),
        DECIMAL,
        DEFAULT_COUNTRY,
    ),
)
def currency(value: Any, options: Options) -> dict[str, Any]:
    """The amount in millionths and the currency's code."""
    country = chosen(options, "default_country").upper()
    standing = chosen(options, "currency").upper()
    if standing and not re.fullmatch(r"[A-Z]{3}", standing):
        raise Unturned("names no currency, and neither does the map")
    plain, code = read(money, as_text(value), country, standing, _mark(value, options))
    whole, _, fraction = plain.partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) > 6:
        raise Unturned("has more than the six decimal places that the destination keeps")
    micros = int(f"{whole[:20]}{fraction.ljust(6, '0')}")
    if len(whole) > 20 or abs(micros) > SAFE_INTEGER:
        raise Unturned("is larger than the destination can keep exactly")
    return {"amountMicros": micros, "currencyCode": code}
