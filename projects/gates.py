"""Gates: what has to be signed, over exactly which content, and whether a signature still holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Count

from projects import late_gates
from projects.checklist import Check, signed_checks, stored_checks
from projects.models import Acceptance, Difference, Look, Project, Reconciliation, Run, Signature
from projects.pipeline.extract import digest_of
from projects.pipeline.phases import PHASES, phase_spec, step_specs

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
    rejection: str = ""
    """Why it was rejected, while that is the last word on what stands there now."""

    @property
    def rejected(self) -> str:
        """Who rejected it, when and why, in a sentence; empty where nobody has, or something newer stands there."""
        when = f" on {self.at:%-d %b %Y}" if self.at else ""
        return f"Rejected by {self.by}{when}: {self.rejection}" if self.rejection else ""


def label_of(gate: str) -> str:
    """The gate's name as people read it."""
    return LABELS.get(gate) or phase_spec(gate).label


class Standing:
    """The gates of a project and what they stand on, each read once however often it is asked about."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._views: dict[str, GateView] = {}

    @property
    def gates(self) -> list[GateView]:
        """Every gate of the project, in order."""
        return [self.gate(gate) for gate in GATES]

    def gate(self, gate: str) -> GateView:
        """One gate as it stands now."""
        if gate not in self._views:
            self._views[gate] = _view(self, gate)
        return self._views[gate]

    def is_signed(self, gate: str) -> bool:
        """Whether a signature holds over what stands there now."""
        return self.gate(gate).state == "signed"

    @cached_property
    def checks(self) -> list[Check]:
        """The checklist of the cutover."""
        return stored_checks(self.project, self.is_signed)

    @cached_property
    def newest(self) -> dict[str, Signature]:
        """Gate → its newest signature."""
        return {one.gate: one for one in self.project.signatures.select_related("signed_by").order_by("pk")}

    @cached_property
    def production(self) -> Run | None:
        """The newest production run."""
        runs = self.project.runs.filter(kind=Run.Kind.PRODUCTION).exclude(state=Run.State.CANCELLED)
        return runs.select_related("field_map").order_by("-number").first()

    @cached_property
    def verification(self) -> Run | None:
        """The newest verification that has ended since."""
        if self.production is None:
            return None
        later = self.project.runs.filter(kind=Run.Kind.VERIFY, state=Run.State.SUCCEEDED)
        return later.filter(number__gt=self.production.number).order_by("-number").first()

    @cached_property
    def books(self) -> dict[str, Reconciliation]:
        """Phase → its newest reconciliation in the production run."""
        rows = Reconciliation.objects.filter(phase__run=self.production, phase__rolled_back=False)
        rows = rows.select_related("phase__run").order_by("pk")
        return {one.phase.name: one for one in rows} if self.production else {}

    @cached_property
    def found(self) -> dict[str, int]:
        """Object type → what the verification found there that is neither mended nor accepted."""
        if self.verification is None:
            return {}
        open_ones = Difference.objects.filter(run=self.verification).unexplained()
        return dict(open_ones.values_list("object").annotate(number=Count("id")).order_by())

    @cached_property
    def accepted(self) -> list[Acceptance]:
        """What was accepted by name in the production run and in the verification."""
        runs = [run for run in (self.production, self.verification) if run is not None]
        return list(Acceptance.objects.filter(run__in=runs).order_by("pk"))

    def content(self, gate: str) -> dict[str, Any] | None:
        """What a signature under a phase's gate covers: its books, what was accepted, what was found since."""
        newest = self.books.get(gate)
        if newest is None or self.production is None:
            return None
        shown: dict[str, Any] = {"run": self.production.number, "phase": gate, "reconciliation": newest.digest}
        objects = objects_of_phase(self.production, gate)
        if accepted := [one.digest for one in self.accepted if objects & set(one.objects_named)]:
            shown["accepted"] = accepted
        if self.verification and (found := {name: self.found[name] for name in sorted(objects & self.found.keys())}):
            shown["found"] = {"run": self.verification.number, "differences": found}
        return shown


def objects_of_phase(run: Run, gate: str) -> set[str]:
    """The object types whose differences concern a phase; what stands in a destination and is nobody's, too."""
    specs = [spec for spec in step_specs(run, gate) if "verify" in spec.stages]
    return {spec.object for spec in specs} | {spec.destination for spec in specs if spec.counts}


def content(project: Project, gate: str, standing: Standing | None = None) -> dict[str, Any] | None:
    """What a signature under this gate covers now; None when there is nothing to sign yet."""
    if gate == MAP:
        return _map_content(project)
    if gate == SANDBOX:
        run = sandbox_under(project)
        if run is None:
            return None
        shown = {
            "run": run.number,
            "map": _map_digest(project),
            "systems": _systems(project),
            "reconciliations": _digests(run),
        }
        looks = looks_of(run)
        return {**shown, "looks": digest_of(looks)} if looks else shown
    if gate in late_gates.LATE:
        return late_gates.content(project, gate)
    return (standing or Standing(project)).content(gate)


def looks_of(run: Run) -> list[list[str]]:
    """The newest word of each person on each record of the sample: what a signature says was looked at."""
    rows = Look.objects.filter(run=run).order_by("pk")
    newest = {
        (key, name): [object, key, name, word, comment]
        for object, key, name, word, comment in rows.values_list(
            "record__object", "record__key", "name", "word", "comment"
        )
    }
    return sorted(newest.values())


