"""How well values suit what a concept expects of them, and how far they alone give it away."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mapping.proposing.evidence import Evidence

Suits = Callable[[Evidence], tuple[float, float]]
"""Evidence → (suit, giveaway): the share of values that may be such a thing, of those that hardly are another."""


HALF = 0.5
UNTOLD = 0.45
ANY_PICTURE = 0.7
"""A picture may show anything, as often as the person."""

FEW = 6
"""So few different values are rather a choice than what each does for a living."""


def _less(evidence: Evidence, start: float, *looks: str) -> float:
    return max(0.0, start - sum(evidence.share(look) for look in looks))


def _is_choice(evidence: Evidence) -> bool:
    """Whether the values are but a few that come again and again."""
    return evidence.filled > FEW >= evidence.distinct and evidence.varied <= HALF


def _email(evidence: Evidence) -> tuple[float, float]:
    return evidence.share("email"), evidence.share("email")


def _phone(evidence: Evidence) -> tuple[float, float]:
    return evidence.share("phone"), evidence.share("sure phone")


def _given_name(evidence: Evidence) -> tuple[float, float]:
    suit = _less(evidence, evidence.share("letters"), "salutations", "boolean", "status", "legal")
    return suit, evidence.share("given")


def _family_name(evidence: Evidence) -> tuple[float, float]:
    suit = _less(evidence, evidence.share("letters"), "salutations", "boolean", "status", "legal")
    return suit, min(suit, 2 * evidence.share("surname")) if evidence.varied >= HALF else 0.0


def _full_name(evidence: Evidence) -> tuple[float, float]:
    suit = _less(evidence, evidence.share("letters"), "salutations", "boolean", "status", "legal", "permissions")
    return suit, evidence.share("full name")


def _job(evidence: Evidence) -> tuple[float, float]:
    suit = _less(evidence, evidence.share("wordy"), "salutations", "boolean", "full name", "country")
    if evidence.distinct <= FEW:
        suit = max(0.0, suit - evidence.share("permissions") - evidence.share("status"))
        if _is_choice(evidence):
            suit *= UNTOLD + (1 - UNTOLD) * evidence.share("job")
    return suit, evidence.share("job") if evidence.share("permissions") < 1 - evidence.share("job") else 0.0


def _linkedin(evidence: Evidence) -> tuple[float, float]:
    linked = evidence.share("linkedin")
    others = evidence.share("web") - linked
    odd = ("number", "boolean", "email", "json", "time", "spaced", "status", "permissions")
    named = _less(evidence, 1 - others, *odd)
    return max(linked, named * UNTOLD if _is_choice(evidence) else named), linked


def _handle(evidence: Evidence) -> tuple[float, float]:
    others = evidence.share("linkedin") + evidence.share("network")
    return _less(evidence, 1 - others, "number", "boolean", "email", "json", "time", "spaced"), evidence.share("x")


def _user_name(evidence: Evidence) -> tuple[float, float]:
    return _less(evidence, 1.0, "full name"), 0.0


def _image(evidence: Evidence) -> tuple[float, float]:
    return _less(evidence, evidence.share("web"), "file", "linkedin"), ANY_PICTURE * evidence.share("image")


def _time(evidence: Evidence) -> tuple[float, float]:
    return evidence.share("time") + evidence.share("epoch"), 0.0


def _organisation(evidence: Evidence) -> tuple[float, float]:
    odd = ("email", "web", "time", "boolean", "status", "json", "permissions", "zone", "country")
    suit = _less(evidence, evidence.share("text") - 0.6 * evidence.share("full name"), *odd)
    return suit * UNTOLD if _is_choice(evidence) else suit, evidence.share("legal")


def _web(evidence: Evidence) -> tuple[float, float]:
    suit = _less(evidence, evidence.share("web"), "linkedin", "network", "x", "image", "file")
    return suit, max(0.0, suit - (1 - evidence.share("root")))


def _money(evidence: Evidence) -> tuple[float, float]:
    return _less(evidence, max(evidence.share("amount"), evidence.share("number")), "boolean", "time"), 0.0


def _number(evidence: Evidence) -> tuple[float, float]:
    return evidence.share("number"), 0.0


def _boolean(evidence: Evidence) -> tuple[float, float]:
    return evidence.share("boolean"), 0.0


def _street(evidence: Evidence) -> tuple[float, float]:
    odd = ("email", "web", "boolean", "time", "ip", "json", "zone", "status", "country")
    return _less(evidence, evidence.share("text"), *odd), evidence.share("street")


def _place(evidence: Evidence) -> tuple[float, float]:
    odd = ("email", "web", "boolean", "time", "status", "permissions", "json", "zone", "salutations")
    suit = _less(evidence, evidence.share("text"), *odd)
    return suit, min(suit, 2 * evidence.share("city"))


def _region(evidence: Evidence) -> tuple[float, float]:
    odd = ("email", "web", "boolean", "time", "json", "zone")
    regions = evidence.share("region")
    statuses = evidence.share("status") + evidence.share("permissions")
    return _less(evidence, evidence.share("text") - max(0.0, statuses), *odd), regions * _spelt_out(evidence)


def _postcode(evidence: Evidence) -> tuple[float, float]:
    # Figures alone may be anything; letters and figures in that order hardly are anything else.
    return min(1.0, evidence.share("postcode") + 0.5 * evidence.share("code")), evidence.share("sure postcode")


def _country(evidence: Evidence) -> tuple[float, float]:
    country = evidence.share("country")
    other = _less(evidence, evidence.share("letters") - country, "boolean", "status")
    return min(1.0, country + 0.7 * other), country * _spelt_out(evidence)


def _spelt_out(evidence: Evidence) -> float:
    """How far values are words: two letters may be a country, a language, a weekday or anything else."""
    return 1 - UNTOLD * evidence.share("brief")


def _coordinate(evidence: Evidence) -> tuple[float, float]:
    return min(1.0, evidence.share("coordinate") + 0.5 * evidence.share("integer")), 0.0


def _text(evidence: Evidence) -> tuple[float, float]:
    return _less(evidence, 1.0, "email", "web", "time", "json", "boolean"), 0.0


def _label(evidence: Evidence) -> tuple[float, float]:
    return _less(evidence, 1.0, "email", "web", "time", "boolean", "json", "status", "permissions"), 0.0


SUITS: Mapping[str, Suits] = {
    "email": _email,
    "phone": _phone,
    "given_name": _given_name,
    "family_name": _family_name,
    "full_name": _full_name,
    "job": _job,
    "linkedin": _linkedin,
    "handle": _handle,
    "user_name": _user_name,
    "image": _image,
    "time": _time,
    "organisation": _organisation,
    "web": _web,
    "money": _money,
    "number": _number,
    "boolean": _boolean,
    "street": _street,
    "place": _place,
    "region": _region,
    "postcode": _postcode,
    "country": _country,
    "coordinate": _coordinate,
    "text": _text,
    "label": _label,
}
"""By what a concept's `values` says."""

