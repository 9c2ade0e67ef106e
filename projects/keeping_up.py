"""Deltas that begin by themselves: from the end of production to the cutover, Twenty keeps up with the source.

They go only where nobody has said otherwise: after a rollback, or a delta that somebody cancelled, a person begins the
next one, and the rest follow by themselves again.
"""

from __future__ import annotations

import logging
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


def why_not(project: Project) -> str:
    """Why no delta begins by itself now, as a sentence; empty where one begins when it is due."""
    if not project.keeps_up_minutes:
        return "Deltas begin only when somebody starts one."
    if project.cut_over_at is not None:
        return "The cutover is done: there is nothing to keep up with any more."
    carried, base = [Run.Kind.PRODUCTION, Run.Kind.DELTA], deltas.base_of(project)
    if base is None:
        return "Production comes first: what changes meanwhile is noted, and the first delta carries it over."
    if (rollback := newest_rollback(project)) and rollback.number > base.number:
        return f"{rollback} took something back: start a delta, and the next ones begin by themselves again."
    newest = project.runs.filter(kind__in=carried).order_by("-number").first()
    if newest is not None and newest.state == Run.State.CANCELLED:
        return f"{newest} was cancelled: start a delta, and the next ones begin by themselves again."
    if newest is not None and newest.state == Run.State.PAUSED:
        return f"{newest} is paused: it goes on when somebody has looked at it."
    return ""


def due_at(project: Project) -> datetime | None:
    """When the next delta may begin by itself; None where none will."""
    base = deltas.base_of(project)
    if base is None or base.ended_at is None or why_not(project):
        return None
    return base.ended_at + timedelta(minutes=project.keeps_up_minutes)


def _is_due(project: Project) -> bool:
    due, base = due_at(project), deltas.base_of(project)
    if due is None or due > timezone.now() or base is None or base.started_at is None:
        return False
    since, written = base.started_at - deltas.SEAM, deletions.watch_of(project).written_at
    return (written is not None and written >= since) or base.started_at < timezone.now() - ANYHOW


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
