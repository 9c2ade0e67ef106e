"""Rollback: planned first, confirmed by name, then carried out by the same engine as everything else."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import TextField
from django.db.models.functions import Cast

from projects import audit, services
from projects.labels import labels_of
from projects.models import Phase, Project, Record, Reversal, Run, User
from projects.permissions import Can
from projects.pipeline import echoes, phases, unbuild, undone
from projects.pipeline.scope import Scope
from projects.pipeline.undo_schema import VERBS, takes_schema
from projects.services import Refused
from projects.verbs import Verb

NAMED = 12
"""Fields that a refusal names; a record has seldom many more."""


@dataclass(frozen=True, slots=True)
class PlanView:
    """A rollback as its page and the command line show it."""

    run: Run
    what: str
    counts: dict[str, int]
    schema: int
    rebuilt: int
    kept_schema: tuple[str, ...]
    stays: tuple[Reversal, ...]
    waits: bool
    lines: int
    """Lines of the destination's own timeline that were destroyed with what they tell of."""
    lines_left: int
    """Those that stay behind, about records that stood there before: they may be somebody else's."""

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "scope": self.run.scope,
            "destroy": self.counts["destroy"],
            "restore": self.counts["restore"],
            "bin": self.counts["bin"],
            "unbin": self.counts["unbin"],
            "nothing": self.counts["nothing"],
            "kept": self.counts["kept"],
            "failed": self.counts["failed"],
            "schema": self.schema,
            "rebuilt": self.rebuilt,
            "schema_kept": list(self.kept_schema),
            "timeline": self.lines,
            "timeline_kept": self.lines_left,
            "stays": [
                {"object": one.object, "key": one.key, "label": one.label, "why": one.detail, "fields": one.kept}
                for one in self.stays
            ],
        }


def start(*, project: Project, scope: Scope, by: User) -> Run:
    """Starts the plan of a rollback; nothing is written before it is confirmed."""
    services.allow(by, Can.RUN, project)
    _check(project, scope)
    if scope.person:
        scope = replace(scope, person=_person(project, scope.person.strip()))
    return services.start_run(project=project, kind=Run.Kind.ROLLBACK, by=by, scope=scope.to_json())


def _check(project: Project, scope: Scope) -> None:
    latest = project.map_series.latest()
    if latest is None:
        raise Refused("Nothing was written yet: there is nothing to roll back.")
    if scope.run and not project.runs.filter(number=scope.run).exists():
        raise Refused(f"There is no run {scope.run}.")
    if scope.phase and scope.phase not in [phase.name for phase in phases.PHASES]:
        raise Refused(f"“{scope.phase}” is no phase. There are: {', '.join(p.name for p in phases.PHASES)}.")
    if scope.object and latest.spec.object(scope.object) is None:
        labels = labels_of(project)
        known = ", ".join(f"{rule.source} ({labels[rule.source]})" for rule in latest.spec.objects)
        raise Refused(f"“{scope.object}” is no object type of the map. There are: {known}.")
    if scope.field and not all(scope.field_parts):
        raise Refused("Name a field with its object, as Twenty calls both: person.jobTitle.")
    if scope.field:
        _check_field(project, *scope.field_parts)


def _person(project: Project, named: str) -> str:
    """The key of a person who was written, named by key or e-mail address; a plan for nobody would look like a plan."""
    written = project.links.filter(object=phases.PERSON)
    rows = Record.objects.filter(run__project=project, object=phases.PERSON, match_key=named.lower())
    keys = [named, *rows.order_by("-run_id").values_list("key", flat=True)[:20]]
    found = next((key for key in dict.fromkeys(keys) if written.filter(key=key).exists()), "")
    if not found:
        raise Refused(f"No person with the key or e-mail address “{named}” stands in Twenty through this project.")
    return found


