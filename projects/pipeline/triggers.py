"""Automations of the destination that our writes would start: paused before the first write, owed back after.

On a fresh Twenty 2.x workspace one of them makes companies of its own and overwrites the imported company
link (contracts/twenty/FACTS-2.x.md section 0). The debt is a row, written before the request: a crash at
any point leaves something that `restore_when_due` can find and pay.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from connectors.contract import Trigger
from connectors.errors import ConnectorError, Terminal
from projects import audit
from projects.connections import open_destination
from projects.models import JournalEntry, PausedTrigger, Run
from projects.pipeline.phases import COMPANY, PERSON
from projects.verbs import Verb

OBJECTS = (PERSON, COMPANY)


def pause_for(run: Run) -> None:
    """Pauses what the signed map page listed; anything that became active since needs consent first."""
    owed = run.paused_triggers.filter(state=PausedTrigger.State.PAUSING)
    begun = run.paused_triggers.exists() or run.phases.exclude(state="waiting").exists()
    if begun and not owed.exists():
        return
    with open_destination(run.project) as destination:
        if not begun:
            _write_down(run, destination.triggers(OBJECTS))
        for trigger in owed.all():
            destination.pause(trigger.trigger_id)
            PausedTrigger.objects.filter(pk=trigger.pk).update(state=PausedTrigger.State.PAUSED)
            audit.record(Verb.TRIGGER_PAUSED, run.project, trigger.name)


def _write_down(run: Run, active: list[Trigger]) -> None:
    """Owes all of them at once, before the first is paused; what nobody agreed to is refused."""
    consented = consented_ids(run)
    for trigger in active:
        if trigger.id not in consented:
            raise Terminal(
                f"The workflow “{trigger.name}” is active in the destination and was not on the list you signed. "
                f"{trigger.consequence}",
                "Discover again and sign the field map: the page lists it, and it will be paused for the run.",
            )
    PausedTrigger.objects.bulk_create(
        [
            PausedTrigger(run=run, trigger_id=trigger.id, name=trigger.name[:200], consequence=trigger.consequence)
            for trigger in active
        ],
        ignore_conflicts=True,
    )


def consented_ids(run: Run) -> set[str]:
    """The automations that the newest signature under the map agreed to pause."""
    newest = run.project.signatures.filter(gate="map").order_by("-pk").first()
    return {trigger["id"] for trigger in newest.shown.get("triggers", [])} if newest else set()


def restore_when_due(run: Run, *, now: bool = False) -> bool:
    """Puts back what an ended run still owes; true when nothing is owed any more.

    Waits until the destination's own queue has worked off what we wrote: put back too early, the workflow
    would still see our records come by.
    """
    owed = list(run.paused_triggers.exclude(state=PausedTrigger.State.RESTORED))
    if not owed:
        return True
    if run.is_open and not now:
        return False
    if not now and timezone.now() < settled_at(run):
        return False
    try:
        with open_destination(run.project) as destination:
            for trigger in owed:
                destination.resume(trigger.trigger_id)
                PausedTrigger.objects.filter(pk=trigger.pk).update(
                    state=PausedTrigger.State.RESTORED, restored_at=timezone.now()
                )
                audit.record(Verb.TRIGGER_RESTORED, run.project, trigger.name)
    except ConnectorError as error:
        Run.objects.filter(pk=run.pk).update(problem=f"A paused workflow could not be put back yet. {error}")
        return False
    Run.objects.filter(pk=run.pk, problem__startswith="A paused workflow").update(problem="")
    return True


def settled_at(run: Run) -> datetime:
    """When the destination has had time to work off the run's last write."""
    last = JournalEntry.objects.filter(run=run, state=JournalEntry.State.DONE).order_by("-id").first()
    written = last.answered_at or last.sent_at if last else timezone.now() - timedelta(days=1)
    return written + timedelta(seconds=settings.SETTLE_SECONDS)
