"""Fits the weights of the proposer's model on the training half, and the confidence for accepting unseen.

    .venv/bin/python bench/fit_weights.py [--write]

A conditional logit with L2 towards a guess, by plain gradient ascent. Several answers may be right for a
field: what is raised is the logarithm of their summed probability. Each workspace is also left out once, and what the
others teach is tried on it; without `--write` only those figures are printed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from bench.field_map import PRECISION, sources, workspaces
from connectors.twenty.catalogue import stock
from mapping.fixed import NEW_OBJECT
from mapping.proposer import role_for
from mapping.proposing import model
from mapping.proposing.candidates import SURELY, weigh
from mapping.proposing.choosing import overlaps
from mapping.proposing.names import read

FILE = model.DATA / "weights.json"
STEPS, RATE = 600, 0.1
PULL = 0.5
"""How hard each weight is held to where it starts, per field."""

PRIOR = {
    "bias": -4.0,
    "named": 4.0,
    "named surely": 1.5,
    "homeless": -4.0,
    "against": -3.0,
    "meaning": 3.0,
    "named and suits": 2.0,
    "veto": -5.0,
    "giveaway": 2.0,
    "cryptic giveaway": 3.0,
    "unseen": 0.0,
}
"""Where the weights start from and are pulled to: what a careful person would guess without any data."""

NO_HOPE = -2.0
"""The bias is at most this: most names that nobody foresaw have no home, which the labelled ones do not show."""

NOT_NEGATIVE = frozenset({"named", "named surely", "meaning", "named and suits", "giveaway", "cryptic giveaway"})
NOT_POSITIVE = frozenset({"homeless", "against", "veto"})

Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Case:
    """One field: features (candidates + none × features), and which of the rows are right."""

    features: Array
    right: Array


def cases(workspace: dict[str, Any], *, unseen: bool = False) -> list[Case]:
    """The labelled fields of a workspace; what another field holds by its label is not offered.

    `unseen`: every name is read as if the lexicon did not have it, since customers have names that we have not.
    """
    made: list[Case] = []
    taken: set[str] = set()
    for row, source in zip(workspace["object_types"], sources(workspace), strict=True):
        role = role_for(source, taken)
        taken.add(role.destination)
        target = stock().object(role.destination) if role.destination else None
        labels = [field["expected"] for field in row["fields"]]
        label = source.label or source.name
        unknown = frozenset(name for field in source.fields for name in known_as(field.name, role.key, label) if unseen)
        weighed = weigh(source.fields, role.key, label, target or NEW_OBJECT, unknown=unknown)
        for place, (item, field) in enumerate(zip(weighed, row["fields"], strict=True)):
            right = {field["expected"], *field.get("also", [])}
            others = {label for other, label in enumerate(labels) if other != place and label} - right
            offered = [c for c in item.candidates if not overlaps(c.destination, others)]
            table = np.zeros((len(offered) + 1, len(model.FEATURES)))
            for line, candidate in enumerate(offered):
                table[line] = [candidate.features.get(name, 0.0) for name in model.FEATURES]
            wanted = np.array([*(c.destination in right for c in offered), None in right], dtype=np.float64)
            if wanted.any():
                made.append(Case(table, wanted))
    return made


def known_as(name: str, role: str, label: str) -> set[str]:
    """The squeezed names of the lexicon by which a field was recognised for sure."""
    matches = read(name, role, label).matches.values()
    return {"".join(match.alias.parts) for match in matches if match.score > SURELY}


def fit(all_cases: Sequence[Case], start: Array) -> Array:
    """The weights of greatest likelihood; signs that are known beforehand are kept (Adam, full batch)."""
    weights, mean, square = start.copy(), np.zeros_like(start), np.zeros_like(start)
    low = np.array([0.0 if name in NOT_NEGATIVE else -np.inf for name in model.FEATURES])
    high = np.array([0.0 if name in NOT_POSITIVE else np.inf for name in model.FEATURES])
    high[model.FEATURES.index("bias")] = NO_HOPE
    for step in range(1, STEPS + 1):
        slope = -PULL * (weights - start)
        for case in all_cases:
            utilities = case.features @ weights
            odds = np.exp(utilities - utilities.max())
            chances = odds / odds.sum()
            wanted = chances * case.right
            slope += (wanted / wanted.sum() - chances) @ case.features
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * slope**2
        weights += RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        weights = np.clip(weights, low, high)
    return weights


def right_share(all_cases: Sequence[Case], weights: Array) -> float:
    """How often the likeliest answer is right, each field by itself."""
    return float(np.mean([case.right[int(np.argmax(case.features @ weights))] for case in all_cases]))


def main() -> None:
    """Fits, tries, and writes where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="Write mapping/data/weights.json.")
    parser.add_argument("--left-out", action="store_true", help="Try each workspace on what the others teach.")
    options = parser.parse_args()
    train = workspaces("train")
    by_workspace = [cases(workspace) + cases(workspace, unseen=True) for workspace in train]
    everything = [case for found in by_workspace for case in found]
    start = np.array([PRIOR[name] for name in model.FEATURES])
    if options.left_out:
        tried = [
            right_share(found, fit([c for other in by_workspace if other is not found for c in other], start))
            for found in by_workspace
        ]
        print(f"left out: {np.average(tried, weights=[len(found) for found in by_workspace]):.3f}")
    weights = fit(everything, start)
    unseen = [case for workspace in train for case in cases(workspace, unseen=True)]
    print(f"names unseen: before {right_share(unseen, start):.3f}, after {right_share(unseen, weights):.3f}")
    print(f"{len(everything)} fields, right before {right_share(everything, start):.3f}, after", end=" ")
    print(f"{right_share(everything, weights):.3f}")
    print({name: round(float(value), 3) for name, value in zip(model.FEATURES, weights, strict=True)})
    if options.write:
        write(weights, unseen)


def write(weights: Array, all_cases: Sequence[Case]) -> None:
    """Writes the weights, and the confidence from which on 98 % of the names that nobody foresaw were right."""
    rounded = {name: round(float(value), 3) for name, value in zip(model.FEATURES, weights, strict=True)}
    sure = sorted((chosen(case, weights) for case in all_cases), reverse=True)
    limit, right = 1.0, 0
    for number, (confidence, is_right) in enumerate(sure, 1):
        right += is_right
        if right / number >= PRECISION:
            limit = confidence
    made = {"weights": rounded, "auto_accept": round(limit, 3)}
    FILE.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")


def chosen(case: Case, weights: Array) -> tuple[float, bool]:
    """The probability of the likeliest answer, and whether it is right."""
    utilities = case.features @ weights
    odds = np.exp(utilities - utilities.max())
    best = int(np.argmax(odds))
    return float(odds[best] / odds.sum()), bool(case.right[best])


if __name__ == "__main__":
    main()
