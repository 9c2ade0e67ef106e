"""API names, option values and labels as Twenty allows them (contracts/twenty/FACTS.md section 8, both lines).

Everything here is deterministic: the same words give the same name, on every machine and in every run.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import unicodedata
from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

NAME_LIMIT = 63
"""The longest API name and the longest option value."""

COMPOSITE_LIMIT = 40
"""The longest name we make: `<name>PrimaryPhoneCallingCode` and its enum type are PostgreSQL names of 63 at most."""

_WORDS: dict[str, Any] = json.loads(Path(__file__).with_name("data").joinpath("names.json").read_text())

RESERVED = frozenset(_WORDS["reserved"])
"""Words refused for fields and objects alike, by one line or the other."""

EVERY_OBJECT_HAS = frozenset(_WORDS["every_object_has"])
"""Fields that Twenty gives to each object by itself."""

OWN_OBJECTS = frozenset(_WORDS["own_objects"])
"""Twenty's own objects of both lines: an upgrade may bring one back, so they are avoided even where absent."""

COLUMNS = frozenset(_WORDS["composite_columns"])
"""Columns of composite fields: `phones` makes `phonesPrimaryPhoneNumber` an unusable name."""

ACTORS = frozenset({"createdBy", "updatedBy"})
"""The composite fields that every object has."""

ACTOR_NAMES = frozenset({"createdByName", "updatedByName"})
"""Their column `name`, which no other composite has: `company` leaves `companyName` free."""

RELATIONS = frozenset(_WORDS["relations"])
"""Relations of Twenty's own objects: `company` makes `companyId`, its join column, an unusable name."""

OPTION_VALUE = re.compile(r"^(?!.*__)[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$")
API_NAME = re.compile(r"^[a-z][a-zA-Z0-9]*$")

_LETTERS = str.maketrans(_WORDS["letters"])
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_WORD = re.compile(r"[A-Za-z0-9]+")
_SNAKE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


def romanise(text: str) -> str:
    """The text in plain ASCII: accents dropped, other scripts spelled by letter, what is no letter made a space."""
    out = []
    for char in unicodedata.normalize("NFKD", text):
        if char.isascii():
            out.append(char)
        elif not unicodedata.combining(char):
            out.append(_romanise_letter(char))
    return "".join(out)


def _romanise_letter(char: str) -> str:
    lower = char.lower()
    spelled = lower.translate(_LETTERS)
    if spelled.isascii():
        return spelled if char == lower else spelled.capitalize()
    if not char.isalnum():
        return " "
    # "HIRAGANA LETTER KA" gives "ka", "CJK UNIFIED IDEOGRAPH-4E2D" gives "u4e2d": ugly, but legal and for ever.
    name = unicodedata.name(char, "")
    letter = re.search(r"LETTER (?:SMALL )?([A-Z]+)$", name)
    return letter.group(1).lower() if letter else f"u{ord(char):x}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]


def _shorten(name: str, source: str, limit: int) -> str:
    """The name within the limit; what is cut off is replaced by a mark of the whole, so that it stays distinct."""
    return name if len(name) <= limit else name[: limit - 6] + _digest(source)


def camel(text: str, fallback: str) -> str:
    """The text as a camelCase name; `fallback` is put before a leading digit and stands in for nothing at all."""
    words = _CAMEL.findall(romanise(_without_apostrophes(text)))
    if not words:
        return settled(f"{fallback}{_digest(text).capitalize()}") if text.strip() else fallback
    name = _joined(words)
    return settled(name if name[0].isalpha() else fallback + name)


def settled(name: str) -> str:
    """The name as camelCase leaves it alone: 1.x refuses `customerIOId` and `utm2source`, and wants `utm2Source`."""
    while (again := _joined(_CAMEL.findall(name))) != name:
        name = again
    return name


def _joined(words: list[str]) -> str:
    return words[0].lower() + "".join(word[:1].upper() + word[1:].lower() for word in words[1:])


def _without_apostrophes(text: str) -> str:
    return text.replace("'", "").replace("’", "")


