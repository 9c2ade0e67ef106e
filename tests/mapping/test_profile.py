"""Profiles count exactly while they can, stay small when they cannot, and choose a telling sample."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.profile import FieldProfile, ObjectProfile

RECORDS = st.lists(
    st.dictionaries(
        st.sampled_from(["email", "plan", "note"]),
        st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(["a@x.org", "2024-01-02"]),
    ),
    max_size=30,
)


def profiled(*records: dict[str, Any], match: tuple[str, ...] = ("email",)) -> ObjectProfile:
    profile = ObjectProfile.start(match)
    for number, fields in enumerate(records):
        profile.add(f"k{number}", fields)
    return profile


def only(profile: ObjectProfile) -> FieldProfile:
    (found,) = profile.field_profiles()
    return found


def test_empty_values_do_not_count_as_filled() -> None:
    found = only(profiled({"plan": "pro"}, {"plan": ""}, {"plan": "  "}, {"plan": None}, {}))
    assert (found.filled, found.total, found.distinct) == (1, 5, 1)


def test_distinct_values_are_exact_up_to_a_thousand() -> None:
    found = only(profiled(*({"n": f"value {n}"} for n in range(1000))))
    assert (found.distinct, found.distinct_is_exact, found.distinct_label) == (1000, True, "1000")


def test_above_a_thousand_only_that_there_are_more_is_known() -> None:
    found = only(profiled(*({"n": f"value {n}"} for n in range(3000))))
    assert (found.distinct, found.distinct_is_exact, found.distinct_label) == (1000, False, "1000+")
    assert (found.filled, found.kinds) == (3000, {"text": 3000})


def test_the_values_of_a_small_field_are_counted_one_by_one() -> None:
    found = only(profiled(*({"plan": plan} for plan in ["pro", "free", "pro"])))
    assert found.values == (("pro", 2), ("free", 1))


def test_kinds_count_values_and_not_different_values() -> None:
    found = only(profiled({"x": "true"}, {"x": "true"}, {"x": "42"}))
    assert found.kinds == {"boolean": 2, "integer": 1}


def test_the_longest_value_and_its_record_are_known() -> None:
    found = only(profiled({"x": "short"}, {"x": "y" * 5000}, {"x": "mid" * 3}))
    assert (found.longest_length, found.longest_key, len(found.longest)) == (5000, "k1", 200)


def test_the_range_of_numbers_and_of_dates_is_known() -> None:
    assert (only(profiled({"n": "9"}, {"n": "-10"})).minimum, only(profiled({"n": "9"}, {"n": "10"})).maximum) == (
        "-10",
        "10",
    )
    dates = only(profiled({"d": "2024-05-01"}, {"d": "1958-10-13"}))
    assert (dates.minimum, dates.maximum) == ("1958-10-13", "2024-05-01")


def test_the_sample_shows_the_missing_and_the_double_address() -> None:
    records = [{"email": f"p{n}@example.org", "name": "Ada"} for n in range(50)]
    records[20] = {"email": " P7@example.org", "name": "Ada"}
    records[30] = {"email": "", "name": "Ada"}
    assert {"k7", "k20", "k30"} <= set(profiled(*records).sample_keys(8))


def test_the_sample_shows_each_field_kind_and_oddity() -> None:
    records: list[dict[str, Any]] = [{"name": "Ada"} for _ in range(50)]
    records[10] = {"name": "Zoë"}
    records[20] = {"name": "42"}
    records[30] = {"name": "two\nlines"}
    records[40] = {"name": "Ada", "rare": "x"}
    assert {"k0", "k10", "k20", "k30", "k40"} <= set(profiled(*records, match=()).cover())


def test_the_sample_is_filled_up_at_random_but_always_alike() -> None:
    profile = profiled(*({"email": f"p{n}@example.org"} for n in range(500)))
    sample = profile.sample_keys(40)
    assert len(sample) == 40
    assert sample == profile.sample_keys(40)
    assert len({int(key[1:]) // 100 for key in sample}) == 5, "random keys come from everywhere"


def test_another_seed_draws_other_records() -> None:
    draws = []
    for seed in ("one", "two"):
        profile = ObjectProfile.start((), seed=seed)
        for number in range(2000):
            profile.add(str(number), {})
        draws.append(profile.sample_keys(20))
    assert draws[0] != draws[1]


def test_thousands_of_addresses_do_not_grow_the_state() -> None:
    profile = profiled(*({"email": f"p{n}@example.org"} for n in range(20_000)))
    assert len(json.dumps(profile.to_json())) < 250_000


@given(RECORDS)
def test_a_profile_survives_json(records: list[dict[str, Any]]) -> None:
    profile = profiled(*records)
    restored = ObjectProfile.from_json(json.loads(json.dumps(profile.to_json(), allow_nan=False)))
    assert restored.to_json() == profile.to_json()
    assert restored.field_profiles() == profile.field_profiles()
    assert restored.sample_keys(10) == profile.sample_keys(10)


@given(RECORDS, RECORDS)
def test_two_halves_merge_into_the_whole(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> None:
    left, right, whole = (
        ObjectProfile.start(("email",)),
        ObjectProfile.start(("email",)),
        ObjectProfile.start(("email",)),
    )
    for number, fields in enumerate([*first, *second]):
        (left if number < len(first) else right).add(f"k{number}", fields)
        whole.add(f"k{number}", fields)
    left.merge(right)
    ours = {p.name: (p.filled, p.total, p.distinct, p.kinds, p.values) for p in left.field_profiles()}
    assert ours == {p.name: (p.filled, p.total, p.distinct, p.kinds, p.values) for p in whole.field_profiles()}
    assert left.total == whole.total
    assert set(left.sample_keys(100)) == set(whole.sample_keys(100))


@pytest.mark.parametrize("halves", [(700, 700), (1500, 10), (90, 90)])
def test_merging_large_fields_keeps_the_counts(halves: tuple[int, int]) -> None:
    left = profiled(*({"x": f"a{n}"} for n in range(halves[0])))
    left.merge(profiled(*({"x": f"b{n}"} for n in range(halves[1]))))
    found = only(left)
    assert (found.filled, found.distinct) == (sum(halves), min(1000, sum(halves)))
    assert found.distinct_is_exact is (sum(halves) <= 1000)


def test_a_character_that_no_database_takes_does_not_get_into_the_state() -> None:
    assert "\\u0000" not in json.dumps(profiled({"x": "a\x00b"}).to_json()).replace("\\\\u0000", "")


def test_a_profile_can_be_made_from_samples_alone() -> None:
    found = FieldProfile.of_values("plan", ["pro", None, "free"])
    assert (found.filled, found.total, found.samples) == (2, 3, ("pro", "free"))
