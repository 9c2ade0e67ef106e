"""Reading campaigns, broadcasts, newsletters and transactional messages (contracts/customerio/FACTS.md §9, §10)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.customerio import automations
from connectors.customerio.automations import gaps, trigger_type
from connectors.customerio.fake import FakeCustomerio, Workspace
from connectors.customerio.source import CustomerioSource
from tests.connectors.customerio.asking import NOW
from tests.connectors.customerio.sources import answering, keys, one, source_of, walk

FILTER = {"and": [{"object_attribute": {"type_id": 1, "field": "name", "operator": "eq", "value": "Acme"}}]}
KINDS = ("campaign", "broadcast", "newsletter", "transactional")
LISTINGS = ("campaigns", "broadcasts", "newsletters", "transactional")


@pytest.fixture
def source(fake: FakeCustomerio) -> CustomerioSource:
    return source_of(fake)


def _step(workspace: Workspace, id: int, campaign: int = 4, **fields: Any) -> None:
    workspace.add("campaign_actions", id=id, campaign_id=campaign, **fields)


def test_a_campaign_is_read_whole(source: CustomerioSource, workspace: Workspace) -> None:
    workspace.add_segment("Trial users")
    workspace.add_segment("Archived", archived=True)
    workspace.add("campaigns", id=4, name="Welcome", description="Hi", trigger_segment_ids=[1], filter_segment_ids=[2])
    _step(workspace, 25, name="First", subject="Hello", body="<p>Hello</p>", headers='[{"name":"X-Tag","value":"t"}]')
    fields = one(source, "campaign").fields
    assert (fields["id"], fields["name"], fields["description"], fields["state"]) == ("4", "Welcome", "Hi", "running")
    assert (fields["type"], fields["type_inferred"]) == ("segment", False)
    assert fields["trigger"] == {"trigger_segment_ids": [{"id": "1", "name": "Trial users"}]}
    archived = {"id": "2", "name": None, "note": "not listed: archived or deleted"}
    assert fields["filters"] == {"filter_segment_ids": [archived]}
    (step,) = fields["actions"]
    assert (step["id"], step["subject"], step["body"]) == ("25", "Hello", "<p>Hello</p>")
    assert step["headers"] == [{"name": "X-Tag", "value": "t"}]
    assert any("waits" in text for text in fields["not_exposed"])
    json.dumps(fields)


@pytest.mark.parametrize("as_strings", [True, False])
def test_filters_are_parsed_as_json_and_as_json_in_a_string(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace, as_strings: bool
) -> None:
    fake.quirks.json_string_filters = as_strings
    workspace.add(
        "campaigns",
        type="object",
        object_type_id=1,
        object_attribute_triggers=FILTER,
        filter_object_attributes=FILTER,
        audience={"type": 1, "person_filters": FILTER},
    )
    fields = one(source, "campaign").fields
    assert fields["trigger"]["object_attribute_triggers"] == FILTER
    assert fields["trigger"]["audience"] == {"type": 1, "person_filters": FILTER}
    assert fields["filters"] == {"filter_object_attributes": FILTER}


def test_a_filter_that_is_no_json_stays_text(source: CustomerioSource, workspace: Workspace) -> None:
    workspace.add("campaigns", type="object", filter_object_attributes="{not json")
    assert one(source, "campaign").fields["filters"] == {"filter_object_attributes": "{not json"}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"type": "form"}, "form"),
        ({"trigger_segment_ids": [1]}, "segment"),
        ({"event_name": "signup"}, "event"),
        ({"date_attribute": "renewal"}, "date"),
        ({"object_type_id": 1, "object_attribute_triggers": "{}"}, "object"),
        ({"object_type_id": 1, "relationship_attribute_triggers": "{}"}, "relationship"),
        ({"webhook_id": 3}, "webhook"),
        ({"type": None, "trigger_segment_ids": []}, ""),
    ],
)
def test_what_starts_a_campaign_is_inferred_where_the_type_is_missing(row: dict[str, Any], kind: str) -> None:
    assert trigger_type(row) == kind


def test_missing_steps_are_named_as_gaps(source: CustomerioSource, workspace: Workspace) -> None:
    workspace.add("campaigns", id=4)
    for id in (25, 26, 29):
        _step(workspace, id)
    found = one(source, "campaign").fields["gaps"]
    assert found == [
        {
            "after": "26",
            "before": "29",
            "missing": ["27", "28"],
            "text": "steps 27, 28 are not readable: waits or branches",
        }
    ]


def test_steps_of_other_campaigns_are_no_gap(source: CustomerioSource, workspace: Workspace) -> None:
    workspace.add("campaigns", id=4)
    workspace.add("campaigns", id=5)
    workspace.add("broadcasts", id=6, actions=[{"id": 28, "type": "email"}])
    for id, campaign in ((25, 4), (26, 5), (27, 5), (29, 4), (900, 4)):
        _step(workspace, id, campaign)
    found = {record.key: record.fields["gaps"] for page in source.pages("campaign") for record in page.records}
    # 30 to 899 is too far to be a wait of this campaign.
    assert found == {"4": [], "5": []}


def test_a_gap_never_names_a_step_that_is_there() -> None:
    assert gaps(["1", "4", "x"], ["2"]) == [
        {"after": "1", "before": "4", "missing": ["3"], "text": "step 3 is not readable: waits or branches"}
    ]
    assert gaps([], []) == gaps(["7"], []) == []


def test_branches_above_steps_and_steps_that_are_only_named_are_gaps(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace
) -> None:
    workspace.add("campaigns", id=4, actions=[{"id": 25, "type": "email"}, {"id": 99, "type": "webhook"}])
    _step(workspace, 25, parent_action_id=1)
    texts = [gap["text"] for gap in one(source, "campaign").fields["gaps"]]
    assert texts == [
        "step 1 is not readable: a split or branch above 25",
        "step 99 is named but not readable",
    ]
    assert len(fake.calls("/v1/campaigns/4/actions/99")) == 1


def test_translations_stand_with_their_step(source: CustomerioSource, workspace: Workspace) -> None:
    workspace.add("campaigns", id=4)
    _step(workspace, 25, subject="Hello")
    _step(workspace, 25, subject="Bonjour", language="fr")
    _step(workspace, 25, subject="Hallo", language="de")
    fields = one(source, "campaign").fields
    (step,) = fields["actions"]
    assert (fields["languages"], step["languages"], step["subject"]) == (["de", "fr"], ["fr", "de"], "Hello")
    assert [row["subject"] for row in step["translations"]] == ["Bonjour", "Hallo"]
    assert fields["gaps"] == []


@pytest.mark.parametrize("strings", [True, False])
def test_ids_of_steps_are_text_however_they_come(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace, strings: bool
) -> None:
    fake.quirks.string_action_ids = strings
    workspace.add("campaigns", id=4, actions=[{"id": 25, "type": "email"}])
    _step(workspace, 25)
    fields = one(source, "campaign").fields
    assert ([step["id"] for step in fields["actions"]], fields["gaps"]) == (["25"], [])


def test_many_steps_come_on_several_pages(source: CustomerioSource, workspace: Workspace) -> None:
    workspace.add("campaigns", id=4)
    for id in range(1, 36):
        _step(workspace, id, type="attribute_update" if id % 2 else "email")
    assert len(one(source, "campaign").fields["actions"]) == 35


def test_secrets_of_webhook_steps_never_leave(source: CustomerioSource, workspace: Workspace) -> None:
    secret = "abc123secret456def789"
    for parent, listing in (("campaign_id", "campaign_actions"), ("broadcast_id", "broadcast_actions")):
        workspace.add(
            listing,
            **{parent: 4},
            type="webhook",
            method="post",
            url=f"https://u:{secret}@crm.example.com/in?api_key={secret}",
            headers=json.dumps([{"name": "Authorization", "value": f"Bearer {secret}"}, {"name": "X-A", "value": "b"}]),
            body=json.dumps({"email": "{{customer.email}}", "auth": {"token": secret}}),
        )
    workspace.add("campaigns", id=4)
    workspace.add("broadcasts", id=4)
    for kind in ("campaign", "broadcast"):
        (record,) = source.fetch(kind, ["4"]).records
        assert secret not in json.dumps(dict(record.fields))
        (step,) = record.fields["actions"]
        assert step["headers"] == [{"name": "Authorization", "value": "Bearer •••"}, {"name": "X-A", "value": "b"}]
        assert (step["method"], "{{customer.email}}" in step["body"]) == ("post", True)


def test_a_broadcast_has_its_steps_and_its_triggers(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace
) -> None:
    workspace.add("broadcasts", id=2, name="News", actions=[{"id": 3, "type": "email"}])
    workspace.add("broadcast_actions", id=3, broadcast_id=2, subject="Hi")
    workspace.add("broadcast_triggers", id=1, broadcast_id=2, created_at=NOW, processed_at=NOW + 5)
    fake.faults.add("/v1/broadcasts/2/triggers", status=429, headers={"Retry-After": "10"})
    fields = one(source, "broadcast").fields
    assert ([step["subject"] for step in fields["actions"]], fields["gaps"]) == (["Hi"], [])
    assert fields["triggers"] == [
        {"id": "1", "name": "", "broadcast_id": 2, "created_at": NOW, "processed_at": NOW + 5}
    ]
    assert source.calls["refused"] == 1


def test_a_newsletter_has_its_texts_and_its_recipients(source: CustomerioSource, workspace: Workspace) -> None:
    workspace.add_segment("Customers")
    workspace.add("newsletters", id=7, name="Weekly", recipient_segment_ids=[1], sent_at=NOW, content_ids=[45, 46])
    workspace.add("newsletters", id=8, name="Draft")
    for language in ("", "fr"):
        workspace.add("newsletter_contents", newsletter_id=7, language=language, subject=f"Hi {language}", body="<p>")
    sent, draft = (record.fields for page in source.pages("newsletter") for record in page.records)
    assert (sent["state"], draft["state"]) == ("sent", "draft")
    assert sent["recipients"] == [{"id": "1", "name": "Customers"}]
    assert [row["subject"] for row in sent["contents"]] == ["Hi ", "Hi fr"]
    assert (sent["languages"], draft["contents"]) == (["fr"], [])


def test_a_transactional_message_has_its_texts(source: CustomerioSource, workspace: Workspace) -> None:
    workspace.add("transactional", id=2, name="Password reset")
    workspace.add("transactional_contents", transactional_id=2, subject="Reset", language="de")
    fields = one(source, "transactional").fields
    assert (fields["name"], fields["languages"], fields["contents"][0]["subject"]) == (
        "Password reset",
        ["de"],
        "Reset",
    )


@pytest.mark.parametrize(("kind", "listing"), list(zip(KINDS, LISTINGS, strict=True)))
def test_all_of_a_kind_are_read_in_pages_that_resume_anywhere(
    source: CustomerioSource, workspace: Workspace, kind: str, listing: str
) -> None:
    for number in range(30):
        workspace.add(listing, name=f"n{number}")
    pages = walk(source, kind)
    assert keys(pages) == [str(number) for number in range(1, 31)]
    assert [len(page.records) for page in pages] == [automations.FEW, automations.FEW, 30 - 2 * automations.FEW]
    assert source.count(kind) == 30
    assert keys(walk(source, kind, {"after": "12"})) == [str(number) for number in range(13, 31)]
    assert source.fetch(kind, ["7", "99"]).missing == ("99",)


def test_one_that_goes_while_it_is_read_is_missing(
    fake: FakeCustomerio, source: CustomerioSource, workspace: Workspace
) -> None:
    for id in (1, 2, 3):
        workspace.add("campaigns", id=id)
    fake.faults.add("/v1/campaigns/2/actions", status=404)
    (page,) = walk(source, "campaign")
    assert (keys([page]), page.missing) == (["1", "3"], ("2",))


@pytest.mark.parametrize("kind", KINDS)
def test_none_is_one_empty_page(source: CustomerioSource, kind: str) -> None:
    (page,) = walk(source, kind)
    assert (page.records, page.cursor) == ((), None)


def test_null_lists_are_empty_lists() -> None:
    source = source_of(
        answering(lambda request: {"campaigns": None, "newsletters": None, "messages": None, "next": None})
    )
    assert [source.count(kind) for kind in ("campaign", "newsletter", "transactional")] == [0, 0, 0]
