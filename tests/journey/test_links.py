"""Links of every kind in a small workspace: parents in any order, owners, companies, people; and lost answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.customerio.fake import Workspace
from projects import connections, selectors, services
from projects.models import Record, Run
from tests.journey.conftest import Migration, to_untouched


def workspace() -> Workspace:
    """Ten companies with owners, thirty projects in a tree that names parents before they are read, and a note."""
    made = Workspace()
    people = [made.add_person(id=f"u{n}", email=f"p{n}@acme.example").cio_id for n in range(6)]
    companies = made.add_object_type("Companies", "Company")["id"]
    projects = made.add_object_type("Workflows", "Workflow")["id"]
    for number in range(10):
        owner = "rep@acme.test" if number % 2 else "gone@acme.test"
        made.add_object(companies, f"acme-{number}", {"name": f"Acme {number}", "account_owner": owner})
        made.relate(people[number % 6], (companies, f"acme-{number}"))
    for number in range(30):
        named = {"parent_workflow_id": f"w-{number + 1}"} if number < 29 else {}
        values = {"name": f"W {number}", "company_id": f"acme-{number % 10}", "owner_email": "rep@acme.test"}
        made.add_object(projects, f"w-{number}", {**values, **named})
        made.relate(people[number % 6], (projects, f"w-{number}"))
        made.relate(people[(number + 1) % 6], (projects, f"w-{number}"))
    for number in range(20):
        data = {"body": f"Note {number}", "author": "rep@acme.test"}
        made.add_event(people[number % 6], "note_added", data, activity_id=f"n-{number}")
        made.add_event(people[number % 6], "order_placed", {"total": number}, activity_id=f"e-{number}")
    return made


@pytest.fixture(params=["2.x"])
def links(transactional_db: None, request: pytest.FixtureRequest, settings: Any) -> Iterator[Migration]:
    """The workspace and an untouched Twenty, with a confirmed map and a signed sandbox."""
    settings.SETTLE_SECONDS = 0
    migration = to_untouched(workspace, request.param)
    migration.to_sandbox(10)
    yield migration
    connections.transports.clear()
    connections._local_budget.cache_clear()


def by_object_id(migration: Migration, name: str) -> dict[str, dict[str, Any]]:
    return {row["customerioObjectId"]: row for row in migration.destination.records(name)}


@pytest.mark.parametrize("links", ["2.x", "1.x"], indirect=True)
def test_parents_companies_and_owners_are_linked_whatever_came_first(links: Migration) -> None:
    run = links.production()
    projects, companies = by_object_id(links, "workflowRecord"), by_object_id(links, "company")
    rep = next(row for row in links.destination.records("workspaceMember") if row["userEmail"] == "rep@acme.test")
    for number in range(30):
        row = projects[f"w-{number}"]
        parent = projects.get(f"w-{number + 1}")
        assert row["parentWorkflowId"] == (parent["id"] if parent else None)
        assert row["companyId"] == companies[f"acme-{number % 10}"]["id"]
        assert row["ownerId"] == rep["id"]
    owners = {key: row["accountOwnerId"] for key, row in companies.items()}
    assert owners == {f"acme-{number}": rep["id"] if number % 2 else None for number in range(10)}
    assert len(links.destination.records("workflowRecordAssociation")) == 60
    assert run.differences.count() == 0


def test_an_owner_without_an_account_is_named_before_the_run_and_held_in_it(links: Migration) -> None:
    latest = links.project.map_series.latest()
    assert latest is not None
    company = next(rule for rule in latest.spec.objects if rule.destination == "company")
    assert "gone@acme.test" in company.relations[0].reason
    run = links.production()
    held = Record.objects.filter(run=run, reason="no_member")
    assert {row.object for row in held} == {"object:1.accountOwner"}
    assert held.count() == 5
    assert "invite them in Twenty" in held[0].detail


def test_a_name_of_twentys_own_gives_way_and_says_so(links: Migration) -> None:
    latest = links.project.map_series.latest()
    assert latest is not None
    rule = next(rule for rule in latest.spec.objects if rule.source == "object:2")
    assert (rule.destination, rule.label) == ("workflowRecord", "Workflow Record")
    assert "Twenty has a “Workflow” already" in rule.reason


def test_the_author_of_a_comment_is_the_member_with_that_address(links: Migration) -> None:
    links.production()
    rep = next(row for row in links.destination.records("workspaceMember") if row["userEmail"] == "rep@acme.test")
    authors = {
        (row["createdBy"]["workspaceMemberId"], row["createdBy"]["name"]) for row in links.destination.records("note")
    }
    assert authors == {(rep["id"], "Rita Rep")}


@pytest.mark.parametrize(
    "what", ["noteTargets", "notes", "activities", "workflowRecordAssociations", "workflowRecords"]
)
def test_an_answer_that_is_lost_makes_nothing_twice(
    links: Migration, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.http.FIRST_PAUSE", 0.001)
    monkeypatch.setattr("projects.pipeline.engine.LONGEST_PAUSE", 0.0)
    links.destination.faults.add(f"/rest/batch/{what}", "POST", status=502, after_effect=True)
    run = links.production()
    assert run.state == Run.State.SUCCEEDED
    assert run.differences.count() == 0
    assert len(links.destination.records("note")) == len(links.destination.records("noteTarget")) == 20
    assert len(links.destination.records("activity")) == 20
    assert len(links.destination.records("workflowRecord")) == 30
    assert len(links.destination.records("workflowRecordAssociation")) == 60


def test_what_the_sandbox_made_of_every_kind_is_taken_back(links: Migration) -> None:
    kept = {name: len(links.destination.records(name)) for name in ("note", "noteTarget", "activity", "workflowRecord")}
    assert all(kept.values())
    run = services.start_run(project=links.project, kind="production", by=links.admin)
    run = links.finish(links.go_on(run))
    books = selectors.run_status(run)["phases"]
    assert [phase["balance"]["unchanged"] for phase in books] == [0] * len(books)


def test_events_of_somebody_unknown_land_alone_where_people_decide_so(links: Migration) -> None:
    workspace = links.source.workspace
    gone = workspace.add_person(email="late@acme.example").cio_id
    workspace.add_event(gone, "order_placed", {"total": 1}, activity_id="late")
    workspace.delete_person(gone)
    links.production()
    assert not [row for row in links.destination.records("activity") if row["customerioId"] == "late"]
    decide = {"object": "event", "reason": "unknown_person", "verdict": "import"}
    services.decide_held(project=links.project, by=links.admin, **decide)
    links.production()
    (late,) = [row for row in links.destination.records("activity") if row["customerioId"] == "late"]
    assert late["personId"] is None
