"""Signing and rejecting: one form for every gate, over the digest of what its page showed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from projects import cutover, gates, late_gates, services
from projects.forms import ReasonForm, SignForm
from projects.gates import GateView
from projects.models import Project, Reconciliation, Run
from projects.views.seat import Request, Seat, seat_of, told
from projects.void import why_void


def seen_of(gate: GateView) -> str:
    """The workflows that a page listed under a gate: the digest leaves them out, the consent must not."""
    return ",".join(sorted(str(trigger["id"]) for trigger in gate.shown.get("triggers", [])))


def _back(seat: Seat, gate: str) -> str:
    """The page on which the gate is signed."""
    slug = seat.project.slug
    if gate in (gates.MAP, gates.SANDBOX, *late_gates.LATE):
        return reverse("confirm-map" if gate == gates.MAP else gate, args=[slug])
    run = seat.project.runs.filter(kind=Run.Kind.PRODUCTION).order_by("-number").first()
    return reverse("run", args=[slug, run.number]) if run else reverse("project", args=[slug])


def to_explain(project: Project, gate: str) -> Reconciliation | None:
    """The reconciliation under a phase's gate, if it is not green: who signs it accepts something by name."""
    return gates.reconciliation_under(project, gate) if gates.doubt(project, gate) else None


def signing(project: Project, view: GateView) -> dict[str, Any]:
    """Everything a page needs to have a gate signed on it. The name is not filled in: typing it is the signature."""
    accepts = to_explain(project, view.gate)
    initial = {"digest": view.digest, "seen": seen_of(view)}
    return {
        "gate": view,
        "sign_form": SignForm(initial=initial, explains=accepts is not None),
        "accepts": accepts,
        "void": _void(project, view),
    }


def _void(project: Project, view: GateView) -> str:
    """Why the signature that was given does not hold any more; empty where it does, or where none was given."""
    if view.state != "void" or view.rejected:
        return ""
    newest = project.signatures.filter(gate=view.gate).order_by("-pk").first()
    if newest is None or newest.shown.get("rejected"):
        return ""
    return f"The signature of {view.by} does not hold any more. {why_void(view, newest.shown)}"


@require_POST
def sign(request: Request, slug: str, gate: str) -> HttpResponse:
    """A named member's yes."""
    seat = seat_of(request, slug)
    form = SignForm(request.POST, explains=to_explain(seat.project, gate) is not None)
    if not form.is_valid():
        missing = "say in the note why you accept what differs" if form.errors.get("note") else "type your name"
        messages.error(request, f"To sign, {missing}.")
        return redirect(_back(seat, gate))
    given = form.cleaned_data
    with told(request):
        if gate == gates.MAP:
            _refuse_unseen(seat, given["seen"])
        cutover.look_before_signing(seat.project, gate)
        services.sign(
            project=seat.project,
            gate=gate,
            by=request.user,
            name=given["name"],
            note=given["note"],
            digest=given["digest"],
        )
        messages.success(request, f"Signed: {gates.label_of(gate)}, by {given['name']}.")
    return redirect(_back(seat, gate))


def _refuse_unseen(seat: Seat, seen: str) -> None:
    """Nobody agrees to the pausing of a workflow that the page did not list."""
    view = next(view for view in gates.all_gates(seat.project) if view.gate == gates.MAP)
    if seen_of(view) != seen:
        raise services.Refused(
            "The list of workflows to be paused has changed meanwhile: look at it again before you sign."
        )


@require_POST
def reject(request: Request, slug: str, gate: str) -> HttpResponse:
    """A named member's no, with the reason that the engineers read."""
    seat = seat_of(request, slug)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say what is wrong: the engineers read it.")
        return redirect(_back(seat, gate))
    if gate not in gates.GATES:
        messages.error(request, f"There is no gate “{gate}”.")
        return redirect("project", slug=slug)
    with told(request):
        services.reject(project=seat.project, gate=gate, by=request.user, why=form.cleaned_data["why"])
        messages.success(request, "Rejected. The engineers see your reason.")
    return redirect(_back(seat, gate))
