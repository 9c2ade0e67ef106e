"""What closed a phase: verdict first, then the books, every object, every field, every difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from mapping.rules import MapSpec
from projects import gates, proving, selectors
from projects.gates import GateView
from projects.labels import Labels, labels_of
from projects.models import Difference, Phase, Reconciliation, Record, Run
from projects.permissions import Can
from projects.selectors import PhaseView
from projects.services import Refused
from projects.views.books import books_of
from projects.views.field_rows import shown, words_of
from projects.views.gates import signing
from projects.views.keyset import keyset_page
from projects.views.seat import Request, Seat, page, run_of, seat_of, told

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One destination field of one object type, compared."""

    object: str
    label: str
    field: str
    words: str
    compared: int
    equal: int
    by_rule: int
    different: int
    missing: int
    rules: tuple[tuple[str, int], ...]


def field_lines(result: Reconciliation, labels: Labels, spec: MapSpec) -> list[FieldLine]:
    """The field table, the lines that differ first."""
    names = {(owner.source, rule.field): rule.label for owner in spec.objects for rule in owner.fields if rule.label}
    lines = [
        FieldLine(
            object,
            labels[object],
            field,
            names.get((object, field)) or words_of(field),
            **numbers,
            rules=tuple(result.rules_table.get(object, {}).get(field, {}).items()),
        )
        for object, fields in result.fields_table.items()
        for field, numbers in fields.items()
    ]
    return sorted(lines, key=lambda line: (not (line.different or line.missing), line.label, line.words))


