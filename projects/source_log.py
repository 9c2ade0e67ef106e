"""The source's own log as it is kept here: what was changed, made, merged and deleted, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contract import Source, SourceRecord
from projects.models import Project, Run, SourceChange
from projects.pipeline.phases import PERSON
from projects.text import plain

KEPT = timedelta(days=30)
"""How far back the source's log reaches; older deletions nobody can tell any more."""

AGAIN = timedelta(minutes=5)
"""Read twice at the seam: lines may arrive a little late."""

EVENT_TYPES = ("event", "page", "screen")
"""Types of the log that are records themselves and not changes of one."""

WANTED = frozenset(
    (
        "profile_create", "profile_delete", "profile_merge", "anon_merge", "add_relationship",
        "delete_relationship", "device_change",
    )
)  # fmt: skip
"""Kinds of lines after which a record is read again; metrics of messages come with the messages."""


def moment(value: Any) -> datetime:
    """A unix time as the database keeps it."""
    return datetime.fromtimestamp(float(value or 0), UTC)


def whole_second(moment: datetime) -> datetime:
    """From when on the log is to be asked: it tells whole seconds, so what came right after this lies before it."""
    return moment.replace(microsecond=0)


def is_change(kind: str) -> bool:
    """Whether a line of the log says that a record changed."""
    return kind not in EVENT_TYPES and (kind.startswith(("_o:", "_r:")) or "attribute_change" in kind or kind in WANTED)


def followed_since(project: Project) -> datetime | None:
    """From when on the source is ahead: the start of the newest run that carries over, ended or not; else None."""
    begun = project.runs.filter(kind__in=Run.MOVING, started_at__isnull=False).exclude(state=Run.State.CANCELLED)
    begun = begun.exclude(phases__rolled_back=True)
    return begun.order_by("-number").values_list("started_at", flat=True).first()


def note_lines(project: Project, lines: Iterable[SourceRecord]) -> int:
    """Keeps a page of the source's log, each line once; gives how many were new."""
    rows = {row.activity: row for row in (_line(project, line) for line in lines)}
    known = SourceChange.objects.filter(project=project, activity__in=rows).values_list("activity", flat=True)
    new = [rows[activity] for activity in rows.keys() - set(known)]
    # Somebody may look at the same time: each line is kept once all the same.
    SourceChange.objects.bulk_create(new, batch_size=500, ignore_conflicts=True)
    return len(new)


def _line(project: Project, line: SourceRecord) -> SourceChange:
    object, key = line.refs.get("object") or line.refs.get("person") or ("", str(line.fields.get("cio_id") or ""))
    data = line.fields.get("data")
    return SourceChange(
        project=project,
        activity=plain(line.key)[:100],
        kind=str(line.fields.get("type"))[:80],
        object=object or PERSON,
        key=plain(key)[:400],
        at=moment(line.fields.get("timestamp")),
        names=sorted(data)[:200] if isinstance(data, dict) else [],
        data={
            "secondary": line.refs["secondary"][1] if "secondary" in line.refs else "",
            "person": line.refs["person"][1] if "person" in line.refs else "",
            "id": line.fields.get("customer_id") or "",
            "email": line.fields.get("email") or "",
            "name": line.fields.get("name") or "",
        },
        writer=plain(str(line.meta.get("writer") or ""))[:120],
    )


def note_changes(project: Project, source: Source, since: datetime) -> tuple[int, datetime | None]:
    """Keeps the lines that say that a record changed: how many were new, and when the newest of any kind was written.

    Events and what became of messages are only looked at here: a delta reads them by themselves.
    """
    new, written = 0, []
    for page in source.changes(since.timestamp()):
        new += note_lines(project, [line for line in page.records if is_change(str(line.fields.get("type")))])
        written += [max(moment(line.fields.get("timestamp")) for line in page.records)] if page.records else []
    return new, max(written, default=None)
