"""Reads a field's name: which concepts it can mean, how surely, and which words of it say something else."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache

from rapidfuzz import fuzz, process

from mapping.figures import CURRENCIES
from mapping.proposing.abbreviations import longer as _longer
from mapping.proposing.concepts import (
    HEAD_FIRST,
    Alias,
    aliases,
    bags,
    concepts,
    index,
    parts,
    pieces_of,
    squeeze,
    value_words,
    vocabulary,
    word_lists,
    word_set,
)

ABOUT = "about it"
OTHERS = "of another"
"""What a name means that speaks of a fact about the thing, or of somebody else's: nothing that has a home."""

EXACT, WITHOUT_OWNER, SHORT, ANY_ORDER, SPELT_LIKE, PARTLY = range(6)
COSTS = (0.0, 0.005, 0.05, 0.04, 0.0, 0.08)
PER_RANK = 0.0008
ALIKE = 88
HALF = 0.5
LONG_ENOUGH = 5
COMPOUND = 8
MOST_READINGS = 16
"""Letters from which on a likeness in spelling means something."""

NEUTRAL, UNKNOWN_BESIDE, UNKNOWN_HEAD, LITTLE = 0.98, 0.62, 0.3, 0.1
SHORTEST, SURE_ENOUGH, SURE_NAME = 3, 0.85, 0.9
"""Names of two letters inside a name only count where everything else beside them is neutral."""

TAKES_OVER = {
    "other_people": OTHERS,
    "email_facts": ABOUT,
    "phone_facts": ABOUT,
    "consent": ABOUT,
    "score": ABOUT,
    "birthday": ABOUT,
    "identifier": ABOUT,
}
"""Things whose mention makes something else of whatever stands beside them."""

SPANS = frozenset({"d", "w", "m", "y", "days", "months"})
"""Units of a span of time: what is counted in the last 30 d is a figure about something."""

BY = frozenset({"by", "durch", "door", "por", "par"})
"""Words before whoever did something."""

SENT_TO = frozenset({"first_name", "last_name", "person_name", "phone", "email"})
"""What of a delivery is rather the one's to whom it goes."""

POST = frozenset({"postal", "mailing", "postale", "postanschrift"})
"""Words of a postal code or postal address that say nothing about which address it is."""

CODES = frozenset({"code", "cd", "codigo", "codice", "cod"})
"""Words for a code, which a postal one is of any address."""

PEOPLE_WHO_ARE_COMPANIES = frozenset({"customer", "cust", "client", "kunde", "kunden", "cliente", "klant"})


@dataclass(frozen=True, slots=True)
class Match:
    """That a name can mean a concept: how surely (0 to 1), by which alias, and in which way."""

    score: float
    alias: Alias
    how: int


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything a name says. `against` are words that make it something else, with how surely they do.

    `group` tells which address (`billing`, `shipping`, …); `number` is a digit at the end; `cryptic` says that
    no word of the name means anything.
    """

    matches: Mapping[str, Match]
    against: Mapping[str, float] = field(default_factory=dict)
    group: str = ""
    number: int = 0
    cryptic: bool = False


@lru_cache(maxsize=1 << 13)
def read(name: str, role: str, label: str = "", unknown: frozenset[str] = frozenset()) -> Reading:
    """Reads the name of a field of an object of that role; `label` is what the customer calls the object.

    `unknown` are squeezed names to be read as if no list had them: how well is a name read that nobody foresaw?
    """
    given = _held(parts(name))
    number = int(given[-1]) if given and ((given[-1].isdigit() and len(given[-1]) == 1) or _is_year(given[-1])) else 0
    own = _owners(role, label)
    if role == "person":
        own |= {part for part in given if len(part) >= COMPOUND and part.endswith(tuple(word_set("owners", "endings")))}
    spellings = list(_spellings(given, own))
    matches = _exactly(spellings, role, unknown)
    against: dict[str, float] = {}
    if not matches:
        for spelling, _ in spellings[:4]:
            for variant in _divided(spelling):
                _take_partly(matches, against, variant, role, own, unknown)
    aside = _spoken_aside(given)
    if aside:
        against.setdefault(aside, 0.9)
        matches = {key: replace(match, score=match.score * UNKNOWN_HEAD) for key, match in matches.items()}
    if role == "person" and "person_name" in matches and matches["person_name"].score > SURE_NAME:
        # The contact person of a person is the person.
        matches.pop("other_people", None)
    _note_alone(matches, against)
    if not against and all(match.score < HALF for match in matches.values()):
        _take_alike(matches, [squeeze(spelling) for spelling, _ in spellings[:2]], role, unknown)
    empty = own | word_set("generic") | word_set("stop")
    meant = against or any(match.score > HALF for match in matches.values())
    cryptic = not meant and all(part in empty or part not in vocabulary() for part in given)
    post = any(key in matches and matches[key].score > HALF for key in ("postcode", "street"))
    post = post or bool(CODES & set(given))
    grouped = tuple(part for part in given if not (post and part in POST))
    return Reading(matches, against, group_of(grouped), number, cryptic)


def _spoken_aside(given: Sequence[str]) -> str:
    """Why the name is of another or about it: `invited by email` is the inviter's, `email 30 days` a figure."""
    if any(number.isdigit() and unit in SPANS for number, unit in itertools.pairwise(given)):
        return ABOUT
    return OTHERS if BY & set(given[1:]) else ""


