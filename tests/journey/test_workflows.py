"""Workflows of the destination that our writes would set off: paused with consent, and always put back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.customerio.fake import FakeCustomerio
from connectors.twenty.fake import FakeTwenty
from projects import connections, proposals, services
from projects.models import PausedTrigger, Run
from projects.pipeline import engine, triggers
from tests.journey import checkpoint
from tests.journey.conftest import Migration, congress_workspace, make_migration


@pytest.fixture
def fresh(transactional_db: None, settings: Any) -> Iterator[Migration]:
    """A fresh Twenty 2.x: its own workflow makes a company for each person and overwrites the imported link."""
    settings.SETTLE_SECONDS = 0

    def make() -> Migration:
        source = FakeCustomerio(congress_workspace(), requests_per_second=None)
        return make_migration(source, FakeTwenty(long_limit=None, short_limit=None, logic_functions=True))

    yield checkpoint.begin("congress to a Twenty that does something by itself", make)
    connections.transports.clear()
    connections._local_budget.cache_clear()


def live_triggers(migration: Migration) -> int:
    return len(migration.destination.records("workflowAutomatedTrigger"))


def test_the_map_page_lists_what_will_be_paused_and_the_signature_is_the_consent(fresh: Migration) -> None:
    fresh.to_map()
    signature = fresh.project.signatures.get(gate="map")
    assert [trigger["name"] for trigger in signature.shown["triggers"]] == ["Create company when adding a new person"]


def test_while_people_are_written_the_workflow_is_paused_and_afterwards_it_is_back(fresh: Migration) -> None:
    fresh.to_map()
    assert live_triggers(fresh) == 1
    run = services.start_run(project=fresh.project, kind="sandbox", by=fresh.admin, sample_size=20)
    engine.advance(run.pk, seconds=0)
    assert live_triggers(fresh) == 0
    fresh.go_on(run)
    assert live_triggers(fresh) == 1
    assert fresh.destination.records("workflowRun") == []


def test_a_workflow_that_nobody_agreed_to_pause_stops_the_run_before_the_first_write(fresh: Migration) -> None:
    discovery = fresh.run("discovery")
    assert discovery.state == Run.State.SUCCEEDED
    proposals.propose(project=fresh.project, by=fresh.admin)
    fresh.project.connections.filter(side="destination").update(known={})
    fresh.sign("map")
    run = fresh.run("sandbox", sample_size=20)
    assert run.state == Run.State.PAUSED
    assert "was not on the list you signed" in run.problem
    assert not [row for row in fresh.destination.records("person") if row.get("customerioId")]


def test_a_crash_between_the_debt_and_the_pause_is_made_good(fresh: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh.to_map()
    run = services.start_run(project=fresh.project, kind="sandbox", by=fresh.admin, sample_size=20)
    with monkeypatch.context() as patch:
        patch.setattr("connectors.twenty.destination.TwentyDestination.pause", lambda *args: 1 / 0)
        engine.advance(run.pk, seconds=0)
    run.refresh_from_db()
    assert "reference" in run.problem
    services.resume_run(run=run, by=fresh.admin)
    assert PausedTrigger.objects.get(run=run).state == PausedTrigger.State.PAUSING
    assert live_triggers(fresh) == 1
    engine.advance(run.pk, seconds=0)
    assert live_triggers(fresh) == 0


def test_a_cancelled_run_gives_back_what_it_paused(fresh: Migration) -> None:
    fresh.to_map()
    run = services.start_run(project=fresh.project, kind="sandbox", by=fresh.admin, sample_size=20)
    engine.advance(run.pk, seconds=0)
    services.cancel_run(run=run, by=fresh.admin, why="Changed my mind.")
    engine.reap()
    assert live_triggers(fresh) == 1


def test_a_destination_that_is_down_at_the_end_still_gets_its_workflow_back_later(fresh: Migration) -> None:
    fresh.to_map()
    run = services.start_run(project=fresh.project, kind="sandbox", by=fresh.admin, sample_size=20)
    engine.advance(run.pk, seconds=0)
    services.cancel_run(run=run, by=fresh.admin, why="Changed my mind.")
    fresh.destination.revoke_key()
    engine.reap()
    assert "could not be put back yet" in PausedTrigger.objects.get(run=run).problem
    fresh.project.connections.filter(side="destination").update(secrets={"api_key": fresh.destination.issue_key("new")})
    engine.reap()
    assert live_triggers(fresh) == 1
    assert PausedTrigger.objects.get(run=run).problem == ""


def test_workflows_are_put_back_only_after_the_destination_has_worked_off_what_was_written(
    fresh: Migration, settings: Any
) -> None:
    fresh.to_map()
    settings.SETTLE_SECONDS = 3600
    run = services.start_run(project=fresh.project, kind="sandbox", by=fresh.admin, sample_size=20)
    while Run.objects.get(pk=run.pk).is_active:
        engine.advance(run.pk)
    assert Run.objects.get(pk=run.pk).state == Run.State.SUCCEEDED
    engine.reap()
    assert live_triggers(fresh) == 0
    assert triggers.restore_when_due(Run.objects.get(pk=run.pk), now=True)
    assert live_triggers(fresh) == 1
