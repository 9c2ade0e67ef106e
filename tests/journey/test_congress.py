"""The congress workspace on its way to Twenty, on both lines: confirmed, landed, proved, replayed."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from django.core.management import call_command

from connectors.customerio.fake import FakeCustomerio, Workspace
from connectors.twenty.fake import FakeTwenty
from projects import archives, connections, selectors
from projects.models import Event, PausedTrigger, Profile, Reconciliation, Run, Sighting
from projects.pipeline.phases import PHASES
from projects.pipeline.tags import tags_rule
from tests.journey.conftest import CONGRESS, Migration, make_migration

pytestmark = pytest.mark.django_db
"""Without the mark the database is not made at all; the tests themselves only look at what the fixture kept."""


@dataclass
class Journey:
    """What a whole migration left behind, here and in the destination."""

    destination: FakeTwenty
    before: dict[str, Any] = field(default_factory=dict)
    sandbox: dict[str, Any] = field(default_factory=dict)
    production: dict[str, Any] = field(default_factory=dict)
    replay: dict[str, Any] = field(default_factory=dict)
    green: list[bool] = field(default_factory=list)
    status: dict[str, Any] = field(default_factory=dict)
    writes_in_replay: int = 0
    paused: list[tuple[str, str]] = field(default_factory=list)
    discovered: dict[str, int] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)
    tags: dict[str, str] = field(default_factory=dict)


def writes(destination: FakeTwenty) -> int:
    """Calls that could have changed a record."""
    return sum(not call.asks and "/metadata" not in call.path and call.status < 300 for call in destination.requests)


def travel(line: str) -> Journey:
    """The whole journey, once."""
    source = FakeCustomerio(Workspace.load(CONGRESS), requests_per_second=None)
    destination = FakeTwenty(line, long_limit=None, short_limit=None, prefilled=True, logic_functions=True)
    migration: Migration = make_migration(source, destination)
    archives.add_archive(
        project=migration.project, object="event", paths=[str(CONGRESS / "events.ndjson")], by=migration.admin
    )
    journey = Journey(destination, before={row["id"]: row for row in destination.records("person")})
    journey.sandbox = selectors.run_status(migration.to_sandbox())
    journey.production = selectors.run_status(migration.production())
    journey.discovered = dict(Profile.objects.values_list("object", "read"))
    already = writes(destination)
    replay = migration.run("replay")
    assert replay.state == Run.State.SUCCEEDED, replay.problem
    journey.replay = selectors.run_status(replay)
    journey.green = [books.is_green for books in Reconciliation.objects.order_by("pk")]
    journey.writes_in_replay = writes(destination) - already
    journey.status = selectors.status(migration.project)
    journey.paused = list(PausedTrigger.objects.order_by("pk").values_list("name", "state"))
    journey.events = Counter(Event.objects.values_list("verb", flat=True))
    latest = migration.project.map_series.latest()
    rule = tags_rule(latest.spec) if latest else None
    journey.tags = {choice.value: choice.label for choice in rule.choices} if rule else {}
    return journey


@pytest.fixture(scope="module", params=["2.x", "1.x"])
def journey(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Iterator[Journey]:
    """One migration per line of Twenty; the tests below look at it from different sides."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.SETTLE_SECONDS", 0)
        yield travel(request.param)
        call_command("flush", verbosity=0, interactive=False)
    connections.transports.clear()


def balance(run: dict[str, Any], phase: str, object: str = "") -> dict[str, int]:
    """A balance without its zeros."""
    found = next(row for row in run["phases"] if row["phase"] == phase)
    return {name: count for name, count in (found["objects"][object] if object else found["balance"]).items() if count}


def imported(journey: Journey, object: str) -> dict[str, dict[str, Any]]:
    """The destination's records of ours, by their key at the source."""
    return {row["customerioId"]: row for row in journey.destination.records(object) if row.get("customerioId")}


def load(name: str) -> Any:
    return json.loads((CONGRESS / name).read_text())


def test_all_537_people_are_accounted_for(journey: Journey) -> None:
    assert balance(journey.production, "people") == {"read": 537, "created": 536, "held": 1}
    assert len(imported(journey, "person")) == 536


