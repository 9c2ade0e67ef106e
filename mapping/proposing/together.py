"""What the names of an object's fields tell only together: what several begin or end with, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from mapping.proposing.concepts import aliases, concepts, parts, word_lists, word_set
from mapping.proposing.names import EXACT, OTHERS, Reading, group_of, read
from mapping.proposing.shared import without_shared

SURELY = 0.9
ANOTHERS, THEIRS = 0.9, 0.1
CLUSTER = 3
"""So many fields that begin or end alike may be one address, or one person."""

TELLING = 2
LONGEST = 2
SENTENCE = 3
NAMES = frozenset({"first_name", "last_name", "person_name"})
REACHED = frozenset({"email", "phone"})
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
OR = frozenset({"or", "oder", "ou", "ovvero", "oppure"})
LESS = 0.97
"""What it takes from a name to be one of two."""

EITHER = re.compile(r"\s*[/|]\s*")
ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]$")


def readings(names: Sequence[str], role: str, label: str, unknown: frozenset[str]) -> tuple[list[Reading], list[str]]:
    """The reading of each name beside the others, and what of each name was read."""
    short = without_shared(names, label)
    whole = {name: _plainly(name, short[name], role, label, unknown) for name in names}
    rests = _of_one(names, {name: short[name] for name in names}, whole, role, label, unknown)
    called = [rests[name][0] if name in rests else short[name] for name in names]
    settled = {
        name: rests[name][1] if name in rests and not _is_known(reading) else reading for name, reading in whole.items()
    }
    theirs = {name for name in names if rests and name not in rests and _is_childs(name, rests)}
    for name in theirs | _another(settled, role, label, unknown):
        settled[name] = _of_another(settled[name])
    made = [settled[name] for name in names]
    return made, called


def _plainly(name: str, short: str, role: str, label: str, unknown: frozenset[str]) -> Reading:
    """The name as it is where it is known so, or else without what it shares with others, or what it says aside."""
    reading = read(name, role, label, unknown)
    if short != name and role != "person" and set(parts(name)) - set(parts(short)) <= set(parts(label)):
        # The `home_town` of a care home is its town.
        its_own = read(short, role, label, unknown)
        reading = its_own if _is_known(its_own) else reading
    if short != name and not any(match.how == EXACT for match in reading.matches.values()):
        reading = read(short, role, label, unknown)
    if not _is_known(reading) and EITHER.search(short):
        return _either([read(piece, role, label, unknown) for piece in EITHER.split(short) if piece], reading)
    words = parts(short)
    if not _is_known(reading) and OR & set(words[1:-1]):
        place = next(place for place, word in enumerate(words) if place and word in OR)
        return _one_of(
            [read(" ".join(half), role, label, unknown) for half in (words[:place], words[place + 1 :])], reading
        )
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


def _one_of(halves: Sequence[Reading], whole: Reading) -> Reading:
    """All that a name such as `surname or company` can mean, for the values to decide; the whole if one is unknown."""
    if not all(_is_known(half) for half in halves):
        return whole
    found = {key: match for half in reversed(halves) for key, match in half.matches.items() if match.score > SURELY}
    return Reading({key: replace(match, score=match.score * LESS) for key, match in found.items()}, {}, whole.group)


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
    """Names whose beginning or end says only which address or whose name it is → the rest, and how it is read.

    `end_cid`, `end_uf` and `end_cep` are one address; `AnspVorname` and `AnspNachname` are the person, if no other
    field has a name. Where they end alike, as in `cep_cobranca`, it is the same.
    """
    made: dict[str, tuple[str, Reading]] = {}
    known = {name: _sure(reading) for name, reading in whole.items()}
    split = {name: parts(short[name]) for name in names}
    found = [
        _cluster(shared, {name: _without(split[name], shared) for name in members}, known, role, label, unknown)
        for shared, members in _clusters(split).items()
    ]
    person = _whose([cluster for cluster in found if cluster.is_person])
    for cluster in found:
        if not cluster.is_address and cluster is not person:
            continue
        for name, reading in cluster.read_so.items():
            if cluster.is_address and _sure(reading) and not _sure(reading) & ADDRESS:
                continue
            if cluster.is_address or _sure(reading) & WHO:
                rest = " ".join(cluster.rests[name])
                if cluster.is_address and rest in IN_ADDRESS:
                    reading = read(IN_ADDRESS[rest], role, label, unknown)
                made.setdefault(name, (rest, _with_group(reading, group_of(parts(name)))))
    if person is not None and set(person.shared) & word_set("others"):
        for name, words in split.items():
            said, rest = _also(words, person, role, label, unknown)
            if said is not None:
                made.setdefault(name, (rest, said))
    return made


def _also(
    words: tuple[str, ...], person: _Cluster, role: str, label: str, unknown: frozenset[str]
) -> tuple[Reading | None, str]:
    """What else is said of that person, by one of the words alone: `parent job` beside `parent/guardian name`."""
    for shared in (words[:1], words[-1:]):
        if len(words) > 1 and set(shared) <= set(person.shared) & word_set("others"):
            rest = " ".join(_without(words, shared))
            reading = read(rest, role, label, unknown)
            if _sure(reading) & WHO - person.said:
                return reading, rest
    return None, ""


@dataclass(frozen=True, slots=True, eq=False)
class _Cluster:
    """Names that begin or end with the same words: what the rest of each says, and whether all are of one whole."""

    shared: tuple[str, ...]
    rests: Mapping[str, tuple[str, ...]]
    read_so: Mapping[str, Reading]
    said: frozenset[str]
    is_address: bool
    is_person: bool


def _cluster(
    shared: tuple[str, ...],
    rests: Mapping[str, tuple[str, ...]],
    known: Mapping[str, set[str]],
    role: str,
    label: str,
    unknown: frozenset[str],
) -> _Cluster:
    read_so = {name: read(" ".join(rest), role, label, unknown) for name, rest in rests.items()}
    said = {key for reading in read_so.values() for key in _sure(reading)}
    outside = {key for name, keys in known.items() if name not in rests for key in keys}
    address = len(said & ADDRESS) >= TELLING and not said & ADDRESS & outside
    person = role == "person" and bool(said & NAMES) and not outside & NAMES and len(said & WHO) >= TELLING
    if set(shared) & word_set("others", "answering"):
        address, person = False, role == "person" and _answers(said, {n: k for n, k in known.items() if n not in rests})
    elif set(shared) & word_set("others"):
        # `assistant_name` and `assistant_email` are the person only where nobody else is spoken of.
        address, person = False, person and "email" in said and len(said & WHO) > len(outside & WHO)
    elif len(rests) < CLUSTER:
        address = person = False
    return _Cluster(shared, rests, read_so, frozenset(said), address, person)


def _answers(said: Collection[str], outside: Mapping[str, set[str]]) -> bool:
    """Whether the one who answers for a child is the person: more is said of them, and nobody else has a name.

    The child's own name does not count, unless the child has an e-mail address or telephone of its own.
    """
    children = word_set("owners", "children")
    theirs = {key for name, keys in outside.items() if children & set(parts(name)) for key in keys & WHO}
    others = {key for name, keys in outside.items() if not children & set(parts(name)) for key in keys & WHO}
    mine = WHO & set(said)
    return (
        bool(mine & NAMES) and len(mine) >= TELLING and not others & NAMES and len(mine) > len(theirs - {"job_title"})
    )


def _whose(found: Sequence[_Cluster]) -> _Cluster | None:
    """The people of whom most is said; of two of whom as much is said the first by number, and else neither."""
    most = max((len(cluster.said & WHO) for cluster in found), default=0)
    best = [cluster for cluster in found if len(cluster.said & WHO) == most]
    # `parent_` would be both `parent_1_` and `parent_2_`.
    numbered = sorted((cluster for cluster in best if cluster.shared[-1].isdigit()), key=lambda c: c.shared)
    best = numbered or best
    words = {frozenset(part for part in cluster.shared if not part.isdigit()) for cluster in best}
    alike = any(not one & other for one in words for other in words)
    return best[0] if best and not alike else None


def _another(settled: Mapping[str, Reading], role: str, label: str, unknown: frozenset[str]) -> frozenset[str]:
    """Names that share a word with the name of somebody who is not the record: `Camper photo` by `Camper first name`.

    Only where the record has its own name beside it.
    """
    if role != "person":
        return frozenset()
    known = {name: _sure(reading) for name, reading in settled.items()}
    found: set[str] = set()
    for shared, members in _clusters({name: parts(name) for name in settled}).items():
        if len(shared) > 1 or not shared[0].isalpha() or _is_plain(shared[0], role, label):
            continue
        rests = {name: _without(parts(name), shared) for name in members}
        said = {name: _sure(read(" ".join(rest), role, label, unknown)) for name, rest in rests.items()}
        outside = {key for name in settled if name not in members for key in known[name]}
        named = any(keys & NAMES for keys in said.values()) and not any(known[name] & NAMES for name in members)
        members = {name: None for name in members if not known[name]}
        if len(members) >= CLUSTER and named and outside & NAMES and len(outside & WHO) >= TELLING:
            found |= set(members)
    return frozenset(found | _playing_a_part(known))


def _playing_a_part(known: Mapping[str, set[str]]) -> set[str]:
    """The `buyer email` where the record has a name that is not the buyer's, and an e-mail address of its own."""
    playing = {name: word_set("owners", "parts_played") & set(parts(name)) for name in known}
    named = [playing[name] for name, keys in known.items() if keys & NAMES]
    found = set()
    for name, words in playing.items():
        others = {key for other, keys in known.items() if not playing[other] & words for key in keys}
        few = 2 * sum(bool(words & of) for of in named) < len(named)
        if words and few and known[name] & (NAMES | _either_of(others)):
            found.add(name)
    return found


