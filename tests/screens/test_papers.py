"""Scope and handoff as members of a project see them, and the checklist that they tick off."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from django.db import connection
from django.db.models import Count
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from bench.handoff import fill
from projects.documents import checklist, handoff
from projects.documents.kept import keep, on_paper
from projects.documents.kinds import KINDS
from projects.models import Event, GroupMember, HandoffItem, Integration, Paper, Project, Record, Run, User
from projects.services import Refused

from .conftest import SECRET

LogIn = Callable[[User], Client]


@pytest.fixture
def handed(sandbox: Run) -> Run:
    """A sandbox run with a workspace's configuration in it."""
    fill(sandbox, campaigns=8, segments=14)
    return sandbox


def content(run: Run, by: User, kind: str = "handoff") -> dict[str, Any]:
    return dict(keep(project=run.project, kind=kind, by=by).content)


@pytest.mark.parametrize("kind", ["scope", "handoff"])
def test_the_page_is_there_for_every_member_with_a_few_queries(
    kind: str, handed: Run, customer: User, log_in: LogIn
) -> None:
    client = log_in(customer)
    client.get(reverse(kind, args=[handed.project.slug]))
    with CaptureQueriesContext(connection) as few:
        assert client.get(reverse(kind, args=[handed.project.slug])).status_code == 200
    fill_more = Run.objects.create(project=handed.project, number=90, kind="sandbox", state="succeeded")
    fill(fill_more, campaigns=30, segments=60)
    with CaptureQueriesContext(connection) as many:
        assert client.get(reverse(kind, args=[handed.project.slug])).status_code == 200
    assert len(many) <= len(few)


def test_a_download_is_a_version_and_both_files_can_be_had(handed: Run, customer: User, log_in: LogIn) -> None:
    client, slug = log_in(customer), handed.project.slug
    for _ in range(2):
        answer = client.post(reverse("make-paper", args=[slug, "handoff"]), follow=True)
        assert answer.content.startswith(b"%PDF")
    paper = Paper.objects.get()
    data = client.get(reverse("paper", args=[slug, "handoff", 1, "json"])).json()
    assert data == paper.content
    jsonschema.validate(data, client.get(reverse("schema", args=["handoff"])).json())
    assert client.get(reverse("paper", args=[slug, "handoff", 1, "exe"])).status_code == 404
    assert client.get(reverse("paper", args=[slug, "secrets", 1, "pdf"])).status_code == 404


def test_no_document_holds_a_secret(handed: Run, admin: User) -> None:
    for kind in KINDS:
        paper = keep(project=handed.project, kind=kind, by=admin)
        assert SECRET not in json.dumps(paper.content)
        streams = re.findall(rb"stream\r?\n(.*?)endstream", on_paper(paper), re.DOTALL)
        assert streams
        for stream in streams:
            try:
                assert SECRET.encode() not in zlib.decompress(stream)
            except zlib.error:
                assert SECRET.encode() not in stream


def test_every_number_of_the_handoff_is_a_number_of_the_rows(handed: Run, admin: User) -> None:
    made = content(handed, admin)
    members = dict(
        GroupMember.objects.filter(run=handed).values_list("group").annotate(n=Count("id")).values_list("group", "n")
    )
    assert {row["key"]: row["members"] for row in made["segments"] if row["members"]} == members
    for kind in ("segment", "campaign", "broadcast", "newsletter", "transactional"):
        rows = Record.objects.filter(run=handed, object=kind).count()
        name = kind if kind == "transactional" else f"{kind}s"
        assert made["counts"][name] == len(made[name]) == rows > 0
    people = next(row for row in made["moved"] if row["object"] == "person")
    states = dict(Record.objects.filter(run=handed, object="person").values_list("state").annotate(n=Count("id")))
    assert people["read"] == sum(states.values())
    assert people["landed"] == states["created"]
    assert people["held"] == states["held"]
    reasons = sum(row["count"] for row in made["not_moved"] if row["object"] == "person")
    assert reasons == people["held"] + people["merged"] + people["left_behind"] + people["refused"]
    steps = sum(
        len(row.raw["actions"]) for row in Record.objects.filter(run=handed, object__in=["campaign", "broadcast"])
    )
    gaps = sum(len(row.raw["gaps"]) for row in Record.objects.filter(run=handed, object__in=["campaign", "broadcast"]))
    assert (made["counts"]["steps"], made["counts"]["gaps"]) == (steps, gaps)
    assert made["hours"] == pytest.approx(
        sum(one["hours"] for name in ("segments", "campaigns", "broadcasts", "newsletters", "transactional")
            for one in made[name]), abs=0.06,
    )  # fmt: skip


