"""Phone numbers, split by libphonenumber into number, calling code and country (contracts/twenty/FACTS.md §7)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import phonenumbers

from . import values
from .errors import coded

Json = Any
Composite = dict[str, Json]
Parts = tuple[str, str, str]


def accept_phones(value: Composite, previous: Composite, path: str, modern: bool) -> Composite:
    """Merge a phones field: a primary number alone drops the additional ones, the reverse keeps it (FACTS.md §2.1)."""
    merged = dict(previous)
    given = {
        name: values.text(value.get(f"primaryPhone{name}"), f"{path}.primaryPhone{name}", modern=modern)
        for name in ("Number", "CallingCode", "CountryCode")
    }
    number, calling, country = normalised(given["Number"], given["CallingCode"], given["CountryCode"])
    inferred = {"Number": number, "CallingCode": calling, "CountryCode": country}
    for name, part in inferred.items():
        if f"primaryPhone{name}" in value or part:
            merged[f"primaryPhone{name}"] = part
    additional = value.get("additionalPhones")
    merged["additionalPhones"] = [_additional(item) for item in additional or []]
    return merged


def _additional(item: Json) -> Composite:
    """One additional phone; a bare string is accepted and stored as `{}`, which loses it (FACTS.md §7)."""
    if not isinstance(item, dict):
        return {}
    number, calling, country = normalised(
        item.get("number") or "", item.get("callingCode") or "", item.get("countryCode") or ""
    )
    return {"number": number, "callingCode": calling, "countryCode": country}


@lru_cache(maxsize=4096)
def normalised(number: str, calling: str, country: str) -> Parts:
    """National number, calling code and country, the latter two inferred where they were not sent."""
    _check_codes(calling, country)
    if not number:
        return number, calling, country
    parsed = _parse(number, calling, country)
    inferred_country = _country_of(parsed, country)
    inferred_calling = f"+{parsed.country_code}"
    if country and inferred_country and country != inferred_country:
        raise coded("Provided and inferred country code are conflicting", "CONFLICTING_PHONE_COUNTRY_CODE")
    if calling and f"+{calling.lstrip('+')}" != inferred_calling:
        raise coded("Provided and inferred calling code are conflicting", "CONFLICTING_PHONE_CALLING_CODE")
    national = phonenumbers.national_significant_number(parsed)
    return national, calling or inferred_calling, country or inferred_country


def _country_of(parsed: phonenumbers.PhoneNumber, preferred: str) -> str:
    """As libphonenumber-js finds it: of countries that share a number, the given one (FACTS.md §7, GP, BL and MF)."""
    countries = [
        country
        for country in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(parsed.country_code or 0, ())
        if country in phonenumbers.SUPPORTED_REGIONS
    ]
    if len(countries) < 2:
        return "".join(countries)
    national = phonenumbers.national_significant_number(parsed)
    fitting: list[str] = []
    for country in countries:
        metadata = phonenumbers.PhoneMetadata.metadata_for_region(country, None)
        if metadata is not None and metadata.leading_digits:
            if re.match(metadata.leading_digits, national):
                return country
        elif phonenumbers.is_valid_number_for_region(parsed, country):
            fitting.append(country)
    return preferred if preferred in fitting else "".join(fitting[:1])


def _check_codes(calling: str, country: str) -> None:
    if country and country not in phonenumbers.SUPPORTED_REGIONS:
        raise coded(f"Invalid country code {country}", "INVALID_PHONE_COUNTRY_CODE")
    if not calling:
        return
    digits = calling.removeprefix("+")
    countries = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(digits), ()) if digits.isdigit() else ()
    if not countries:
        raise coded(f"Invalid calling code {calling}", "INVALID_PHONE_CALLING_CODE")
    if country and country not in countries:
        raise coded(
            "Provided country code and calling code are conflicting", "CONFLICTING_PHONE_CALLING_CODE_AND_COUNTRY_CODE"
        )


def _parse(number: str, calling: str, country: str) -> phonenumbers.PhoneNumber:
    region = country or (phonenumbers.region_code_for_country_code(int(calling.lstrip("+"))) if calling else None)
    try:
        return phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        raise coded(f"Provided phone number is invalid {number}", "INVALID_PHONE_NUMBER") from None
