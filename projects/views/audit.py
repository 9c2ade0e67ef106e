"""The deleted-profile audit: who is gone, who came back and by what, and which integrations still write."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from projects import audits, deletions, gates, late_gates
from projects.documents.pdf import render as render_pdf
from projects.forms_back import IntegrationForm
from projects.models import Integration, Link, Project, Record, Run
from projects.permissions import Can
from projects.pipeline.departed import DELETED
from projects.text import counted
from projects.views.gates import signing
from projects.views.seat import Request, Seat, page, seat_of, told

COLUMNS = (
    "cio_id",
    "id",
    "email",
    "deleted_at",
    "returned_as",
    "returned_at",
    "trace",
    "unsubscribed",
    "suppressed",
    "in_destination",
)

SHOWN = 200
"""Deleted people on the page, those who came back first; CSV and PDF have all of them."""


@require_GET
def audit(request: Request, slug: str) -> HttpResponse:
    """The newest report, the checklist of integrations, and the signature under both."""
    seat = seat_of(request, slug)
    context = page(seat)
    gate = next(view for view in context["gates"] if view.gate == late_gates.AUDIT)
    newest = seat.project.audit_reports.order_by("-pk").first()
    rows = [(one, IntegrationForm(initial=_initial(one), prefix=None)) for one in seat.project.integrations.all()]
    deleted = newest.content["deleted"] if newest else []
    context |= signing(seat.project, gate) | {
        "report": newest,
        "deleted": [_shown(one) for one in sorted(deleted, key=lambda one: not one["returned_as"])[:SHOWN]],
        "not_shown": max(0, len(deleted) - SHOWN),
        "migrated": deletions.migrated(seat.project),
        "gap": _gap(seat.project, newest.content["counts"]["expected"]) if newest else "",
        "looked_at": deletions.looked_at(seat.project),
        "moved_since": _moved_since(seat.project),
        "still_there": deletions.still_there(seat.project),
        "integrations": rows,
        "new_form": IntegrationForm(auto_id="new_%s"),
        "may_settle": seat.may(Can.EDIT_MAP),
    }
    return render(request, "projects/audit.html", context)


THERE = {"": "no", "live": "yes", "bin": "in its bin"}


def _shown(one: dict[str, Any]) -> dict[str, Any]:
    """One deleted person as the page says it."""
    suppressed, unsubscribed = one["suppressed"].replace("_", " "), one["unsubscribed"]
    contact = suppressed or ("nobody can tell" if unsubscribed is None else "unsubscribed" if unsubscribed else "no")
    there = THERE.get(one["in_destination"], one["in_destination"])
    return {**one, "deleted_on": datetime.fromisoformat(one["deleted_at"]), "contact": contact, "there": there}


def _gap(project: Project, expected: int | None) -> str:
    """Why another number of people is in the destination than is expected there; empty where it is the same."""
    migrated = deletions.migrated(project)
    if expected is None or migrated is None or expected == migrated:
        return ""
    run = project.runs.filter(kind__in=Run.MOVING, state=Run.State.SUCCEEDED).order_by("-number").first()
    held = Record.objects.filter(run=run, object="person", state=Record.State.HELD)
    # Who is held as both sides changed them stands in the destination already.
    landed = Exists(Link.objects.filter(project=project, object="person", key=OuterRef("key")))
    waiting = held.exclude(landed).count()
    dropped = Record.objects.filter(run__in=project.runs.filter(kind__in=Run.MOVING), object="person")
    dropped = dropped.filter(state=Record.State.EXCLUDED).exclude(reason=DELETED).exclude(landed)
    left = dropped.values("key").distinct().count()
    parts = [(waiting, "person is held", "people are held"), (left, "was left behind", "were left behind")]
    words = ", ".join(counted(number, one, many) for number, one, many in parts if number)
    difference = f"{abs(expected - migrated):,} {'fewer' if migrated < expected else 'more'} than expected"
    if waiting + left == expected - migrated:
        return f"{difference}: {words}."
    rest = "has changed since the last run, or the source counts it otherwise: run a delta, then look again"
    return f"{difference}: {words}, the rest {rest}." if words else f"{difference}: it {rest}."


def _moved_since(project: Project) -> Run | None:
    """The newest run that wrote people after both systems were asked: the report knows nothing of it."""
    at = deletions.looked_at(project)
    kinds = [Run.Kind.PRODUCTION, Run.Kind.DELTA, Run.Kind.ROLLBACK]
    return project.runs.filter(kind__in=kinds, ended_at__gt=at).order_by("-number").first() if at else None


def _initial(one: Integration) -> dict[str, Any]:
    return {"name": one.name, "owner": one.owner, "state": one.state}


@require_POST
def refresh(request: Request, slug: str) -> HttpResponse:
    """Reads both systems again."""
    seat = seat_of(request, slug)
    with told(request):
        audits.make(project=seat.project, by=request.user)
        messages.success(request, "The audit is up to date.")
    return redirect("audit", slug=slug)


@require_POST
def settle_integration(request: Request, slug: str) -> HttpResponse:
    """What became of one integration."""
    seat = seat_of(request, slug)
    form = IntegrationForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Give the integration a name and a state.")
        return redirect("audit", slug=slug)
    with told(request):
        row = audits.settle_integration(project=seat.project, by=request.user, **form.cleaned_data)
        messages.success(request, f"{row.name}: {row.get_state_display()}.")
    return redirect("audit", slug=slug)


@require_POST
def readmit(request: Request, slug: str) -> HttpResponse:
    """Lets one person in who came back."""
    seat = seat_of(request, slug)
    with told(request):
        key = request.POST.get("key", "")
        audits.readmit(project=seat.project, key=key, by=request.user)
        messages.success(request, f"{key} is let in by the next run; what they had unsubscribed from stays.")
    return redirect("audit", slug=slug)


@require_POST
def keep_out(request: Request, slug: str) -> HttpResponse:
    """Takes back that somebody was let in."""
    seat = seat_of(request, slug)
    with told(request):
        key = request.POST.get("key", "")
        audits.keep_out(project=seat.project, key=key, by=request.user)
        messages.success(request, f"{key} stays out; if they have landed, the next delta takes them out.")
    return redirect("audit", slug=slug)


def _content(seat: Seat) -> dict[str, Any]:
    newest = seat.project.audit_reports.order_by("-pk").first()
    if newest is None:
        raise Http404
    return dict(newest.content)


@require_GET
def as_csv(request: Request, slug: str) -> HttpResponse:
    """The deleted people as CSV."""
    seat = seat_of(request, slug)
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    for row in _content(seat)["deleted"]:
        writer.writerow({name: _safe(row.get(name)) for name in COLUMNS})
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slug}-audit.csv"'
    return response


def _safe(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


@require_GET
def as_pdf(request: Request, slug: str) -> HttpResponse:
    """The same report on paper."""
    seat = seat_of(request, slug)
    content = _content(seat)
    gate = gates.Standing(seat.project).gate(late_gates.AUDIT)
    signed = f"by {gate.by}, {gate.at:%-d %b %Y, %H:%M} UTC" if gate.state == "signed" and gate.at else "not yet"
    data = {"project": seat.project.name, "acknowledged": signed, **content}
    response = HttpResponse(render_pdf("audit", data), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{slug}-audit.pdf"'
    return response
