"""What was made in Twenty on request goes with the rollback of everything, unless somebody has changed it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from bench.handoff import campaign
from connectors.errors import Transient
from projects import connections, rebuilding, rollback
from projects.models import Event, HandoffItem, JournalEntry, Record, Run
from projects.pipeline import engine
from projects.pipeline.scope import Scope
from projects.services import Refused
from tests.back.conftest import ask, landed
from tests.back.test_rollback import differing, person, picture, roll_back
from tests.journey import checkpoint
from tests.journey.conftest import DESTINATION_URL, Migration

LOYAL = {"and": [{"attribute": {"field": "loyalty_points", "operator": "gte", "value": 30}}]}


def views(migration: Migration) -> dict[str, Any]:
    """The views that the server lists, by id."""
    transport = httpx.WSGITransport(app=migration.destination)
    headers = {"authorization": f"Bearer {migration.destination.api_key}"}
    with httpx.Client(transport=transport, base_url="https://x.test", headers=headers) as client:
        return {view["id"]: view for view in client.get("/rest/metadata/views").json()}


@pytest.fixture
def rebuilt(small: Migration) -> tuple[Migration, Any, set[str]]:
    """The small company in Twenty with a view, a list and a draft, and how it was before."""
    before, shown = picture(small.destination), set(views(small))

    def go() -> Run:
        small.source.workspace.add_segment("Loyal", conditions=LOYAL)
        run = landed(small)
        Record.objects.create(
            run=run, object="campaign", key="1", raw=campaign(4, 3), digest="d" * 64, state="excluded", reason="kept"
        )
        outcome = rebuilding.build(project=small.project, by=small.admin)
        assert dict(outcome.made) == {"views": 1, "lists": 1, "drafts": 1}, outcome
        return run

    checkpoint.reach(small, "rebuilt", go)
    return small, before, shown


def test_the_rollback_of_everything_takes_views_lists_and_drafts_with_it(rebuilt: Any) -> None:
    small, before, shown = rebuilt
    assert len(views(small)) == len(shown) + 1
    plan = engine.drive(rollback.start(project=small.project, scope=Scope(), by=small.admin).pk)
    assert rollback.view(plan).rebuilt == 3
    assert len(views(small)) == len(shown) + 1
    rollback.confirm(run=plan, typed=small.project.name, by=small.admin)
    run = engine.drive(plan.pk)
    assert set(views(small)) == shown
    assert differing(picture(small.destination), before) == []
    assert rollback.view(run).rebuilt == 3
    assert not HandoffItem.objects.exclude(link="").exists()
    assert set(
        JournalEntry.objects.filter(verb__in=["create_view", "create_list", "create_workflow"]).values_list(
            "state", flat=True
        )
    ) == {"undone"}


def test_a_rollback_of_one_object_type_leaves_them(rebuilt: Any) -> None:
    small, _before, shown = rebuilt
    roll_back(small, object="object:2")
    assert len(views(small)) == len(shown) + 1
    assert HandoffItem.objects.exclude(link="").count() == 3


def test_what_somebody_has_changed_since_stays_and_is_listed(rebuilt: Any) -> None:
    small, _before, _shown = rebuilt
    made = {entry.verb: entry.detail for entry in JournalEntry.objects.filter(verb__startswith="create_")}
    list, draft = made["create_list"]["id"], made["create_workflow"]["id"]
    other = next(row["id"] for row in small.destination.records("person") if row["name"]["firstName"] == "Before")
    ask(small.destination, "POST", "/rest/messageListMembers", {"listId": list, "personId": other})
    ask(small.destination, "PATCH", f"/rest/workflows/{draft}", {"name": "Mine now"})
    run = roll_back(small)
    reasons = rollback.view(run).kept_schema
    assert [reason for reason in reasons if "list" in reason] == [
        f"The list “{made['create_list']['name']}” stays: somebody has changed it since."
    ]
    assert any(f"The workflow “{made['create_workflow']['name']}” stays" in reason for reason in reasons)
    assert {row["id"] for row in small.destination.records("messageList")} == {list}
    assert [row["name"] for row in small.destination.records("workflow") if row["id"] == draft] == ["Mine now"]


def test_what_was_taken_back_can_be_made_again(rebuilt: Any) -> None:
    small, _before, shown = rebuilt
    first = roll_back(small)
    landed(small)
    assert dict(rebuilding.build(project=small.project, by=small.admin).made)["views"] == 1
    assert len(views(small)) == len(shown) + 1
    ids = [entry.detail["id"] for entry in JournalEntry.objects.filter(verb="create_view")]
    assert len(set(ids)) == len(ids) == 2, "what lies in the bin keeps its id"
    second = roll_back(small)
    assert (rollback.view(first).rebuilt, rollback.view(second).rebuilt) == (3, 3)


@pytest.mark.parametrize("small", ["1.x", "2.x"], indirect=True)
def test_a_list_holds_who_was_in_the_segment_but_nobody_who_unsubscribed(small: Migration) -> None:
    small.source.workspace.people["00000003"].unsubscribed = True
    landed(small)
    outcome = rebuilding.build(project=small.project, by=small.admin)
    if small.destination.workspace.line == "1.x":
        assert not outcome.made["lists"]
        assert "This Twenty has no message lists" in str(outcome)
        return
    assert outcome.made["lists"] == 1
    made = JournalEntry.objects.get(verb="create_list").detail
    assert [row["name"] for row in small.destination.records("messageList")] == ["Captains"]
    listed = {row["personId"] for row in small.destination.records("messageListMember")}
    assert listed == {person(small, key)["id"] for key in ("00000001", "00000005")}
    item = HandoffItem.objects.get(kind="list", key=made["key"])
    assert item.note == "2 of 3 members; 1 has unsubscribed and is not on it"
    assert item.link.endswith(f"/object/messageList/{made['id']}")


class Late(httpx.WSGITransport):
    """A server that breaks off over a new list."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if (request.method, request.url.path) == ("POST", "/rest/messageLists"):
            return httpx.Response(504, text="upstream timed out", request=request)
        return super().handle_request(request)


