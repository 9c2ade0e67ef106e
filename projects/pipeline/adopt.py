"""Adopt: records that landed before changes were kept one by one get theirs from the identity map.

An installation that was upgraded in the middle of a migration knows of such a record what it wrote last and, where the
record stood there before, what stood in the fields that it wrote first. That is enough to take it back. What several
runs did to it one after the other cannot be told apart any more: all of it counts as done by the run of its link.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db.models import Exists, Max, Min, OuterRef
from django.utils import timezone

from projects.models import Change, JournalEntry, Link, Project, Record, Run, Step
from projects.pipeline.context import Context, Progress
from projects.pipeline.intent import person_of

ADOPT = "adopt"
"""The journal's verb: nothing was sent, only written down."""

WINDOW = 5_000
"""Entries of the identity map looked through at once, by their ids: a project of millions takes seconds in all."""


def page(context: Context) -> Progress:
    """Writes down what was done to the next records of which no change is kept; a repeat finds none."""
    mine = Link.objects.filter(project=context.project)
    ends = mine.aggregate(first=Min("pk"), last=Max("pk"))
    after = context.step.cursor.get("after", (ends["first"] or 1) - 1)
    if after >= (ends["last"] or 0):
        return Progress(None)
    # One record may have several entries: the person, and which company is the person's.
    known = Change.objects.filter(
        project=OuterRef("project"),
        destination=OuterRef("destination"),
        destination_id=OuterRef("destination_id"),
        object=OuterRef("object"),
        key=OuterRef("key"),
    )
    window = mine.filter(~Exists(known), pk__gt=after, pk__lte=after + WINDOW).exclude(origin=Link.Origin.MERGED)
    groups: defaultdict[tuple[Run, str], list[Link]] = defaultdict(list)
    for link in window.select_related("run").order_by("pk"):
        if _did_something(link):
            groups[link.run, link.object].append(link)
    return Progress({"after": after + WINDOW}, save=lambda: _save(context.project, groups))


def _save(project: Project, groups: Mapping[tuple[Run, str], Sequence[Link]]) -> None:
    for (run, object), some in groups.items():
        _adopt(project, run, object, some)


def _did_something(link: Link) -> bool:
    return link.origin == Link.Origin.CREATED or any(
        (link.before or {}).get(name) != value for name, value in link.written.items()
    )


def _adopt(project: Project, run: Run, object: str, some: Sequence[Link]) -> None:
    step = Step.objects.filter(run=run, object=object).order_by("order").first()
    if step is None:
        return
    entry = JournalEntry.objects.create(
        project=project,
        run=run,
        step=step,
        verb=ADOPT,
        object=some[0].destination,
        count=len(some),
        state=JournalEntry.State.DONE,
        answered_at=timezone.now(),
    )
    JournalEntry.objects.filter(pk=entry.pk).update(sent_at=min(link.written_at for link in some))
    rows = Record.objects.filter(run=run, object=object, key__in=[link.key for link in some])
    people = {row.key: person_of(row) for row in rows.only("object", "key", "refs")}
    Change.objects.bulk_create([_change(entry, link, people.get(link.key, "")) for link in some], batch_size=500)


def _change(entry: JournalEntry, link: Link, person: str) -> Change:
    made = link.origin == Link.Origin.CREATED
    return Change(
        project=link.project,
        run=link.run,
        step=entry.step,
        entry=entry,
        object=link.object,
        key=link.key,
        person=person,
        destination=link.destination,
        destination_id=link.destination_id,
        kind=Change.Kind.CREATED if made else Change.Kind.UPDATED,
        before=None if made else {name: (link.before or {}).get(name) for name in link.written},
        after=link.written,
        link=None,
    )
