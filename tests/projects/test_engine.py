"""The engine: claims, leases, the fence, passing and lasting errors."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
from django.utils import timezone

from connectors.errors import AuthFailed, Transient
from projects.models import Event, Project, Run, Step
from projects.pipeline import engine, stages
from projects.pipeline.context import Context, LostLease, Progress


@pytest.fixture
def run(project: Project) -> Run:
    run = Run.objects.create(project=project, number=1, kind=Run.Kind.DISCOVERY)
    engine.begin(run)
    return run


@pytest.fixture
def step(run: Run) -> Step:
    return run.steps.get(name="catalogue")


def finish(context: Context) -> Progress:
    return Progress(None, done=1)


def test_two_workers_that_claim_the_same_step_do_not_both_get_it(step: Step) -> None:
    same = Step.objects.get(pk=step.pk)
    assert [engine.claim(step), engine.claim(same)] == [1, None]


def test_a_step_whose_lease_ran_out_goes_to_the_next_worker(step: Step) -> None:
    engine.claim(step)
    Step.objects.filter(pk=step.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    assert engine.claim(Step.objects.get(pk=step.pk)) == 2


def test_a_worker_that_lost_its_lease_writes_nothing(step: Step) -> None:
    engine.claim(step)
    late = Context(step, attempt=1)
    Step.objects.filter(pk=step.pk).update(attempt=2)
    with pytest.raises(LostLease), late.fenced():
        Run.objects.update(problem="written by a dead worker")
    assert not Run.objects.filter(problem__startswith="written").exists()


def test_results_and_cursor_are_committed_together_or_not_at_all(
    run: Run, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(context: Context) -> Progress:
        def save() -> None:
            Run.objects.filter(pk=run.pk).update(sample_size=7)
            raise RuntimeError("the database went away")

        return Progress({"next": 2}, done=10, save=save)

    monkeypatch.setitem(stages.STAGES, "catalogue", half)
    engine.advance(run.pk, seconds=0)
    step.refresh_from_db()
    run.refresh_from_db()
    assert (step.cursor, step.done, run.sample_size) == ({}, 0, None)


def test_an_unforeseen_error_pauses_the_run_with_a_reference_and_no_details(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(context: Context) -> Progress:
        raise RuntimeError("secret detail")

    monkeypatch.setitem(stages.STAGES, "catalogue", broken)
    assert engine.advance(run.pk) is None
    run.refresh_from_db()
    assert run.state == Run.State.PAUSED
    assert "reference" in run.problem
    assert "secret detail" not in run.problem


def test_a_passing_error_lets_the_step_wait_as_long_as_the_server_asked(
    run: Run, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    def limited(context: Context) -> Progress:
        raise Transient("The limit is reached.", retry_after=30)

    monkeypatch.setitem(stages.STAGES, "catalogue", limited)
    wait = engine.advance(run.pk, seconds=5)
    step.refresh_from_db()
    assert wait is not None
    assert 25 < wait <= 30
    assert step.waiting_for == "The limit is reached."
    assert Run.objects.get(pk=run.pk).state == Run.State.RUNNING


def test_too_many_passing_errors_in_a_row_pause_the_run(run: Run, step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(context: Context) -> Progress:
        raise Transient("Twenty could not be reached.", retry_after=0)

    monkeypatch.setitem(stages.STAGES, "catalogue", down)
    for _ in range(engine.GIVE_UP_AFTER):
        Step.objects.filter(pk=step.pk).update(not_before=None)
        engine.advance(run.pk, seconds=0)
    run.refresh_from_db()
    assert run.state == Run.State.PAUSED
    assert "could not be reached" in run.problem


def test_a_lasting_error_pauses_the_run_at_once_and_keeps_the_cursor(
    run: Run, step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = iter([Progress({"next": 2}, done=10)])

    def revoked_later(context: Context) -> Progress:
        for page in pages:
            return page
        raise AuthFailed("The key is not accepted.", "Make a new one.")

    monkeypatch.setitem(stages.STAGES, "catalogue", revoked_later)
    engine.advance(run.pk, seconds=30)
    step.refresh_from_db()
    run.refresh_from_db()
    assert (step.cursor, step.done, step.state) == ({"next": 2}, 10, Step.State.PENDING)
    assert (run.state, run.problem) == (Run.State.PAUSED, "The key is not accepted. Make a new one.")
    assert Event.objects.filter(verb="RUN_PAUSED").count() == 1


def test_a_run_goes_through_its_steps_in_order_and_ends(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def note(context: Context) -> Progress:
        order.append(context.step.name)
        return Progress(None)

    for stage in ("catalogue", "profile"):
        monkeypatch.setitem(stages.STAGES, stage, note)
    engine.drive(run.pk)
    run.refresh_from_db()
    assert order == ["catalogue", "profile"]
    assert run.state == Run.State.SUCCEEDED


def test_a_cancelled_run_stops_after_the_page_it_is_at(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    worked: list[int] = []

    def endless(context: Context) -> Progress:
        worked.append(1)
        Run.objects.filter(pk=run.pk).update(state=Run.State.CANCELLED)
        return Progress({"more": True})

    monkeypatch.setitem(stages.STAGES, "catalogue", endless)
    assert engine.advance(run.pk, seconds=30) is None
    assert len(worked) == 1


def test_the_beat_wakes_a_quiet_run_and_leaves_a_lively_one_alone(run: Run, step: Step) -> None:
    Run.objects.filter(pk=run.pk).update(state=Run.State.RUNNING, heartbeat_at=timezone.now())
    assert engine.reap() == []
    Run.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=5))
    assert engine.reap() == [run.pk]


def test_a_step_of_a_process_that_is_gone_from_this_machine_is_freed_at_once(step: Step) -> None:
    engine.claim(step)
    gone = 2**22 - 7
    Step.objects.filter(pk=step.pk).update(leased_by=f"{socket.gethostname()}:{gone}")
    engine.reap()
    step.refresh_from_db()
    assert step.state == Step.State.PENDING
