"""Delta, as people ask for it: which kind is due, how far behind Twenty is, what a cutover now would cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.utils import timezone

from projects import deletions, services
from projects.models import Project, Record, Run, User
from projects.permissions import Can
from projects.pipeline import delta
from projects.pipeline.departed import DELETED
from projects.pipeline.threeway import BOTH_SIDES
from projects.services import Refused
from projects.source_log import KEPT, followed_since, whole_second

SEAM = timedelta(minutes=2)
"""Read twice at the seam of two runs: what was written while the first one read."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far Twenty is behind. `seconds`: since the last read; `waiting`: lines of the log since, by kind."""

    read_at: datetime | None
    seconds: int | None
    waiting: dict[str, int]
    people: int
    last: Run | None
    last_seconds: int | None
    last_moved: dict[str, int]
    freeze_seconds: int | None

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "read_at": self.read_at.isoformat() if self.read_at else None,
            "lag_seconds": self.seconds,
            "waiting": self.waiting,
            "people_waiting": self.people,
            "last_delta": self.last.number if self.last else None,
            "last_delta_seconds": self.last_seconds,
            "last_delta_moved": self.last_moved,
            "cutover_seconds": self.freeze_seconds,
        }


CONFLICTS = (BOTH_SIDES, DELETED)


def conflicts(project: Project) -> int:
    """Records that the newest delta held, as both sides changed them."""
    newest = project.runs.filter(kind=Run.Kind.DELTA, state=Run.State.SUCCEEDED).order_by("-number").first()
    held = Record.objects.filter(run=newest, state=Record.State.HELD, reason__in=CONFLICTS)
    return held.count() if newest else 0


def base_of(project: Project) -> Run | None:
    """The newest run up to whose beginning everything was carried over."""
    done = project.runs.filter(kind__in=Run.MOVING, state=Run.State.SUCCEEDED).exclude(phases__rolled_back=True)
    return done.order_by("-number").first()


def start(*, project: Project, by: User, full: bool = False) -> Run:
    """Starts a delta for somebody who may."""
    services.allow(by, Can.RUN, project)
    return begin(project, by=by, full=full)


def begin(project: Project, *, by: User | None = None, full: bool = False) -> Run:
    """Begins a delta: by the source's log, or (asked for, or where the log does not reach back) by reading all.

    `by` is None where it begins by itself.
    """
    base = base_of(project)
    if base is None or base.started_at is None:
        raise Refused("There is nothing to follow up: production has not ended yet.")
    since = base.started_at - SEAM
    reaches = since > timezone.now() - KEPT
    mode = delta.FULL if full or not reaches else delta.CHANGES
    scope = {"mode": mode, "since": since.isoformat(), "base": base.number}
    return services.open_run(project=project, kind=Run.Kind.DELTA, by=by, scope=scope)


def lag(project: Project, *, look: bool = False) -> Lag:
    """How far behind Twenty is; `look` asks the source's log for what waits, else as last seen."""
    if look:
        deletions.poll(project)
    read_at = followed_since(project)
    waiting: dict[str, int] = {}
    people = 0
    if read_at is not None:
        lines = project.source_changes.filter(at__gte=whole_second(read_at)).order_by()
        waiting = dict(lines.values_list("kind").annotate(number=Count("pk")))
        people = lines.filter(object="person").values("key").distinct().count()
    done = list(project.runs.filter(kind=Run.Kind.DELTA, state=Run.State.SUCCEEDED).order_by("-number")[:20])
    last = done[0] if done else None
    took = _seconds(next((run for run in done if run.scope.get("mode") == delta.CHANGES), last))
    return Lag(
        read_at=read_at,
        seconds=round((timezone.now() - read_at).total_seconds()) if read_at else None,
        waiting=waiting,
        people=people,
        last=last,
        last_seconds=took,
        last_moved=dict(delta.moved(last)) if last else {},
        freeze_seconds=_freeze(took),
    )


def _seconds(run: Run | None) -> int | None:
    if run is None or run.started_at is None or run.ended_at is None:
        return None
    return round((run.ended_at - run.started_at).total_seconds())


def _freeze(quick: int | None) -> int | None:
    """Seconds from the freeze to the system of record: a last delta that moves something, and two that do not."""
    return None if quick is None else 3 * quick
