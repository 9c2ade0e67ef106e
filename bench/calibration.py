"""The second stage of the proposer: how sure it may be of a decision, by a logistic regression from its signs.

Fitted on workspaces left out, a fold at a time, with their names as the lexicon knows them, all struck from it, and
half of them struck (bench/fit_weights.py runs it).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bench.field_map import sources
from connectors.twenty.catalogue import stock
from mapping.fixed import FIXED, NEW_OBJECT, Role
from mapping.proposer import SourceObject, chance_of, doubtful, roles
from mapping.proposing import model
from mapping.proposing.candidates import SURELY, Weighed, weigh
from mapping.proposing.choosing import FURTHER, choose
from mapping.proposing.names import read

AIM = 0.99
"""So many are to be right from SURE on: workspaces written afresh came out a point worse than those left out."""

FOLDS = 16
"""Workspaces are left out in so many groups, a whole one at a time."""

CALIBRATION_PRIOR = {"odds": 5.0, "kind in doubt": -3.0}
CALIBRATION_PULL, ROUNDS, HALVINGS = 6.0, 30, 20
"""The signs start from the bare chance and are held to it, so that a home seen but twice proves little."""

SURE = 0.9
"""What we are surer of may be accepted unseen; relations and events are judged on the same scale."""

READINGS = NORMAL, STRUCK, EVEN, ODD = "as they are", "struck", "even half struck", "odd half struck"
"""How names are read for trying: these have been looked at, a customer's have not, or only some of them."""

Array = np.ndarray[Any, np.dtype[np.float64]]


def left_out(found: Sequence[list[Any]], place: int) -> list[Any]:
    """Everything of all workspaces but those of the fold of that one; of all for the place -1."""
    return [
        each for number, other in enumerate(found) if place < 0 or number % FOLDS != place % FOLDS for each in other
    ]


def by_fold(made: Callable[[int], Any], size: int) -> list[Any]:
    """What is made without each workspace: once for each fold, in the order of the workspaces."""
    folds = [made(fold) for fold in range(min(FOLDS, size))]
    return [folds[place % FOLDS] for place in range(size)]


def known_as(name: str, role: str, label: str) -> set[str]:
    """The squeezed names of the lexicon by which a field was recognised for sure."""
    matches = read(name, role, label).matches.values()
    return {"".join(match.alias.parts) for match in matches if match.score > SURELY}


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
        step = np.linalg.solve(bend, slope)
        before = _worth(signs, right, weights, start)
        # A whole step can leap past the best weights and never come back.
        for _ in range(HALVINGS):
            if _worth(signs, right, weights + step, start) >= before:
                break
            step = step / 2
        weights = weights + step
    return {name: round(float(value), 3) for name, value in zip(names, weights, strict=True)}


def _worth(signs: Array, right: Array, weights: Array, start: Array) -> float:
    """How likely the weights make what was right and wrong, less what it costs to be far from where they start."""
    reach = signs @ weights
    return float(np.sum(right * reach - np.logaddexp(0, reach)) - CALIBRATION_PULL / 2 * np.sum((weights - start) ** 2))


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
    tables = by_fold(lambda fold: calibrate(left_out(both, fold)), len(train))
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


def share_right(tried: Sequence[tuple[float, bool]]) -> float:
    """How many of the answers are right."""
    return float(np.mean([is_right for _, is_right in tried]))


def above(tried: Sequence[tuple[float, bool]], limit: float) -> str:
    """How many answers are accepted from that confidence on, and how many of these are right."""
    sure = [is_right for confidence, is_right in tried if confidence >= limit]
    return f"{len(sure) / len(tried):.3f} of the fields, {float(np.mean(sure)) if sure else 0.0:.3f} right"


def threshold(tried: Sequence[tuple[float, bool]]) -> float:
    """The lowest confidence from which on as many of the answers are right as AIM says."""
    limit, right = 1.0, 0
    for number, (confidence, is_right) in enumerate(sorted(tried, reverse=True), 1):
        right += is_right
        if right / number >= AIM:
            limit = confidence
    return limit
