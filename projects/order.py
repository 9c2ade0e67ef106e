"""What has to come before a run of each kind."""

from __future__ import annotations

from django.utils import timezone

from mapping.models import FieldMap
from projects import gates
from projects.models import Project, Run, Step


def obstacle(project: Project, kind: str) -> str:
    """Why a run of this kind cannot start now, in a sentence; empty when it can."""
    if missing := {"source", "destination"} - set(project.connections.values_list("side", flat=True)):
        return f"Connect the {' and the '.join(sorted(missing))} first."
    if Step.objects.filter(run__project=project, state=Step.State.RUNNING, leased_until__gt=timezone.now()).exists():
        return "A worker is still finishing a page of the last run: try again in a moment."
    if kind in (Run.Kind.DISCOVERY, Run.Kind.ROLLBACK):
        return ""
    if kind == Run.Kind.VERIFY:
        nothing = gates.Standing(project).production is None
        return "There is nothing to verify yet: production has not run." if nothing else ""
    if not gates.is_signed(project, gates.MAP):
        return "The field map is not confirmed (or was changed since): confirm it first."
    begun = project.runs.filter(kind=Run.Kind.PRODUCTION).exists()
    if kind == Run.Kind.DELTA and not begun:
        return "There is nothing to follow up: production has not run yet."
    if kind == Run.Kind.REPLAY and not begun:
        return "There is nothing to replay: production has not run yet."
    if kind == Run.Kind.PRODUCTION and not gates.is_signed(project, gates.SANDBOX):
        return "The sandbox is not signed off for this map: run it and have it signed first."
    return ""


def map_for(project: Project, kind: str) -> FieldMap | None:
    """The map that a run is pinned to: the newest, and for a verification the one under which everything landed."""
    if kind == Run.Kind.DISCOVERY:
        return None
    production = gates.Standing(project).production if kind == Run.Kind.VERIFY else None
    return production.field_map if production else project.map_series.latest()
