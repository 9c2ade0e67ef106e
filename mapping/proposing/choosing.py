"""Settles one home for each field of an object, with the probability that it is the right one."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from connectors.catalogue import FieldType
from mapping.proposing.assignment import assign
from mapping.proposing.candidates import SURELY, Candidate, Weighed
from mapping.proposing.completing import FILLS
from mapping.proposing.concepts import concepts, parts, pieces_of, word_set
from mapping.proposing.model import HOWS, auto_accept, calibrated, probabilities
from mapping.proposing.names import SHORT, SPELT_LIKE, Match
from mapping.proposing.suits import SUITS

KEY = "domainName.primaryLinkUrl"
PHONE = "phones.primaryPhoneNumber"
FURTHER = {
    PHONE: "phones.additionalPhones",
    "emails.primaryEmail": "emails.additionalEmails",
}
"""Where a second number or address goes when the first place is taken."""

SHARED = frozenset({KEY, *FURTHER.values()})
"""Destinations that several source fields may feed: the company's key and the lists of further addresses."""

SPILL = 1.5
"""What it costs a field not to be the first of its kind."""

SPILL_UNNAMED = 9.0
"""And where its name does not say what it is."""

SAID, PLAINLY = 0.5, 0.8
AFTER = 0.01
"""What values alone weigh against a field that is called so: they decide only where nothing else does."""

LEAST, MOST = 0.01, 0.999
SECOND = 0.95
"""A second number or address may be another person's: it stays so far below the threshold, never taken unseen."""

STEEPEST, FARTHEST, MANY = 7.0, 6.0, 3
"""From there on neither a lead nor further words make a difference to how sure we are."""

FEW = 5
"""An object with so few homes leaves little to be mistaken about."""

PLAIN_WINS = 2
"""An address without a qualifier that has so many parts is the one; `billing_…` and `shipping_…` are others."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What was chosen for a field: the candidate, or None for a field of its own, and how likely that is right.

    `others` are the next best candidates with their probabilities; `blocked` is a better one that another field has.
    """

    weighed: Weighed
    chosen: Candidate | None
    confidence: float
    others: tuple[tuple[Candidate, float], ...] = ()
    none: float = 0.0
    blocked: Candidate | None = None
    signs: Mapping[str, float] = field(default_factory=dict)
    """What tells right decisions from wrong ones; empty where nothing was guessed."""


def choose(fields: Sequence[Weighed], used: Collection[str], doubt: float = 0.0) -> list[Settled]:
    """One decision for each field, in order. `used` are destinations that are given already.

    `doubt` is how doubtful it is what the object type is (0 to 1): where that is wrong, so are most of its fields.
    """
    open_fields = [_open(item, used) for item in _one_address(_one_name(fields))]
    shared = [_best(item.candidates, SHARED) for item in open_fields]
    called = {c.destination for item in open_fields for c in item.candidates if c.named > SAID and c.utility > 0}
    gains = {
        place: {
            candidate.destination: (candidate.utility - _worth(alternative))
            * (1 if candidate.named > SAID or candidate.destination not in called else AFTER)
            for candidate in item.candidates
            if candidate.destination not in SHARED
        }
        for place, (item, alternative) in enumerate(zip(open_fields, shared, strict=True))
    }
    homes = assign(gains)
    taken = {*used, *homes.values()}
    spilled = [_spilled(item, taken, homes.get(place)) for place, item in enumerate(open_fields)]
    for place, item in enumerate(spilled):
        best = _best(item.candidates, SHARED)
        if place not in homes and best is not None and best.utility > 0:
            homes[place] = best.destination
    _promote(homes, spilled, taken)
    taken |= set(homes.values())
    wanted = Counter(c.destination for item in fields for c in item.candidates if c.utility > 0)
    beside = {
        "clear neighbours": sum(_is_named(item) for item in fields) / max(1, len(fields)),
        "kind in doubt": doubt,
    }
    return [
        _settled(original, item, homes.get(place), taken, wanted, beside)
        for place, (original, item) in enumerate(zip(fields, spilled, strict=True))
    ]


def _worth(alternative: Candidate | None) -> float:
    """What a further place is worth; nothing if only the values speak for it, as they do for the first place too."""
    return max(0.0, alternative.utility) if alternative is not None and alternative.named > SAID else 0.0