def test_discovery_counts_each_record_once_although_pages_repeat_some(journey: Journey) -> None:
    counted = {name: number for name, number in journey.discovered.items() if name.startswith(("pers", "obj", "rel"))}
    assert counted == {
        "person": 537,
        "object:1": 49,
        "object:2": 181,
        "object:3": 1312,
        "relationship": 5191,
        "relationship:1": 1329,
        "relationship:2": 2550,
        "relationship:3": 1312,
    }
    assert not Sighting.objects.exists()


def test_companies_that_share_a_web_host_are_held_and_all_others_land(journey: Journey) -> None:
    assert balance(journey.production, "companies", "object:1") == {"read": 49, "created": 46, "held": 3}


def test_every_relationship_is_kept_or_held_with_its_company(journey: Journey) -> None:
    held = {"cha.house.gov"}
    hosts = {row["object_id"]: row["attributes"].get("domain") for row in load("objects.json")}
    related = [row for row in load("relationships.json") if row["object_type_id"] == "1"]
    waiting = sum(1 for row in related if hosts[row["object_id"]] in held)
    found = balance(journey.production, "companies", "relationship:1")
    assert found == {"read": 1329, "created": 1329 - waiting, "held": waiting}


def test_relationships_keep_their_attributes_and_both_ends(journey: Journey) -> None:
    people, companies = imported(journey, "person"), imported(journey, "company")
    by_pair = {(row["personId"], row["companyId"]): row for row in imported(journey, "companyAssociation").values()}
    keys = {row["object_id"]: row["cio_object_id"] for row in load("objects.json")}
    checked = 0
    for row in load("relationships.json"):
        company = companies.get(keys[row["object_id"]])
        if row["object_type_id"] == "1" and company is not None:
            landed = by_pair[people[row["cio_id"]]["id"], company["id"]]
            assert landed["rank"] == (int(row["attributes"]["rank"]) if "rank" in row["attributes"] else None)
            checked += 1
    assert checked == len(by_pair) > 1200


def test_all_1493_other_objects_land_as_custom_objects(journey: Journey) -> None:
    assert balance(journey.production, "objects", "object:2") == {"read": 181, "created": 181}
    assert balance(journey.production, "objects", "object:3") == {"read": 1312, "created": 1312}
    landed = imported(journey, "subcommittee") | imported(journey, "districtOffice")
    for row in load("objects.json"):
        if row["object_type_id"] != "1":
            there = landed[row["cio_object_id"]]
            assert there["customerioObjectId"] == row["object_id"]
            assert there["name"] == row["attributes"].get("name", row["object_id"])
    assert len(landed) == 1493


def test_every_subcommittee_has_its_parent_unless_that_is_held(journey: Journey) -> None:
    companies = imported(journey, "company")
    keys = {row["object_id"]: row["cio_object_id"] for row in load("objects.json") if row["object_type_id"] == "1"}
    parents = {row["object_id"]: row["attributes"].get("parent_committee_id") for row in load("objects.json")}
    linked = 0
    for row in imported(journey, "subcommittee").values():
        parent = companies.get(keys[parents[row["customerioObjectId"]]])
        assert row["parentCommitteeId"] == (parent["id"] if parent else None)
        assert row["parentCommitteeKey"] == parents[row["customerioObjectId"]]
        linked += parent is not None
    assert linked > 150


def test_every_office_belongs_to_its_member_by_one_relation(journey: Journey) -> None:
    people, offices = imported(journey, "person"), imported(journey, "districtOffice")
    by_id = {row["customerioObjectId"]: row for row in offices.values()}
    for row in load("relationships.json"):
        if row["object_type_id"] == "3":
            person = people.get(row["cio_id"])
            assert by_id[row["object_id"]]["personId"] == (person["id"] if person else None)


def test_all_relationships_to_subcommittees_are_records_with_their_attributes(journey: Journey) -> None:
    people, committees = imported(journey, "person"), imported(journey, "subcommittee")
    junctions = imported(journey, "subcommitteeAssociation")
    by_pair = {(row["personId"], row["subcommitteeId"]): row for row in junctions.values()}
    keys = {row["object_id"]: row["cio_object_id"] for row in load("objects.json") if row["object_type_id"] == "2"}
    related = [row for row in load("relationships.json") if row["object_type_id"] == "2"]
    for row in related:
        landed = by_pair[people[row["cio_id"]]["id"], committees[keys[row["object_id"]]]["id"]]
        assert landed["rank"] == int(row["attributes"]["rank"])
    assert len(by_pair) == len(related) == 2550


