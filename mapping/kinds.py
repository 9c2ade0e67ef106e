"""What a single value looks like: the cheap, per-value evidence under every type that is inferred."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from typing import Any

from mapping.days import Order, is_unsure, order_of, split_clock
from mapping.exact import (
    DATE,
    EARLIEST_EPOCH,
    LATEST_EPOCH,
    read_date,
    read_datetime,
    read_json,
    read_number,
)
from mapping.figures import COMMA, CURRENCIES, SIGNS, UNSURE_NUMBER, decimal_mark, match_money


class Kind(StrEnum):
    """The look of a value. Kinds do not overlap; which of them a type accepts is decided by the inference."""

    BOOLEAN = "boolean"
    BIT = "bit"
    INTEGER = "integer"
    DECIMAL = "decimal"
    THREE_DECIMALS = "three_decimals"
    """A plain decimal such as 1.234, which is a thousand where the column is written with commas."""
    POINT_NUMBER = "point_number"
    COMMA_NUMBER = "comma_number"
    UNSURE_NUMBER = "unsure_number"
    PERCENT = "percent"
    EPOCH = "epoch"
    CODE = "code"
    DATE = "date"
    DATE_TIME = "datetime"
    DATE_TIME_FINE = "datetime_fine"
    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"
    UNSURE_DAY = "unsure_day"
    WRITTEN_DAY = "written_day"
    """A day that is no ISO date and cannot be misread: 2024/12/31, Dec 31, 2024, 05.05.2024."""
    DAY_FIRST_TIME = "day_first_time"
    MONTH_FIRST_TIME = "month_first_time"
    UNSURE_TIME = "unsure_time"
    WRITTEN_TIME = "written_time"
    EMAIL = "email"
    EMAILS = "emails"
    EMAIL_AND_MORE = "email_and_more"
    URL = "url"
    URL_PATH = "url_path"
    DOMAIN = "domain"
    PHONE = "phone"
    MONEY = "money"
    POINT_MONEY = "point_money"
    COMMA_MONEY = "comma_money"
    UNSURE_MONEY = "unsure_money"
    STRINGS = "strings"
    ADDRESS = "address"
    JSON = "json"
    TEXT = "text"


NUMBERS = frozenset({Kind.BIT, Kind.INTEGER, Kind.DECIMAL, Kind.THREE_DECIMALS, Kind.EPOCH})
LOCAL_NUMBERS = frozenset({Kind.POINT_NUMBER, Kind.COMMA_NUMBER, Kind.UNSURE_NUMBER})
TIMES = frozenset({Kind.DATE, Kind.DATE_TIME, Kind.DATE_TIME_FINE})
LOCAL_DAYS = frozenset({Kind.DAY_FIRST, Kind.MONTH_FIRST, Kind.UNSURE_DAY, Kind.WRITTEN_DAY})
LOCAL_TIMES = frozenset({Kind.DAY_FIRST_TIME, Kind.MONTH_FIRST_TIME, Kind.UNSURE_TIME, Kind.WRITTEN_TIME})
MONEYS = frozenset({Kind.MONEY, Kind.POINT_MONEY, Kind.COMMA_MONEY, Kind.UNSURE_MONEY})
EMAILS = frozenset({Kind.EMAIL, Kind.EMAILS, Kind.EMAIL_AND_MORE})
WEB = frozenset({Kind.URL, Kind.URL_PATH})

TRUE_WORDS = frozenset("true yes y t on 1 ja j wahr oui vrai si sim verdadeiro verdadero waar vero".split())
FALSE_WORDS = frozenset("false no n f off 0 nein falsch non faux falso nao nee onwaar".split())
"""In English, German, French, Spanish, Portuguese, Dutch and Italian, without case and accents; none is in both."""
SURE_WORDS = frozenset({"true", "false", "yes", "no"})
"""Words that mean a boolean without looking at the rest of the column; `n` or `off` alone may be anything."""

EMAIL = re.compile(r'[^\s@"]{1,64}@[^\s@]{1,255}')
HOST = re.compile(r"(?=.{4,253}$)(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][^\W_]{1,62}")
WEB_ADDRESS = re.compile(r"https?://([^\s/?#@:]+)(:[0-9]{1,5})?([/?#]\S*)?", re.IGNORECASE)
DIGITS = re.compile(r"-?[0-9]+")
EXPONENT = re.compile(r"[0-9]+[eE][0-9]+")
PHONE = re.compile(r"(?=(?:\D*[0-9]){7,15}\D*$)\+?[0-9(][0-9 ().\-/]{6,24}", re.ASCII)
PHONE_EXTENSION = re.compile(r"(.{7,25}?)\s*(?:,|;)?\s*(?:ext\.?|extension|x|#)\s*[0-9]{1,7}", re.IGNORECASE)
SEVERAL_EMAILS = re.compile(r"[\s;,|/]+")
SHORT_SIGNS = frozenset({"kr", "Ft", "zł", "Kč"})
LONG_ENDS = (*SHORT_SIGNS, "kr.", "lei")
LAST_DAY = 40
"""No day or time that we read is longer."""

ADDRESS_KEYS = {
    "street": "addressStreet1",
    "street1": "addressStreet1",
    "line1": "addressStreet1",
    "address1": "addressStreet1",
    "addressline1": "addressStreet1",
    "street2": "addressStreet2",
    "line2": "addressStreet2",
    "address2": "addressStreet2",
    "addressline2": "addressStreet2",
    "city": "addressCity",
    "town": "addressCity",
    "state": "addressState",
    "region": "addressState",
    "province": "addressState",
    "postalcode": "addressPostcode",
    "postcode": "addressPostcode",
    "zip": "addressPostcode",
    "zipcode": "addressPostcode",
    "country": "addressCountry",
}
"""How the parts of an address are called in JSON, without case and punctuation."""


def address_key(name: str) -> str:
    """The name of a part as it stands in `ADDRESS_KEYS`."""
    return re.sub(r"[\W_]", "", name).lower()


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
        return _kind_of_email(text)
    if first in "hH" and text[:4].lower() == "http":
        return _kind_of_address(text)
    if "." in text and HOST.fullmatch(text):
        return Kind.DOMAIN
    if len(text) <= 5 and text.lower() in SURE_WORDS:
        return Kind.BOOLEAN
    if len(text) <= LAST_DAY and text[-1:] in "0123456789.-–—Mm" and text and not text.isalpha():
        return _kind_of_money(text) or (_kind_of_day(text) if first.isalpha() else None) or Kind.TEXT
    return Kind.TEXT


_remembered = lru_cache(maxsize=1 << 15)(_kind_of)


def _kind_of_figures(text: str) -> Kind:
    if DIGITS.fullmatch(text):
        return _kind_of_integer(text)
    try:
        read_number(text)
        return (
            Kind.THREE_DECIMALS if text[-4] == "." and len(text) <= 8 and text[:2] not in ("0.", "-0") else Kind.DECIMAL
        )
    except (ValueError, IndexError):
        pass
    if DATE.match(text):
        return _kind_of_time(text)
    if EXPONENT.fullmatch(text):
        return Kind.CODE
    found = None
    if len(text) <= LAST_DAY:
        lettered = text.upper() != text.lower()
        found = _kind_of_money(text) or _kind_of_day(text) or (None if lettered else _kind_of_number(text))
    if found is not None:
        return found
    if is_phone_like(text):
        return Kind.PHONE
    if "@" in text:
        return _kind_of_email(text)
    return Kind.DOMAIN if "." in text and HOST.fullmatch(text) else Kind.TEXT


def _kind_of_number(text: str) -> Kind | None:
    """A number with groups, a decimal comma or a percent sign; one that looks like a telephone number is none."""
    body = text[:-1].rstrip() if text[-1] == "%" else text
    if body[-1:] not in "0123456789" or not body or body[0] in "+(":
        return None
    if "," not in body and "'" not in body and "’" not in body and sum(map(str.isdigit, body)) > 8:
        return None
    try:
        mark = decimal_mark(body)
    except ValueError:
        unsure = UNSURE_NUMBER.fullmatch(body) is not None
        return (Kind.PERCENT if body is not text else Kind.UNSURE_NUMBER) if unsure else None
    if body is not text:
        return Kind.PERCENT
    return Kind.COMMA_NUMBER if mark == COMMA else Kind.POINT_NUMBER


def _kind_of_money(text: str) -> Kind | None:
    if not _names_currency(text):
        return None
    match = match_money(text)
    if match is None or not (match["before"] or match["after"]):
        return None
    amount = match["amount"].strip()
    try:
        mark = decimal_mark(amount)
    except ValueError:
        return Kind.UNSURE_MONEY if UNSURE_NUMBER.fullmatch(amount) else None
    return {"": Kind.MONEY, COMMA: Kind.COMMA_MONEY}.get(mark, Kind.POINT_MONEY)


def _names_currency(text: str) -> bool:
    """Whether a sign or code of a currency stands at one end; cheap, for most texts name none."""
    ends = (text[0], text[-1], text[:2].lstrip("-"))
    if any(end in SIGNS or end == "$" for end in ends) or "$" in text[1:4]:
        return True
    return text[:3] in CURRENCIES or text[-3:] in CURRENCIES or text[:2] in SHORT_SIGNS or text.endswith(LONG_ENDS)


def _kind_of_day(text: str) -> Kind | None:
    if len(text) < 8 or not (text[-4:].isdigit() or ":" in text or text[:4].isdigit()):
        return None
    try:
        day, clock = split_clock(text)
        order = order_of(day)
    except ValueError:
        return None
    if order is Order.UNKNOWN and not is_unsure(day):
        return Kind.WRITTEN_DAY if clock is None else Kind.WRITTEN_TIME
    days, times = DAYS_OF[order]
    return days if clock is None else times


DAYS_OF = {
    Order.UNKNOWN: (Kind.UNSURE_DAY, Kind.UNSURE_TIME),
    Order.DAY_FIRST: (Kind.DAY_FIRST, Kind.DAY_FIRST_TIME),
    Order.MONTH_FIRST: (Kind.MONTH_FIRST, Kind.MONTH_FIRST_TIME),
}


def _kind_of_email(text: str) -> Kind:
    if EMAIL.fullmatch(text) and len(text) <= 255:
        return Kind.EMAIL
    if len(text) > CACHED_LENGTH:
        return Kind.TEXT
    if text[-1] == ">" and EMAIL.fullmatch(text.partition("<")[2][:-1].strip()):
        return Kind.EMAIL_AND_MORE if text[0] != "<" else Kind.EMAIL
    pieces = SEVERAL_EMAILS.split(text)
    return Kind.EMAILS if all(EMAIL.fullmatch(piece) for piece in pieces if piece) else Kind.TEXT


def is_phone_like(text: str) -> bool:
    """Whether the text is written like a telephone number, with or without an extension."""
    if PHONE.fullmatch(text):
        return True
    match = PHONE_EXTENSION.fullmatch(text) if "x" in text or "X" in text or "#" in text else None
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
    if isinstance(value, list):
        return Kind.STRINGS if all(isinstance(item, str) for item in value) else Kind.JSON
    return Kind.ADDRESS if _is_address(value) else Kind.JSON


def _is_address(value: dict[str, Any]) -> bool:
    """Whether every key is a part of an address, each at most once, and there are a place and something else."""
    parts = [ADDRESS_KEYS.get(address_key(name), "") for name in value]
    if len(parts) < 2 or "" in parts or len(set(parts)) < len(parts):
        return False
    plain = all(part is None or (isinstance(part, str | int) and not isinstance(part, bool)) for part in value.values())
    return plain and bool({"addressStreet1", "addressCity"} & set(parts))


def _kind_of_address(text: str) -> Kind:
    match = WEB_ADDRESS.fullmatch(text)
    if match is None or not HOST.fullmatch(match[1].lower()):
        return Kind.TEXT
    return Kind.URL_PATH if match[2] or len(match[3] or "") > 1 else Kind.URL
