"""Waits for a run on the command line, with one progress line."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.core.management.base import OutputWrapper
from django.utils import timezone

from projects import selectors, services
from projects.models import PausedTrigger, Run
from projects.pipeline import engine
from projects.text import duration

DONE, FAILED, WAITS = 0, 1, 3

NAMED = 10
"""Differences that are named on the command line; the page has all."""

NOBODY = 60
"""Seconds without any worker after which waiting ends with a sentence."""


class Failed(Exception):
    """The verb could not be carried out; `str()` is the sentence."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a verb gives: an object for scripts, text for people, and the exit status."""

    data: dict[str, Any]
    text: str
    code: int = DONE


def wait_for(run: Run, *, foreground: bool, quiet: bool, stream: OutputWrapper) -> Outcome:
    """Works on the run here, or watches the workers do it, until it rests."""
    line = ProgressLine(stream, quiet)
    if foreground:
        run = engine.drive(run.pk, report=line.show)
    else:
        began = woken = time.monotonic()
        while not _rests(run):
            line.show(run)
            if time.monotonic() - woken > engine.QUIET:
                # Does what the beat does, in case that one is gone.
                woken = time.monotonic()
                services.wake()
            if run.heartbeat_at is None and time.monotonic() - began > NOBODY:
                sentence = "No worker has taken the run. Start one, or use --foreground; the run stays queued."
                return Outcome({"error": sentence, **_data(run)}, sentence, FAILED)
            time.sleep(0.5)
            run = Run.objects.select_related("project").get(pk=run.pk)
    line.end()
    return outcome_of(Run.objects.select_related("project").get(pk=run.pk))


def _rests(run: Run) -> bool:
    """Whether nothing more happens without a person, paused workflows included."""
    if run.is_active:
        return False
    owed = run.paused_triggers.filter(state__in=PausedTrigger.OWED)
    return run.is_open or not owed.filter(problem="").exists()


def outcome_of(run: Run) -> Outcome:
    """What the resting run says."""
    data = _data(run)
    text = f"{run}: {run.get_state_display()}."
    for phase in data["phases"]:
        counts = ", ".join(f"{number:,} {name}" for name, number in phase["balance"].items() if number)
        verified = phase["verified"]
        if counts:
            text += f"\n  {phase['phase']}: {counts}; {verified['fields']:,} values compared, "
            text += f"{verified['differences']:,} differences"
    if run.state == Run.State.WAITING:
        waiting = next(phase["phase"] for phase in data["phases"] if phase["state"] == "reconciled")
        return Outcome(data, f"{text}\nIt waits for a signature: migration sign {run.project.slug} {waiting}", WAITS)
    if run.state == Run.State.PAUSED:
        return Outcome({**data, "error": run.problem}, f"{text}\n{run.problem}", FAILED)
    if run.state == Run.State.CANCELLED:
        return Outcome(data, text, FAILED)
    for phase in run.phases.all() if run.kind in (Run.Kind.REPLAY, Run.Kind.VERIFY) else ():
        books = phase.reconciliations.order_by("-pk").first()
        if books is not None and not books.is_green:
            problem = " ".join([books.verdict, *books.open_points])
            named = _named_differences(run)
            return Outcome({**data, "error": problem, "differences": named}, "\n".join([text, problem, *named]), FAILED)
    for trigger in run.paused_triggers.exclude(problem=""):
        problem = f"The workflow “{trigger.name}” was paused for this run. {trigger.problem}"
        return Outcome({**data, "error": problem}, f"{text}\n{problem}", FAILED)
    return Outcome(data, text)


def _named_differences(run: Run) -> list[str]:
    """Which records and fields differ, without their values: the first of them, and how many more there are."""
    open_ones = run.differences.unexplained().order_by("pk")
    named = [f"  {one.get_kind_display()}: {one}" for one in open_ones[:NAMED]]
    more = open_ones.count() - len(named)
    return [*named, f"  and {more:,} more"] if more else named


def _data(run: Run) -> dict[str, Any]:
    return selectors.run_status(run)


class ProgressLine:
    """One line that changes in a terminal; elsewhere a line per change of step."""

    def __init__(self, stream: OutputWrapper, quiet: bool) -> None:
        self._stream = stream
        self._quiet = quiet
        self._terminal = bool(getattr(stream, "isatty", lambda: False)())
        self._last = ""

    def show(self, run: Run) -> None:
        """Says where the run is."""
        if self._quiet:
            return
        step = run.steps.exclude(state="done").order_by("phase__order", "order").first()
        what, count, waits = "closing", "", ""
        if step is not None:
            what = f"{step.name}: {step.stage}"
            count = f" {step.done:,} of {step.total:,}" if step.total else f" {step.done:,}"
            count += f", about {duration(step.seconds_left)} left" if step.seconds_left else ""
            if step.not_before and step.not_before > timezone.now():
                waits = f" — {step.waiting_for}"
        if self._terminal:
            self._stream.write(f"\r\033[K{run} · {what}{count}{waits}", ending="")
        elif what != self._last:
            self._stream.write(f"{run} · {what}{waits}")
        self._last = what

    def end(self) -> None:
        """Leaves the line."""
        if self._terminal and not self._quiet:
            self._stream.write("")
