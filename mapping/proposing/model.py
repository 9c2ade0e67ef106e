"""The weighing of evidence: a small logit model whose weights are data, fitted by bench/fit_weights.py.

Each candidate of a field has a utility, the weighted sum of its features; to have no native home has utility 0.
Probabilities are the soft maximum over the candidates and “none”.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

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
    "fills a gap",
    "unseen",
)
"""What is known about a candidate; in this order in every vector."""

HOWS = ("exactly", "without owner", "short", "in any order", "spelt like", "partly")
"""The ways of mapping/proposing/names.py in which a name means a thing, in the order of their numbers."""

SIGNS = (
    "odds",
    "clear neighbours",
    "kind in doubt",
    "few homes",
    "seen",
    "home",
    "lead",
    *(f"named {how}" for how in HOWS),
    "not named",
    "named",
    "left over",
    "fit",
    "misfit",
    "wanted",
    "second",
    "numbered",
    "grouped",
    "spoken against",
    "homeless beside",
    "nearest in meaning",
    "own field",
    "none",
    "none, best",
    "none, homeless",
    "none, surely homeless",
    "none, against",
    "none, cryptic",
    "none, blocked",
    "none, unknown",
    "none, best named",
    "none, best fits",
    "none, giveaway",
    "among its parts",
    "varied",
    "none, leaves a gap",
    "none, fills a gap",
    "none, looks so",
    "none, nearer",
    "none, near",
    "none, varied",
)
"""What is known about a settled decision (mapping/proposing/choosing.py) that tells right ones from wrong ones.

Beside these there is one sign for each home (`at …`) and for each that was turned down (`not at …`).
"""


@cache
def _fitted() -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads((DATA / "weights.json").read_text(encoding="utf-8"))
    return found


def weights() -> Mapping[str, float]:
    """The weight of each feature of a candidate."""
    found: Mapping[str, float] = _fitted()["weights"]
    return found


def company_weights() -> Mapping[str, float]:
    """The weight of each feature of an object type that may be a company (mapping/proposing/objects.py)."""
    found: Mapping[str, float] = _fitted()["company"]
    return found


def auto_accept() -> float:
    """The confidence from which on 98 % of the proposals were right on workspaces left out of the fitting."""
    return float(_fitted()["auto_accept"])


def calibrated(signs: Mapping[str, float], table: Mapping[str, float] | None = None) -> float:
    """How often decisions with such signs were right on workspaces left out of the fitting (0 to 1).

    A home that no labelled workspace has, such as a field of the customer's own, is no sign of anything.
    """
    table = _fitted()["calibration"] if table is None else table
    return 1 / (1 + math.exp(-math.fsum(table.get(name, 0.0) * value for name, value in signs.items())))


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
