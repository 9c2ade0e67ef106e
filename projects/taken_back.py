"""What rollbacks took back since: for every page that would otherwise tell of what stood there once."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q, QuerySet

from projects.models import Change, Link, Project, Record, Reversal, Run, Step
from projects.text import counted


def newest_rollback(project: Project) -> Run | None:
    """The newest rollback that ended, or that took something back before it was stopped; a mere plan is none."""
    done = Reversal.objects.filter(run=OuterRef("pk"), state=Reversal.State.DONE)
    rollbacks = project.runs.filter(kind=Run.Kind.ROLLBACK)
    return rollbacks.filter(Q(state=Run.State.SUCCEEDED) | Exists(done)).order_by("-number").first()


def undone_changes(run: Run) -> QuerySet[Change]:
    """What this run wrote and a rollback took back whole."""
    return Change.objects.filter(run=run, undone__kind=Run.Kind.ROLLBACK)


def rollback_of(row: Record) -> Run | None:
    """The rollback that took back what the row's run wrote for it."""
    if row.destination_id is None:
        return None
    about = undone_changes(row.run).filter(project=row.run.project_id, destination__in=destinations_of(row.run.project))
    change = about.filter(destination_id=row.destination_id).select_related("undone").order_by("-pk").first()
    return change.undone if change else None


def why_not_certified(run: Run) -> str:
    """Why a run of which a rollback took back a phase cannot be certified; empty where none did."""
    gone = list(run.phases.filter(rolled_back=True).values_list("name", flat=True))
    if not gone:
        return ""
    by = run.project.runs.filter(kind=Run.Kind.ROLLBACK, number__gt=run.number)
    rollback = by.filter(Exists(undone_changes(run).filter(undone=OuterRef("pk")))).order_by("-number").first()
    what = "it" if len(gone) == run.phases.count() else f"its phases {', '.join(gone)}"
    return (
        f"{run} cannot be certified: {rollback or 'a rollback'} took back {what}. "
        "Run production again and sign its phases, then certify the new run."
    )


def sentences(run: Run) -> list[str]:
    """What later rollbacks took back of this run, one sentence each, oldest first."""
    said = []
    for rollback in run.project.runs.filter(kind=Run.Kind.ROLLBACK, number__gt=run.number).order_by("number"):
        if field := rollback.scope.get("field"):
            done = rollback.reversals.filter(state=Reversal.State.DONE).exclude(action=Reversal.Action.FORGET).count()
            if done:
                said.append(f"{rollback} took the field {field} out of {counted(done, 'record', 'records')} since.")
            continue
        undone = undone_changes(run).filter(undone=rollback)
        if number := undone.order_by().values("destination", "destination_id").distinct().count():
            what, rest = counted(number, "record", "records"), "it is" if number == 1 else "they are"
            said.append(f"{rollback} took back {what} since: {rest} not in it any more.")
    return said


def destinations_of(project: Project) -> list[str]:
    """The object types that were ever written to: named in a look-up by id, an index finds the few among millions.

    From the steps: to tell them apart by millions of links, an index would be read to its end.
    """
    steps = Step.objects.filter(run__project=project).exclude(destination="").order_by()
    return list(steps.values_list("destination", flat=True).distinct())


def reversals_of(project: Project, rows: Sequence[Record]) -> list[Reversal]:
    """What rollbacks did to the records of the destination that these rows became, oldest first."""
    ids = {row.destination_id for row in rows if row.destination_id}
    if not ids:
        return []
    rollbacks = project.runs.filter(kind=Run.Kind.ROLLBACK)
    found = Reversal.objects.filter(run__in=rollbacks, destination__in=destinations_of(project), destination_id__in=ids)
    return list(found.exclude(state=Reversal.State.PLANNED).select_related("run").order_by("run__number", "pk"))


def newest_reversal(row: Record, link: Link | None, found: Sequence[Reversal]) -> Reversal | None:
    """The rollback that took the record back after this row was read, where nothing has written it again since."""
    mine = [one for one in found if one.destination_id == row.destination_id and one.run.number > row.run.number]
    done = [one for one in mine if one.state == Reversal.State.DONE]
    if link is not None:
        done = [one for one in done if one.run.number > link.run.number]
    whole = [one for one in done if not one.run.scope.get("field")]
    fields = [one for one in done if one.action != Reversal.Action.FORGET]
    return next(iter([*whole[-1:], *fields[-1:]]), None)


def told(reversal: Reversal, link: Link | None, destination: str) -> str:
    """One sentence about what a rollback took back of a record."""
    at = reversal.run.ended_at or reversal.run.started_at or reversal.run.created_at
    by = f"{reversal.run} on {at:%-d %b %Y, %H:%M} UTC"
    there = f" It stands in {destination} as {link.destination} {link.destination_id}." if link else ""
    if field := reversal.run.scope.get("field"):
        return f"Its field {field} was taken back by {by}.{there}"
    if link is not None:
        return f"What was written last was taken back by {by}.{there}"
    stood = f" It stands in {destination} as before the migration." if reversal.action == "restore" else ""
    return f"It was taken back by {by}.{stood}"
