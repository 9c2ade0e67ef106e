"""Countries by their names in seven languages and by their codes, from Unicode's CLDR."""

from __future__ import annotations

import re
from functools import cache

from babel import Locale
from babel.core import get_global

from mapping.days import LANGUAGES, folded

NO_COUNTRIES = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"})
"""Codes of CLDR that are no countries: unions, islands of another country, tests."""

USUAL = {
    "usa": "US",
    "us of a": "US",
    "united states of america": "US",
    "the united states": "US",
    "estados unidos de america": "US",
    "vereinigte staaten von amerika": "US",
    "etats unis damerique": "US",
    "eeuu": "US",
    "uk": "GB",
    "great britain": "GB",
    "britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "grossbritannien": "GB",
    "gran bretana": "GB",
    "gran bretagna": "GB",
    "grande bretagne": "GB",
    "holland": "NL",
    "the netherlands": "NL",
    "pays bas": "NL",
    "czech republic": "CZ",
    "tschechische republik": "CZ",
    "republique tcheque": "CZ",
    "republica checa": "CZ",
    "turkey": "TR",
    "ivory coast": "CI",
    "south korea": "KR",
    "north korea": "KP",
    "russian federation": "RU",
    "viet nam": "VN",
    "burma": "MM",
    "swaziland": "SZ",
    "macedonia": "MK",
    "hong kong": "HK",
    "macau": "MO",
    "uae": "AE",
    "republic of ireland": "IE",
    "peoples republic of china": "CN",
    "bundesrepublik deutschland": "DE",
}
"""Usual names that CLDR does not list, squeezed as `_key` does it. Parts of the United Kingdom are read as it."""


def country_code(text: str) -> str:
    """The two-letter code of the country that the text names; empty when it names none, or may name several."""
    written = text.strip()
    if len(written) in (2, 3) and written.isascii() and written.isalpha():
        return _codes().get(written.upper(), "") or _names().get(_key(written), "")
    return _names().get(_key(written), "") if 3 <= len(written) <= 60 else ""


def country_name(code: str) -> str:
    """The English name of a country by its two-letter code."""
    return str(Locale.parse("en").territories[code])


@cache
def countries() -> tuple[tuple[str, str], ...]:
    """All countries as (code, English name), by name: for a choice in a form."""
    names = [(code, country_name(code)) for code in _two_letters()]
    return tuple(sorted(names, key=lambda pair: folded(pair[1])))


def _key(name: str) -> str:
    return " ".join(re.sub(r"[^\w\s-]", "", folded(name)).replace("-", " ").split())


def _two_letters() -> list[str]:
    codes = map(str, Locale.parse("en").territories)
    return [code for code in codes if len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES]


@cache
def _codes() -> dict[str, str]:
    """Two- and three-letter codes, and UK."""
    known = _two_letters()
    made = {code: code for code in known} | {"UK": "GB"}
    for alias, codes in get_global("territory_aliases").items():
        if len(alias) == 3 and alias.isalpha() and len(codes) == 1 and codes[0] in known:
            made[alias] = codes[0]
    return made


@cache
def _names() -> dict[str, str]:
    """Names in all languages; one that means different countries in different languages is left out."""
    made: dict[str, str] = {}
    twice = {"congo"}
    for language in LANGUAGES:
        territories = Locale.parse(language).territories
        for code in _two_letters():
            key = _key(territories.get(code, ""))
            if key and made.setdefault(key, code) != code:
                twice.add(key)
    return {**{name: code for name, code in made.items() if name not in twice}, **USUAL}
