"""Fits the weights of the proposer's model on the training half, and the confidence for accepting unseen.

    .venv/bin/python bench/fit_weights.py [--write]

A conditional logit with L2 towards a guess, by plain gradient ascent. Several answers may be right for a
field: what is raised is the logarithm of their summed probability. Each workspace is also left out once, and what the
others teach is tried on it; without `--write` only those figures are printed.

The confidence is a second stage: a logistic regression from the signs of a settled decision to whether it was right, on
workspaces left out, with their names as the lexicon knows them, all struck from it, and half of them struck.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from bench.field_map import PRECISION, sources, workspaces
from connectors.twenty.catalogue import stock
from mapping.fixed import FIXED, NEW_OBJECT, Role
from mapping.proposer import SourceObject, chance_of, doubtful, roles
from mapping.proposing import model
from mapping.proposing.candidates import SURELY, Weighed, weigh
from mapping.proposing.choosing import FURTHER, choose, overlaps
from mapping.proposing.names import read
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

CALIBRATION_PRIOR = {"odds": 5.0, "kind in doubt": -3.0}
CALIBRATION_PULL, ROUNDS = 6.0, 30
"""The signs start from the bare chance and are held to it, so that a home seen but twice proves little."""

SURE = 0.9
"""What we are surer of may be accepted unseen; relations and events are judged on the same scale."""

READINGS = NORMAL, STRUCK, EVEN, ODD = "as they are", "struck", "even half struck", "odd half struck"
"""How names are read for trying: these have been looked at, a customer's have not, or only some of them."""

NOT_NEGATIVE = frozenset(
    {"named", "named surely", "meaning", "named and suits", "giveaway", "cryptic giveaway", "fills a gap"}
)
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


def left_out(found: Sequence[list[Any]], place: int) -> list[Any]:
    """Everything of all workspaces but one."""
    return [each for number, other in enumerate(found) if number != place for each in other]


def answerable(found: Sequence[Case]) -> list[Case]:
    """The fields that have a right answer among the candidates: only these teach anything."""
    return [case for case in found if case.right.any()]


@dataclass(frozen=True, slots=True)
class Decision:
    """One settled field: its signs, whether the decision is right, and whether it may be accepted unseen at all."""

    signs: Mapping[str, float]
    is_right: bool
    may_pass: bool


@dataclass(frozen=True, slots=True)
class Open:
    """The weighed fields of one object type, the places that are fixed, and the right answers by name."""

    weighed: list[Weighed]
    used: set[str]
    right: Mapping[str, set[str | None]]
    doubt: float


def opened(workspace: dict[str, Any], reading: str) -> list[Open]:
    """The object types of a workspace with their names read in that way, as the proposer weighs them."""
    given = sources(workspace)
    return [
        _opened(row, source, role, reading, workspace["default_country"])
        for row, source, role in zip(workspace["object_types"], given, roles(given), strict=True)
    ]


def _opened(row: dict[str, Any], source: SourceObject, role: Role, reading: str, country: str) -> Open:
    label = source.label or source.name
    names = {field.name for field in source.fields}
    unknown = {key for name in names if is_struck(name, reading) for key in known_as(name, role.key, label)}
    fixed = [plan for plan in FIXED[role.key] if plan.source in names]
    free = [field for field in source.fields if field.name not in {plan.source for plan in fixed}]
    free.sort(key=lambda field: (field.name != field.name.lower(), field.name))
    target = stock().object(role.destination) if role.destination else None
    weighed = weigh(free, role.key, label, target or NEW_OBJECT, country, frozenset(unknown))
    right = {each["name"]: {each["expected"], *each.get("also", [])} for each in row["fields"]}
    doubt = doubtful(chance_of(source)) if role.key in ("company", "custom") else 0.0
    return Open(weighed, {plan.destination for plan in fixed}, right, doubt)


def is_struck(name: str, reading: str) -> bool:
    """Whether a field's name is read as if no list had it."""
    return reading == STRUCK or reading == (EVEN, ODD)[zlib.crc32(name.encode()) % 2]


def decided(found: Sequence[Open], weights: Array) -> list[Decision]:
    """What is decided with those weights."""
    table = dict(zip(model.FEATURES, weights, strict=True))
    made = []
    for kind in found:
        for settled in choose([_reweighed(item, table) for item in kind.weighed], kind.used, kind.doubt):
            home = settled.chosen.destination if settled.chosen else None
            right = kind.right[settled.weighed.profile.name]
            if settled.signs:
                made.append(Decision(settled.signs, home in right, home not in FURTHER.values()))
    return made