def open_comments(run: Run) -> list[Look]:
    """Comments that nobody has answered and whose writer has not said since that it is right, oldest first."""
    waiting: dict[tuple[int, str], Look] = {}
    for one in Look.objects.filter(run=run).select_related("record").order_by("pk"):
        if one.word == Look.Word.COMMENT:
            waiting[one.record_id, one.name] = one
        elif one.word == Look.Word.OK:
            waiting.pop((one.record_id, one.name), None)
        else:
            waiting = {where: comment for where, comment in waiting.items() if where[0] != one.record_id}
    return list(waiting.values())


def reconciliation_under(project: Project, gate: str) -> Reconciliation | None:
    """The reconciliation that a signature under a phase's gate covers: the newest of the newest production run."""
    return Standing(project).books.get(gate)


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


def _view(standing: Standing, gate: str) -> GateView:
    newest = standing.newest.get(gate)
    shown = content(standing.project, gate, standing)
    now = digest(shown) if shown else ""
    state = "waiting" if newest is None else "signed" if newest.digest == now else "void"
    ready, why_not = _readiness(standing, gate, shown)
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
        rejection=_rejection(newest, now) if newest else "",
    )


def _rejection(newest: Signature, now: str) -> str:
    """The reason of a rejection that still stands: nothing has come since that would have to be looked at anew."""
    then = newest.shown.get("digest", now)
    return str(newest.shown.get("rejected", "")) if then == now else ""


def _signer(signature: Signature) -> str:
    """The name as it was typed, and the account where that says another one."""
    account = str(signature.signed_by) if signature.signed_by else signature.name
    return signature.name if account == signature.name else f"{signature.name} ({account})"


def _readiness(standing: Standing, gate: str, shown: dict[str, Any] | None) -> tuple[bool, str]:
    if shown is None:
        missing = {
            MAP: "There is no field map yet: discover, then propose one.",
            SANDBOX: "No sandbox run has ended under this map yet.",
            **late_gates.MISSING,
        }
        return False, missing.get(gate, f"The phase “{label_of(gate)}” has not been reconciled yet.")
    if gate in late_gates.LATE:
        why_not = late_gates.why_not(standing.project, gate)
        if gate == late_gates.CUTOVER and standing.project.cut_over_at is None:
            # Every page of a project asks for all gates: what has to look at its rows comes last.
            failed = [check.sentence for check in signed_checks(standing.is_signed) if not check.passed]
            why_not = " ".join(failed or [check.sentence for check in standing.checks if not check.passed])
        return not why_not, why_not
    if gate == SANDBOX and any(not books.closes for books in _sandbox_books(standing.project)):
        return False, "The books of the sandbox do not close: look at its reconciliations."
    if gate not in (MAP, SANDBOX):
        newest = standing.books.get(gate)
        if found := shown.get("found"):
            return False, found_sentence(found)
        if newest and not newest.closes:
            return False, "The books of this phase do not close: look at its reconciliation."
        phase = newest.phase if newest else None
        if phase and phase.state == "running":
            return False, "The phase is running again after a decision."
    return True, ""


def found_in(views: list[GateView]) -> dict[str, Any] | None:
    """What a verification found since, over all gates together."""
    found = [view.shown["found"] for view in views if view.shown.get("found")]
    if not found:
        return None
    differences = {name: number for one in found for name, number in one["differences"].items()}
    return {"run": found[0]["run"], "differences": differences}


def found_sentence(found: dict[str, Any]) -> str:
    """What a verification found since, as it closes a gate."""
    number = sum(found["differences"].values())
    noun = "difference" if number == 1 else "differences"
    return (
        f"Verification run {found['run']} found {number:,} {noun} since: put it right and read it back again, "
        "or accept it by name."
    )


def doubt(project: Project, gate: str) -> str:
    """What a signature under this gate would accept although it is not green, in a sentence; empty if nothing."""
    if gate == MAP:
        return ""
    if gate in late_gates.LATE:
        return late_gates.doubt(project, gate)
    under = _sandbox_books(project) if gate == SANDBOX else [reconciliation_under(project, gate)]
    doubts = [_doubt_of(books) for books in under if books is not None and not books.is_green]
    run = sandbox_under(project) if gate == SANDBOX else None
    if run is not None and (waiting := len(open_comments(run))):
        doubts.append(
            f"{waiting:,} comment{'' if waiting == 1 else 's'} on the sample wait{'s' if waiting == 1 else ''}."
        )
    return " ".join(doubts)


def _doubt_of(books: Reconciliation) -> str:
    if books.unexplained or not books.closes:
        return books.verdict
    if books.balance["rejected"]:
        return f"The destination refused {books.balance['rejected']:,} records."
    return " ".join(books.open_points)


def _sandbox_books(project: Project) -> list[Reconciliation]:
    run = sandbox_under(project)
    return list(Reconciliation.objects.filter(phase__run=run).order_by("pk")) if run else []


def all_gates(project: Project) -> list[GateView]:
    """Every gate of the project, in order."""
    return Standing(project).gates


def is_signed(project: Project, gate: str) -> bool:
    """Whether a signature holds over what stands there now."""
    return Standing(project).is_signed(gate)
