"""Segment criteria against View filters: both sides are evaluated on made-up people, and no translation is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.catalogue import FieldType
from mapping.criteria import Attribute, Event, Group, Node, Not, Segment, Unknown, parse, words
from mapping.exact import read_number
from mapping.transforms import Unturned, turn
from mapping.view_filters import AnyFilter, Filter, FilterGroup, Landing, Shows, Target, Translation, translate

LABELLED = json.loads((Path(__file__).parent / "data" / "criteria.json").read_text())
NAMES = {"7": "By hand", "9": "Pro plan", "20": "Itself"}

VALUES: dict[str, tuple[str, ...]] = {
    "plan": ("pro", "free", "enterprise"),
    "tier": ("gold", "Gold", "silver"),
    "seats": ("0", "3", "5", "10", " 10", "10.5", "20", "21"),
    "score": ("1", "7", "9.5"),
    "quota": ("1", "6", "none"),
    "vip": ("true", "false"),
    "city": ("Lyon", "lyon", "Lyon-Vaise 69009", "69", "Bayonne", "5%", "50 %", "a\\b", "Ly_on"),
    "email": ("p1@example.com", "P1@example.com", "xp1@example.com", "not an address", "mailto:p1@example.com"),
    "first_name": ("Ada", "Grace"),
    "signed_up": ("1699999999", "1700000000", "1700000001"),
    "created_at": ("1600000000", "1700000001"),
    "shoe_size": ("43", "44"),
}

PLANS = {"choices": {"pro": "PRO", "free": "FREE", "enterprise": "ENTERPRISE"}}
TIERS = {"choices": {"gold": "GOLD", "Gold": "GOLD", "silver": "SILVER"}}


def turned(name: str, transform: str, options: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the profile knows of an attribute with few values."""
    made: dict[str, Any] = {}
    for value in VALUES[name]:
        try:
            made[value] = turn(transform, value, options)
        except Unturned:
            made[value] = None
    return made


NUMBERS = frozenset({"integer", "decimal"})
MIXED = NUMBERS | {"text"}
TARGETS = {
    "plan": Target("plan", FieldType.SELECT, "", "select", PLANS, turned("plan", "select", PLANS), companion="planRaw"),
    "tier": Target("tier", FieldType.SELECT, "", "select", TIERS, turned("tier", "select", TIERS), companion="tierRaw"),
    "seats": Target("seats", FieldType.NUMBER, "", "number", kinds=NUMBERS, companion="seatsRaw"),
    "score": Target("score", FieldType.NUMBER, "", "number", {}, turned("score", "number"), NUMBERS, "scoreRaw"),
    "quota": Target("quota", FieldType.NUMBER, "", "number", {}, turned("quota", "number"), MIXED, "quotaRaw"),
    "vip": Target("vip", FieldType.BOOLEAN, "", "boolean", {}, turned("vip", "boolean")),
    "city": Target("city", FieldType.TEXT),
    "email": Target("emails", FieldType.EMAILS, "primaryEmail", "email", companion="emailRaw"),
    "first_name": Target("name", FieldType.FULL_NAME, "firstName"),
    "signed_up": Target("signedUp", FieldType.DATE_TIME, "", "datetime", kinds=frozenset({"epoch"}), companion="sRaw"),
    "created_at": Target(
        "createdAt", FieldType.DATE_TIME, "", "datetime", kinds=frozenset({"epoch"}), made_up=True
    ),
}  # fmt: skip

