"""What the names of an object's fields tell only together: the beginnings that several share, and what `name` means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from mapping.proposing.concepts import concepts, parts, word_set
from mapping.proposing.names import EXACT, OTHERS, Reading, group_of, read
from mapping.proposing.shared import without_shared

SURELY = 0.9
CLUSTER = 3
"""So many fields that begin alike may be one address, or one person."""

TELLING = 2
LONGEST = 2
SENTENCE = 3
NAMES = frozenset({"first_name", "last_name", "person_name"})
WHO = NAMES | {"email", "phone", "job_title"}
ADDRESS = frozenset({"street", "street2", "city", "state", "postcode", "country"})
IN_ADDRESS = {
    "code": "postcode",
    "pc": "postcode",
    "ext": "address line 2",
    "extra": "address line 2",
    "cont": "address line 2",
    "compl": "address line 2",
    "line": "street",
    "lines": "street",
    "1": "street",
    "l 1": "street",
    "l 2": "address line 2",
    "line 1": "street",
    "line 2": "address line 2",
    "2": "address line 2",
    "place": "city",
}
"""What general words mean where they stand among the parts of an address."""

FURTHER = frozenset({"cont", "suite", "forts", "vervolg", "segue"})
EITHER = re.compile(r"\s*[/|]\s*")
ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]$")


def readings(names: Sequence[str], role: str, label: str, unknown: frozenset[str]) -> tuple[list[Reading], list[str]]:
    """The reading of each name beside the others, and what of each name was read."""
    short = without_shared(names, label)
    whole = {name: _plainly(name, short[name], role, label, unknown) for name in names}
    rests = _of_one(names, {name: short[name] for name in names}, whole, role, label, unknown)
    made, called = [], []
    for name in names:
        reading = whole[name]
        if name in rests and not _is_known(reading):
            reading = rests[name][1]
        called.append(rests[name][0] if name in rests else short[name])
        made.append(reading)
    return made, called


def _plainly(name: str, short: str, role: str, label: str, unknown: frozenset[str]) -> Reading:
    """The name as it is where it is known so, or else without what it shares with others, or what it says aside."""
    reading = read(name, role, label, unknown)
    if short != name and not any(match.how == EXACT for match in reading.matches.values()):
        reading = read(short, role, label, unknown)
    if not _is_known(reading) and EITHER.search(short):
        return _either([read(piece, role, label, unknown) for piece in EITHER.split(short) if piece], reading)
    aside = " ".join(ASIDE.findall(name))
    if aside and not _is_known(reading):
        said = set(parts(aside))
        # One or two words aside may make it something else; a sentence only explains it.
        if len(said) >= SENTENCE or not said & (word_set("about") | word_set("others") | FURTHER):
            without = read(ASIDE.sub(" ", name).strip() or name, role, label, unknown)
            return without if _is_known(without) else reading
    return reading


def _either(pieces: Sequence[Reading], whole: Reading) -> Reading:
    """What a name in two languages says in both, such as `Vorname/Prénom`; the whole where they differ."""
    common = set.intersection(*(_sure(piece) for piece in pieces)) if len(pieces) > 1 else set()
    if not common:
        return whole
    return Reading({key: match for key, match in pieces[0].matches.items() if key in common}, {}, whole.group)


def _is_known(reading: Reading) -> bool:
    return any(match.score > SURELY for match in reading.matches.values())


def _of_one(
    names: Sequence[str],
    short: Mapping[str, str],
    whole: Mapping[str, Reading],
    role: str,
    label: str,
    unknown: frozenset[str],
) -> dict[str, tuple[str, Reading]]:
    """Names whose beginning says only which address or whose name it is → the rest, and how it is read.

    `end_cid`, `end_uf` and `end_cep` are one address; `AnspVorname` and `AnspNachname` are the person, if no other
    field has a name.
    """
    made: dict[str, tuple[str, Reading]] = {}
    known = {name: _sure(reading) for name, reading in whole.items()}
    for start, members in _starts({name: parts(short[name]) for name in names}).items():
        rests = {name: " ".join(parts(short[name])[len(start) :]) for name in members}
        read_so = {name: read(rest, role, label, unknown) for name, rest in rests.items()}
        said = {key for reading in read_so.values() for key in _sure(reading)}
        outside = {key for name in names if name not in members for key in known[name]}
        address = len(said & ADDRESS) >= TELLING and not said & ADDRESS & outside
        person = role == "person" and bool(said & NAMES) and not outside & NAMES and len(said & WHO) >= TELLING
        if set(start) & word_set("others"):
            # `guardian_name` and `guardian_email` are the person only where nobody else is spoken of.
            address, person = False, person and len(said & WHO) > len(outside & WHO)
        if not (address or person):
            continue
        for name, reading in read_so.items():
            if address and _sure(reading) and not _sure(reading) & ADDRESS:
                continue
            if address or _sure(reading) & WHO:
                group = group_of(parts(name))
                if address and rests[name] in IN_ADDRESS:
                    reading = read(IN_ADDRESS[rests[name]], role, label, unknown)
                made.setdefault(name, (rests[name], _with_group(reading, group)))
    return made


def _with_group(reading: Reading, group: str) -> Reading:
    return Reading(reading.matches, reading.against, group, reading.number, reading.cryptic)


def _starts(split: Mapping[str, tuple[str, ...]]) -> dict[tuple[str, ...], Mapping[str, None]]:
    """Beginnings of one or two words that several names share, the longest first."""
    found: dict[tuple[str, ...], list[str]] = {}
    for size in range(LONGEST, 0, -1):
        for name, words in split.items():
            if len(words) > size:
                found.setdefault(words[:size], []).append(name)
    return {start: dict.fromkeys(members) for start, members in found.items() if len(members) >= CLUSTER}


def _sure(reading: Reading) -> set[str]:
    if OTHERS in reading.against:
        return set()
    homes = {key for key, match in reading.matches.items() if match.score > SURELY}
    return {key for key in homes if concepts()[key].homes}
