"""Clear: before production the sandbox sample is taken back, so that production starts from what stood before.

Goes through the identity map in reverse dependency order: what the sandbox made is destroyed, what it
changed gets its old values.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Case, IntegerField, Value, When
from django.utils import timezone

from connectors.contract import Draft
from projects.models import JournalEntry, Link, Run
from projects.pipeline.context import Context, Progress
from projects.pipeline.phases import ASSOCIATION, PERSON, PERSON_COMPANY


def page(context: Context) -> Progress:
    """Takes back the next links of one kind."""
    size = context.destination.capabilities().batch
    order = Case(
        When(object=PERSON_COMPANY, then=Value(0)),
        When(destination=ASSOCIATION, then=Value(1)),
        When(object=PERSON, then=Value(3)),
        default=Value(2),
        output_field=IntegerField(),
    )
    sample = Link.objects.filter(project=context.project, run__kind=Run.Kind.SANDBOX).annotate(rank=order)
    first = sample.order_by("rank", "id").first()
    if first is None:
        return Progress(None)
    links = list(sample.filter(object=first.object, origin=first.origin).order_by("id")[:size])
    entry = None
    if first.origin == Link.Origin.CREATED:
        entry = _journal(context, "remove", links)
        context.destination.remove(first.destination, [str(link.destination_id) for link in links])
    elif first.origin == Link.Origin.MATCHED and any(link.before for link in links):
        entry = _journal(context, "restore", links)
        there = {str(link.destination_id): link for link in links if link.before}
        live = {found.id for found in context.destination.read(first.destination, list(there))}
        drafts = [Draft(id, link.before) for id, link in there.items() if id in live]
        if drafts:
            context.destination.update(first.destination, drafts)
    return Progress(
        {"after": links[-1].pk},
        done=len(links),
        save=lambda: _forget(links, entry),
    )


def _journal(context: Context, verb: str, links: Sequence[Link]) -> JournalEntry:
    with context.fenced():
        return JournalEntry.objects.create(
            project=context.project,
            run=context.run,
            step=context.step,
            verb=verb,
            object=links[0].destination,
            count=len(links),
            detail={"ids": [str(link.destination_id) for link in links]},
        )


def _forget(links: Sequence[Link], entry: JournalEntry | None) -> None:
    if entry is not None:
        entry.state, entry.answered_at = JournalEntry.State.DONE, timezone.now()
        entry.save(update_fields=["state", "answered_at"])
    Link.objects.filter(pk__in=[link.pk for link in links]).delete()
