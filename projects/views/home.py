"""The list of projects, and the page of one: where it stands, what comes next, who signed what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connectors.registry import all_connectors
from projects import gates as gate_rules
from projects import late_gates, members, selectors, services
from projects.actions import next_action
from projects.forms import InviteForm, ProjectForm
from projects.gates import GateView
from projects.models import Connection, Event, Membership, Project, Run, Signature
from projects.permissions import Can
from projects.pipeline.phases import VERIFICATION
from projects.views.seat import Request, Seat, page, seat_of, told
from projects.void import why_void

LATELY = 8


@require_GET
def projects(request: Request) -> HttpResponse:
    """Every project this user may know of."""
    listed = selectors.projects_for(request.user)
    runs = Run.objects.filter(project__in=listed).exclude(state=Run.State.CANCELLED).order_by("number")
    newest = {run.project_id: run for run in runs.defer("problem")}
    roles = dict(Membership.objects.filter(user=request.user).values_list("project_id", "role"))
    labels = {connector.slug: connector.label for connector in all_connectors()}
    rows = [
        (
            project,
            " → ".join(labels.get(one.connector, one.connector) for one in _from_and_to(project)),
            newest.get(project.pk),
            roles.get(project.pk, Membership.Role.ADMIN),
        )
        for project in listed
    ]
    return render(request, "projects/projects.html", {"rows": rows, "may_create": services.may_create(request.user)})


def _from_and_to(project: Project) -> list[Connection]:
    return sorted(project.connections.all(), key=lambda one: one.side != Connection.Side.SOURCE)


@require_http_methods(["GET", "POST"])
def create_project(request: Request) -> HttpResponse:
    """Asks for the name of a new project."""
    if not services.may_create(request.user):
        messages.error(request, "Customers do not create projects. Ask an engineer or an admin.")
        return redirect("projects")
    form = ProjectForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with told(request):
            made = services.create_project(by=request.user, **form.cleaned_data)
            return redirect("project", slug=made.slug)
    return render(request, "projects/create_project.html", {"form": form})


@dataclass(frozen=True, slots=True)
class GateRow:
    """A gate as the project page tells it."""

    view: GateView
    state: str
    word: str
    note: str
    url: str


def gate_rows(project: Project, views: list[GateView]) -> list[GateRow]:
    """The gates with the reason where a signature does not hold any more, in one query."""
    newest = {signature.gate: signature for signature in project.signatures.order_by("pk")}
    production = project.runs.filter(kind=Run.Kind.PRODUCTION).exclude(state=Run.State.CANCELLED).first()
    return [_gate_row(project, view, newest.get(view.gate), production) for view in views]


def _gate_row(project: Project, view: GateView, signature: Signature | None, production: Run | None) -> GateRow:
    state, word, note = view.state, {"signed": "Signed", "void": "Void", "waiting": "Waiting"}[view.state], ""
    if view.rejected:
        state, word, note = "rejected", "Rejected", view.rejected
    elif signature and signature.shown.get("rejected"):
        word, note = ("Ready to sign", "It changed since it was rejected.") if view.ready else ("Not yet", view.why_not)
        state = "waiting"
    elif view.state == "void":
        note = why_void(view, signature.shown if signature else {})
    elif view.state == "waiting":
        word, note = ("Ready to sign", "") if view.ready else ("Not yet", view.why_not)
    pages = {gate_rules.MAP: "map", gate_rules.SANDBOX: "sandbox"}
    pages |= {gate: gate for gate in late_gates.LATE}
    if view.gate in pages:
        url = reverse(pages[view.gate], args=[project.slug])
    else:
        url = reverse("reconciliation", args=[project.slug, production.number, view.gate]) if production else ""
    return GateRow(view, state, word, note, url)


@require_GET
def project(request: Request, slug: str) -> HttpResponse:
    """Where the project stands, and the one thing to do next."""
    seat = seat_of(request, slug)
    context = page(seat)
    action = next_action(seat.project, request.user, context["gates"])
    return render(
        request,
        "projects/project.html",
        context
        | {
            "action": action,
            "action_url": _action_url(seat, action.url_name),
            "gate_rows": gate_rows(seat.project, context["gates"]),
            "lately": _lines(seat.project.events.order_by("-pk")[:LATELY]),
            "members": seat.project.memberships.select_related("user").order_by("role", "user__email"),
            "invite_form": InviteForm() if seat.may(Can.MANAGE) else None,
            "connections": seat.project.connections.order_by("-side"),
        },
    )


def _action_url(seat: Seat, name: str) -> str:
    if name == "run":
        number = seat.project.runs.filter(state__in=Run.OPEN).values_list("number", flat=True).first()
        return reverse("run", args=[seat.project.slug, number])
    if name == "verification":
        run = gate_rules.Standing(seat.project).verification
        return reverse("reconciliation", args=[seat.project.slug, run.number if run else 0, VERIFICATION.name])
    return reverse(name, args=[seat.project.slug])


def _lines(events: Any) -> list[tuple[Event, str]]:
    return [(event, str(event)) for event in events]


@require_GET
def trail(request: Request, slug: str) -> HttpResponse:
    """Everything that was done in the project, newest first."""
    seat = seat_of(request, slug)
    events = Paginator(seat.project.events.order_by("-pk"), 50).get_page(request.GET.get("page"))
    return render(request, "projects/trail.html", page(seat, events=events, lines=_lines(events)))


@require_POST
def invite(request: Request, slug: str) -> HttpResponse:
    """Makes an invitation and shows its link, once."""
    seat = seat_of(request, slug)
    form = InviteForm(request.POST)
    if not form.is_valid():
        messages.error(request, "That is not an e-mail address.")
        return redirect("project", slug=slug)
    with told(request):
        link = members.invite(project=seat.project, by=request.user, **form.cleaned_data)
        email = form.cleaned_data["email"]
        return render(
            request, "projects/invited.html", page(seat, link=link, email=email, days=members.INVITATION_DAYS)
        )
    return redirect("project", slug=slug)
