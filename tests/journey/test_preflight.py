"""Preflight: every draft of a phase is checked, and what was found is told in groups, before anything is written."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.core.management import call_command

from connectors.catalogue import FieldType
from connectors.contract import Draft
from connectors.customerio.fake import Workspace
from connectors.plans import FieldPlan, SchemaPlan
from mapping.rules import MapSpec
from projects import audit, connections, gates, map_services, proposals, selectors, services
from projects.models import Phase, Record, Run
from projects.pipeline import engine
from tests.journey import checkpoint
from tests.journey.conftest import DESTINATION_URL, Migration, to_untouched

WRITES = ("POST", "PATCH", "PUT", "DELETE")


def workspace() -> Workspace:
    """People who cannot land without a question, and objects, links and events that hang on them."""
    made = Workspace()
    for number in range(4):
        attributes = {"badge": f"b{number}", "essay": "short"}
        made.add_person(id=f"ok{number}", email=f"ok{number}@acme.example", attributes=attributes)
    made.add_person(id="nomail", attributes={"badge": "n"})
    for name in ("twin1", "twin2"):
        made.add_person(id=name, email="TWIN@acme.example" if name == "twin2" else "twin@acme.example")
    made.add_person(id="bin", email="bin@acme.example", attributes={"badge": "bin"})
    made.add_person(id="long", email="long@acme.example", attributes={"essay": "x" * 1_000_000})
    for number in (1, 2):
        made.add_person(id=f"same{number}", email=f"same{number}@acme.example", attributes={"badge": "the same"})
    made.add_person(id="taken", email="taken@acme.example", attributes={"badge": "taken there"})
    kind = made.add_object_type("Deals", "Deal")["id"]
    for number in range(3):
        made.add_object(kind, f"d{number}", {"name": f"Deal {number}"})
        made.relate(cio_id(made, f"ok{number}"), (kind, f"d{number}"), {"role": "owner"})
    made.relate(cio_id(made, "nomail"), (kind, "d0"), {"role": "guest"})
    made.add_event(cio_id(made, "ok0"), "order_placed", {"total": 1}, activity_id="good")
    made.add_event(cio_id(made, "nomail"), "order_placed", {"total": 1}, activity_id="orphan")
    return made


def cio_id(made: Workspace, id: str) -> str:
    return next(person.cio_id for person in made.people if person.id == id)


def with_unique_badge(spec: MapSpec) -> MapSpec:
    """The map with a second unique field, as a customer may have one in Twenty."""

    def changed(fields: Any) -> Any:
        return tuple(rule.model_copy(update={"unique": True}) if rule.source == "badge" else rule for rule in fields)

    objects = [
        rule.model_copy(update={"fields": changed(rule.fields)}) if rule.source == "person" else rule
        for rule in spec.objects
    ]
    return spec.model_copy(update={"objects": tuple(objects)})


def to_trouble(migration: Migration) -> Run:
    migration.run("discovery")
    spec = proposals.propose(project=migration.project, by=migration.admin).spec
    map_services.save_map(project=migration.project, spec=with_unique_badge(spec), by=migration.admin)
    migration.sign(gates.MAP)
    sandbox = migration.run("sandbox", sample_size=3)
    assert sandbox.state == Run.State.SUCCEEDED, sandbox.problem
    migration.sign(gates.SANDBOX)
    stands_there(migration, "bin@acme.example", "", deleted=True)
    stands_there(migration, "somebody@else.example", "taken there")
    return sandbox


@pytest.fixture
def troubled(transactional_db: None, settings: Any) -> Iterator[Migration]:
    """The workspace, its sandbox signed, with one address in the bin and one badge taken."""
    settings.SETTLE_SECONDS = 0
    migration = to_untouched(workspace)
    checkpoint.reach(migration, "trouble", lambda: to_trouble(migration))
    yield migration
    connections.transports.clear()
    connections._local_budget.cache_clear()


def stands_there(migration: Migration, address: str, badge: str, *, deleted: bool = False) -> None:
    """Somebody whom people made in the destination by hand, and perhaps deleted."""
    id = str(uuid.uuid4())
    body = {"emails": {"primaryEmail": address}, **({"badge": badge} if badge else {})}
    with connections.open_destination(migration.project) as destination:
        destination.write("person", [Draft(id, body)])
    if deleted:
        transport = httpx.WSGITransport(app=migration.destination)
        headers = {"Authorization": f"Bearer {migration.destination.api_key}"}
        with httpx.Client(transport=transport, base_url=DESTINATION_URL) as client:
            assert client.delete(f"/rest/people/{id}?soft_delete=true", headers=headers).status_code == 200


def counts(phase: Phase, severity: str = "held") -> dict[tuple[str, str], int]:
    groups = phase.preflight["groups"]
    return {(group["code"], group["object"]): group["count"] for group in groups if group["severity"] == severity}


def decide(migration: Migration, reason: str, verdict: str, object: str = "person") -> None:
    with audit.acting_as(migration.admin):
        services.decide_held(
            project=migration.project, object=object, reason=reason, verdict=verdict, by=migration.admin
        )


def records_written(migration: Migration, since: int) -> list[str]:
    """Paths of requests that changed records since so many requests had been made."""
    log = list(migration.destination.requests)[since:]
    return [
        one.path for one in log if one.method in WRITES and one.path.startswith("/rest/") and "metadata" not in one.path
    ]


def test_everything_is_found_and_grouped_before_the_first_record_of_the_phase_is_written(troubled: Migration) -> None:
    run = services.start_run(project=troubled.project, kind="production", by=troubled.admin)
    while run.steps.get(name="person").stage == "schema" or run.steps.get(name="clear").state != "done":
        engine.advance(run.pk, seconds=0)
    since = len(troubled.destination.requests)
    people = run.phases.get(name="people")
    while people.preflight is None:
        assert records_written(troubled, since) == []
        engine.advance(run.pk, seconds=0)
        people.refresh_from_db()
    assert counts(people) == {
        ("no_match_value", "person"): 1,
        ("duplicate_match_value", "person"): 2,
        ("deleted_owner", "person"): 1,
        ("refused_value:essay", "person"): 1,
        ("unique_taken:badge", "person"): 3,
    }
    assert (people.preflight["checked"], people.preflight["ready"], people.preflight["held"]) == (12, 4, 8)
    assert people.preflight["landed"] == 0
    for group in people.preflight["groups"]:
        assert group["sentence"]
        assert group["advice"]
        assert group["severity"] == "warning" or 1 <= len(group["examples"]) <= 5
    run = troubled.go_on(run)
    assert run.state == Run.State.WAITING, run.problem
    balance = selectors.run_status(run)["phases"][0]["balance"]
    assert (balance["created"], balance["held"], balance["rejected"]) == (4, 8, 0)


def test_all_steps_of_a_phase_pass_before_the_first_one_loads(troubled: Migration) -> None:
    run = troubled.run("production")
    troubled.sign("people")
    objects = run.phases.get(name="objects")
    since = len(troubled.destination.requests)
    while objects.preflight is None:
        # The link of the person who did not land is found while none of the deals stands there yet.
        assert records_written(troubled, since) == []
        engine.advance(run.pk, seconds=0)
        objects.refresh_from_db()
        if run.phases.get(name="companies").state == "reconciled":
            troubled.sign("companies")
    assert counts(objects) == {("parent_not_migrated", "relationship:1"): 1}
    assert objects.preflight["checked"] == 3 + 4
    run = troubled.finish(troubled.go_on(run))
    activities = run.phases.get(name="activities")
    assert counts(activities) == {("unknown_person", "event"): 1}
    assert len(troubled.destination.records("deal")) == 3


@pytest.mark.parametrize(("verdict", "landed"), [("restore", True), ("remove", True), ("drop", False)])
def test_what_is_decided_at_the_stop_is_carried_out_before_anything_is_written(
    troubled: Migration, verdict: str, landed: bool
) -> None:
    run = services.start_run(project=troubled.project, kind="production", by=troubled.admin, stops_at_preflight=True)
    run = troubled.go_on(run)
    assert run.state == Run.State.PAUSED
    assert "8 of 12 records need a decision" in run.problem
    assert len(troubled.destination.records("person")) == 1
    (owner,) = [row for row in troubled.destination.records("person", deleted=True) if row["deletedAt"]]
    decide(troubled, "deleted_owner", verdict)
    services.resume_run(run=run, by=troubled.admin)
    run = troubled.go_on(run)
    if run.state == Run.State.PAUSED:
        # Carried out, and told anew with what is left.
        assert ("deleted_owner", "person") not in counts(run.phases.get(name="people"))
        services.resume_run(run=run, by=troubled.admin)
        run = troubled.go_on(run)
    assert run.state == Run.State.WAITING, run.problem
    found = [
        row for row in troubled.destination.records("person") if row["emails"]["primaryEmail"] == "bin@acme.example"
    ]
    assert len(found) == int(landed)
    assert [row["id"] == owner["id"] for row in found] == ([verdict == "restore"] if landed else [])
    row = Record.objects.get(run=run, object="person", match_key="bin@acme.example")
    assert row.state == ({"restore": "updated", "remove": "created", "drop": "excluded"}[verdict])


def test_the_report_stands_on_the_run_page_and_in_the_status(
    troubled: Migration, client: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run = troubled.run("production")
    client.force_login(troubled.admin)
    page = client.get(f"/projects/{troubled.project.slug}/runs/{run.number}/").content.decode()
    assert "Preflight of People" in page
    assert "remove it for good" in page
    capsys.readouterr()
    call_command("migration", "status", troubled.project.slug, "--json")
    told = json.loads(capsys.readouterr().out)["runs"][-1]["phases"][0]["preflight"]
    assert {group["code"] for group in told["groups"]} >= {"deleted_owner", "no_match_value"}


def with_more_fields(migration: Migration, number: int) -> None:
    """A map that makes so many more fields of a person."""
    version = migration.project.map_series.latest()
    assert version is not None
    person = version.spec.object("person")
    assert person is not None
    badge = person.rule_for("badge")
    assert badge is not None
    more = [
        badge.model_copy(update={"source": f"t{at}", "destination": f"t{at}", "unique": False}) for at in range(number)
    ]
    crowded = person.model_copy(update={"fields": (*person.fields, *more)})
    objects = tuple(crowded if rule.source == "person" else rule for rule in version.spec.objects)
    changed = version.spec.model_copy(update={"objects": objects})
    map_services.save_map(project=migration.project, spec=changed, by=migration.admin)


def test_a_map_with_more_fields_than_the_destination_shows_cannot_be_signed(troubled: Migration) -> None:
    with_more_fields(troubled, 340)
    with pytest.raises(services.Refused, match="above 350"):
        troubled.sign(gates.MAP)


def test_fields_that_people_made_since_the_signature_count_before_one_is_made(troubled: Migration) -> None:
    with_more_fields(troubled, 280)
    troubled.sign(gates.MAP)
    theirs = tuple(FieldPlan("person", f"own{at}", f"Own {at}", FieldType.TEXT) for at in range(40))
    with connections.open_destination(troubled.project) as destination:
        destination.ensure(SchemaPlan(fields=theirs), lambda change: None)
        before = {object.name: len(object.fields) for object in destination.catalogue().objects}
    run = troubled.run("sandbox", sample_size=3)
    assert run.state == Run.State.PAUSED
    assert "above 350" in run.problem
    with connections.open_destination(troubled.project) as destination:
        assert {object.name: len(object.fields) for object in destination.catalogue().objects} == before


def test_many_fields_are_a_warning_that_stops_nothing(troubled: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projects.pipeline.barrier.MANY_FIELDS", 20)
    run = troubled.run("production")
    warned = counts(run.phases.get(name="people"), "warning")
    assert warned["many_fields", "person"] > 20
    assert run.state == Run.State.WAITING