def _best(candidates: Iterable[Candidate], among: Collection[str]) -> Candidate | None:
    found = [candidate for candidate in candidates if candidate.destination in among]
    return max(found, key=lambda candidate: candidate.utility, default=None)


def overlaps(destination: str, used: Collection[str]) -> bool:
    """Whether the destination is taken, or the whole of a part (or part of a whole) that is taken."""
    return any(
        destination == other or destination.startswith(f"{other}.") or other.startswith(f"{destination}.")
        for other in used
    )


def _open(item: Weighed, used: Collection[str]) -> Weighed:
    kept = tuple(c for c in item.candidates if c.destination in SHARED or not overlaps(c.destination, used))
    return replace(item, candidates=kept)


def _one_name(fields: Sequence[Weighed]) -> list[Weighed]:
    """A name is written whole or in halves: halves win where both are there, or where no field has the whole."""
    wholes = {c.destination for item in fields for c in item.candidates if c.field.type is FieldType.FULL_NAME}
    dropped: set[str] = set()
    for whole in {path.partition(".")[0] for path in wholes}:
        reach = {
            path: max((c.utility for item in fields for c in item.candidates if c.destination == path), default=0.0)
            for path in (whole, f"{whole}.firstName", f"{whole}.lastName")
        }
        halves = [reach[f"{whole}.firstName"], reach[f"{whole}.lastName"]]
        if min(halves) > 0 or (max(halves) > 0 >= reach[whole]):
            dropped.add(whole)
        elif reach[whole] > 0:
            dropped |= {f"{whole}.firstName", f"{whole}.lastName"}
    return [
        replace(item, candidates=tuple(c for c in item.candidates if c.destination not in dropped)) for item in fields
    ]


def _one_address(fields: Sequence[Weighed]) -> list[Weighed]:
    """One address field takes the parts of one address: the plain one, or else the best of the others."""
    weight: dict[str, float] = {}
    parts: dict[str, set[str]] = {}
    for item in fields:
        best = _address_part(item)
        if best is not None:
            group = item.reading.group
            weight[group] = weight.get(group, 0.0) + best.utility
            parts.setdefault(group, set()).add(best.destination)
    named = sorted((group for group in weight if group), key=lambda group: (group != "hq", -weight[group]))
    first = named[0] if named else ""
    both = parts.get(first, set()) & parts.get("", set())
    # Of two addresses that have the same parts the plain one is the one, unless it has hardly any.
    mine, plain = parts.get(first, set()), parts.get("", set())
    wins = len(plain) >= PLAIN_WINS and (mine <= plain if first == "hq" else len(mine) <= len(plain))
    if wins and both:
        first = ""
    return [item if _belongs(item, first, parts.get(first, set())) else _without_address(item) for item in fields]


def _belongs(item: Weighed, first: str, parts: Collection[str]) -> bool:
    """Whether a field is of the address that was chosen, or plainly of a part that this one lacks."""
    best = _address_part(item)
    return item.reading.group == first or (not item.reading.group and (best is None or best.destination not in parts))


def _without_address(item: Weighed) -> Weighed:
    return replace(item, candidates=tuple(c for c in item.candidates if c.field.type is not FieldType.ADDRESS))


def _address_part(item: Weighed) -> Candidate | None:
    best = item.candidates[0] if item.candidates else None
    return best if best is not None and best.field.type is FieldType.ADDRESS and best.utility > 0 else None


def _spilled(item: Weighed, taken: Collection[str], home: str | None) -> Weighed:
    """The field with the second places of what the first place of is taken, and without what others have."""
    kept = [
        c for c in item.candidates if c.destination in SHARED or c.destination == home or c.destination not in taken
    ]
    kept = [c for c in kept if c.destination == home or not overlaps(c.destination, set(taken) - SHARED - {home})]
    for candidate in item.candidates:
        further = FURTHER.get(candidate.destination)
        if further and candidate.destination in taken and candidate.destination != home:
            standing = _best(kept, {further})
            # What only its values speak for is likelier to be somebody else's than the record's second.
            # And so is what is called so beside a word that nobody knows: `pharmacy phone`.
            cost = SPILL if candidate.named > PLAINLY else SPILL_UNNAMED
            spill = replace(candidate, destination=further, utility=candidate.utility - cost)
            if standing is None or spill.utility > standing.utility:
                kept = [c for c in kept if c is not standing] + [spill]
    return replace(item, candidates=tuple(sorted(kept, key=lambda c: -c.utility)))


