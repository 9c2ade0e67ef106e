"""Load: drafts become records of the destination, exactly once in effect.

Each row's destination id is chosen beforehand (uuid5), so a row that was written and forgotten is found
again. Order within a page: resolve links → look up what is there → journal the intent → send → commit
outcome, identity map and cursor together. A refused batch is halved until the bad row stands alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils import timezone

from connectors.catalogue import FieldType
from connectors.contract import Draft, Existing
from connectors.errors import Rejected, Transient
from projects.models import Change, Decision, JournalEntry, Link, Record
from projects.pipeline import intent
from projects.pipeline.context import Context, Progress
from projects.pipeline.ends import TARGET_PERSON
from projects.pipeline.extract import digest_of, linked
from projects.pipeline.lookup import MARK, canonical_value, marks_of, owners, rivals_of, value_at
from projects.pipeline.settle import (
    DELETED_OWNER,
    DUPLICATE,
    PARENT_HELD,
    UNKNOWN_PERSON,
    drop_decided,
    verdicts_for,
)
from projects.pipeline.threeway import Weighing
from projects.pipeline.transform import save_rows
from projects.text import plain

REFUSED = "refused"
DELETED_THERE = "deleted_in_destination"
TAKEN_TWICE = "taken_by_another_row"

SETTLED_FIELDS = ["state", "reason", "detail", "destination_id", "mapped", "notes"]


@dataclass
class Batch:
    """The rows of one page sorted by what has to happen to them."""

    rows: list[Record]
    create: list[Record] = field(default_factory=list)
    update: list[tuple[Record, dict[str, Any]]] = field(default_factory=list)
    links: dict[str, Link] = field(default_factory=dict)
    drafts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Whole drafts of records that we wrote before, of which only a part may be sent."""
    tally: Counter[str] = field(default_factory=Counter)


def page(context: Context) -> Progress:
    """Lands the next rows that are ready."""
    size = context.destination.capabilities().batch
    rows = list(
        Record.objects.of(context.run, context.step.object).filter(state=Record.State.READY).order_by("id")[:size]
    )
    if not rows:
        return Progress(None)
    batch = Batch(rows)
    _resolve(context, batch)
    _sort(context, batch)
    if context.run.writes:
        _send_creates(context, batch)
        _send_updates(context, batch)
    else:
        _plan_only(batch)
    drop_decided(context, rows)
    return Progress({"after": rows[-1].pk}, done=len(rows), tally=batch.tally, save=lambda: _save(batch))


def _save(batch: Batch) -> None:
    save_rows(batch.rows, SETTLED_FIELDS)
    Link.objects.bulk_create(
        list(batch.links.values()),
        update_conflicts=True,
        unique_fields=["project", "object", "key"],
        update_fields=["destination_id", "before", "written", "written_digest", "written_at"],
    )


def _resolve(context: Context, batch: Batch) -> None:
    """Puts destination ids where rows refer to other rows; a row whose parent did not land waits for it."""
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for row in batch.rows:
        for object, key in row.refs.values():
            wanted[object].add(key)
    links = linked(context, dict(wanted))
    rivals = rivals_of(context, batch.rows)
    alone = verdicts_for(context, UNKNOWN_PERSON) if context.ends.optional else {}
    for row in batch.rows:
        if not row.refs:
            continue
        if (rival := rivals.get(row.match_key)) and rival != row.key:
            row.state, row.reason = Record.State.HELD, TAKEN_TWICE
            row.detail = f"The map gives this record one relation, and {rival} holds it: discover again for a new map."
            continue
        parents = {role: links.get((object, key)) for role, (object, key) in row.refs.items()}
        lacking = {role for role, link in parents.items() if link is None}
        optional = lacking <= context.ends.optional
        if optional and alone.get(row.key, alone.get("")) == Decision.Verdict.IMPORT:
            lacking = set()
        absent = [f"{row.refs[role][0]} {row.refs[role][1]}" for role in sorted(lacking)]
        if absent:
            row.state, row.reason = Record.State.HELD, UNKNOWN_PERSON if optional else PARENT_HELD
            row.detail = f"It belongs to {' and '.join(absent)}, which did not land."
            continue
        there = {role: link for role, link in parents.items() if link is not None}
        _fill_columns(context, row, there)


def _fill_columns(context: Context, row: Record, parents: dict[str, Link]) -> None:
    ends, mapped = context.ends, dict(row.mapped or {})
    if ends.onto:
        row.destination_id = parents[ends.onto].destination_id
    for role, column in ends.columns.items():
        if role in parents:
            name = context.destination.capabilities().note_target_column if column == TARGET_PERSON else column
            mapped[name] = str(parents[role].destination_id)
    if ends.named:
        mapped.setdefault("name", " – ".join(label for label in map(_label, parents.values()) if label)[:500])
    row.mapped = mapped


def _label(link: Link) -> str:
    """The name of a linked record, for a record that stands between two others."""
    name = link.written.get("name")
    if isinstance(name, dict):
        return " ".join(part for part in (name.get("firstName"), name.get("lastName")) if part)
    return str(name or "")


