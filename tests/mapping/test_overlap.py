"""Whether values are ids of another object type, told from sketches that never grow."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from mapping.overlap import Sketch, overlap


def sketch(size: int, values: list[str]) -> Sketch:
    made = Sketch(size)
    for value in values:
        made.add(value)
    return made


def test_small_sets_are_compared_whole() -> None:
    ids = sketch(2048, [f"HS{number}" for number in range(49)])
    found = overlap(sketch(256, ["HS1", "HS2", "HS3", "XX"]), ids)
    assert (found.hits, found.compared, found.share) == (3, 4, 0.75)


def test_a_share_is_found_between_sets_far_larger_than_the_sketches() -> None:
    ids = sketch(2048, [f"id{number}" for number in range(60_000)])
    values = sketch(256, [f"id{number}" if number % 4 else f"no{number}" for number in range(30_000)])
    found = overlap(values, ids)
    assert found.compared >= 100
    assert abs(found.share - 0.75) < 0.15


def test_too_few_values_say_nothing() -> None:
    assert overlap(sketch(256, ["a", "b"]), sketch(2048, ["a", "b", "c"])).share == 0.0


@given(st.lists(st.text(max_size=4), max_size=60), st.integers(2, 8))
def test_the_order_of_reading_and_a_pause_in_between_change_nothing(values: list[str], size: int) -> None:
    whole = sketch(size, values)
    half = sketch(size, values[::-1][: len(values) // 2])
    half = Sketch.from_json(json.loads(json.dumps(half.to_json())))
    for value in values[::-1][len(values) // 2 :]:
        half.add(value)
    assert half.counts == whole.counts