def _promote(homes: dict[int, str], fields: Sequence[Weighed], taken: set[str]) -> None:
    """The only number or address there is becomes the first one; an address only if it is not called the second.

    The `billing email` is the first one too where it is the `billing first name` that the record is called by.
    """
    mine = {fields[place].reading.group for place, home in homes.items() if home.startswith("name.")}
    for first, further in FURTHER.items():
        place = next((place for place in sorted(homes) if homes[place] == further), None)
        if first in taken or place is None or _best(fields[place].candidates, {first}) is None:
            continue
        second = _best(fields[place].candidates, {further})
        group = fields[place].reading.group
        if first == PHONE or second is None or second.named < SAID or group in mine - {""}:
            homes[place] = first


def _settled(
    original: Weighed,
    item: Weighed,
    home: str | None,
    taken: Collection[str],
    wanted: Mapping[str, int],
    beside: Mapping[str, float],
) -> Settled:
    chances, none = probabilities([candidate.utility for candidate in item.candidates])
    chosen = next((c for c in item.candidates if c.destination == home), None)
    odds = {candidate.destination: chance for candidate, chance in zip(item.candidates, chances, strict=True)}
    everywhere, _ = probabilities([candidate.utility for candidate in original.candidates])
    for candidate, chance in zip(original.candidates, everywhere, strict=True):
        odds.setdefault(candidate.destination, chance)
    ranked = list({c.destination: c for c in (*item.candidates, *original.candidates)}.values())
    # What nothing speaks for but that the values would not forbid it comes last, however likely.
    ranked.sort(key=lambda c: (not _is_spoken_for(c), -odds[c.destination]))
    others = tuple((c, odds[c.destination]) for c in ranked if c.destination != home)
    blocked = next((c for c in original.candidates if c.utility > 0 and c.destination in taken), None)
    chance = odds[home] if chosen is not None and home is not None else none
    signs: dict[str, float] = {}
    if original.candidates and not (chosen.confirmed if chosen else original.confirmed):
        common = _common_signs(original, chance) | dict(beside)
        signs = common | (_signs_of(item, chosen, wanted) if chosen else _signs_of_none(original, blocked))
        signs |= _signs_beside(item, chosen, taken)
        chance = calibrated(signs)
        if chosen is not None and chosen.destination in FURTHER.values():
            chance = min(chance, auto_accept() * SECOND)
    confidence = round(min(MOST, max(LEAST, chance)), 4)
    return Settled(item, chosen, confidence, others, none, blocked if chosen is None else None, signs)


def _is_spoken_for(candidate: Candidate) -> bool:
    """Whether the name, its meaning or the look of the values says anything for it."""
    return any(candidate.features.get(name, 0.0) > 0 for name in ("named", "meaning", "giveaway", "fills a gap"))


def _is_named(item: Weighed) -> bool:
    return any(match.score > SURELY for match in item.reading.matches.values())


def _common_signs(item: Weighed, chance: float) -> dict[str, float]:
    """What counts for a home and for none alike: the chance by the weights, and how much there is to go by."""
    return {
        "odds": _odds(chance),
        "few homes": float(len(item.candidates) <= FEW),
        "seen": math.log1p(min(item.evidence.filled, 20)) / 3,
    }


def _odds(chance: float) -> float:
    """The logarithm of the odds, as a share of the highest that counts."""
    limit = 1 / (1 + math.exp(-STEEPEST))
    chance = min(limit, max(1 - limit, chance))
    return math.log(chance / (1 - chance)) / STEEPEST


