"""The documents of a project: as a page, as PDF, as JSON, and every version that was handed out."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from projects.documents.kept import keep, on_paper
from projects.documents.kinds import KINDS, Document
from projects.models import Paper
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
def paper(request: Request, slug: str, kind: str, number: int, form: str) -> HttpResponse:
    """One version, as PDF or JSON."""
    seat = seat_of(request, slug)
    _document(kind)
    found = get_object_or_404(Paper, project=seat.project, kind=kind, number=number)
    name = f"{slug}-{kind}-{number}"
    if form == "json":
        answer: HttpResponse = JsonResponse(found.content, json_dumps_params={"ensure_ascii": False, "indent": 1})
    elif form == "pdf":
        answer = HttpResponse(on_paper(found), content_type="application/pdf")
    else:
        raise Http404
    answer["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer


@require_GET
def schema(request: Request, kind: str) -> HttpResponse:
    """The JSON schema of a document."""
    return JsonResponse(_document(kind).schema(), json_dumps_params={"indent": 1})
