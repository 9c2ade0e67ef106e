"""Load: drafts become records of the destination, exactly once in effect.

Each row's destination id is chosen beforehand (uuid5), so a row that was written and forgotten is found
again. Order within a page: resolve links → look up what is there → journal the intent → send → commit
outcome, identity map and cursor together. A refused batch is halved until the bad row stands alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from connectors.catalogue import FieldType
from connectors.contract import Existing
from projects.models import Decision, Link, Record
from projects.pipeline import firstlook, heirs, intent
from projects.pipeline.context import Context, Progress
from projects.pipeline.ends import TARGET_PERSON, TARGET_RECORD
from projects.pipeline.extract import digest_of, linked
from projects.pipeline.lookup import MARK, canonical_value, marks_of, owners, rivals_of, thrown_away, value_at
from projects.pipeline.parents import hold_without, wanted
from projects.pipeline.rows import save_rows
from projects.pipeline.sending import (
    Batch,
    clear_the_bin,
    created_link,
    link_of,
    send_creates,
    send_updates,
    written,
)
from projects.pipeline.settle import (
    DELETED_OWNER,
    DELETED_THERE,
    DUPLICATE,
    UNKNOWN_PERSON,
    drop_decided,
    verdicts_for,
)
from projects.pipeline.threeway import Weighing
from projects.text import plain

TAKEN_TWICE = "taken_by_another_row"

SETTLED_FIELDS = ["state", "reason", "detail", "destination_id", "mapped", "notes"]


def page(context: Context) -> Progress:
    """Lands the next rows that are ready."""
    if firstlook.is_due(context):
        return firstlook.during_load(context)
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
        clear_the_bin(context, batch)
        send_creates(context, batch)
        send_updates(context, batch)
    else:
        _plan_only(batch)
    drop_decided(context, rows)
    cursor = {**context.step.cursor, "after": rows[-1].pk, "batches": context.step.cursor.get("batches", 0) + 1}
    return Progress(cursor, done=len(rows), tally=batch.tally, save=lambda: _save(context, batch))


def _save(context: Context, batch: Batch) -> None:
    save_rows(batch.rows, SETTLED_FIELDS)
    heirs.save(context, [heir for heir in batch.heirs if heir.row.key in batch.links])
    Link.objects.bulk_create(
        list(batch.links.values()),
        update_conflicts=True,
        unique_fields=["project", "object", "key"],
        update_fields=["destination_id", "before", "written", "written_digest", "written_at"],
    )


def _resolve(context: Context, batch: Batch) -> None:
    """Puts destination ids where rows refer to other rows; a row whose parent did not land waits for it."""
    links = linked(context, wanted(batch.rows))
    rivals = rivals_of(context, batch.rows)
    alone = verdicts_for(context, UNKNOWN_PERSON) if context.ends.optional else {}
    for row in batch.rows:
        if not row.refs:
            continue
        if (rival := rivals.get(row.match_key)) and rival != row.key:
            row.state, row.reason = Record.State.HELD, TAKEN_TWICE
            row.detail = f"The map gives this record one relation, and {rival} holds it: discover again for a new map."
            continue
        if hold_without(context, row, links.keys(), alone):
            continue
        parents = {role: links.get((object, key)) for role, (object, key) in row.refs.items()}
        _fill_columns(context, row, {role: link for role, link in parents.items() if link is not None})


def _fill_columns(context: Context, row: Record, parents: dict[str, Link]) -> None:
    ends, mapped = context.ends, dict(row.mapped or {})
    if ends.onto:
        row.destination_id = parents[ends.onto].destination_id
    for role, column in ends.columns.items():
        if role in parents:
            mapped[_column(context, column, parents[role])] = str(parents[role].destination_id)
    if ends.named:
        mapped.setdefault("name", " – ".join(label for label in map(_label, parents.values()) if label)[:500])
    row.mapped = mapped


def _column(context: Context, column: str, parent: Link) -> str:
    """The column under its name on this server."""
    if column == TARGET_PERSON:
        return context.destination.capabilities().note_target_column
    if column == TARGET_RECORD:
        return f"target{parent.destination[:1].upper()}{parent.destination[1:]}Id"
    return column


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
    if unlinked:
        _look_up(context, batch, unlinked)
    for heir in batch.heirs:
        heir.row.destination_id = heir.former.destination_id
        changed.append((heir.row, heir.link(context)))
    _weigh(context, batch, changed)


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
            written(link, draft)


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
        former = heirs.former_of(context, row, owned[other.id]) if other is not None and other.id in owned else None
        if mine is None and former is not None:
            batch.heirs.append(heirs.Heir(row, former))
            continue
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
        batch.links[row.key] = link_of(context, row, Link.Origin.MATCHED, before=before)
        _update_or_leave(context, batch, row, existing)
    elif existing is None:
        batch.create.append(row)
    elif existing.deleted:
        _place_deleted(context, batch, row, existing, DELETED_THERE if is_mine else DELETED_OWNER)
    elif is_mine:
        # Ours, from an attempt whose outcome was never seen. Where it says what the draft says, it is that one.
        batch.links[row.key] = created_link(context, row, existing.fields.get("position"))
        _update_or_leave(context, batch, row, existing)
        if row.state == Record.State.UNCHANGED:
            row.state = Record.State.CREATED
    elif any(str(link.destination_id) == existing.id for link in batch.links.values()):
        row.state, row.reason = Record.State.HELD, TAKEN_TWICE
        row.detail = f"Another row of this page became the record {existing.id} already."
    else:
        row.destination_id = UUID(existing.id)
        batch.links[row.key] = link_of(context, row, Link.Origin.MATCHED, before=before)
        _update_or_leave(context, batch, row, existing)


def _place_deleted(context: Context, batch: Batch, row: Record, existing: Existing, reason: str) -> None:
    """A deleted record in the bin owns the id or the unique value: as people decided, or held until they do."""
    verdicts = verdicts_for(context, reason)
    verdict = verdicts.get(row.key, verdicts.get(""))
    thrown = thrown_away(context, [existing.id]).get(existing.id)
    if verdict == Decision.Verdict.RESTORE or (thrown and thrown.key == row.key):
        row.destination_id = UUID(existing.id)
        link = link_of(context, row, Link.Origin.MATCHED, before=existing.fields)
        link.before = {**(link.before or {}), "deletedAt": existing.fields.get("deletedAt")}
        if thrown and thrown.link:
            link.origin, link.before = thrown.link["origin"], thrown.link["before"]
        batch.links[row.key] = link
        batch.restore.append(row)
        batch.update.append((row, dict(existing.fields)))
    elif verdict == Decision.Verdict.REMOVE and reason == DELETED_OWNER:
        batch.remove.append(existing.id)
        batch.create.append(row)
    else:
        row.state, row.reason = Record.State.HELD, reason
        row.detail = "A deleted record in the destination's bin still owns this id or unique value."


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
            links.append(link_of(context, row, Link.Origin.MERGED, before=None))
        else:
            row.state, row.reason = Record.State.HELD, DUPLICATE
            row.detail = f"{row.merged_into}, which it was to go into, did not land."
    return Progress({"after": rows[-1].pk}, done=len(rows), save=lambda: _save_merged(rows, links))


def _save_merged(rows: list[Record], links: list[Link]) -> None:
    save_rows(rows, ["destination_id", "state", "reason", "detail"])
    Link.objects.bulk_create(links, ignore_conflicts=True)
