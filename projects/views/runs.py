"""The runs of a project, and the page of one: the heart of the product while something moves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HTMX_STOP_POLLING

from projects import gates, selectors, services
from projects.forms import SandboxForm
from projects.models import Phase, Run, Step
from projects.pipeline import undone
from projects.selectors import RunView
from projects.text import duration
from projects.views.bars import lanes
from projects.views.books import Books, books_of
from projects.views.gates import signing
from projects.views.seat import Request, Seat, page, run_of, seat_of, systems_of, told, wants_part
from projects.views.starts import MIGRATIONS, starts

STALE = 60
"""Seconds without a sign of life after which the pulse turns amber."""

CALLS = {
    "waited": "Waiting, in seconds",
    "read": "Reading",
    "write": "Writing",
    "metadata": "Schema",
    "retried": "Tried again",
    "refused": "Refused: too many at once",
}


@require_GET
def runs(request: Request, slug: str) -> HttpResponse:
    """All runs, and the buttons for the next one."""
    seat = seat_of(request, slug)
    listed = seat.project.runs.select_related("field_map", "started_by").order_by("-number")
    context = page(seat, runs=listed, sandbox_form=SandboxForm())
    return render(request, "projects/runs.html", context | {"starts": starts(seat, context["gates"])})


@require_POST
def start(request: Request, slug: str) -> HttpResponse:
    """Starts a run; a run that writes makes the objects and fields it needs as its first step."""
    seat = seat_of(request, slug)
    kind = request.POST.get("kind", "")
    form = SandboxForm(request.POST)
    size = form.cleaned_data["sample_size"] if form.is_valid() else None
    if kind not in (Run.Kind.DISCOVERY, *MIGRATIONS) or (kind == Run.Kind.SANDBOX and size is None):
        messages.error(request, "The size of the sample is a number between 10 and 1,000.")
        return redirect("runs", slug=slug)
    with told(request):
        run = services.start_run(
            project=seat.project, kind=kind, by=request.user, sample_size=size if kind == Run.Kind.SANDBOX else None
        )
        services.enqueue(run)
        return redirect("run", slug=slug, number=run.number)
    return redirect("discovery" if kind == Run.Kind.DISCOVERY else "runs", slug=slug)


@dataclass(frozen=True, slots=True)
class Pulse:
    """Whether anybody is at work: `tone` is ok, wait or mute, `why` the reason where it is not ok."""

    word: str
    tone: str
    why: str
    ago: str
    elapsed: str
    rate: str


def pulse_of(view: RunView) -> Pulse:
    """The run's sign of life, with the reason when it is missing."""
    run, silent = view.run, view.silent_seconds
    end = run.ended_at or timezone.now()
    elapsed = duration((end - run.started_at).total_seconds()) if run.started_at else "not begun"
    ago = "none yet" if silent is None else f"{duration(silent)} ago"
    if not run.is_active:
        return Pulse("", "", "", ago, elapsed, "")
    waiting = next((step for phase in view.phases for step in phase.steps if step.waiting_for), None)
    rate = _rate(view)
    if silent is None and (timezone.now() - run.created_at).total_seconds() > STALE:
        return Pulse("no worker", "wait", "No worker has taken it yet. Is one running?", ago, elapsed, rate)
    if silent is not None and silent > STALE:
        why = waiting.waiting_for if waiting else "The worker is silent. Another one takes over by itself."
        return Pulse("silent", "wait", why, ago, elapsed, rate)
    if waiting:
        return Pulse("waiting", "wait", waiting.waiting_for, ago, elapsed, rate)
    return Pulse("alive" if silent is not None else "queued", "ok", "", ago, elapsed, rate)


def _rate(view: RunView) -> str:
    """Records a second in the stage that is being worked."""
    step = next((step for phase in view.phases for step in phase.steps if step.state == Step.State.RUNNING), None)
    spent = step.milliseconds.get(step.stage, 0) if step else 0
    return f"{step.done * 1000 / spent:,.0f} records a second" if step and spent and step.done else ""


