"""What the values of a field look like, whatever its name says: as shares of addresses, names, times, numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mapping.kinds import kind_of
from mapping.profile import FieldProfile
from mapping.proposing.looks import looks

VIEWED = 40
"""Values of a field that are looked at; the most frequent ones where there are more."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The shares of a field's values by look (0 to 1), and whether there were values at all."""

    shares: Mapping[str, float]
    filled: int
    distinct: int

    def share(self, look: str) -> float:
        """How many of the values look like that."""
        return self.shares.get(look, 0.0)


def evidence(profile: FieldProfile) -> Evidence:
    """The looks of a field's values; every kind of value weighs as much as it is frequent."""
    weights = _viewed(profile)
    total = sum(weights.values())
    shares: dict[str, float] = {}
    for text, weight in weights.items():
        for look in looks(text):
            shares[look] = shares.get(look, 0.0) + weight / total
    rounded = {look: round(share, 6) for look, share in shares.items()}
    return Evidence(rounded, profile.filled, profile.distinct)


def _viewed(profile: FieldProfile) -> dict[str, float]:
    if profile.values:
        return {text: float(count) for text, count in profile.values[:VIEWED]}
    by_kind: dict[str, list[str]] = {kind: list(texts) for kind, texts in profile.examples.items()}
    for text in profile.samples:
        texts = by_kind.setdefault(kind_of(text), [])
        if text not in texts:
            texts.append(text)
    weights: dict[str, float] = {}
    for kind, texts in by_kind.items():
        for text in texts[:VIEWED]:
            weights[text] = weights.get(text, 0.0) + profile.kinds.get(kind, 0) / len(texts[:VIEWED])
    return {text: weight for text, weight in weights.items() if weight}
