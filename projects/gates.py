"""Gates: what has to be signed, over exactly which content, and whether a signature still holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from projects import late_gates
from projects.models import Project, Reconciliation, Run, Signature
from projects.pipeline.extract import digest_of
from projects.pipeline.phases import PHASES, phase_spec

MAP = "map"
SANDBOX = "sandbox"

GATES: tuple[str, ...] = (
    MAP,
    SANDBOX,
    late_gates.AUDIT,
    *(phase.name for phase in PHASES),
    late_gates.CUTOVER,
    late_gates.HYPERCARE,
)
"""In the order in which they open."""

LABELS = {MAP: "Field map", SANDBOX: "Sandbox", **late_gates.LABELS}


@dataclass(frozen=True, slots=True)
class GateView:
    """One gate as it stands now. `state`: waiting, signed or void; `shown` is what a signature would cover."""

    gate: str
    label: str
    state: str
    by: str
    at: datetime | None
    ready: bool
    why_not: str
    digest: str
    shown: dict[str, Any]


def label_of(gate: str) -> str:
    """The gate's name as people read it."""
    return LABELS.get(gate) or phase_spec(gate).label


def content(project: Project, gate: str) -> dict[str, Any] | None:
    """What a signature under this gate covers now; None when there is nothing to sign yet."""
    if gate == MAP:
        return _map_content(project)
    if gate == SANDBOX:
        run = sandbox_under(project)
        if run is None:
            return None
        return {
            "run": run.number,
            "map": _map_digest(project),
            "systems": _systems(project),
            "reconciliations": _digests(run),
        }
    if gate in late_gates.LATE:
        return late_gates.content(project, gate)
    newest = reconciliation_under(project, gate)
    if newest is None:
        return None
    return {"run": newest.phase.run.number, "phase": gate, "reconciliation": newest.digest}


def reconciliation_under(project: Project, gate: str) -> Reconciliation | None:
    """The reconciliation that a signature under a phase's gate covers: the newest of the newest production run."""
    run = project.runs.filter(kind=Run.Kind.PRODUCTION).exclude(state=Run.State.CANCELLED).order_by("-number").first()
    found = Reconciliation.objects.filter(phase__run=run, phase__name=gate, phase__rolled_back=False)
    found = found.select_related("phase__run")
    return found.order_by("-pk").first() if run else None


def _map_content(project: Project) -> dict[str, Any] | None:
    latest = project.map_series.latest()
    if latest is None:
        return None
    connection = project.connections.filter(side="destination").first()
    triggers = connection.known.get("triggers", []) if connection else []
    listed = [{"id": trigger["id"], "name": trigger["name"]} for trigger in triggers]
    return {"map": latest.digest, "number": latest.number, "systems": _systems(project), "triggers": listed}


def _systems(project: Project) -> dict[str, str]:
    """Where the data comes from and goes to: a signature is for these two and no others."""
    return dict(project.connections.order_by("side").values_list("side", "base_url"))


def sandbox_under(project: Project) -> Run | None:
    """The sandbox run that a signature would cover: the newest one that ended under the map as it is now."""
    ended = project.runs.filter(kind=Run.Kind.SANDBOX, state=Run.State.SUCCEEDED)
    return ended.filter(field_map__digest=_map_digest(project)).order_by("-number").first()


def _map_digest(project: Project) -> str:
    latest = project.map_series.latest()
    return latest.digest if latest else ""


def _digests(run: Run) -> dict[str, str]:
    rows = Reconciliation.objects.filter(phase__run=run).order_by("pk").values_list("phase__name", "digest")
    return dict(rows)


def digest(shown: dict[str, Any]) -> str:
    """What is signed: SHA-256 of the content. The list of workflows to pause is consent, not content."""
    return digest_of({key: value for key, value in shown.items() if key != "triggers"})


def view(project: Project, gate: str, newest: Signature | None) -> GateView:
    """One gate as it stands."""
    shown = content(project, gate)
    now = digest(shown) if shown else ""
    state = "waiting" if newest is None else "signed" if newest.digest == now else "void"
    ready, why_not = _readiness(project, gate, shown)
    return GateView(
        gate=gate,
        label=label_of(gate),
        state=state,
        by=_signer(newest) if newest else "",
        at=newest.signed_at if newest else None,
        ready=ready,
        why_not=why_not,
        digest=now,
        shown=shown or {},
    )


def _signer(signature: Signature) -> str:
    """The name as it was typed, and the account where that says another one."""
    account = str(signature.signed_by) if signature.signed_by else signature.name
    return signature.name if account == signature.name else f"{signature.name} ({account})"


def _readiness(project: Project, gate: str, shown: dict[str, Any] | None) -> tuple[bool, str]:
    if shown is None:
        missing = {
            MAP: "There is no field map yet: discover, then propose one.",
            SANDBOX: "No sandbox run has ended under this map yet.",
            **late_gates.MISSING,
        }
        return False, missing.get(gate, f"The phase {gate} has not been reconciled yet.")
    if gate in late_gates.LATE:
        why_not = late_gates.why_not(project, gate)
        return not why_not, why_not
    if gate == SANDBOX and any(not books.closes for books in _sandbox_books(project)):
        return False, "The books of the sandbox do not close: look at its reconciliations."
    if gate not in (MAP, SANDBOX):
        newest = reconciliation_under(project, gate)
        if newest and not newest.closes:
            return False, "The books of this phase do not close: look at its reconciliation."
        phase = newest.phase if newest else None
        if phase and phase.state == "running":
            return False, "The phase is running again after a decision."
    return True, ""


def doubt(project: Project, gate: str) -> str:
    """What a signature under this gate would accept although it is not green, in a sentence; empty if nothing."""
    if gate == MAP:
        return ""
    if gate in late_gates.LATE:
        return late_gates.doubt(project, gate)
    under = _sandbox_books(project) if gate == SANDBOX else [reconciliation_under(project, gate)]
    return " ".join(_doubt_of(books) for books in under if books is not None and not books.is_green)


def _doubt_of(books: Reconciliation) -> str:
    if books.differences or not books.closes:
        return books.verdict
    if books.balance["rejected"]:
        return f"The destination refused {books.balance['rejected']:,} records."
    return " ".join(books.open_points)


def _sandbox_books(project: Project) -> list[Reconciliation]:
    run = sandbox_under(project)
    return list(Reconciliation.objects.filter(phase__run=run).order_by("pk")) if run else []


def all_gates(project: Project) -> list[GateView]:
    """Every gate of the project, in order."""
    newest: dict[str, Signature] = {}
    for signature in project.signatures.select_related("signed_by").order_by("pk"):
        newest[signature.gate] = signature
    return [view(project, gate, newest.get(gate)) for gate in GATES]


def is_signed(project: Project, gate: str) -> bool:
    """Whether a signature holds over what stands there now."""
    newest = project.signatures.filter(Q(gate=gate)).order_by("-pk").first()
    return view(project, gate, newest).state == "signed"
