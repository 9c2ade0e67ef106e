"""Calls, meetings, notes and tasks among events: what is proposed, what only named, and what is left alone."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.activities import judge, propose_activities, rule_for
from mapping.drafting import Happening, draft, plain_text, storable_json
from mapping.happenings import Happenings, Stream, at_path, leaves
from mapping.rules import Action, ActivityRule, Home, Kind


def stream(name: str, *properties: str, per_person: float = 1.0) -> Stream:
    return Stream("event", name, 10, dict.fromkeys(properties, 10), {}, (), per_person)


@pytest.mark.parametrize(
    ("name", "properties", "kind"),
    [
        ("call_logged", ("duration",), Kind.CALL),
        ("Outbound Call Completed", ("disposition",), Kind.CALL),
        ("aircallCallEnded", ("recording_url",), Kind.CALL),
        ("Meeting Booked", ("start_time", "location"), Kind.MEETING),
        ("calendly.invitee.created", ("start_time",), Kind.MEETING),
        ("appointment-rescheduled", ("starts_at",), Kind.MEETING),
        ("crm_note_added", ("body",), Kind.NOTE),
        ("Meeting Note Added", ("content",), Kind.NOTE),
        ("SFDC Task Created", ("ActivityDate", "Status"), Kind.TASK),
        ("follow_up_due", ("due_date",), Kind.TASK),
    ],
)
def test_a_name_with_a_typical_property_is_proposed(name: str, properties: tuple[str, ...], kind: Kind) -> None:
    (rule,) = propose_activities([stream(name, *properties)], [])
    assert (rule.kind, rule.alternative) == (kind, None)
    assert rule.confidence >= 0.7
    assert kind.value in rule.reason


@pytest.mark.parametrize(
    "name",
    ["api_call", "call_to_action_clicked", "cta_viewed", "recall_started", "zoom_in", "order_placed", "demo_viewed"],
)
def test_what_only_sounds_like_an_engagement_stays_an_event(name: str) -> None:
    judged = judge(stream(name, "duration", "due_date"))
    assert judged.kind is Kind.EVENT


@pytest.mark.parametrize(
    "weak",
    [
        stream("call_logged"),
        stream("task_completed", "project_id", "due_date"),
        stream("note_created", "notebook_id", "body"),
        stream("call_started", "duration", per_person=40),
    ],
)
def test_a_weak_one_stays_an_event_with_the_alternative_named(weak: Stream) -> None:
    (rule,) = propose_activities([weak], [])
    assert rule.kind is Kind.EVENT
    assert rule.home is Home.ACTIVITY
    assert rule.alternative in (Kind.CALL, Kind.TASK, Kind.NOTE)
    assert "unless you say" in rule.reason


def test_a_generic_event_is_split_by_the_property_that_tells_its_kind() -> None:
    seen = Happenings()
    for kind, number in (("CALL", 3), ("NOTE", 2), ("FAX", 1)):
        for _ in range(number):
            seen.add("hubspot_engagement_created", {"engagement": {"type": kind}, "metadata": {"body": "x"}})
    rules = propose_activities(seen.streams("event"), ["event"])
    by_value = {rule.equals: rule for rule in rules}
    assert (by_value["CALL"].kind, by_value["CALL"].count) == (Kind.CALL, 3)
    assert (by_value["NOTE"].home, by_value["NOTE"].parts["body"]) == (Home.COMMENT, "metadata.body")
    data = {"engagement": {"type": "NOTE"}}
    assert rule_for(rules, "event", "hubspot_engagement_created", data) is by_value["NOTE"]
    other = rule_for(rules, "event", "hubspot_engagement_created", {"engagement": {"type": "FAX"}})
    assert other is not None
    assert other.kind is Kind.EVENT


def test_an_object_type_of_tasks_is_proposed_and_one_of_products_is_not() -> None:
    tasks = Stream("object:4", "Task", 10, {"due_date": 10, "status": 10}, {})
    products = Stream("object:5", "Product", 10, {"name": 10}, {})
    assert [(rule.source, rule.kind) for rule in propose_activities([tasks, products], [])] == [("object:4", Kind.TASK)]


def test_an_object_type_whose_records_tell_their_kind_leaves_none_of_them_behind() -> None:
    told = Stream("object:6", "Activity", 5, {"type": 5}, {"type": {"CALL": 3, "FAX": 2}})
    rules = propose_activities([told], [])
    kinds = {value: rule_for(rules, "object:6", "", {"type": value}) for value in ("CALL", "FAX", "SMS")}
    assert {value: rule and rule.kind for value, rule in kinds.items()} == {
        "CALL": Kind.CALL,
        "FAX": Kind.EVENT,
        "SMS": Kind.EVENT,
    }


def test_a_weak_object_type_is_left_an_object_until_somebody_says_otherwise() -> None:
    (rule,) = propose_activities([Stream("object:4", "Note", 10, {"colour": 10}, {})], [])
    assert (rule.action, rule.alternative) == (Action.SKIP, Kind.NOTE)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=5))
def test_properties_survive_whole_or_stand_beside_to_the_letter(properties: dict[str, object]) -> None:
    made = draft(ActivityRule(source="event"), Happening("1", "event", "x", 1_700_000_000, properties)).fields
    text = json.dumps(made, ensure_ascii=False)
    assert "\x00" not in text
    if "propertiesRaw" in made:
        assert json.loads(made["propertiesRaw"]) == properties
    else:
        assert made.get("properties", {}) == properties
        assert storable_json(properties) == (properties, True)


@given(st.dictionaries(st.text(max_size=4), json_values, max_size=4))
def test_every_path_of_a_property_leads_back_to_its_value(properties: dict[str, object]) -> None:
    for path, value in leaves(properties):
        if path.count(".") == 0:
            assert at_path(properties, path) == value


@pytest.mark.parametrize(
    ("at", "stored"),
    [
        (158889600, "1975-01-14T00:00:00.000Z"),
        (-86_400, "1969-12-31T00:00:00.000Z"),
        (1_700_000_000.123, "2023-11-14T22:13:20.123Z"),
        (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
        ("2024-05-01T10:00:00+02:00", "2024-05-01T08:00:00.000Z"),
    ],
)
def test_times_of_any_age_are_kept(at: object, stored: str) -> None:
    fields = draft(ActivityRule(source="event"), Happening("1", "event", "x", at, {})).fields
    assert fields["happenedAt"] == fields["createdAt"] == stored


@pytest.mark.parametrize("at", [None, "", "yesterday", True])
def test_what_has_no_time_is_held(at: object) -> None:
    assert draft(ActivityRule(source="event"), Happening("1", "event", "x", at, {})).hold == "no_time"


def test_a_note_in_html_becomes_lines_of_text() -> None:
    html = "<p>Called <b>her</b></p><ul><li>one</li><li>two &amp; a half</li></ul><script>alert(1)</script>"
    assert plain_text(html) == "Called her\n\n- one\n\n- two & a half"
    assert plain_text("a < b and # c") == "a < b and # c"


def test_names_beyond_the_three_hundredth_are_counted_and_cost_nothing() -> None:
    seen = Happenings()
    for number in range(1000):
        seen.add(f"event {number}", {"n": number})
    again = Happenings.from_json(json.loads(json.dumps(seen.to_json())))
    assert (len(again.streams("event")), again.beyond) == (300, 700)
