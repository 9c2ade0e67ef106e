"""What an object type is to a CRM: a company or a thing of its own, by its name, its fields and their values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from mapping.lexicon import COMPANY_NAMES
from mapping.profile import FieldProfile
from mapping.proposing.choosing import Settled
from mapping.proposing.concepts import concepts, parts, pieces_of, word_lists, word_set
from mapping.proposing.evidence import evidence
from mapping.proposing.meaning import between
from mapping.proposing.model import company_weights
from mapping.proposing.names import read
from mapping.proposing.shared import without_shared
from mapping.proposing.suits import SUITS

SURELY = 0.85
FITS = 0.5
LOOKED_AT = 80
"""Fields of an object type that are looked at; what it is shows in fewer."""

ADDRESS = frozenset({"street", "city", "postcode", "state", "country"})
FULL_ADDRESS = 4
MANY = 4
ENDING = 5
"""Letters from which on the end of a word may be a word of its own."""

COMPANIES = (
    "a company, business or organisation",
    "a client account, dealer, partner or supplier firm",
    "a club, school, agency, institution or association",
)
THINGS = (
    "an order, booking, invoice or deal",
    "a product, machine, vehicle or device",
    "a project, ticket, event, course or subscription",
    "a building, property, site or branch",
)
"""Descriptions with which the name of an object type is compared in meaning."""

COMPANY_ENDINGS = ("firma", "firmen", "unternehmen", "betrieb", "bedrijf", "bedrijven", "organisatie", "organisation")
FEATURES = (
    "bias",
    "called company",
    "called firm",
    "called thing",
    "meaning",
    "domain",
    "annual_revenue",
    "employees",
    "company_name",
    "industry",
    "linkedin",
    "reachable",
    "address",
    "tax number",
    "legal names",
    "thing facts",
)
"""What is known about an object type, in the order of the fitted weights."""


def company_chance(names: Sequence[str], fields: Sequence[FieldProfile]) -> float:
    """How likely an object type is a company (0 to 1). `names` are its name and labels."""
    weights = company_weights()
    score = sum(weights[key] * value for key, value in company_features(names, fields).items())
    return 1 / (1 + math.exp(-score))


def company_features(names: Sequence[str], fields: Sequence[FieldProfile]) -> Mapping[str, float]:
    """What speaks for a company and against it, by the names of FEATURES."""
    said = {piece for name in names for part in parts(name) for piece in _written(part)}
    label = next((name for name in reversed(names) if name), "")
    found = {
        "bias": 1.0,
        "called company": float(any(word in COMPANY_NAMES or word.endswith(COMPANY_ENDINGS) for word in said)),
        "called firm": float(any(_is_one_of(word, "firms") for word in said)),
        "called thing": float(any(_is_one_of(word, "things") for word in said)),
        "meaning": _meaning(" ".join(parts(label))),
    }
    return found | _of_fields(fields[:LOOKED_AT], label)


def _written(part: str) -> Iterator[str]:
    """A word, what it is short for, the words it is made of, and its singular."""
    yield part
    yield from pieces_of(part)
    yield from word_lists()["short"].get(part, "").replace("|", " ").split()
    if len(part) > MANY and part.endswith(("s", "n")):
        yield part[:-1]
        yield part[:-2]


def _is_one_of(word: str, table: str) -> bool:
    """Whether the word is in the list, or a compound that ends in one of its words: `Horecaklant`."""
    known = word_set("objects", table)
    return word in known or any(word[-size:] in known for size in range(ENDING, len(word) - 2))


@cache
def _meaning(label: str) -> float:
    near = between(label, [*COMPANIES, *THINGS])
    return max(near[: len(COMPANIES)]) - max(near[len(COMPANIES) :])


def _of_fields(fields: Sequence[FieldProfile], label: str) -> dict[str, float]:
    short = without_shared([field.name for field in fields], label)
    said: set[str] = set()
    legal = taxed = things = 0.0
    for profile in fields:
        words = {piece for part in parts(short[profile.name]) for piece in pieces_of(part)}
        things += bool(words & word_set("objects", "thing_facts"))
        taxed = max(taxed, float(bool(words & word_set("objects", "tax"))))
        seen = evidence(profile)
        legal = max(legal, seen.share("legal"))
        for key, match in read(short[profile.name], "company", label).matches.items():
            # “Name” and “title” are what anything is called.
            bare = key == "company_name" and set(match.alias.parts) <= word_set("generic")
            suits = SUITS.get(concepts()[key].values)
            if match.score > SURELY and not bare and (suits is None or not seen.filled or suits(seen)[0] >= FITS):
                said.add(key)
    flags = ("domain", "annual_revenue", "employees", "company_name", "industry", "linkedin")
    return {
        **{key: float(key in said) for key in flags},
        "reachable": float(bool(said & {"email", "phone", "fax"})),
        "address": min(1.0, len(said & ADDRESS) / FULL_ADDRESS),
        "tax number": taxed,
        "legal names": legal,
        "thing facts": min(1.0, 2 * things / max(1, len(fields))),
    }


def address_part(made: Settled) -> str:
    """The part of an address that a field without a home holds, or an empty text."""
    weighed = made.weighed
    if made.chosen is not None or weighed.reading.against:
        return ""
    best = max(weighed.reading.matches.values(), key=lambda match: match.score, default=None)
    if best is None or best.score < SURELY:
        return ""
    concept = concepts()[best.alias.concept]
    if not concept.part.startswith("address"):
        return ""
    suits = not weighed.profile.filled or SUITS[concept.values](weighed.evidence)[0] >= FITS
    return concept.part if suits else ""
