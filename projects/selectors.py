"""Reads for the screens, the API and the command line: frozen views, few queries, nothing computed twice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone

from projects import gates, late_gates, review
from projects.gates import GateView
from projects.labels import Labels, labels_of
from projects.models import (
    Decision,
    Phase,
    Project,
    Reconciliation,
    Record,
    Run,
    Step,
    User,
)
from projects.pipeline import phases, reconcile
from projects.reasons import reason_label

COLUMNS = ("read", *reconcile.COLUMNS)


@dataclass(frozen=True, slots=True)
class RailStop:
    """One stop of the stage rail. `state`: done, now or ahead."""

    stage: str
    label: str
    state: str
    note: str


@dataclass(frozen=True, slots=True)
class StepView:
    """One step as the run page draws it."""

    name: str
    label: str
    stage: str
    state: str
    done: int
    total: int | None
    waiting_for: str
    until: datetime | None
    seconds_left: int | None
    milliseconds: dict[str, int]

    @property
    def percent(self) -> int | None:
        """How far its present stage is, where that is known."""
        return min(100, round(100 * self.done / self.total)) if self.total else None


@dataclass(frozen=True, slots=True)
class PhaseView:
    """One phase with its steps and its newest reconciliation."""

    name: str
    label: str
    state: str
    state_label: str
    steps: tuple[StepView, ...]
    reconciliation: Reconciliation | None
    balance: dict[str, int]
    preflight: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with everything its page shows."""

    run: Run
    phases: tuple[PhaseView, ...]
    calls: dict[str, int]
    silent_seconds: int | None

    @property
    def waiting_phase(self) -> PhaseView | None:
        """The phase that waits for a signature."""
        return next((phase for phase in self.phases if phase.state == Phase.State.RECONCILED), None)


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """Held records of one object type with one reason."""

    object: str
    label: str
    reason: str
    reason_label: str
    count: int
    verdict: str
    verdicts: tuple[str, ...]
    decided: int = 0
    """Records of it that were decided one by one."""

    @property
    def is_decided(self) -> bool:
        """Whether nothing of it waits for people any more, carried out or not."""
        return bool(self.verdict) or self.decided >= self.count


def projects_for(user: User) -> QuerySet[Project]:
    """The projects on the user's first page, with what it shows of them."""
    return Project.objects.visible_to(user).prefetch_related("connections")


def stage_of(project: Project, all_gates: list[GateView] | None = None) -> str:
    """Where the project stands: derived from its runs and gates, never stored."""
    signed = {view.gate for view in all_gates or gates.all_gates(project) if view.state == "signed"}
    if project.map_series.latest() is None:
        return Project.Stage.DISCOVERY
    if gates.MAP not in signed:
        return Project.Stage.DESIGN
    if gates.SANDBOX not in signed:
        return Project.Stage.SANDBOX
    begun = project.runs.filter(kind=Run.Kind.PRODUCTION).exclude(phases__rolled_back=True).exists()
    if late_gates.AUDIT not in signed and not begun:
        return Project.Stage.AUDIT
    if not all(phase.name in signed for phase in phases.PHASES):
        return Project.Stage.PRODUCTION
    if project.cut_over_at is None or late_gates.CUTOVER not in signed:
        return Project.Stage.CUTOVER
    return Project.Stage.CLOSED if late_gates.HYPERCARE in signed else Project.Stage.HYPERCARE


def rail(project: Project, all_gates: list[GateView]) -> tuple[RailStop, ...]:
    """The stages of the project, with where it stands."""
    now = stage_of(project, all_gates)
    order: list[Project.Stage] = [stage for stage in Project.Stage if stage != Project.Stage.CLOSED]
    at = len(order) if now == Project.Stage.CLOSED else order.index(Project.Stage(now))
    notes = {view.gate: f"signed by {view.by}" for view in all_gates if view.state == "signed"}
    design = notes.get("map") or _map_note(project, now)
    noted = {Project.Stage.DESIGN: design, Project.Stage.SANDBOX: notes.get("sandbox", "")}
    stops = [
        RailStop(
            stage.value,
            str(stage.label),
            "done" if number < at else "now" if number == at else "ahead",
            noted.get(stage, ""),
        )
        for number, stage in enumerate(order)
    ]
    # Production may begin without the audit: it is passed by then, but not done.
    skipped = late_gates.AUDIT not in notes
    return tuple(
        replace(stop, state="ahead", note="not yet")
        if skipped and stop.stage == Project.Stage.AUDIT and stop.state == "done"
        else stop
        for stop in stops
    )


def _map_note(project: Project, now: str) -> str:
    """How far the review of the map is, while it is what has to be done."""
    latest = project.map_series.latest() if now == Project.Stage.DESIGN else None
    if latest is None:
        return ""
    decided, total = review.progress_of(project, latest)
    return f"{decided} of {total} decided"


def run_view(run: Run) -> RunView:
    """Everything the run page shows; the same number of queries for any size of run."""
    labels = labels_of(run.project)
    newest = {result.phase_id: result for result in Reconciliation.objects.filter(phase__run=run).order_by("pk")}
    steps: dict[int, list[Step]] = {}
    calls: dict[str, int] = {}
    for step in run.steps.order_by("order"):
        steps.setdefault(step.phase_id, []).append(step)
        for name, number in step.tally.items():
            if name.startswith("calls."):
                calls[name.removeprefix("calls.")] = calls.get(name.removeprefix("calls."), 0) + number
    views = tuple(
        _phase_view(phase, steps.get(phase.pk, []), newest.get(phase.pk), labels) for phase in run.phases.all()
    )
    silent = round((timezone.now() - run.heartbeat_at).total_seconds()) if run.heartbeat_at else None
    return RunView(run, views, calls, silent)


