"""The transforms for how people and companies are called, reached and found: names, e-mail, phone, links."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import phonenumbers
from phonenumbers import NumberParseException

from mapping.exact import as_text, read_json, storable
from mapping.kinds import EMAIL, HOST, PHONE_EXTENSION, WEB_ADDRESS
from mapping.registry import Options, Unturned, transform

LONGEST_EMAIL = 255
PARTICLES = frozenset({"van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "la", "le", "ter", "zu"})
SUFFIXES = frozenset({"jr", "jr.", "sr", "sr.", "ii", "iii", "iv", "phd", "ph.d.", "md", "m.d.", "esq", "esq."})
BARE_ADDRESS = re.compile(r"([^\s/?#@:]+)(:[0-9]{1,5})?([/?#]\S*)?")
HANDLE = re.compile(r"@?([\w.\-]{1,100})")
FEDERATED = re.compile(r"@?([\w.\-]{1,100})@([^\s/@]+)")
CHANNEL = re.compile(r"UC[\w-]{22}")
US_ADDRESS = re.compile(r"(.+?)[;,\n]\s*([^;,\n]+),\s*([A-Z]{2})[ ]+([0-9]{5}(?:-[0-9]{4})?)", re.DOTALL)
US_STATES = frozenset(
    re.findall(
        "[A-Z]{2}",
        "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR"
        " PA RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR VI",
    )
)
ADDRESS_KEYS = {
    "street": "addressStreet1",
    "street1": "addressStreet1",
    "line1": "addressStreet1",
    "address1": "addressStreet1",
    "street2": "addressStreet2",
    "line2": "addressStreet2",
    "address2": "addressStreet2",
    "city": "addressCity",
    "state": "addressState",
    "region": "addressState",
    "postalcode": "addressPostcode",
    "postcode": "addressPostcode",
    "zip": "addressPostcode",
    "country": "addressCountry",
}


@transform(
    "email",
    "Trims the address, takes a leading mailto: away and writes it in lower case.",
    examples=[(" Ada@Example.ORG ", {}, "ada@example.org"), ("mailto:ada@example.org", {}, "ada@example.org")],
)
def email(value: Any, options: Options) -> str:
    """The address in the one form in which addresses are compared."""
    address = as_text(value).strip()
    if address[:7].lower() == "mailto:":
        address = address[7:].strip()
    address = address.lower()
    if not EMAIL.fullmatch(address) or len(address) > LONGEST_EMAIL or not storable(address):
        raise Unturned("is not one e-mail address")
    return address


@transform(
    "phone",
    "Reads a telephone number; one without a country code is read as one of the default country.",
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
            "+49 30 227 32152",
            {"default_country": "US"},
            {
                "primaryPhoneNumber": "3022732152",
                "primaryPhoneCallingCode": "+49",
                "primaryPhoneCountryCode": "DE",
            },
        ),
    ],
)
def phone(value: Any, options: Options) -> dict[str, str]:
    """National number, calling code and country."""
    written = as_text(value).strip()
    if len(written) > 40:
        raise Unturned("is too long for one telephone number")
    extended = PHONE_EXTENSION.fullmatch(written)
    if re.search(r"[^\W\d_]", extended[1] if extended else written):
        raise Unturned("holds letters, which a telephone number does not")
    try:
        parsed = phonenumbers.parse(written, as_text(options.get("default_country")) or None)
    except NumberParseException as error:
        raise Unturned("cannot be read as a telephone number") from error
    country = phonenumbers.region_code_for_number(parsed)
    if not phonenumbers.is_valid_number(parsed) or not country or country == "001":
        raise Unturned("is not a valid telephone number of any country")
    parts = {
        "primaryPhoneNumber": phonenumbers.national_significant_number(parsed),
        "primaryPhoneCallingCode": f"+{parsed.country_code}",
        "primaryPhoneCountryCode": country,
    }
    if parsed.extension:
        raise Unturned("has an extension, for which the destination has no place", parts)
    return parts


@transform(
    "full_name",
    "Splits a whole name into first and last name; “Last, First” is understood.",
    examples=[
        ("Maria Cantwell", {}, {"firstName": "Maria", "lastName": "Cantwell"}),
        ("Beethoven, Ludwig van", {}, {"firstName": "Ludwig van", "lastName": "Beethoven"}),
        ("Vincent van Gogh", {}, {"firstName": "Vincent", "lastName": "van Gogh"}),
        ("Cher", {}, {"firstName": "Cher", "lastName": ""}),
    ],
)
def full_name(value: Any, options: Options) -> dict[str, str]:
    """First and last name; no word of the name is lost."""
    name = as_text(value).strip()
    if not storable(name):
        raise Unturned("holds a character that the destination cannot store")
    before, comma, after = (part.strip() for part in name.partition(","))
    if comma and before and after and "," not in after and after.lower() not in SUFFIXES:
        return {"firstName": after, "lastName": before}
    words = name.split()
    last = len(words) - 1
    while last > 1 and (words[last].lower() in SUFFIXES or words[last - 1].lower() in PARTICLES):
        last -= 1
    if last < 1:
        return {"firstName": name, "lastName": ""}
    return {"firstName": " ".join(words[:last]), "lastName": " ".join(words[last:])}


def _host(written: str) -> str:
    host = written.lower().rstrip(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError as error:
            raise Unturned("is not a web address") from error
    if not HOST.fullmatch(host):
        raise Unturned("is not a web address")
    return host


@transform(
    "url",
    "Keeps a web address as it is; a bare host gets https:// in front.",
    examples=[
        ("https://budget.house.gov/news/rss.aspx", {}, "https://budget.house.gov/news/rss.aspx"),
        (" example.com/team ", {}, "https://example.com/team"),
    ],
)
def url(value: Any, options: Options) -> str:
    """The address with its scheme."""
    written = as_text(value).strip()
    match = WEB_ADDRESS.fullmatch(written)
    bare = None if match else BARE_ADDRESS.fullmatch(written)
    found = match or bare
    if found is None or not storable(written):
        raise Unturned("is not a web address")
    _host(found[1])
    return written if match else f"https://{written}"


@transform(
    "domain",
    "Gives the one key of a domain or web site: https:// and the host, without www.",
    examples=[
        ("www.Example.com", {}, "https://example.com"),
        ("http://example.com/", {}, "https://example.com"),
    ],
)
def domain(value: Any, options: Options) -> str:
    """The key under which a company is found again."""
    written = as_text(value).strip()
    found = WEB_ADDRESS.fullmatch(written) or BARE_ADDRESS.fullmatch(written)
    if found is None:
        raise Unturned("is neither a domain nor a web address")
    host = _host(found[1])
    short = host.removeprefix("www.")
    key = f"https://{short if '.' in short else host}"
    if found[2] or len(found[3] or "") > 1:
        raise Unturned("is a page below its host, and only the host identifies a company", key)
    return key


@transform(
    "handle",
    "Makes a link of a name on a social network, with the name as its label; a full address is kept.",
    examples=[
        (
            "@SenSanders",
            {"template": "https://x.com/{handle}"},
            {"primaryLinkUrl": "https://x.com/SenSanders", "primaryLinkLabel": "@SenSanders"},
        ),
        (
            "UCR3nOFMqBB-kRpKFwgapMaQ",
            {"template": "https://www.youtube.com/@{handle}", "channel": "https://www.youtube.com/channel/{handle}"},
            {
                "primaryLinkUrl": "https://www.youtube.com/channel/UCR3nOFMqBB-kRpKFwgapMaQ",
                "primaryLinkLabel": "UCR3nOFMqBB-kRpKFwgapMaQ",
            },
        ),
    ],
)
def handle(value: Any, options: Options) -> dict[str, str]:
    """The link, and as its label the name as it stood."""
    written = as_text(value).strip()
    if WEB_ADDRESS.fullmatch(written):
        return {"primaryLinkUrl": url(written, options), "primaryLinkLabel": ""}
    federated = FEDERATED.fullmatch(written)
    if federated and options.get("federated"):
        link = f"https://{_host(federated[2])}/@{quote(federated[1])}"
        return {"primaryLinkUrl": link, "primaryLinkLabel": written}
    match = HANDLE.fullmatch(written)
    if match is None:
        if "/" in written:
            return {"primaryLinkUrl": url(written, options), "primaryLinkLabel": ""}
        raise Unturned("is neither a name on the network nor a web address")
    return {"primaryLinkUrl": _handle_link(written, match[1], options), "primaryLinkLabel": written}


def _handle_link(written: str, name: str, options: Options) -> str:
    pattern = options.get("template")
    if options.get("channel") and CHANNEL.fullmatch(written):
        pattern = options["channel"]
    elif options.get("plain") and not written.startswith("@"):
        pattern = options["plain"]
    if not isinstance(pattern, str) or "{handle}" not in pattern:
        raise Unturned("is a name on a network that the map does not know")
    return pattern.replace("{handle}", quote(name))


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
)
def address(value: Any, options: Options) -> dict[str, str]:
    """The parts of the address that are certain."""
    written = as_text(value).strip()
    if not storable(written):
        raise Unturned("holds a character that the destination cannot store")
    if written.startswith("{"):
        return _address_of_parts(written)
    match = US_ADDRESS.fullmatch(written) if options.get("default_country") == "US" else None
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
        key = ADDRESS_KEYS.get(re.sub(r"[\W_]", "", name).lower())
        if key is None or key in made or not isinstance(part, str):
            return {"addressStreet1": written}
        made[key] = part
    return made or {"addressStreet1": written}
