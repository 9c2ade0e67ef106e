"""Fits the weights of the proposer's model on the training half, and the confidence for accepting unseen.

    .venv/bin/python bench/fit_weights.py [--write]

A conditional logit with L2 towards a guess, by plain gradient ascent. Several answers may be right for a
field: what is raised is the logarithm of their summed probability. The workspaces are also left out, a fold at a time,
and what the others teach is tried on them; without `--write` only those figures are printed.

The confidence is a second stage, fitted on the same folds (bench/calibration.py).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from bench.calibration import SURE, Array, by_fold, known_as, left_out, try_calibration
from bench.field_map import sources, workspaces
from connectors.twenty.catalogue import stock
from mapping.fixed import NEW_OBJECT
from mapping.proposer import roles
from mapping.proposing import model
from mapping.proposing.candidates import weigh
from mapping.proposing.choosing import overlaps
from mapping.proposing.objects import FEATURES as COMPANY_FEATURES
from mapping.proposing.objects import company_features

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
    "fills a gap": 3.0,
    "unseen": 0.0,
}
"""Where the weights start from and are pulled to: what a careful person would guess without any data."""

NO_HOPE = -2.0
"""The bias is at most this: most names that nobody foresaw have no home, which the labelled ones do not show."""

MOST_BY_LOOK = 7.0
"""What values look like weighs at most about as much as a name: else whatever looks so takes the first place."""

KIND_RATE = 0.02
COMPANY_PRIOR = {
    "bias": -2.5,
    "called company": 6.0,
    "called firm": 3.0,
    "called thing": -3.5,
    "meaning": 3.0,
    "domain": 1.5,
    "annual_revenue": 2.0,
    "employees": 1.5,
    "company_name": 1.0,
    "industry": 0.5,
    "linkedin": 0.5,
    "reachable": 0.3,
    "address": 1.5,
    "tax number": 1.5,
    "legal names": 1.5,
    "thing facts": -1.5,
}
"""The same for telling companies from other things."""

NOT_NEGATIVE = frozenset(
    {"named", "named surely", "meaning", "named and suits", "giveaway", "cryptic giveaway", "fills a gap"}
)
NOT_POSITIVE = frozenset({"homeless", "against", "veto"})


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
    given = sources(workspace)
    for row, source, role in zip(workspace["object_types"], given, roles(given), strict=True):
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
            made.append(Case(table, wanted))
    return made


def fit(all_cases: Sequence[Case], start: Array) -> Array:
    """The weights of greatest likelihood; signs that are known beforehand are kept (Adam, full batch)."""
    weights, mean, square = start.copy(), np.zeros_like(start), np.zeros_like(start)
    low = np.array([0.0 if name in NOT_NEGATIVE else -np.inf for name in model.FEATURES])
    high = np.array([0.0 if name in NOT_POSITIVE else np.inf for name in model.FEATURES])
    high[model.FEATURES.index("bias")] = NO_HOPE
    high[model.FEATURES.index("giveaway")] = MOST_BY_LOOK
    features, right, offered = _stacked(all_cases)
    for step in range(1, STEPS + 1):
        utilities = np.where(offered, features @ weights, -np.inf)
        odds = np.exp(utilities - utilities.max(axis=1, keepdims=True))
        chances = odds / odds.sum(axis=1, keepdims=True)
        wanted = chances * right
        pull = wanted / wanted.sum(axis=1, keepdims=True) - chances
        slope = -PULL * (weights - start) + np.einsum("cr,crf->f", pull, features)
        mean = 0.9 * mean + 0.1 * slope
        square = 0.999 * square + 0.001 * slope**2
        weights += RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        weights = np.clip(weights, low, high)
    return weights


def _stacked(all_cases: Sequence[Case]) -> tuple[Array, Array, np.ndarray[Any, np.dtype[np.bool_]]]:
    """All cases in one block each for features, right answers and which rows there are (cases × rows × features)."""
    rows = max(len(case.features) for case in all_cases)
    features = np.zeros((len(all_cases), rows, len(model.FEATURES)))
    right = np.zeros((len(all_cases), rows))
    offered = np.zeros((len(all_cases), rows), dtype=np.bool_)
    for place, case in enumerate(all_cases):
        features[place, : len(case.features)] = case.features
        right[place, : len(case.features)] = case.right
        offered[place, : len(case.features)] = True
    return features, right, offered


@dataclass(frozen=True, slots=True)
class Kind:
    """One object type that is not people: its features, and whether it is a company."""

    features: Array
    is_company: bool


def kinds(workspace: dict[str, Any]) -> list[Kind]:
    """The labelled object types of a workspace; each once more as if no list had its name, since many are not."""
    made = []
    for row, source in zip(workspace["object_types"], sources(workspace), strict=True):
        if row["name"] != "person":
            found = company_features((source.name, source.label), source.fields)
            vector = np.array([found[name] for name in COMPANY_FEATURES])
            nameless = np.where([name.startswith("called") for name in COMPANY_FEATURES], 0.0, vector)
            made += [Kind(vector, row["kind"] == "company"), Kind(nameless, row["kind"] == "company")]
    return made


def fit_kinds(all_kinds: Sequence[Kind], start: Array) -> Array:
    """The weights of greatest likelihood for telling companies from things, pulled to the guess (gradient ascent)."""
    features = np.array([kind.features for kind in all_kinds])
    wanted = np.array([float(kind.is_company) for kind in all_kinds])
    weights = start.copy()
    for _ in range(STEPS):
        chances = 1 / (1 + np.exp(-(features @ weights)))
        weights += KIND_RATE * ((wanted - chances) @ features - PULL * (weights - start))
    return weights


def answerable(found: Sequence[Case]) -> list[Case]:
    """The fields that have a right answer among the candidates: only these teach anything."""
    return [case for case in found if case.right.any()]


def main() -> None:
    """Fits, tries each workspace on what the others teach, and writes where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="Write mapping/data/weights.json.")
    options = parser.parse_args()
    train = workspaces("train")
    named = [cases(workspace) for workspace in train]
    unseen = [cases(workspace, unseen=True) for workspace in train]
    both = [one + other for one, other in zip(named, unseen, strict=True)]
    start = np.array([PRIOR[name] for name in model.FEATURES])
    left = by_fold(lambda fold: fit(answerable(left_out(both, fold)), start), len(train))
    for which, found in (("left out", named), ("with names that no list has", unseen)):
        told = [is_right(case, weights) for mine, weights in zip(found, left, strict=True) for case in mine]
        print(f"{which}: {np.mean(told):.3f} right")
    calibration = try_calibration(train, left)
    everything = answerable(left_out(both, -1))
    weights = fit(everything, start)
    print({name: round(float(value), 3) for name, value in zip(model.FEATURES, weights, strict=True)})
    company = try_kinds([kinds(workspace) for workspace in train])
    if options.write:
        write(weights, company, calibration)


