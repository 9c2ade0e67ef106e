"""Preflight: before a phase writes anything, its drafts are compared with what stands in the destination already.

The values themselves are checked when they are drafted. What is left takes a look at other records, in three turns:

- A deleted record in the bin still owns its unique value (contracts/twenty/FACTS.md section 6): a new record with
  that value is refused, and an upsert would restore the deleted one without a word. So people decide first.
- A field of the destination may be unique without being what records are known by.
- A link needs both its ends: they have landed, or are ready to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from projects.models import Decision, Link, Record
from projects.pipeline.context import Context, Progress
from projects.pipeline.extract import digest_of
from projects.pipeline.lookup import MARK, canonical_value, thrown_away
from projects.pipeline.parents import hold_without, wanted
from projects.pipeline.rows import save_rows
from projects.pipeline.settle import DELETED_OWNER, UNKNOWN_PERSON, drop_decided, verdicts_for
from projects.text import plain

PAGE = 1000
"""Rows whose ends are looked up at once."""

UNIQUE_TAKEN = "unique_taken"

FIELDS = "preflight.fields"
"""The name in a step's tally under which the fields of its object are counted, for the report."""

UNIQUE_PARTS = {"EMAILS": "primaryEmail", "LINKS": "primaryLinkUrl", "PHONES": "primaryPhoneNumber"}
"""The part of a composite that has to be unique."""


def page(context: Context) -> Progress:
    """Works the next page of the turns, one after the other."""
    names = list(TURNS)
    turn = context.step.cursor.get("turn", names[0])
    progress = TURNS[turn](context)
    if progress.cursor is not None:
        return replace(progress, cursor={**progress.cursor, "turn": turn})
    if turn != names[-1]:
        return replace(progress, cursor={"turn": names[names.index(turn) + 1]})
    # A tally is added to; this is a number to be told, not to be summed up when the phase settles again.
    number = len(context.target.fields) - context.step.tally.get(FIELDS, 0)
    return replace(progress, tally=progress.tally + Counter({FIELDS: number}) if number > 0 else progress.tally)


def _ready(context: Context) -> Any:
    return Record.objects.of(context.run, context.step.object).filter(state=Record.State.READY)


def _hold(context: Context, held: list[Record]) -> Callable[[], None]:
    """What was decided before is carried out at once; the rest waits."""
    drop_decided(context, held)
    return lambda: save_rows(held, ["state", "reason", "detail"])


def _bin(context: Context) -> Progress:
    """Compares the next page of the bin."""
    field = context.target.field(MARK)
    if context.ends.onto or not (context.match_on or (field is not None and field.unique)):
        return Progress(None)
    pages = context.destination.deleted(context.step.destination, context.step.cursor.get("next"))
    deleted, following = next(pages, ([], None))
    ours = set(
        Link.objects.filter(
            project=context.project, destination_id__in=[one.id for one in deleted], object=context.step.object
        ).values_list("destination_id", flat=True)
    )
    foreign = [one for one in deleted if one.id not in {str(id) for id in ours}]
    values = {canonical_value(context, one.fields, context.match_on) for one in foreign} if context.match_on else set()
    marks = {str(one.fields[MARK]) for one in foreign if one.fields.get(MARK)}
    rows = list(_ready(context).filter(match_key__in=values - {""})) + list(_ready(context).filter(key__in=marks))
    by_us = {change.key for change in thrown_away(context, [one.id for one in foreign]).values()}
    asked = [row for row in {row.pk: row for row in rows}.values() if row.key not in by_us]
    held = [row for row in asked if not _decided(context, row)]
    for row in held:
        row.state, row.reason = Record.State.HELD, DELETED_OWNER
        row.detail = plain(
            f"A deleted record in the destination's bin owns “{row.match_key or row.key}”: restore and update it, "
            "remove it for good, or leave this one behind."
        )
    return Progress({"next": following} if following else None, done=len(deleted), save=_hold(context, held))


def _decided(context: Context, row: Record) -> bool:
    verdicts = verdicts_for(context, DELETED_OWNER)
    return verdicts.get(row.key, verdicts.get("")) in (Decision.Verdict.RESTORE, Decision.Verdict.REMOVE)


def _other_uniques(context: Context) -> list[str]:
    """Paths of unique values other than those by which records are known again: `taxNumber`, `work.primaryEmail`."""
    known = {MARK, context.match_on.partition(".")[0], "id"}
    fields = [field for field in context.target.fields if field.unique and field.writable and field.name not in known]
    parts = {field.name: UNIQUE_PARTS.get(field.type, "") for field in fields}
    return [f"{name}.{part}" if part else name for name, part in parts.items()]


