"""Hypercare: the countdown, the issues on records, and what became of each."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from projects import hypercare as care
from projects import late_gates
from projects.documents import closing
from projects.forms_back import ConcernForm, RemarkForm
from projects.models import Concern
from projects.permissions import Can
from projects.text import duration
from projects.views.gates import signing
from projects.views.seat import Request, page, seat_of, told


@require_GET
def hypercare(request: Request, slug: str) -> HttpResponse:
    """Everything that was raised, newest first; `?format=json` and `?format=pdf` are the closing report."""
    seat = seat_of(request, slug)
    if request.GET.get("format") == "json":
        return JsonResponse(closing.report(seat.project))
    if request.GET.get("format") == "pdf":
        answer = HttpResponse(closing.pdf(seat.project), content_type="application/pdf")
        answer["Content-Disposition"] = f'attachment; filename="{slug}-closing-report.pdf"'
        return answer
    context = page(seat)
    gate = next(view for view in context["gates"] if view.gate == late_gates.HYPERCARE)
    end = late_gates.ends_at(seat.project)
    left = (end - timezone.now()).total_seconds() if end else None
    context |= signing(seat.project, gate) | {
        "concerns": seat.project.concerns.prefetch_related("remarks__by").order_by("-number"),
        "ends_at": end,
        "left": duration(left) if left and left > 0 else "",
        "raised": seat.project.concerns.count(),
        "resolved": seat.project.concerns.filter(state=Concern.State.RESOLVED).count(),
        "concern_form": ConcernForm(initial=_about(request)) if end else None,
        "remark_form": RemarkForm(),
        "may_check": seat.may(Can.RUN),
        "rebuilt": closing.rebuilt(seat.project) if end else None,
    }
    return render(request, "projects/hypercare.html", context)


def _about(request: Request) -> dict[str, str]:
    """What the page that led here was about."""
    return {name: request.GET[name] for name in ("key", "field") if request.GET.get(name)}


@require_POST
def raise_concern(request: Request, slug: str) -> HttpResponse:
    """A new issue."""
    seat = seat_of(request, slug)
    form = ConcernForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say which record it is about, and what is wrong.")
        return redirect("hypercare", slug=slug)
    with told(request):
        care.raise_concern(project=seat.project, by=request.user, **form.cleaned_data)
    return redirect("hypercare", slug=slug)


@require_POST
def act(request: Request, slug: str, number: int, act: str) -> HttpResponse:
    """Answers, checks or resolves an issue."""
    seat = seat_of(request, slug)
    concern = get_object_or_404(seat.project.concerns, number=number)
    with told(request):
        if act == "answer":
            if text := request.POST.get("text", "").strip():
                care.answer(concern=concern, text=text, by=request.user)
        elif act == "check":
            care.check(concern=concern, by=request.user)
        elif act == "resolve":
            care.resolve(concern=concern, by=request.user)
        else:
            raise Http404
    return redirect("hypercare", slug=slug)
