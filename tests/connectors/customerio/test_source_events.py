"""Reading activities (contracts/customerio/FACTS.md §7)."""

from __future__ import annotations

from collections import Counter

import httpx
import pytest

from connectors.customerio import activities
from connectors.customerio.fake import EmptyLists, FakeCustomerio, LastPage, Workspace
from connectors.customerio.source import CustomerioSource
from connectors.errors import Terminal
from tests.connectors.customerio.asking import DAY, NOW, Clock
from tests.connectors.customerio.sources import answering, keys, one, source_of, walk

HORRORS = {
    "big": 2**63,
    "nested": [[1, [2, {"deep": [None, True]}]]],
    "unicode": "naïve 🦊 \u202e\u0000",
    "empty": [],
    "price": 0.1,
}


@pytest.fixture
def source(fake: FakeCustomerio) -> CustomerioSource:
    return source_of(fake)


def test_an_event_keeps_its_properties_untouched(source: CustomerioSource, workspace: Workspace) -> None:
    ada = workspace.add_person(id="1", email="ada@example.com")
    workspace.add_event(ada.cio_id, "Call Logged", HORRORS, at=NOW - DAY, activity_id="01A")
    record = one(source, "event")
    assert record.key == "01A"
    assert record.fields == {
        "id": "01A",
        "type": "event",
        "name": "Call Logged",
        "timestamp": NOW - DAY,
        "url": None,
        "cio_id": ada.cio_id,
        "customer_id": "1",
        "email": "ada@example.com",
        "data": HORRORS,
    }
    assert record.refs == {"person": ("person", ada.cio_id)}


def test_page_and_screen_views_are_events_and_nothing_else_is(source: CustomerioSource, workspace: Workspace) -> None:
    ada = workspace.add_person(id="1")
    workspace.change_attributes(ada.cio_id, {"plan": "pro"})
    workspace.record("page", person=ada, url="https://example.com/pricing", data={"referrer": "x"})
    workspace.record("screen", person=ada, name="Home")
    workspace.record("a_type_of_tomorrow", person=ada, data={"entered": [3]})
    workspace.add_event(ada.cio_id, "Signed up")
    found = [record.fields for page in source.pages("event") for record in page.records]
    assert {row["type"]: row["name"] for row in found} == {
        "event": "Signed up",
        "page": "https://example.com/pricing",
        "screen": "Home",
    }
    assert next(row for row in found if row["type"] == "page")["url"] == "https://example.com/pricing"


def test_other_activities_are_kept_apart_and_unknown_types_are_listed(
    source: CustomerioSource, workspace: Workspace, companies: list[tuple[str, str]]
) -> None:
    ada = workspace.add_person(id="1")
    workspace.relate(ada.cio_id, companies[0])
    workspace.record("a_type_of_tomorrow", person=ada, data={"entered": [3]})
    workspace.record("page", person=ada, url="https://example.com")
    workspace.add_event(ada.cio_id, "Signed up")
    pages = walk(source, "history")
    records = [record for page in pages for record in page.records]
    assert Counter(record.fields["type"] for record in records) == {
        "_o:1:create": 5,
        "profile_create": 1,
        "add_relationship": 1,
        "_o:1:add_relationship": 1,
        "a_type_of_tomorrow": 1,
    }
    unknown = [record for record in records if "unknown_type" in record.meta]
    assert [record.fields["data"] for record in unknown] == [{"entered": [3]}]
    assert [dict(page.left_out) for page in pages] == [{"event": 1, "page": 1}]


def test_everything_is_an_event_or_a_history_row(source: CustomerioSource, workspace: Workspace) -> None:
    ada = workspace.add_person(id="1")
    for number in range(450):
        kind = ("event", "page", "screen", "opened_email", "mystery")[number % 5]
        workspace.record(kind, person=ada, name=f"n{number}")
    events, others = keys(walk(source, "event")), keys(walk(source, "history"))
    assert len(events) == len(set(events)) == 270
    assert {*events, *others} == {row.row["id"] for row in workspace.activities}


def test_pages_end_wherever_the_vendor_says_so(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace
) -> None:
    ada = workspace.add_person()
    expected = {workspace.add_event(ada.cio_id, f"e{number}")["id"] for number in range(250)}
    for end in LastPage:
        fake.quirks.last_page = end
        assert set(keys(walk(source, "event"))) == expected
    fake.quirks.trailing_page = frozenset({"activities"})
    fake.quirks.empty_lists = EmptyLists.EVERYWHERE
    assert set(keys(walk(source, "event"))) == expected


