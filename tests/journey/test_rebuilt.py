"""Views and drafts that are made in Twenty on request: the view shows who was in the segment."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from bench.handoff import campaign
from projects import rebuilding
from projects.documents.handoff import context
from projects.models import GroupMember, HandoffItem, JournalEntry, Record

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
    assert dict(outcome.made) == {"views": 3, "drafts": 1}
    assert "Lists are made once production has ended" in str(outcome) or "no message lists" in str(outcome)
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
