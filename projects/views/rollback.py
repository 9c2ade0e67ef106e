"""Rollback: what it would do and what stays, the confirmation by name, and how far it is."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from projects import rollback as rollbacks
from projects import services
from projects.forms_back import ConfirmForm, RollbackForm
from projects.labels import labels_of
from projects.models import Record, Reversal, Run
from projects.permissions import Can
from projects.pipeline import phases
from projects.text import in_quotes
from projects.views.pairs import title_of
from projects.views.seat import Request, page, run_of, seat_of, told


@require_GET
def rollback(request: Request, slug: str) -> HttpResponse:
    """The newest rollback with its plan or outcome, and the form for another one."""
    seat = seat_of(request, slug)
    newest = seat.project.runs.filter(kind=Run.Kind.ROLLBACK).exclude(state=Run.State.CANCELLED).first()
    plan = rollbacks.view(newest) if newest else None
    books = newest.phases.get(name="rollback").reconciliations.order_by("-pk").first() if newest else None
    open_run = seat.project.runs.filter(state__in=Run.OPEN).first()
    labels = labels_of(seat.project)
    may_start = seat.may(Can.RUN) and open_run is None
    return render(
        request,
        "projects/rollback.html",
        page(
            seat,
            run=newest,
            plan=plan,
            books=books,
            undone=newest.reversals.exclude(state="planned").count() if newest else 0,
            form=RollbackForm(seat.project) if may_start else None,
            open_run=open_run,
            confirm_form=ConfirmForm() if plan and plan.waits and seat.may(Can.RUN) else None,
            stays=[(one, labels[one.object], _kept(one)) for one in plan.stays] if plan else [],
            person=_person(newest) if newest else "",
        ),
    )


def _kept(one: Reversal) -> list[tuple[str, str, str]]:
    """What stays of a record: field, what was written, what stands now."""
    return [(edit["field"], in_quotes(edit["written"]), in_quotes(edit["now"])) for edit in one.kept]


def _person(run: Run) -> str:
    """The name of whom a rollback takes back: nobody confirms a number."""
    key = run.scope.get("person")
    rows = Record.objects.filter(run__project=run.project_id, object=phases.PERSON, key=key).order_by("-run_id")
    row = rows.first() if key else None
    return title_of(row) if row else ""


@require_POST
def start(request: Request, slug: str) -> HttpResponse:
    """Starts the plan of a rollback: reads, and writes nothing."""
    seat = seat_of(request, slug)
    form = RollbackForm(seat.project, request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(problem) for some in form.errors.values() for problem in some))
        return redirect("rollback", slug=slug)
    with told(request):
        run = rollbacks.start(project=seat.project, scope=form.scope(), by=request.user)
        services.enqueue(run)
    return redirect("rollback", slug=slug)


@require_POST
def confirm(request: Request, slug: str, number: int) -> HttpResponse:
    """Carries a plan out, once the project's name was typed."""
    seat = seat_of(request, slug)
    run = seat.project.runs.filter(number=number, kind=Run.Kind.ROLLBACK).first()
    with told(request):
        if run is None:
            raise services.Refused("There is no such rollback.")
        rollbacks.confirm(run=run, typed=request.POST.get("typed", ""), by=request.user)
        messages.success(request, "The rollback is under way. It can be interrupted, and goes on where it stopped.")
    return redirect("rollback", slug=slug)


@require_POST
def discard(request: Request, slug: str, number: int) -> HttpResponse:
    """Puts a plan aside that nobody has confirmed."""
    seat = seat_of(request, slug)
    with told(request):
        rollbacks.discard(run=run_of(seat, number), by=request.user)
        messages.success(request, "The plan is discarded. Nothing was written.")
    return redirect("rollback", slug=slug)
