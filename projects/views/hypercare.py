"""Hypercare: the countdown, the issues on records, and what became of each."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from projects import hypercare as care
from projects import late_gates
from projects.documents import closing
from projects.forms_back import ConcernForm
from projects.labels import labels_of
from projects.models import Concern, Project, Record, Run
from projects.text import duration
from projects.views.gates import signing
from projects.views.pairs import title_of
from projects.views.seat import Request, Seat, page, seat_of, told


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
    return _shown(request, seat, ConcernForm(initial=_about(request)))


def _shown(request: Request, seat: Seat, form: ConcernForm) -> HttpResponse:
    """The page, with the form as it is: what somebody wrote is not lost where it was refused."""
    context = page(seat)
    gate = next(view for view in context["gates"] if view.gate == late_gates.HYPERCARE)
    end = late_gates.ends_at(seat.project)
    left = (end - timezone.now()).total_seconds() if end else None
    context |= signing(seat.project, gate) | {
        "concerns": _listed(seat.project),
        "ends_at": end,
        "left": duration(left) if left and left > 0 else "",
        "raised": seat.project.concerns.count(),
        "resolved": seat.project.concerns.filter(state=Concern.State.RESOLVED).count(),
        "concern_form": form,
        "longest": care.LONGEST,
        "doubt": late_gates.doubt(seat.project, late_gates.HYPERCARE),
        "rebuilt": closing.rebuilt(seat.project) if end else None,
    }
    return render(request, "projects/hypercare.html", context)


def _listed(project: Project) -> list[tuple[Concern, Record | None, str, str]]:
    """Issues, newest first, each with its newest record, that record's name, and its object type in words."""
    labels = labels_of(project)
    listed = []
    for one in project.concerns.select_related("raised_by").prefetch_related("remarks__by").order_by("-number"):
        rows = Record.objects.filter(run__project=project, object=one.object, key=one.key).select_related("run")
        record = rows.filter(run__kind__in=Run.MOVING).order_by("-run_id").first()
        listed.append((one, record, title_of(record) if record else one.key, labels[one.object]))
    return listed


def _about(request: Request) -> dict[str, str]:
    """What the page that led here was about."""
    return {name: request.GET[name] for name in ("key", "field") if request.GET.get(name)}


@require_POST
def set_days(request: Request, slug: str) -> HttpResponse:
    """How long it is open."""
    seat = seat_of(request, slug)
    given = request.POST.get("days", "")
    if not given.isdecimal():
        messages.error(request, "Give the number of days.")
        return redirect("hypercare", slug=slug)
    with told(request):
        care.set_days(project=seat.project, days=int(given), by=request.user)
        messages.success(request, f"Hypercare is open for {given} days from the cutover on.")
    return redirect("hypercare", slug=slug)


@require_POST
def raise_concern(request: Request, slug: str) -> HttpResponse:
    """A new issue."""
    seat = seat_of(request, slug)
    form = ConcernForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say which record it is about, and what is wrong.")
        return _shown(request, seat, form)
    with told(request):
        made = care.raise_concern(project=seat.project, by=request.user, **form.cleaned_data)
        messages.success(request, f"Issue {made.number} is raised: the engineers see it here.")
        return redirect("hypercare", slug=slug)
    return _shown(request, seat, form)


@require_POST
def act(request: Request, slug: str, number: int, act: str) -> HttpResponse:
    """Answers, checks, resolves an issue, or raises it again."""
    seat = seat_of(request, slug)
    concern = get_object_or_404(seat.project.concerns, number=number)
    text = request.POST.get("text", "")
    with told(request):
        if act == "answer":
            care.answer(concern=concern, text=text, by=request.user)
            messages.success(request, f"Your answer stands under issue {number}.")
        elif act == "check":
            passed = care.check(concern=concern, by=request.user).check_passed
            found = "both systems say the same" if passed else "there is a difference"
            messages.success(request, f"Issue {number}: the record was read in both systems, {found}.")
        elif act == "resolve":
            care.resolve(concern=concern, by=request.user)
            messages.success(request, f"Issue {number} is resolved.")
        elif act == "again":
            care.raise_again(concern=concern, text=text, by=request.user)
            messages.success(request, f"Issue {number} is open again.")
        else:
            raise Http404
    return redirect(f"{reverse('hypercare', args=[slug])}#concern-{number}")