@dataclass(frozen=True, slots=True)
class LookLine:
    """One column of a first look; `figures` are label, what was written and what is there, and whether they agree."""

    words: str
    agrees: bool
    figures: tuple[tuple[str, str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class LookView:
    """The first look at one object of the destination: the columns that disagree first."""

    object: str
    skipped: str
    meant: int
    found: int
    unlike: int
    lines: tuple[LookLine, ...]


FIGURE_WORDS = {"filled": "with a value", "least": "least", "greatest": "greatest", "sum": "sum"}


def look_views(result: Reconciliation) -> list[LookView]:
    """What the first looks of a phase found, ready to be shown."""
    return [_look_view(look) for look in result.first_look]


def _look_view(look: dict[str, Any]) -> LookView:
    meant, found = look.get("count", (0, 0))
    unlike = set(look.get("unlike", ()))
    lines = [
        LookLine(
            words_of(name),
            name not in unlike,
            tuple((FIGURE_WORDS[one], _figure(a), _figure(b), a == b) for one, (a, b) in pairs.items()),
        )
        for name, pairs in look.get("columns", {}).items()
    ]
    lines.sort(key=lambda line: (line.agrees, line.words))
    return LookView(look["object"], look.get("skipped", ""), meant, found, len(unlike), tuple(lines))


def _figure(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """One difference as the table shows it."""

    difference: Difference
    label: str
    field: str
    expected: str
    found: str
    status: str
    number: int


def difference_lines(differences: Any, labels: Labels) -> list[DifferenceLine]:
    """Differences with their values as text, and the number of the run in which their record stands."""
    listed = list(differences)
    runs = Record.objects.filter(pk__in=[one.record_id for one in listed if one.record_id])
    numbers = dict(runs.values_list("pk", "run__number"))
    return [
        DifferenceLine(
            one,
            labels[one.object],
            words_of(one.field) if one.field else WHOLE[one.kind],
            shown(one.expected),
            "nothing" if one.found in (None, "") else shown(one.found),
            _status(one),
            numbers.get(one.record_id or 0, 0),
        )
        for one in listed
    ]


WHOLE = {
    Difference.Kind.MISSING: "the whole record is not there",
    Difference.Kind.STRAY: "a record that is not ours to be there",
    Difference.Kind.DIFFERENT: "the whole record",
}
"""What differs where it is no single field."""


def _status(one: Difference) -> str:
    """What became of a difference, in a few words."""
    if one.mended_at:
        return "mended"
    return f"accepted by {one.accepted.name}" if one.accepted else "open"


def _differences(request: Request, run: Run, objects: list[str]) -> QuerySet[Difference]:
    """The differences of these object types, as narrowed down in the address; open ones unless all are asked for."""
    found = run.differences.select_related("record", "accepted", "mended_by")
    found = found.filter(object__in=objects) if run.kind != Run.Kind.VERIFY else found
    for name in ("object", "field"):
        if value := request.GET.get(name):
            found = found.filter(**{name: value})
    return found if request.GET.get("show") == "all" else found.filter(mended_at=None, accepted=None)


@require_GET
def reconciliation(request: Request, slug: str, number: int, phase: str) -> HttpResponse:
    """The newest reconciliation of a phase."""
    seat = seat_of(request, slug)
    run = run_of(seat, number)
    view = selectors.run_view(run)
    about = next((one for one in view.phases if one.name == phase), None)
    if about is None or run.kind == Run.Kind.DISCOVERY:
        raise Http404
    labels = labels_of(seat.project)
    result = about.reconciliation
    found = _differences(request, run, list(result.objects_table) if result else [])
    asked = request.GET
    differences = keyset_page(found, size=PER_PAGE, after=asked.get("after", ""), before=asked.get("before", ""))
    context = page(
        seat,
        run=run,
        phase=about,
        result=result,
        books=next((books for books in books_of(view) if books.phase.name == phase), None),
        objects=[(name, labels[name], row) for name, row in result.objects_table.items()] if result else [],
        fields=field_lines(result, labels, run.field_map.spec if run.field_map else MapSpec()) if result else [],
        differences=differences,
        difference_lines=difference_lines(differences, labels),
        looks=look_views(result) if result else [],
        field=asked.get("field", ""),
        shows_all=asked.get("show") == "all",
        verifies=run.kind == Run.Kind.VERIFY,
        may_accept=seat.may(Can.SIGN),
        may_recheck=seat.may(Can.SIGN) or seat.may(Can.RUN),
    )
    gate = next((view for view in context["gates"] if view.gate == phase), None)
    if run.kind == Run.Kind.PRODUCTION and gate and gate.shown.get("run") == run.number:
        context |= _gate_of(seat, gate, about)
    return render(request, "projects/reconciliation.html", context)


def _gate_of(seat: Seat, gate: GateView, phase: PhaseView) -> dict[str, Any]:
    """What was found since, and the form where this phase waits for a signature, or has to be signed over again."""
    found = gate.shown.get("found")
    context: dict[str, Any] = {"found_since": found, "found_words": gates.found_sentence(found) if found else ""}
    again = gate.state == "void" and not found and phase.state == Phase.State.APPROVED
    if phase.state == Phase.State.RECONCILED or again:
        context |= signing(seat.project, gate)
    return context


def _back(slug: str, number: int, phase: str) -> HttpResponse:
    return redirect(f"{reverse('reconciliation', args=[slug, number, phase])}#differences")


def _named(request: Request, run: Run, phase: str) -> dict[str, Any]:
    """Which differences a button is about: those ticked, else all of the phase (or of the field that is shown)."""
    result = Reconciliation.objects.filter(phase__run=run, phase__name=phase).order_by("-pk").first()
    if result is None:
        raise Refused("There is no reconciliation yet.")
    objects = list(result.objects_table)
    if run.kind == Run.Kind.VERIFY:
        objects = list(run.differences.order_by().values_list("object", flat=True).distinct())
    ids = [int(one) for one in request.POST.getlist("ids") if one.isdecimal()]
    return {"objects": objects, "ids": ids}


@require_POST
def accept(request: Request, slug: str, number: int, phase: str) -> HttpResponse:
    """Accepts differences by name, with the reason."""
    seat = seat_of(request, slug)
    run = run_of(seat, number)
    with told(request):
        name, why = request.POST.get("name", ""), request.POST.get("why", "")
        made = proving.accept(run=run, by=request.user, name=name, why=why, **_named(request, run, phase))
        messages.success(request, f"{made.count:,} accepted by {made.name}. It stands in the books and in the trail.")
    return _back(slug, number, phase)


@require_POST
def recheck(request: Request, slug: str, number: int, phase: str) -> HttpResponse:
    """Reads what differs back again: what is mended is closed."""
    seat = seat_of(request, slug)
    run = run_of(seat, number)
    with told(request):
        read, mended = proving.recheck(run=run, by=request.user, **_named(request, run, phase))
        messages.success(request, f"{read:,} read back again: {mended:,} mended, {read - mended:,} still differ.")
    return _back(slug, number, phase)
