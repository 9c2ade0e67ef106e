"""Gone: what the source no longer has goes into the destination's bin, from where it can come back.

Never inferred from a partial read: either the log says so or everything was read, and in both cases the source is
asked for each of them once more. Who was changed by a human in the destination, or stood there before us, waits for
a person instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.utils import timezone

from connectors.contract import Draft
from projects.labels import in_a_sentence, labels_of
from projects.models import Change, Decision, JournalEntry, Link, Record, Run
from projects.pipeline import banned, delta, intent, undo
from projects.pipeline.context import Context, Progress
from projects.pipeline.departed import DELETED
from projects.pipeline.extract import digest_of
from projects.pipeline.intent import kept_link
from projects.pipeline.phases import COMPANY, PERSON, PERSON_COMPANY, RELATIONSHIP, object_rules, relationship_of
from projects.pipeline.rows import save_rows
from projects.pipeline.scope import Scope
from projects.pipeline.settle import verdicts_for

MERGED = "merged_at_source"
PAGE = 100

MANY = 10
"""So many that are gone, and more than half of all, are not taken out of the destination unasked."""


def page(context: Context) -> Progress:
    """Takes the next records that the source no longer has out of the destination."""
    cursor = context.step.cursor
    if not cursor and (doubt := _too_many(context)):
        return Progress({"after": 0}, stop=doubt)
    links = _candidates(context, cursor.get("after", 0))
    if not links:
        return Progress(None)
    gone = confirmed(context, links)
    into = context.merged_people if context.run.kind == Run.Kind.DELTA else {}
    if context.ends.onto:
        return _cut(context, links, gone)
    rows = [_row(context, link, into.get(link.key, "")) for link in gone]
    files = undo.look_up(context, Scope(), context.step.destination, [str(link.destination_id) for link in gone])
    verdicts, not_landed = verdicts_for(context, DELETED), _not_landed(context, rows)
    retired: list[tuple[Record, Link]] = []
    for row, link in zip(rows, gone, strict=True):
        _decide(row, link, files, verdicts, waits=row.merged_into in not_landed)
        if row.state in (Record.State.EXCLUDED, Record.State.MERGED) and not row.meta.get("kept"):
            retired.append((row, link))
    if context.run.writes:
        # What somebody threw away in the destination is in the bin by their hand, and a rollback leaves it there.
        _retire(context, [(row, link) for row, link in retired if files.is_live(str(link.destination_id))])
    else:
        for row, _link in retired:
            # A replay only plans: a record that is to go would be a write.
            row.state, row.reason = Record.State.UPDATED, DELETED
    links_done = [link for _row_, link in retired] if context.run.writes else []
    return Progress({"after": links[-1].pk}, done=len(rows), save=lambda: _save(rows, links_done))


def _too_many(context: Context) -> str:
    """Why a person should look first: most of what landed is not in the source any more, though everything was read.

    A key of another workspace looks just like that. Resumed, the run goes on.
    """
    object = context.step.object
    thing = object == PERSON or (object.startswith("object:") and "." not in object)
    if delta.of_changes(context.run) or not context.run.writes or not thing:
        # What people and objects are tied by goes with them.
        return ""
    landed = Link.objects.filter(project=context.project, object=object).exclude(origin=Link.Origin.MERGED)
    present = Record.objects.of(context.run, object).exclude(reason=DELETED).values("key")
    number, lacking = landed.count(), landed.exclude(key__in=present).count()
    if lacking < MANY or lacking * 2 <= number:
        return ""
    what = in_a_sentence(labels_of(context.project)[object])
    return (
        f"{lacking:,} of {number:,} {what} are not in Customer.io any more. None of them is deleted in Twenty yet: "
        "check that the key is that of the right workspace. If they were deleted there, resume; else cancel."
    )


def _cut(context: Context, links: Sequence[Link], gone: Sequence[Link]) -> Progress:
    """Relationships that are a relation of another record: the relation is emptied, the record itself stays."""
    rows = [_row(context, link, "") for link in gone]
    there = {one.id: one for one in context.destination.read(context.step.destination, ids_of(gone))}
    cut: list[tuple[Record, Link]] = []
    standing: dict[int, Any] = {}
    for row, link in zip(rows, gone, strict=True):
        row.state, row.reason, row.detail = Record.State.EXCLUDED, DELETED, "The source cut this relationship."
        now = there.get(str(link.destination_id))
        # A relation to a member of the workspace has no other end of ours: it is all that was written.
        named = context.ends.columns.values() or link.written.keys() - {"position"}
        columns = [name for name in named if link.written.get(name)]
        if now is not None and all(now.fields.get(name) == link.written[name] for name in columns):
            row.mapped = dict.fromkeys(columns)
            cut.append((row, link))
    if context.run.writes and cut:
        with context.fenced():
            _save([row for row, _link in cut if row._state.adding], [])
            stored = {row.key: row for row in Record.objects.of(context.run, context.step.object)}
            entry = _entry(context, "update", [str(link.destination_id) for _row_, link in cut])
            for row, link in cut:
                row.pk = stored[row.key].pk
                standing[row.pk] = there[str(link.destination_id)].fields
            intent.intend(context, entry, Change.Kind.UPDATED, [row for row, _link in cut], standing)
        drafts = [Draft(str(link.destination_id), row.mapped or {}) for row, link in cut]
        context.destination.update(context.step.destination, drafts)
        JournalEntry.objects.filter(pk=entry.pk).update(state=JournalEntry.State.DONE, answered_at=timezone.now())
    if not context.run.writes:
        for row, _link in cut:
            row.state = Record.State.UPDATED
    done = list(gone) if context.run.writes else []
    return Progress({"after": links[-1].pk}, done=len(rows), save=lambda: _save(rows, done))


def ids_of(links: Sequence[Link]) -> list[str]:
    """The destination's ids of some links."""
    return [str(link.destination_id) for link in links]