def _uniques(context: Context) -> Progress:
    """Holds rows whose value stands twice among our own, or in a record that is not theirs; in one go.

    Most objects have no such field, and then this reads nothing.
    """
    paths = [] if context.ends.onto else _other_uniques(context)
    if not paths:
        return Progress(None)
    held: dict[int, tuple[str, str]] = {}
    for path in paths:
        shared = {digest for digest, number in _counted(context, path).items() if number > 1}
        for pk, _key, value in _valued(context, path):
            if digest_of(value) in shared:
                held.setdefault(pk, (path, f"Several records have “{value}”, which the destination takes once."))
        for pk in _owned(context, path):
            held.setdefault(pk, (path, "A record of the destination that is not this one has the same value."))
    rows = list(_ready(context).filter(pk__in=held))
    for row in rows:
        path, sentence = held[row.pk]
        row.state, row.reason = Record.State.HELD, f"{UNIQUE_TAKEN}:{path.partition('.')[0]}"[:60]
        row.detail = plain(sentence)
    return Progress(None, done=len(rows), save=_hold(context, rows))


def _unique_value(context: Context, fields: Any, path: str) -> str:
    """The value in the form in which the destination compares it: it tells upper from lower case, but in addresses."""
    top, _, part = path.partition(".")
    value, _rule = context.destination.canonical(context.fields[top].type, fields.get(top))
    found = value.get(part) if part and isinstance(value, dict) else value
    return "" if found is None else str(found)


def _valued(context: Context, path: str) -> Iterator[tuple[int, str, str]]:
    """Rows that have a value there, each with its key and that value."""
    for pk, key, mapped in _ready(context).order_by("pk").values_list("pk", "key", "mapped").iterator(PAGE):
        if value := _unique_value(context, mapped or {}, path):
            yield pk, key, value


def _counted(context: Context, path: str) -> Counter[str]:
    """How many rows have each value, by the value's digest: flat however long the values are."""
    return Counter(digest_of(value) for _, _, value in _valued(context, path))


def _owned(context: Context, path: str) -> Iterator[int]:
    """Rows whose value stands in a record of the destination that has not become theirs."""
    size = context.destination.capabilities().batch
    batch: dict[str, tuple[int, str]] = {}
    for pk, key, value in _valued(context, path):
        batch[value] = (pk, key)
        if len(batch) == size:
            yield from _strangers(context, path, batch)
            batch = {}
    if batch:
        yield from _strangers(context, path, batch)


def _strangers(context: Context, path: str, batch: dict[str, tuple[int, str]]) -> Iterator[int]:
    found = context.destination.find(context.step.destination, keys={path: list(batch)})
    if not found:
        return
    rows = _ready(context).in_bulk([pk for pk, _ in batch.values()])
    links = Link.objects.filter(
        project=context.project, object=context.step.object, key__in=[key for _, key in batch.values()]
    )
    mine = {key: str(id) for key, id in links.values_list("key", "destination_id")}
    for existing in found:
        pk, key = batch.get(_unique_value(context, existing.fields, path), (0, ""))
        row = rows.get(pk)
        if row is None:
            continue
        own = mine.get(key) or str(context.project.destination_id(row.object, row.key))
        by_value = bool(row.match_key) and canonical_value(context, existing.fields, context.match_on) == row.match_key
        if existing.id != own and not by_value and existing.fields.get(MARK) != key:
            yield pk


def _parents(context: Context) -> Progress:
    """Holds the next rows that refer to something which has not landed and is not about to."""
    if not (context.ends.columns or context.ends.optional):
        return Progress(None)
    after = context.step.cursor.get("after", 0)
    rows = list(_ready(context).filter(pk__gt=after).order_by("pk").only("run", "object", "key", "refs")[:PAGE])
    if not rows:
        return Progress(None)
    there: set[tuple[str, str]] = set()
    for object, keys in wanted(rows).items():
        landed = Link.objects.filter(project=context.project, object=object, key__in=keys)
        coming = Record.objects.of(context.run, object).filter(key__in=keys, state__in=COMING)
        there |= {(object, key) for found in (landed, coming) for key in found.values_list("key", flat=True)}
    verdicts = verdicts_for(context, UNKNOWN_PERSON) if context.ends.optional else {}
    held = [row for row in rows if hold_without(context, row, there, verdicts)]
    return Progress({"after": rows[-1].pk}, done=len(rows), save=_hold(context, held))


COMING = (Record.State.READY, Record.State.MERGED)
"""States of rows of this run that get their place in the identity map when they are loaded."""

TURNS: dict[str, Callable[[Context], Progress]] = {"bin": _bin, "uniques": _uniques, "parents": _parents}
