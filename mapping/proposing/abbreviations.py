"""Short forms in names: a list of usual ones, words cut off or without vowels, and words that run together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from mapping.proposing.concepts import aliases, concepts, pieces_of, vocabulary, word_lists, word_set
from mapping.proposing.shared import is_within

MOST_USUAL = 4
"""The first so many names of a concept in each language are those that people shorten."""

SHORTEST, LONGEST = 3, 8
BEGINNING = 4
APART = 5
"""Letters from which on a word may be several that run together."""

MOST_PIECES = 3
MOST_MEANINGS = 4


@lru_cache(maxsize=1 << 12)
def longer(word: str) -> tuple[str, ...]:
    """What the word may stand for, the likeliest first, as plain words; itself where it is no short form."""
    usual = word_lists()["short"].get(word, "")
    if usual:
        return tuple(usual.split("|"))
    stem = word.rstrip("0123456789")
    if stem != word and stem in word_lists()["short"]:
        return tuple(f"{whole} {word[len(stem) :]}" for whole in longer(stem))
    if word in vocabulary() or not word.isalpha() or len(word) < SHORTEST:
        return (word,)
    found: list[str] = []
    if len(word) <= LONGEST:
        found += _skeletons().get(_skeleton(word), ()) if _skeleton(word) == word or len(word) <= APART else ()
        found += _beginnings().get(word[:BEGINNING], ()) if len(word) >= BEGINNING else ()
        found = [whole for whole in found if whole.startswith(word) or _skeleton(word) == word]
    made = found or list(_apart(word)) or list(_within(word))
    return tuple(dict.fromkeys(made))[:MOST_MEANINGS] or (word,)


def _skeleton(word: str) -> str:
    return word[:1] + "".join(letter for letter in word[1:] if letter not in "aeiouy")


@cache
def _skeletons() -> Mapping[str, tuple[str, ...]]:
    """The consonants of a word → words with them, usual ones first: `cntry` can only be `country`."""
    found: dict[str, list[str]] = {}
    for word in (*_usual(), *sorted(word_set("others") | word_set("about") | word_set("owners", "person"))):
        if len(word) >= BEGINNING and word.isalpha():
            found.setdefault(_skeleton(word), []).append(word)
    return {skeleton: tuple(dict.fromkeys(words)) for skeleton, words in found.items() if len(skeleton) >= SHORTEST}


@cache
def _beginnings() -> Mapping[str, tuple[str, ...]]:
    """The first letters of a long word → the words that are cut off so: `cogn` for `cognome`."""
    found: dict[str, list[str]] = {}
    for word in sorted({part for alias in aliases() for part in alias.parts}, key=lambda word: (len(word), word)):
        if word.isalpha() and len(word) >= BEGINNING + 3:
            found.setdefault(word[:BEGINNING], []).append(word)
    return {start: tuple(words) for start, words in found.items()}


@cache
def _usual() -> tuple[str, ...]:
    """The words of the most usual names of everything that has a home, the most usual first."""
    ranked = sorted(
        (alias.rank, part)
        for alias in aliases()
        if concepts()[alias.concept].homes and alias.rank < MOST_USUAL
        for part in alias.parts
        if len(part) >= BEGINNING and part.isalpha()
    )
    return tuple(dict.fromkeys(part for _, part in ranked))


def _within(word: str) -> Iterator[str]:
    """Usual words whose letters the short form has in order, first letter and all: `strt` for `straat`."""
    if len(word) <= APART:
        for whole in _usual():
            if whole[0] == word[0] and whole[-1] != word[0] and is_within(word, whole):
                yield whole


@lru_cache(maxsize=1 << 12)
def _apart(word: str) -> tuple[str, ...]:
    """The words and short forms that run together in it, as few as possible: `cust` and `fnam` of `custfnam`."""
    if len(word) < APART:
        return ()
    whole = pieces_of(word)
    if len(whole) > 1:
        return (" ".join(whole),)
    best: list[tuple[str, ...] | None] = [()] + [None] * len(word)
    for end in range(1, len(word) + 1):
        for start in range(max(0, end - 14), end):
            before, piece = best[start], word[start:end]
            if before is None or len(before) == MOST_PIECES or not _is_piece(piece):
                continue
            now = best[end]
            if now is None or len(before) + 1 < len(now):
                best[end] = (*before, piece)
    found = best[len(word)]
    # Of short forms alone any word could be made: `lista` is no LinkedIn state.
    if not found or not any(piece in vocabulary() and len(piece) > SHORTEST for piece in found):
        return ()
    short = word_lists()["short"]
    return (" ".join(short.get(piece, piece).split("|")[0] for piece in found),)


def _is_piece(piece: str) -> bool:
    return (len(piece) >= SHORTEST and piece in vocabulary()) or (len(piece) > 1 and piece in word_lists()["short"])