class TwentyNaming:
    """The `Naming` of this connector (contracts/twenty/FACTS.md section 8)."""

    def field(self, source_name: str, taken: Collection[str]) -> str:
        """A legal, free name: `first_name` → `firstName`, `plan` → `planTrait`, `2fa` → `trait2Fa`."""
        base = camel(source_name, "trait")
        given = taken if isinstance(taken, AbstractSet) else frozenset(taken)
        for suffix in _suffixes("Trait"):
            name = settled(_shorten(base, source_name, COMPOSITE_LIMIT - len(suffix)) + suffix)
            if _is_free(name, given):
                return name
        raise AssertionError("suffixes never end")

    def fields(self, source_names: Collection[str], taken: Collection[str]) -> dict[str, str]:
        """Legal, free names for several new fields of one object, the same in whatever order the fields are found.

        Where several would get one name (`first_name`, `First Name`), the plainest spelling gets it as it is.
        """
        given = set(taken)
        names: dict[str, str] = {}
        for source in sorted(set(source_names), key=_plainness):
            names[source] = self.field(source, given)
            given.add(names[source])
        return names

    def object(self, label: str, label_plural: str, taken: Collection[str]) -> tuple[str, str]:
        """Legal, free names: (`trip`, `trips`), but (`messageRecord`, `messageRecords`) beside Twenty's own message."""
        singular = camel(label, "thing")
        plural = camel(label_plural, "things") if label_plural.strip() else singular + "s"
        unusable = {name.lower() for name in RESERVED | OWN_OBJECTS | set(taken)}
        for one, many in zip(_suffixes("Record"), _suffixes("Records"), strict=False):
            stem = singular if one else plural
            names = (
                settled(_shorten(singular, label, COMPOSITE_LIMIT - len(one)) + one),
                settled(_shorten(stem, label_plural or label, COMPOSITE_LIMIT - len(many)) + many),
            )
            # Twenty compares singular and plural without regard to case; so do we, with everything.
            if names[0].lower() != names[1].lower() and not unusable & {name.lower() for name in names}:
                return names
        raise AssertionError("suffixes never end")

    def option(self, label: str, taken: Collection[str]) -> str:
        """A legal, free option value: `Déjà vu!` → `DEJA_VU`, `24/7` → `OPTION_24_7`."""
        words = _WORD.findall(romanise(_without_apostrophes(label)))
        base = "_".join(words).upper() or f"OPTION_{_digest(label).upper()}"
        base = base if base[0].isalpha() else f"OPTION_{base}"
        for number in itertools.count(1):
            suffix = "" if number == 1 else f"_{number}"
            value = _shorten_option(base, label, NAME_LIMIT - len(suffix)) + suffix
            if value not in taken:
                return value
        raise AssertionError("numbers never end")

    def options(self, labels: Collection[str], taken: Collection[str]) -> dict[str, str]:
        """Legal, free option values for several labels, the same in whatever order they are given."""
        given = set(taken)
        values: dict[str, str] = {}
        for label in sorted(set(labels), key=lambda text: (len(text), text)):
            values[label] = self.option(label, given)
            given.add(values[label])
        return values

    def option_label(self, label: str) -> str:
        """The label without commas, which Twenty refuses, and without line breaks; never empty."""
        clean = " ".join(label.replace(",", ";").replace("\x00", "").split())
        return clean or "(empty)"


def _plainness(source: str) -> tuple[bool, int, str]:
    """Sorts snake_case, as Customer.io writes it, before any other spelling of a name."""
    return not _SNAKE.fullmatch(source), len(source), source


def _is_free(name: str, taken: AbstractSet[str]) -> bool:
    """Whether the name is neither taken nor the column of something that is, nor has such a column itself."""
    if name in RESERVED or name in EVERY_OBJECT_HAS or name in taken:
        return False
    if name in ACTOR_NAMES or (name.endswith("Id") and name[:-2] in RELATIONS):
        return False
    owners = (name[: -len(column)] for column in COLUMNS if name.endswith(column))
    if any(owner in taken or owner in ACTORS for owner in owners):
        return False
    return not any(name + column in taken for column in COLUMNS)


def _suffixes(word: str) -> Iterator[str]:
    yield ""
    yield word
    for number in itertools.count(2):
        yield f"{word}{number}"


def _shorten_option(value: str, source: str, limit: int) -> str:
    if len(value) <= limit:
        return value
    return value[: limit - 7].rstrip("_") + "_" + _digest(source).upper()
