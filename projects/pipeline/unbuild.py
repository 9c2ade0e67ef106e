"""Views, lists and drafts that were made on request are taken back, the youngest first, if nobody changed them."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone

from connectors.rebuild import Rebuilder, Thing
from projects.models import HandoffItem, JournalEntry, Project, Run
from projects.pipeline.context import Context, Progress
from projects.pipeline.scope import Scope
from projects.pipeline.undo_schema import stays, takes_schema

VERBS = {"create_view": Thing.VIEW, "create_list": Thing.LIST, "create_workflow": Thing.WORKFLOW}
"""Verb of the journal → what it made."""

State = JournalEntry.State


def made(project: Project) -> QuerySet[JournalEntry]:
    """What was made, or may have been, and not taken back; the youngest first."""
    found = JournalEntry.objects.filter(project=project, verb__in=VERBS)
    return found.exclude(state__in=[State.UNDONE, State.REFUSED]).order_by("-pk")


def number(run: Run) -> int:
    """How many of them a rollback takes back, or took."""
    if run.state == Run.State.SUCCEEDED:
        entries = JournalEntry.objects.filter(project=run.project, verb__in=VERBS, state=State.UNDONE)
        return entries.filter(answered_at__gte=run.started_at, answered_at__lte=run.ended_at).count()
    return made(run.project).count() if _takes(run) else 0


def _takes(run: Run) -> bool:
    scope = Scope.of(run)
    return scope.whole and takes_schema(run.project, scope)


def page(context: Context) -> Progress:
    """Takes one of them back, or says why it stays. Only where everything is taken back."""
    if not _takes(context.run):
        return Progress(None)
    seen = context.step.cursor.get("seen", [])
    entry = made(context.project).exclude(pk__in=seen).first()
    if entry is None:
        return Progress(None)
    reason = remove(context.rebuilder, entry)
    cursor = {"seen": [*seen, entry.pk]}
    if reason:
        return Progress(cursor, save=lambda: stays(context, entry, reason))
    return Progress(cursor, done=1, save=lambda: gone(entry))


def remove(rebuilder: Rebuilder, entry: JournalEntry) -> str:
    """Removes what an entry made; else says, in a sentence, why it stays. One that is gone is no error."""
    thing, id = VERBS[entry.verb], entry.detail["id"]
    now = rebuilder.look(thing, id)
    as_made = entry.detail.get("as_made", "")
    if now and as_made and now != as_made:
        return f"The {thing} “{entry.detail['name']}” stays: somebody has changed it since."
    if now:
        rebuilder.remove(thing, id)
    return ""


def gone(entry: JournalEntry) -> None:
    """Notes that it is taken back; its link leads nowhere any more."""
    JournalEntry.objects.filter(pk=entry.pk).update(state=State.UNDONE, answered_at=timezone.now())
    item = {"kind": entry.detail.get("kind", ""), "key": entry.detail["key"]}
    HandoffItem.objects.filter(project=entry.project, **item).update(link="")