def _is_year(part: str) -> bool:
    """Whether it is a year of this time: `email_2019` is an earlier one than `email`."""
    return len(part) == len("2000") and part.isdigit() and part.startswith(("19", "20"))


def _held(given: tuple[str, ...]) -> tuple[str, ...]:
    """The words without what somebody is the holder of: the `ticket holder name` is simply the holder's."""
    return tuple(
        part for place, part in enumerate(given) if given[place + 1 : place + 2] not in (("holder",), ("holders",))
    )


def _owners(role: str, label: str) -> frozenset[str]:
    own = word_set("owners", "any") | set(parts(label)) | {part.rstrip("s") for part in parts(label)}
    return own | (word_set("owners", role) if role in ("person", "company") else set())


def _spellings(given: tuple[str, ...], own: frozenset[str]) -> Iterator[tuple[tuple[str, ...], int]]:
    """The words as they are, without owners and numbers, with short forms written out: the surest first."""
    seen: set[tuple[str, ...]] = set()
    stop = word_set("stop")
    bare = _stripped(given, own)
    counted = tuple(part for part in bare if not part.isdigit())
    plain = tuple(part for part in counted if part not in stop)
    for spelling, how in ((given, EXACT), (bare, WITHOUT_OWNER), (counted, WITHOUT_OWNER), (plain, WITHOUT_OWNER)):
        if spelling and spelling not in seen:
            seen.add(spelling)
            yield spelling, how
    for words in (bare, counted):
        for spelling in _written_out(words, own):
            if spelling not in seen:
                seen.add(spelling)
                yield spelling, SHORT


def _stripped(given: tuple[str, ...], own: frozenset[str]) -> tuple[str, ...]:
    start, end = 0, len(given)
    while end - start > 1 and given[start] in own:
        start += 1
    while end - start > 1 and given[end - 1] in own and not given[end - 1].isdigit():
        end -= 1
    return given[start:end]


def _written_out(words: tuple[str, ...], own: frozenset[str]) -> Iterator[tuple[str, ...]]:
    """The words with short forms in full and words that run together apart."""
    choices = [_longer(word) if word not in own or word in word_lists()["short"] else (word,) for word in words]
    if any(choice != (word,) for choice, word in zip(choices, words, strict=True)):
        for made in itertools.islice(itertools.product(*choices), MOST_READINGS):
            yield tuple(part for text in made for part in text.split())


def _meant(spelling: Sequence[str], role: str, unknown: frozenset[str]) -> tuple[Alias, ...]:
    squeezed = "".join(spelling)
    return () if squeezed in unknown else index(role).get(squeezed, ())


def _exactly(spellings: Sequence[tuple[tuple[str, ...], int]], role: str, unknown: frozenset[str]) -> dict[str, Match]:
    """What the name is a usual name of: as it stands, with its words in any order, or written out."""
    matches: dict[str, Match] = {}
    plain = [(spelling, how) for spelling, how in spellings if how != SHORT]
    for spelling, how in plain:
        _take_exact(matches, spelling, how, role, unknown)
        if matches:
            return matches
    for spelling, how in plain if not unknown else ():
        _take_in_any_order(matches, spelling, how, role)
        if matches:
            return matches
    written_out = [spelling for spelling, how in spellings if how == SHORT]
    for spelling in written_out:
        _take_exact(matches, spelling, SHORT, role, unknown)
    for spelling in written_out if not matches and not unknown else ():
        _take_in_any_order(matches, spelling, SHORT, role)
    return matches


