"""How often the proposer is right on labelled workspaces, beside two plain matchers, for each half of the set.

    .venv/bin/python bench/field_map.py [--wrong] [--half train]

The halves are split by workspace (bench/field_maps/README.md). Weights and thresholds come from the training half
only. Figures: right among the fields that have a home; right among all, “no native field” included; the right one
among the first three; the share of all fields whose confidence lies above the threshold at which 98 % were
right on the training half, with how many of these were right on this half; and the largest share that, taken in the
order of confidence, is 98 % right on this half. Our own threshold comes from the training half read with its names
struck from the lexicon: these names have been looked at, a customer's have not.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rapidfuzz import fuzz

from connectors.catalogue import Catalogue
from connectors.twenty.catalogue import stock
from connectors.twenty.names import TwentyNaming
from mapping.composites import BLANKS
from mapping.lexicon import squeezed, words
from mapping.profile import FieldProfile
from mapping.proposer import SourceObject, propose_map
from mapping.proposing.candidates import NEVER, TARGETS
from mapping.proposing.model import auto_accept
from mapping.rules import Action, FieldRule

SETS = Path(__file__).with_name("field_maps")
HALVES = ("train", "held_out")
PRECISION = 0.98
FIRST = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What a matcher says about one field, and what is right. None stands for “no native field”."""

    workspace: str
    object: str
    field: str
    right: frozenset[str | None]
    expected: str | None
    first: tuple[str | None, ...]
    confidence: float
    reason: str = ""

    @property
    def is_right(self) -> bool:
        """Whether the first answer is among the right ones."""
        return self.first[0] in self.right


Matcher = Callable[[dict[str, Any]], Iterator[Answer]]