def test_all_2792_events_of_the_archive_land_with_their_times_and_properties(journey: Journey) -> None:
    people, landed = imported(journey, "person"), imported(journey, "activity")
    years = set()
    for line in (CONGRESS / "events.ndjson").read_text().splitlines():
        row = json.loads(line)
        person = people.get(row["customer_identifiers"]["cio_id"])
        if person is None:
            assert row["id"] not in landed
            continue
        there = landed[row["id"]]
        moment = datetime.fromisoformat(there["happenedAt"])
        assert moment.timestamp() == row["timestamp"]
        assert there["createdAt"] == there["happenedAt"]
        assert there["properties"] == row["data"]
        assert (there["name"], there["kind"], there["personId"]) == (row["name"], "EVENT", person["id"])
        years.add(moment.year)
    held = 2792 - len(landed)
    assert balance(journey.production, "activities", "event") == {"read": 2792, "created": len(landed), "held": held}
    assert held < 10
    assert {1975, 2025} <= years


def test_every_person_with_a_company_is_linked_to_one_of_theirs(journey: Journey) -> None:
    theirs: defaultdict[str, set[str]] = defaultdict(set)
    for row in imported(journey, "companyAssociation").values():
        theirs[row["personId"]].add(row["companyId"])
    for person in imported(journey, "person").values():
        assert person["companyId"] in theirs[person["id"]] if theirs[person["id"]] else person["companyId"] is None


def test_tags_equal_the_membership_of_the_segments(journey: Journey) -> None:
    expected: defaultdict[str, set[str]] = defaultdict(set)
    for segment in load("segments.json"):
        for key in segment["members"]:
            expected[key].add(segment["name"])
    label = journey.tags
    for key, person in imported(journey, "person").items():
        assert {label[value] for value in person["tags"] or []} == expected[key]


def test_every_value_was_read_back_and_none_differs(journey: Journey) -> None:
    for run in (journey.sandbox, journey.production, journey.replay):
        for phase in run["phases"]:
            assert phase["verified"]["differences"] == 0
            assert phase["verified"]["fields"] > 0 or not phase["balance"]["read"]


def test_a_second_run_plans_nothing_and_writes_nothing(journey: Journey) -> None:
    assert journey.writes_in_replay == 0
    for phase in journey.replay["phases"]:
        for found in phase["objects"].values():
            assert found["updated"] == 0
    assert balance(journey.replay, "people") == {"read": 537, "unchanged": 536, "held": 1}


def test_what_stood_in_the_destination_before_still_stands(journey: Journey) -> None:
    now = {row["id"]: row for row in journey.destination.records("person")}
    assert len(journey.before) == 5
    for id, before in journey.before.items():
        assert {name: now[id][name] for name in before} == before


def test_the_sandbox_sample_was_taken_back_before_production(journey: Journey) -> None:
    assert journey.sandbox["phases"][0]["balance"]["created"] > 0
    assert len(journey.destination.records("person")) == 536 + len(journey.before)


def test_workflows_that_would_spoil_the_import_were_paused_and_put_back(journey: Journey) -> None:
    triggers = journey.destination.records("workflowAutomatedTrigger")
    assert all(trigger["deletedAt"] is None for trigger in triggers)
    assert {state for _, state in journey.paused} <= {"restored"}
    assert journey.events["TRIGGER_PAUSED"] == journey.events["TRIGGER_RESTORED"] == len(journey.paused)


def test_the_books_of_every_phase_of_every_run_are_green(journey: Journey) -> None:
    assert journey.green == [True] * 3 * len(PHASES)


def test_all_gates_are_signed_at_the_end(journey: Journey) -> None:
    states = {gate["gate"]: gate["state"] for gate in journey.status["gates"]}
    # The audit, cutover and hypercare come after a migration, and nobody has been there yet.
    assert {name for name, state in states.items() if state != "signed"} == {"audit", "cutover", "hypercare"}
