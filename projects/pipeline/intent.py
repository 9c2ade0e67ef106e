"""Intent: what a request is about to do to each record, kept so that a rollback can take it back to the letter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from projects.models import Change, JournalEntry, Link, Record
from projects.pipeline.context import Context
from projects.pipeline.phases import PERSON

Values = Mapping[str, Any]


def intend(
    context: Context, entry: JournalEntry, kind: str, rows: Sequence[Record], standing: Mapping[int, Values]
) -> None:
    """Writes the changes of one request down before it is sent, inside the caller's fence.

    `standing`: row id → the record's fields as they stand; empty for new records.
    """
    known = {
        link.key: link
        for link in Link.objects.filter(
            project=context.project, object=context.step.object, key__in=[row.key for row in rows]
        )
    }
    Change.objects.bulk_create(
        [
            Change(
                project=context.project,
                run=context.run,
                step=context.step,
                entry=entry,
                object=row.object,
                key=row.key,
                person=person_of(row),
                destination=context.step.destination,
                destination_id=row.destination_id or context.project.destination_id(row.object, row.key),
                kind=kind,
                before=_before(row, standing.get(row.pk)) if kind == Change.Kind.UPDATED else None,
                after=row.mapped or {} if kind in (Change.Kind.CREATED, Change.Kind.UPDATED) else {},
                link=kept_link(known.get(row.key)),
            )
            for row in rows
        ],
        batch_size=500,
    )
    _notice_hands(context, rows, standing)


TOUCHED = "touched"
"""In place of the time at which the destination last changed a record by our hand: somebody else did before us."""


def _notice_hands(context: Context, rows: Sequence[Record], standing: Mapping[int, Values]) -> None:
    """Marks records that somebody changed after we read them back: our next write would hide that."""
    times = {str(row.destination_id): standing[row.pk].get("updatedAt") for row in rows if row.pk in standing}
    links = _links_to(context, times).exclude(seen="")
    moved = [link for link in links if link.seen != times[str(link.destination_id)]]
    Link.objects.filter(pk__in=[link.pk for link in moved]).update(seen=TOUCHED)


def remember(context: Context, times: Mapping[str, str]) -> None:
    """Keeps when the destination last changed records by our hand: id → its own time."""
    links = list(_links_to(context, times))
    for link in links:
        link.seen = times[str(link.destination_id)][:40]
    Link.objects.bulk_update(links, ["seen"], batch_size=200)


def _links_to(context: Context, ids: Iterable[str]) -> QuerySet[Link]:
    found = Link.objects.filter(project=context.project, destination=context.step.destination, destination_id__in=ids)
    return found.exclude(seen=TOUCHED)


def _before(row: Record, standing: Values | None) -> dict[str, Any]:
    return {name: (standing or {}).get(name) for name in row.mapped or {}}


OWNER = "person"
"""In the meta of a row that refers to no person itself, as a file does: whose it is."""


def person_of(row: Record) -> str:
    """The key of the person that a row belongs to, so that one person can be taken back."""
    if row.object == PERSON:
        return row.key
    for role in ("person", "self"):
        object, key = row.refs.get(role, ("", ""))
        if object == PERSON:
            return str(key)
    return str(row.meta.get(OWNER, ""))


def kept_link(link: Link | None) -> dict[str, Any] | None:
    """The identity map's entry as a rollback puts it back."""
    if link is None:
        return None
    return {
        "run": link.run_id,
        "destination": link.destination,
        "destination_id": str(link.destination_id),
        "origin": link.origin,
        "before": link.before,
        "written": link.written,
        "written_digest": link.written_digest,
        "seen": link.seen,
    }


def refused(entry: JournalEntry) -> None:
    """Forgets the changes of a request that changed nothing."""
    Change.objects.filter(entry=entry).delete()


def stood_before(context: Context, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Records that an unfinished request may have changed already: id → the fields as they stood before it."""
    changes = Change.objects.filter(
        project=context.project,
        destination=context.step.destination,
        destination_id__in=[UUID(id) for id in ids],
        undone=None,
        entry__state__in=[JournalEntry.State.INTENDED, JournalEntry.State.LOST],
    )
    found: dict[str, dict[str, Any]] = {}
    for change in changes.exclude(before=None).order_by("id"):
        kept = found.setdefault(str(change.destination_id), {})
        for name, value in change.before.items():
            kept.setdefault(name, value)
    return found
