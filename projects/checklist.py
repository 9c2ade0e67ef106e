"""The checklist of a cutover, ticked over what is stored: the same for the page, the gate and the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from projects import deletions, late_gates
from projects.models import Connection, Decision, Project, Record, Run
from projects.pipeline import delta
from projects.pipeline.phases import PHASES
from projects.taken_back import newest_rollback
from projects.text import counted, moved_in_words

FRESH = timedelta(days=7)
"""How long a full comparison counts."""

AGAIN = "Pause what writes, then move the freeze to that moment: deltas carry over what came in between."
"""Who wrote since the freeze has written for good: only a later freeze begins without a write."""

LOOKED = timedelta(hours=1)
"""How long counts what both systems said when they were asked; the signature asks them again."""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the checklist: what was found, and what to do where it does not pass."""

    name: str
    passed: bool
    sentence: str
    remedy: str = ""
    page: str = ""
    """The page on which that is done, by the name of its address."""


MEND = "Read each sentence, mend it at the source or in Twenty, then run a delta."

Signed = Callable[[str], bool]
"""Whether a gate is signed over what stands there now."""


def signed_checks(signed: Signed) -> list[Check]:
    """What has to be signed before a cutover."""
    return [_phases(signed), _audit(signed)]


def stored_checks(project: Project, signed: Signed) -> list[Check]:
    """The checklist over what was found the last time both systems were asked."""
    source = project.connections.filter(side=Connection.Side.SOURCE).first()
    found, rollback = (source.known if source else {}).get("cutover"), newest_rollback(project)
    moved = [_deltas(project, rollback), _deleted(project), _held(project), _replay(project, rollback)]
    return [*signed_checks(signed), _freeze(project), *moved] + (
        _found(project, found)
        if found
        else [
            Check(
                "looked",
                False,
                "Both systems have not been looked at yet.",
                "An engineer looks at both, with the button below.",
            )
        ]
    )


def _phases(signed: Signed) -> Check:
    open_ones = [phase.label for phase in PHASES if not signed(phase.name)]
    sentence = f"Not signed: {', '.join(open_ones)}." if open_ones else "Every production phase is signed."
    return Check("phases", not open_ones, sentence, "Sign the phases of production.", "runs")


def _audit(signed: Signed) -> Check:
    passed = signed(late_gates.AUDIT)
    sentence = "The audit is acknowledged." if passed else "The deleted-profile audit is not acknowledged."
    return Check("audit", passed, sentence, "Look at the audit and sign it.", "audit")


def _freeze(project: Project) -> Check:
    begun = project.freeze_at is not None and project.freeze_at <= timezone.now()
    if begun and project.freeze_at:
        return Check("freeze", True, f"The source is frozen since {project.freeze_at:%-d %b %Y, %H:%M} UTC.")
    sentence = "The freeze is not announced." if project.freeze_at is None else "The freeze has not begun."
    return Check("freeze", False, sentence, "Announce from when on nobody writes to Customer.io.")


def _deltas(project: Project, rollback: Run | None) -> Check:
    """Two deltas in a row after the freeze moved nothing: the log was read to its end, and once more."""
    done = project.runs.filter(kind=Run.Kind.DELTA, state=Run.State.SUCCEEDED).order_by("-number")
    last = list(done[:2])
    remedy = "Run deltas until two in a row move nothing."
    if len(last) < 2:
        return Check("deltas", False, "Fewer than two deltas have run.", remedy, "delta")
    if rollback is not None and rollback.number > last[-1].number:
        return Check("deltas", False, f"{rollback} took something back after {last[-1]}.", remedy, "delta")
    for run in last:
        if moved := delta.moved(run):
            sentence = f"{run} still moved something: {moved_in_words(moved)}."
            return Check("deltas", False, sentence, remedy, "delta")
        if project.freeze_at is None or run.created_at < project.freeze_at:
            return Check("deltas", False, f"{run} ran before the freeze.", remedy, "delta")
    return Check("deltas", True, "The last two deltas moved nothing.")


def _deleted(project: Project) -> Check:
    there = deletions.still_there(project)
    words = counted(there, "person who was deleted stands", "people who were deleted stand")
    sentence = f"{words} in Twenty." if there else "Nobody who was deleted and is known of stands in Twenty."
    return Check("deleted", not there, sentence, "Run a delta: it takes them out.", "delta")


