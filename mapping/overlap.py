"""Whether the values of one field are the ids of another object type, found in bounded memory.

A bottom-k sketch keeps the k smallest hashes of a set, each with the number of times it came up. Below the
smaller of two thresholds both sketches are complete, so what they share there is an unbiased sample of what
the sets share, whatever their sizes and the order of reading.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mapping.statistics import hash64

IDS = 2_048
"""Hashes kept of the ids of one object type."""

VALUES = 256
"""Hashes kept of the values of one field."""

FIELDS = 60
"""Fields of one object type whose values are followed."""

LONGEST = 120
"""Longer values are no ids."""

FEWEST = 3
"""Different values that have to be comparable before anything is said."""


class Sketch:
    """The k smallest hashes of what was added; JSON between pages."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.counts: dict[int, int] = {}
        self._heap: list[int] = []

    def add(self, text: str) -> None:
        """Takes one value into account."""
        hashed = hash64(text)
        if hashed in self.counts:
            self.counts[hashed] += 1
        elif len(self._heap) < self.size:
            self.counts[hashed] = 1
            heapq.heappush(self._heap, -hashed)
        elif hashed < -self._heap[0]:
            del self.counts[-heapq.heapreplace(self._heap, -hashed)]
            self.counts[hashed] = 1

    @property
    def complete_to(self) -> int:
        """The hash up to which nothing is missing."""
        return -self._heap[0] if len(self._heap) == self.size else 1 << 64

    @property
    def repeats(self) -> bool:
        """Whether a value came up more than once, as far as is known: values that were let go are not."""
        return any(count > 1 for count in self.counts.values())

    def to_json(self) -> dict[str, Any]:
        """The state, hashes as hexadecimal text: JSON numbers would round them."""
        return {"size": self.size, "counts": {format(hashed, "x"): count for hashed, count in self.counts.items()}}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Sketch:
        """The sketch that `to_json` wrote down."""
        made = cls(state["size"])
        made.counts = {int(hashed, 16): count for hashed, count in state["counts"].items()}
        made._heap = [-hashed for hashed in made.counts]
        heapq.heapify(made._heap)
        return made


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many of the comparable different values are ids of the other side."""

    hits: int
    compared: int

    @property
    def share(self) -> float:
        """Between 0 and 1; 0 where too few could be compared."""
        return self.hits / self.compared if self.compared >= FEWEST else 0.0


def overlap(values: Sketch, ids: Sketch) -> Overlap:
    """How far the values are contained in the ids."""
    limit = min(values.complete_to, ids.complete_to)
    compared = [hashed for hashed in values.counts if hashed <= limit]
    return Overlap(sum(1 for hashed in compared if hashed in ids.counts), len(compared))


class Pointers:
    """The sketches of one object type: of its ids, under each name they go by, and of its fields' values."""

    def __init__(self, ids: dict[str, Sketch] | None = None, values: dict[str, Sketch] | None = None) -> None:
        self.ids = ids or {}
        self.values = values or {}

    def add(self, fields: Mapping[str, Any], id_fields: tuple[str, ...]) -> None:
        """Takes one record into account."""
        for name, value in fields.items():
            text = value.strip() if isinstance(value, str) else str(value) if isinstance(value, int) else ""
            if not text or len(text) > LONGEST or any(char.isspace() for char in text):
                continue
            if name in id_fields:
                self.ids.setdefault(name, Sketch(IDS)).add(text)
            elif name in self.values or len(self.values) < FIELDS:
                self.values.setdefault(name, Sketch(VALUES)).add(text)

    def to_json(self) -> dict[str, Any]:
        """The state as JSON."""
        return {
            "ids": {name: sketch.to_json() for name, sketch in self.ids.items()},
            "values": {name: sketch.to_json() for name, sketch in self.values.items()},
        }

    @classmethod
    def from_json(cls, state: Mapping[str, Any] | None) -> Pointers:
        """What `to_json` wrote down; nothing yet where there is nothing."""
        if not state:
            return cls()
        read = {part: {name: Sketch.from_json(row) for name, row in state[part].items()} for part in ("ids", "values")}
        return cls(read["ids"], read["values"])