def test_a_segment_says_its_criteria_its_view_and_who_uses_it(handed: Run, admin: User) -> None:
    segments = {row["key"]: row for row in content(handed, admin)["segments"]}
    first = segments["1"]
    assert first["words"].startswith("“plan” is “pro” and did “purchase”")
    assert first["how"] == "partly"
    assert first["view_filter"] == {"field": "planTrait", "sub": "", "operand": "IS", "value": ["PRO"]}
    assert any(line.startswith("filters campaign") for line in first["used_by"])
    assert json.loads(first["criteria"])["and"]
    assert segments["6"]["how"] == "by hand"


def test_a_campaign_is_drawn_in_order_with_its_gaps(handed: Run, admin: User) -> None:
    made = next(row for row in content(handed, admin)["campaigns"] if row["key"] == "4")
    kinds = [step["kind"] for step in made["steps"]]
    assert kinds[:3] == ["step", "gap", "step"]
    assert made["trigger"] == "when somebody comes into the segment “Segment 5”"
    assert "several e-mails in a row" in " ".join(made["no_counterpart"])
    assert any("no push notifications" in line for line in made["no_counterpart"])
    assert made["steps"][1]["detail"] == "step 81 is not readable: waits or branches"
    assert "Dear" not in json.dumps(made["steps"][0])


def test_what_runs_comes_first_in_the_suggested_order(handed: Run, admin: User) -> None:
    states = [row["state"] for row in content(handed, admin)["campaigns"]]
    assert states == sorted(states, key=["running", "draft", "stopped"].index)


def test_an_uploaded_graph_is_drawn_by_its_edges_with_waits_and_branches(handed: Run, admin: User) -> None:
    row = Record.objects.get(run=handed, object="campaign", key="1")
    row.raw |= {
        "journey": {
            "steps": [
                {"id": "w", "type": "delay", "delay": "3 days"},
                {"id": "b", "type": "conditional", "name": "Opened?"},
                {"id": "x", "type": "email", "name": "Thanks"},
                {"id": "y", "type": "email", "name": "Again"},
            ],
            "edges": [{"from": "20", "to": "w"}, {"from": "w", "to": "b"},
                      {"from": "b", "to": "x", "when": "true"}, {"from": "b", "to": "y", "when": "false"},
                      {"from": "y", "to": "w"}],
        }
    }  # fmt: skip
    row.save()
    steps = next(row for row in content(handed, admin)["campaigns"] if row["key"] == "1")["steps"]
    shown = [(step["kind"], step["id"], step["depth"]) for step in steps]
    start = shown.index(("step", "20", 0))
    assert shown[start : start + 5] == [
        ("step", "20", 0), ("wait", "w", 0), ("branch", "b", 0), ("step", "x", 1), ("step", "y", 1),
    ]  # fmt: skip
    assert next(step for step in steps if step["id"] == "x")["detail"] == "if true"


def test_the_pdf_is_tagged_and_has_bookmarks(handed: Run, admin: User) -> None:
    pdf = on_paper(keep(project=handed.project, kind="handoff", by=admin))
    assert b"/MarkInfo" in pdf
    assert b"/Outlines" in pdf
    assert b"/StructTreeRoot" in pdf


def test_an_item_is_ticked_off_by_a_member_and_stands_in_the_trail(handed: Run, customer: User, log_in: LogIn) -> None:
    client, slug = log_in(customer), handed.project.slug
    typed = {"kind": "segment", "key": "1", "state": "built", "owner": "Ada", "note": "<i>half</i>"}
    answer = client.post(reverse("handoff-item", args=[slug]), typed, follow=True).content.decode()
    assert "&lt;i&gt;half&lt;/i&gt;" in answer
    assert HandoffItem.objects.get().state == "built"
    event = Event.objects.filter(verb="HANDOFF_CHANGED").get()
    assert str(event) == "Customer Person marked the segment Segment 1 as Built"


