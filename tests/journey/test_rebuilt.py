"""Views, lists and drafts that are made in Twenty on request: the view shows who was in the segment."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from bench.handoff import campaign
from projects import rebuilding
from projects.documents.handoff import context
from projects.models import GroupMember, HandoffItem, JournalEntry, Link, Record

from .conftest import DESTINATION_URL, Migration


def asked(congress: Migration, path: str) -> Any:
    """What the server itself answers, past everything of ours."""
    transport = httpx.WSGITransport(app=congress.destination)
    with httpx.Client(transport=transport, base_url=DESTINATION_URL) as client:
        answer = client.get(path, headers={"authorization": f"Bearer {congress.destination.api_key}"})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("line", ["1.x", "2.x"], indirect=True)
def test_a_view_shows_the_members_of_its_segment(congress: Migration) -> None:
    run = congress.to_sandbox(size=100)
    Record.objects.create(
        run=run, object="campaign", key="1", raw=campaign(4, 3), digest="d" * 64, state="excluded", reason="kept"
    )
    # What a segment becomes is up to its criteria: these three say nothing but an attribute.
    outcome = rebuilding.build(project=congress.project, by=congress.admin)
    assert (outcome.made["views"], outcome.made["drafts"]) == (3, 1)
    landed = set(Record.objects.filter(run=run, object="person").landed().values_list("key", flat=True))
    listed = asked(congress, "/rest/metadata/objects")
    data = listed if isinstance(listed, list) else listed["data"]
    objects = data["objects"] if isinstance(data, dict) else data
    fields = {row["id"]: row["name"] for kind in objects for row in kind["fields"]}
    handoff = context(congress.project)
    assert handoff is not None
    for item in (item for item in handoff.segments if item.how == "exactly"):
        view = str(congress.project.destination_id("view", item.key))
        filters = asked(congress, f"/rest/metadata/viewFilters?viewId={view}")
        assert [(fields[row["fieldMetadataId"]], row["operand"]) for row in filters] == [("party", "IS")]
        options = ",".join(json.loads(filters[0]["value"]))
        people = asked(congress, f"/rest/people?filter=party[in]:[{options}]&limit=200")["data"]["people"]
        members = set(GroupMember.objects.filter(run=run, group=item.key).values_list("key", flat=True))
        assert {person["customerioId"] for person in people} == members & landed
        assert people
    assert HandoffItem.objects.filter(kind="segment", state="built").count() == 3
    workflow = str(congress.project.destination_id("workflow", "1"))
    versions = asked(congress, f"/rest/workflowVersions?filter=workflowId[eq]:{workflow}")["data"]["workflowVersions"]
    assert [version["status"] for version in versions] == ["DRAFT"]
    assert not rebuilding.build(project=congress.project, by=congress.admin).made
    assert set(JournalEntry.objects.filter(verb__startswith="create_").values_list("state", flat=True)) == {"done"}


@pytest.mark.parametrize("line", ["1.x", "2.x"], indirect=True)
def test_a_list_holds_who_was_in_the_segment_but_nobody_who_unsubscribed(congress: Migration, line: str) -> None:
    run = congress.to_sandbox(size=100)
    outcome = rebuilding.build(project=congress.project, by=congress.admin)
    if line == "1.x":
        assert not outcome.made["lists"]
        assert "This Twenty has no message lists" in str(outcome)
        return
    entries = JournalEntry.objects.filter(verb="create_list")
    assert entries
    for entry in entries:
        assert [asked(congress, f"/rest/messageLists/{entry.detail['id']}")["data"]["messageList"]["name"]] == [
            entry.detail["name"]
        ]
        rows = asked(congress, f"/rest/messageListMembers?filter=listId[eq]:{entry.detail['id']}&limit=200")
        listed = {row["personId"] for row in rows["data"]["messageListMembers"]}
        members = set(GroupMember.objects.filter(run=run, group=entry.detail["key"]).values_list("key", flat=True))
        people = Record.objects.filter(run=run, object="person", key__in=members).values_list("key", "raw")
        no = {key for key, raw in people if str(raw.get("unsubscribed")).lower() == "true"}
        ids = {
            str(id)
            for id in Link.objects.filter(object="person", key__in=members - no).values_list(
                "destination_id", flat=True
            )
        }
        assert listed == ids
        item = HandoffItem.objects.get(kind="list", key=entry.detail["key"])
        assert item.note.startswith(f"{len(ids):,} of {len(members):,} members")
        assert item.link.endswith(f"/object/messageList/{entry.detail['id']}")