def _sort(context: Context, batch: Batch) -> None:
    """Decides for each row: unchanged, update, create, or held; asks the destination what is there."""
    ready = [row for row in batch.rows if row.state == Record.State.READY]
    known = linked(context, {context.step.object: {row.key for row in ready}})
    unlinked: list[Record] = []
    changed: list[tuple[Record, Link]] = []
    for row in ready:
        link = known.get((row.object, row.key))
        if link is None:
            unlinked.append(row)
        elif link.written_digest == digest_of(row.mapped):
            row.destination_id, row.state = link.destination_id, Record.State.UNCHANGED
        else:
            row.destination_id = link.destination_id
            changed.append((row, link))
    _weigh(context, batch, changed)
    if unlinked:
        _look_up(context, batch, unlinked)


def _weigh(context: Context, batch: Batch, changed: Sequence[tuple[Record, Link]]) -> None:
    """Records that we wrote before and that say something else now: what a human changed meanwhile stands."""
    weighing = Weighing(context, [row for row, _ in changed])
    for row, link in changed:
        there = weighing.standing(row)
        if there is None:
            row.state, row.reason = Record.State.HELD, DELETED_THERE
            row.detail = "Somebody deleted it in the destination; it was not made again."
            continue
        draft = dict(row.mapped or {})
        row.mapped = {**draft, **_cleared(context, link, row)}
        differs = weighing.weigh(row, link, there)
        if row.state == Record.State.HELD:
            continue
        batch.links[row.key], batch.drafts[row.key] = link, draft
        if differs:
            batch.update.append((row, dict(there.fields)))
        else:
            row.state = Record.State.UNCHANGED
            _written(link, draft)


def _written(link: Link, draft: dict[str, Any]) -> None:
    """Notes in the identity map what the source says now: the base of the next comparison."""
    kept = {name: value for name, value in draft.items() if value not in (None, [])}
    link.written = {**kept, "position": link.written.get("position")}
    link.written_digest, link.written_at = digest_of(draft), timezone.now()


def _cleared(context: Context, link: Link, row: Record) -> dict[str, Any]:
    """Fields that we wrote before and that the draft no longer has: they are emptied, not left standing."""
    gone = [name for name in link.written if name not in (row.mapped or {}) and name != "position"]
    lists = (FieldType.MULTI_SELECT, FieldType.ARRAY)
    types = {name: known.type for name in gone if (known := context.target.field(name))}
    return {name: [] if types[name] in lists else None for name in gone if name in types}


def _look_up(context: Context, batch: Batch, rows: Sequence[Record]) -> None:
    """Finds rows by their own id (an earlier attempt whose answer was lost) and by their unique value."""
    for row in rows:
        row.destination_id = row.destination_id or context.project.destination_id(row.object, row.key)
    match_on = context.match_on
    values = {row.match_key: row for row in rows if match_on and row.match_key and value_at(row.mapped, match_on)}
    marks = marks_of(context, rows)
    keys = {path: list(wanted) for path, wanted in ((match_on, values), (MARK, marks)) if wanted}
    found = context.destination.find(
        context.step.destination, ids=[str(row.destination_id) for row in rows], keys=keys or None
    )
    by_id = {existing.id: existing for existing in found}
    by_value = {canonical_value(context, existing.fields, match_on): existing for existing in found} if values else {}
    by_mark = {existing.fields.get(MARK): existing for existing in found if existing.fields.get(MARK)}
    owned = owners(context, found)
    earlier = intent.stood_before(context, [existing.id for existing in found])
    for row in rows:
        mine = by_id.get(str(row.destination_id))
        other = by_mark.get(value_at(row.mapped, MARK)) if marks else None
        if other is None and values.get(row.match_key) is row:
            other = by_value.get(row.match_key)
        if mine is None and other is not None and other.id in owned:
            row.state, row.reason = Record.State.HELD, DUPLICATE
            row.detail = plain(f"{owned[other.id]} has become the record with “{row.match_key}” already.")
            continue
        standing = mine or other
        before = {**standing.fields, **earlier.get(standing.id, {})} if standing else {}
        _place(context, batch, row, standing, before, is_mine=mine is not None)


def _place(
    context: Context, batch: Batch, row: Record, existing: Existing | None, before: dict[str, Any], *, is_mine: bool
) -> None:
    """Decides over a row that we know nothing of yet; `before` is how the record stood before any attempt of ours."""
    if context.ends.onto:
        if existing is None or existing.deleted:
            row.state, row.reason, row.detail = Record.State.HELD, DELETED_THERE, "The record is no longer there."
            return
        batch.links[row.key] = _link(context, row, Link.Origin.MATCHED, before=before)
        _update_or_leave(context, batch, row, existing)
    elif existing is None:
        batch.create.append(row)
    elif existing.deleted:
        row.state = Record.State.HELD
        row.reason = DELETED_THERE if is_mine else DELETED_OWNER
        row.detail = "A deleted record in the destination's bin still owns this id or unique value."
    elif is_mine:
        # Ours, from an attempt whose outcome was never seen. Where it says what the draft says, it is that one.
        batch.links[row.key] = _created(context, row, existing.fields.get("position"))
        _update_or_leave(context, batch, row, existing)
        if row.state == Record.State.UNCHANGED:
            row.state = Record.State.CREATED
    elif any(str(link.destination_id) == existing.id for link in batch.links.values()):
        row.state, row.reason = Record.State.HELD, TAKEN_TWICE
        row.detail = f"Another row of this page became the record {existing.id} already."
    else:
        row.destination_id = UUID(existing.id)
        batch.links[row.key] = _link(context, row, Link.Origin.MATCHED, before=before)
        _update_or_leave(context, batch, row, existing)


