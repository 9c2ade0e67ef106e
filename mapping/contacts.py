"""The transforms for how people are called and reached: names, e-mail addresses, telephone numbers."""

from __future__ import annotations

import re
from typing import Any

import phonenumbers
from phonenumbers import NumberParseException

from mapping.exact import as_text, storable
from mapping.kinds import EMAIL, PHONE_EXTENSION
from mapping.registry import DEFAULT_COUNTRY, Option, Options, Unturned, Widget, chosen, transform

LONGEST_EMAIL = 255
SEVERAL_EMAILS = re.compile(r"[\s;,|/]+")
IN_ANGLES = re.compile(r"<\s*([^<>\s]+)\s*>")
MAILTO = re.compile(r"mailto:\s*", re.IGNORECASE)

LONGEST_PHONE = 40
MOST_PHONES = 10
SEVERAL_PHONES = re.compile(r"\s*(?:[;|\n/,&]|\s(?:or|and|oder|und|ou|et|of|en)\s)\s*")

PARTICLES = frozenset(
    "van von vom der den de del della di da do dos das du des dei la le las los lo ter ten te zu zum zur af av op bin"
    " ibn ben al el".split()
)
JOINS = frozenset({"y", "e", "i"})
"""Between two last names, in lower case: `José Ortega y Gasset`."""
SUFFIXES = frozenset(
    "jr jr. sr sr. ii iii iv phd ph.d. ph.d md m.d. esq esq. mba dds rn cpa jd j.d. msc bsc m.a. b.a. kbe obe".split()
)


@transform(
    "email",
    "Writes an e-mail address in lower case, without mailto: and angle brackets; of several in one value the first"
    " becomes the main address and the rest further ones.",
    examples=[
        (" Ada@Example.ORG ", {}, "ada@example.org"),
        ("mailto:ada@example.org", {}, "ada@example.org"),
        ("<ada@example.org>", {}, "ada@example.org"),
        (
            "ada@example.org; Byron@example.org",
            {},
            {"primaryEmail": "ada@example.org", "additionalEmails": ["byron@example.org"]},
        ),
    ],
)
def email(value: Any, options: Options) -> str | dict[str, Any]:
    """The address in the one form in which addresses are compared; several as main and further ones."""
    written = as_text(value).strip()
    if "<" in written:
        pieces, rest = IN_ANGLES.findall(written), re.sub(r"[\s;,|]", "", IN_ANGLES.sub("", written))
    else:
        pieces, rest = [piece for piece in SEVERAL_EMAILS.split(MAILTO.sub("", written)) if piece], ""
    found = [_address(piece) for piece in pieces]
    good = list(dict.fromkeys(address for address in found if address))
    if not good:
        raise Unturned("is not one e-mail address")
    made: str | dict[str, Any] = good[0]
    if len(good) > 1:
        made = {"primaryEmail": good[0], "additionalEmails": good[1:]}
    if rest:
        raise Unturned("holds more than the e-mail address", made)
    if not all(found):
        raise Unturned("holds something that is no e-mail address", made)
    return made


def _address(piece: str) -> str:
    address = MAILTO.sub("", piece).lower()
    good = EMAIL.fullmatch(address) and len(address) <= LONGEST_EMAIL and storable(address)
    return address if good else ""


@transform(
    "phone",
    "Reads a telephone number; one without a country code is read as one of the default country. Of several numbers"
    " in one value the first becomes the main number and the rest further ones.",
    examples=[
        (
            "(202) 225-2171",
            {"default_country": "US"},
            {
                "primaryPhoneNumber": "2022252171",
                "primaryPhoneCallingCode": "+1",
                "primaryPhoneCountryCode": "US",
            },
        ),
        (
            "0049 30 227 32152",
            {"default_country": "US"},
            {
                "primaryPhoneNumber": "3022732152",
                "primaryPhoneCallingCode": "+49",
                "primaryPhoneCountryCode": "DE",
            },
        ),
        (
            "+49 30 22732152 / +1 202-225-2171",
            {},
            {
                "primaryPhoneNumber": "3022732152",
                "primaryPhoneCallingCode": "+49",
                "primaryPhoneCountryCode": "DE",
                "additionalPhones": [{"number": "2022252171", "callingCode": "+1", "countryCode": "US"}],
            },
        ),
    ],
    takes=(DEFAULT_COUNTRY,),
)
def phone(value: Any, options: Options) -> dict[str, Any]:
    """National number, calling code and country; further numbers in the shape of the destination's list."""
    written = as_text(value).strip()
    country = chosen(options, "default_country")
    pieces = [piece for piece in SEVERAL_PHONES.split(written) if piece]
    try:
        return _phone(written, country)
    except Unturned as problem:
        if problem.part is not None or not 2 <= len(pieces) <= MOST_PHONES:
            raise
    return _phones(pieces, country)