def test_the_markers_go_back_as_they_came(fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace) -> None:
    ada = workspace.add_person()
    for number in range(250):
        workspace.add_event(ada.cio_id, f"e{number}")
    pages = walk(source, "event")
    assert [len(page.records) for page in pages] == [100, 100, 50, 0, 0]
    asked = [httpx.QueryParams(call.query) for call in fake.calls("/v1/activities")]
    tokens = [query["start"] for query in asked if query["type"] == "event" and "start" in query]
    assert all(len(token) == 18 and token.isdigit() for token in tokens)
    assert {query["limit"] for query in asked} == {"100"}


def test_a_deleted_persons_events_stay_with_their_cio_id(source: CustomerioSource, workspace: Workspace) -> None:
    ada = workspace.add_person(id="1")
    workspace.add_event(ada.cio_id, "Signed up")
    workspace.delete_person(ada.cio_id)
    assert one(source, "event").refs == {"person": ("person", ada.cio_id)}


def test_a_suppressed_persons_events_name_nobody_and_are_still_there(
    source: CustomerioSource, workspace: Workspace
) -> None:
    ada = workspace.add_person(id="1")
    workspace.add_event(ada.cio_id, "Signed up", {"a": 1})
    workspace.suppress_person(ada.cio_id)
    record = one(source, "event")
    assert (record.fields["cio_id"], record.fields["data"], dict(record.refs)) == (None, {}, {})


def test_history_ends_after_thirty_days_and_the_future_is_there(
    source: CustomerioSource, workspace: Workspace, clock: Clock
) -> None:
    ada = workspace.add_person()
    for name, at in (("old", NOW - 31 * DAY), ("young", NOW - 29 * DAY), ("planned", NOW + DAY)):
        workspace.add_event(ada.cio_id, name, at=at)
    assert {record.fields["name"] for page in source.pages("event") for record in page.records} == {"young", "planned"}


def test_an_id_that_comes_twice_is_one_event() -> None:
    row = {"id": "01A", "type": "event", "timestamp": 5, "name": "a", "customer_identifiers": {"cio_id": "c1"}}
    source = source_of(
        answering(lambda request: {"activities": [row, row] if "type=event" in str(request.url) else []})
    )
    assert keys(walk(source, "event")) == ["01A"]


def test_rows_are_taken_as_they_come_whatever_they_lack() -> None:
    rows = [
        {"type": "event", "timestamp": 5, "name": "no id"},
        {"id": 7, "type": "event", "timestamp": None, "name": 12, "customer_identifiers": None, "data": None},
        {"id": "x", "type": "event", "timestamp": 5, "name": "list", "data": [1, 2]},
    ]
    source = source_of(answering(lambda request: {"activities": rows if "type=event" in str(request.url) else None}))
    found = [record for page in walk(source, "event") for record in page.records]
    assert [record.fields["name"] for record in found] == ["no id", "12", "list"]
    assert found[0].key.startswith("content-")
    assert (found[1].key, found[1].fields["timestamp"], found[2].fields["data"]) == ("7", None, [1, 2])


def test_the_events_of_some_people_are_read_for_a_sample(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace
) -> None:
    ada, bob = workspace.add_person(), workspace.add_person()
    workspace.add_event(ada.cio_id, "a")
    workspace.add_event(bob.cio_id, "b")
    page = source.of_people("event", [ada.cio_id, "nobody"])
    assert [record.fields["name"] for record in page.records] == ["a"]
    assert page.missing == ()


def test_what_cannot_be_asked_for_says_so(source: CustomerioSource) -> None:
    for object in ("event", "history", "suppression"):
        with pytest.raises(Terminal, match="by its key"):
            source.fetch(object, ["1"])
    with pytest.raises(Terminal, match="by person"):
        source.of_people("campaign", ["1"])


def test_rows_that_arrive_meanwhile_move_nothing(
    source: CustomerioSource, workspace: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activities, "ACTIVITIES", 10)
    ada = workspace.add_person()
    before = {workspace.add_event(ada.cio_id, f"e{number}")["id"] for number in range(35)}
    first = next(iter(source.pages("event")))
    workspace.add_event(ada.cio_id, "late")
    rest = keys(walk(source, "event", first.cursor))
    assert sorted([*keys([first]), *rest]) == sorted(before)
