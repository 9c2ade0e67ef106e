"""What the documents say, word by word: filters of campaigns, tallies of messages, criteria laid out, spans of time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.documents import pdf
from projects.documents.automations import automation_of
from projects.documents.deliveries import sentence
from projects.documents.segments import laid_out
from projects.grading import spell_hours

LEAVES = st.fixed_dictionaries(
    {"attribute": st.fixed_dictionaries({"field": st.text(max_size=8), "operator": st.just("eq"), "value": st.text()})}
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"and": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda parts: {"or": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=12,
)


@given(TREES)
def test_criteria_that_are_laid_out_are_the_same_json(tree: Any) -> None:
    assert json.loads(laid_out(tree)) == tree


def test_each_condition_stands_on_a_line_of_its_own() -> None:
    tree = {"or": [{"and": [{"attribute": {"field": "a"}}, {"segment": {"id": 2}}]}, {"attribute": {"field": "b"}}]}
    assert laid_out(tree).splitlines() == [
        '{"or": [',
        '  {"and": [',
        '    {"attribute": {"field": "a"}},',
        '    {"segment": {"id": 2}}',
        "  ]},",
        '  {"attribute": {"field": "b"}}',
        "]}",
    ]


def test_a_filter_on_objects_is_said_in_words() -> None:
    condition = {"object_attribute": {"field": "chamber", "operator": "eq", "value": "senate", "type_id": "1"}}
    row = {"key": "3", "type": "event", "filters": {"filter_object_attributes": {"and": [condition]}}}
    assert automation_of("campaign", row, {}).filters == ("have an object for which “chamber” is “senate”",)


def test_a_newsletter_says_when_it_was_sent_and_what_takes_its_place() -> None:
    row = {"key": "1", "name": "News", "state": "sent", "sent_at": 1_700_000_000, "recipients": [{"id": "5"}]}
    made = automation_of("newsletter", row, {"5": "Readers"}, {"delivered": 110, "opened": 20, "bounced": 1})
    assert made.started == "2023-11-14, 22:13 UTC"
    assert made.targets == ("Readers",)
    assert made.statistics == ("131 messages of it were read: 110 delivered, 20 opened, 1 bounced",)
    assert "an e-mail tool that is fed from the View or list" in made.no_counterpart[0]
    assert made.recipe == ("Send it to yourself from the new tool, and compare it with the text here.",)


def test_a_text_without_a_language_is_the_default_one() -> None:
    steps = [{"id": 1, "type": "email", "languages": ["es"]}, {"id": 2, "type": "email"}, {"id": 3, "type": "webhook"}]
    row = {"key": "1", "type": "segment", "languages": ["es"], "actions": steps}
    assert automation_of("campaign", row, {}).languages == ("default", "es")
    assert automation_of("campaign", {**row, "actions": steps[:1]}, {}).languages == ("es",)


def test_nothing_was_sent_says_nothing() -> None:
    assert sentence({}) == ""
    assert sentence({"sent": 1}) == "1 message of it was read: 1 sent"


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (0, "a minute or less"), (0.01, "a minute or less"), (0.2, "about 12 minutes"), (1, "about one hour"),
        (1.25, "about 1.2 hours"), (3, "about 3 hours"), (1200, "about 1,200 hours"),
    ],
)  # fmt: skip
def test_a_span_of_time_is_never_nought_hours(hours: float, said: str) -> None:
    assert spell_hours(hours) == said


def test_a_long_document_is_set_in_a_process_of_its_own_and_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    content = {
        "project": "congress", "log": {"since": "2026-10-26T05:16:00", "read_to": "2026-11-26T05:16:00"},
        "counts": {"deleted": 0, "returned": 0, "merged": 0, "billable": None, "expected": None, "migrated": None}
        | {"in_destination": 0, "in_bin": 0},
        "acknowledged": "not yet", "deleted": [], "do_not_contact": [], "integrations": [],
    }  # fmt: skip
    here = pdf.render("audit", content)
    monkeypatch.setattr(pdf, "LARGE", 0)
    there = pdf.render("audit", content)
    assert there.startswith(b"%PDF")
    assert abs(len(here) - len(there)) < 200
    with pytest.raises(pdf.Unprintable, match="counts"):
        pdf.render("audit", {"project": "congress"})
