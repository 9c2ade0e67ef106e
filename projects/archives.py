"""Files beside the source's API: older events, and messages of a data-warehouse sync."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from django.conf import settings
from django.db import transaction

from connectors.registry import get_connector
from projects import audit
from projects.connections import open_archive
from projects.models import Connection, Project, Run, SourceArchive, User
from projects.permissions import Can, can
from projects.services import Refused
from projects.verbs import Verb

MOST_LISTED = 200
"""Files of the project's folder that the form proposes."""


def folder_of(project: Project) -> Path:
    """Where the files of this project lie that may be added in the browser; the command line may name any file.

    A folder for each project, so that nobody reads the files of another one.
    """
    return Path(settings.ARCHIVE_DIR).resolve() / project.slug


def files_of(project: Project) -> list[str]:
    """What lies in the project's folder, by name."""
    folder = folder_of(project)
    if not folder.is_dir():
        return []
    return sorted(one.name for one in folder.iterdir() if not one.name.startswith("."))[:MOST_LISTED]


def path_within(project: Project, typed: str) -> str:
    """The file or folder that was typed, if it lies in the project's folder; links are followed before it is judged."""
    folder = folder_of(project)
    if "\0" in typed or not typed.strip():
        raise Refused("Type the name of a file or folder.")
    path = (folder / typed.strip()).resolve()
    if not path.is_relative_to(folder):
        raise Refused(f"“{typed}” lies outside of {folder}. In the browser only what lies there can be added.")
    if not path.exists():
        raise Refused(f"There is no “{typed}” in {folder}: copy it there first.")
    return str(path)


def headers_of(project: Project, archive: SourceArchive) -> Sequence[str]:
    """The columns there are to choose from; none where the kind of archive has no choice of columns.

    Raises the connector's error where the files cannot be read any more.
    """
    connection = project.connections.filter(side=Connection.Side.SOURCE).first()
    reader = get_connector(connection.connector).archive_headers.get(archive.object) if connection else None
    return reader(archive.paths) if reader else ()


@transaction.atomic
def remove_archive(*, project: Project, archive: SourceArchive, by: User) -> None:
    """Takes an archive off the project; the files stay where they are."""
    _allow(project, by)
    project.archives.filter(pk=archive.pk).delete()
    audit.record(Verb.ARCHIVE_REMOVED, project, archive.object)


def _allow(project: Project, by: User) -> None:
    if not can(by, Can.CONNECT, project):
        raise Refused("As a member of this project you may not connect.")
    if project.runs.filter(state__in=Run.OPEN).exists():
        raise Refused("A run is open: archives are added and removed before it begins, or after its end.")


def add_archive(
    *, project: Project, object: str, paths: list[str], by: User, columns: Mapping[str, str] | None = None
) -> int:
    """Puts files beside the source's API; gives how many records their first page holds.

    Columns that are not given are guessed, and remembered. Raises the connector's error where the files cannot be
    read. What is stored takes part from the next discovery on.
    """
    _allow(project, by)
    connection = project.connections.filter(side=Connection.Side.SOURCE).first()
    known = get_connector(connection.connector).archives if connection else {}
    if object not in known:
        raise Refused(f"There are no archives of “{object}” for this source.")
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
