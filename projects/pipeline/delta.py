"""Delta: what changed at the source since the last run, and nothing else, goes the same way as everything before.

In the mode `changes` the source's own log says who was touched; people whose segments changed are found by comparing
tags, as no log tells that. What was held before is read again. In the mode `full` everything is read: the fall-back
where the log does not reach back, and the last proof before a cutover.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone

from connectors.contract import Page
from mapping.activities import EVENT, MESSAGE
from projects.models import Change, GroupMember, Link, Project, Record, Run, SourceChange
from projects.pipeline import extract
from projects.pipeline.context import Context, Progress
from projects.pipeline.ends import ends_of
from projects.pipeline.extract import FETCH, to_records
from projects.pipeline.phases import COMMENT, PERSON, SEGMENT, TASK, relationship_of
from projects.pipeline.rows import store
from projects.pipeline.tags import tags_rule
from projects.pipeline.transform import tag_values
from projects.source_log import EVENT_TYPES, is_change, note_lines

CHANGES, FULL = "changes", "full"

WHOLE = (SEGMENT,)
"""Read whole each time: there are few, and no log tells their changes."""

HANDED = 500
"""Changes looked at in one page for what has changed hands."""

LATE_DAYS = 2
"""Days before the last run for which messages are read again, as what became of them is told late.

What is told later still is carried over by a delta that reads everything.
"""


def of_changes(run: Run) -> bool:
    """Whether this run reads only what the log names."""
    return run.kind == Run.Kind.DELTA and run.scope.get("mode") == CHANGES


def since(run: Run) -> datetime:
    """From when on this delta reads."""
    return datetime.fromisoformat(run.scope["since"])


def read_log(context: Context) -> Progress:
    """Reads one page of the source's log into the list of what was touched; events come by themselves."""
    cursor, start = context.step.cursor.get("next"), since(context.run).timestamp()
    # Where everything is read, the log only has to say who went into whom.
    lines_of = context.source.changes if of_changes(context.run) else context.source.deleted
    page = next(iter(lines_of(start, cursor)))
    lines = [line for line in page.records if is_change(str(line.fields.get("type")))]
    following = {"next": page.cursor} if page.cursor else None
    return Progress(following, done=len(page.records), save=lambda: _keep(context, lines))


def _keep(context: Context, lines: list[Any]) -> None:
    note_lines(context.project, lines)
    ids = [line.key for line in lines]
    SourceChange.objects.filter(project=context.project, activity__in=ids).update(run=context.run)


def touched(run: Run, object: str) -> set[str]:
    """Keys of this object type that the log names."""
    lines = SourceChange.objects.filter(project=run.project, at__gte=since(run))
    keys = set(lines.filter(object=object).values_list("key", flat=True))
    if object == PERSON:
        for data in lines.exclude(object=PERSON).values_list("data", flat=True):
            keys.add(str(data.get("person") or ""))
    return keys - {""}


def gone_in_log(run: Run) -> dict[str, str]:
    """People whom the log says are gone: key → the person they went into, or nothing."""
    lines = SourceChange.objects.filter(project=run.project, at__gte=since(run))
    found = dict.fromkeys(lines.filter(kind="profile_delete").values_list("key", flat=True), "")
    for key, data in lines.filter(kind="profile_merge").values_list("key", "data"):
        if data.get("secondary"):
            found[str(data["secondary"])] = key
    return found


def held_before(run: Run, object: str, *reasons: str) -> set[str]:
    """Keys that the run before this one left held or refused (for these reasons): they get another look each time."""
    held = _held(run).filter(object=object)
    return set((held.filter(reason__in=reasons) if reasons else held).values_list("key", flat=True))


def _held(run: Run) -> QuerySet[Record]:
    """What the run before this one left held or refused."""
    return Record.objects.filter(run=run.previous, state__in=[Record.State.HELD, Record.State.REJECTED])


