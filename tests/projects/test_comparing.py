"""Comparing: quick where values are alike, and never of another opinion than the destination's own rules."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.catalogue import Field, FieldType
from connectors.twenty.values import LISTS, SUBFIELDS, canonical
from projects.pipeline.comparing import COMPOSITES, Comparer, plainly_same

texts = st.sampled_from(["", "a", "A", "ana@example.com", "https://a.example/", "+49", "DE", "3012345678", "0"])
NUMBERS_TOO = st.one_of(st.none(), texts, st.integers(-5, 5))
LISTED = st.one_of(st.none(), st.lists(texts, max_size=2))


@st.composite
def composites(draw: st.DrawFn) -> tuple[FieldType, Any, Any]:
    """A value as we mean it, and one that leaves parts of it out or writes empty ones otherwise."""
    type = draw(st.sampled_from(sorted(COMPOSITES)))
    chosen = draw(st.sets(st.sampled_from(SUBFIELDS[type]), max_size=4))
    one = {name: draw(LISTED if name in LISTS else NUMBERS_TOO) for name in chosen}
    other = {name: value for name, value in one.items() if draw(st.booleans()) or value}
    for name in draw(st.sets(st.sampled_from(SUBFIELDS[type]), max_size=2)):
        other[name] = draw(st.sampled_from([None, []] if name in LISTS else [None, ""]))
    return type, one, other


@given(composites())
def test_what_is_plainly_the_same_is_the_same_by_the_rule_too(case: tuple[FieldType, Any, Any]) -> None:
    type, one, other = case
    if plainly_same(type, one, other):
        assert canonical(type, one)[0] == canonical(type, other)[0]


stamps = st.datetimes().map(lambda moment: moment.isoformat())
zones = st.sampled_from(["", "Z", "+00:00", "+02:00", "-05:30"])


@given(stamps, zones, stamps, zones)
def test_moments_that_are_plainly_the_same_are_so_by_the_rule_too(a: str, x: str, b: str, y: str) -> None:
    for one, other in ((a + x, a + y), (a + x, b + y)):
        if plainly_same(FieldType.DATE_TIME, one, other):
            assert canonical(FieldType.DATE_TIME, one)[0] == canonical(FieldType.DATE_TIME, other)[0]


def test_every_value_is_counted_once_and_differences_are_named() -> None:
    fields = [
        Field("name", "Name", FieldType.FULL_NAME),
        Field("city", "City", FieldType.TEXT),
        Field("company", "Company", FieldType.RELATION, join_column="companyId"),
    ]
    comparer = Comparer(fields, canonical)
    meant = {"name": {"firstName": "Ana", "lastName": ""}, "city": "Porto", "companyId": "1", "position": 3}
    found = {"name": {"firstName": "Ana", "lastName": None}, "city": "porto", "companyId": "2", "position": 9}
    unequal = comparer.compare(meant, found)
    assert [(one.field, one.expected, one.found) for one in unequal] == [
        ("city", "Porto", "porto"),
        ("companyId", "1", "2"),
    ]
    comparer.miss({"city": "Lisboa", "position": 1})
    empty = {"compared": 0, "equal": 0, "by_rule": 0, "different": 0, "missing": 0}
    assert comparer.counts() == {
        "city": empty | {"compared": 1, "different": 1, "missing": 1},
        "companyId": empty | {"compared": 1, "different": 1},
        "name": empty | {"compared": 1, "by_rule": 1},
    }


def test_values_equal_by_rule_are_counted_by_the_rules_name() -> None:
    fields = [
        Field("emails", "E-mail", FieldType.EMAILS),
        Field("name", "Name", FieldType.FULL_NAME),
        Field("since", "Since", FieldType.DATE_TIME),
    ]
    comparer = Comparer(fields, canonical)
    meant = {"emails": {"primaryEmail": "Ana@X.example"}, "name": {"firstName": "A"}, "since": "2024-05-01T10:00:00Z"}
    found = {
        "emails": {"primaryEmail": "ana@x.example", "additionalEmails": []},
        "name": {"firstName": "A", "lastName": ""},
        "since": "2024-05-01T10:00:00.000Z",
    }
    assert comparer.compare(meant, found) == []
    assert comparer.rules() == {
        ("emails", "e-mail case"): 1,
        ("name", "empty parts"): 1,
        ("since", "the same moment"): 1,
    }
