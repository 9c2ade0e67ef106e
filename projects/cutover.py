"""Cutover: the freeze, and what both systems say when they are asked."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from connectors.errors import ConnectorError
from projects import audit, gates, services
from projects.checklist import Check
from projects.connections import open_destination, open_source
from projects.models import Connection, Project, User
from projects.permissions import Can
from projects.pipeline.triggers import OBJECTS
from projects.services import Refused
from projects.source_log import EVENT_TYPES, is_change, moment
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


def look(project: Project) -> dict[str, Any]:
    """Asks both systems what only they know: who still writes to the source, what waits to react in the destination."""
    found: dict[str, Any] = {
        "at": timezone.now().isoformat(),
        "writers": {},
        "triggers": [],
        "webhooks": [],
        "problem": "",
    }
    try:
        if project.freeze_at is not None and project.freeze_at <= timezone.now():
            found["writers"] = _writers(project, project.freeze_at)
        with open_destination(project) as destination:
            found["triggers"] = [trigger.name for trigger in destination.triggers(OBJECTS)]
            found["webhooks"] = destination.listeners(OBJECTS)
    except ConnectorError as error:
        found["problem"] = str(error)
    source = project.connections.get(side=Connection.Side.SOURCE)
    source.known = {**source.known, "cutover": found}
    source.save(update_fields=["known"])
    return found


def _writers(project: Project, since: datetime) -> dict[str, dict[str, Any]]:
    """Who wrote to the source since the freeze: kind and writer → how often, and when last."""
    counted: Counter[str] = Counter()
    last: dict[str, datetime] = {}
    with open_source(project) as source:
        for page in source.changes(since.timestamp()):
            for line in page.records:
                kind = str(line.fields.get("type"))
                if not (kind in EVENT_TYPES or is_change(kind)):
                    continue
                name = f"{kind} by {line.meta.get('writer') or 'an unnamed writer'}"
                counted[name] += 1
                at = moment(line.fields.get("timestamp"))
                last[name] = max(at, last.get(name, at))
    return {name: {"count": number, "last": last[name].isoformat()} for name, number in counted.items()}


def checks(project: Project) -> list[Check]:
    """The whole checklist, with both systems asked anew."""
    look(project)
    return gates.Standing(project).checks
