"""Deltas begin by themselves from the end of production on, and never where somebody has said otherwise."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from projects import deletions, deltas, keeping_up, services
from projects.models import Event, Project, Run
from projects.pipeline import engine
from projects.services import Refused
from tests.back.conftest import landed
from tests.back.test_delta import carry_over, people
from tests.back.test_rollback import roll_back
from tests.journey.conftest import Migration


def let_time_pass(migration: Migration, **time: float) -> None:
    """Moves everything that was run so far into the past."""
    for run in migration.project.runs.exclude(started_at=None):
        run.started_at -= timedelta(**time)
        run.ended_at = run.ended_at and run.ended_at - timedelta(**time)
        run.save()


def look() -> list[Run]:
    """One beat; what it begins is worked to its end."""
    deletions.poll_all()
    return [engine.drive(run.pk) for run in keeping_up.begin_due()]


def test_a_change_at_the_source_lands_without_anybody_asking(small: Migration) -> None:
    landed(small)
    small.source.workspace.change_attributes("00000005", {"city": "New town"})
    assert look() == []  # less than an hour ago
    let_time_pass(small, minutes=61)
    (run,) = look()
    assert (run.kind, run.state, run.started_by) == (Run.Kind.DELTA, Run.State.SUCCEEDED, None)
    assert people(small)["00000005"]["city"] == "New town"
    assert Event.objects.filter(verb="RUN_STARTED", subject=str(run)).get().actor_label == "Carryover"


def test_an_event_is_enough(small: Migration) -> None:
    landed(small)
    let_time_pass(small, minutes=61)
    small.source.workspace.add_event("00000002", "trip_booked", {"seats": 1}, activity_id="late")
    assert len(look()) == 1


def test_nothing_begins_where_nothing_was_written_but_once_a_day(small: Migration) -> None:
    landed(small)
    look()
    let_time_pass(small, minutes=150)
    small.project.watch.__class__.objects.update(written_at=timezone.now() - timedelta(hours=20))
    assert look() == []
    let_time_pass(small, hours=22)
    assert len(look()) == 1


def test_what_changes_while_production_waits_for_signatures_is_noted(small: Migration) -> None:
    small.to_sandbox(size=6)
    run = services.start_run(project=small.project, kind=Run.Kind.PRODUCTION, by=small.admin)
    engine.drive(run.pk)
    run.refresh_from_db()
    assert run.state == Run.State.WAITING
    assert run.started_at is not None
    # The log tells whole seconds: this was written right after the run had begun.
    at = int(run.started_at.timestamp())
    small.source.workspace.change_attributes("00000005", {"city": "New town"}, at=at)
    assert look() == []
    lag = deltas.lag(small.project)
    assert lag.waiting == {"attribute_change": 1}
    assert lag.read_at == run.started_at
    assert "Production comes first" in keeping_up.outlook(small.project).why_not


def test_nothing_begins_by_itself_after_a_rollback_until_somebody_starts_one(small: Migration) -> None:
    landed(small)
    roll_back(small, person="00000005")
    let_time_pass(small, minutes=61)
    small.source.workspace.change_attributes("00000005", {"city": "New town"})
    assert look() == []
    assert "took something back" in keeping_up.outlook(small.project).why_not
    carry_over(small)
    assert keeping_up.outlook(small.project).why_not == ""


def test_nothing_begins_by_itself_after_a_delta_that_somebody_cancelled(small: Migration) -> None:
    landed(small)
    run = deltas.start(project=small.project, by=small.admin)
    services.cancel_run(run=run, by=small.admin, why="Not now.")
    let_time_pass(small, minutes=61)
    small.source.workspace.change_attributes("00000005", {"city": "New town"})
    assert look() == []
    assert f"{run} was cancelled" in keeping_up.outlook(small.project).why_not


def test_nothing_begins_by_itself_after_the_cutover_or_where_it_was_switched_off(small: Migration) -> None:
    landed(small)
    let_time_pass(small, minutes=61)
    small.source.workspace.change_attributes("00000005", {"city": "New town"})
    Project.objects.update(keeps_up_minutes=0)
    assert look() == []
    Project.objects.update(keeps_up_minutes=60, cut_over_at=timezone.now())
    small.project.refresh_from_db()
    assert look() == []
    assert "cutover is done" in keeping_up.outlook(small.project).why_not


def test_how_often_is_one_of_the_choices_and_stands_in_the_trail(small: Migration) -> None:
    with pytest.raises(Refused, match="7 is no choice of minutes"):
        keeping_up.choose(project=small.project, minutes=7, by=small.admin)
    keeping_up.choose(project=small.project, minutes=240, by=small.admin)
    small.project.refresh_from_db()
    assert small.project.keeps_up_minutes == 240
    assert Event.objects.filter(verb="KEEPS_UP").get().subject.startswith("every 4 hours")
