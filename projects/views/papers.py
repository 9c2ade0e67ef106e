"""The documents of a project: as a page, as PDF, as JSON, and every version that was handed out."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from projects import rebuilding
from projects.documents import checklist
from projects.documents.kept import keep, on_paper
from projects.documents.kinds import KINDS, Document
from projects.models import HandoffItem, Paper
from projects.views.seat import Request, Seat, page, seat_of, told


def _document(kind: str) -> Document:
    if kind not in KINDS:
        raise Http404
    return KINDS[kind]


def papers_of(seat: Seat, kind: str) -> dict[str, Any]:
    """What the page of a document shows beside it: its versions."""
    listed = seat.project.papers.filter(kind=kind).defer("content").select_related("made_by")[:20]
    return {"document": _document(kind), "versions": listed}


@require_GET
def scope(request: Request, slug: str) -> HttpResponse:
    """The migration scope as things stand."""
    seat = seat_of(request, slug)
    made = KINDS["scope"].context(seat.project)
    return render(request, "projects/scope.html", page(seat, scope=made, **papers_of(seat, "scope")))


@require_GET
def handoff(request: Request, slug: str) -> HttpResponse:
    """The handoff's first page, and its checklist."""
    seat = seat_of(request, slug)
    made = KINDS["handoff"].context(seat.project)
    parts = checklist.sections(seat.project, made) if made else ()
    lines = tuple(line for part in parts for line in part.lines)
    return render(
        request,
        "projects/handoff.html",
        page(
            seat,
            handoff=made,
            sections=parts,
            items=len(lines),
            percent=checklist.percent(lines),
            states=HandoffItem.State.choices,
            standing=rebuilding.standing(seat.project),
            **papers_of(seat, "handoff"),
        ),
    )


@require_POST
def item(request: Request, slug: str) -> HttpResponse:
    """Says how far one item of the checklist is."""
    seat = seat_of(request, slug)
    kind, key = request.POST.get("kind", ""), request.POST.get("key", "")
    typed = {name: request.POST.get(name, "") for name in ("state", "owner", "note")}
    with told(request):
        checklist.set_item(project=seat.project, kind=kind, key=key, by=request.user, **typed)
    return redirect(f"{reverse('handoff', args=[slug])}#{kind}s")


@require_POST
def rebuild(request: Request, slug: str) -> HttpResponse:
    """Makes views and drafts in the destination, on request."""
    seat = seat_of(request, slug)
    with told(request):
        outcome = rebuilding.ask(project=seat.project, by=request.user)
        messages.success(
            request, str(outcome) if outcome else "A worker makes them now: this page shows how far it is."
        )
    return redirect("handoff", slug)


@require_POST
def make(request: Request, slug: str, kind: str) -> HttpResponse:
    """Keeps the document as it stands, as a version."""
    seat = seat_of(request, slug)
    _document(kind)
    with told(request):
        paper = keep(project=seat.project, kind=kind, by=request.user)
        return redirect("paper", slug, kind, paper.number, "pdf")
    return redirect(kind, slug)


@require_GET
def paper(request: Request, slug: str, kind: str, number: int, file_type: str) -> HttpResponse:
    """One version, as PDF or JSON."""
    seat = seat_of(request, slug)
    _document(kind)
    found = get_object_or_404(Paper, project=seat.project, kind=kind, number=number)
    name = f"{slug}-{kind}-{number}"
    if file_type == "json":
        answer: HttpResponse = JsonResponse(found.content, json_dumps_params={"ensure_ascii": False, "indent": 1})
    elif file_type == "pdf":
        answer = HttpResponse(on_paper(found), content_type="application/pdf")
    else:
        raise Http404
    answer["Content-Disposition"] = f'attachment; filename="{name}.{file_type}"'
    return answer


@require_GET
def schema(request: Request, kind: str) -> HttpResponse:
    """The JSON schema of a document."""
    return JsonResponse(_document(kind).schema(), json_dumps_params={"indent": 1})
