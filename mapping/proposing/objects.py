"""What the fields of an object tell together: that it is a company, or that they are parts of one address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mapping.proposing.choosing import Settled
from mapping.proposing.concepts import concepts, word_set
from mapping.proposing.names import read
from mapping.proposing.suits import SUITS

SAYS_COMPANY: Mapping[str, float] = {
    "annual_revenue": 2.0,
    "company_name": 1.5,
    "employees": 1.5,
    "domain": 1.25,
    "linkedin": 0.5,
    "industry": 0.5,
    "street": 0.5,
    "postcode": 0.5,
    "city": 0.5,
    "country": 0.2,
}
IS_COMPANY = 3.0
"""A place with a web site and an address stays below, a firm with staff or turnover gets there."""

SURELY = 0.85
FITS = 0.5


def looks_like_company(names: Iterable[str]) -> bool:
    """Whether an object's fields are those of a company: a firm's name, a web site, staff or turnover, an address."""
    said = {
        key
        for name in names
        for key, match in read(name, "company").matches.items()
        # “Name” and “title” are what anything is called.
        if match.score > SURELY and not (key == "company_name" and set(match.alias.parts) <= word_set("generic"))
    }
    return sum(weight for key, weight in SAYS_COMPANY.items() if key in said) >= IS_COMPANY


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
