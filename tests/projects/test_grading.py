"""The grade, the timeline and the price: the same counts say the same, and more work never says less."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.grading import Counted, Pace, grade, predict, rules, too_many, what_ifs

ORDINARY = Counted(
    people=40_000,
    other_records=300_000,
    objects=8,
    one_to_one=6,
    fields=60,
    fields_to_decide=45,
    fields_thin=20,
    identity_gaps=900,
    segments=25,
    campaigns=10,
    hours=1.6,
)

counts = st.builds(
    Counted,
    people=st.integers(0, 3_000_000),
    other_records=st.integers(0, 3_000_000),
    objects=st.integers(3, 30),
    one_to_one=st.integers(0, 3),
    fields=st.integers(0, 500),
    fields_to_decide=st.integers(0, 500),
    fields_thin=st.integers(0, 100),
    identity_gaps=st.integers(0, 100_000),
    segments=st.integers(0, 500),
    campaigns=st.integers(0, 300),
    hours=st.floats(0, 100),
)


def test_an_ordinary_account_is_standard_and_takes_three_to_five_weeks() -> None:
    made = grade(ORDINARY)
    assert (made.letter, made.words, made.timeline) == ("B", "Standard", "3–5 weeks")
    assert made.name == f"B{max(line.score for line in made.lines)}"


def test_a_small_account_is_simple_and_costs_the_base_and_nothing_else() -> None:
    made = grade(Counted(people=500, objects=2, one_to_one=2, fields=10))
    assert made.name == "A1"
    assert [line.name for line in made.prices] == ["base"]
    assert not made.heaviest


def test_the_heaviest_line_comes_first_and_says_why_in_numbers() -> None:
    heavy = dataclasses.replace(ORDINARY, fields=420, fields_to_decide=400)
    first = grade(heavy).lines[0]
    assert first.name == "fields"
    assert first.sentence == "400 of 420 fields have no home of their own in the destination or are not clear."


def test_every_axis_of_the_service_page_has_a_line() -> None:
    labels = {line.label for line in grade(ORDINARY).lines}
    assert labels >= {
        "Object compatibility", "Field mapping clarity", "Timeline", "API constraints", "Data volume",
        "Identity quality", "Workflow weight",
    }  # fmt: skip


def test_the_number_of_records_never_changes_the_price() -> None:
    more = dataclasses.replace(ORDINARY, people=1_500_000, identity_gaps=33_750)
    assert grade(more).price == grade(ORDINARY).price


def test_two_million_records_are_graded_and_one_more_is_scoped_individually() -> None:
    assert not too_many(Counted(people=2_000_000))
    assert too_many(Counted(people=2_000_000, other_records=1))


def test_dropping_thin_fields_is_offered_with_what_it_saves() -> None:
    offer = what_ifs(ORDINARY)[0]
    assert offer.sentence == "Drop 20 fields under 2 % filled"
    assert offer.saved == 180
    assert offer.after.points < offer.before.points


def test_the_prediction_follows_the_limits_of_both_systems() -> None:
    took = predict(100_000, 0, Pace(source_per_minute=600, destination_per_minute=100, batch=60))
    assert round(took.read * 60) == 110
    assert round(took.write, 1) == 16.7
    faster = predict(100_000, 0, Pace(source_per_minute=600, destination_per_minute=100, batch=200))
    assert faster.write < took.write / 3


@given(counts)
def test_the_same_counts_give_the_same_grade(counted: Counted) -> None:
    assert grade(counted) == grade(dataclasses.replace(counted))


@given(counts, st.sampled_from(["people", "other_records", "fields_to_decide", "segments", "campaigns", "objects"]))
def test_more_of_anything_is_never_graded_as_less_work(counted: Counted, name: str) -> None:
    # More people make gaps of identity a smaller share: that axis may fall, and is left out.
    calm = dataclasses.replace(counted, identity_gaps=0)
    more = dataclasses.replace(calm, **{name: getattr(calm, name) * 2 + 1})
    assert grade(more).points >= grade(calm).points
    assert grade(more).price >= grade(calm).price


@pytest.mark.parametrize("part", ["axis", "price"])
def test_every_rule_names_a_fact_that_is_counted(part: str) -> None:
    for rule in rules()[part]:
        assert ORDINARY.fact(rule["fact"]) >= 0
