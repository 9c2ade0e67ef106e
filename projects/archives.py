"""Files beside the source's API: older events, and messages of a data-warehouse sync."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from connectors.registry import get_connector
from projects import audit
from projects.connections import open_archive
from projects.models import Connection, Project, Run, User
from projects.permissions import Can, can
from projects.services import Refused
from projects.verbs import Verb


def add_archive(
    *, project: Project, object: str, paths: list[str], by: User, columns: Mapping[str, str] | None = None
) -> int:
    """Puts files beside the source's API; gives how many records their first page holds.

    Columns that are not given are guessed, and remembered. Raises the connector's error where the files cannot be
    read. What is stored takes part from the next discovery on.
    """
    if not can(by, Can.CONNECT, project):
        raise Refused("As a member of this project you may not connect.")
    connection = project.connections.filter(side=Connection.Side.SOURCE).first()
    known = get_connector(connection.connector).archives if connection else {}
    if object not in known:
        raise Refused(f"There are no archives of “{object}” for this source.")
    if project.runs.filter(state__in=Run.OPEN).exists():
        raise Refused("A run is open: archives are added before it begins, or after its end.")
    guess = get_connector(connection.connector).archive_columns.get(object) if connection else None
    chosen = {**(guess(paths) if guess else {}), **(columns or {})}
    with transaction.atomic():
        project.archives.update_or_create(object=object, defaults={"paths": paths, "columns": chosen})
        archive = open_archive(project, object)
        first = next(iter(archive.pages()), None) if archive else None
        if first is None or not (first.records or first.missing or first.left_out):
            raise Refused(f"There is nothing to read in {', '.join(paths)}.")
        audit.record(Verb.ARCHIVE_ADDED, project, object, paths=", ".join(paths))
    return len(first.records)