def test_a_list_that_comes_into_being_after_the_answer_was_lost_goes_with_the_rollback(small: Migration) -> None:
    before = picture(small.destination)
    landed(small)
    whole = connections.transports[DESTINATION_URL]
    connections.transports[DESTINATION_URL] = Late(app=small.destination)
    with pytest.raises(Transient):
        rebuilding.build(project=small.project, by=small.admin)
    connections.transports[DESTINATION_URL] = whole
    entry = JournalEntry.objects.get(verb="create_list")
    standing = rebuilding.standing(small.project)
    assert standing is not None
    assert (standing.words, len(standing.refused)) == ("nothing", 1)
    ask(small.destination, "POST", "/rest/messageLists", {"id": entry.detail["id"], "name": "Captains"})
    roll_back(small)
    assert differing(picture(small.destination), before) == []


def test_nothing_is_made_while_a_rollback_is_open(small: Migration) -> None:
    landed(small)
    plan = engine.drive(rollback.start(project=small.project, scope=Scope(), by=small.admin).pk)
    with pytest.raises(Refused, match="A rollback is open"):
        rebuilding.build(project=small.project, by=small.admin)
    rollback.confirm(run=plan, typed=small.project.name, by=small.admin)
    engine.drive(plan.pk)
    assert not small.destination.records("messageList")


def test_what_stops_the_worker_stands_in_the_trail(small: Migration) -> None:
    landed(small)
    connections.transports[DESTINATION_URL] = httpx.MockTransport(lambda request: httpx.Response(401, request=request))
    rebuilding.go_on(str(small.project.pk), str(small.admin.pk))
    said = str(Event.objects.filter(project=small.project).order_by("-pk").first())
    assert "are not all made: Twenty does not accept this API key" in said
