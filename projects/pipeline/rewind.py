"""Rewind: after records were taken back, the identity map says again what it said before."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from projects.models import Change, JournalEntry, Link, Reversal
from projects.pipeline.context import Context
from projects.pipeline.intent import kept_link
from projects.pipeline.scope import Scope
from projects.pipeline.verdict import Action


def save(context: Context, items: Sequence[Reversal], scoped: Sequence[Change]) -> None:
    """Stores the outcome of a page: the plan's lines, the changes that are taken back, the identity map."""
    Reversal.objects.bulk_update(items, ["state", "kept", "detail", "fields"], batch_size=200)
    scope = Scope.of(context.run)
    if scope.field:
        _forget_field(context, items, scope.field_parts[1])
        return
    Change.objects.filter(pk__in=[change.pk for change in scoped]).update(undone=context.run)
    earliest: dict[tuple[str, str], Change] = {}
    for change in scoped:
        earliest.setdefault((change.object, change.key), change)
    for (object, key), change in earliest.items():
        link = Link.objects.filter(project=context.project, object=object, key=key)
        if change.link is None:
            link.delete()
        else:
            _put_back(context, object, key, change)
    gone = [item.destination_id for item in items if item.action == Action.REMOVE and item.state == Reversal.State.DONE]
    # A page is about one object type; naming it lets the index find the few among millions of links.
    about = {item.destination for item in items}
    Link.objects.filter(project=context.project, destination__in=about, destination_id__in=gone).delete()


def _put_back(context: Context, object: str, key: str, change: Change) -> None:
    kept = change.link or {}
    Link.objects.update_or_create(
        project=context.project,
        object=object,
        key=key,
        defaults={
            "run_id": kept["run"],
            "destination": kept["destination"],
            "destination_id": kept["destination_id"],
            "origin": kept["origin"],
            "before": kept["before"],
            "written": kept["written"],
            "written_digest": kept["written_digest"],
            "seen": "",
        },
    )


def _forget_field(context: Context, items: Sequence[Reversal], name: str) -> None:
    """The field counts as never written; that it was emptied is a change of its own, for a later rollback."""
    done = [item for item in items if item.state == Reversal.State.DONE and name in item.fields]
    if not done:
        return
    entry = JournalEntry.objects.create(
        project=context.project,
        run=context.run,
        step=context.step,
        verb="restore",
        object=done[0].destination,
        count=len(done),
        state=JournalEntry.State.DONE,
        answered_at=timezone.now(),
    )
    ids = {item.destination_id: item for item in done}
    there = Link.objects.filter(project=context.project, destination=done[0].destination, destination_id__in=ids)
    links = [one for one in there if name in one.written]
    changes = []
    for link in links:
        changes.append(
            Change(
                project=context.project,
                run=context.run,
                step=context.step,
                entry=entry,
                object=link.object,
                key=link.key,
                destination=link.destination,
                destination_id=link.destination_id,
                kind=Change.Kind.UPDATED,
                before={name: link.written[name]},
                after={name: ids[link.destination_id].fields[name]},
                link=kept_link(link),
            )
        )
        link.written = {field: value for field, value in link.written.items() if field != name}
        link.written_digest = ""
    Change.objects.bulk_create(changes, batch_size=500)
    Link.objects.bulk_update(links, ["written", "written_digest"], batch_size=200)