def test_the_percentage_counts_built_half_and_what_is_not_needed_as_done(handed: Run, admin: User) -> None:
    def done() -> int:
        made = handoff.context(handed.project)
        assert made is not None
        parts = checklist.sections(handed.project, made)
        return next(part.percent for part in parts if part.kind == "segment")

    assert done() == 0
    for key in range(1, 15):
        checklist.set_item(project=handed.project, kind="segment", key=str(key), by=admin, state="built")
    assert done() == 50
    for key in range(1, 15):
        state = "live" if key % 2 else "dropped"
        checklist.set_item(project=handed.project, kind="segment", key=str(key), by=admin, state=state)
    assert done() == 100


@pytest.mark.parametrize(
    ("kind", "key", "state"), [("segment", "999", "live"), ("person", "1", "live"), ("segment", "1", "finished")]
)
def test_what_is_not_in_the_handoff_cannot_be_ticked_off(
    handed: Run, admin: User, kind: str, key: str, state: str
) -> None:
    with pytest.raises(Refused):
        checklist.set_item(project=handed.project, kind=kind, key=key, by=admin, state=state)


def test_a_stranger_keeps_no_document(handed: Run, stranger: User) -> None:
    with pytest.raises(Refused):
        keep(project=handed.project, kind="scope", by=stranger)


def test_hypercare_says_how_much_of_the_handoff_is_live(handed: Run, customer: User, log_in: LogIn) -> None:
    project: Project = handed.project
    client, address = log_in(customer), reverse("hypercare", args=[project.slug])
    checklist.set_item(project=project, kind="campaign", key="1", by=customer, state="live")
    Project.objects.filter(pk=project.pk).update(cut_over_at=timezone.now())
    told = client.get(address, {"format": "json"}).json()["rebuilt"]
    assert told["done"] == 1
    assert told["items"] == sum(part["items"] for part in told["left"]) > 20
    campaigns = next(part for part in told["left"] if part["kind"] == "campaign")
    assert (campaigns["items"], campaigns["done"], len(campaigns["names"])) == (8, 1, 7)
    assert f"1 of {told['items']} segments, campaigns and messages are live" in client.get(address).content.decode()
    assert client.get(address, {"format": "pdf"}).content.startswith(b"%PDF")


def test_what_the_audit_saw_writing_stands_under_who_still_talks(handed: Run, admin: User) -> None:
    Integration.objects.create(
        project=handed.project, name="Segment sync", origin="seen", trace="Its name is in the log."
    )
    Integration.objects.create(project=handed.project, name="Old CRM", origin="named", state="paused")
    Integration.objects.create(project=handed.project, name="Told already", origin="listed")
    told = {row["name"]: (row["noticed"], row["switch_off"]) for row in content(handed, admin)["integrations"]}
    assert told["Segment sync"] == ("Its name is in the log.", "Pause it, or point it to the destination.")
    assert told["Old CRM"][1] == "Paused"
    assert "Told already" not in told


def test_the_handoff_says_what_the_server_takes(handed: Run, admin: User) -> None:
    destination = handed.project.connections.get(side="destination")
    facts = {"Message lists": "This Twenty has no message lists: they came with a later version."}
    destination.known = {**destination.known, "capabilities": {"facts": facts}}
    destination.save()
    told = {row["what"]: (row["server"], row["made"]) for row in content(handed, admin)["on_request"]}
    assert told["Lists with the members of the other segments"] == (facts["Message lists"], 0)
    assert told["Drafts of workflows with name and trigger"] == ("not looked at yet: “Test connection” looks", 0)


def test_the_links_of_rebuilt_things_stand_in_the_document(handed: Run, admin: User) -> None:
    project: Project = handed.project
    HandoffItem.objects.create(project=project, kind="segment", key="2", link="https://crm.example.com/objects/people")
    made = content(handed, admin)
    assert made["progress"][0]["link"] == "https://crm.example.com/objects/people"
    assert b"crm.example.com/objects/people" in on_paper(keep(project=project, kind="handoff", by=admin))
