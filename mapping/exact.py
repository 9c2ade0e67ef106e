"""Reading text as numbers, times and JSON only where nothing would be lost; anything else is a ValueError.

Profiling and transforms share these readers, so what a profile calls a number is what a transform can turn.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

SAFE_INTEGER = 2**53
"""Beyond it JSON numbers lose digits on the way through JavaScript."""

SURE_DIGITS = 15
"""A double keeps every decimal number of up to so many significant digits."""

EARLIEST_EPOCH = 100_000_000
"""March 1973 in seconds: smaller integers are counts or codes more often than times."""

LATEST_EPOCH = 4_102_444_800
"""The year 2100 in seconds."""

LAST_YEAR = 2999

NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r" ?(?:([Zz]|UTC|GMT)|([+-][0-9]{2}):?([0-9]{2})?)?"
)
EPOCH_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


def is_empty(value: Any) -> bool:
    """Whether the value says nothing: null, an empty text or white space only."""
    return value is None or (isinstance(value, str) and (not value or value.isspace()))


def as_text(value: Any) -> str:
    """The value as the text that Customer.io would give for it; lists and objects become JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, default=str)


def storable(text: str) -> bool:
    """Whether a text column takes the text: no NUL character and no half of a surrogate pair."""
    if "\x00" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def raw_text(value: Any) -> str:
    """The value as text that every text column takes; what cannot be stored is written as JSON escapes."""
    text = as_text(value)
    return text if storable(text) else json.dumps(text)


def read_number(text: str) -> int | float:
    """The number that a plain decimal text stands for, if number and text say exactly the same."""
    if not NUMBER.fullmatch(text):
        raise ValueError("is not a plain number")
    if "." not in text:
        whole = int(text)
        if abs(whole) > SAFE_INTEGER:
            raise ValueError("has more digits than a number field keeps")
        return whole
    number = float(text)
    if len(text) > SURE_DIGITS and Decimal(repr(number)) != Decimal(text):
        raise ValueError("has more digits than a number field keeps")
    return number


def read_date(text: str) -> date:
    """The calendar day of an ISO date."""
    if not DATE.fullmatch(text):
        raise ValueError("is not a date written as YYYY-MM-DD")
    day = date.fromisoformat(text)
    if day.year > LAST_YEAR:
        raise ValueError(f"lies after the year {LAST_YEAR}")
    return day


def read_datetime(text: str) -> tuple[datetime, bool]:
    """The instant of an ISO date-time in UTC, and whether it is finer than the milliseconds that are kept.

    A time without an offset is read as UTC, which is what Twenty does with it too.
    """
    match = DATE_TIME.fullmatch(text)
    if match is None:
        raise ValueError("is not a time written as YYYY-MM-DDTHH:MM:SS with an offset")
    day, minutes, seconds, fraction, _, hours, offset_minutes = match.groups()
    offset = f"{hours}:{offset_minutes or '00'}" if hours else "+00:00"
    digits = (fraction or "").ljust(3, "0")
    try:
        moment = datetime.fromisoformat(f"{day}T{minutes}:{seconds or '00'}.{digits[:3]}{offset}").astimezone(UTC)
    except OverflowError as error:
        raise ValueError("lies outside the calendar") from error
    if moment.year > LAST_YEAR:
        raise ValueError(f"lies after the year {LAST_YEAR}")
    return moment, bool(digits[3:].strip("0"))


def read_epoch(number: int, unit: str = "") -> datetime:
    """The instant of a Unix time in `seconds` or `milliseconds`; without a unit in seconds up to the year 2100."""
    in_seconds = unit == "seconds" or (not unit and abs(number) <= LATEST_EPOCH)
    milliseconds = number * 1000 if in_seconds else number
    if not EARLIEST_EPOCH * 1000 <= abs(milliseconds) <= LATEST_EPOCH * 1000:
        raise ValueError("is no plausible Unix time")
    return EPOCH_ZERO + timedelta(milliseconds=milliseconds)


def iso_milliseconds(moment: datetime) -> str:
    """The instant as Twenty gives it back: UTC, three decimals, `Z`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _whole(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > SAFE_INTEGER:
        raise ValueError("holds a number with more digits than JSON keeps")
    return int(text)


def _fraction(text: str) -> float:
    number = float(text)
    if len(text) > SURE_DIGITS and Decimal(repr(number)) != Decimal(text):
        raise ValueError("holds a number with more digits than JSON keeps")
    return number


def _constant(text: str) -> Any:
    raise ValueError(f"holds {text}, which JSON does not know")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("names a key twice")
    return made


STRICT = json.JSONDecoder(parse_int=_whole, parse_float=_fraction, parse_constant=_constant, object_pairs_hook=_pairs)


def read_json(text: str) -> dict[str, Any] | list[Any]:
    """The object or list of a JSON text, if no digit, key or character of it would be lost."""
    try:
        value = STRICT.decode(text.strip())
    except json.JSONDecodeError as error:
        raise ValueError("is not JSON") from error
    except (RecursionError, ArithmeticError) as error:
        raise ValueError("cannot be kept as JSON") from error
    if not isinstance(value, dict | list):
        raise ValueError("is neither a JSON object nor a JSON list")
    if not storable(json.dumps(value, ensure_ascii=False)) or "\\u0000" in text:
        raise ValueError("holds a character that the destination cannot store")
    return value