def _either_of(keys: Collection[str]) -> set[str]:
    """The things by which one is reached, of which the first or a second is among those."""
    return {key for key in REACHED if key in keys or f"other_{key}" in keys}


def _of_another(reading: Reading) -> Reading:
    """The reading of a name that turns out to speak of somebody else."""
    weaker = {key: replace(match, score=match.score * THEIRS) for key, match in reading.matches.items()}
    return replace(reading, matches=weaker, against={**reading.against, OTHERS: ANOTHERS})


def _is_childs(name: str, rests: Collection[str]) -> bool:
    """Whether it speaks of the child for whom somebody else, whose names these are, answers."""
    answering = any(word_set("others", "answering") & set(parts(other)) for other in rests)
    return answering and bool(word_set("owners", "children") & set(parts(name)))


def _is_plain(word: str, role: str, label: str) -> bool:
    """Whether a word before others says nothing about whose they are: an owner's, a qualifier, a part of a name."""
    qualifiers = (word_set("qualifiers", group) for group in word_lists()["qualifiers"])
    lists = (word_set("stop"), word_set("generic"), word_set("systems"), word_set("owners", role), *qualifiers)
    plain = word_set("owners", "any").union(*lists) | {part for alias in aliases() for part in alias.parts}
    return word in plain - word_set("others") or word in parts(label)


