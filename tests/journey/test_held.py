"""Held records: what waits, what people decide, and how the balance follows."""

from __future__ import annotations

import json
import uuid

import httpx
import pytest

from connectors.contract import Draft
from projects import audit, connections, selectors, services
from projects.models import Event, Record, Run
from tests.journey.conftest import CONGRESS, Migration

pytestmark = pytest.mark.slow

PEOPLE = json.loads((CONGRESS / "people.json").read_text())

MARY = {"first_name": "Mary", "fax": "202-555-0100"}


@pytest.fixture
def with_doubles(congress: Migration) -> Migration:
    """Two profiles share one address, once in capitals."""
    people = congress.source.workspace
    original = people.people["00000001"]
    people.add_person(
        id="twin", email=str(original.email).upper(), attributes={"first_name": "Mary", "fax": "202-555-0100"}
    )
    congress.to_sandbox()
    return congress


def balance(run: Run, object: str = "person") -> dict[str, int]:
    status = selectors.run_status(run)
    rows = next(phase["objects"][object] for phase in status["phases"] if object in phase["objects"])
    return {name: count for name, count in rows.items() if count}


def decide(
    migration: Migration, reason: str, verdict: str, object: str = "person", keys: list[str] | None = None
) -> None:
    with audit.acting_as(migration.admin):
        services.decide_held(
            project=migration.project, object=object, reason=reason, verdict=verdict, keys=keys, by=migration.admin
        )


def test_two_profiles_with_one_address_are_both_held(with_doubles: Migration) -> None:
    run = with_doubles.run("production")
    assert balance(run) == {"read": 538, "created": 535, "held": 3}
    reasons = {group.reason: group.count for group in selectors.held_groups(with_doubles.project)}
    assert reasons == {"no_match_value": 1, "duplicate_match_value": 2}


def test_merging_doubles_makes_one_person_that_lacks_nothing(with_doubles: Migration) -> None:
    run = with_doubles.run("production")
    decide(with_doubles, "duplicate_match_value", "merge")
    run = with_doubles.go_on(run)
    assert balance(run) == {"read": 538, "created": 536, "merged": 1, "held": 1}
    twin = Record.objects.get(run=run, object="person", state="merged")
    landed = next(row for row in with_doubles.destination.records("person") if row["customerioId"] == twin.merged_into)
    assert landed["name"]["firstName"] == "Maria"
    assert landed["fax"]["primaryPhoneNumber"] == "2025550100"
    assert str(twin.destination_id) == landed["id"]
    assert Event.objects.filter(verb="HELD_DECIDED", actor=with_doubles.admin).count() == 1


def test_keeping_one_of_two_leaves_the_other_behind_with_a_reason(with_doubles: Migration) -> None:
    run = with_doubles.run("production")
    decide(with_doubles, "duplicate_match_value", "drop", keys=["00000001"])
    run = with_doubles.go_on(run)
    assert balance(run) == {"read": 538, "created": 536, "excluded": 1, "held": 1}
    assert Record.objects.get(run=run, object="person", key="00000001").reason == "left_by_decision"


def test_importing_a_person_without_an_address_lands_them_without_one(congress: Migration) -> None:
    congress.to_sandbox()
    run = congress.run("production")
    decide(congress, "no_match_value", "import")
    run = congress.go_on(run)
    assert run.state == Run.State.WAITING
    assert balance(run) == {"read": 537, "created": 537}


def test_a_decision_made_before_production_holds_in_production(congress: Migration) -> None:
    congress.to_sandbox()
    decide(congress, "no_match_value", "drop")
    run = congress.run("production")
    assert balance(run) == {"read": 537, "created": 536, "excluded": 1}


def test_companies_with_one_web_host_can_be_imported_side_by_side_with_all_their_people(congress: Migration) -> None:
    congress.to_sandbox()
    run = congress.run("production")
    congress.sign("people")
    run = congress.go_on(run)
    assert balance(run, "relationship:1") == {"read": 1329, "created": 1297, "held": 32}
    decide(congress, "duplicate_match_value", "import", object="object:1")
    run = congress.go_on(run)
    assert run.state == Run.State.WAITING, run.problem
    assert balance(run, "object:1") == {"read": 49, "created": 49}
    assert balance(run, "relationship:1") == {"read": 1329, "created": 1329}
    assert selectors.run_status(run)["phases"][1]["verified"]["differences"] == 0
    congress.finish(run)
    replay = congress.run("replay")
    assert all(not balance(replay, name).get("updated") for name in ("person", "object:1", "person.company"))
    owners = [row for row in congress.destination.records("company") if "cha.house.gov" in str(row["domainName"])]
    assert len(owners) == 1


def test_a_decision_after_the_reconciliation_needs_a_new_signature(congress: Migration) -> None:
    congress.to_sandbox()
    run = congress.run("production")
    before = next(view for view in selectors.gates.all_gates(congress.project) if view.gate == "people").digest
    decide(congress, "no_match_value", "import")
    congress.go_on(run)
    after = next(view for view in selectors.gates.all_gates(congress.project) if view.gate == "people").digest
    assert before != after


def in_the_bin(congress: Migration, address: str) -> str:
    """Somebody with this address, made and deleted by hand; gives the record's id."""
    with connections.open_destination(congress.project) as destination:
        id = str(uuid.uuid4())
        destination.write("person", [Draft(id, {"emails": {"primaryEmail": address}, "jobTitle": "Old"})])
    headers = {"Authorization": f"Bearer {congress.destination.api_key}"}
    with httpx.Client(
        transport=httpx.WSGITransport(app=congress.destination), base_url="https://twenty.test"
    ) as client:
        answer = client.delete(f"/rest/people/{id}?soft_delete=true", headers=headers)
    assert answer.status_code == 200
    return id


@pytest.mark.parametrize(("verdict", "same"), [("restore", True), ("remove", False)])
def test_a_deleted_owner_of_an_address_is_found_before_anything_is_written(
    congress: Migration, verdict: str, same: bool
) -> None:
    congress.to_sandbox()
    sampled = {row["customerioId"] for row in congress.destination.records("person")}
    key, address = next((row["cio_id"], row["email"]) for row in PEOPLE if row["cio_id"] not in sampled)
    owner = in_the_bin(congress, address)
    run = congress.run("production")
    held = Record.objects.get(run=run, reason="deleted_owner")
    assert held.key == key
    decide(congress, "deleted_owner", verdict)
    run = congress.go_on(run)
    assert balance(run)["held"] == 1
    (landed,) = [row for row in congress.destination.records("person") if row["customerioId"] == key]
    assert landed["emails"]["primaryEmail"] == address.lower()
    assert (landed["id"] == owner) is same
    assert selectors.run_status(run)["phases"][0]["verified"]["differences"] == 0
