"""Everything that one value looks like: an address, a name, a time, a number, a street, a state."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from mapping.kinds import EMAIL, HOST
from mapping.proposing.concepts import fold, value_words

LONGEST = 300
BRIEF = 3
POSTCODE_LENGTH = 10
TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{1,2}:\d{2}.*)?"
    r"|\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2})([ ,T]+\d{1,2}:\d{2}.*)?"
    r"|\d{4}[./]\d{1,2}[./]\d{1,2}([ T]\d{1,2}:\d{2}.*)?"
    r"|\d{1,2}\.? [^\W\d_]{3,10}\.?,? \d{4}.*|[^\W\d_]{3,10}\.? \d{1,2}(st|nd|rd|th)?,? \d{4}.*"
    r"|[A-Z][a-z]{2},? \d{1,2} [A-Z][a-z]{2} \d{4}.*|[A-Z][a-z]{2} [A-Z][a-z]{2} \d{1,2} \d{4}.*"
)
EPOCH = re.compile(r"1[0-9]{9}(\.[0-9]+)?|1[0-9]{12}|[5-9][0-9]{8}")
NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?")
AMOUNT = re.compile(
    r"(?:[A-Z]{2,3}[ $]?|[€$£¥₹] ?|R\$ ?|CHF ?)?-?\d{1,3}(?:[.,'’ \u00a0\u202f]?\d{3})*(?:[.,]\d{1,2})?"
    r" ?(?:k|K|m|M|mn|Mio\.?|Mrd\.?|bn|B|mil|millones|millions?|milhões|miljoen|milioni)?"
    r" ?(?:€|\$|£|¥|[A-Z]{3})?(?:[,.]-)?"
)
PHONE = re.compile(r"\+?[\d(][\d ().\-/\u00a0]{5,22}\d(?: ?(?:x|ext\.?|#) ?\d{1,6})?", re.IGNORECASE)
IP = re.compile(r"\d{1,3}(\.\d{1,3}){3}|[0-9a-f]{0,4}(:[0-9a-f]{0,4}){4,7}", re.IGNORECASE)
URL = re.compile(r"(?:https?://)?((?:[\w-]+\.)+[^\W\d_]{2,24})(?::\d+)?(/\S*)?", re.IGNORECASE)
IMAGE = re.compile(r"\.(png|jpe?g|gif|webp|svg|bmp|avif|heic)(\?|$)", re.IGNORECASE)
PICTURED = re.compile(
    r"avatar|photo|gravatar|profile.?(pic|image|photo)|/faces?/|headshot|/img/|image|portrait", re.IGNORECASE
)
FILE = re.compile(r"\.(pdf|docx?|xlsx?|csv|zip|mp4|mp3|html?|txt|json|xml)(\?|$)", re.IGNORECASE)
NETWORK = re.compile(
    r"(^|\.)(facebook|fb|instagram|youtube|youtu|github|gitlab|tiktok|xing|pinterest|snapchat|t|telegram|medium|reddit"
    r"|crunchbase|vimeo|yelp|glassdoor|discord|bsky|calendly|g2|twitch)\.[a-z]{2,3}$"
)
HANDLE = re.compile(r"@?[\w.\-]*[^\W\d][\w.\-]*")
LETTERS = re.compile(r"[^\W\d_]+(?:[ '’.,\-/&()]{1,3}[^\W\d_]+)*[.)]?")
JOB_LIKE = re.compile(r"[^\W\d_][^\d@<>{}\[\]]{1,80}")
POSTCODE = re.compile(r"(?=.*\d)[A-Z\d]{2,6}(?:[ -][A-Z\d]{2,5})?")
SURE_POSTCODE = re.compile(
    r"\d{5}-\d{3,4}|\d{4}-\d{3}|\d{2}-\d{3}|\d{3} \d{2}|\d{4} ?[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d"
    r"|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[\dW] [A-Z\d]{4}"
    r"|(?:[ABDEFILNPS]|CH|DK|NL|SE|PL|CZ|LU|LV|LT|SI|SK|HR|MC|AD)-\d{4,5}"
)
"""Postal codes of a form that hardly anything else has: British, Canadian, Dutch, Portuguese, Polish, Swedish."""

CODE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w\-/.#]{5,}|[0-9a-f]{16,}", re.IGNORECASE)
ZONE = re.compile(r"(Africa|America|Asia|Europe|Australia|Pacific|Atlantic|Indian|Antarctica|Etc)/\w+.*|UTC.*|GMT.*")


@cache
def countries() -> frozenset[str]:
    """Names of countries in seven languages, and their codes of two and three letters."""
    from babel import Locale  # its language data is only read by whoever proposes something
    from babel.core import get_global

    found: set[str] = {
        "uk",
        "usa",
        "england",
        "scotland",
        "wales",
        "holland",
        "u.s.",
        "u.s.a.",
        "ee. uu.",
        "eeuu",
        "uae",
    }
    for language in ("en", "de", "fr", "es", "pt", "nl", "it"):
        territories = Locale(language).territories
        found |= {fold(name) for code, name in territories.items() if len(code) == 2 and code.isalpha()}
    codes = {fold(str(code)) for code in (*Locale("en").territories, *get_global("territory_aliases"))}
    return frozenset(found | {code for code in codes if len(code) in (2, 3) and code.isalpha()})


@lru_cache(maxsize=1 << 15)
def looks(text: str) -> frozenset[str]:
    """Everything one value looks like; a value may look like several things."""
    text = text.strip()
    if not text or len(text) > LONGEST:
        return frozenset({"long"} if text else ())
    folded = fold(text)
    found = set(_of_words(text, folded))
    if len(text) <= POSTCODE_LENGTH and POSTCODE.fullmatch(text.upper()):
        found.add("postcode")
    if text[0] in "[{":
        return frozenset(found | _of_json(text))
    if TIME.fullmatch(text):
        return frozenset(found | {"time"})
    if text[0].isdigit() or text[0] in "+-($€£¥'" or text[-1].isdigit():
        found |= _of_figures(text)
    if "@" in text and all(
        EMAIL.fullmatch(part) and "." in part
        for part in re.split(r"[;, |]+", text.removeprefix("mailto:").strip(";, "))
        if part
    ):
        found.add("email")
    elif "." in text and "email" not in found and "number" not in found:
        found |= _of_web(text)
    return frozenset(found)


def _of_words(text: str, folded: str) -> set[str]:
    pieces = re.findall(r"[^\W\d_]+", folded)
    bare = folded.replace(".", "").strip(" !")
    found = {look for table, look in SINGLE.items() if bare.replace(" ", "_") in value_words(table)}
    found |= {look for pattern, look in SHAPES if pattern.fullmatch(text)}
    if folded in countries():
        found.add("country")
    if "letters" in found:
        found |= _of_person(text, pieces)
    if len(pieces) > 1 and pieces[-1] in value_words("legal"):
        found.add("legal")
    if any(piece in value_words("jobs") or piece.endswith(JOB_ENDINGS) for piece in pieces):
        found.add("job")
    if pieces:
        found.add("text")
        if len(text) <= BRIEF:
            found.add("brief")
        if " " in text:
            found.add("spaced")
    if re.search(r"\d", text) and any(
        piece in value_words("streets") or piece.endswith(STREET_ENDINGS) for piece in pieces
    ):
        found.add("street")
    return found


SINGLE = {
    "booleans": "boolean",
    "salutations": "salutations",
    "status": "status",
    "permissions": "permissions",
    "regions": "region",
    "cities": "city",
    "last_names": "surname",
}
"""Lists in which a whole value stands → what it looks like then."""

SHAPES = ((ZONE, "zone"), (LETTERS, "letters"), (JOB_LIKE, "wordy"), (CODE, "code"), (SURE_POSTCODE, "sure postcode"))
JOB_ENDINGS = tuple(
    "manager leiter leiterin direktor berater ingenieur entwickler ologist iker ikerin meister kraft".split()
)
STREET_ENDINGS = tuple("strasse str weg platz gasse allee straat laan plein gracht kade gatan vej".split())


def _of_person(text: str, pieces: list[str]) -> set[str]:
    size = len(text.split())
    found = {"one word" if size == 1 else "two words" if size <= 3 else "many words"}
    if pieces and pieces[0] in value_words("first_names"):
        found.add("given" if size == 1 else "full name")
    elif size in (2, 3) and pieces and pieces[-1] in value_words("first_names") and "," in text:
        found.add("full name")
    return found


def _of_figures(text: str) -> set[str]:
    found = set()
    if NUMBER.fullmatch(text):
        found.add("number")
        if text.lstrip("+-").isdigit():
            found.add("integer")
        elif abs(float(text.replace(",", "."))) <= 180:
            found.add("coordinate")
    if AMOUNT.fullmatch(text):
        found.add("amount")
    if EPOCH.fullmatch(text):
        found.add("epoch")
    if IP.fullmatch(text):
        found.add("ip")
    elif _is_phone(text):
        found.add("phone")
        if re.match(r"\+|00[1-9]\d{9}|\(|0[1-9]", text):
            found.add("sure phone")
    return found


def _is_phone(text: str) -> bool:
    if re.fullmatch(r"\d+[.,]\d{1,3}", text):
        return False
    pieces = re.split(r" ?[;,|] ?| / ", text)
    return all(PHONE.fullmatch(part) and 7 <= sum(map(str.isdigit, part)) <= 15 for part in pieces if part)


def _of_json(text: str) -> set[str]:
    found = {"json"}
    values = re.findall(r'"([^"]*)"', text)
    if values and any(EMAIL.fullmatch(value) and "." in value for value in values):
        found.add("email")
    if any(_is_phone(value) and not TIME.fullmatch(value) for value in values):
        found |= {"phone", "sure phone"}
    return found


def _of_web(text: str) -> set[str]:
    match = URL.fullmatch(text)
    if match is None:
        return set()
    host, path = match[1].lower(), match[2] or ""
    if not HOST.fullmatch(host):
        return set()
    found = {"web"}
    if not path.strip("/"):
        found.add("root")
    if "linkedin." in host or host == "lnkd.in":
        found.add("linkedin")
    elif re.search(r"(^|\.)(twitter|x)\.com$", host):
        found.add("x")
    elif NETWORK.search(host):
        found.add("network")
    if IMAGE.search(path) or (path and PICTURED.search(host + path) and not FILE.search(path)):
        found.add("image")
    elif FILE.search(path):
        found.add("file")
    return found
