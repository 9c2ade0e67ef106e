"""Settles one home for each field of an object, with the probability that it is the right one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from connectors.catalogue import FieldType
from mapping.proposing.assignment import assign
from mapping.proposing.candidates import Candidate, Weighed
from mapping.proposing.model import probabilities

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

SAID = 0.5
LEAST, MOST = 0.01, 0.99
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


def choose(fields: Sequence[Weighed], used: Collection[str]) -> list[Settled]:
    """One decision for each field, in order. `used` are destinations that are given already."""
    open_fields = [_open(item, used) for item in _one_address(_one_name(fields))]
    shared = [_best(item.candidates, SHARED) for item in open_fields]
    gains = {
        place: {
            candidate.destination: candidate.utility - max(0.0, alternative.utility if alternative else 0.0)
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
    return [
        _settled(original, item, homes.get(place), taken)
        for place, (original, item) in enumerate(zip(fields, spilled, strict=True))
    ]


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
        if min(halves) > 0 or (max(halves) > 0 and max(halves) > reach[whole]):
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
    plain = len(parts.get("", ())) >= PLAIN_WINS
    kept = {"", *(group for group in named[:1] if not plain or not parts[group] & parts[""])}
    return [
        item
        if item.reading.group in kept
        else replace(item, candidates=tuple(c for c in item.candidates if c.field.type is not FieldType.ADDRESS))
        for item in fields
    ]


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
            spill = replace(candidate, destination=further, utility=candidate.utility - SPILL)
            if standing is None or spill.utility > standing.utility:
                kept = [c for c in kept if c is not standing] + [spill]
    return replace(item, candidates=tuple(sorted(kept, key=lambda c: -c.utility)))


def _promote(homes: dict[int, str], fields: Sequence[Weighed], taken: set[str]) -> None:
    """The only number or address there is becomes the first one; an address only if it is not called the second."""
    for first, further in FURTHER.items():
        place = next((place for place in sorted(homes) if homes[place] == further), None)
        if first in taken or place is None or _best(fields[place].candidates, {first}) is None:
            continue
        second = _best(fields[place].candidates, {further})
        if first == PHONE or second is None or second.named < SAID:
            homes[place] = first


def _settled(original: Weighed, item: Weighed, home: str | None, taken: Collection[str]) -> Settled:
    chances, none = probabilities([candidate.utility for candidate in item.candidates])
    chosen = next((c for c in item.candidates if c.destination == home), None)
    odds = {candidate.destination: chance for candidate, chance in zip(item.candidates, chances, strict=True)}
    everywhere, _ = probabilities([candidate.utility for candidate in original.candidates])
    for candidate, chance in zip(original.candidates, everywhere, strict=True):
        odds.setdefault(candidate.destination, chance)
    ranked = list({c.destination: c for c in (*item.candidates, *original.candidates)}.values())
    ranked.sort(key=lambda c: -max(odds[c.destination], 0.0))
    others = tuple((c, odds[c.destination]) for c in ranked if c.destination != home)
    blocked = next((c for c in original.candidates if c.utility > 0 and c.destination in taken), None)
    chance = odds[home] if chosen is not None and home is not None else none
    confidence = round(min(MOST, max(LEAST, chance)), 3)
    return Settled(item, chosen, confidence, others, none, blocked if chosen is None else None)
