"""The running statistics of one field: exact while the field is small, bounded when it is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from mapping.exact import raw_text, storable
from mapping.kinds import NUMBERS, TIMES, Kind, kind_of

VALUES = 100
"""Different values that are kept with their counts (what a select field could be made of)."""

VALUE_LENGTH = 120
DISTINCT = 1_000
SAMPLES = 8
EXAMPLES = {Kind.PHONE: 40}
"""Values kept per kind; telephone numbers get more, since only the transform can tell a valid one."""

FEW_EXAMPLES = 5
SHOWN_LENGTH = 200


def hash64(text: str) -> int:
    """A hash that is the same in every process, unlike Python's own."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


_hash = lru_cache(maxsize=1 << 15)(hash64)


class FieldStatistics:
    """Counts of one field, exact while it is small and bounded when it is not.

    First every value is counted by itself; with more than a hundred different or long values only their hashes
    are kept, and above a thousand not even those.
    """

    __slots__ = (
        "bit",
        "earliest",
        "examples",
        "filled",
        "first_key",
        "first_of_kind",
        "hashes",
        "highest",
        "kinds",
        "latest",
        "longest",
        "longest_key",
        "longest_length",
        "lowest",
        "name",
        "samples",
        "saturated",
        "unusual",
        "values",
    )

    def __init__(self, name: str, bit: int = 1) -> None:
        self.name = name
        self.bit = bit
        self.filled = 0
        self.values: dict[str, int] = {}
        self.hashes: set[int] | None = None
        self.saturated = False
        self.kinds: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = {}
        self.samples: list[str] = []
        self.first_key = ""
        self.first_of_kind: dict[str, str] = {}
        self.unusual: dict[str, str] = {}
        self.longest = ""
        self.longest_length = 0
        self.longest_key = ""
        self.lowest: float | None = None
        self.highest: float | None = None
        self.earliest = ""
        self.latest = ""

    def add(self, key: str, text: str) -> None:
        """Counts a value that is not empty and not among `values`."""
        if not storable(text):
            text = raw_text(text)  # no database takes it as it is, not even inside JSON
        kind = kind_of(text)
        if self.hashes is None and not self.saturated:
            if len(self.values) < VALUES and len(text) <= VALUE_LENGTH:
                self.values[text] = self.values.get(text, 0) + 1
            else:
                self._forget_values()
                self._count(text, kind)
        else:
            self._count(text, kind)
        examples = self.examples.get(kind)
        few = EXAMPLES.get(kind, FEW_EXAMPLES)
        if examples is None or len(examples) < few or len(self.samples) < SAMPLES:
            self._show(key, kind, text[:SHOWN_LENGTH])
        if len(text) > self.longest_length:
            self.longest, self.longest_length, self.longest_key = text[:SHOWN_LENGTH], len(text), key
        if not text.isascii():
            self.unusual.setdefault("non-ASCII", key)
        if "\n" in text:
            self.unusual.setdefault("multi-line", key)
        if kind in NUMBERS:
            self._widen_numbers(float(text))
        elif kind in TIMES:
            self._widen_times(text)

    def _show(self, key: str, kind: Kind, shown: str) -> None:
        examples = self.examples.setdefault(kind, [])
        if not examples:
            self.first_of_kind.setdefault(kind, key)
            self.first_key = self.first_key or key
        if len(examples) < EXAMPLES.get(kind, FEW_EXAMPLES) and shown not in examples:
            examples.append(shown)
        if len(self.samples) < SAMPLES and shown not in self.samples:
            self.samples.append(shown)

    def _count(self, text: str, kind: Kind) -> None:
        self.filled += 1
        self.kinds[kind] += 1
        hashes = self.hashes
        if hashes is not None:
            hashes.add(_hash(text))
            if len(hashes) > DISTINCT:
                self._saturate()

    def _saturate(self) -> None:
        if self.hashes is not None and len(self.hashes) > DISTINCT:
            self.hashes = None
            self.saturated = True

    def _forget_values(self) -> None:
        for text, count in self.values.items():
            self.kinds[kind_of(text)] += count
            self.filled += count
        if not self.saturated:
            self.hashes = (self.hashes or set()) | {_hash(text) for text in self.values}
            self._saturate()
        self.values = {}

    def _widen_numbers(self, number: float) -> None:
        if self.lowest is None or number < self.lowest:
            self.lowest = number
        if self.highest is None or number > self.highest:
            self.highest = number

    def _widen_times(self, text: str) -> None:
        if not self.earliest or text < self.earliest:
            self.earliest = text
        if text > self.latest:
            self.latest = text

    def count(self) -> int:
        """How many records have a value."""
        return self.filled + sum(self.values.values())

    def distinct(self) -> int:
        """How many different values there are, up to a thousand."""
        return DISTINCT if self.saturated else len(self.hashes) if self.hashes is not None else len(self.values)

    def distinct_is_exact(self) -> bool:
        """Whether `distinct` is the whole number."""
        return not self.saturated

    def kind_counts(self) -> dict[str, int]:
        """How many values look like what, most frequent first."""
        kinds = Counter(self.kinds)
        for text, count in self.values.items():
            kinds[kind_of(text)] += count
        return {str(kind): count for kind, count in kinds.most_common()}

    def value_counts(self) -> tuple[tuple[str, int], ...]:
        """All values with their counts, most frequent first; empty when there are too many."""
        return tuple(sorted(self.values.items(), key=lambda item: (-item[1], item[0])))

    def range(self) -> tuple[str, str]:
        """Least and greatest number, or else first and last time, as text; empty where there is neither."""
        if self.lowest is not None and self.highest is not None:
            return f"{self.lowest:.15g}", f"{self.highest:.15g}"
        return self.earliest, self.latest

    def merge(self, other: FieldStatistics) -> None:
        """Takes in the statistics of the same field over other records."""
        self._merge_values(other)
        for kind, key in other.first_of_kind.items():
            self.first_of_kind.setdefault(kind, key)
        self.first_key = self.first_key or other.first_key
        for feature, key in other.unusual.items():
            self.unusual.setdefault(feature, key)
        for kind, texts in other.examples.items():
            ours = self.examples.setdefault(kind, [])
            ours += [text for text in texts if text not in ours]
            del ours[EXAMPLES.get(Kind(kind), FEW_EXAMPLES) :]
        self.samples = list(dict.fromkeys([*self.samples, *other.samples]))[:SAMPLES]
        if other.longest_length > self.longest_length:
            self.longest, self.longest_length, self.longest_key = (
                other.longest,
                other.longest_length,
                other.longest_key,
            )
        if other.lowest is not None and other.highest is not None:
            self._widen_numbers(other.lowest)
            self._widen_numbers(other.highest)
        if other.earliest:
            self._widen_times(other.earliest)
            self._widen_times(other.latest)

    def _merge_values(self, other: FieldStatistics) -> None:
        for text, count in other.values.items():
            self.values[text] = self.values.get(text, 0) + count
        self.filled += other.filled
        self.kinds.update(other.kinds)
        if other.saturated or self.saturated:
            self.hashes, self.saturated = None, True
        elif other.hashes is not None:
            self.hashes = (self.hashes or set()) | other.hashes
        if self.saturated or self.hashes is not None or len(self.values) > VALUES:
            self._forget_values()

    def to_json(self) -> dict[str, Any]:
        """The state as JSON; hashes as hexadecimal text, since JSON numbers would round them."""
        state: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__ if name != "bit"}
        state["hashes"] = None if self.hashes is None else [format(hashed, "x") for hashed in sorted(self.hashes)]
        state["kinds"] = dict(self.kinds)
        return state

    @classmethod
    def from_json(cls, state: Mapping[str, Any], bit: int) -> FieldStatistics:
        """The statistics that `to_json` wrote down."""
        made = cls(state["name"], bit)
        for name in cls.__slots__:
            if name != "bit":
                setattr(made, name, state[name])
        made.hashes = None if state["hashes"] is None else {int(hashed, 16) for hashed in state["hashes"]}
        made.kinds = Counter(state["kinds"])
        return made
