"""The weighing of evidence: a small logit model whose weights are data, fitted by bench/fit_weights.py.

Each candidate of a field has a utility, the weighted sum of its features; to have no native home has utility 0.
Probabilities are the soft maximum over the candidates and “none”.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache

from mapping.proposing.concepts import DATA

FEATURES = (
    "bias",
    "named",
    "named surely",
    "homeless",
    "against",
    "meaning",
    "named and suits",
    "veto",
    "giveaway",
    "cryptic giveaway",
    "unseen",
)
"""What is known about a candidate; in this order in every vector."""


@cache
def weights() -> Mapping[str, float]:
    """The weight of each feature."""
    found: dict[str, float] = json.loads((DATA / "weights.json").read_text(encoding="utf-8"))["weights"]
    return found


@cache
def auto_accept() -> float:
    """The confidence from which on 98 % of the proposals were right on the training half."""
    return float(json.loads((DATA / "weights.json").read_text(encoding="utf-8"))["auto_accept"])


def utility(features: Mapping[str, float]) -> float:
    """How much speaks for a candidate, against 0 for having no home."""
    table = weights()
    return sum(table[name] * value for name, value in features.items())


def probabilities(utilities: Sequence[float]) -> tuple[list[float], float]:
    """The probability of each candidate and, last, that of none."""
    top = max([0.0, *utilities])
    odds = [math.exp(value - top) for value in utilities]
    none = math.exp(-top)
    total = sum(odds) + none
    return [value / total for value in odds], none / total
