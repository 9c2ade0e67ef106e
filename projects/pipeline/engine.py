"""The only loop: claims a step, works one bounded page, commits results and cursor together, goes on.

State is in rows, not in the broker. A worker that dies leaves a lease that runs out; whoever claims the
step next goes on from the cursor. What the dead one may have written is looked up before it is written
again (`load`). Celery, the foreground commands and the tests call `advance` and nothing else.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from connectors.errors import ConnectorError, Transient
from projects import audit
from projects.models import PausedTrigger, Phase, Run, Step
from projects.pipeline import barrier, closing, phases, stages, triggers
from projects.pipeline.context import Context, LostLease, Progress
from projects.verbs import Verb

logger = logging.getLogger(__name__)

REPORT_EVERY = 2.0
"""Seconds of foreground work between two reports."""

LONGEST_PAUSE = 3600.0
"""Seconds that a step waits at most before it asks again, whatever the server said."""

QUIET = 15
"""Seconds without a sign of life after which a run is woken by the beat."""

GIVE_UP_AFTER = 8
"""Failures in a row after which a passing error pauses the run and asks for a person."""


def begin(run: Run) -> None:
    """Lays out the phases and steps of a new run."""
    for order, spec in enumerate(phases.phases_of(run)):
        phase = run.phases.create(name=spec.name, order=order)
        for number, step in enumerate(phases.step_specs(run, spec.name)):
            phase.steps.create(
                run=run,
                name=step.name,
                object=step.object,
                destination=step.destination,
                order=order * 100 + number,
                stage=step.stages[0],
            )


def advance(run_id: int, *, seconds: float | None = None) -> float | None:
    """Works on a run for about `seconds`; anything unforeseen pauses it with a reference into the log.

    Gives the seconds after which to come again; None when there is nothing for this caller to come back for:
    the run rests, or another worker is at it.
    """
    try:
        return _advance(run_id, settings.RUN_SLICE_SECONDS if seconds is None else seconds)
    except Exception:
        logger.exception("run %s failed outside its steps", run_id)
        run = Run.objects.select_related("project").get(pk=run_id)
        pause(run, f"Something unforeseen went wrong (reference run-{run_id} in the log).")
        return None


def _advance(run_id: int, seconds: float) -> float | None:
    until = time.monotonic() + seconds
    while True:
        run = Run.objects.select_related("project", "field_map").get(pk=run_id)
        if not run.is_active:
            triggers.restore_when_due(run)
            return None
        if not _ready_to_write(run):
            return None
        step = _next_step(run)
        if step is None:
            if not _close_phase(run):
                continue
            return None if not Run.objects.get(pk=run_id).is_active else 0.0
        if not _passes_preflight(step):
            continue
        attempt = claim(step)
        if attempt is None:
            return _wait_of(step)  # None: somebody else has it and goes on by themselves
        work(step.pk, attempt, until)
        if time.monotonic() >= until:
            return 0.0


def drive(run_id: int, *, report: Callable[[Run], None] = lambda run: None) -> Run:
    """Works on a run in this process until it rests and owes the destination nothing."""
    while True:
        wait = advance(run_id, seconds=REPORT_EVERY)
        run = Run.objects.get(pk=run_id)
        report(run)
        if not run.is_active and (run.is_open or triggers.restore_when_due(run) or triggers.has_problem(run)):
            return run
        if wait is None:
            reap()
        time.sleep(min(0.5 if wait is None else wait, 5.0))


def _ready_to_write(run: Run) -> bool:
    """Starts the run; before the first write, automations of the destination are found and paused."""
    if run.state == Run.State.QUEUED:
        Run.objects.filter(pk=run.pk, state=Run.State.QUEUED).update(
            state=Run.State.RUNNING, started_at=run.started_at or timezone.now(), heartbeat_at=timezone.now()
        )
    if not run.writes or run.phases.filter(name=phases.PLAN.name).exclude(state=Phase.State.APPROVED).exists():
        return True
    try:
        triggers.pause_for(run)
    except ConnectorError as error:
        pause(run, str(error))
        return False
    return True


def _next_step(run: Run) -> Step | None:
    """The next unfinished step of the current phase, or None when that phase's steps are all done."""
    phase = run.phases.exclude(state=Phase.State.APPROVED).order_by("order").first()
    if phase is None:
        return None
    if phase.state == Phase.State.WAITING:
        Phase.objects.filter(pk=phase.pk, state=Phase.State.WAITING).update(
            state=Phase.State.RUNNING, started_at=timezone.now()
        )
    unfinished = phase.steps.exclude(state=Step.State.DONE).order_by("order")
    return barrier.next_of(phase, list(unfinished.select_related("run__project", "run__field_map", "phase")))


