"""Going again: after a changed map, after a cancelled run, after a lost answer, after the source changed."""

from __future__ import annotations

import pytest

from connectors.twenty.destination import TwentyDestination
from mapping.rules import Action, MapSpec
from projects import gates, map_services, selectors, services
from projects.models import Project, Record, Run
from projects.pipeline import engine
from tests.journey.conftest import Migration

pytestmark = pytest.mark.slow


def leave_behind(project: Project, source: str) -> MapSpec:
    """The project's map with one more field of a person left behind."""
    latest = project.map_series.latest()
    assert latest is not None
    objects = []
    for rule in latest.spec.objects:
        fields = tuple(
            field.model_copy(update={"action": Action.SKIP, "destination": ""}) if field.source == source else field
            for field in rule.fields
        )
        objects.append(rule.model_copy(update={"fields": fields}) if rule.source == "person" else rule)
    return latest.spec.model_copy(update={"objects": tuple(objects)})


def people(migration: Migration) -> dict[str, dict[str, object]]:
    return {row["customerioId"]: row for row in migration.destination.records("person") if row.get("customerioId")}


def test_a_new_sandbox_after_production_takes_nothing_of_production_back(congress: Migration) -> None:
    congress.to_sandbox()
    congress.production()
    before = {key: row["createdAt"] for key, row in people(congress).items()}
    note = congress.destination.edit(
        "person", str(people(congress)["00000001"]["id"]), {"avatarUrl": "https://x.example/a.png"}
    )
    map_services.save_map(project=congress.project, spec=leave_behind(congress.project, "nickname"), by=congress.admin)
    congress.sign("map")
    assert congress.run("sandbox", sample_size=40).state == Run.State.SUCCEEDED
    congress.sign("sandbox")
    congress.production()
    now = people(congress)
    assert {key: row["createdAt"] for key, row in now.items()} == before
    assert now["00000001"]["avatarUrl"] == note["avatarUrl"]


def test_a_field_that_is_left_behind_later_is_emptied_and_not_left_standing(congress: Migration) -> None:
    congress.to_sandbox()
    congress.production()
    assert people(congress)["00000001"]["jobTitle"] == "Senator"
    map_services.save_map(project=congress.project, spec=leave_behind(congress.project, "job_title"), by=congress.admin)
    congress.sign("map")
    congress.run("sandbox", sample_size=40)
    congress.sign("sandbox")
    run = congress.production()
    assert {row["jobTitle"] for row in people(congress).values()} == {""}
    assert selectors.run_status(run)["phases"][0]["verified"]["differences"] == 0


def test_a_value_that_the_source_no_longer_has_is_emptied(congress: Migration) -> None:
    congress.to_sandbox()
    congress.production()
    congress.source.workspace.change_attributes("00000001", {"job_title": ""})
    run = congress.production()
    assert people(congress)["00000001"]["jobTitle"] == ""
    assert selectors.run_status(run)["phases"][0]["balance"]["updated"] == 1


def test_a_sandbox_signed_under_another_map_cannot_be_signed_again_without_a_run(congress: Migration) -> None:
    congress.to_sandbox()
    map_services.save_map(project=congress.project, spec=leave_behind(congress.project, "nickname"), by=congress.admin)
    congress.sign("map")
    assert not gates.is_signed(congress.project, "sandbox")
    with pytest.raises(services.Refused, match="No sandbox run has ended under this map"):
        congress.sign("sandbox")
    with pytest.raises(services.Refused, match="not signed off for this map"):
        services.start_run(project=congress.project, kind="production", by=congress.admin)


def test_a_batch_that_arrives_after_it_was_given_up_for_lost_is_not_booked_as_refused(
    congress: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    congress.to_sandbox()
    run = services.start_run(project=congress.project, kind="production", by=congress.admin)
    while not Record.objects.filter(run=run, object="person", state="ready").exists():
        engine.advance(run.pk, seconds=0)
    real, blind = TwentyDestination.write, TwentyDestination.find

    def twice(self: TwentyDestination, object: str, drafts: object) -> list[str]:
        real(self, object, drafts)  # type: ignore[arg-type]
        return real(self, object, drafts)  # type: ignore[arg-type]

    monkeypatch.setattr(TwentyDestination, "write", twice)
    monkeypatch.setattr(TwentyDestination, "find", lambda self, *args, **keys: blind(self, *args, **keys)[:0])
    run = congress.go_on(run)
    balance = selectors.run_status(run)["phases"][0]["balance"]
    assert (balance["created"], balance["rejected"]) == (536, 0)
    assert len(people(congress)) == 536


def test_what_a_cancelled_run_made_without_knowing_is_cleared_before_the_next_one(
    congress: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    congress.to_map()
    run = services.start_run(project=congress.project, kind="sandbox", by=congress.admin, sample_size=30)
    while not Record.objects.filter(run=run, object="person", state="ready").exists():
        engine.advance(run.pk, seconds=0)
    with monkeypatch.context() as patch:
        patch.setattr("projects.pipeline.load._save", lambda *_: 1 / 0)
        assert congress.go_on(run).state == Run.State.PAUSED
    assert people(congress)
    services.cancel_run(run=run, by=congress.admin, why="Killed.")
    map_services.save_map(project=congress.project, spec=leave_behind(congress.project, "job_title"), by=congress.admin)
    congress.sign("map")
    again = congress.run("sandbox", sample_size=30)
    assert again.state == Run.State.SUCCEEDED
    assert {row["jobTitle"] for row in people(congress).values()} == {""}


def test_the_destination_cannot_be_exchanged_once_records_stand_in_it(congress: Migration) -> None:
    congress.to_sandbox()
    with pytest.raises(services.Refused, match="needs a project of its own"):
        services.save_connection(
            project=congress.project,
            side="destination",
            connector="twenty",
            base_url="https://other.example.com",
            credentials={"api_key": "k"},
            by=congress.admin,
        )


def test_a_key_to_another_workspace_of_the_same_server_stops_the_run_before_it_writes(congress: Migration) -> None:
    congress.to_map()
    connection = congress.project.connections.get(side="destination")
    connection.known = {**connection.known, "workspace": "another"}
    connection.save()
    run = congress.run("sandbox", sample_size=20)
    assert run.state == Run.State.PAUSED
    assert "another workspace" in run.problem


def test_an_empty_map_is_refused_with_what_is_missing(congress: Migration) -> None:
    with pytest.raises(services.Refused, match="moves nothing"):
        map_services.save_map(project=congress.project, spec=MapSpec(), by=congress.admin)