def _reweighed(item: Weighed, table: Mapping[str, float]) -> Weighed:
    worth = [float(sum(table[name] * value for name, value in c.features.items())) for c in item.candidates]
    made = [replace(c, utility=value) for c, value in zip(item.candidates, worth, strict=True)]
    return replace(item, candidates=tuple(sorted(made, key=lambda c: -c.utility)))


def calibrate(decisions: Sequence[Decision]) -> dict[str, float]:
    """The weight of each sign: a logistic regression with L2 towards the bare chance, by Newton's method."""
    names = [*model.SIGNS, *sorted({name for each in decisions for name in each.signs} - set(model.SIGNS))]
    signs = np.array([[each.signs.get(name, 0.0) for name in names] for each in decisions])
    right = np.array([float(each.is_right) for each in decisions])
    start = np.array([CALIBRATION_PRIOR.get(name, 0.0) for name in names])
    weights = start.copy()
    for _ in range(ROUNDS):
        chances = 1 / (1 + np.exp(-(signs @ weights)))
        slope = signs.T @ (right - chances) - CALIBRATION_PULL * (weights - start)
        bend = (signs * (chances * (1 - chances))[:, None]).T @ signs + CALIBRATION_PULL * np.eye(len(names))
        weights = weights + np.linalg.solve(bend, slope)
    return {name: round(float(value), 3) for name, value in zip(names, weights, strict=True)}


def confidences(decisions: Sequence[Decision], table: Mapping[str, float]) -> list[tuple[float, bool]]:
    """The calibrated confidence of each decision, 0 where it is never accepted unseen, and whether it is right."""
    return [(model.calibrated(d.signs, table) if d.may_pass else 0.0, d.is_right) for d in decisions]


def try_calibration(train: Sequence[dict[str, Any]], left: Sequence[Array]) -> dict[str, float]:
    """The weights of the signs, moved so that 98 % are right from SURE on; prints what is right when left out."""
    by_reading = {
        reading: [decided(opened(workspace, reading), weights) for workspace, weights in zip(train, left, strict=True)]
        for reading in READINGS
    }
    both = [[each for found in by_reading.values() for each in found[place]] for place in range(len(train))]
    tables = [calibrate(left_out(both, place)) for place in range(len(train))]
    tried = {
        reading: [pair for mine, table in zip(found, tables, strict=True) for pair in confidences(mine, table)]
        for reading, found in by_reading.items()
    }
    everything = [pair for found in tried.values() for pair in found]
    limit = threshold(everything)
    print(f"all readings: sure from {limit:.4f}: {above(everything, limit)}")
    for reading, found in tried.items():
        print(f"names {reading}: {share_right(found):.3f} right; sure from {limit:.4f}: {above(found, limit)}")
    mixed = tried[NORMAL] + tried[STRUCK]
    print(f"as they are and struck mixed: {above(mixed, threshold(mixed))}")
    table = calibrate(left_out(both, -1))
    shift = float(np.log(SURE / (1 - SURE)) - np.log(limit / (1 - limit)))
    return table | {side: round(table[side] + shift, 3) for side in ("home", "none")}


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
    left = [fit(answerable(left_out(both, place)), start) for place in range(len(train))]
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
    for place, mine in enumerate(found):
        weights = fit_kinds(left_out(found, place), start)
        for number, kind in enumerate(mine):
            right[number % 2].append((kind.features @ weights > 0) == kind.is_company)
    print(f"object types left out: {sum(right[0])} of {len(right[0])} right, {sum(right[1])} without their names")
    weights = fit_kinds(left_out(found, -1), start)
    print({name: round(float(value), 3) for name, value in zip(COMPANY_FEATURES, weights, strict=True)})
    return weights


def share_right(tried: Sequence[tuple[float, bool]]) -> float:
    """How many of the answers are right."""
    return float(np.mean([is_right for _, is_right in tried]))


def above(tried: Sequence[tuple[float, bool]], limit: float) -> str:
    """How many answers are accepted from that confidence on, and how many of these are right."""
    sure = [is_right for confidence, is_right in tried if confidence >= limit]
    return f"{len(sure) / len(tried):.3f} of the fields, {float(np.mean(sure)) if sure else 0.0:.3f} right"


def threshold(tried: Sequence[tuple[float, bool]]) -> float:
    """The lowest confidence from which on 98 % of the answers are right."""
    limit, right = 1.0, 0
    for number, (confidence, is_right) in enumerate(sorted(tried, reverse=True), 1):
        right += is_right
        if right / number >= PRECISION:
            limit = confidence
    return limit


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