def _phase_view(phase: Phase, steps: list[Step], newest: Reconciliation | None, labels: Labels) -> PhaseView:
    closed = phase.run.kind != Run.Kind.PRODUCTION
    return PhaseView(
        name=phase.name,
        label=phases.phase_spec(phase.name).label,
        state=phase.state,
        state_label="Closed" if closed and phase.state == Phase.State.APPROVED else phase.get_state_display(),
        steps=tuple(
            StepView(
                name=step.name,
                label=labels[step.name if step.name in labels else step.object],
                stage=step.stage,
                state=step.state,
                done=step.done,
                total=step.total,
                waiting_for=step.waiting_for,
                until=step.not_before,
                seconds_left=step.seconds_left,
                milliseconds={
                    name.removeprefix("ms."): number for name, number in step.tally.items() if name.startswith("ms.")
                },
            )
            for step in steps
        ),
        reconciliation=newest,
        balance=newest.balance if newest else {},
        preflight=_told(phase.preflight, labels),
    )


def _told(report: dict[str, Any] | None, labels: Labels) -> dict[str, Any] | None:
    """What preflight found, with the labels of the object types it names."""
    if report is None:
        return None
    return {**report, "groups": [{**group, "label": labels[group["object"]]} for group in report["groups"]]}


def objects_of(view: RunView, phase: str = "", state: str = "") -> dict[str, int | None]:
    """Object types with how many records they have in a state: from closed books; None where none are closed yet."""
    counts: dict[str, int | None] = {}
    for one in view.phases:
        if phase and one.name != phase:
            continue
        table = one.reconciliation.objects_table if one.reconciliation else {}
        names = dict.fromkeys(spec.object for spec in phases.step_specs(view.run, one.name))
        for name in names if one.reconciliation is None else table:
            row = table.get(name)
            counts[name] = row.get(state or "read") if row and one.state != Phase.State.RUNNING else None
    return counts


def held_groups(project: Project) -> list[HeldGroup]:
    """What waits for a decision in the newest migration run, by reason."""
    run = newest_run(project)
    if run is None:
        return []
    labels = labels_of(project)
    verdicts = {
        (decision.object, decision.reason): decision.verdict
        for decision in Decision.objects.filter(project=project, key="")
    }
    where = {"project": project, "object": OuterRef("object"), "reason": OuterRef("reason"), "key": OuterRef("key")}
    named = Exists(Decision.objects.filter(**where))
    groups = (
        Record.objects.filter(run=run, state=Record.State.HELD)
        .aside()
        .values("object", "reason")
        .annotate(count=Count("id"), decided=Count("id", filter=named))
        .order_by("object", "reason")
    )
    return [
        HeldGroup(
            object=group["object"],
            label=labels[group["object"]],
            reason=group["reason"],
            reason_label=reason_label(group["reason"]),
            count=group["count"],
            verdict=verdicts.get((group["object"], group["reason"]), ""),
            verdicts=verdicts_for(group["reason"]),
            decided=group["decided"],
        )
        for group in groups
    ]


def verdicts_for(reason: str) -> tuple[str, ...]:
    """The decisions that make sense for a reason."""
    if reason == "duplicate_match_value":
        return ("merge", "import", "drop")
    if reason in ("deleted_owner", "deleted_in_destination"):
        return ("restore", "remove", "drop") if reason == "deleted_owner" else ("restore", "drop")
    if reason in ("no_match_value", "unknown_person"):
        return ("import", "drop")
    if reason in ("edited_on_both_sides", "deleted_at_source"):
        return ("ours", "theirs")
    return ("drop",)


def newest_run(project: Project) -> Run | None:
    """The newest run that moved records."""
    moving = project.runs.filter(kind__in=[Run.Kind.SANDBOX, Run.Kind.PRODUCTION, Run.Kind.DELTA])
    return moving.exclude(state=Run.State.CANCELLED).order_by("-number").first()


def status(project: Project) -> dict[str, Any]:
    """The object that `status --json` and the API give (DESIGN section 10)."""
    all_gates = gates.all_gates(project)
    return {
        "project": project.slug,
        "stage": stage_of(project, all_gates),
        "gates": [
            {
                "gate": view.gate,
                "state": view.state,
                "by": view.by or None,
                "at": view.at.isoformat() if view.at else None,
            }
            for view in all_gates
        ],
        "runs": [run_status(run) for run in project.runs.order_by("number")],
    }


def run_status(run: Run) -> dict[str, Any]:
    """One run as `status --json` gives it."""
    return {
        "run": run.number,
        "kind": run.kind,
        "state": run.state,
        "problem": run.problem or None,
        "phases": [_phase_status(phase) for phase in run.phases.all()],
    }


def _phase_status(phase: Phase) -> dict[str, Any]:
    newest = phase.reconciliations.order_by("-pk").first()
    if newest is not None and phase.state in (Phase.State.RECONCILED, Phase.State.APPROVED):
        # Closed books are read, not counted again.
        by_object, balance = newest.objects_table, newest.balance
    else:
        specs = phases.step_specs(phase.run, phase.name)
        by_object = reconcile.balance_of(phase.run, [spec.object for spec in specs])
        balance = reconcile.total([by_object[spec.object] for spec in specs if spec.counts])
    return {
        "phase": phase.name,
        "state": phase.state,
        "balance": {column: balance[column] for column in COLUMNS},
        "verified": {
            "records": newest.records if newest else 0,
            "fields": newest.values if newest else 0,
            "differences": newest.differences if newest else 0,
        },
        "objects": {
            name: {column: row[column] for column in COLUMNS} for name, row in by_object.items() if row["read"]
        },
        "preflight": phase.preflight,
    }
