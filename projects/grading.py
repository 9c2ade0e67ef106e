"""The complexity grade: counted facts in, a letter with a digit, a timeline and a price out. Pure and reproducible.

The rules stand in `estimate.toml`. The estimator counts what somebody typed, the scope document what discovery
read; both ask the same functions.
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

RULES = Path(__file__).with_name("estimate.toml")

IDS_PER_PAGE, PEOPLE_PER_PAGE, ROWS_PER_PAGE = 1000, 100, 1000
"""Records per request when people are listed, when they are read, and when other rows are read."""

READ_BACK = 0.3
"""What reading everything back adds to the time of writing, at 200 records a page."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What is counted before anything moves. Everything is a number of things; `hours` is a prediction."""

    people: int = 0
    other_records: int = 0
    objects: int = 0
    one_to_one: int = 0
    custom_objects: int = 0
    fields: int = 0
    fields_to_decide: int = 0
    fields_thin: int = 0
    """Fields to decide that are filled for next to nobody."""
    identity_gaps: int = 0
    segments: int = 0
    campaigns: int = 0
    hours: float = 0.0

    @property
    def records(self) -> int:
        """All records of all object types."""
        return self.people + self.other_records

    @property
    def objects_with_mapping(self) -> int:
        """Object types that do not map 1:1."""
        return self.objects - self.one_to_one

    @property
    def automations(self) -> int:
        """What is documented for rebuilding."""
        return self.segments + self.campaigns

    @property
    def identity_percent(self) -> float:
        """How many of a hundred people cannot be told apart by e-mail address."""
        return 100 * self.identity_gaps / self.people if self.people else 0.0

    @property
    def identity_needs_cleaning(self) -> int:
        """1 when at least one in a hundred people has no address of its own."""
        return int(self.identity_percent >= 1)

    @property
    def one(self) -> int:
        """Every migration, once."""
        return 1

    def fact(self, name: str) -> float:
        """A count by its name in the rules."""
        return float(getattr(self, name))

    def words(self) -> dict[str, str]:
        """The facts as they stand in sentences."""
        names = [field.name for field in dataclasses.fields(self)]
        values = {name: getattr(self, name) for name in (*names, "records", "objects_with_mapping", "automations")}
        return {**{name: _number(value) for name, value in values.items()}, "duration": spell_hours(self.hours)}


def spell_hours(hours: float) -> str:
    """A span of machine time as people say it."""
    minutes = round(hours * 60)
    if hours >= 1:
        return f"about {hours:,.1f} hours".replace(".0 hours", " hours").replace("about 1 hours", "about one hour")
    return f"about {minutes} minutes" if minutes >= 2 else "a minute or less"


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


@dataclass(frozen=True, slots=True)
class Line:
    """One axis of a grade. `points` is what it adds: weight × score."""

    name: str
    label: str
    score: int
    points: int
    sentence: str


@dataclass(frozen=True, slots=True)
class PriceLine:
    """Quantity × unit, in whole units of the currency."""

    name: str
    label: str
    quantity: int
    unit: int

    @property
    def amount(self) -> int:
        """What the line costs."""
        return self.quantity * self.unit


