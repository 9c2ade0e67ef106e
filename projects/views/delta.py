"""Delta: how far Twenty is behind the source, and what a cutover now would cost."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from projects import deltas, keeping_up, services
from projects.forms_back import KeepingUpForm
from projects.labels import in_words
from projects.models import Run
from projects.permissions import Can
from projects.pipeline.delta import moved as moved_by
from projects.text import duration, moved_in_words
from projects.views.seat import Request, page, seat_of, told


@require_GET
def delta(request: Request, slug: str) -> HttpResponse:
    """What waits at the source as last seen, the last deltas and what they moved."""
    seat = seat_of(request, slug)
    listed = seat.project.runs.filter(kind=Run.Kind.DELTA).order_by("-number")[:20]
    moved = [(run, moved_in_words(moved_by(run))) for run in listed]
    lag = deltas.lag(seat.project)
    return render(
        request,
        "projects/delta.html",
        page(
            seat,
            lag=lag,
            behind=duration(lag.seconds or 0),
            freeze_length=duration(lag.freeze_seconds or 0),
            waiting=[(in_words(kind), number) for kind, number in sorted(lag.waiting.items())],
            conflicts=deltas.conflicts(seat.project),
            runs=moved,
            open_run=seat.project.runs.filter(state__in=Run.OPEN).first(),
            may_start=seat.may(Can.RUN),
            keeping_up=keeping_up.CHOICES.get(seat.project.keeps_up_minutes),
            keeping_up_form=KeepingUpForm(initial={"minutes": seat.project.keeps_up_minutes}),
            by_itself=keeping_up.outlook(seat.project),
        ),
    )


@require_POST
def start(request: Request, slug: str) -> HttpResponse:
    """Starts a delta, or only looks what waits."""
    seat = seat_of(request, slug)
    what = request.POST.get("what", "")
    with told(request):
        services.allow(request.user, Can.RUN, seat.project)
        if what == "look":
            deltas.lag(seat.project, look=True)
        else:
            run = deltas.start(project=seat.project, by=request.user, full=what == "full")
            services.enqueue(run)
            return redirect("run", slug=slug, number=run.number)
    return redirect("delta", slug=slug)


@require_POST
def keep_up(request: Request, slug: str) -> HttpResponse:
    """Says how often deltas begin by themselves."""
    seat = seat_of(request, slug)
    form = KeepingUpForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose one of the times that are listed.")
        return redirect("delta", slug=slug)
    with told(request):
        keeping_up.choose(project=seat.project, minutes=form.cleaned_data["minutes"], by=request.user)
        messages.success(request, f"A delta begins {keeping_up.CHOICES[form.cleaned_data['minutes']]}.")
    return redirect("delta", slug=slug)
