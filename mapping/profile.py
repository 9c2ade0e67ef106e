"""Field statistics and the sandbox cover, in one pass, bounded memory and plain JSON between pages.

The random part of the sample is a bottom-k sketch: the keys with the smallest seeded hashes. It does not
depend on the order of reading, and two sketches merge into the sketch of both.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mapping.exact import as_text, is_empty
from mapping.statistics import FieldStatistics, hash64

FIELDS = 1_500
"""More fields than a table has columns; attribute names beyond are counted, not followed."""

PATTERNS = 200
RESERVOIR = 1_000
MATCHES = 4_000
"""Match values remembered to find duplicates; above, every second, fourth … hash is remembered."""


@dataclass(frozen=True, slots=True)
class FieldProfile:
    """What is known about one field after reading: counts, samples and the look of its values.

    `values` are all values with their counts, most frequent first; it is empty when there are too many.
    `examples` are a few values of each kind. `longest` and `samples` are cut where they are very long.
    """

    name: str
    filled: int
    total: int
    distinct: int
    distinct_is_exact: bool
    samples: tuple[str, ...]
    longest: str
    kinds: Mapping[str, int]
    values: tuple[tuple[str, int], ...] = ()
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    longest_length: int = 0
    longest_key: str = ""
    minimum: str = ""
    maximum: str = ""

    @property
    def distinct_label(self) -> str:
        """The number of different values as shown: exact, or `1000+`."""
        return str(self.distinct) if self.distinct_is_exact else f"{self.distinct}+"

    @classmethod
    def of_values(cls, name: str, values: Iterable[Any]) -> FieldProfile:
        """A profile from a handful of values, where nothing else is known of a field."""
        statistics = FieldStatistics(name)
        total = 0
        for value in values:
            total += 1
            if not is_empty(value):
                statistics.add(str(total), as_text(value))
        return _field_profile(statistics, total)


def _field_profile(statistics: FieldStatistics, total: int) -> FieldProfile:
    minimum, maximum = statistics.range()
    return FieldProfile(
        name=statistics.name,
        filled=statistics.count(),
        total=total,
        distinct=statistics.distinct(),
        distinct_is_exact=statistics.distinct_is_exact(),
        samples=tuple(statistics.samples),
        longest=statistics.longest,
        kinds=statistics.kind_counts(),
        values=statistics.value_counts(),
        examples={kind: tuple(values) for kind, values in statistics.examples.items()},
        longest_length=statistics.longest_length,
        longest_key=statistics.longest_key,
        minimum=minimum,
        maximum=maximum,
    )


class ObjectProfile:
    """Everything learnt about one object type of the source so far."""

    def __init__(self, match_fields: Collection[str] = (), seed: str = "") -> None:
        self.match_fields = tuple(match_fields)
        self.seed = seed
        self.total = 0
        self.ignored_fields = 0
        self.fields: dict[str, FieldStatistics] = {}
        self._by_bit: list[FieldStatistics] = []
        self._patterns: dict[int, str] = {}
        self._first: dict[str, str] = {}
        self._reservoir: list[tuple[int, str]] = []
        self._matches: dict[int, str] = {}
        self._match_mask = 0

    @classmethod
    def start(cls, match_fields: Collection[str] = (), *, seed: str = "") -> ObjectProfile:
        """An empty profile; `match_fields` are the source fields whose duplicates and gaps matter."""
        return cls(match_fields, seed)

    def add(self, key: str, fields: Mapping[str, Any]) -> None:
        """Takes one record into account."""
        self.total += 1
        known = self.fields
        pattern = 0
        for name, value in fields.items():
            statistics = known.get(name) or self._field(name)
            if statistics is None or value is None:
                continue
            text = value if value.__class__ is str else as_text(value)
            seen = statistics.values.get(text)
            if seen is not None:
                statistics.values[text] = seen + 1
            elif not text or text.isspace():
                continue
            else:
                statistics.add(key, text)
            pattern |= statistics.bit
        if pattern not in self._patterns and len(self._patterns) < PATTERNS:
            self._patterns[pattern] = key
        self._draw(key)
        for name in self.match_fields:
            self._match(key, name, fields.get(name))

    def _field(self, name: str) -> FieldStatistics | None:
        if len(self.fields) >= FIELDS:
            self.ignored_fields += 1
            return None
        made = self.fields[name] = FieldStatistics(name, 1 << len(self._by_bit))
        self._by_bit.append(made)
        return made

    def _draw(self, key: str) -> None:
        drawn = (-hash64(self.seed + "\n" + key), key)
        if len(self._reservoir) < RESERVOIR:
            heapq.heappush(self._reservoir, drawn)
        elif drawn > self._reservoir[0]:
            heapq.heapreplace(self._reservoir, drawn)

    def _match(self, key: str, name: str, value: Any) -> None:
        if is_empty(value):
            self._first.setdefault(f"missing {name}", key)
        elif f"duplicate {name}" not in self._first:
            self._remember(name, hash64(f"{name}\n{as_text(value).strip().lower()}"), key)

    def _remember(self, name: str, hashed: int, key: str) -> None:
        if hashed & self._match_mask:
            return
        earlier = self._matches.setdefault(hashed, key)
        if earlier != key:
            self._first[f"duplicate {name}"] = key
            self._first[f"duplicated {name}"] = earlier
        while len(self._matches) > MATCHES:
            self._match_mask = self._match_mask << 1 | 1
            self._matches = {h: k for h, k in self._matches.items() if not h & self._match_mask}

    def field_profiles(self) -> tuple[FieldProfile, ...]:
        """What is known about each field, in the order of first sight."""
        return tuple(_field_profile(statistics, self.total) for statistics in self.fields.values())

    def cover(self) -> tuple[str, ...]:
        """The keys of the records that together show every feature seen, the most telling first."""
        fields = self.fields.values()
        keys = [*self._first.values()]
        keys += [statistics.first_key for statistics in fields]
        keys += [statistics.longest_key for statistics in fields]
        keys += [key for statistics in fields for key in statistics.first_of_kind.values()]
        keys += [key for statistics in fields for key in statistics.unusual.values()]
        keys += self._patterns.values()
        return tuple(dict.fromkeys(key for key in keys if key))

    def sample_keys(self, size: int) -> tuple[str, ...]:
        """At most `size` keys for a sandbox: the cover first, then random ones; the same each time."""
        drawn = [key for _, key in sorted(self._reservoir, reverse=True)]
        return tuple(dict.fromkeys([*self.cover(), *drawn]))[:size]

    def merge(self, other: ObjectProfile) -> None:
        """Takes in what another profile of the same object type has learnt from other records."""
        self.total += other.total
        self.ignored_fields += other.ignored_fields
        for name, theirs in other.fields.items():
            ours = self.fields.get(name) or self._field(name)
            if ours is not None:
                ours.merge(theirs)
        for pattern, key in other._patterns.items():
            if len(self._patterns) < PATTERNS:
                self._patterns.setdefault(self._translated(pattern, other), key)
        for feature, key in other._first.items():
            self._first.setdefault(feature, key)
        self._reservoir = heapq.nlargest(RESERVOIR, {*self._reservoir, *other._reservoir})
        heapq.heapify(self._reservoir)
        self._merge_matches(other)

    def _translated(self, pattern: int, other: ObjectProfile) -> int:
        names = (statistics.name for statistics in other._by_bit if pattern & statistics.bit)
        return sum(self.fields[name].bit for name in names if name in self.fields)

    def _merge_matches(self, other: ObjectProfile) -> None:
        # The hash covers the field's name, but does not give it back: with several match fields a duplicate
        # found only across two parts is filed under the first of them, which is enough to sample it.
        self._match_mask |= other._match_mask
        self._matches = {h: k for h, k in self._matches.items() if not h & self._match_mask}
        for hashed, key in other._matches.items():
            if self.match_fields:
                self._remember(self.match_fields[0], hashed, key)

    def to_json(self) -> dict[str, Any]:
        """The whole state as JSON, for the row in which it waits for the next page."""
        return {
            "match_fields": list(self.match_fields),
            "seed": self.seed,
            "total": self.total,
            "ignored_fields": self.ignored_fields,
            "fields": [statistics.to_json() for statistics in self._by_bit],
            "patterns": {format(pattern, "x"): key for pattern, key in self._patterns.items()},
            "first": self._first,
            "reservoir": [[format(-negated, "x"), key] for negated, key in self._reservoir],
            "matches": {format(hashed, "x"): key for hashed, key in self._matches.items()},
            "match_mask": self._match_mask,
        }

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> ObjectProfile:
        """The profile that `to_json` wrote down."""
        made = cls(state["match_fields"], state["seed"])
        made.total = state["total"]
        made.ignored_fields = state["ignored_fields"]
        for number, row in enumerate(state["fields"]):
            statistics = FieldStatistics.from_json(row, 1 << number)
            made.fields[statistics.name] = statistics
            made._by_bit.append(statistics)
        made._patterns = {int(pattern, 16): key for pattern, key in state["patterns"].items()}
        made._first = dict(state["first"])
        made._reservoir = [(-int(hashed, 16), key) for hashed, key in state["reservoir"]]
        heapq.heapify(made._reservoir)
        made._matches = {int(hashed, 16): key for hashed, key in state["matches"].items()}
        made._match_mask = state["match_mask"]
        return made