def _held(project: Project) -> Check:
    run = project.runs.filter(kind__in=Run.MOVING, state=Run.State.SUCCEEDED).order_by("-number").first()
    if run is None:
        return Check("held", False, "What is held is known once production has ended.", "Let production end.", "runs")
    held = Record.objects.filter(run=run, state=Record.State.HELD).exclude(object="segment")
    decided = Decision.objects.filter(project=project, object=OuterRef("object"), reason=OuterRef("reason"))
    left = held.filter(~Exists(decided.filter(Q(key="") | Q(key=OuterRef("key"))))).count()
    if refused := _refused(project, run):
        what = counted(refused, "record", "records")
        return Check("held", False, f"Twenty refused {what} of {run}: what changed there has not landed.", MEND, "held")
    sentence = (
        f"{counted(left, 'held record waits', 'held records wait')} for a decision."
        if left
        else "Every held record is decided."
    )
    return Check("held", not left, sentence, "Decide about them.", "held")


def _refused(project: Project, run: Run) -> int:
    """Records that the newest delta could not land, other than those with which production was signed."""
    if run.kind != Run.Kind.DELTA:
        return 0
    production = project.runs.filter(kind=Run.Kind.PRODUCTION, state=Run.State.SUCCEEDED).order_by("-number").first()
    signed = Record.objects.filter(run=production, state=Record.State.REJECTED, object=OuterRef("object"))
    refused = Record.objects.filter(run=run, state=Record.State.REJECTED)
    return refused.exclude(Exists(signed.filter(key=OuterRef("key")))).count()


def _replay(project: Project, rollback: Run | None) -> Check:
    """Everything was read and compared not long ago and nothing was left: deltas by the log carry on from there.

    It need not fall into the freeze, which would have to be as long as the reading of everything.
    """
    done = project.runs.filter(kind=Run.Kind.REPLAY, state=Run.State.SUCCEEDED)
    replay = done.filter(ended_at__gte=timezone.now() - FRESH).order_by("-number").first()
    production = project.runs.filter(kind=Run.Kind.PRODUCTION).order_by("-number").first()
    remedy = "Run a delta, then a replay."
    if replay is None or production is None or replay.number < production.number:
        return Check("replay", False, f"No replay of the last {FRESH.days} days has read everything.", remedy, "runs")
    if rollback is not None and rollback.number > replay.number:
        return Check("replay", False, f"{rollback} took something back after {replay}.", remedy, "runs")
    books = [phase.reconciliations.order_by("-pk").first() for phase in replay.phases.all()]
    tables = [row for one in books if one for row in one.objects_table.values()]
    planned = sum(row["created"] + row["updated"] for row in tables)
    if planned:
        remedy = "Run a delta that reads everything, then a replay."
        return Check("replay", False, f"{replay} would still write {planned:,} records.", remedy, "delta")
    return Check("replay", True, f"{replay} read everything and found nothing left to write.")


def _when(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%-d %b %Y, %H:%M} UTC"


def _found(project: Project, found: dict[str, Any]) -> list[Check]:
    if found["problem"]:
        return [Check("looked", False, found["problem"], "Mend the connection, then look again.")]
    at = datetime.fromisoformat(found["at"])
    if at < timezone.now() - LOOKED or at < (project.freeze_at or at):
        sentence = f"Both systems were looked at last at {at:%Y-%m-%d %H:%M} UTC: who has written since is not known."
        return [Check("looked", False, sentence, "Look now.")]
    writers, triggers = found["writers"], found["triggers"]
    names = "; ".join(f"{one['count']:,} {name}, last {_when(one['last'])}" for name, one in writers.items())
    still = f"Somebody still writes to the source since the freeze: {names}."
    quiet = Check("source", not writers, still if writers else "Nobody writes to the source since the freeze.")
    if writers:
        quiet = replace(quiet, remedy=AGAIN, page="audit")
    if project.freeze_at is None or project.freeze_at > timezone.now():
        quiet = Check(
            "source", False, "Who writes to the source is watched from the freeze on.", "Announce the freeze."
        )
    listed = f"These workflows of Twenty will react to new people: {', '.join(triggers)}." if triggers else ""
    hooks = ", ".join(found.get("webhooks", ()))
    told = f"Webhooks of Twenty tell these hosts of every change of a person or company: {hooks}."
    return [
        quiet,
        Check("workflows", True, listed or "No workflow of Twenty waits for people or companies."),
        Check("webhooks", True, told if hooks else "No webhook of Twenty listens to people or companies."),
    ]
