"""Compares what was meant with what stands there: cheap where nothing differs, by the type's rule where it does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.catalogue import Field, FieldType

NOT_COMPARED = frozenset({"position"})
"""Sent with a new record, but not mapped from anything."""

KINDS = ("compared", "equal", "by_rule", "different", "missing")

Canonical = Callable[[FieldType, Any], tuple[Any, str]]


@dataclass(frozen=True, slots=True)
class Unequal:
    """One field that does not say what it was meant to say, by no rule."""

    field: str
    rule: str
    expected: Any
    found: Any


COMPOSITES = frozenset(
    {
        FieldType.FULL_NAME,
        FieldType.EMAILS,
        FieldType.PHONES,
        FieldType.LINKS,
        FieldType.ADDRESS,
        FieldType.CURRENCY,
    }
)
"""Values of named parts, in which a part that is missing and one that is empty mean the same."""

SAME_MOMENT = "the same moment"
EMPTY_PARTS = "empty parts"
OTHERWISE = "written otherwise"
"""Rules of our own, by which values are equal that are written in two ways."""

EMPTY: tuple[Any, ...] = (None, "", [])


def plainly_same(type: FieldType, meant: Any, found: Any) -> bool:
    """Whether two values that are not written alike can be seen to mean the same without asking the destination.

    Only ever says yes where the destination's rule would: it saves that rule's cost, and decides nothing by itself.
    """
    if type in COMPOSITES:
        if not isinstance(meant, dict) or not isinstance(found, dict):
            return False
        return {name: part for name, part in meant.items() if part not in EMPTY} == {
            name: part for name, part in found.items() if part not in EMPTY
        }
    if type is FieldType.DATE_TIME and isinstance(meant, str) and isinstance(found, str):
        try:
            one, other = datetime.fromisoformat(meant), datetime.fromisoformat(found)
        except ValueError:
            return False
        return one.tzinfo is not None and other.tzinfo is not None and one == other
    return False


def same_file(meant: Any, found: Any) -> bool:
    """Twenty 1.x answers a file's path with a signed address that ends in the same name (FACTS.md section 10)."""
    return str(meant).rpartition("/")[2] == str(found).partition("?")[0].rpartition("/")[2]


class Comparer:
    """Compares records of one object type field by field, and keeps count.

    `canonical` is the destination's: it is asked only about values that are not the same to the letter.
    """

    def __init__(self, fields: Iterable[Field], canonical: Canonical) -> None:
        self._canonical = canonical
        self._types: dict[str, FieldType | None] = {}
        for field in fields:
            self._types[field.name] = None if field.join_column else field.type
            if field.join_column:
                self._types[field.join_column] = None
        self._compared: Counter[str] = Counter()
        self._by_rule: Counter[str] = Counter()
        self._different: Counter[str] = Counter()
        self._missing: Counter[str] = Counter()
        self._rules: Counter[tuple[str, str]] = Counter()

    def compare(self, meant: Mapping[str, Any], found: Mapping[str, Any]) -> list[Unequal]:
        """Every field of one record; gives those that differ."""
        self._compared.update(meant.keys())
        there = found.get
        # One pass at the speed of C over what is the same to the letter, and that is nearly all.
        odd = [name for name, value in meant.items() if there(name) != value]
        unequal = []
        for name in odd:
            if name in NOT_COMPARED:
                continue
            rule, same = self._by_type(name, meant[name], there(name))
            if same:
                self._by_rule[name] += 1
                self._rules[name, rule or OTHERWISE] += 1
            else:
                self._different[name] += 1
                unequal.append(Unequal(name, rule, meant[name], there(name)))
        return unequal

    def miss(self, meant: Mapping[str, Any]) -> None:
        """Counts a record that is not there."""
        self._missing.update(meant.keys())

    def _by_type(self, name: str, meant: Any, found: Any) -> tuple[str, bool]:
        type = self._types.get(name)
        if type is None:
            return "", False
        if name == "fullPath" and same_file(meant, found):
            return "signed address", True
        if plainly_same(type, meant, found):
            return SAME_MOMENT if type is FieldType.DATE_TIME else EMPTY_PARTS, True
        expected, rule = self._canonical(type, meant)
        actual, other = self._canonical(type, found)
        return rule or other, expected == actual

    def rules(self) -> dict[tuple[str, str], int]:
        """Field and rule → how many values are equal by that rule."""
        return dict(self._rules)

    def counts(self) -> dict[str, dict[str, int]]:
        """Field → how many values were compared, equal, equal by rule, different, missing with their record."""
        table = {}
        for name in sorted(self._compared.keys() | self._missing.keys()):
            if name not in NOT_COMPARED:
                compared, by_rule, different = self._compared[name], self._by_rule[name], self._different[name]
                table[name] = dict(
                    zip(
                        KINDS,
                        (compared, compared - by_rule - different, by_rule, different, self._missing[name]),
                        strict=True,
                    )
                )
        return table