def _take_in_any_order(matches: dict[str, Match], spelling: tuple[str, ...], how: int, role: str) -> None:
    for alias in bags(role).get(frozenset(spelling) - word_set("stop"), ()):
        _better(matches, Match(1 - COSTS[how] - COSTS[ANY_ORDER] - alias.rank * PER_RANK, alias, ANY_ORDER))


def _take_exact(
    matches: dict[str, Match], spelling: tuple[str, ...], how: int, role: str, unknown: frozenset[str]
) -> None:
    for alias in _meant(spelling, role, unknown):
        _better(matches, Match(1 - COSTS[how] - alias.rank * PER_RANK, alias, how))


def _better(matches: dict[str, Match], match: Match) -> None:
    standing = matches.get(match.alias.concept)
    if standing is None or match.score > standing.score:
        matches[match.alias.concept] = match


def _divided(spelling: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The words themselves and, where a compound is among them, its parts too."""
    yield spelling
    known = vocabulary()
    made = tuple(piece for word in spelling for piece in (pieces_of(word) if word not in known else (word,)))
    if made != spelling:
        yield made


def _take_partly(
    matches: dict[str, Match],
    against: dict[str, float],
    spelling: tuple[str, ...],
    role: str,
    own: frozenset[str],
    unknown: frozenset[str],
) -> None:
    """Looks for a usual name inside the name, the longest first, and weighs what stands beside it."""
    size = len(spelling)
    covered: list[range] = []
    for length in range(size, 0, -1):
        for start in range(size - length + 1):
            end = start + length
            if any(start >= span.start and end <= span.stop for span in covered):
                continue
            found = _meant(spelling[start:end], role, unknown)
            if not found:
                continue
            covered.append(range(start, end))
            # Words of a longer name, such as `code` of `postal code`, say nothing against what stands beside it.
            spoken = {place for span in covered if span.stop - span.start > 1 for place in span}
            before = [part if place not in spoken else "" for place, part in enumerate(spelling[:start])]
            after = [part if place not in spoken else "" for place, part in enumerate(spelling[end:], end)]
            for alias in found:
                score, reason = _weigh(alias, spelling[start:end], before, after, role, own)
                if end - start == 1 and len(spelling[start]) < SHORTEST and score < SURE_ENOUGH:
                    continue
                if reason:
                    against[reason] = max(against.get(reason, 0.0), 0.9)
                _better(matches, Match(score, alias, ANY_ORDER if length == size else PARTLY))
            covered.append(range(start, end))
    _note_others(matches, against)
    inside = {place for span in covered for place in span}
    for place, part in enumerate(spelling):
        if place not in inside and part not in own:
            _note(against, part)


def _note_alone(matches: Mapping[str, Match], against: dict[str, float]) -> None:
    """A name that speaks of somebody else and of nothing that has a home, such as `sequence_owner`."""
    other = matches.get("other_people")
    homes = [match.score for key, match in matches.items() if concepts()[key].homes]
    if other is not None and other.score >= UNKNOWN_HEAD / 2 and other.score > max(homes, default=0.0):
        against.setdefault(OTHERS, 0.6)


def _note_others(matches: dict[str, Match], against: dict[str, float]) -> None:
    """Where one part of a name is a thing of its own, such as an account's owner, the other is only its e-mail."""
    for key, reason in TAKES_OVER.items():
        if key in matches and matches[key].score >= UNKNOWN_HEAD / 2 and len(matches) > 1:
            against[reason] = 0.9
            for other, match in matches.items():
                if concepts()[other].homes and other not in TAKES_OVER:
                    matches[other] = replace(match, score=match.score * UNKNOWN_HEAD)


@cache
def trades() -> frozenset[str]:
    """What people do for a living: beside a name, a number or an address it says that these are another's."""
    own = word_set("owners", "person") | word_set("owners", "any") | word_set("generic") | word_set("stop")
    groups = (word_set("qualifiers", group) for group in word_lists()["qualifiers"])
    known = {part for alias in aliases() for part in alias.parts if concepts()[alias.concept].homes}
    return value_words("jobs") - own - known - frozenset().union(*groups)


def _note(against: dict[str, float], part: str) -> None:
    if is_other(part):
        against.setdefault(OTHERS, 0.6)
    if part in word_set("about"):
        against.setdefault(ABOUT, 0.6)


@lru_cache(maxsize=1 << 13)
def is_other(part: str) -> bool:
    """Whether the word is somebody or something else than the record: one of the list, or a compound that ends so."""
    if part in word_set("others") or (len(part) > LONG_ENOUGH and part.removesuffix("s") in word_set("others")):
        return True
    return len(part) >= COMPOUND and part.endswith(tuple(word_set("others", "endings")))


def _weigh(
    alias: Alias,
    span: Sequence[str],
    before: Sequence[str],
    after: Sequence[str],
    role: str,
    own: frozenset[str],
) -> tuple[float, str]:
    score, reason = 1 - COSTS[PARTLY] - alias.rank * PER_RANK, ""
    generic = len(span) == 1 and span[0] in word_set("generic")
    head_first = alias.language in HEAD_FIRST
    for beside, is_head in ((before, head_first), (after, not head_first)):
        for part in beside:
            factor, why = _beside(part, role, own, generic)
            if alias.concept in SENT_TO and part in word_set("qualifiers", "shipping"):
                factor = UNKNOWN_BESIDE
            if alias.concept == "job_title" and part in word_set("owners", "company"):
                factor, why = NEUTRAL, ""
            if factor == UNKNOWN_BESIDE and (is_head or generic) and role != "custom":
                factor = UNKNOWN_HEAD
            if alias.concept == "avatar" and factor in (UNKNOWN_BESIDE, UNKNOWN_HEAD):
                factor = _pictured(part)
            score *= factor
            reason = reason or why
    return score, reason


def _pictured(part: str) -> float:
    """What a word takes from a picture: where it is from nothing; else it may be of whatever the word says."""
    if part in word_set("systems") or part in word_set("portraits"):
        return NEUTRAL
    return LITTLE if part in word_set("objects", "things") else UNKNOWN_HEAD


def _beside(part: str, role: str, own: frozenset[str], generic: bool) -> tuple[float, str]:
    """How much a word beside the usual name takes from it, and whether it makes it something else."""
    if part in word_set("stop") or part.isdigit() or part in own:
        return NEUTRAL, ""
    if part.upper() in CURRENCIES and part not in word_set("others"):
        return NEUTRAL, ""
    if part in word_set("about"):
        return LITTLE, ABOUT
    if is_other(part) or (part in trades() and role != "company"):
        return LITTLE, OTHERS
    owners = word_set("owners", "person") | word_set("owners", "company")
    if part in owners:
        return (NEUTRAL, "") if role == "company" and part in PEOPLE_WHO_ARE_COMPANIES else (LITTLE, OTHERS)
    if not generic and any(part in word_set("qualifiers", group) for group in word_lists()["qualifiers"]):
        return NEUTRAL, ""
    return UNKNOWN_BESIDE, ""


def _take_alike(matches: dict[str, Match], spellings: Sequence[str], role: str, unknown: frozenset[str]) -> None:
    for spelling in spellings:
        if len(spelling) < LONG_ENOUGH:
            continue
        found = process.extract(spelling, index(role).keys(), scorer=fuzz.ratio, score_cutoff=ALIKE, limit=3)
        for key, likeness, _ in found:
            if len(key) < LONG_ENOUGH or key in unknown:
                continue
            for alias in index(role)[key]:
                _better(matches, Match(0.9 * likeness / 100 - alias.rank * PER_RANK, alias, SPELT_LIKE))


def group_of(given: Sequence[str]) -> str:
    """Which address a part belongs to: `billing` of `BillingCity`, and nothing where the name does not say."""
    pieces = [piece for part in given for piece in (part, *pieces_of(part))]
    for group in ("billing", "shipping", "hq", "home", "work", "other"):
        if any(piece in word_set("qualifiers", group) for piece in pieces):
            return group
    return ""
