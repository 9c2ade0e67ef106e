"""The freeze, watched: who still writes to the source, and what waits to react in the destination."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime
from typing import Any

from django.utils import timezone

from connectors.errors import ConnectorError
from projects.connections import open_destination, open_source
from projects.labels import in_words
from projects.models import Connection, Project
from projects.pipeline.triggers import OBJECTS
from projects.source_log import EVENT_TYPES, is_change, moment

logger = logging.getLogger(__name__)


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
                name = f"{in_words(kind)} by {line.meta.get('writer') or 'an unnamed writer'}"
                counted[name] += 1
                at = moment(line.fields.get("timestamp"))
                last[name] = max(at, last.get(name, at))
    return {name: {"count": number, "last": last[name].isoformat()} for name, number in counted.items()}


def watch_all() -> None:
    """Looks at every project that is frozen and not cut over yet, so that nobody has to press for it."""
    frozen = Project.objects.filter(freeze_at__lte=timezone.now(), cut_over_at=None)
    for project in frozen:
        if problem := look(project)["problem"]:
            logger.warning("the freeze of %s could not be watched: %s", project.slug, problem)
