"""What the fields of an object tell together: that it is a company, or that they are parts of one address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mapping.proposing.choosing import Settled
from mapping.proposing.concepts import concepts
from mapping.proposing.names import read
from mapping.proposing.suits import SUITS

SAYS_COMPANY: Mapping[str, float] = {
    "company_name": 0.5,
    "domain": 1.5,
    "annual_revenue": 1.5,
    "employees": 1.5,
    "recurring_revenue": 1.5,
    "linkedin": 0.5,
    "street": 0.5,
    "postcode": 0.5,
    "city": 0.5,
    "country": 0.25,
}
IS_COMPANY = 3.5
SURELY = 0.85
FITS = 0.5


def looks_like_company(names: Iterable[str]) -> bool:
    """Whether an object's fields are those of a company: a web site, staff or turnover, and an address."""
    said = {key for name in names for key, match in read(name, "company").matches.items() if match.score > SURELY}
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
