"""Adopt: records that landed before changes were kept one by one get theirs from the identity map.

An installation that was upgraded in the middle of a migration knows of such a record what it wrote last and, where the
record stood there before, what stood in the fields that it wrote first. That is enough to take it back. What several
runs did to it one after the other cannot be told apart any more: all of it counts as done by the run of its link.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from projects.models import Change, JournalEntry, Link, Project, Record, Run, Step
from projects.pipeline.intent import person_of

ADOPT = "adopt"
"""The journal's verb: nothing was sent, only written down."""

PAGE = 500


def links(project: Project) -> int:
    """Writes down what was done to records of which no change is kept; gives how many that were."""
    known = Change.objects.filter(
        project=OuterRef("project"), destination=OuterRef("destination"), destination_id=OuterRef("destination_id")
    )
    old = Link.objects.filter(~Exists(known), project=project).exclude(origin=Link.Origin.MERGED)
    adopted, after = 0, 0
    while page := list(old.filter(pk__gt=after).select_related("run").order_by("pk")[:PAGE]):
        after = page[-1].pk
        for run, object in {(link.run, link.object): None for link in page if _did_something(link)}:
            some = [link for link in page if (link.run, link.object) == (run, object) and _did_something(link)]
            adopted += _adopt(project, run, object, some)
    return adopted


def _did_something(link: Link) -> bool:
    return link.origin == Link.Origin.CREATED or any(
        (link.before or {}).get(name) != value for name, value in link.written.items()
    )


@transaction.atomic
def _adopt(project: Project, run: Run, object: str, some: Sequence[Link]) -> int:
    step = Step.objects.filter(run=run, object=object).order_by("order").first()
    if step is None:
        return 0
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
    return len(some)


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