def page(context: Context) -> Progress:
    """Reads the next hundred records of the step's object type that were touched; in other runs, the next of all."""
    object = context.step.object
    if not of_changes(context.run) or object in WHOLE:
        return extract.page(context)
    cursor = context.step.cursor or {"keys": sorted(_keys(context, object))}
    keys, rest = cursor["keys"][:FETCH], cursor["keys"][FETCH:]
    if not keys:
        return Progress(None)
    read = context.source.fetch(object, keys)
    # Who is gone is nobody's missing record: the stage after loading sees to them.
    records = to_records(context, Page(read.records, None), object)
    total = len(cursor["keys"]) if not context.step.cursor else None
    return Progress({"keys": rest} if rest else None, done=len(keys), total=total, save=lambda: store(records))


def _keys(context: Context, object: str) -> set[str]:
    keys = touched(context.run, object) | held_before(context.run, object)
    keys |= _doubles(context.run, object, sorted(keys))
    return keys | retagged(context) if object == PERSON else keys


def _doubles(run: Run, object: str, keys: list[str]) -> set[str]:
    """Records that shared the unique value of one of these when they were read last: doubles are settled together."""
    earlier = Record.objects.filter(run__project=run.project_id, run__number__lt=run.number, object=object)
    known = earlier.exclude(run__kind=Run.Kind.SANDBOX)
    found: set[str] = set()
    for at in range(0, len(keys), HANDED):
        values = known.filter(key__in=keys[at : at + HANDED]).exclude(match_key="").values_list("match_key", flat=True)
        found |= set(known.filter(match_key__in=set(values)).values_list("key", flat=True))
    return found


def retagged(context: Context) -> set[str]:
    """People whose segments are others now than when their tags were written."""
    rule = tags_rule(context.spec)
    if rule is None:
        return set()
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for key, group in GroupMember.objects.filter(run=context.run).values_list("key", "group").iterator():
        groups[key].append(group)
    links = Link.objects.filter(project=context.project, object=PERSON).exclude(origin=Link.Origin.MERGED)
    return {
        key
        for key, written in links.values_list("key", "written").iterator()
        if set(written.get(rule.destination) or []) != set(tag_values(rule, groups[key]))
    }


def related(context: Context) -> set[str]:
    """People whose relationships may be others now: who was touched or is gone, and who was tied to what is gone."""
    if "related" not in context.keys_found:
        gone = gone_in_log(context.run)
        named = touched(context.run, PERSON) | set(gone) | set(gone.values())
        context.keys_found["related"] = (named | _tied_to_deleted(context)) - {""}
    return context.keys_found["related"]


def _tied_to_deleted(context: Context) -> set[str]:
    """People tied to objects that the log says are deleted: no line of it tells the end of such a relationship."""
    lines = SourceChange.objects.filter(project=context.project, at__gte=since(context.run), kind__startswith="_o:")
    deleted: defaultdict[str, set[str]] = defaultdict(set)
    for object, key in lines.filter(kind__endswith=":delete").values_list("object", "key"):
        deleted[object].add(key)
    found: set[str] = set()
    for object, keys in deleted.items():
        there = Link.objects.filter(project=context.project, object=object, key__in=keys)
        # Later on in the run they are in the bin, and their entries gone.
        binned = Change.objects.filter(project=context.project, run=context.run, undone=None, object=object)
        binned = binned.filter(kind=Change.Kind.RETIRED, key__in=keys)
        ids = {str(id) for rows in (there, binned) for id in rows.values_list("destination_id", flat=True)}
        ties = _ties_to(context, relationship_of(object), ids)
        found |= set(people_of_ties(context.project, ties).values())
    return found


def _ties_to(context: Context, object: str, ids: set[str]) -> list[Link]:
    """Relationships of this type that lead to these records of the destination."""
    ends, links = ends_of(context.spec, object), Link.objects.filter(project=context.project, object=object)
    if ends.onto:
        return list(links.filter(destination_id__in=ids))
    column = ends.columns.get("object", "")
    return [link for link in links.iterator() if link.written.get(column) in ids] if ids else []


def people_of_ties(project: Project, links: Sequence[Link]) -> dict[str, str]:
    """Key of a relationship → the key of its person, as it was written down when it landed."""
    wanted = {link.key for link in links}
    found: dict[str, str] = {}
    for at in range(0, len(links), HANDED):
        some = links[at : at + HANDED]
        told = Change.objects.filter(
            project=project,
            destination__in={link.destination for link in some},
            destination_id__in=[link.destination_id for link in some],
        )
        found |= {key: person for key, person in told.values_list("key", "person") if key in wanted and person}
    return found


