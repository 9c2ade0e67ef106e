"""A phase's books as an account: what was read on the left, what became of it on the right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count

from projects.labels import Labels, labels_of
from projects.models import Phase, Record, Run
from projects.pipeline import phases, reconcile
from projects.reasons import reason_label
from projects.selectors import PhaseView, RunView

LINES = (
    ("created", "Created"),
    ("updated", "Updated"),
    ("unchanged", "Unchanged"),
    ("merged", "Merged"),
    ("held", "Held"),
    ("excluded", "Left behind"),
    ("rejected", "Rejected"),
)

Reasons = dict[tuple[str, str], dict[str, int]]
"""(object, state) → reason → how many."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the account. `note` says why, in a few words."""

    name: str
    label: str
    number: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Books:
    """The account of one phase. `final`: from its reconciliation, not counted while it runs."""

    phase: PhaseView
    left: tuple[Line, ...]
    right: tuple[Line, ...]
    read: int
    accounted: int
    final: bool

    @property
    def closes(self) -> bool:
        """Whether both sides say the same and every record has an outcome."""
        return self.read == self.accounted and not any(line.name == "open" and line.number for line in self.right)

    @property
    def is_green(self) -> bool:
        """Whether the stamp may stand on it."""
        result = self.phase.reconciliation
        return self.final and self.closes and result is not None and result.is_green

    @property
    def held(self) -> int:
        """Records that wait for a decision."""
        return next(line.number for line in self.right if line.name == "held")


def books_of(view: RunView) -> list[Books]:
    """The books of every phase that has begun; the same number of queries for any number of phases.

    A discovery, a verification and a rollback land nothing: they have outcomes of their own instead.
    """
    run = view.run
    if run.kind in (Run.Kind.DISCOVERY, Run.Kind.VERIFY, Run.Kind.ROLLBACK):
        return []
    counted = {
        phase.name: [spec.object for spec in phases.step_specs(run, phase.name) if spec.counts]
        for phase in view.phases
        if phase.state != Phase.State.WAITING
    }
    running = [name for phase in view.phases if phase.state == Phase.State.RUNNING for name in counted[phase.name]]
    live = reconcile.balance_of(run, running)
    reasons = reasons_of(run)
    labels = labels_of(run.project)
    return [_books(phase, counted[phase.name], live, reasons, labels) for phase in view.phases if phase.name in counted]


def reasons_of(run: Run) -> Reasons:
    """Why records did not land, for all object types at once."""
    aside = [Record.State.MERGED, Record.State.HELD, Record.State.EXCLUDED, Record.State.REJECTED]
    rows = Record.objects.filter(run=run, state__in=aside).aside().values_list("object", "state", "reason")
    found: Reasons = {}
    for object, state, reason, number in rows.annotate(number=Count("id")).order_by("-number"):
        found.setdefault((object, state), {})[reason] = number
    return found


def _books(
    phase: PhaseView,
    counted: list[str],
    live: Mapping[str, dict[str, int]],
    reasons: Reasons,
    labels: Labels,
) -> Books:
    result = phase.reconciliation if phase.state != Phase.State.RUNNING else None
    table = result.objects_table if result else live
    rows = {name: table[name] for name in counted if name in table}
    total = reconcile.total(list(rows.values()))
    right = [Line(name, label, total[name], _note(name, counted, reasons)) for name, label in LINES]
    if total["open"] or result is None:
        right.append(Line("open", "Still on the way" if result is None else "Without an outcome", total["open"]))
    return Books(
        phase=phase,
        left=tuple(Line(name, labels[name], row["read"]) for name, row in rows.items()),
        right=tuple(right),
        read=total["read"],
        accounted=sum(line.number for line in right),
        final=result is not None,
    )


def _note(state: str, objects: list[str], reasons: Reasons) -> str:
    merged: dict[str, int] = {}
    for object in objects:
        for reason, number in reasons.get((object, state), {}).items():
            merged[reason] = merged.get(reason, 0) + number
    words = [reason_label(reason) for reason in sorted(merged, key=lambda reason: -merged[reason])]
    if not words:
        return ""
    first = words[0][:1].lower() + words[0][1:]
    return first if len(words) == 1 else f"{first}, and {len(words) - 1} more"
