"""Which runs can be started now, and why the others cannot."""

from __future__ import annotations

from dataclasses import dataclass

from projects.gates import MAP, SANDBOX, GateView
from projects.models import Run
from projects.permissions import Can
from projects.views.seat import Seat

MIGRATIONS = (Run.Kind.SANDBOX, Run.Kind.PRODUCTION, Run.Kind.REPLAY, Run.Kind.VERIFY)

BUTTONS = {
    Run.Kind.DISCOVERY: (
        "Start discovery",
        "Reads the source whole and counts. It writes nothing, and keeps only counts, fill rates and a few samples.",
    ),
    Run.Kind.SANDBOX: (
        "Start the sandbox run",
        "First makes the objects and fields that the map needs, then moves a sample that shows every case once.",
    ),
    Run.Kind.PRODUCTION: (
        "Start production",
        "Takes the sample back, then moves everything, phase by phase. Each phase waits for its signature.",
    ),
    Run.Kind.REPLAY: (
        "Start a replay",
        "Reads and plans everything again and writes nothing: after a complete run it must find nothing to do.",
    ),
    Run.Kind.VERIFY: (
        "Verify again",
        "Reads back everything that ever landed. What somebody changed, deleted or added since closes its gate.",
    ),
}


@dataclass(frozen=True, slots=True)
class Start:
    """A kind of run with its button; `why_not` is the reason where there is none."""

    kind: str
    label: str
    button: str
    what: str
    why_not: str


Facts = tuple[set[str], Run | None, bool]
"""The sides that are connected, the run that is open, and whether production has run."""


def start_of(seat: Seat, kind: Run.Kind, gates: list[GateView], facts: Facts | None = None) -> Start:
    """Whether this member may start this kind of run now."""
    button, what = BUTTONS[kind]
    return Start(kind.value, str(kind.label), button, what, _why_not(seat, kind, gates, facts or _facts(seat)))


def starts(seat: Seat, gates: list[GateView]) -> list[Start]:
    """Every kind of migration run."""
    facts = _facts(seat)
    return [start_of(seat, kind, gates, facts) for kind in MIGRATIONS]


def _facts(seat: Seat) -> Facts:
    sides = set(seat.project.connections.values_list("side", flat=True))
    runs = list(seat.project.runs.exclude(state=Run.State.CANCELLED).defer("problem"))
    production = any(run.kind == Run.Kind.PRODUCTION for run in runs)
    return sides, next((run for run in runs if run.is_open), None), production


def _why_not(seat: Seat, kind: Run.Kind, gates: list[GateView], facts: Facts) -> str:
    sides, open_run, production = facts
    states = {view.gate: view.state for view in gates}
    if missing := {"source", "destination"} - sides:
        return f"Connect the {' and the '.join(sorted(missing))} first."
    if kind == Run.Kind.VERIFY and not production:
        return "Production has not run yet."
    if kind not in (Run.Kind.DISCOVERY, Run.Kind.VERIFY) and states.get(MAP) != "signed":
        return "The field map is not confirmed, or was changed since: it has to be signed first."
    if kind == Run.Kind.PRODUCTION and states.get(SANDBOX) != "signed":
        return "The sandbox is not signed off for this map."
    if open_run is not None:
        return f"{open_run} is still open: wait for its end, or cancel it."
    if not seat.may(Can.RUN):
        return "An engineer starts it."
    return ""