def _check_field(project: Project, object: str, name: str) -> None:
    """A field that nobody wrote has nothing to take back; the sentence names those that were written."""
    links = project.links.filter(destination=object).annotate(text=Cast("written", TextField()))
    # The text also has the parts of values, so a look at the records themselves decides.
    named_so = links.filter(text__contains=f"{json.dumps(name)}:").values_list("written", flat=True)[:500]
    made = project.journal.filter(verb="create_field", object=object).exclude(state__in=["undone", "refused"])
    if any(name in fields for fields in named_so) or any(entry.detail.get("name") == name for entry in made):
        return
    # Names are the same on nearly every record: a few hundred show them without reading millions.
    written = sorted({field for fields in links.values_list("written", flat=True)[:500] for field in fields})
    if not written:
        objects = sorted(set(project.links.order_by().values_list("destination", flat=True).distinct()))
        raise Refused(f"Nothing was written to “{object}”. Written were: {', '.join(objects) or 'no records yet'}.")
    named = ", ".join(f"{object}.{field}" for field in written[:NAMED])
    more = f" and {len(written) - NAMED} more" if len(written) > NAMED else ""
    raise Refused(f"“{object}.{name}” was not written by this project. Written were: {named}{more}.")


@transaction.atomic
def confirm(*, run: Run, typed: str, by: User) -> None:
    """Lets a planned rollback begin; the project's name has to be typed, as it destroys records."""
    services.allow(by, Can.RUN, run.project)
    if typed.strip() != run.project.name:
        raise Refused(f"To roll back, type the name of the project: {run.project.name}.")
    plan = Phase.objects.filter(run=run, name=phases.PLAN.name, state=Phase.State.RECONCILED)
    if run.kind != Run.Kind.ROLLBACK or not plan.update(state=Phase.State.APPROVED):
        raise Refused("There is no plan that waits to be confirmed.")
    Run.objects.filter(pk=run.pk, state=Run.State.WAITING).update(state=Run.State.RUNNING)
    audit.record(Verb.ROLLBACK_CONFIRMED, run.project, str(run), what=Scope.of(run).told(labels_of(run.project)))
    if Scope.of(run).whole and run.project.cut_over_at is not None:
        # What the cutover was signed over goes: the source is watched again, and a new cutover needs a new freeze.
        Project.objects.filter(pk=run.project_id).update(cut_over_at=None, freeze_at=None)
        audit.record(Verb.CUTOVER_UNDONE, run.project, "Twenty", run=str(run))
    services.enqueue(run)


@transaction.atomic
def discard(*, run: Run, by: User) -> None:
    """Ends a rollback whose plan nobody has confirmed: nothing was written."""
    services.allow(by, Can.RUN, run.project)
    if run.kind != Run.Kind.ROLLBACK or not undone.waiting_plan(run):
        raise Refused("There is no plan that waits to be confirmed.")
    services.cancel_run(run=run, by=by, why="The plan was discarded; nothing was written.")


def view(run: Run, *, most: int = 200) -> PlanView:
    """The plan with its numbers, and what stays (at most so many lines)."""
    scope = Scope.of(run)
    stays = run.reversals.exclude(kept=[], state__in=[Reversal.State.PLANNED, Reversal.State.DONE])
    kept = run.reversals.filter(pk__in=stays.values("pk")).order_by("object", "pk")[:most]
    return PlanView(
        run=run,
        what=scope.told(labels_of(run.project)),
        counts=undone.counts(run),
        schema=_schema(run, scope),
        rebuilt=unbuild.number(run),
        kept_schema=tuple(undone.kept_schema(run)),
        stays=tuple(kept),
        waits=undone.waiting_plan(run),
        lines=echoes.removed(run),
        lines_left=echoes.left_behind(run),
    )


def _schema(run: Run, scope: Scope) -> int:
    """Schema changes that would go, or went, with it."""
    entries = run.project.journal.filter(verb__in=VERBS)
    if run.state == Run.State.SUCCEEDED:
        return entries.filter(state="undone", answered_at__gte=run.started_at).count()
    if not takes_schema(run.project, scope):
        return 0
    left = entries.exclude(state__in=["undone", "refused"])
    if scope.field:
        object, name = scope.field_parts
        return sum(entry.detail.get("name") == name for entry in left.filter(object=object))
    if scope.object:
        rule = run.field_map.spec.object(scope.object) if run.field_map else None
        return left.filter(object=rule.destination if rule else "").count()
    return left.count()
