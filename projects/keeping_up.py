"""Deltas that begin by themselves: from the end of production to the cutover, Twenty keeps up with the source.

They go only where nobody has said otherwise: after a rollback, or a delta that somebody cancelled, a person begins the
next one, and the rest follow by themselves again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from projects import audit, deletions, deltas, freeze, services
from projects.models import Project, Run, User
from projects.permissions import Can
from projects.services import Refused
from projects.taken_back import newest_rollback
from projects.verbs import Verb

logger = logging.getLogger(__name__)

CHOICES = {
    0: "only when somebody starts one",
    15: "every 15 minutes",
    60: "every hour",
    240: "every 4 hours",
    1440: "every day",
}
"""Minutes between two deltas, in words."""

ANYHOW = timedelta(days=1)
"""After which a delta begins although the log names nothing: it never tells who entered or left a segment."""


@transaction.atomic
def choose(*, project: Project, minutes: int, by: User) -> None:
    """Says how often deltas begin by themselves."""
    services.allow(by, Can.RUN, project)
    if minutes not in CHOICES:
        raise Refused(f"{minutes} is no choice of minutes. There are: {', '.join(map(str, CHOICES))} (0: never).")
    if minutes != project.keeps_up_minutes:
        project.keeps_up_minutes = minutes
        project.save(update_fields=["keeps_up_minutes"])
        audit.record(Verb.KEEPS_UP, project, CHOICES[minutes])


@dataclass(frozen=True, slots=True)
class Outlook:
    """Why no delta begins by itself now, as a sentence; else from when on one may, and what it follows up."""

    why_not: str
    due_at: datetime | None = None
    base: Run | None = None


def outlook(project: Project) -> Outlook:
    """Whether deltas begin by themselves now."""
    if not project.keeps_up_minutes:
        return Outlook("Deltas begin only when somebody starts one.")
    if project.cut_over_at is not None:
        return Outlook("The cutover is done: there is nothing to keep up with any more.")
    base = deltas.base_of(project)
    if base is None or base.ended_at is None:
        return Outlook("Production comes first: what changes meanwhile is noted, and the first delta carries it over.")
    if (rollback := newest_rollback(project)) and rollback.number > base.number:
        return Outlook(f"{rollback} took something back: start a delta, and the next ones begin by themselves again.")
    newest = project.runs.filter(kind__in=Run.MOVING).order_by("-number").first()
    if newest is not None and newest.state == Run.State.CANCELLED:
        return Outlook(f"{newest} was cancelled: start a delta, and the next ones begin by themselves again.")
    if newest is not None and newest.state == Run.State.PAUSED:
        return Outlook(f"{newest} is paused: it goes on when somebody has looked at it.")
    return Outlook("", base.ended_at + timedelta(minutes=project.keeps_up_minutes), base)


def _is_due(project: Project) -> bool:
    found = outlook(project)
    if found.due_at is None or found.due_at > timezone.now() or found.base is None or found.base.started_at is None:
        return False
    begun, written = found.base.started_at, deletions.watch_of(project).written_at
    return (written is not None and written >= begun - deltas.SEAM) or begun < timezone.now() - ANYHOW


def begin_due() -> list[Run]:
    """Begins a delta wherever one is due; what stands in the way of one is nobody else's."""
    begun = []
    for project in Project.objects.filter(cut_over_at=None, runs__kind=Run.Kind.PRODUCTION).distinct():
        if not _is_due(project):
            continue
        try:
            begun.append(deltas.begin(project))
        except Refused as refused:
            logger.info("no delta of %s begins by itself: %s", project.slug, refused)
    return begun


@shared_task
def watch_sources() -> None:
    """Reads the logs of all sources, which reach back 30 days only; watches freezes, begins the deltas that are due."""
    deletions.poll_all()
    freeze.watch_all()
    for run in begin_due():
        services.enqueue(run)
