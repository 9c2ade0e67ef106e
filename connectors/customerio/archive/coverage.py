"""What an archive covers: from when to when, how many events a month, under which names, and what was wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from connectors.contract import Page

NAMES = 1000
"""Names counted one by one; what comes after them is counted together, so that memory stays bounded."""

LISTED = 100
"""Problems kept in words; all of them are counted."""

OTHER = "(other names)"


@dataclass
class Coverage:
    """Counts that grow page by page; as small for a billion rows as for ten. Times are Unix seconds."""

    events: int = 0
    first: float | None = None
    last: float | None = None
    months: Counter[str] = field(default_factory=Counter)
    """`2024-07` → events."""
    names: Counter[str] = field(default_factory=Counter)
    without_person: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    """Rows of other kinds, by kind."""
    unreadable: int = 0
    problems: dict[str, str] = field(default_factory=dict)
    """`file:line` → what is wrong with it, for the first hundred."""

    def add(self, page: Page) -> None:
        """Counts a page."""
        for record in page.records:
            at, name = record.fields["timestamp"], record.fields["name"]
            self.events += 1
            self.first = at if self.first is None else min(self.first, at)
            self.last = at if self.last is None else max(self.last, at)
            self.months[datetime.fromtimestamp(at, UTC).strftime("%Y-%m")] += 1
            self.names[name if name in self.names or len(self.names) < NAMES else OTHER] += 1
            self.without_person += not any(record.fields[who] for who in ("cio_id", "customer_id", "email"))
        self.left_out.update(page.left_out)
        self.unreadable += len(page.missing)
        for key in page.missing[: max(0, LISTED - len(self.problems))]:
            self.problems[key] = page.reasons.get(key, "")

    def to_json(self) -> dict[str, Any]:
        """For the caller to keep."""
        return {name: dict(told) if isinstance(told, dict) else told for name, told in vars(self).items()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """As it was kept."""
        counters = {name: Counter(kept.get(name, {})) for name in ("months", "names", "left_out")}
        return cls(**{**kept, **counters})
