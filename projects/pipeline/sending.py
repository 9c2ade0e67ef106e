"""What loading sends: each request with its intent written down first, each answer with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from connectors.contract import Draft
from connectors.errors import Rejected, Transient
from projects.models import Change, JournalEntry, Link, Record
from projects.pipeline import intent
from projects.pipeline.context import Context
from projects.pipeline.extract import digest_of
from projects.pipeline.heirs import Heir
from projects.pipeline.lookup import AUTHOR
from projects.pipeline.settle import DELETED_THERE
from projects.text import plain

REFUSED = "refused"


@dataclass
class Batch:
    """The rows of one page sorted by what has to happen to them."""

    rows: list[Record]
    create: list[Record] = field(default_factory=list)
    update: list[tuple[Record, dict[str, Any]]] = field(default_factory=list)
    restore: list[Record] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)
    heirs: list[Heir] = field(default_factory=list)
    links: dict[str, Link] = field(default_factory=dict)
    drafts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Whole drafts of records that we wrote before, of which only a part may be sent."""
    tally: Counter[str] = field(default_factory=Counter)


def link_of(context: Context, row: Record, origin: str, *, before: Any) -> Link:
    """The identity-map entry of a row; `before` keeps only the fields that the draft touches."""
    kept = None if before is None else {name: before.get(name) for name in row.mapped or {}}
    return Link(
        project=context.project,
        run=context.run,
        object=row.object,
        key=row.key,
        destination=context.step.destination,
        destination_id=row.destination_id or context.project.destination_id(row.object, row.key),
        origin=origin,
        before=kept,
        written=row.mapped or {},
        written_digest=digest_of(row.mapped),
        written_at=timezone.now(),
    )


def clear_the_bin(context: Context, batch: Batch) -> None:
    """Restores or removes what people decided about; a repeat after a crash finds it done."""
    restored = [str(row.destination_id) for row in batch.restore]
    for verb, ids, act in (
        ("restore", restored, context.destination.restore),
        ("remove", batch.remove, context.destination.remove),
    ):
        if ids:
            entry = _intent(context, verb, ids)
            if verb == "restore":
                intent.intend(context, entry, Change.Kind.RESTORED, batch.restore, {})
            act(context.step.destination, ids)
            _answer(entry, JournalEntry.State.DONE, "")


def send_creates(context: Context, batch: Batch) -> None:
    if not batch.create:
        return

    def send(rows: Sequence[Record]) -> None:
        drafts = [Draft(str(row.destination_id), _new_body(context, row)) for row in rows]
        context.destination.write(context.step.destination, drafts)

    landed = _journalled(context, batch, "create", batch.create, send)
    for row in landed:
        row.state = Record.State.CREATED
        batch.links[row.key] = created_link(context, row, row.pk)


def created_link(context: Context, row: Record, position: Any) -> Link:
    """The identity-map entry of a record that we made; its position is kept for later updates."""
    link = link_of(context, row, Link.Origin.CREATED, before=None)
    link.written = {**link.written, "position": position}
    return link


def _new_body(context: Context, row: Record) -> dict[str, Any]:
    """What is sent for a new record: the draft, its place in lists, and that it was imported.

    Without an explicit position every later update would leave a line in Twenty's timeline
    (contracts/twenty/FACTS.md section 3).
    """
    author = dict(zip(("source", "name"), AUTHOR, strict=True))
    added = {"createdBy": author, "position": row.pk}
    # Links of notes and tasks have neither on the older line.
    return {**{name: value for name, value in added.items() if context.target.field(name)}, **(row.mapped or {})}


def send_updates(context: Context, batch: Batch) -> None:
    if not batch.update:
        return
    positions = {row.pk: before.get("position") for row, before in batch.update}
    there: set[str] = set()

    def send(rows: Sequence[Record]) -> None:
        drafts = []
        for row in rows:
            body = dict(row.mapped or {})
            if positions[row.pk] is not None:
                body["position"] = positions[row.pk]
            drafts.append(Draft(str(row.destination_id), body))
        there.update(context.destination.update(context.step.destination, drafts))

    landed = _journalled(context, batch, "update", [row for row, _ in batch.update], send)
    for row in landed:
        link = batch.links[row.key]
        if str(row.destination_id) not in there:
            row.state, row.reason = Record.State.HELD, DELETED_THERE
            row.detail = "Somebody deleted it in the destination; it was not made again."
            del batch.links[row.key]
            continue
        row.state = Record.State.UPDATED
        written(link, batch.drafts.get(row.key, row.mapped or {}))


def written(link: Link, draft: dict[str, Any]) -> None:
    """Notes in the identity map what the source says now: the base of the next comparison."""
    kept = {name: value for name, value in draft.items() if value not in (None, [])}
    link.written = {**kept, "position": link.written.get("position")}
    link.written_digest, link.written_at = digest_of(draft), timezone.now()


def _journalled(
    context: Context, batch: Batch, verb: str, rows: Sequence[Record], send: Callable[[Sequence[Record]], None]
) -> list[Record]:
    """Sends rows with the intent written down first; halves a refused batch until the bad row stands alone."""
    kind = Change.Kind.CREATED if verb == "create" else Change.Kind.UPDATED
    with context.fenced():
        entry = _intent(context, verb, [str(row.destination_id) for row in rows])
        intent.intend(context, entry, kind, rows, {row.pk: fields for row, fields in batch.update})
    try:
        send(rows)
    except Rejected as refusal:
        _answer(entry, JournalEntry.State.REFUSED, str(refusal))
        if len(rows) == 1:
            row = rows[0]
            if verb == "create" and context.destination.read(context.step.destination, [str(row.destination_id)]):
                # Refused because it is there: an earlier request, given up for lost, arrived after all.
                return [row]
            intent.refused(entry)
            row.state, row.reason, row.detail = Record.State.REJECTED, REFUSED, plain(refusal.sentence)
            batch.links.pop(row.key, None)
            return []
        intent.refused(entry)
        half = len(rows) // 2
        return [
            *_journalled(context, batch, verb, rows[:half], send),
            *_journalled(context, batch, verb, rows[half:], send),
        ]
    except Transient as error:
        _answer(entry, JournalEntry.State.LOST if error.maybe_done else JournalEntry.State.REFUSED, str(error))
        if not error.maybe_done:
            intent.refused(entry)
        raise
    _answer(entry, JournalEntry.State.DONE, "")
    batch.tally[f"{verb}.requests"] += 1
    return list(rows)


def _intent(context: Context, verb: str, ids: list[str]) -> JournalEntry:
    """What is about to be sent, written down first."""
    with context.fenced():
        return JournalEntry.objects.create(
            project=context.project,
            run=context.run,
            step=context.step,
            verb=verb,
            object=context.step.destination,
            count=len(ids),
            detail={"ids": ids},
        )


def _answer(entry: JournalEntry, state: str, answer: str) -> None:
    JournalEntry.objects.filter(pk=entry.pk).update(state=state, answer=answer, answered_at=timezone.now())
