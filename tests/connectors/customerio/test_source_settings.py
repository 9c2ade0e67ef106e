"""Reading a workspace's settings and suppressed addresses (contracts/customerio/FACTS.md §12)."""

from __future__ import annotations

import json

import pytest

from connectors.customerio import settings
from connectors.customerio.fake import FakeCustomerio, Workspace
from connectors.customerio.source import CustomerioSource
from tests.connectors.customerio.asking import NOW
from tests.connectors.customerio.sources import keys, one, source_of, walk

SETTINGS = {
    "snippet": "snippets",
    "collection": "collections",
    "topic": "subscription_topics",
    "reporting_webhook": "reporting_webhooks",
    "sender": "sender_identities",
}


@pytest.fixture
def source(fake: FakeCustomerio) -> CustomerioSource:
    return source_of(fake)


@pytest.mark.parametrize(("kind", "listing"), list(SETTINGS.items()))
def test_every_setting_is_read_and_counted(
    source: CustomerioSource, workspace: Workspace, kind: str, listing: str
) -> None:
    for number in range(230):
        workspace.add(listing, name=f"n{number:03}")
    pages = walk(source, kind)
    assert len(set(keys(pages))) == 230 == source.count(kind)
    assert {record.fields["name"] for page in pages for record in page.records} == {f"n{n:03}" for n in range(230)}
    first = keys(pages)[0]
    page = source.fetch(kind, [first, "nothing"])
    assert (keys([page]), page.missing) == ([first], ("nothing",))


def test_a_snippet_is_known_by_its_name(source: CustomerioSource, workspace: Workspace) -> None:
    workspace.add("snippets", name="address", value="1 Main St", updated_at=NOW)
    record = one(source, "snippet")
    assert (record.key, record.fields) == ("address", {"name": "address", "value": "1 Main St", "updated_at": NOW})


@pytest.mark.parametrize("hidden_only", [True, False])
def test_hidden_senders_are_read_too(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace, hidden_only: bool
) -> None:
    fake.quirks.hidden_senders_only = hidden_only
    workspace.add("sender_identities", name="Shown")
    workspace.add("sender_identities", name="Hidden", hidden=True)
    found = {record.fields["name"]: record for page in source.pages("sender") for record in page.records}
    assert set(found) == {"Shown", "Hidden"}
    assert found["Hidden"].fields["hidden"] is True


def test_a_reporting_webhooks_address_is_masked(source: CustomerioSource, workspace: Workspace) -> None:
    secret = "a1b2c3d4e5f6g7h8"
    workspace.add("reporting_webhooks", name="CRM", endpoint=f"https://x:{secret}@example.com/in?token={secret}")
    fields = one(source, "reporting_webhook").fields
    assert secret not in json.dumps(dict(fields))
    assert fields["endpoint"] == "https://•••@example.com/in?token=•••"


def test_suppressed_addresses_are_read_to_the_end_of_each_list(
    source: CustomerioSource, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "SUPPRESSIONS", 10)
    for number in range(25):
        workspace.add("suppressions", type="bounces", email=f"p{number}@example.com", reason="no such user")
    workspace.add("suppressions", type="spam_reports", email="p1@example.com")
    workspace.add("suppressions", type="spam_reports", email="other@example.com", domain="other.example")
    pages = walk(source, "suppression")
    assert len(keys(pages)) == 27
    record = pages[0].records[0]
    assert record.key == "bounces:p0@example.com"
    assert record.fields["reason"] == "no such user"
    assert "spam_reports:p1@example.com" in keys(pages)
    for number, page in enumerate(pages[:-1], 1):
        assert next(iter(source.pages("suppression", page.cursor))) == pages[number]


@pytest.mark.parametrize("number", [0, 1, 100, 101])
def test_senders_end_although_next_does_not(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace, number: int
) -> None:
    for at in range(number):
        workspace.add("sender_identities", name=f"n{at}")
    assert source.count("sender") == number
    fake.quirks.trailing_page = frozenset({"sender_identities"})
    assert source.count("sender") == number