def relationships(context: Context) -> Progress:
    """The relationships of the next hundred people that were touched; in other runs, of everybody."""
    if not of_changes(context.run):
        return extract.relationships(context)
    keys = context.step.cursor.get("keys")
    if keys is None:
        keys = sorted(related(context) - set(gone_in_log(context.run)))
    if not keys:
        return Progress(None)
    read = context.source.fetch("relationship", keys[:FETCH])
    following = {"keys": keys[FETCH:]} if keys[FETCH:] else None
    return extract.keep_relationships(context, Page(read.records, None), following)


def happenings(context: Context, source: str) -> tuple[Page, dict[str, Any] | None]:
    """The next new rows of one stream, and where to go on: new events, messages anew, objects that were touched."""
    cursor = context.step.cursor
    if source == EVENT:
        start = since(context.run).timestamp()
        page = next(iter(context.source.changes(start, cursor.get("next"), types=EVENT_TYPES)))
        return _unknown(context, page), {"next": page.cursor} if page.cursor else None
    if source == MESSAGE:
        days = (timezone.now() - since(context.run)).days + LATE_DAYS
        page = next(iter(context.source.recent_messages(cursor.get("next"), days=days)))
        return page, {"next": page.cursor} if page.cursor else None
    keys = cursor.get("keys")
    keys = sorted(touched(context.run, source) | held_before(context.run, source)) if keys is None else keys
    page = context.source.fetch(source, keys[:FETCH]) if keys else Page((), None)
    return Page(page.records, None), {"keys": keys[FETCH:]} if keys[FETCH:] else None


def changed_hands(context: Context, source: str, after: int) -> tuple[list[Record], int | None]:
    """What landed before of people who went into others since, once more as it was read, and where to go on.

    No source tells it all again: its log forgets, and an archive names those who are gone. `after`: a change's id.
    """
    gone = [key for key, into in gone_in_log(context.run).items() if into]
    kinds = (source, COMMENT, TASK)
    ours = Change.objects.filter(project=context.project, person__in=gone, object__in=kinds)
    page = list(ours.filter(pk__gt=after).order_by("pk").values_list("pk", "object", "key")[:HANDED])
    rows: dict[tuple[str, str], Record] = {}
    earlier = Record.objects.filter(run__project=context.project, run__number__lt=context.run.number)
    for row in earlier.filter(object__in=kinds, key__in=[key for _pk, _object, key in page]).order_by("run__number"):
        if row.meta.get("source", row.object) == source:
            rows[row.object, row.key] = row
    wanted = {(object, key) for _pk, object, key in page}
    again = [_again(context.run, row) for name, row in rows.items() if name in wanted]
    return again, page[-1][0] if len(page) == HANDED else None


def held_happenings(context: Context, source: str, after: int) -> tuple[list[Record], int | None]:
    """What the run before left held of one stream, once more as it was read, and where to go on.

    Its person may have landed since, and no log tells it all again. `after`: a row's id.
    """
    left = _held(context.run).filter(object__in=(source, COMMENT, TASK), pk__gt=after).order_by("pk")
    page = list(left[:HANDED])
    again = [_again(context.run, row) for row in page if row.meta.get("source", row.object) == source]
    return again, page[-1].pk if len(page) == HANDED else None


def _again(run: Run, row: Record) -> Record:
    return Record(
        run=run, object=row.object, key=row.key, raw=row.raw, meta=row.meta, refs=row.refs, digest=row.digest,
        corrected=row.corrected, match_key=row.match_key, alias=row.alias,
    )  # fmt: skip


def _unknown(context: Context, page: Page) -> Page:
    keys = {record.key for record in page.records}
    known = set(Link.objects.filter(project=context.project, key__in=keys).values_list("key", flat=True))
    return Page(tuple(record for record in page.records if record.key not in known), page.cursor)


def moved(run: Run) -> Counter[str]:
    """What a delta wrote, by kind, relations too: nothing of this is left when the source rests."""
    kinds = run.changes.order_by().values_list("kind").annotate(number=Count("pk"))
    return Counter(dict(kinds))
