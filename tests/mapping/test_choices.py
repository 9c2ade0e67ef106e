"""Options that a rule makes of the values, and what is said of a map before it is signed."""

from __future__ import annotations

import pytest

from connectors.catalogue import FieldType
from connectors.twenty.names import TwentyNaming
from mapping.apply import compile_rule
from mapping.checks import findings, map_problems, needs_companion, unmapped_values
from mapping.choices import completed
from mapping.profile import FieldProfile
from mapping.rules import Action, Choice, FieldRule, MapSpec, ObjectRule, OnError

PLAN = FieldRule(
    source="plan",
    action=Action.CREATE,
    destination="planTrait",
    type=FieldType.SELECT,
    transform="select",
    choices=(Choice(source="Free", value="FREE", label="Free"),),
    options={"create": True},
)


def spec(*fields: FieldRule) -> MapSpec:
    return MapSpec(objects=(ObjectRule(source="person", destination="person", fields=fields),))


def test_each_further_value_gets_an_option_before_the_run() -> None:
    profile = FieldProfile.of_values("plan", ["Free", "Pro, yearly", "pro yearly", "Pro"])
    made = completed(PLAN, profile, TwentyNaming())
    assert [(choice.source, choice.value) for choice in made.choices] == [
        ("Free", "FREE"),
        ("Pro", "PRO"),
        ("Pro, yearly", "PRO_YEARLY_2"),
        ("pro yearly", "PRO_YEARLY"),
    ]
    assert "," not in made.choices[2].label
    assert completed(made, profile, TwentyNaming()) == made


def test_a_value_that_comes_up_during_the_run_says_so() -> None:
    run = compile_rule(ObjectRule(source="person", destination="person", fields=(PLAN,)))
    assert "came up after the map was made" in run({"plan": "Gold"}).notes[0].sentence


def test_without_the_option_no_choice_is_made() -> None:
    rule = PLAN.model_copy(update={"options": {}})
    assert completed(rule, FieldProfile.of_values("plan", ["Pro"]), TwentyNaming()) is rule


def test_the_entries_of_lists_become_options() -> None:
    rule = PLAN.model_copy(
        update={
            "type": FieldType.MULTI_SELECT,
            "transform": "multi_select",
            "choices": (),
            "options": {"create": True, "separator": ";"},
        }
    )
    made = completed(rule, FieldProfile.of_values("plan", ["a; b", '["c"]']), TwentyNaming())
    assert [choice.value for choice in made.choices] == ["A", "B", "C"]
    run = compile_rule(ObjectRule(source="person", destination="person", fields=(made,)))
    assert run({"plan": "b;c"}).fields == {"planTrait": ["B", "C"]}


def test_a_new_field_without_options_cannot_be_made() -> None:
    assert map_problems(spec(PLAN)) == []
    problems = map_problems(spec(PLAN.model_copy(update={"choices": ()})))
    assert ["has none" in problem for problem in problems] == [True]
    twice = Choice(source="free", value="FREE", label="Gratis")
    assert "two names" in map_problems(spec(PLAN.model_copy(update={"choices": (*PLAN.choices, twice)})))[0]


AGE = FieldRule(source="age", action=Action.CREATE, destination="age", type=FieldType.NUMBER, transform="number")


@pytest.mark.parametrize(
    ("change", "needed"),
    [
        ({}, True),
        ({"raw_destination": "ageRaw"}, False),
        ({"on_error": OnError.HOLD}, False),
        ({"on_error": OnError.EMPTY}, False),
        ({"transform": "text"}, False),
        ({"action": Action.SKIP}, False),
    ],
)
def test_a_rule_that_may_leave_values_behind_is_named(change: dict[str, object], needed: bool) -> None:
    rule = AGE.model_copy(update=change)
    assert needs_companion(rule) is needed
    sentences = [finding.sentence for finding in findings(spec(rule)) if not finding.blocks]
    assert any("“age” that does not turn is listed here only" in sentence for sentence in sentences) is needed


def test_each_entry_of_a_list_that_has_no_option_is_named_with_its_records() -> None:
    rule = PLAN.model_copy(
        update={"type": FieldType.MULTI_SELECT, "transform": "multi_select", "options": {"separator": ";"}}
    )
    profile = FieldProfile.of_values("plan", ["Free; Pro", "Pro", "Pro; Gold; Pro", "Free"])
    assert unmapped_values(rule, profile) == [("Pro", 3), ("Gold", 1)]
    found = findings(spec(rule), profiles={"person": {"plan": profile}})
    assert "the values of 3 records have no option" in next(one.sentence for one in found if one.field == "plan")
