"""The transforms for postal addresses and countries."""

from __future__ import annotations

import re
from typing import Any

from mapping.exact import as_text, read_json, storable
from mapping.kinds import ADDRESS_KEYS, address_key
from mapping.places import country_code, country_name
from mapping.registry import DEFAULT_COUNTRY, Option, Options, Unturned, Widget, chosen, transform

US_ADDRESS = re.compile(r"(.+?)[;,\n]\s*([^;,\n]+),\s*([A-Z]{2})[ ]+([0-9]{5}(?:-[0-9]{4})?)", re.DOTALL)
US_STATES = frozenset(
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA"
    " RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR VI".split()
)


@transform(
    "address",
    "Splits an address only where the parts are certain; any other goes into the first street line whole.",
    examples=[
        (
            "1301 LHOB; Washington, DC 20515-6001",
            {"default_country": "US"},
            {
                "addressStreet1": "1301 LHOB",
                "addressCity": "Washington",
                "addressState": "DC",
                "addressPostcode": "20515-6001",
            },
        ),
        ("Platz der Republik 1", {}, {"addressStreet1": "Platz der Republik 1"}),
        ('{"street": "1 Main St", "city": "Bonn"}', {}, {"addressStreet1": "1 Main St", "addressCity": "Bonn"}),
    ],
    takes=(DEFAULT_COUNTRY,),
    certain=True,
)
def address(value: Any, options: Options) -> dict[str, str]:
    """The parts of the address that are certain."""
    written = as_text(value).strip()
    if not storable(written):
        raise Unturned("holds a character that the destination cannot store")
    if written.startswith("{"):
        return _address_of_parts(written)
    match = US_ADDRESS.fullmatch(written) if chosen(options, "default_country") == "US" else None
    if match and match[3] in US_STATES:
        street, city, state, postcode = (part.strip() for part in match.groups())
        return {
            "addressStreet1": street,
            "addressCity": city,
            "addressState": state,
            "addressPostcode": postcode,
        }
    return {"addressStreet1": written}


def _address_of_parts(written: str) -> dict[str, str]:
    try:
        parts = read_json(written)
    except ValueError:
        return {"addressStreet1": written}
    made: dict[str, str] = {}
    for name, part in parts.items() if isinstance(parts, dict) else ():
        key = ADDRESS_KEYS.get(address_key(name))
        if part is None:
            continue
        if key is None or key in made or isinstance(part, bool) or not isinstance(part, str | int):
            return {"addressStreet1": written}
        made[key] = str(part)
    return made or {"addressStreet1": written}


@transform(
    "country",
    "Finds the country by its name in English, German, French, Spanish, Portuguese, Dutch or Italian, or by its code,"
    " and writes its English name.",
    examples=[
        ("Deutschland", {}, "Germany"),
        ("USA", {}, "United States"),
        ("Pays-Bas", {"form": "code"}, "NL"),
        ("gbr", {}, "United Kingdom"),
    ],
    takes=(
        Option(
            "form",
            "Written as",
            Widget.CHOICE,
            "How the country is written on the destination.",
            (("", "English name"), ("code", "Two-letter code")),
        ),
    ),
)
def country(value: Any, options: Options) -> str:
    """The English name or the two-letter code."""
    code = country_code(as_text(value))
    if not code:
        raise Unturned("is no country that we know by this name")
    return code if chosen(options, "form") == "code" else country_name(code)