def _with_group(reading: Reading, group: str) -> Reading:
    return Reading(reading.matches, reading.against, group, reading.number, reading.cryptic)


def _clusters(split: Mapping[str, tuple[str, ...]]) -> dict[tuple[str, ...], Mapping[str, None]]:
    """One or two words with which several names begin or end, the longest first: `tutor_name` and `phone_tutor`."""
    found: dict[tuple[str, ...], dict[str, None]] = {}
    for size in range(LONGEST, 0, -1):
        for name, words in split.items():
            if len(words) > size:
                for shared in (words[:size], words[-size:]):
                    found.setdefault(shared, {})[name] = None
    others = word_set("others")
    fewest = {shared: TELLING if others & set(shared) else CLUSTER for shared in found}
    return {shared: members for shared, members in found.items() if len(members) >= fewest[shared]}


def _without(words: tuple[str, ...], shared: tuple[str, ...]) -> tuple[str, ...]:
    """The name without what it begins or ends with."""
    size = len(shared)
    return words[size:] if words[:size] == shared else words[:-size]


def _sure(reading: Reading) -> set[str]:
    if OTHERS in reading.against:
        return set()
    homes = {key for key, match in reading.matches.items() if match.score > SURELY}
    return {key for key in homes if concepts()[key].homes}
