"""Closing: which books a phase gets when its steps are done."""

from __future__ import annotations

from projects.models import Phase, Reconciliation, Run
from projects.pipeline import reconcile, reverify, undone


def close(phase: Phase) -> Reconciliation | None:
    """Writes the phase's reconciliation; discovery has none."""
    if phase.run.kind == Run.Kind.DISCOVERY:
        return None
    if phase.run.kind == Run.Kind.ROLLBACK:
        return undone.close(phase)
    return reverify.close(phase) if phase.run.kind == Run.Kind.VERIFY else reconcile.close(phase)