def _entry(context: Context, verb: str, ids: list[str]) -> JournalEntry:
    return JournalEntry.objects.create(
        project=context.project,
        run=context.run,
        step=context.step,
        verb=verb,
        object=context.step.destination,
        count=len(ids),
        detail={"ids": ids},
    )


def _candidates(context: Context, after: int) -> Sequence[Link]:
    """Links of this object type that may stand for something that is gone."""
    object = context.step.object
    if is_happening(object):
        return _of_deleted(context, after)
    links = Link.objects.filter(project=context.project, object=object, pk__gt=after).exclude(origin=Link.Origin.MERGED)
    present = Record.objects.of(context.run, object).exclude(reason=DELETED).values("key")
    if not delta.of_changes(context.run):
        return list(links.exclude(key__in=present).order_by("pk")[:PAGE])
    if object == PERSON:
        told = delta.gone_in_log(context.run).keys() | delta.held_before(context.run, object, DELETED)
        links = links.filter(key__in=told | banned.keys(context.project))
    elif object == PERSON_COMPANY:
        # With the ties that this run has cut already, the log does not name these people any more.
        cut = Change.objects.filter(project=context.project, run=context.run, undone=None)
        cut = cut.filter(kind=Change.Kind.RETIRED, object__startswith=RELATIONSHIP)
        lost = set(cut.values_list("person", flat=True))
        links = links.filter(key__in=delta.related(context) | lost)
    elif object.startswith(RELATIONSHIP):
        people = delta.related(context)
        keys = Change.objects.filter(project=context.project, object=object, person__in=people).values("key")
        links = links.filter(key__in=keys)
    else:
        links = links.filter(key__in=delta.touched(context.run, object.partition(".")[0]))
    return list(links.exclude(key__in=present).order_by("pk")[:PAGE])


def is_happening(object: str) -> bool:
    """Whether the rows of a step happened to a person: they are never missed, and go where their person went."""
    return not object.startswith((PERSON, "object:", RELATIONSHIP))


def _of_deleted(context: Context, after: int) -> Sequence[Link]:
    """Links of what people did whom the source deleted: the log forgets it anyway, so only their deletion counts."""
    theirs = Change.objects.filter(
        project=context.project, object=context.step.object, person__in=context.deleted_people
    )
    links = Link.objects.filter(project=context.project, object=context.step.object, pk__gt=after)
    return list(links.filter(key__in=theirs.values("key")).order_by("pk")[:PAGE])


def confirmed(context: Context, links: Sequence[Link]) -> list[Link]:
    """Those that the source, asked by name, does not have, and people who came back after they had been deleted."""
    if is_happening(context.step.object):
        return list(links)
    if context.step.object.startswith(RELATIONSHIP):
        return _cut_at_source(context, links)
    if context.step.object == PERSON_COMPANY:
        return _without_company(context, links)
    if "." in context.step.object:
        return _emptied(context, links)
    there = {record.key for record in context.source.fetch(context.step.object, [one.key for one in links]).records}
    back = banned.keys(context.project) if context.step.object == PERSON else set()
    return [link for link in links if link.key not in there or link.key in back]


def _cut_at_source(context: Context, links: Sequence[Link]) -> list[Link]:
    """Relationships that their person, asked by name, does not have any more; one whose person is unknown stays.

    Where the log led here, the person was asked by name just now. A list of everybody may have left somebody out.
    """
    if delta.of_changes(context.run):
        return list(links)
    person = delta.people_of_ties(context.project, links)
    there = {record.key for record in context.source.fetch(RELATIONSHIP, sorted(set(person.values()))).records}
    return [link for link in links if link.key in person and link.key not in there]