def _phones(pieces: list[str], country: str) -> dict[str, Any]:
    good: list[dict[str, Any]] = []
    reason = ""
    for piece in pieces:
        try:
            good.append(_phone(piece, country))
        except Unturned as problem:
            reason = reason or f"holds a part that {problem.reason}"
            if problem.part is not None:
                good.append(problem.part)
    good = [parts for number, parts in enumerate(good) if parts not in good[:number]]
    if not good:
        raise Unturned("is not a valid telephone number of any country")
    made: dict[str, Any] = good[0]
    if len(good) > 1:
        names = {"number": "Number", "callingCode": "CallingCode", "countryCode": "CountryCode"}
        more = [{name: parts[f"primaryPhone{part}"] for name, part in names.items()} for parts in good[1:]]
        made = {**made, "additionalPhones": more}
    if reason:
        raise Unturned(reason, made)
    return made


def _phone(written: str, country: str) -> dict[str, Any]:
    if len(written) > LONGEST_PHONE:
        raise Unturned("is too long for one telephone number")
    if written[:4].lower() == "tel:":
        written = written[4:].strip()
    extended = PHONE_EXTENSION.fullmatch(written)
    if re.search(r"[^\W\d_]", extended[1] if extended else written):
        raise Unturned("holds letters, which a telephone number does not")
    parsed = _parsed(f"+{written[2:]}", country) if written.startswith("00") else None
    parsed = parsed or _parsed(written, country)
    if parsed is None:
        raise Unturned("is not a valid telephone number of any country")
    parts = {
        "primaryPhoneNumber": phonenumbers.national_significant_number(parsed),
        "primaryPhoneCallingCode": f"+{parsed.country_code}",
        "primaryPhoneCountryCode": phonenumbers.region_code_for_number(parsed),
    }
    if parsed.extension:
        raise Unturned("has an extension, for which the destination has no place", parts)
    return parts


def _parsed(written: str, country: str) -> phonenumbers.PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(written, country or None)
    except NumberParseException:
        return None
    region = phonenumbers.region_code_for_number(parsed)
    return parsed if phonenumbers.is_valid_number(parsed) and region and region != "001" else None


@transform(
    "full_name",
    "Splits a whole name into first and last name. Titles stay with the first name, “van” and “de” and “Jr.” with the"
    " last; “Last, First” is understood.",
    examples=[
        ("Maria Cantwell", {}, {"firstName": "Maria", "lastName": "Cantwell"}),
        ("Beethoven, Ludwig van", {}, {"firstName": "Ludwig van", "lastName": "Beethoven"}),
        ("Vincent van Gogh", {}, {"firstName": "Vincent", "lastName": "van Gogh"}),
        ("Dr. José Ortega y Gasset", {}, {"firstName": "Dr. José", "lastName": "Ortega y Gasset"}),
        ("King, Martin Luther, Jr.", {}, {"firstName": "Martin Luther", "lastName": "King, Jr."}),
        ("Nagy István", {"order": "last_first"}, {"firstName": "István", "lastName": "Nagy"}),
        ("Cher", {}, {"firstName": "Cher", "lastName": ""}),
    ],
    takes=(
        Option(
            "order",
            "Order of the names",
            Widget.CHOICE,
            "How names without a comma are written, for example last name first in Hungarian.",
            (("", "First name first"), ("last_first", "Last name first")),
        ),
    ),
    certain=True,
)
def full_name(value: Any, options: Options) -> dict[str, str]:
    """First and last name; no word of the name is lost."""
    name = as_text(value).strip()
    if not storable(name):
        raise Unturned("holds a character that the destination cannot store")
    pieces = [part.strip() for part in name.split(",")]
    if len(pieces) == 3 and all(pieces) and pieces[2].lower() in SUFFIXES:
        return {"firstName": pieces[1], "lastName": f"{pieces[0]}, {pieces[2]}"}
    if len(pieces) == 2 and all(pieces) and pieces[1].lower() not in SUFFIXES:
        return {"firstName": pieces[1], "lastName": pieces[0]}
    words = name.split()
    if chosen(options, "order") == "last_first" and len(words) > 1:
        return {"firstName": " ".join(words[1:]), "lastName": words[0]}
    last = _last_name(words)
    if last < 1:
        return {"firstName": name, "lastName": ""}
    return {"firstName": " ".join(words[:last]), "lastName": " ".join(words[last:])}


def _last_name(words: list[str]) -> int:
    """The number of the word with which the last name begins."""
    last = len(words) - 1
    while last > 1:
        if words[last].lower().strip(",") in SUFFIXES or words[last - 1].lower() in PARTICLES:
            last -= 1
        elif last > 2 and words[last - 1] in JOINS:
            last -= 2
        else:
            break
    return last