def calls_of(view: RunView, names: dict[str, str]) -> list[tuple[str, str, int]]:
    """Requests by side and kind: (`Customer.io`, `Reading`, 31)."""
    rows = []
    for name, number in sorted(view.calls.items(), reverse=True):
        side, _, kind = name.rpartition(".")
        if kind == "waited_ms":
            kind, number = "waited", round(number / 1000)
        rows.append((names.get(side, side), CALLS.get(kind, kind), number))
    return rows


def announcement(view: RunView) -> str:
    """What a screen reader hears: the state of run and phases, never a number that only counts up."""
    phases = "; ".join(f"{phase.label}: {phase.state_label}" for phase in view.phases)
    return f"{view.run}: {view.run.get_state_display()}. {phases}."


def _first(all_books: list[Books]) -> Books | None:
    """The books that are shown first: those that wait, else those that move, else the last ones closed."""
    for state in (Phase.State.RECONCILED, Phase.State.RUNNING):
        if found := next((books for books in all_books if books.phase.state == state), None):
            return found
    return all_books[-1] if all_books else None


def _live(seat: Seat, run: Run) -> dict[str, Any]:
    """The part of the page that moves."""
    view = selectors.run_view(run)
    all_books = books_of(view)
    first = _first(all_books)
    said = announcement(view)
    names = systems_of(seat.project)
    context: dict[str, Any] = {
        **names,
        "project": seat.project,
        "may": seat.mays,
        "run": run,
        "view": view,
        "first": first,
        "others": [books for books in all_books if books is not first],
        "lanes": lanes(view),
        "pulse": pulse_of(view),
        "calls": calls_of(view, names),
        "announcement": said,
        "said": hashlib.sha256(said.encode()).hexdigest()[:8],
        "triggers": list(run.paused_triggers.order_by("pk")),
        "lately": [
            (event, str(event)) for event in seat.project.events.filter(at__gte=run.created_at).order_by("-pk")[:6]
        ],
    }
    if run.kind == Run.Kind.ROLLBACK:
        closed = view.phases[-1].reconciliation
        context |= {"taken_back": undone.counts(run), "verdict": closed.verdict if closed else ""}
    waiting = view.waiting_phase
    if waiting is not None and run.kind == Run.Kind.PRODUCTION:
        gate = gates.Standing(seat.project).gate(waiting.name)
        context |= signing(seat.project, gate)
    return context


@require_GET
@vary_on_headers("HX-Request")
def run(request: Request, slug: str, number: int) -> HttpResponse:
    """One run; htmx asks for the moving part every two seconds until the run rests."""
    seat = seat_of(request, slug)
    found = run_of(seat, number)
    context = _live(seat, found)
    if wants_part(request):
        if context["pulse"].word in ("silent", "no worker"):
            # Whoever watches does what the beat does, in case that one is gone; a second call is harmless.
            services.wake()
        context |= {"polled": True, "announce": request.GET.get("said") != context["said"]}
        status = 200 if found.is_active else HTMX_STOP_POLLING
        return render(request, "projects/run.html#update", context, status=status)
    return render(request, "projects/run.html", page(seat) | context)


def _act(request: Request, slug: str, number: int, act: Callable[[Run], None], done: str) -> HttpResponse:
    seat = seat_of(request, slug)
    with told(request):
        act(run_of(seat, number))
        messages.success(request, done)
    return redirect("run", slug=slug, number=number)


@require_POST
def pause(request: Request, slug: str, number: int) -> HttpResponse:
    """Stops a run after its current page."""
    why = request.POST.get("why", "")
    return _act(
        request,
        slug,
        number,
        lambda run: services.pause_run(run=run, by=request.user, why=why),
        "The run pauses after its current page.",
    )


@require_POST
def resume(request: Request, slug: str, number: int) -> HttpResponse:
    """Goes on where the run stopped."""

    def act(run: Run) -> None:
        services.resume_run(run=run, by=request.user)
        services.enqueue(run)

    return _act(request, slug, number, act, "The run goes on where it stopped.")


@require_POST
def cancel(request: Request, slug: str, number: int) -> HttpResponse:
    """Ends a run for good."""

    def act(run: Run) -> None:
        why = request.POST.get("why", "").strip()
        if not why:
            raise services.Refused("Say why the run is cancelled: it stands in the audit trail.")
        services.cancel_run(run=run, by=request.user, why=why)

    return _act(request, slug, number, act, "The run is cancelled. What landed stays, and is known.")
