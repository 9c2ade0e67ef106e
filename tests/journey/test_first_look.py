"""Whole columns in figures before every record is read back: cheap, shown, and no proof by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from connectors.contract import Draft
from connectors.customerio.fake import FakeCustomerio
from connectors.twenty.destination import TwentyDestination
from connectors.twenty.fake import FakeTwenty
from projects import connections, services
from projects.models import Reconciliation, Run
from projects.pipeline import firstlook
from tests.journey.conftest import Migration, make_migration, small_workspace


def look_at(run: Run, object: str, phase: str = "everything") -> dict[str, Any]:
    books = Reconciliation.objects.filter(phase__run=run, phase__name=phase).latest("pk")
    found: dict[str, Any] = next(one for one in books.first_look if one["object"] == object)
    return found


def verify(migration: Migration) -> Run:
    run = migration.run("verify")
    assert run.state == Run.State.SUCCEEDED, run.problem
    return run


def someone(migration: Migration) -> dict[str, Any]:
    return next(row for row in migration.destination.records("person") if row["name"]["firstName"] == "Ada")


def test_the_figures_of_every_object_agree_after_a_production_run(migrated: Migration) -> None:
    look = look_at(migrated.runs[0], "person", "people")
    assert look["count"] == [5, 5]
    assert look["unlike"] == []
    assert look["columns"]["emails"]["filled"] == [5, 5]
    assert {"name", "tags", "customerioId"} <= look["columns"].keys()
    assert look_at(migrated.runs[0], "company", "companies")["unlike"] == []


def test_an_emptied_value_shows_in_its_column_and_a_stray_in_the_count(migrated: Migration) -> None:
    there = someone(migrated)
    migrated.destination.edit("person", there["id"], {"tags": []})
    look = look_at(verify(migrated), "person")
    assert look["unlike"] == ["tags"]
    assert look["columns"]["tags"]["filled"] == [5, 4]
    table = migrated.destination.workspace.table("person")
    table.rows[there["id"]]["deletedAt"] = migrated.destination.workspace.now()
    assert look_at(verify(migrated), "person")["count"] == [5, 4]


def test_it_costs_one_request_an_object(migrated: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    aggregate = TwentyDestination.aggregate

    def counted(self: TwentyDestination, object: str, *rest: Any) -> Any:
        before = sum(self.calls.values())
        told = aggregate(self, object, *rest)
        asked.append(object)
        assert sum(self.calls.values()) <= before + 1
        return told

    monkeypatch.setattr(TwentyDestination, "aggregate", counted)
    run = verify(migrated)
    assert sorted(asked) == sorted(set(run.steps.values_list("destination", flat=True)))


def test_a_destination_that_tells_no_figures_is_read_back_all_the_same_and_that_is_said(
    migrated: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TwentyDestination, "aggregate", lambda *_: None)
    run = verify(migrated)
    assert look_at(run, "person")["skipped"] == firstlook.NOT_TOLD
    assert run.phases.get().reconciliations.get().is_green
    page = open_page(migrated, run)
    assert firstlook.NOT_TOLD in page


def open_page(migration: Migration, run: Run) -> str:
    client = Client()
    client.force_login(migration.admin)
    phase = run.phases.order_by("order")[0].name
    answer = client.get(reverse("reconciliation", args=[migration.project.slug, run.number, phase]))
    return answer.content.decode()


def test_the_page_says_whether_the_first_look_agrees(migrated: Migration) -> None:
    assert "First look agrees" in open_page(migrated, migrated.runs[0])
    migrated.destination.edit("person", someone(migrated)["id"], {"tags": []})
    page = open_page(migrated, verify(migrated))
    assert "First look disagrees" in page
    assert '<span class="different">4</span>' in page


@pytest.fixture
def ready(transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Migration]:
    """Before production, with batches of one person, looked at after the first two and the first four."""
    settings.SETTLE_SECONDS = 0
    monkeypatch.setattr(firstlook, "FIRST_GROUP", 2)
    source = FakeCustomerio(small_workspace(), requests_per_second=None)
    destination = FakeTwenty(line="2.x", long_limit=None, short_limit=None, prefilled=False)
    migration = make_migration(source, destination)
    migration.to_sandbox()
    known = migration.project.connections.get(side="destination")
    known.known["capabilities"] |= {"batch": 1}
    known.save()
    yield migration
    connections.transports.clear()
    connections._local_budget.cache_clear()


def test_a_load_is_looked_at_after_groups_of_batches_that_grow(
    ready: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: list[list[int]] = []
    ask = firstlook.ask

    def noted(context: Any, sums: firstlook.Sums) -> dict[str, Any]:
        look = ask(context, sums)
        if context.step.name == "person":
            counts.append(look["count"])
        return look

    monkeypatch.setattr(firstlook, "ask", noted)
    run = ready.run("production")
    assert run.state == Run.State.WAITING, run.problem
    assert counts == [[2, 2], [4, 4], [5, 5]]


def test_a_load_whose_values_are_wiped_away_stops_early_and_goes_on_when_told_to(
    ready: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = TwentyDestination.write

    def wiped(self: TwentyDestination, object: str, drafts: Sequence[Draft]) -> list[str]:
        ids = write(self, object, drafts)
        if object == "person":
            for id in ids:
                ready.destination.edit("person", id, {"name": {"firstName": "", "lastName": ""}})
        return ids

    monkeypatch.setattr(TwentyDestination, "write", wiped)
    run = ready.run("production")
    assert run.state == Run.State.PAUSED
    assert "First look after 2 person records: “name” is filled in 0 instead of 2." in run.problem
    assert len(ready.destination.records("person")) == 2
    services.resume_run(run=run, by=ready.admin)
    run = ready.go_on(run)
    assert run.state == Run.State.WAITING
    assert look_at(run, "person", "people")["unlike"] == ["name"]
    assert run.differences.filter(object="person", field="name").count() == 5
