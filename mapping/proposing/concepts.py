"""What a field can mean: the concepts of mapping/data/concepts.toml, and every name they go by."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from mapping.lexicon import words

DATA = Path(__file__).resolve().parents[1] / "data"
LANGUAGES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "pt": "Portuguese",
    "nl": "Dutch",
    "it": "Italian",
    "sv": "Swedish",
    "da": "Danish",
    "no": "Norwegian",
    "fi": "Finnish",
    "pl": "Polish",
}
HEAD_FIRST = frozenset({"fr", "es", "pt", "it"})
"""Languages in which the word that says what a thing is comes first: `teléfono móvil`, not `mobile phone`."""

LINKS = ("", "s", "n", "en", "es", "er", "e")
"""What German and Dutch put between the words of a compound."""

BY_WHOM = frozenset({("von",), ("by",), ("par",), ("por",), ("da",), ("door",)})
"""Little words at the end of a name that say by whom."""

ROLES = ("person", "company", "custom")
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i", "ð": "d", "þ": "th"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing a field can mean. `homes` are destination paths by role; `roles` those where it counts at all."""

    key: str
    about: str
    values: str
    part: str
    roles: frozenset[str]
    homes: Mapping[str, tuple[str, ...]]
    names: Mapping[str, tuple[str, ...]]

    @property
    def label(self) -> str:
        """What the concept is called in a sentence."""
        return self.names["en"][0]


@dataclass(frozen=True, slots=True)
class Alias:
    """One usual name of a concept: how it is written, in which language, and how usual it is (0 the most)."""

    concept: str
    name: str
    language: str
    rank: int
    parts: tuple[str, ...]


@lru_cache(maxsize=1 << 14)
def fold(text: str) -> str:
    """The text in lower-case letters without accents, so that `Prénom` and `prenom` are one."""
    if text.isascii():
        return text.lower()
    lower = unicodedata.normalize("NFC", text).lower().translate(_LETTERS)
    return "".join(char for char in unicodedata.normalize("NFKD", lower) if not unicodedata.combining(char))


@lru_cache(maxsize=1 << 13)
def parts(name: str) -> tuple[str, ...]:
    """The words of a name, folded: `E-Mail_Adresse` is (`e`, `mail`, `adresse`)."""
    return tuple(folded for word in words(name) if (folded := fold(word)))


def squeeze(found: tuple[str, ...]) -> str:
    """The words written as one."""
    return "".join(found)


@cache
def word_lists() -> Mapping[str, Any]:
    """The tables of mapping/data/words.toml."""
    return tomllib.loads((DATA / "words.toml").read_text(encoding="utf-8"))


@cache
def word_set(table: str, key: str = "words") -> frozenset[str]:
    """One list of words, folded."""
    return both_spellings(word_lists()[table][key].split())


@cache
def value_words(table: str) -> frozenset[str]:
    """One list of mapping/data/values.toml, folded: words that values are recognised by."""
    rows = tomllib.loads((DATA / "values.toml").read_text(encoding="utf-8"))
    return both_spellings(rows[table].split())


def both_spellings(words: Iterable[str]) -> frozenset[str]:
    """The words folded, and those with `ae`, `oe`, `ue` also as the umlauts they may stand for."""
    folded = {fold(word) for word in words}
    return frozenset(folded | {re.sub("([aou])e", r"\1", word) for word in folded})


@cache
def concepts() -> Mapping[str, Concept]:
    """All concepts by key."""
    rows = tomllib.loads((DATA / "concepts.toml").read_text(encoding="utf-8"))
    return {key: _concept(key, row) for key, row in rows.items()}


def _concept(key: str, row: Mapping[str, str]) -> Concept:
    return Concept(
        key=key,
        about=row["about"],
        values=row.get("values", ""),
        part=row.get("part", ""),
        roles=frozenset(row.get("roles", ", ".join(ROLES)).split(", ")),
        homes={role: tuple(row[role].split(", ")) for role in ROLES if role in row},
        names={language: tuple(row[language].split(", ")) for language in (*LANGUAGES, "api") if language in row},
    )


@cache
def aliases() -> tuple[Alias, ...]:
    """Every name of every concept; names with umlauts also as they are written without them."""
    return tuple(alias for concept in concepts().values() for alias in _aliases(concept))


def _aliases(concept: Concept) -> Iterator[Alias]:
    for language, names in concept.names.items():
        for rank, name in enumerate(names):
            yield Alias(concept.key, name, language, rank, parts(name))
            spelt = name.lower().translate(_UMLAUTS)
            if spelt != name.lower():
                yield Alias(concept.key, name, language, rank, parts(spelt))


@cache
def index(role: str) -> Mapping[str, tuple[Alias, ...]]:
    """Squeezed name, with and without its little words → what it can mean for an object of that role."""
    found: dict[str, dict[str, Alias]] = {}
    stop = word_set("stop")
    for alias in aliases():
        if role not in concepts()[alias.concept].roles:
            continue
        # Initials in the names of other systems look like little words: `l_name` is not `name`.
        # And who made a record is not when it was made: `angelegt von` is not `angelegt`.
        whole = alias.language == "api" or alias.parts[-1:] in BY_WHOM
        short = alias.parts if whole else tuple(part for part in alias.parts if part not in stop)
        for spelling in {squeeze(alias.parts), squeeze(short)} - {""}:
            standing = found.setdefault(spelling, {})
            if alias.concept not in standing or alias.rank < standing[alias.concept].rank:
                standing[alias.concept] = alias
    return {spelling: tuple(by_concept.values()) for spelling, by_concept in found.items()}


@cache
def bags(role: str) -> Mapping[frozenset[str], tuple[Alias, ...]]:
    """The words of a name in any order → what it can mean for that role, for names of two words and more."""
    found: dict[frozenset[str], dict[str, Alias]] = {}
    stop = word_set("stop")
    for alias in aliases():
        if role not in concepts()[alias.concept].roles:
            continue
        divided = frozenset(piece for part in alias.parts for piece in pieces_of(part))
        for bag in {frozenset(alias.parts) - stop, divided - stop}:
            if len(bag) > 1:
                found.setdefault(bag, {}).setdefault(alias.concept, alias)
    return {bag: tuple(by_concept.values()) for bag, by_concept in found.items()}


@cache
def vocabulary() -> frozenset[str]:
    """Every word of three letters and more that stands in some list: what compounds are made of."""
    known = {part for alias in aliases() for part in alias.parts}
    known |= {squeeze(alias.parts) for alias in aliases() if alias.language != "api" and len(alias.parts) <= 2}
    known |= {word for role in ("person", "company") for word in word_set("owners", role)}
    known |= {word for group in word_lists()["qualifiers"] for word in word_set("qualifiers", group)}
    known |= word_set("others") | word_set("about")
    return frozenset(word for word in known if len(word) >= 3 and word.isalpha())


@lru_cache(maxsize=1 << 13)
def pieces_of(word: str) -> tuple[str, ...]:
    """The known words that a compound is made of, as few as possible; itself where it is none."""
    if len(word) < 7 or not word.isalpha():
        return (word,)
    known = vocabulary()
    for end in range(len(word) - 3, 2, -1):
        if word[:end] not in known:
            continue
        for link in LINKS:
            rest = word[end:].removeprefix(link)
            if word[end:].startswith(link) and rest in known:
                return word[:end], rest
    return (word,)