def try_kinds(found: Sequence[list[Kind]]) -> Array:
    """The weights for companies; prints how many object types are told right when left out, with names and without."""
    start = np.array([COMPANY_PRIOR[name] for name in COMPANY_FEATURES])
    right: list[list[bool]] = [[], []]
    tables = by_fold(lambda fold: fit_kinds(left_out(found, fold), start), len(found))
    for mine, weights in zip(found, tables, strict=True):
        for number, kind in enumerate(mine):
            right[number % 2].append((kind.features @ weights > 0) == kind.is_company)
    print(f"object types left out: {sum(right[0])} of {len(right[0])} right, {sum(right[1])} without their names")
    weights = fit_kinds(left_out(found, -1), start)
    print({name: round(float(value), 3) for name, value in zip(COMPANY_FEATURES, weights, strict=True)})
    return weights


def write(weights: Array, company: Array, calibration: Mapping[str, float]) -> None:
    """Writes the weights, and the confidence for accepting unseen."""
    made = {
        "weights": {name: round(float(value), 3) for name, value in zip(model.FEATURES, weights, strict=True)},
        "company": {name: round(float(value), 3) for name, value in zip(COMPANY_FEATURES, company, strict=True)},
        "calibration": calibration,
        "auto_accept": SURE,
    }
    FILE.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")


def is_right(case: Case, weights: Array) -> bool:
    """Whether the likeliest answer is right."""
    return bool(case.right[int(np.argmax(case.features @ weights))])


if __name__ == "__main__":
    main()