def _without_company(context: Context, links: Sequence[Link]) -> list[Link]:
    """Companies of people who have no relationship with any company left, as the identity map knows."""
    ties = [relationship_of(source) for source in object_rules(context.spec, COMPANY)]
    told = Change.objects.filter(project=context.project, object__in=ties, person__in=[one.key for one in links])
    person = dict(told.values_list("key", "person"))
    there = Link.objects.filter(project=context.project, object__in=ties, key__in=person).exclude(
        origin=Link.Origin.MERGED
    )
    have = {person[key] for key in there.values_list("key", flat=True)}
    return [link for link in links if link.key not in have]


def _emptied(context: Context, links: Sequence[Link]) -> list[Link]:
    """Relations whose record was read and names nobody any more, or went."""
    rows = Record.objects.of(context.run, context.step.object.partition(".")[0])
    read = rows.filter(key__in=[one.key for one in links])
    here = Q(state__in=(*Record.LANDED, Record.State.MERGED)) | Q(state=Record.State.EXCLUDED, reason=DELETED)
    names_nobody = set(read.filter(here).values_list("key", flat=True))
    return [link for link in links if link.key in names_nobody]


def _row(context: Context, link: Link, into: str) -> Record:
    known = Record.objects.of(context.run, link.object).filter(key=link.key).first()
    row = known or Record(run=context.run, object=link.object, key=link.key, raw={}, digest=digest_of({}))
    row.destination_id, row.merged_into = link.destination_id, into
    return row


def _not_landed(context: Context, rows: Sequence[Record]) -> set[str]:
    """Those into whom people went and who are held themselves: without them nobody of the two would be left."""
    into = {row.merged_into for row in rows} - {""}
    read = Record.objects.of(context.run, context.step.object).filter(key__in=into)
    return set(read.filter(state__in=[Record.State.HELD, Record.State.REJECTED]).values_list("key", flat=True))


def _decide(row: Record, link: Link, files: undo.Files, verdicts: dict[str, str], *, waits: bool) -> None:
    """Into the bin, or kept for a person where somebody else has a share in the record, or who inherits it `waits`."""
    told = row.detail if row.reason == DELETED and row.state == Record.State.EXCLUDED else ""
    row.state = Record.State.MERGED if row.merged_into else Record.State.EXCLUDED
    row.reason = MERGED if row.merged_into else DELETED
    row.detail = told or (
        f"It went into {row.merged_into} at the source." if row.merged_into else "The source deleted it."
    )
    id = str(link.destination_id)
    now, history = files.now.get(id), files.histories.get(id)
    if now is None or now.deleted or files.judge is None:
        return
    made = link.origin == Link.Origin.CREATED
    edits = files.judge.edits(history, now) if history and made else []
    if made and not edits and not waits:
        return
    verdict = verdicts.get(row.key, verdicts.get("", ""))
    if verdict == Decision.Verdict.THEIRS:
        return
    row.meta = {**row.meta, "kept": True}
    if verdict == Decision.Verdict.OURS:
        row.state, row.reason = Record.State.EXCLUDED, DELETED
        row.detail = "The source deleted it; it stays in Twenty, as decided."
        return
    gone = f"It went into {row.merged_into} at the source" if row.merged_into else "The source deleted it"
    row.state, row.reason, row.merged_into = Record.State.HELD, DELETED, ""
    names = ", ".join(sorted(edit["field"] for edit in edits))
    why = f"in Twenty somebody changed {names}" if edits else "it stood in Twenty before the migration"
    row.detail = f"{gone}, which has not landed here yet." if waits else f"{gone}, but {why}."


def _retire(context: Context, retired: Sequence[tuple[Record, Link]]) -> None:
    """One request of the journal: what goes into the bin is written down first, with its place in the identity map."""
    ids = [str(link.destination_id) for _row_, link in retired]
    if not ids:
        return
    with context.fenced():
        entry = _entry(context, "retire", ids)
        Change.objects.bulk_create([_change(context, entry, link) for _row_, link in retired], batch_size=500)
    context.destination.retire(context.step.destination, ids)
    JournalEntry.objects.filter(pk=entry.pk).update(state=JournalEntry.State.DONE, answered_at=timezone.now())


def _change(context: Context, entry: JournalEntry, link: Link) -> Change:
    earlier = Change.objects.filter(
        project=context.project,
        destination=link.destination,
        destination_id=link.destination_id,
        object=link.object,
        key=link.key,
    ).exclude(person="")
    return Change(
        project=context.project,
        run=context.run,
        step=context.step,
        entry=entry,
        object=link.object,
        key=link.key,
        person=earlier.values_list("person", flat=True).first() or "",
        destination=link.destination,
        destination_id=link.destination_id,
        kind=Change.Kind.RETIRED,
        before={},
        after={},
        link=kept_link(link),
    )


def _save(rows: list[Record], links: list[Link]) -> None:
    new = [row for row in rows if row._state.adding and not row.pk]
    old = [row for row in rows if row not in new]
    Record.objects.bulk_create(new, batch_size=200, ignore_conflicts=True)
    save_rows(old, ["state", "reason", "detail", "merged_into", "destination_id", "meta"])
    Link.objects.filter(pk__in=[link.pk for link in links]).delete()
