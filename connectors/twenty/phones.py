"""Phone numbers as Twenty takes and keeps them (contracts/twenty/FACTS.md section 7, PHONES).

Twenty splits a number with libphonenumber into national number, country and calling code, and drops an
extension. `phonenumbers` is the same library in Python.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers

COUNTRIES = frozenset(phonenumbers.SUPPORTED_REGIONS)
DIGITS = 19
"""More are refused, calling code and all: the standard ends at 15, libphonenumber at 17 behind the code."""
_EXTENSION = re.compile(r"\s*(;ext=|ext\.?|extn\.?|extension|x|#)\s*[:.]?\s*\d{1,9}\s*#?\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Phone:
    """A number as it stands in the three sub-fields; `problem` says, as a clause, why Twenty would not take it."""

    number: str
    calling_code: str
    country: str
    problem: str = ""


def countries_of(calling_code: str) -> tuple[str, ...]:
    """The countries that share a calling code (`+1` or `1`), the main one first; none for an unknown code."""
    digits = calling_code.removeprefix("+")
    if not digits.isdigit():
        return ()
    found = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(digits), ())
    return tuple(country for country in found if country in COUNTRIES)


@lru_cache(maxsize=8192)
def read_phone(number: str, calling_code: str = "", country: str = "") -> Phone:
    """The phone as Twenty would store it, or as it came together with what is wrong with it."""
    given = Phone(number, calling_code, country)
    if country and country not in COUNTRIES:
        return _wrong(given, f"has the unknown country “{country}”")
    if calling_code and not (shared := countries_of(calling_code)):
        return _wrong(given, f"has the unknown calling code “{calling_code}”")
    if calling_code and country and country not in shared:
        return _wrong(given, f"has a calling code that does not belong to {country}")
    if not number:
        return given
    if not number.strip() or sum(map(str.isdigit, number)) > DIGITS:
        return _wrong(given, "is not a phone number")
    if "＋" in number:
        return _wrong(given, "has a full-width plus sign")
    return _parsed(given, country or (shared[0] if calling_code else ""))


def _parsed(given: Phone, region: str) -> Phone:
    if re.search(r"[^\W\d_]", _EXTENSION.sub("", given.number)):
        # Twenty would take "1-800-FLOWERS" and keep only the digits.
        return _wrong(given, "contains letters")
    try:
        parsed = phonenumbers.parse(given.number, region or None)
    except phonenumbers.NumberParseException:
        return _wrong(given, "is not a phone number" if region else "is no phone number with a country code")
    national = phonenumbers.national_significant_number(parsed)
    code = f"+{parsed.country_code}"
    found = _country_of(parsed, given.country)
    if given.calling_code and given.calling_code.removeprefix("+") != code.removeprefix("+"):
        return _wrong(given, f"does not have the calling code {given.calling_code}")
    if given.country and found and given.country != found:
        return _wrong(given, f"belongs to {found}, not to {given.country}")
    return Phone(national, code, given.country or found)


def _country_of(parsed: phonenumbers.PhoneNumber, preferred: str) -> str:
    """The country of a number, as the JavaScript library finds it: where several share it, the given one goes first.

    Google's own takes the first that fits, so a number of Western Sahara would be one of Morocco.
    """
    countries = countries_of(str(parsed.country_code))
    if len(countries) == 1:
        return countries[0]
    national = phonenumbers.national_significant_number(parsed)
    fitting: list[str] = []
    for country in countries:
        metadata = phonenumbers.PhoneMetadata.metadata_for_region(country, None)
        if metadata is not None and metadata.leading_digits:
            if re.match(metadata.leading_digits, national):
                return country
        elif phonenumbers.is_valid_number_for_region(parsed, country):
            fitting.append(country)
    return preferred if preferred in fitting else fitting[0] if fitting else ""


def _wrong(given: Phone, problem: str) -> Phone:
    return Phone(given.number, given.calling_code, given.country, problem)
