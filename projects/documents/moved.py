"""What moved and what did not, counted from the rows of the run that moved the whole: for the handoff's first page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, TextField
from django.db.models.functions import Cast

from projects.documents.rows import CONFIGURATION
from projects.labels import Labels
from projects.models import Record, Run
from projects.pipeline import delta
from projects.pipeline.configuration import KEPT_FOR_HANDOFF as KEPT
from projects.pipeline.phases import ATTACHMENT
from projects.reasons import reason_label
from projects.text import counted

RELINK = {"recording_link": "Recording", "attachment": "Attachment"}
"""Codes of the notes that a record carries about files that did not come along."""

MOST_RELINKED = 2_000
"""Lines of the list on paper; how many there are in all is said above it."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One object type: what was read, and where each row of it stands."""

    object: str
    label: str
    read: int
    landed: int
    merged: int
    held: int
    left_behind: int
    refused: int


@dataclass(frozen=True, slots=True)
class NotMoved:
    """Rows that did not land, by reason."""

    object: str
    label: str
    state: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Relink:
    """A file that is named in a record and has to be linked again by hand."""

    kind: str
    object: str
    key: str
    address: str


def moved(labels: Labels, run: Run | None) -> tuple[Moved, ...]:
    """Every object type of the run that holds records, biggest first."""
    found: dict[str, dict[str, int]] = {}
    rows = Record.objects.filter(run=run).exclude(object__in=CONFIGURATION).exclude(reason=KEPT)
    for row in rows.values("object", "state").annotate(n=Count("id")) if run else ():
        found.setdefault(row["object"], {})[row["state"]] = row["n"]
    lines = [
        Moved(
            object=object,
            label=labels[object],
            read=sum(states.values()),
            landed=sum(states.get(state, 0) for state in Record.LANDED),
            merged=states.get(Record.State.MERGED, 0),
            held=states.get(Record.State.HELD, 0),
            left_behind=states.get(Record.State.EXCLUDED, 0),
            refused=states.get(Record.State.REJECTED, 0),
        )
        for object, states in found.items()
    ]
    return tuple(sorted(lines, key=lambda line: (-line.read, line.object)))


def not_moved(labels: Labels, run: Run | None) -> tuple[NotMoved, ...]:
    """Why rows did not land, by object type and reason."""
    if run is None:
        return ()
    states = (Record.State.HELD, Record.State.EXCLUDED, Record.State.REJECTED, Record.State.MERGED)
    rows = Record.objects.filter(run=run, state__in=states).exclude(object__in=CONFIGURATION).exclude(reason=KEPT)
    return tuple(
        NotMoved(
            row["object"],
            labels[row["object"]],
            Record.State(row["state"]).label,
            reason_label(row["reason"]),
            row["n"],
        )
        for row in rows.values("object", "state", "reason")
        .annotate(n=Count("id"))
        .order_by("object", "state", "reason")
    )


def since(deltas: Sequence[Run]) -> str:
    """What the deltas after a run carried over, in a sentence; empty where there was none."""
    if not deltas:
        return ""
    number = sum(sum(delta.moved(run).values()) for run in deltas)
    runs, changes = counted(len(deltas), "delta", "deltas"), counted(number, "change", "changes")
    return f"{runs} since then carried over {changes} more."


def relinks(runs: Sequence[Run]) -> tuple[Relink, ...]:
    """Recordings and attachments that records name and that did not come along, in the order of the rows."""
    moved_files = Record.objects.filter(run__in=runs, object=ATTACHMENT).landed()
    landed = {
        (*row["record"], raw.get("url")) for row, raw in moved_files.values_list("refs", "raw") if "record" in row
    }
    found: dict[Relink, None] = {}
    rows = Record.objects.filter(run__in=runs).annotate(written=Cast("notes", TextField()))
    for code, kind in RELINK.items():
        marked = rows.filter(written__contains=f'"code":"{code}"').order_by("object", "pk")
        for row in marked.only("object", "key", "notes").iterator(500):
            notes = [note for note in row.notes if note.get("code") == code]
            links = [str(note.get("raw") or "") for note in notes]
            named = (link for link in links if (row.object, row.key, link) not in landed)
            # A delta may have read a record again: its file is still one file.
            found |= dict.fromkeys(Relink(kind, row.object, row.key, link) for link in named)
    return tuple(found)
