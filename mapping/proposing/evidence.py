"""What the values of a field look like, whatever its name says: shares of addresses, names, times, numbers …"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from mapping.kinds import EMAIL, HOST, kind_of
from mapping.profile import FieldProfile
from mapping.proposing.concepts import DATA, fold

VIEWED = 40
"""Values of a field that are looked at; the most frequent ones where there are more."""

LONGEST = 300
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
POSTCODE = re.compile(
    r"\d{4,5}|\d{5}-\d{3,4}|\d{2}-\d{3}|\d{3} \d{2}|\d{4} ?[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}"
    r"|[A-Z]\d[\dW] ?[A-Z\d]{4}|[A-Z]{1,2}-?\d{4,5}|\d{3}-\d{4}|\d{6}"
)
CODE = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w\-/.#]{5,}|[0-9a-f]{16,}", re.IGNORECASE)
ZONE = re.compile(r"(Africa|America|Asia|Europe|Australia|Pacific|Atlantic|Indian|Antarctica|Etc)/\w+.*|UTC.*|GMT.*")


@cache
def _words(table: str) -> frozenset[str]:
    rows = tomllib.loads((DATA / "values.toml").read_text(encoding="utf-8"))
    return frozenset(fold(word) for word in rows[table].split())


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
    found |= {fold(code) for code in Locale("en").territories if len(code) == 2 and code.isalpha()}
    return frozenset(
        found | {fold(code) for code in get_global("territory_aliases") if len(code) == 3 and code.isalpha()}
    )


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
    found = set()
    pieces = re.findall(r"[^\W\d_]+", folded)
    bare = folded.replace(".", "").strip(" !")
    if bare in _words("booleans"):
        found.add("boolean")
    for table in ("salutations", "status", "permissions"):
        if bare.replace(" ", "_") in _words(table):
            found.add(table)
    if folded in countries():
        found.add("country")
    if bare in _words("regions"):
        found.add("region")
    if ZONE.fullmatch(text):
        found.add("zone")
    if LETTERS.fullmatch(text):
        found.add("letters")
        found |= _of_person(text, pieces)
    if JOB_LIKE.fullmatch(text):
        found.add("wordy")
    if pieces and pieces[-1] in _words("legal") and len(pieces) > 1:
        found.add("legal")
    if any(piece in _words("jobs") or any(piece.endswith(end) for end in JOB_ENDINGS) for piece in pieces):
        found.add("job")
    if any(char.isdigit() for char in text) and any(
        piece in _words("streets") or piece.endswith(STREET_ENDINGS) for piece in pieces
    ):
        found.add("street")
    if any(char.isalpha() for char in text):
        found.add("text")
    if CODE.fullmatch(text) and " " not in text:
        found.add("code")
    return found


JOB_ENDINGS = (
    "manager",
    "leiter",
    "leiterin",
    "direktor",
    "berater",
    "ingenieur",
    "entwickler",
    "ologist",
    "iker",
    "ikerin",
)
STREET_ENDINGS = (
    "strasse",
    "str",
    "weg",
    "platz",
    "gasse",
    "allee",
    "straat",
    "laan",
    "plein",
    "gracht",
    "kade",
    "gatan",
    "vej",
)


def _of_person(text: str, pieces: list[str]) -> set[str]:
    size = len(text.split())
    found = {"one word" if size == 1 else "two words" if size <= 3 else "many words"}
    if pieces and pieces[0] in _words("first_names"):
        found.add("given" if size == 1 else "full name")
    elif size in (2, 3) and pieces and pieces[-1] in _words("first_names") and "," in text:
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


@dataclass(frozen=True, slots=True)
class Evidence:
    """The shares of a field's values by look (0 to 1), and whether there were values at all."""

    shares: Mapping[str, float]
    filled: int
    distinct: int

    def share(self, look: str) -> float:
        """How many of the values look like that."""
        return self.shares.get(look, 0.0)


def evidence(profile: FieldProfile) -> Evidence:
    """The looks of a field's values; every kind of value weighs as much as it is frequent."""
    weights = _viewed(profile)
    total = sum(weights.values())
    shares: dict[str, float] = {}
    for text, weight in weights.items():
        for look in looks(text):
            shares[look] = shares.get(look, 0.0) + weight / total
    rounded = {look: round(share, 6) for look, share in shares.items()}
    return Evidence(rounded, profile.filled, profile.distinct)


def _viewed(profile: FieldProfile) -> dict[str, float]:
    if profile.values:
        return {text: float(count) for text, count in profile.values[:VIEWED]}
    by_kind: dict[str, list[str]] = {kind: list(texts) for kind, texts in profile.examples.items()}
    for text in profile.samples:
        texts = by_kind.setdefault(kind_of(text), [])
        if text not in texts:
            texts.append(text)
    weights: dict[str, float] = {}
    for kind, texts in by_kind.items():
        for text in texts[:VIEWED]:
            weights[text] = weights.get(text, 0.0) + profile.kinds.get(kind, 0) / len(texts[:VIEWED])
    return {text: weight for text, weight in weights.items() if weight}
