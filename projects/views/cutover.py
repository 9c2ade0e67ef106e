"""Cutover: the checklist that machines tick, the freeze, and the signature that makes Twenty the system of record."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from projects import cutover as cutovers
from projects import deltas, late_gates, services
from projects.forms_back import FreezeForm
from projects.freeze import look as look_at_both
from projects.models import Connection, Project
from projects.permissions import Can
from projects.text import duration
from projects.views.gates import signing
from projects.views.seat import Request, page, seat_of, told


@require_GET
def cutover(request: Request, slug: str) -> HttpResponse:
    """Where the cutover stands."""
    seat = seat_of(request, slug)
    context = page(seat)
    gate = next(view for view in context["gates"] if view.gate == late_gates.CUTOVER)
    done = seat.project.cut_over_at is not None
    lag = deltas.lag(seat.project)
    context |= signing(seat.project, gate) | {
        "checks": [] if done else context["standing"].checks,
        "lag": lag,
        "freeze_length": duration(lag.freeze_seconds or 0),
        "looked_at": _looked_at(seat.project),
        "frozen_for": _frozen_for(seat.project),
        "last_delta": gate.shown.get("delta"),
        "freeze_form": FreezeForm(initial={"at": seat.project.freeze_at}) if seat.may(Can.RUN) and not done else None,
    }
    return render(request, "projects/cutover.html", context)


def _looked_at(project: Project) -> datetime | None:
    """When both systems were asked for the checklist."""
    known = project.connections.filter(side=Connection.Side.SOURCE).values_list("known", flat=True).first() or {}
    found = known.get("cutover")
    return datetime.fromisoformat(found["at"]) if found else None


def _frozen_for(project: Project) -> str:
    """From the freeze to the system of record."""
    if project.freeze_at is None or project.cut_over_at is None:
        return ""
    return duration((project.cut_over_at - project.freeze_at).total_seconds())


@require_POST
def look(request: Request, slug: str) -> HttpResponse:
    """Asks both systems again."""
    seat = seat_of(request, slug)
    with told(request):
        services.allow(request.user, Can.RUN, seat.project)
        if problem := look_at_both(seat.project)["problem"]:
            messages.error(request, problem)
        else:
            messages.success(request, "Both systems were asked: the checklist says what they answered.")
    return redirect("cutover", slug=slug)


@require_POST
def freeze(request: Request, slug: str) -> HttpResponse:
    """Announces from when on nobody writes to the source."""
    seat = seat_of(request, slug)
    form = FreezeForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Give the day and the time of the freeze.")
        return redirect("cutover", slug=slug)
    with told(request):
        at = form.cleaned_data["at"]
        cutovers.announce(project=seat.project, at=at.astimezone(UTC), by=request.user)
        messages.success(request, f"The freeze is announced: from {at.astimezone(UTC):%-d %b %Y, %H:%M} UTC on.")
    return redirect("cutover", slug=slug)
