"""All fields together get the homes that suit them best; nobody has to share."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from mapping.proposing.assignment import assign

GAINS = st.dictionaries(
    st.sampled_from("abcd"), st.dictionaries(st.sampled_from("wxyz"), st.integers(-5, 9).map(float)), max_size=4
)


def total(gains: dict[str, dict[str, float]], made: dict[str, str]) -> float:
    return sum(gains[row][column] for row, column in made.items())


def best_of_all(gains: dict[str, dict[str, float]]) -> float:
    rows = list(gains)
    choices = itertools.product(*[[None, *gains[row]] for row in rows])
    fair = (c for c in choices if len(set(filter(None, c))) == len(list(filter(None, c))))
    return max((sum(gains[r][c] for r, c in zip(rows, made, strict=True) if c) for made in fair), default=0.0)


@given(GAINS)
def test_no_other_matching_is_worth_more(gains: dict[str, dict[str, float]]) -> None:
    made = assign(gains)
    assert len(set(made.values())) == len(made)
    assert total(gains, made) == best_of_all(gains)


def test_a_field_steps_back_where_both_then_have_a_home() -> None:
    assert assign({"a": {"x": 5.0, "y": 4.0}, "b": {"x": 4.5}}) == {"a": "y", "b": "x"}


def test_what_speaks_against_a_home_leaves_the_field_alone() -> None:
    assert assign({"a": {"x": -1.0}, "b": {}}) == {}
