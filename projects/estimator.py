"""The estimator: which systems there are, what somebody typed, and what follows from it by the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors.contract import Connector
from connectors.registry import all_connectors
from projects.grading import Counted, Grade, Pace, WhatIf, grade, predict, rules, too_many, what_ifs

SOURCE, DESTINATION = "source", "destination"

BATCH = 200


@dataclass(frozen=True, slots=True)
class System:
    """One system as the lists show it. `built`: whether there is a connector for that side."""

    slug: str
    label: str
    category: str
    built: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """From where to where."""

    source: System
    destination: System

    @property
    def built(self) -> bool:
        """Whether this pair can be migrated today."""
        return self.source.built and self.destination.built

    @property
    def label(self) -> str:
        """The pair in words."""
        return f"{self.source.label} to {self.destination.label}"


@dataclass(frozen=True, slots=True)
class Question:
    """One number that is asked for."""

    name: str
    label: str
    help: str = ""


QUESTIONS = (
    Question("people", "People", "Profiles, the inactive ones too."),
    Question("companies", "Companies or accounts"),
    Question("custom_types", "Kinds of custom objects", "Products, partners, subscriptions …"),
    Question("custom_records", "Custom objects, all kinds together"),
    Question("history", "Events and messages to take along", "Of as many months as you want to keep."),
    Question("fields", "Attributes in use", "Of people, companies and custom objects together."),
    Question("no_address", "People without an e-mail address, or sharing one"),
    Question("segments", "Segments"),
    Question("campaigns", "Campaigns, broadcasts and templates"),
)

KNOWN_FIELDS = 12
"""Attributes that nearly every account has and that have a home in a CRM: name, e-mail, phone, address and so on."""


def systems(side: str) -> tuple[System, ...]:
    """Everything that can be chosen on one side: what has a connector, then what is asked for."""
    built = [
        System(connector.slug, connector.label, connector.category, True)
        for connector in all_connectors()
        if _side(connector, side)
    ]
    known = {system.slug for system in built}
    planned = [
        System(one["slug"], one["label"], one["category"], False)
        for one in rules()["planned"]
        if side in one["sides"] and one["slug"] not in known
    ]
    return (*built, *planned)


def _side(connector: Connector, side: str) -> bool:
    return bool(connector.source if side == SOURCE else connector.destination)


def categories() -> tuple[str, ...]:
    """The kinds of systems that one can leave."""
    return tuple(sorted({system.category for system in systems(SOURCE)}))


def find(side: str, slug: str) -> System | None:
    """The system of that slug, or None."""
    return next((system for system in systems(side) if system.slug == slug), None)


def pair_of(source: str, destination: str) -> Pair | None:
    """The pair, or None where one of the two is unknown or both are the same."""
    here, there = find(SOURCE, source), find(DESTINATION, destination)
    return Pair(here, there) if here and there and here.slug != there.slug else None


def ways_to_leave(pair: Pair) -> tuple[Pair, ...]:
    """Other destinations from the same source that can be migrated to today first."""
    return _sorted(Pair(pair.source, other) for other in systems(DESTINATION) if other != pair.destination)


def ways_to_arrive(pair: Pair) -> tuple[Pair, ...]:
    """Other sources that lead to the same destination."""
    return _sorted(Pair(other, pair.destination) for other in systems(SOURCE) if other != pair.source)


def _sorted(pairs: Any) -> tuple[Pair, ...]:
    real = [pair for pair in pairs if pair.source.slug != pair.destination.slug]
    return tuple(sorted(real, key=lambda pair: (not pair.built, pair.label)))


def counted(typed: Mapping[str, int], pair: Pair) -> Counted:
    """The facts behind typed numbers, cautiously: whatever was not asked is taken for ordinary."""
    number = {question.name: int(typed.get(question.name) or 0) for question in QUESTIONS}
    custom = number["custom_types"] or int(number["custom_records"] > 0)
    whole = 1 + custom + sum(number[name] > 0 for name in ("companies", "history"))
    lossy = sum(number[name] > 0 for name in ("segments", "campaigns"))
    others = number["companies"] + number["custom_records"] + number["history"]
    return Counted(
        people=number["people"],
        other_records=others,
        objects=whole + lossy,
        one_to_one=whole,
        custom_objects=custom,
        fields=number["fields"],
        fields_to_decide=max(0, number["fields"] - KNOWN_FIELDS),
        identity_gaps=min(number["no_address"], number["people"]),
        segments=number["segments"],
        campaigns=number["campaigns"],
        hours=predict(number["people"], others, pace_of(pair)).hours,
    )


def pace_of(pair: Pair) -> Pace:
    """The request limits as both connectors declare them."""
    rates = {connector.slug: connector.rate.per_minute for connector in all_connectors()}
    return Pace(rates.get(pair.source.slug, 0), rates.get(pair.destination.slug, 0), BATCH)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the rules say about typed numbers; `grade` is None where they are scoped individually."""

    pair: Pair
    typed: Mapping[str, int]
    counted: Counted
    grade: Grade | None
    basis: str = ""
    """What counted the numbers; empty where somebody typed them."""

    @property
    def offers(self) -> tuple[WhatIf, ...]:
        """Decisions that would make it smaller; none where it is scoped individually."""
        found = what_ifs(self.counted) if self.grade else ()
        return tuple(one for one in found if one.saved > 0)

    def to_json(self) -> dict[str, Any]:
        """The estimate as it is kept with a quote."""
        made = self.grade
        return {
            "source": self.pair.source.label,
            "destination": self.pair.destination.label,
            "basis": self.basis,
            "counts": [
                {"name": question.name, "label": question.label, "number": self.typed.get(question.name, 0)}
                for question in QUESTIONS
            ],
            "records": self.counted.records,
            "individually": made is None,
            "grade": made and made.name,
            "grade_words": made.words if made else "Individual",
            "timeline": made and made.timeline,
            "hours": self.counted.hours,
            "currency": rules()["quote"]["currency"],
            "price": made and made.price,
            "lines": [
                {"label": line.label, "score": line.score, "points": line.points, "sentence": line.sentence}
                for line in (made.lines if made else ())
            ],
            "prices": [
                {"label": line.label, "quantity": line.quantity, "unit": line.unit, "amount": line.amount}
                for line in (made.prices if made else ())
            ],
        }


def estimate(pair: Pair, typed: Mapping[str, int]) -> Estimate:
    """The estimate for a pair that is built."""
    return of_facts(pair, typed, counted(typed, pair))


def of_facts(pair: Pair, typed: Mapping[str, int], facts: Counted, basis: str = "") -> Estimate:
    """The estimate over facts that were counted and not typed."""
    return Estimate(pair, typed, facts, None if too_many(facts) else grade(facts), basis)
