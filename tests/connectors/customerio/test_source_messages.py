"""Reading messages from the first one on (contracts/customerio/FACTS.md §8)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx
import pytest

from connectors.customerio import messages
from connectors.customerio.fake import EmptyLists, FakeCustomerio, Workspace
from connectors.customerio.messages import status_of
from connectors.customerio.source import CustomerioSource
from tests.connectors.customerio.asking import DAY, NOW, Clock
from tests.connectors.customerio.sources import keys, no_sleep, one, source_of, walk


def _source(fake: FakeCustomerio, clock: Clock) -> CustomerioSource:
    source = source_of(fake)
    return CustomerioSource(source._access, sleep=no_sleep, clock=clock)


@pytest.fixture
def source(fake: FakeCustomerio, clock: Clock) -> CustomerioSource:
    return _source(fake, clock)


def _all(source: CustomerioSource) -> list[dict[str, Any]]:
    return [dict(record.fields) for page in walk(source, "message") for record in page.records]


def test_a_message_carries_its_parents_name_its_times_and_its_end(
    source: CustomerioSource, workspace: Workspace
) -> None:
    ada = workspace.add_person(id="1", email="ada@example.com")
    workspace.add("campaigns", id=4, name="Welcome series")
    metrics = {"sent": NOW - 60, "delivered": NOW - 50, "opened": NOW - 40, "secondary:delivered": NOW}
    row = workspace.add_message(
        ada.cio_id, id="m/1=", created=NOW - 60, subject="Hello", campaign_id=4, action_id=25, metrics=metrics
    )
    record = one(source, "message")
    assert record.key == row["id"] == "m/1="
    assert record.fields == {
        "id": "m/1=",
        "title": "Welcome series",
        "subject": "Hello",
        "type": "email",
        "recipient": "ada@example.com",
        "created": NOW - 60,
        "status": "delivered",
        "metrics": metrics,
        "sent_at": NOW - 60,
        "delivered_at": NOW - 50,
        "opened_at": NOW - 40,
        "clicked_at": None,
        "bounced_at": None,
        "failure_message": None,
        "parent": "campaign",
        "parent_id": "4",
        "parent_name": "Welcome series",
        "cio_id": ada.cio_id,
        "customer_id": "1",
        "email": "ada@example.com",
        "forgotten": False,
    }
    assert record.refs == {"person": ("person", ada.cio_id)}
    assert record.meta == {"campaign_id": "4", "action_id": "25"}
    assert source.fetch("message", ["m/1=", "gone"]).missing == ("gone",)
    assert source.fetch("message", ["m/1="]).records == (record,)


def test_each_kind_of_parent_gives_its_name(source: CustomerioSource, workspace: Workspace) -> None:
    for listing in ("campaigns", "broadcasts", "newsletters", "transactional"):
        workspace.add(listing, id=1, name=f"The {listing}")
    for number, parent in enumerate(("campaign_id", "broadcast_id", "newsletter_id", "transactional_message_id")):
        workspace.add_message(created=NOW - number, subject=parent, **{parent: 1})
    workspace.add_message(created=NOW - 9, subject="Orphan", campaign_id=99)
    workspace.add_message(created=NOW - 10, subject="", type="push")
    assert [row["title"] for row in _all(source)] == [
        "The campaigns",
        "The broadcasts",
        "The newsletters",
        "The transactional",
        "Orphan",
        "push",
    ]
    orphan = source.fetch("message", [row["id"] for row in _all(source) if row["title"] == "Orphan"]).records[0]
    assert "campaign 99 is not listed" in orphan.meta["parent_unknown"]


@pytest.mark.parametrize(
    ("metrics", "status"),
    [
        ({"sent": 1}, "sent"),
        ({"sent": 1, "delivered": 2}, "delivered"),
        ({"sent": 1, "opened": 2}, "delivered"),
        ({"attempted": 1}, "attempted"),
        ({"sent": 1, "bounced": 2}, "bounced"),
        ({"attempted": 1, "undeliverable": 2}, "undeliverable"),
        ({"attempted": 1, "failed": 2}, "failed"),
        ({"sent": 1, "delivered": 2, "spammed": 3}, "delivered"),
        ({"sent": 1, "secondary:bounced": 2}, "sent"),
        ({}, ""),
    ],
)
def test_the_end_of_a_message_is_one_word(metrics: dict[str, int], status: str) -> None:
    assert status_of(metrics) == status


def test_nothing_is_lost_to_the_six_months(source: CustomerioSource, workspace: Workspace) -> None:
    """Messages from 1970 to tomorrow, on the edges of windows and of spans too."""
    edges = (0, 1, messages.WINDOW - 1, messages.WINDOW, messages.SPAN - 1, messages.SPAN, 7 * messages.SPAN + 3)
    times = [*edges, *range(NOW - 3000 * DAY, NOW, 37 * DAY), NOW, NOW + 3600]
    expected = {workspace.add_message(created=at, subject=str(at))["id"] for at in times}
    found = keys(walk(source, "message"))
    assert len(found) == len(set(found)) == len(times)
    assert set(found) == expected


def test_no_request_spans_more_than_half_a_year(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace
) -> None:
    for months in (0, 5, 7, 14, 80):
        workspace.add_message(created=NOW - months * 30 * DAY)
    walk(source, "message")
    asked = [httpx.QueryParams(call.query) for call in fake.calls("/v1/messages")]
    spans = [int(query["end_ts"]) - int(query["start_ts"]) for query in asked]
    assert max(spans) < 181 * DAY
    reads = [query for query in asked if query["limit"] == "1000" and "drafts" not in query]
    assert max(int(query["end_ts"]) - int(query["start_ts"]) for query in reads) < 30 * DAY
    assert len(asked) < 500  # less than a minute at the vendor's rate for seven years


def test_drafts_are_counted_and_are_no_messages(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace
) -> None:
    workspace.add_message(created=NOW, subject="sent")
    for at in (NOW, NOW - 400 * DAY, NOW - 9000 * DAY):
        workspace.add_message(created=at, subject="draft", drafted=True)
    pages = walk(source, "message")
    assert len(keys(pages)) == 1
    assert sum((Counter(page.left_out) for page in pages), Counter()) == {"draft": 3}
    assert sum((Counter(page.left_out) for page in source.pages("message")), Counter()) == {"draft": 3}


def test_a_full_window_is_read_page_by_page(
    source: CustomerioSource, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "MESSAGES", 10)
    expected = {workspace.add_message(created=NOW - number * 3600)["id"] for number in range(64)}
    pages = walk(source, "message")
    assert sorted(keys(pages)) == sorted(expected)
    assert 10 <= max(len(page.records) for page in pages) < 20
    for page in pages[:-1]:
        assert next(iter(source.pages("message", page.cursor))) in pages


def test_null_lists_end_a_window(fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace) -> None:
    fake.quirks.empty_lists = EmptyLists.EVERYWHERE
    workspace.add_message(created=NOW - 500 * DAY, subject="one")
    assert [row["subject"] for row in _all(source)] == ["one"]


def test_late_metrics_are_found_by_reading_the_last_months_again(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace, clock: Clock
) -> None:
    old = workspace.add_message(created=NOW - 300 * DAY)
    new = workspace.add_message(created=NOW - 20 * DAY)
    walk(source, "message")
    clock.time += 10 * DAY
    workspace.add_metric(new["id"], "opened", at=NOW + 9 * DAY)
    again = [record for page in _source(fake, clock).recent_messages(days=60) for record in page.records]
    assert [(record.key, record.fields["opened_at"]) for record in again] == [(new["id"], NOW + 9 * DAY)]
    assert old["id"] in keys(_source(fake, clock).recent_messages(days=400))


def test_messages_that_come_while_reading_are_left_for_the_next_time(
    source: CustomerioSource, workspace: Workspace, clock: Clock
) -> None:
    workspace.add_message(created=NOW)
    first = next(iter(source.pages("message")))
    clock.time += 40 * DAY
    workspace.add_message(created=int(clock.time))
    assert first.cursor is not None
    assert len(keys(walk(source, "message", first.cursor))) == 1


def test_the_latest_messages_of_some_people_are_read_for_a_sample(
    source: CustomerioSource, workspace: Workspace
) -> None:
    ada, bob = workspace.add_person(), workspace.add_person()
    mine = [workspace.add_message(ada.cio_id, created=NOW - age * DAY)["id"] for age in (1, 100)]
    workspace.add_message(ada.cio_id, created=NOW, drafted=True)
    workspace.add_message(ada.cio_id, created=NOW - 300 * DAY)
    workspace.add_message(bob.cio_id, created=NOW)
    page = source.of_people("message", [ada.cio_id, "gone"])
    assert (keys([page]), page.missing) == (mine, ("gone",))
    assert page.records[0].refs == {"person": ("person", ada.cio_id)}


def test_forgotten_people_have_messages_without_a_recipient(source: CustomerioSource, workspace: Workspace) -> None:
    ada = workspace.add_person(id="1", email="ada@example.com")
    workspace.add_message(ada.cio_id, created=NOW, subject="Hello")
    workspace.suppress_person(ada.cio_id)
    record = one(source, "message")
    assert (record.fields["recipient"], record.fields["forgotten"], dict(record.refs)) == (None, True, {})


def test_texts_have_a_quota_of_their_own_and_say_when_there_are_more(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace, clock: Clock
) -> None:
    row = workspace.add_message(created=NOW, body="<p>Hello</p>")
    body = source.archived_body(row["id"])
    assert body.message is not None
    assert (body.message["body"], body.left, body.sentence) == ("<p>Hello</p>", 99, "")
    for _ in range(99):
        body = source.archived_body(row["id"])
    assert body.left == 0
    body = source.archived_body(row["id"])
    assert (body.message, body.try_after) == (None, (NOW // DAY + 1) * DAY)
    assert "used up: try again after" in body.sentence
    # It was not asked for once more, and everything else goes on.
    assert len(fake.calls("*archived_message")) == 100
    assert len(walk(source, "message")) > 0
    clock.time = (NOW // DAY + 1) * DAY
    assert source.archived_body(row["id"]).message is not None


def test_a_quota_that_another_used_up_is_told_without_waiting(
    fake: FakeCustomerio, workspace: Workspace, clock: Clock
) -> None:
    row = workspace.add_message(created=NOW)
    for _ in range(100):
        _source(fake, clock).archived_body(row["id"])
    waits: list[float] = []
    access = source_of(fake)._access
    other = CustomerioSource(access, sleep=waits.append, clock=clock)
    body = other.archived_body(row["id"])
    assert (body.message, body.left, waits) == (None, 0, [])
    assert other.check().account == "Workspace 1"
    assert (other.calls.get("refused", 0), waits) == (0, [])


def test_the_text_of_a_message_that_is_gone(source: CustomerioSource) -> None:
    body = source.archived_body("gone")
    assert (body.message, body.try_after) == (None, None)
    assert "no text" in body.sentence


def test_no_text_is_ever_part_of_a_reading(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace
) -> None:
    workspace.add_message(created=NOW, body="secret")
    walk(source, "message")
    source.catalogue()
    assert fake.calls("*archived_message") == []