def _update_or_leave(context: Context, batch: Batch, row: Record, existing: Existing) -> None:
    """Sends only what differs from what stands there; a record that is right already is unchanged."""
    for name, value in (row.mapped or {}).items():
        known = context.target.field(name)
        if known is None:
            same = existing.fields.get(name) == value
        else:
            compare = context.destination.canonical
            same = compare(known.type, existing.fields.get(name))[0] == compare(known.type, value)[0]
        if not same:
            batch.update.append((row, dict(existing.fields)))
            return
    row.state = Record.State.UNCHANGED


def _link(context: Context, row: Record, origin: str, *, before: Any) -> Link:
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


def _send_creates(context: Context, batch: Batch) -> None:
    if not batch.create:
        return

    def send(rows: Sequence[Record]) -> None:
        drafts = [Draft(str(row.destination_id), _new_body(context, row)) for row in rows]
        context.destination.write(context.step.destination, drafts)

    landed = _journalled(context, batch, "create", batch.create, send)
    for row in landed:
        row.state = Record.State.CREATED
        batch.links[row.key] = _created(context, row, row.pk)


def _created(context: Context, row: Record, position: Any) -> Link:
    """The identity-map entry of a record that we made; its position is kept for later updates."""
    link = _link(context, row, Link.Origin.CREATED, before=None)
    link.written = {**link.written, "position": position}
    return link


def _new_body(context: Context, row: Record) -> dict[str, Any]:
    """What is sent for a new record: the draft, its place in lists, and that it was imported.

    Without an explicit position every later update would leave a line in Twenty's timeline
    (contracts/twenty/FACTS.md section 3).
    """
    author = {"source": "IMPORT", "name": "Customer.io"}
    added = {"createdBy": author, "position": row.pk}
    # Links of notes and tasks have neither on the older line.
    return {**{name: value for name, value in added.items() if context.target.field(name)}, **(row.mapped or {})}


def _send_updates(context: Context, batch: Batch) -> None:
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
        _written(link, batch.drafts.get(row.key, row.mapped or {}))


def _journalled(
    context: Context, batch: Batch, verb: str, rows: Sequence[Record], send: Callable[[Sequence[Record]], None]
) -> list[Record]:
    """Sends rows with the intent written down first; halves a refused batch until the bad row stands alone."""
    with context.fenced():
        entry = JournalEntry.objects.create(
            project=context.project,
            run=context.run,
            step=context.step,
            verb=verb,
            object=context.step.destination,
            count=len(rows),
            detail={"ids": [str(row.destination_id) for row in rows]},
        )
        kind = Change.Kind.CREATED if verb == "create" else Change.Kind.UPDATED
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


def _answer(entry: JournalEntry, state: str, answer: str) -> None:
    JournalEntry.objects.filter(pk=entry.pk).update(state=state, answer=answer, answered_at=timezone.now())


def _plan_only(batch: Batch) -> None:
    """A replay writes nothing: it says what would be created and updated, and touches no identity."""
    for row in batch.create:
        row.state = Record.State.CREATED
    for row, _before in batch.update:
        row.state = Record.State.UPDATED
    batch.links.clear()


def merged(context: Context) -> Progress:
    """Rows that went into another one get that one's place in the identity map, so that their links hold."""
    after = context.step.cursor.get("after", 0)
    rows = list(
        Record.objects.of(context.run, context.step.object)
        .filter(state=Record.State.MERGED, pk__gt=after)
        .order_by("pk")[:500]
    )
    if not rows or not context.run.writes:
        return Progress(None)
    kept = linked(context, {context.step.object: {row.merged_into for row in rows}})
    links = []
    for row in rows:
        if link := kept.get((row.object, row.merged_into)):
            row.destination_id = link.destination_id
            links.append(_link(context, row, Link.Origin.MERGED, before=None))
        else:
            row.state, row.reason = Record.State.HELD, DUPLICATE
            row.detail = f"{row.merged_into}, which it was to go into, did not land."
    return Progress({"after": rows[-1].pk}, done=len(rows), save=lambda: _save_merged(rows, links))


def _save_merged(rows: list[Record], links: list[Link]) -> None:
    save_rows(rows, ["destination_id", "state", "reason", "detail"])
    Link.objects.bulk_create(links, ignore_conflicts=True)
