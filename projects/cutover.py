"""Cutover: the freeze, and what both systems say when they are asked."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from projects import audit, gates, late_gates, services
from projects.checklist import Check
from projects.freeze import look
from projects.models import Project, User
from projects.permissions import Can
from projects.services import Refused
from projects.verbs import Verb


def announce(*, project: Project, at: datetime, by: User) -> None:
    """Announces from when on nobody writes to the source any more."""
    services.allow(by, Can.RUN, project)
    if project.cut_over_at is not None:
        raise Refused("The cutover is done: there is nothing left to freeze.")
    with transaction.atomic():
        Project.objects.filter(pk=project.pk).update(freeze_at=at)
        project.freeze_at = at
        audit.record(Verb.FREEZE_ANNOUNCED, project, at=at.isoformat())
    if at <= timezone.now():
        # Who wrote since another moment says nothing about this freeze.
        look(project)


def look_before_signing(project: Project, gate: str) -> None:
    """Asks both systems at the moment of the signature: a look from before the last write would prove nothing."""
    if gate == late_gates.CUTOVER and project.cut_over_at is None and project.connections.count() == 2:
        look(project)


def checks(project: Project) -> list[Check]:
    """The whole checklist, with both systems asked anew."""
    look(project)
    return gates.Standing(project).checks
