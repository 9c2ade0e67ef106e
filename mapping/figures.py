"""Reading numbers and amounts of money as people of several countries write them, and only where it is certain.

`1,234` may be a thousand or a little more than one: without a word about the column that is a ValueError.
"""

from __future__ import annotations

import re
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.numbers import get_territory_currencies

POINT, COMMA = ".", ","
UNSURE = "may be thousands or a decimal fraction: the map has to say which"

SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'", "\u2212": "-"})
WRITTEN = re.compile(r"-?[0-9][0-9.,' ]{0,50}")
BODY = re.compile(
    r"(?P<whole>0|[1-9][0-9]{0,2}(?P<sep>[.,' ])[0-9]{3}(?:(?P=sep)[0-9]{3})*|[1-9][0-9]{0,1}(?:,[0-9]{2})+,[0-9]{3}"
    r"|[1-9][0-9]{0,30})(?:(?P<mark>[.,])(?P<fraction>[0-9]{1,30}))?"
)
"""The whole part, perhaps in groups of three (or as in India), and a fraction after another mark than the groups'."""

UNSURE_NUMBER = re.compile(r"-?[1-9][0-9]{0,2}[.,][0-9]{3}")
"""One mark and three digits behind it."""

DOLLARS = frozenset("ARS AUD BBD BSD BZD CAD CLP COP FJD HKD JMD MXN NAD NZD SGD TTD TWD USD UYU XCD".split())
CROWNS = frozenset("DKK ISK NOK SEK".split())
SIGNS = {
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "￥": "JPY",
    "₹": "INR",
    "₩": "KRW",
    "₺": "TRY",
    "₪": "ILS",
    "₽": "RUB",
    "₴": "UAH",
    "₫": "VND",
    "฿": "THB",
    "₱": "PHP",
    "zł": "PLN",
    "Kč": "CZK",
    "Ft": "HUF",
    "lei": "RON",
    "R$": "BRL",
    "US$": "USD",
    "C$": "CAD",
    "CA$": "CAD",
    "A$": "AUD",
    "AU$": "AUD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "NT$": "TWD",
    "S$": "SGD",
    "MX$": "MXN",
}
SHARED = {"$": (DOLLARS, "USD"), "kr": (CROWNS, ""), "kr.": (CROWNS, "")}
"""Signs of several currencies, and what they mean where the country's own money has another sign."""

CURRENCIES = frozenset(
    "AED ARS AUD BGN BRL CAD CHF CLP CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR ISK JPY KES KRW KWD MAD MXN MYR"
    " NGN NOK NZD PEN PHP PKR PLN QAR RON RUB SAR SEK SGD THB TRY TWD UAH USD UYU VND ZAR".split()
)
"""Currencies whose code in a value is taken as proof that the value is an amount of money."""

SIGN = "|".join(re.escape(sign) for sign in sorted([*SIGNS, *SHARED, *CURRENCIES], key=len, reverse=True))
MONEY = re.compile(rf"(?P<minus>-?)(?:(?P<before>{SIGN}) ?)?(?P<amount>-?[0-9][0-9.,' ]*?)(?: ?(?P<after>{SIGN}))?")
WHOLE_MARK = re.compile(r"(?:,|\.)[-–—]$")
"""`12,-`, as prices are written in German and Dutch."""


def plain_signs(text: str) -> str:
    """The text with plain spaces, apostrophes and minus signs."""
    return text if text.isascii() else text.translate(SPACES)


def plain_number(text: str, mark: str = "") -> str:
    """The number as plain digits with a decimal point; `mark` is the column's decimal mark where that is known."""
    written = plain_signs(text)
    if not WRITTEN.fullmatch(written):
        raise ValueError("is not a number")
    sign, body = ("-", written[1:]) if written[0] == "-" else ("", written)
    match = BODY.fullmatch(body)
    if match is None:
        raise ValueError("is not a number")
    whole, separator, point, fraction = match["whole"], match["sep"], match["mark"], match["fraction"]
    if separator and separator == point:
        raise ValueError("is not a number")
    if "," in whole and not separator:
        separator = ","
    once = separator in (POINT, COMMA) and whole.count(separator) == 1 and not point
    if once and not mark:
        raise ValueError(UNSURE)
    if once and separator == mark:
        whole, _, fraction = whole.partition(mark)
        separator = ""
    elif point and not separator and len(fraction) == 3 and not mark and whole != "0" and len(whole) <= 3:
        raise ValueError(UNSURE)
    if mark and (separator == mark or (point and point != mark)):
        raise ValueError(f"is not written with “{mark}” before the fraction, as the map says")
    digits = re.sub(r"\D", "", whole)
    return f"{sign}{digits}.{fraction}" if fraction else f"{sign}{digits}"


def decimal_mark(text: str) -> str:
    """The decimal mark that the way a number is written gives away: `.`, `,` or nothing; ValueError for no number."""
    written = plain_signs(text)
    plain_number(written)
    last = max(written.rfind(POINT), written.rfind(COMMA))
    if last < 0:
        return ""
    sign = written[last]
    is_group = written.count(sign) > 1 or (sign == COMMA and re.search(r",[0-9]{2},[0-9]{3}$", written))
    return (POINT if sign == COMMA else COMMA) if is_group else sign


def money(text: str, country: str = "", currency: str = "", mark: str = "") -> tuple[str, str]:
    """The plain amount and the code of its currency; `currency` stands in where the text names none."""
    match = match_money(text.strip())
    if match is None or (match["minus"] and match["amount"].startswith("-")):
        raise ValueError("is not an amount of money")
    signs = [sign for sign in (match["before"], match["after"]) if sign]
    codes = {code_of(sign, country) for sign in signs}
    if len(signs) == 2 and "" not in codes and len(codes) == 2:
        raise ValueError("names two currencies")
    code = next(iter(sorted(codes - {""})), "") or ("" if signs else currency)
    if not code:
        raise ValueError("has a sign that several currencies share" if signs else "names no currency")
    return match["minus"] + plain_number(match["amount"].strip(), mark), code


def match_money(text: str) -> re.Match[str] | None:
    """The parts of an amount of money: minus, before, amount, after."""
    written = plain_signs(text)
    return MONEY.fullmatch(WHOLE_MARK.sub("", written) if written[-1:] in "-–—" else written)


def code_of(sign: str, country: str) -> str:
    """The currency that a sign or code means in a country; empty when it may be several."""
    if sign in CURRENCIES:
        return sign
    if sign in ("¥", "￥") and country == "CN":
        return "CNY"
    if sign not in SHARED:
        return SIGNS[sign]
    members, otherwise = SHARED[sign]
    own = currency_of(country)
    return own if own in members else otherwise if country else ""


@lru_cache(maxsize=512)
def currency_of(country: str) -> str:
    """The currency of a country; empty when there is no such country."""
    try:
        return next(iter(get_territory_currencies(country)), "") if len(country) == 2 and country.isascii() else ""
    except (KeyError, ValueError, LookupError):
        return ""


@lru_cache(maxsize=512)
def mark_of(country: str) -> str:
    """The decimal mark that is usual in a country; empty when there is no such country."""
    if not (len(country) == 2 and country.isascii() and country.isalpha()):
        return ""
    try:
        sign = str(Locale.parse(f"und_{country.upper()}").number_symbols["latn"]["decimal"])
    except (UnknownLocaleError, ValueError, KeyError):
        return ""
    return sign if sign in (POINT, COMMA) else ""