@dataclass(frozen=True, slots=True)
class Grade:
    """A letter with the score of its heaviest axis, and what they rest on, the heaviest line first."""

    letter: str
    digit: int
    words: str
    weeks: tuple[int, int]
    points: int
    lines: tuple[Line, ...]
    prices: tuple[PriceLine, ...]
    currency: str

    @property
    def name(self) -> str:
        """The grade as it is said: B3."""
        return f"{self.letter}{self.digit}"

    @property
    def price(self) -> int:
        """The sum of the lines."""
        return sum(line.amount for line in self.prices)

    @property
    def timeline(self) -> str:
        """The span as it is written: 3–5 weeks."""
        return f"{self.weeks[0]}–{self.weeks[1]} weeks"

    @property
    def heaviest(self) -> tuple[Line, ...]:
        """The lines that cost most, five at most."""
        return tuple(line for line in self.lines if line.score > 1)[:5]


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What would change with one decision."""

    sentence: str
    before: Grade
    after: Grade

    @property
    def saved(self) -> int:
        """What the price would be lower by."""
        return self.before.price - self.after.price


@cache
def rules() -> Mapping[str, Any]:
    """The rule file."""
    return tomllib.loads(RULES.read_text(encoding="utf-8"))


def too_many(counted: Counted) -> bool:
    """Whether this is more than rules can say: scoped individually."""
    return counted.records > int(rules()["limits"]["records"])


def grade(counted: Counted) -> Grade:
    """The grade of these counts. The same counts give the same grade."""
    lines = [_line(axis, counted) for axis in rules()["axis"]]
    points = sum(line.points for line in lines)
    letter = next(one for one in rules()["letter"] if points <= one["up_to"])
    return Grade(
        letter=letter["name"],
        digit=max(line.score for line in lines),
        words=letter["words"],
        weeks=(letter["weeks"][0], letter["weeks"][1]),
        points=points,
        lines=tuple(sorted(lines, key=lambda line: (-line.points, -line.score))),
        prices=tuple(line for line in map(_price, rules()["price"], [counted] * len(rules()["price"])) if line.amount),
        currency=rules()["quote"]["currency"],
    )


def _line(axis: Mapping[str, Any], counted: Counted) -> Line:
    value = counted.fact(axis["fact"])
    score = 1 + sum(value >= step for step in axis["steps"])
    sentence = axis["sentence"].format_map(counted.words())
    return Line(axis["name"], axis["label"], score, score * axis["weight"], sentence)


def _price(rule: Mapping[str, Any], counted: Counted) -> PriceLine:
    quantity = math.ceil(counted.fact(rule["fact"]) / rule["each"])
    return PriceLine(rule["name"], rule["label"], quantity, rule["unit"])


def what_ifs(counted: Counted) -> tuple[WhatIf, ...]:
    """Decisions that would make the migration smaller, each with the grade and the price after it."""
    before = grade(counted)
    found = []
    if counted.fields_thin:
        fewer = dataclasses.replace(
            counted,
            fields=counted.fields - counted.fields_thin,
            fields_to_decide=max(0, counted.fields_to_decide - counted.fields_thin),
        )
        percent = rules()["limits"]["thin_percent"]
        fields = f"{counted.fields_thin} field{'' if counted.fields_thin == 1 else 's'}"
        found.append(WhatIf(f"Drop {fields} under {percent} % filled", before, grade(fewer)))
    if counted.identity_needs_cleaning:
        clean = dataclasses.replace(counted, identity_gaps=0)
        found.append(WhatIf("Clean the addresses in the source before the migration", before, grade(clean)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Pace:
    """What both systems allow: requests a minute (0: no limit met), and records a write request."""

    source_per_minute: float
    destination_per_minute: float
    batch: int = 200


@dataclass(frozen=True, slots=True)
class Duration:
    """Predicted minutes of machine time."""

    read: float
    write: float
    read_back: float

    @property
    def hours(self) -> float:
        """All of it, in hours."""
        return round((self.read + self.write + self.read_back) / 60, 1)


UNPACED = 600.0
"""Requests a minute where no limit was met: what a client gets done by itself, one after the other."""


def predict(people: int, others: int, pace: Pace) -> Duration:
    """The time that the request limits alone dictate: pages of ids and people, then batches, then reading back."""
    read_requests = people / IDS_PER_PAGE + people / PEOPLE_PER_PAGE + others / ROWS_PER_PAGE
    read = read_requests / (pace.source_per_minute or UNPACED)
    write = (people + others) / pace.batch / (pace.destination_per_minute or UNPACED)
    return Duration(read, write, write * READ_BACK)