PLAIN_WORDS: Mapping[str, str] = {
    "email": "e-mail addresses",
    "phone": "telephone numbers",
    "given_name": "first names",
    "family_name": "names",
    "full_name": "names",
    "job": "job titles",
    "linkedin": "LinkedIn pages or names",
    "handle": "names or links on that network",
    "user_name": "user names",
    "image": "addresses of pictures",
    "time": "dates or times",
    "organisation": "names of organisations",
    "web": "web sites or domains",
    "money": "amounts",
    "number": "numbers",
    "boolean": "yes or no",
    "street": "streets or addresses",
    "place": "places",
    "region": "regions",
    "postcode": "postal codes",
    "country": "countries",
    "coordinate": "coordinates",
    "text": "plain text",
    "label": "names",
}
"""What such values are called in a sentence."""

LOOKS: tuple[tuple[str, str], ...] = (
    ("email", "e-mail addresses"),
    ("boolean", "yes or no"),
    ("salutations", "forms of address"),
    ("permissions", "roles in an app"),
    ("status", "states of a customer"),
    ("time", "dates or times"),
    ("epoch", "Unix times"),
    ("linkedin", "LinkedIn pages"),
    ("image", "pictures"),
    ("web", "web addresses"),
    ("json", "JSON"),
    ("ip", "IP addresses"),
    ("sure phone", "telephone numbers"),
    ("number", "numbers"),
    ("full name", "names of people"),
    ("country", "countries"),
    ("code", "codes"),
    ("letters", "words"),
    ("text", "text"),
)
"""What values can be called, the most telling first."""


def called(evidence: Evidence) -> tuple[str, float]:
    """What most of the values are, in words, and their share."""
    for look, name in LOOKS:
        if evidence.share(look) >= 0.5:
            return name, evidence.share(look)
    return "something else", 1.0