def _passes_preflight(step: Step) -> bool:
    """Whether the step may be worked: before the first one that loads, the phase's preflight is told.

    What people decided in the meantime is carried out first. A run that is to stop there pauses with the sentence;
    resumed, it goes on, and what is held waits as ever.
    """
    phase, run = step.phase, step.run
    if phase.decided and barrier.is_untouched(phase):
        with transaction.atomic():
            if Phase.objects.filter(pk=phase.pk, decided=True).update(decided=False):
                reopen(phase)
        return False
    if not barrier.is_up(step):
        return True
    report = barrier.report_of(phase)
    if not Phase.objects.filter(pk=phase.pk, preflight=None).update(preflight=report):
        return False
    if run.writes and run.stops_at_preflight and report["held"] and not barrier.has_landed(phase):
        what = f"{report['held']:,} of {report['checked']:,} records need a decision; nothing of this phase is written"
        pause(run, f"Preflight of {phase.name}: {what}. Decide about them, then resume: the others land either way.")
        return False
    return True


def claim(step: Step) -> int | None:
    """Takes a step by compare-and-swap: the attempt number when this process won it, else None."""
    now = timezone.now()
    free = Q(state=Step.State.PENDING) & (Q(not_before=None) | Q(not_before__lte=now))
    abandoned = Q(state=Step.State.RUNNING, leased_until__lt=now)
    won = Step.objects.filter(free | abandoned, pk=step.pk, attempt=step.attempt).update(
        state=Step.State.RUNNING,
        attempt=F("attempt") + 1,
        leased_until=now + timedelta(seconds=settings.RUN_LEASE_SECONDS),
        leased_by=f"{socket.gethostname()}:{os.getpid()}",
        not_before=None,
        waiting_for="",
        started_at=step.started_at or now,
    )
    return step.attempt + 1 if won else None


def _wait_of(step: Step) -> float | None:
    """Seconds until somebody may have this step; None while another worker has it."""
    step.refresh_from_db()
    if step.state == Step.State.RUNNING:
        return None
    until = step.not_before
    return max(0.2, (until - timezone.now()).total_seconds()) if until else 0.2


def work(step_id: int, attempt: int, until: float) -> None:
    """Works pages of a claimed step until its stages are done, the time is up, or something stops it."""
    step = Step.objects.select_related("run__project", "run__field_map", "phase").get(pk=step_id)
    try:
        with Context(step, attempt) as context:
            counted: Counter[str] = Counter()
            while True:
                began = time.monotonic()
                progress = stages.STAGES[step.stage](context)
                calls = context.calls()
                finished = commit(context, progress, calls - counted, time.monotonic() - began)
                counted = calls
                if progress.stop:
                    pause(step.run, progress.stop)
                halted = barrier.reached(step) or time.monotonic() >= until
                if finished or halted or not _still_wanted(step.run_id):
                    break
        if not finished:
            _release(step, attempt)
    except LostLease:
        logger.info("%s was taken over by another worker", step)
    except Transient as error:
        _try_later(step, attempt, error)
    except ConnectorError as error:
        _stop(step, attempt, str(error))
    except Exception:
        reference = f"{step.pk}-{attempt}"
        logger.exception("step failed, reference %s", reference)
        _stop(step, attempt, f"Something unforeseen went wrong in {step.name} (reference {reference} in the log).")


def _still_wanted(run_id: int) -> bool:
    return Run.objects.filter(pk=run_id, state=Run.State.RUNNING).exists()


def commit(context: Context, progress: Progress, calls: Counter[str], seconds: float) -> bool:
    """Results, cursor and tally in one fenced transaction; true when the step is finished."""
    step = context.step
    tally: Counter[str] = Counter(step.tally)
    tally.update(progress.tally)
    tally.update({f"calls.{kind}": number for kind, number in calls.items()})
    tally[f"ms.{step.stage}"] += round(seconds * 1000)
    stage, cursor, state = step.stage, progress.cursor, step.state
    done = step.done + progress.done
    if cursor is None:
        order = next(s.stages for s in phases.step_specs(step.run, step.phase.name) if s.name == step.name)
        position = order.index(step.stage) + 1
        cursor, done = {}, 0
        if position < len(order):
            stage = order[position]
        else:
            state, done = Step.State.DONE, step.done + progress.done
    with context.fenced():
        progress.save()
        step.stage, step.cursor, step.state, step.done, step.failures = stage, cursor, state, done, 0
        step.tally, step.total = dict(tally), progress.total if progress.total is not None else step.total
        step.ended_at = timezone.now() if state == Step.State.DONE else None
        step.save(update_fields=["stage", "cursor", "state", "done", "failures", "tally", "total", "ended_at"])
    return state == Step.State.DONE


def _release(step: Step, attempt: int) -> None:
    """Gives a step back unfinished."""
    Step.objects.filter(pk=step.pk, attempt=attempt, state=Step.State.RUNNING).update(
        state=Step.State.PENDING, leased_until=None
    )