def _signs_of(item: Weighed, chosen: Candidate, wanted: Mapping[str, int]) -> dict[str, float]:
    """What tells whether a home is the right one."""
    second = max((c.utility for c in item.candidates if c is not chosen), default=-FARTHEST)
    match = chosen.match if chosen.named > SAID else None
    left = _left_over(item.profile.name, match) if match else 0
    near = item.likeness.get(chosen.concept, 0.0)
    nearer = max((value for key, value in item.likeness.items() if key != chosen.concept), default=0.0)
    return {
        "home": 1.0,
        "lead": max(-1.0, min(1.0, (chosen.utility - second) / FARTHEST)),
        f"named {HOWS[match.how]}" if match else "not named": 1.0,
        "named": chosen.named,
        "left over": min(left, MANY) / MANY,
        "fit": chosen.suit if item.evidence.filled else 0.5,
        "misfit": float(item.evidence.filled > 0 and chosen.suit < SAID),
        "wanted": float(wanted.get(chosen.destination, 0) > 1),
        "second": float(chosen.destination in FURTHER.values()),
        "numbered": float(item.reading.number > 1),
        "grouped": float(bool(item.reading.group)),
        "spoken against": max(item.reading.against.values(), default=0.0),
        "homeless beside": item.homeless.score if item.homeless else 0.0,
        "nearest in meaning": near - nearer,
        "own field": float(not chosen.concept),
    }


def _signs_of_none(item: Weighed, blocked: Candidate | None) -> dict[str, float]:
    """What tells whether having no home is right."""
    best = item.candidates[0]
    homeless = item.homeless.score if item.homeless else 0.0
    return {
        "none": 1.0,
        "none, best": max(-1.0, min(1.0, best.utility / FARTHEST)),
        "none, homeless": homeless,
        "none, surely homeless": float(homeless > SURELY),
        "none, against": max(item.reading.against.values(), default=0.0),
        "none, cryptic": float(item.reading.cryptic),
        "none, blocked": float(blocked is not None),
        "none, unknown": float(not item.reading.matches and not item.reading.against),
        "none, best named": best.named,
        "none, best fits": best.suit if item.evidence.filled else 0.5,
        "none, giveaway": max((c.features.get("giveaway", 0.0) for c in item.candidates), default=0.0),
    }


def _signs_beside(item: Weighed, chosen: Candidate | None, taken: Collection[str]) -> dict[str, float]:
    """Whether other fields have the other parts of the home, or would leave a gap if this has none."""
    top = chosen or next(iter(item.candidates), None)
    at = {f"{'at' if chosen else 'not at'} {top.destination}": 0.5} if top else {}
    if chosen is not None:
        return at | {
            "among its parts": float(_is_among_parts(chosen.destination, taken)),
            "varied": item.evidence.varied,
        }
    free = [c for c in item.candidates if item.evidence.filled and not overlaps(c.destination, taken)]
    offered = {candidate.concept for candidate in item.candidates}
    near = max((value for key, value in item.likeness.items() if key in offered), default=0.0)
    away = max((value for key, value in item.likeness.items() if key not in offered), default=0.0)
    return at | {
        "none, leaves a gap": max((c.suit for c in free if _is_among_parts(c.destination, taken)), default=0.0),
        "none, fills a gap": max((_filling(c, item) for c in free if _is_missing(c.destination, taken)), default=0.0),
        "none, looks so": max((_giveaway(c, item) for c in free), default=0.0),
        "none, near": near,
        "none, nearer": away - near,
        "none, varied": item.evidence.varied,
    }


def _giveaway(candidate: Candidate, item: Weighed) -> float:
    """How much the values alone look like that home, whatever the name says."""
    return SUITS[concepts()[candidate.concept].values](item.evidence)[1] if candidate.concept else 0.0


def _filling(candidate: Candidate, item: Weighed) -> float:
    """How well the values would fill the gap that this home is; 0 where no home of its kind is ever a gap."""
    return FILLS[candidate.concept](item.evidence) if candidate.concept in FILLS else 0.0


def _is_missing(destination: str, taken: Collection[str]) -> bool:
    """Whether the object lacks it: the name of a thing, or a part of what other fields have other parts of."""
    return destination == "name" or _is_among_parts(destination, taken)


def _is_among_parts(destination: str, taken: Collection[str]) -> bool:
    """Whether other fields have other parts of the same whole, such as the rest of the address."""
    whole, _, part = destination.partition(".")
    return bool(part) and any(other.startswith(f"{whole}.") and other != destination for other in taken)


def _left_over(name: str, match: Match) -> int:
    """How many words of the name the usual name does not explain: `billing` of `billing phone`."""
    if match.how in (SHORT, SPELT_LIKE):
        return 0
    words = {piece for part in parts(name) for piece in pieces_of(part) if not piece.isdigit()}
    told = {piece for part in match.alias.parts for piece in (part, *pieces_of(part))}
    return len(words - told - word_set("stop") - word_set("owners", "any"))
