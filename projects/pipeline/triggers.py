"""Automations of the destination that our writes would start: paused before the first write, owed back after.

On a fresh Twenty 2.x workspace one of them makes companies of its own and overwrites the imported company
link (contracts/twenty/FACTS-2.x.md section 0). The debt is a row, written before the request: a crash at
any point leaves something that `restore_when_due` can find and pay.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet, Sum
from django.utils import timezone

from connectors.contract import Destination, Trigger
from connectors.errors import ConnectorError, Rejected, Terminal
from projects import audit
from projects.connections import open_destination
from projects.models import JournalEntry, PausedTrigger, Run
from projects.pipeline.phases import COMPANY, PERSON, PLAN
from projects.verbs import Verb

OBJECTS = (PERSON, COMPANY)


def pause_for(run: Run) -> None:
    """Pauses what the signed map page listed; anything that became active since needs consent first."""
    owed = run.paused_triggers.filter(state=PausedTrigger.State.PAUSING)
    begun = run.paused_triggers.exists() or run.phases.exclude(state="waiting").exclude(name=PLAN.name).exists()
    if begun and not owed.exists():
        return
    with open_destination(run.project) as destination:
        if not begun:
            # An earlier run may still owe some of them: paused, they are not on the destination's list any more.
            _owed_by_others(run).update(run=run)
            _write_down(run, destination.triggers(OBJECTS))
        for trigger in owed.all():
            try:
                destination.pause(trigger.trigger_id)
            except Rejected:
                PausedTrigger.objects.filter(pk=trigger.pk).update(state=PausedTrigger.State.GONE)
                continue
            PausedTrigger.objects.filter(pk=trigger.pk).update(state=PausedTrigger.State.PAUSED)
            audit.record(Verb.TRIGGER_PAUSED, run.project, trigger.name)


def _owed_by_others(run: Run) -> QuerySet[PausedTrigger]:
    return PausedTrigger.objects.filter(run__project=run.project, state__in=PausedTrigger.OWED).exclude(run=run)


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
    would still see our records come by. A later run that writes has taken the debt over.
    """
    owed = list(run.paused_triggers.filter(state__in=PausedTrigger.OWED))
    if not owed:
        return True
    if not now and (_writing(run) or timezone.now() < settled_at(run)):
        return False
    try:
        with open_destination(run.project) as destination:
            done = [_restore(destination, run, trigger) for trigger in owed]
            return all(done)
    except ConnectorError as error:
        _say(owed, error)
        return False


def has_problem(run: Run) -> bool:
    """Whether something owed could not be put back at the last try; the beat tries again."""
    return run.paused_triggers.filter(state__in=PausedTrigger.OWED).exclude(problem="").exists()


def _writing(run: Run) -> bool:
    """Whether this run or another one of the project may still write."""
    open_runs = Run.objects.filter(project=run.project, state__in=Run.OPEN)
    return open_runs.filter(kind__in=Run.WRITING).exists()


def _restore(destination: Destination, run: Run, trigger: PausedTrigger) -> bool:
    """Puts one workflow back; one that was deleted for good is no debt any more, and says so."""
    row = PausedTrigger.objects.filter(pk=trigger.pk)
    try:
        destination.resume(trigger.trigger_id)
    except Rejected as gone:
        row.update(state=PausedTrigger.State.GONE, problem=str(gone))
        return True
    except ConnectorError as error:
        _say([trigger], error)
        return False
    row.update(state=PausedTrigger.State.RESTORED, restored_at=timezone.now(), problem="")
    audit.record(Verb.TRIGGER_RESTORED, run.project, trigger.name)
    return True


def _say(owed: list[PausedTrigger], error: ConnectorError) -> None:
    problem = f"It could not be put back yet. {error}"
    PausedTrigger.objects.filter(pk__in=[trigger.pk for trigger in owed]).update(problem=problem)


SETTLED_RECORDS = 2000
"""Records that a destination's queue works off in about SETTLE_SECONDS, with much to spare."""

LONGEST_SETTLING = 900.0
"""Seconds."""

HUSH = "remove_echoes"
"""The journal's verb for lines that the destination wrote by itself: `count` are lines, `detail` names the records."""


def settling(records: int) -> float:
    """Seconds that a destination's queue is given to work off so many records."""
    return min(LONGEST_SETTLING, settings.SETTLE_SECONDS * (1 + records / SETTLED_RECORDS))


def settled_at(run: Run) -> datetime:
    """When the destination has had time to work off what the run wrote: the more, the later."""
    # Nothing waits for the lines of its own timeline that were destroyed.
    done = JournalEntry.objects.filter(run=run, state=JournalEntry.State.DONE).exclude(verb=HUSH)
    last = done.order_by("-id").first()
    if last is None:
        return timezone.now() - timedelta(days=1)
    written = done.aggregate(records=Sum("count"))["records"] or 0
    seconds = max(settling(written), settings.SETTLE_SECONDS)
    return (last.answered_at or last.sent_at) + timedelta(seconds=seconds)
