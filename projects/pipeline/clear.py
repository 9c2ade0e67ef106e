"""Clear: before a run writes, what earlier trials left in the destination is taken back.

First the sandbox sample, through the identity map in reverse dependency order: what the sandbox made is
destroyed, what it changed gets its old values. Then what a killed and cancelled run may have made without
ever knowing: ids in the journal that no link knows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db.models import Case, IntegerField, Value, When
from django.utils import timezone

from connectors.contract import Draft
from connectors.errors import Rejected
from projects.models import JournalEntry, Link, Run
from projects.pipeline.context import Context, Progress
from projects.pipeline.phases import PERSON, RELATIONSHIP


def page(context: Context) -> Progress:
    """Takes back the next links of one kind, or the unknown records of one journal entry."""
    size = context.destination.capabilities().batch
    order = Case(
        When(object__contains=".", then=Value(0)),
        When(object__startswith=RELATIONSHIP, then=Value(1)),
        When(object=PERSON, then=Value(3)),
        default=Value(2),
        output_field=IntegerField(),
    )
    sample = Link.objects.filter(project=context.project, run__kind=Run.Kind.SANDBOX).annotate(rank=order)
    # Within a rank the newest kind goes first: later phases point to earlier ones.
    first = sample.order_by("rank", "-id").first()
    if first is None:
        return _orphans(context)
    links = list(sample.filter(object=first.object, origin=first.origin).order_by("id")[:size])
    entry: JournalEntry | None = None
    tally: Counter[str] = Counter()
    if first.origin == Link.Origin.CREATED:
        entry = _journal(context, "remove", first.destination, [str(link.destination_id) for link in links])
        context.destination.remove(first.destination, [str(link.destination_id) for link in links])
    elif first.origin == Link.Origin.MATCHED and any(link.before for link in links):
        entry = _journal(context, "restore", first.destination, [str(link.destination_id) for link in links])
        drafts = [Draft(str(link.destination_id), link.before) for link in links if link.before]
        tally["not_restored"] += _restore(context, first.destination, drafts)
    return Progress({"after": links[-1].pk}, done=len(links), tally=tally, save=lambda: _forget(links, entry))


def _restore(context: Context, destination: str, drafts: Sequence[Draft]) -> int:
    """Gives records their old values; halves a refused batch. Gives how many could not get theirs."""
    try:
        context.destination.update(destination, drafts)
    except Rejected:
        if len(drafts) == 1:
            return 1
        half = len(drafts) // 2
        return _restore(context, destination, drafts[:half]) + _restore(context, destination, drafts[half:])
    return 0


def _orphans(context: Context) -> Progress:
    """Removes what an earlier run may have made without a link: its answer was lost, and the run never went on."""
    after = context.step.cursor.get("entry", 0)
    entries = JournalEntry.objects.filter(project=context.project, verb="create", pk__gt=after)
    entry = (
        entries.filter(run__state=Run.State.CANCELLED).exclude(state=JournalEntry.State.REFUSED).order_by("pk").first()
    )
    if entry is None:
        return Progress(None)
    ids: list[str] = entry.detail.get("ids", [])
    links = Link.objects.filter(project=context.project, destination_id__in=ids)
    unknown = sorted(set(ids) - {str(id) for id in links.values_list("destination_id", flat=True)})
    found = [one.id for one in context.destination.find(entry.object, ids=unknown)] if unknown else []
    made: JournalEntry | None = None
    if found:
        made = _journal(context, "remove", entry.object, found)
        context.destination.remove(entry.object, found)
    return Progress({"entry": entry.pk}, done=len(found), save=lambda: _forget([], made))


def _journal(context: Context, verb: str, object: str, ids: list[str]) -> JournalEntry:
    detail: dict[str, Any] = {"ids": ids}
    with context.fenced():
        return JournalEntry.objects.create(
            project=context.project,
            run=context.run,
            step=context.step,
            verb=verb,
            object=object,
            count=len(ids),
            detail=detail,
        )


def _forget(links: Sequence[Link], entry: JournalEntry | None) -> None:
    if entry is not None:
        entry.state, entry.answered_at = JournalEntry.State.DONE, timezone.now()
        entry.save(update_fields=["state", "answered_at"])
    Link.objects.filter(pk__in=[link.pk for link in links]).delete()