def _try_later(step: Step, attempt: int, error: Transient) -> None:
    """A passing error: the step waits; after too many in a row the run pauses with the sentence."""
    failures = step.failures + 1
    wait = min(LONGEST_PAUSE, max(error.retry_after, min(60.0, 2.0**failures)))
    Step.objects.filter(pk=step.pk, attempt=attempt, state=Step.State.RUNNING).update(
        state=Step.State.PENDING,
        leased_until=None,
        failures=failures,
        not_before=timezone.now() + timedelta(seconds=wait),
        waiting_for=error.sentence[:200],
    )
    if failures >= GIVE_UP_AFTER:
        Step.objects.filter(pk=step.pk).update(not_before=None, failures=0)
        pause(step.run, str(error))


def _stop(step: Step, attempt: int, problem: str) -> None:
    """An error that will not mend itself: the run pauses, the step keeps its cursor."""
    _release(step, attempt)
    pause(step.run, problem)


def pause(run: Run, why: str) -> None:
    """Pauses a run with the sentence that says why and what to do."""
    with transaction.atomic():
        changed = Run.objects.filter(pk=run.pk, state__in=Run.ACTIVE).update(state=Run.State.PAUSED, problem=why)
        if changed:
            audit.record(Verb.RUN_PAUSED, run.project, str(run), why=why)


def _close_phase(run: Run) -> bool:
    """Reconciles the phase whose steps are done, or ends the run. True when there is no more to do now."""
    phase = run.phases.exclude(state=Phase.State.APPROVED).order_by("order").first()
    if phase is None:
        return _end(run)
    if phase.state == Phase.State.RECONCILED:
        _rest(run)
        return True
    with transaction.atomic():
        # Whoever moves the row closes the phase; a second worker waits here and then finds it moved.
        mine = Phase.objects.filter(pk=phase.pk, state=Phase.State.RUNNING)
        if mine.filter(decided=True).update(decided=False):
            reopen(phase)
            return False
        if not mine.update(state=Phase.State.RECONCILED, ended_at=timezone.now()):
            return False
        result = closing.close(phase)
        waits = phases.needs_signature(run, phase.name, run.project)
        if waits and run.project.approves_when_balanced and result is not None and result.is_green:
            waits = False
        if not waits:
            Phase.objects.filter(pk=phase.pk).update(state=Phase.State.APPROVED)
        if result is not None:
            audit.record(Verb.PHASE_RECONCILED, run.project, str(phase), verdict=result.verdict)
    if waits:
        _rest(run)
    return waits


def reopen(phase: Phase) -> None:
    """Sends a phase's steps back to the stages that settle and land; what has landed already stays as it is."""
    Phase.objects.filter(pk=phase.pk).update(preflight=None)
    for spec in phases.step_specs(phase.run, phase.name):
        first = ("correct", "settle", "primary_company", "relate", "targets")
        stage = next((stage for stage in spec.stages if stage in first), None)
        if stage is not None:
            Step.objects.filter(run=phase.run, name=spec.name).update(
                stage=stage, cursor={}, state=Step.State.PENDING, done=0, ended_at=None
            )


def _rest(run: Run) -> None:
    Run.objects.filter(pk=run.pk, state=Run.State.RUNNING).update(state=Run.State.WAITING)


def _end(run: Run) -> bool:
    """Ends a run whose phases are all approved, once what was paused in the destination is back."""
    with transaction.atomic():
        ended = Run.objects.filter(pk=run.pk, state=Run.State.RUNNING).update(
            state=Run.State.SUCCEEDED, ended_at=timezone.now(), problem=""
        )
        if ended:
            audit.record(Verb.RUN_ENDED, run.project, str(run))
    triggers.restore_when_due(run)
    return True


def reap() -> list[int]:
    """Frees the steps of dead workers and gives the runs that want work.

    A lease normally has to run out; a worker process that is known to be gone from this very machine
    (same host, no such process) need not be waited for.
    """
    now = timezone.now()
    for step in Step.objects.filter(state=Step.State.RUNNING, leased_by__startswith=f"{socket.gethostname()}:"):
        if not _alive(int(step.leased_by.rpartition(":")[2])):
            Step.objects.filter(pk=step.pk, attempt=step.attempt, state=Step.State.RUNNING).update(leased_until=now)
    Step.objects.filter(state=Step.State.RUNNING, leased_until__lte=now).update(state=Step.State.PENDING)
    owing = Run.objects.exclude(state__in=Run.OPEN).filter(paused_triggers__state__in=PausedTrigger.OWED)
    for run in owing.distinct():
        triggers.restore_when_due(run)
    quiet_since = now - timedelta(seconds=QUIET)
    quiet = Run.objects.filter(state__in=Run.ACTIVE).filter(Q(heartbeat_at=None) | Q(heartbeat_at__lt=quiet_since))
    waiting = Step.objects.filter(state=Step.State.PENDING, not_before__gt=now).values("run_id")
    return list(quiet.exclude(pk__in=waiting).values_list("pk", flat=True))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