def workspaces(half: str) -> list[dict[str, Any]]:
    """The labelled workspaces of one half, in the order of their names."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted((SETS / half).glob("*.json"))]


def sources(workspace: dict[str, Any]) -> list[SourceObject]:
    """The object types of a workspace as the proposer is given them."""
    return [
        SourceObject(
            row["name"],
            row.get("label", ""),
            "",
            tuple(FieldProfile.of_values(field["name"], field["samples"]) for field in row["fields"]),
        )
        for row in workspace["object_types"]
    ]


def _answer(workspace: dict[str, Any], row: dict[str, Any], field: dict[str, Any], **given: Any) -> Answer:
    right = frozenset([field["expected"], *field.get("also", [])])
    return Answer(workspace["workspace"], row["name"], field["name"], right, field["expected"], **given)


def ours(workspace: dict[str, Any]) -> Iterator[Answer]:
    """What the product proposes on a stock 2.x workspace."""
    spec = propose_map(sources(workspace), stock(), TwentyNaming(), default_country=workspace["default_country"])
    for row, rule in zip(workspace["object_types"], spec.objects, strict=True):
        for field in row["fields"]:
            found = rule.rule_for(field["name"])
            assert found is not None
            yield _answer(workspace, row, field, first=_first(found), confidence=found.confidence, reason=found.reason)


def _first(rule: FieldRule) -> tuple[str | None, ...]:
    native = {path for _, path, _ in targets(stock())}
    top = rule.destination if rule.action is Action.MAP else None
    others = [other.destination if other.destination in native else None for other in rule.alternatives]
    return (top, *others)[:FIRST]


def targets(catalogue: Catalogue) -> list[tuple[str, str, str]]:
    """Object, path and plain name of everything native that a matcher by names may choose."""
    found = []
    for name in ("person", "company"):
        kind = catalogue.object(name)
        for field in kind.fields if kind else ():
            if field.writable and field.type in TARGETS and (field.name not in NEVER or field.name == "createdAt"):
                found.append((name, field.name, field.label))
                parts = BLANKS[field.type]() if field.type in BLANKS else ()
                found += [(name, f"{field.name}.{part}", " ".join(words(part))) for part in parts]
    return found


def exact(workspace: dict[str, Any]) -> Iterator[Answer]:
    """A name matches when it is the label or API name of a field or sub-field, spelling aside."""
    for row, role in _roles(workspace):
        for field in row["fields"]:
            first = [
                path
                for object, path, label in targets(stock())
                if object == role and squeezed(field["name"]) in (squeezed(label), squeezed(path.rpartition(".")[2]))
            ]
            yield _answer(workspace, row, field, first=(*first, None)[:FIRST], confidence=1.0 if first else 0.5)


def fuzzy(workspace: dict[str, Any]) -> Iterator[Answer]:
    """The likest label or API name by rapidfuzz; below the likeness chosen on the training half, none."""
    for row, role in _roles(workspace):
        for field in row["fields"]:
            spelt = " ".join(words(field["name"]))
            scored: dict[str | None, float] = {}
            for object, path, label in targets(stock()):
                if object == role:
                    names = (label, " ".join(words(path.rpartition(".")[2])))
                    scored[path] = max(fuzz.ratio(spelt, name.lower()) / 100 for name in names)
            scored[None] = LIKENESS
            first = sorted(scored, key=lambda path: -scored[path])
            near = abs(scored[first[0]] - LIKENESS)
            yield _answer(workspace, row, field, first=tuple(first[:FIRST]), confidence=0.5 + near / 2)


LIKENESS = 0.85
"""Chosen on the training half, as the scorer was: the likeness with the most right answers."""


def _roles(workspace: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    for row in workspace["object_types"]:
        role = row.get("kind") or ("person" if row["name"] == "person" else "company")
        yield row, "company" if role == "custom" else role


def threshold(answers: Sequence[Answer]) -> float:
    """The lowest confidence from which on at least 98 % are right; 2 where there is none."""
    ordered = sorted(answers, key=lambda answer: -answer.confidence)
    best, right = 2.0, 0
    for number, answer in enumerate(ordered, 1):
        right += answer.is_right
        last = number == len(ordered) or ordered[number].confidence < answer.confidence
        if last and right / number >= PRECISION:
            best = answer.confidence
    return best


def figures(answers: Sequence[Answer], limit: float) -> list[str]:
    """The six figures of one matcher on one half, as text."""
    homes = [answer for answer in answers if answer.expected is not None]
    sure = [answer for answer in answers if answer.confidence >= limit]
    bound = threshold(answers)
    values = [
        sum(answer.is_right for answer in homes) / len(homes),
        sum(answer.is_right for answer in answers) / len(answers),
        sum(bool(answer.right & set(answer.first)) for answer in homes) / len(homes),
        len(sure) / len(answers),
        sum(answer.is_right for answer in sure) / max(1, len(sure)),
        sum(answer.confidence >= bound for answer in answers) / len(answers),
    ]
    return [f"{value:.3f}" for value in values]


def main() -> None:
    """Prints the table, and the wrong answers where asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wrong", action="store_true", help="List the wrong answers of the proposer.")
    parser.add_argument("--half", choices=HALVES, help="Only this half.")
    options = parser.parse_args()
    matchers: dict[str, Matcher] = {"ours": ours, "exact name": exact, "rapidfuzz": fuzzy}
    train = workspaces("train")
    limits = {name: threshold([a for w in train for a in matcher(w)]) for name, matcher in matchers.items()}
    limits["ours"] = auto_accept()
    titles = "".join(f"{title:>7}" for title in ("home", "all", "in 3", "auto", "right", "at 98"))
    print(f"{'half':<9}{'matcher':<12}{titles}   fields, workspaces")
    for half in (options.half,) if options.half else HALVES:
        loaded = workspaces(half)
        for name, matcher in matchers.items() if loaded else ():
            answers = [answer for workspace in loaded for answer in matcher(workspace)]
            cells = "".join(f"{cell:>7}" for cell in figures(answers, limits[name]))
            print(f"{half:<9}{name:<12}{cells}   {len(answers)}, {len(loaded)}; sure from {limits[name]}")
            for answer in answers if options.wrong and name == "ours" else ():
                if not answer.is_right:
                    print(
                        f"    {answer.workspace}/{answer.object}/{answer.field}: {answer.first} for {answer.expected}"
                        f" at {answer.confidence}: {answer.reason}"
                    )


if __name__ == "__main__":
    main()
