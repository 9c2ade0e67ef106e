"""What an object lacks: an address without a postal code, a first name without a last one, nothing that says when.

Such a gap speaks for the field whose name nobody knows and whose values would fill it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mapping.proposing.evidence import Evidence
from mapping.proposing.names import Reading

SURELY = 0.9
HALF = 0.5
MOSTLY = 0.9
ENOUGH = 2
ENOUGH_VALUES = 6
"""Fewer values, each another, are no sign that things go by them."""

ADDRESS = frozenset({"street", "city", "state", "postcode", "country"})


def gaps(readings: Sequence[Reading], role: str) -> frozenset[str]:
    """The concepts that are missing beside what the names surely say."""
    said = {key for reading in readings for key, match in reading.matches.items() if match.score > SURELY}
    missing: set[str] = set()
    if role == "company" and len(said & ADDRESS) >= ENOUGH:
        missing |= ADDRESS - said
    if role == "company":
        missing |= {"company_name"} - said
    if role == "custom" and not said & {"record_name", "record_number"}:
        missing |= {"record_name"}
    if role == "person":
        if len(said & {"first_name", "last_name"}) == 1 and "person_name" not in said:
            missing |= {"first_name", "last_name"} - said
        missing |= {"job_title"} - said
    return frozenset(missing)


def completions(readings: Sequence[Reading], seen: Sequence[Evidence], role: str) -> list[Mapping[str, float]]:
    """For each field the gaps that its values would fill, and how well (0 to 1); none where its name is known."""
    missing = gaps(readings, role)
    made: list[Mapping[str, float]] = []
    for reading, looks in zip(readings, seen, strict=True):
        known = reading.against or any(match.score > HALF for match in reading.matches.values())
        made.append({} if known or not looks.filled else {key: FILLS[key](looks) for key in missing})
    return made


def _words(looks: Evidence) -> float:
    odd = ("country", "job", "legal", "status", "permissions", "boolean", "salutations", "many words")
    return max(0.0, looks.share("letters") - sum(looks.share(look) for look in odd))


def _city(looks: Evidence) -> float:
    return _words(looks) if looks.share("city") > 0 else 0.0


def _last_name(looks: Evidence) -> float:
    return _words(looks) if looks.share("surname") > looks.share("given") and looks.varied >= HALF else 0.0


def _company_name(looks: Evidence) -> float:
    odd = ("full name", "street", "country", "city", "job", "code", "many words")
    rest = looks.share("text") - sum(looks.share(look) for look in odd)
    return min(1.0, HALF * rest + looks.share("legal")) if looks.varied >= MOSTLY and rest > HALF else 0.0


def _record_name(looks: Evidence) -> float:
    odd = ("full name", "street", "country", "number", "time", "email", "web", "phone", "json", "boolean", "many words")
    rest = looks.share("text") - sum(looks.share(look) for look in odd)
    return max(0.0, rest) if looks.varied >= MOSTLY and looks.filled >= ENOUGH_VALUES else 0.0


FILLS: Mapping[str, Callable[[Evidence], float]] = {
    "street": lambda looks: looks.share("street"),
    "city": _city,
    "state": lambda looks: looks.share("region"),
    "postcode": lambda looks: looks.share("postcode") if looks.varied >= HALF else 0.0,
    "country": lambda looks: looks.share("country"),
    "company_name": _company_name,
    "record_name": _record_name,
    "first_name": lambda looks: looks.share("given"),
    "last_name": _last_name,
    "job_title": lambda looks: looks.share("job"),
}
"""How well values would fill a gap."""
