"""What a single value looks like: the cheap, per-value evidence under every type that is inferred."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from mapping.exact import (
    DATE,
    EARLIEST_EPOCH,
    LATEST_EPOCH,
    read_date,
    read_datetime,
    read_json,
    read_number,
)


class Kind(StrEnum):
    """The look of a value. Kinds do not overlap; which of them a type accepts is decided by the inference."""

    BOOLEAN = "boolean"
    BIT = "bit"
    INTEGER = "integer"
    DECIMAL = "decimal"
    EPOCH = "epoch"
    CODE = "code"
    DATE = "date"
    DATE_TIME = "datetime"
    DATE_TIME_FINE = "datetime_fine"
    EMAIL = "email"
    URL = "url"
    URL_PATH = "url_path"
    DOMAIN = "domain"
    PHONE = "phone"
    MONEY = "money"
    STRINGS = "strings"
    JSON = "json"
    TEXT = "text"


NUMBERS = frozenset({Kind.BIT, Kind.INTEGER, Kind.DECIMAL, Kind.EPOCH})
TIMES = frozenset({Kind.DATE, Kind.DATE_TIME, Kind.DATE_TIME_FINE})
WEB = frozenset({Kind.URL, Kind.URL_PATH})

TRUE_WORDS = frozenset({"true", "yes", "y", "t", "on", "1"})
FALSE_WORDS = frozenset({"false", "no", "n", "f", "off", "0"})
SURE_WORDS = frozenset({"true", "false", "yes", "no"})
"""Words that mean a boolean without looking at the rest of the column; `n` or `off` alone may be anything."""

EMAIL = re.compile(r'[^\s@"]{1,64}@[^\s@]{1,255}')
HOST = re.compile(r"(?=.{4,253}$)(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][^\W_]{1,62}")
WEB_ADDRESS = re.compile(r"https?://([^\s/?#@:]+)(:[0-9]{1,5})?([/?#]\S*)?", re.IGNORECASE)
DIGITS = re.compile(r"-?[0-9]+")
EXPONENT = re.compile(r"[0-9]+[eE][0-9]+")
PHONE = re.compile(r"(?=(?:\D*[0-9]){7,15}\D*$)\+?[0-9(][0-9 ().\-/]{6,24}", re.ASCII)
PHONE_EXTENSION = re.compile(r"(.{7,25}?)\s*(?:,|;)?\s*(?:ext\.?|extension|x|#)\s*[0-9]{1,7}", re.IGNORECASE)
MONEY = re.compile(r"(?:[A-Z]{3} ?-?[0-9]{1,12}(?:\.[0-9]{1,6})?|-?[0-9]{1,12}(?:\.[0-9]{1,6})? ?[A-Z]{3})")
CURRENCIES = frozenset(
    re.findall(
        "[A-Z]{3}",
        "AED ARS AUD BRL CAD CHF CLP CNY COP CZK DKK EUR GBP HKD HUF IDR ILS INR JPY KRW MXN MYR NOK NZD PHP"
        " PLN RON SAR SEK SGD THB TRY TWD UAH USD VND ZAR",
    )
)
"""Currencies whose code in a value is taken as proof that the value is an amount of money."""

CACHED_LENGTH = 200


def kind_of(text: str) -> Kind:
    """The kind of a non-empty value; remembered for short values, since most values repeat."""
    return _remembered(text) if len(text) <= CACHED_LENGTH else _kind_of(text)


def _kind_of(text: str) -> Kind:
    text = text.strip()
    first = text[:1]
    if first in "0123456789+-(" and first:
        return _kind_of_figures(text)
    if first in "[{" and first:
        return _kind_of_json(text)
    if "@" in text:
        return Kind.EMAIL if EMAIL.fullmatch(text) and len(text) <= 255 else Kind.TEXT
    if first in "hH" and text[:4].lower() == "http":
        return _kind_of_address(text)
    if "." in text and HOST.fullmatch(text):
        return Kind.DOMAIN
    if len(text) <= 5 and text.lower() in SURE_WORDS:
        return Kind.BOOLEAN
    if first.isupper() and text[:3] in CURRENCIES and MONEY.fullmatch(text):
        return Kind.MONEY
    return Kind.TEXT


_remembered = lru_cache(maxsize=1 << 15)(_kind_of)


def _kind_of_figures(text: str) -> Kind:
    if DIGITS.fullmatch(text):
        return _kind_of_integer(text)
    try:
        read_number(text)
        return Kind.DECIMAL
    except ValueError:
        pass
    if DATE.match(text):
        return _kind_of_time(text)
    if EXPONENT.fullmatch(text):
        return Kind.CODE
    if is_phone_like(text):
        return Kind.PHONE
    if text[-3:] in CURRENCIES and MONEY.fullmatch(text):
        return Kind.MONEY
    if "@" in text and EMAIL.fullmatch(text):
        return Kind.EMAIL
    return Kind.DOMAIN if HOST.fullmatch(text) else Kind.TEXT


def is_phone_like(text: str) -> bool:
    """Whether the text is written like a telephone number, with or without an extension."""
    if PHONE.fullmatch(text):
        return True
    match = PHONE_EXTENSION.fullmatch(text)
    return match is not None and PHONE.fullmatch(match[1].strip()) is not None


def _kind_of_integer(text: str) -> Kind:
    if text in ("0", "1"):
        return Kind.BIT
    try:
        number = read_number(text)
    except ValueError:
        return Kind.CODE
    if EARLIEST_EPOCH <= number <= LATEST_EPOCH or EARLIEST_EPOCH * 1000 <= number <= LATEST_EPOCH * 1000:
        return Kind.EPOCH
    return Kind.INTEGER


def _kind_of_time(text: str) -> Kind:
    try:
        if len(text) == 10:
            read_date(text)
            return Kind.DATE
        return Kind.DATE_TIME_FINE if read_datetime(text)[1] else Kind.DATE_TIME
    except ValueError:
        return Kind.TEXT


def _kind_of_json(text: str) -> Kind:
    try:
        value = read_json(text)
    except ValueError:
        return Kind.TEXT
    strings = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return Kind.STRINGS if strings else Kind.JSON


def _kind_of_address(text: str) -> Kind:
    match = WEB_ADDRESS.fullmatch(text)
    if match is None or not HOST.fullmatch(match[1].lower()):
        return Kind.TEXT
    return Kind.URL_PATH if match[2] or len(match[3] or "") > 1 else Kind.URL
