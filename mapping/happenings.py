"""What discovery gathers about happenings: names with counts, properties, telling values and a few examples.

Everything is bounded: a workspace with a million different event names costs no more than one with three hundred.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mapping.exact import storable
from mapping.lexicon import squeezed
from mapping.overlap import Sketch

NAMES = 300
"""Names followed; what comes up under further names is counted together."""

PROPERTIES = 80
VALUES = 12
EXAMPLES = 3
EXAMPLE_LENGTH = 400
PEOPLE = 64
"""People followed per name, to tell what happens to somebody now and then from what happens all day."""

DISCRIMINATORS = frozenset(
    "type engagementtype activitytype hsactivitytype tasksubtype objecttype kind eventtype category subtype".split()
)
"""Properties by which a generic event tells its kind, as `squeezed` names."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of happenings as it was seen. `values`: discriminating property → value → count."""

    source: str
    name: str
    count: int
    properties: Mapping[str, int]
    values: Mapping[str, Mapping[str, int]]
    examples: tuple[str, ...] = ()
    per_person: float = 0.0


def leaves(data: Any, prefix: str = "", depth: int = 2) -> Iterator[tuple[str, Any]]:
    """The properties with their paths; objects are opened twice, lists are values."""
    if not isinstance(data, Mapping):
        return
    for name, value in data.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping) and depth > 0 and value:
            yield from leaves(value, f"{path}.", depth - 1)
        else:
            yield path, value


def at_path(data: Any, path: str) -> Any:
    """The value at a path that `leaves` gave; None where there is none."""
    if not isinstance(data, Mapping):
        return None
    if path in data:
        return data[path]
    head, _, rest = path.partition(".")
    while rest:
        if head in data and (found := at_path(data[head], rest)) is not None:
            return found
        more, _, rest = rest.partition(".")
        head = f"{head}.{more}"
    return None


class _Seen:
    """One name's running counts."""

    def __init__(self) -> None:
        self.count = 0
        self.properties: Counter[str] = Counter()
        self.values: dict[str, Counter[str]] = {}
        self.examples: list[str] = []
        self.people = Sketch(PEOPLE)

    def add(self, data: Any, person: str) -> None:
        self.count += 1
        if person:
            self.people.add(person)
        for path, value in leaves(data):
            if value in (None, "", [], {}):
                continue
            if path in self.properties or len(self.properties) < PROPERTIES:
                self.properties[path] += 1
                self._discriminate(path, value)
        if len(self.examples) < EXAMPLES:
            text = json.dumps(data, ensure_ascii=False, default=str)[:EXAMPLE_LENGTH]
            text = text if storable(text) else ascii(text)
            if text not in self.examples:
                self.examples.append(text)

    def _discriminate(self, path: str, value: Any) -> None:
        if squeezed(path.rpartition(".")[2]) in DISCRIMINATORS and isinstance(value, str) and len(value) <= 60:
            counted = self.values.setdefault(path, Counter())
            if value in counted or len(counted) < VALUES:
                counted[value] += 1

    def to_json(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "properties": dict(self.properties),
            "values": {path: dict(counted) for path, counted in self.values.items()},
            "examples": self.examples,
            "people": self.people.to_json(),
        }

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> _Seen:
        made = cls()
        made.count, made.examples = state["count"], list(state["examples"])
        made.properties = Counter(state["properties"])
        made.values = {path: Counter(counted) for path, counted in state["values"].items()}
        made.people = Sketch.from_json(state["people"])
        return made


class Happenings:
    """All streams of one object type of the source; JSON between pages."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}
        self.beyond = 0
        """Happenings whose name came up after the three hundredth."""

    def add(self, name: str, data: Any, person: str = "") -> None:
        """Takes one happening into account."""
        if name not in self._seen and len(self._seen) >= NAMES:
            self.beyond += 1
            return
        self._seen.setdefault(name, _Seen()).add(data, person)

    def streams(self, source: str) -> list[Stream]:
        """What was seen, the most frequent first."""
        found = [
            Stream(
                source,
                name,
                seen.count,
                dict(seen.properties),
                {path: dict(counted) for path, counted in seen.values.items()},
                tuple(seen.examples),
                sum(seen.people.counts.values()) / len(seen.people.counts) if seen.people.counts else 0.0,
            )
            for name, seen in self._seen.items()
        ]
        return sorted(found, key=lambda stream: (-stream.count, stream.name))

    def to_json(self) -> dict[str, Any]:
        """The state as JSON."""
        return {"names": {name: seen.to_json() for name, seen in self._seen.items()}, "beyond": self.beyond}

    @classmethod
    def from_json(cls, state: Mapping[str, Any] | None) -> Happenings:
        """What `to_json` wrote down; nothing yet where there is nothing."""
        made = cls()
        if state:
            made._seen = {name: _Seen.from_json(row) for name, row in state["names"].items()}
            made.beyond = state["beyond"]
        return made