CRITERIA: dict[str, Node | None] = {
    "9": parse({"and": [{"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}]}),
    "7": None,
    "20": parse({"or": [{"segment": {"id": 20}}]}),
}
LANDING = Landing(TARGETS, tags={"7": "BY_HAND", "9": "PRO_PLAN"}, segments=CRITERIA)


Happening = tuple[str, int, dict[str, Any]]


class Person:
    """Somebody at the source: attributes, events as (name, seconds ago, properties), and segments filled by hand."""

    def __init__(
        self, attributes: dict[str, str], events: list[tuple[str, int, dict[str, Any]]], by_hand: bool
    ) -> None:
        self.attributes, self.events, self.by_hand = attributes, events, by_hand


def meets(person: Person, node: Node, *, same_case: bool) -> bool:
    """Whether Customer.io would count a person in; `same_case`: whether it looks at capitals, which nobody says."""
    if isinstance(node, Group):
        return (all if node.operator == "and" else any)(meets(person, one, same_case=same_case) for one in node.parts)
    if isinstance(node, Not):
        return not meets(person, node.part, same_case=same_case)
    if isinstance(node, Segment):
        criteria = CRITERIA.get(node.id)
        if node.id == "20" or node.id not in CRITERIA:
            return bool(person.events)  # nobody can tell: something that a View cannot know
        return person.by_hand if criteria is None else meets(person, criteria, same_case=same_case)
    if isinstance(node, Event):
        return sum(name == node.name and ago <= (node.within or ago) for name, ago, _ in person.events) >= node.times
    if isinstance(node, Unknown):
        return bool(person.events)
    return holds(person.attributes.get(node.field), node, same_case)


def holds(value: str | None, node: Attribute, same_case: bool) -> bool:
    if value is None:
        return False
    if node.operator == "exists":
        return bool(value)
    if node.operator == "eq":
        return value == str(node.value)
    if node.operator == "in":
        return value in [str(one) for one in node.value]
    wanted, there = (str(node.value), value) if same_case else (str(node.value).lower(), value.lower())
    texts: dict[str, Callable[[], bool]] = {
        "contains": lambda: wanted in there,
        "starts_with": lambda: there.startswith(wanted),
        "ends_with": lambda: there.endswith(wanted),
    }
    if node.operator in texts:
        return texts[node.operator]()
    try:
        left, right = float(value), float(str(node.value))
    except ValueError:
        return False
    return {"gt": left > right, "gte": left >= right, "lt": left < right, "lte": left <= right}[node.operator]


def landed(person: Person, empty_boolean: bool | None) -> dict[str, Any]:
    """The record that the map makes of a person."""
    record: dict[str, Any] = {"createdAt": "2026-11-26T00:00:00.000Z", "tags": ["BY_HAND"] if person.by_hand else []}
    record["vip"] = empty_boolean
    for name, value in person.attributes.items():
        target = TARGETS.get(name)
        if target is None:
            continue
        where = f"{target.field}.{target.sub}" if target.sub else target.field
        try:
            record[where] = turn(target.transform, value, target.options)
        except Unturned:
            record[target.companion] = value
    return record


def shown(record: dict[str, Any], one: AnyFilter) -> bool | None:
    """What Twenty's front end makes of a filter, in SQL's three values."""
    if isinstance(one, FilterGroup):
        found = [shown(record, part) for part in one.parts]
        sure = one.operator == "OR"
        return sure if sure in found else None if None in found else not sure
    value = record.get(f"{one.field}.{one.sub}" if one.sub else one.field)
    return matched(value, one)


def matched(value: Any, one: Filter) -> bool | None:
    if one.operand in ("IS_EMPTY", "IS_NOT_EMPTY"):
        return (value in (None, "", [])) == (one.operand == "IS_EMPTY")
    if isinstance(value, list):
        found = bool(set(value) & set(one.value))
        return found if one.operand == "CONTAINS" else not found
    if value is None:
        return None
    if one.operand in ("CONTAINS", "DOES_NOT_CONTAIN"):
        assert isinstance(one.value, str)
        return bool(ilike(one.value).search(value)) == (one.operand == "CONTAINS")
    if isinstance(one.value, tuple):
        return (value in one.value) == (one.operand == "IS")
    if isinstance(value, bool):
        assert one.operand == "IS"
        return str(value).lower() == one.value
    if one.operand in ("IS_BEFORE", "IS_AFTER"):
        return (value < one.value) == (one.operand == "IS_BEFORE")
    number = float(one.value)
    return {
        "IS": value == number,
        "IS_NOT": value != number,
        "GREATER_THAN_OR_EQUAL": value >= number,
        "LESS_THAN_OR_EQUAL": value <= number,
    }[one.operand]


def ilike(pattern: str) -> re.Pattern[str]:
    """`%pattern%` as PostgreSQL reads it: % and _ stand for anything, a backslash for the character after it."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    sign = {"%": ".*", "_": "."}
    return re.compile("".join(sign.get(part) or re.escape(part[-1]) for part in parts), re.IGNORECASE | re.DOTALL)


def check(made: Translation, node: Node, person: Person) -> None:
    """That the view relates to the segment as the translation says, whatever is not known of either side."""
    if made.filter is None:
        return
    for same_case in (True, False):
        for empty_boolean in (None, False):
            inside = meets(person, node, same_case=same_case)
            seen = shown(landed(person, empty_boolean), made.filter) is True
            if made.shows in (Shows.SAME, Shows.MORE):
                assert seen or not inside, (made, person.attributes)
            if made.shows in (Shows.SAME, Shows.FEWER):
                assert inside or not seen, (made, person.attributes)


people = st.builds(
    Person,
    st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in VALUES.items()}),
    st.lists(
        st.tuples(st.sampled_from(["purchase", "login"]), st.integers(0, 9_000_000), st.just({"total": "5"})),
        max_size=4,
    ),
    st.booleans(),
)

leaves = st.one_of(
    st.sampled_from(sorted(VALUES)).flatmap(
        lambda name: st.one_of(
            st.just({"attribute": {"field": name, "operator": "exists"}}),
            st.builds(
                lambda operator, value: {"attribute": {"field": name, "operator": operator, "value": value}},
                st.sampled_from(["eq", "ne", "contains", "starts_with", "gt", "gte", "lt", "lte"]),
                st.sampled_from(VALUES[name]),
            ),
        )
    ),
    st.sampled_from([7, 9, 20, 99]).map(lambda id: {"segment": {"id": id}}),
    st.builds(
        lambda times, within, inverse: {
            "event": {"name": "purchase"}, "times": times, "within": within, "inverse": inverse
        },
        st.integers(1, 3), st.sampled_from([60, 86_400]), st.booleans(),
    ),
)  # fmt: skip

trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(
            lambda word, parts: {word: parts}, st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3)
        ),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=8,
)


def test_there_are_sixty_labelled_criteria_and_no_two_alike() -> None:
    assert len(LABELLED) >= 60
    assert len({json.dumps(one["criteria"]) for one in LABELLED}) == len(LABELLED)


@pytest.mark.parametrize("labelled", LABELLED, ids=lambda one: str(one["name"]))
def test_a_labelled_criterion_is_translated_as_labelled(labelled: dict[str, Any]) -> None:
    made = translate(parse(labelled["criteria"]), LANDING)
    assert made.how == labelled["how"]
    if labelled["shows"]:
        assert made.shows == labelled["shows"]
    if made.how != "exactly":
        assert made.left_out
    if "words" in labelled:
        assert words(parse(labelled["criteria"]), NAMES) == labelled["words"]


@pytest.mark.parametrize("labelled", LABELLED, ids=lambda one: str(one["name"]))
@settings(max_examples=60, deadline=None)
@given(person=people)
def test_no_labelled_criterion_is_translated_wrongly(labelled: dict[str, Any], person: Person) -> None:
    node = parse(labelled["criteria"])
    check(translate(node, LANDING), node, person)


@settings(max_examples=1500, deadline=None)
@given(criteria=trees, person=people)
def test_no_criterion_whatsoever_is_translated_wrongly(criteria: dict[str, Any], person: Person) -> None:
    node = parse(criteria)
    check(translate(node, LANDING), node, person)


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["and", "or", "not", "attribute", "event", "segment", "field", "operator", "value", "id", "x"]),
        inner, max_size=3,
    ),
    max_leaves=12,
))  # fmt: skip
def test_nothing_that_may_come_breaks_the_reading(raw: Any) -> None:
    node = parse(raw)
    assert words(node)
    translate(node, LANDING)


def test_what_cannot_be_read_is_quoted_as_it_came() -> None:
    raw = {"device": {"platform": "ios"}}
    assert words(parse({"and": [raw]})) == f"a condition that cannot be read: {json.dumps(raw)}"


def test_a_number_is_written_into_a_filter_as_it_stands() -> None:
    made = translate(parse({"attribute": {"field": "seats", "operator": "gte", "value": "10"}}), LANDING)
    assert made.filter == Filter("seats", "GREATER_THAN_OR_EQUAL", str(read_number("10")))
