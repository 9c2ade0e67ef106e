"""Reading days as people write them: 31.12.2024, 12/31/2024, Dec 31, 2024, 1er janvier 2024.

Which of two numbers is the day is decided by the value where it can be, by the map where it must be, and never
guessed. Years have four digits: two do not say which century.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, time
from enum import StrEnum
from functools import cache, lru_cache

from babel import Locale

from mapping.exact import LAST_YEAR

LANGUAGES = ("en", "de", "fr", "es", "pt", "nl", "it")
"""The languages whose everyday words are understood: months, countries, yes and no."""

UNSURE = "may name two different days: the map has to say whether the day or the month comes first"

FIGURES = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})")
YEAR_FIRST = re.compile(r"([0-9]{4})([./-])([0-9]{1,2})\2([0-9]{1,2})")
MONTH_DAY = re.compile(r"([^\W\d_]{3,10})\.? ([0-9]{1,2})(?:st|nd|rd|th)?,? ([0-9]{4})")
DAY_MONTH = re.compile(
    r"([0-9]{1,2})(?:st|nd|rd|th|er|º|°|\.)?[ -]{1,2}(?:de |di |of )?([^\W\d_]{3,10})\.?,?(?: de| di|-)? ?([0-9]{4})"
)
CLOCK = re.compile(
    r"(.{8,30}?)(?:, |,| at | um | à | [–-] | )([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?: ?([AaPp])\.?[Mm]\.?)?"
)
TOKEN = re.compile(r"YYYY|MMM|MM|DD|M|D")
TOKENS = {"YYYY": r"(?P<y>[0-9]{4})", "MMM": r"(?P<w>[^\W\d_]{3,10})\.?", "MM": r"(?P<m>[0-9]{2})"}
TOKENS |= {"M": r"(?P<m>[0-9]{1,2})", "DD": r"(?P<d>[0-9]{2})", "D": r"(?P<d>[0-9]{1,2})"}


class Order(StrEnum):
    """Which number comes first where a day is written in figures; the value of the transforms' option `order`."""

    UNKNOWN = ""
    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


def read_day(text: str, order: str = "") -> date:
    """The day that the text names. Raises ValueError where it names none, or may name two."""
    match = FIGURES.fullmatch(text)
    if match:
        return _figures(int(match[1]), int(match[3]), int(match[4]), order)
    match = YEAR_FIRST.fullmatch(text)
    if match:
        return _day(int(match[1]), int(match[3]), int(match[4]))
    match = MONTH_DAY.fullmatch(text)
    if match:
        return _day(int(match[3]), _month(match[1]), int(match[2]))
    match = DAY_MONTH.fullmatch(text)
    if match:
        return _day(int(match[3]), _month(match[2]), int(match[1]))
    raise ValueError("is not a date")


def _figures(first: int, second: int, year: int, order: str) -> date:
    if order == Order.DAY_FIRST or (not order and first > 12) or first == second:
        return _day(year, second, first)
    if order == Order.MONTH_FIRST or (not order and second > 12):
        return _day(year, first, second)
    raise ValueError(UNSURE)


def order_of(text: str) -> Order:
    """The order of a day in figures, where the value itself gives it away (31.12.2024); ValueError for no day."""
    match = FIGURES.fullmatch(text)
    if match is None or match[1] == match[3]:
        read_day(text)
        return Order.UNKNOWN
    order = Order.DAY_FIRST if int(match[1]) > 12 else Order.MONTH_FIRST if int(match[3]) > 12 else Order.UNKNOWN
    read_day(text, order or Order.DAY_FIRST)
    return order


def is_unsure(text: str) -> bool:
    """Whether the text is a day in figures of which the order cannot be known from itself."""
    match = FIGURES.fullmatch(text)
    return match is not None and max(int(match[1]), int(match[3])) <= 12 and match[1] != match[3]


def split_clock(text: str) -> tuple[str, time | None]:
    """The text of the day and the time of day behind it, if there is one."""
    match = CLOCK.fullmatch(text)
    if match is None:
        return text, None
    hour, half = int(match[2]), (match[5] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError("names a time that does not exist")
        hour = hour % 12 + (12 if half == "p" else 0)
    return match[1], time(hour, int(match[3]), int(match[4] or 0))


def read_format(text: str, pattern: str) -> date:
    """The day of a text written as the pattern says, such as `DD.MM.YYYY` or `D MMM YYYY`."""
    match = _pattern(pattern).fullmatch(text)
    if match is None:
        raise ValueError(f"is not written as {pattern[:40]}")
    parts = match.groupdict()
    month = int(parts["m"]) if parts.get("m") else _month(parts["w"])
    return _day(int(parts["y"]), month, int(parts["d"]))


@lru_cache(maxsize=64)
def _pattern(pattern: str) -> re.Pattern[str]:
    tokens = TOKEN.findall(pattern)
    kinds = sorted({"MMM": "M"}.get(token, token[0]) for token in tokens)
    if kinds != ["D", "M", "Y"] or len(pattern) > 40:
        raise ValueError("cannot be read: the format of the map needs YYYY, MM (or M, MMM) and DD (or D), once each")
    places = TOKEN.split(pattern)
    made = "".join(re.escape(text) + TOKENS.get(token, "") for text, token in zip(places, [*tokens, ""], strict=True))
    return re.compile(made)


def _day(year: int, month: int, day: int) -> date:
    made = date(year, month, day)
    if made.year > LAST_YEAR:
        raise ValueError(f"lies after the year {LAST_YEAR}")
    return made


def folded(word: str) -> str:
    """A word without case and accents, by which words of several languages are compared."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))


def _month(word: str) -> int:
    found = _months().get(folded(word))
    if found is None:
        raise ValueError("names no month")
    return found


@cache
def _months() -> dict[str, int]:
    """Every name and usual short name of a month in the seven languages; no name stands for two."""
    made: dict[str, int] = {"sept": 9, "sett": 9}
    for language in LANGUAGES:
        months = Locale.parse(language).months
        for form in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in months[form][width].items():
                    made[folded(name.rstrip("."))] = number
                    if width == "wide" and len(name) > 3:
                        made.setdefault(folded(name)[:3], number)
    del made["jui"]  # juin or juillet
    return made
