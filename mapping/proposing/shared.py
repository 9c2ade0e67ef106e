"""What the names of one object's fields have in common says nothing about any of them: `inst_`, `DLR`, `metadata.`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from mapping.lexicon import CAMEL, WORD, words
from mapping.proposing.concepts import fold, vocabulary

MOST = 0.6
"""The share of the names that have to begin alike."""

OF_ITS_OWN = 0.3
"""The share that is enough where the beginning is short for what the object is called."""

FEWEST = 4
LETTERS = 2
LEFT = 2
"""So many letters of a name have to be left over."""


def without_shared(names: Sequence[str], label: str = "") -> Mapping[str, str]:
    """Each name without the words, or in names of capitals the letters, that most names begin with.

    And without the short form of what the object is called at their ends: `PLZ_KT` of a Kostenträger.
    """
    short = {name: " ".join(WORD.findall(CAMEL.sub(" ", name))) for name in names}
    for _ in range(3):
        lead = _first_word(list(short.values()), label)
        if not lead:
            break
        short = {name: _without_word(text, lead) for name, text in short.items()}
    end = _last_word(list(short.values()), label)
    if end:
        short = {name: _without_end(text, end) for name, text in short.items()}
    stem = _first_letters(list(short.values()), label)
    if stem:
        short = {name: _without_letters(text, stem) for name, text in short.items()}
    return {name: text if _changed(name, text) else name for name, text in short.items()}


def _changed(name: str, text: str) -> bool:
    return bool(text) and words(text) != words(name)


def _first_word(texts: Sequence[str], label: str) -> str:
    counted = Counter(fold(text.split()[0]) for text in texts if len(text.split()) > 1)
    for word, count in counted.most_common(2):
        share = OF_ITS_OWN if stands_for(word, label) else MOST
        if count >= FEWEST and count >= share * len(texts) and not word.isdigit():
            return word
    return ""


def _last_word(texts: Sequence[str], label: str) -> str:
    """The word with which many names end, where it is but short for what the object is called."""
    counted = Counter(fold(text.split()[-1]) for text in texts if len(text.split()) > 1)
    for word, count in counted.most_common(1):
        if count >= FEWEST and count >= OF_ITS_OWN * len(texts) and stands_for(word, label):
            return word
    return ""


def _without_end(text: str, end: str) -> str:
    rest, _, last = text.rpartition(" ")
    return rest if rest and fold(last) == end else text


def _without_word(text: str, lead: str) -> str:
    first, _, rest = text.partition(" ")
    return rest if rest and fold(first) == lead else text


def _first_letters(texts: Sequence[str], label: str) -> str:
    """The longest beginning, at least two letters, that most names written in one word share."""
    firsts = [fold(text.split()[0]) for text in texts if text]
    best = ""
    for size in range(LETTERS, 7):
        # A beginning that is a whole word for some of the names is counted above.
        counted = Counter(first[:size] for first in firsts if len(first) >= size + LEFT and first not in vocabulary())
        for stem, count in counted.most_common(1):
            share = OF_ITS_OWN if stands_for(stem, label) else MOST
            if count >= FEWEST and count >= share * len(texts) and stem.isalpha():
                best = stem
    return best


def _without_letters(text: str, stem: str) -> str:
    first, _, rest = text.partition(" ")
    if fold(first).startswith(stem) and len(first) >= len(stem) + LEFT and fold(first) not in vocabulary():
        return f"{first[len(stem) :]} {rest}".strip()
    return text


def stands_for(short: str, label: str) -> bool:
    """Whether the letters are those of the label in order, first letter and all: `DLR` for dealer, `Kd` for Kunde."""
    for word in words(label):
        whole = fold(word)
        if len(short) >= LETTERS and short[0] == whole[0] and is_within(short, whole):
            return True
    return False


def is_within(short: str, whole: str) -> bool:
    """Whether the letters of one text stand in the other in the same order."""
    letters = iter(whole)
    return all(letter in letters for letter in short)
