"""What has to happen next in a project, and who does it."""

from __future__ import annotations

from dataclasses import dataclass

from projects import gates
from projects.gates import GateView
from projects.models import Project, Run, User
from projects.permissions import role_of
from projects.pipeline import phases
from projects.selectors import stage_of


@dataclass(frozen=True, slots=True)
class NextAction:
    """The one sentence and the one button of the project page."""

    sentence: str
    button: str
    url_name: str
    mine: bool


LATE_ACTIONS: dict[str, NextAction] = {
    Project.Stage.AUDIT: NextAction(
        "The sandbox is signed off. Look who was deleted, then production can begin.", "Look", "audit", True
    ),
    Project.Stage.CUTOVER: NextAction(
        "Production is signed. Next: deltas, the freeze, the cutover.", "Look", "cutover", True
    ),
    Project.Stage.HYPERCARE: NextAction(
        "Twenty is the system of record. Hypercare is open.", "Look", "hypercare", True
    ),
}


def next_action(project: Project, user: User, all_gates: list[GateView]) -> NextAction:
    """What has to happen next, and whether this user is the one to do it."""
    role = role_of(user, project)
    engineer, signer = role in ("engineer", "admin"), role in ("customer", "admin")
    open_run = project.runs.filter(state__in=Run.OPEN).first()
    if project.connections.count() < 2:
        return NextAction("Connect Customer.io and Twenty to begin.", "Connect", "connections", engineer)
    if open_run is not None:
        return _open_run_action(open_run, engineer, signer)
    stage = stage_of(project, all_gates)
    if stage == Project.Stage.DISCOVERY:
        if project.runs.filter(kind=Run.Kind.DISCOVERY, state=Run.State.SUCCEEDED).exists():
            return NextAction("Everything was read. Now a field map can be proposed.", "Propose the map", "map", True)
        return NextAction(
            "Both systems are connected. Next: find out what is there.", "Discover", "discovery", engineer
        )
    if stage == Project.Stage.DESIGN:
        return NextAction("The field map waits to be confirmed.", "Look at the map", "map", signer)
    if stage == Project.Stage.SANDBOX:
        done = any(view.gate == "sandbox" and view.ready for view in all_gates)
        if done:
            return NextAction(
                "The sandbox run is done and waits to be signed off.", "Review the sandbox", "sandbox", signer
            )
        return NextAction("The map is confirmed. Next: a sandbox run.", "Start the sandbox run", "runs", engineer)
    if found := gates.found_in(all_gates):
        return NextAction(gates.found_sentence(found), "Look at what differs", "verification", True)
    if stage in LATE_ACTIONS:
        return LATE_ACTIONS[stage]
    if stage == Project.Stage.PRODUCTION:
        return NextAction("The sandbox is signed off. Next: production.", "Start production", "runs", engineer)
    return NextAction(_closing_sentence(project), "See the reconciliations", "runs", True)


def _closing_sentence(project: Project) -> str:
    """What can be said when every phase is signed: all of it landed, or how many did not."""
    books = [gates.reconciliation_under(project, phase.name) for phase in phases.PHASES]
    missing = sum(one.balance[column] for one in books if one for column in ("held", "rejected"))
    if not missing:
        return "Everything landed, every phase is signed."
    return f"Every phase is signed. {missing:,} records did not land: each has its reason."


def _open_run_action(run: Run, engineer: bool, signer: bool) -> NextAction:
    if run.state == Run.State.WAITING:
        return NextAction(
            f"{run} stopped at a reconciliation and waits to be approved.", "Look and approve", "run", signer
        )
    if run.state == Run.State.PAUSED:
        return NextAction(f"{run} is paused: {run.problem}", "Look at the run", "run", engineer)
    return NextAction(f"{run} is under way.", "Watch it", "run", True)
