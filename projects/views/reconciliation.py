"""What closed a phase: verdict first, then the books, every object, every field, every difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from mapping.rules import MapSpec
from projects import gates, selectors
from projects.models import Difference, Phase, Reconciliation, Run
from projects.selectors import PhaseView
from projects.views.books import books_of
from projects.views.field_rows import shown, words_of
from projects.views.gates import signing
from projects.views.seat import Request, Seat, page, run_of, seat_of

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


def field_lines(result: Reconciliation, labels: dict[str, str], spec: MapSpec) -> list[FieldLine]:
    """The field table, the lines that differ first."""
    names = {(owner.source, rule.field): rule.label for owner in spec.objects for rule in owner.fields if rule.label}
    lines = [
        FieldLine(object, labels.get(object, object), field, names.get((object, field)) or words_of(field), **numbers)
        for object, fields in result.fields_table.items()
        for field, numbers in fields.items()
    ]
    return sorted(lines, key=lambda line: (not (line.different or line.missing), line.label, line.words))


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """One difference as the table shows it."""

    difference: Difference
    label: str
    field: str
    expected: str
    found: str
    status: str


def difference_lines(differences: Any, labels: dict[str, str]) -> list[DifferenceLine]:
    """Differences with their values as text."""
    return [
        DifferenceLine(
            one,
            labels.get(one.object, one.object),
            words_of(one.field) if one.field else "the whole record",
            shown(one.expected),
            "nothing" if one.found in (None, "") else shown(one.found),
            _status(one),
        )
        for one in differences
    ]


def _status(one: Difference) -> str:
    """What became of a difference, in a few words."""
    if one.mended_at:
        return "mended"
    return f"accepted by {one.accepted.name}" if one.accepted else "open"


def _differences(request: Request, run: Run, objects: list[str]) -> Any:
    found = run.differences.filter(object__in=objects).select_related("record").order_by("pk")
    if field := request.GET.get("field"):
        found = found.filter(field=field)
    return Paginator(found, PER_PAGE).get_page(request.GET.get("page"))


@require_GET
def reconciliation(request: Request, slug: str, number: int, phase: str) -> HttpResponse:
    """The newest reconciliation of a phase."""
    seat = seat_of(request, slug)
    run = run_of(seat, number)
    view = selectors.run_view(run)
    about = next((one for one in view.phases if one.name == phase), None)
    if about is None or run.kind == Run.Kind.DISCOVERY:
        raise Http404
    labels = selectors.object_labels(seat.project)
    result = about.reconciliation
    differences = _differences(request, run, list(result.objects_table) if result else [])
    context = page(
        seat,
        run=run,
        phase=about,
        result=result,
        books=next((books for books in books_of(view) if books.phase.name == phase), None),
        objects=[(name, labels.get(name, name), row) for name, row in result.objects_table.items()] if result else [],
        fields=field_lines(result, labels, run.field_map.spec if run.field_map else MapSpec()) if result else [],
        differences=differences,
        difference_lines=difference_lines(differences, labels),
        field=request.GET.get("field", ""),
    )
    return render(request, "projects/reconciliation.html", context | _signing(seat, run, about))


def _signing(seat: Seat, run: Run, phase: PhaseView) -> dict[str, Any]:
    """The form, where this phase of this run is what waits for a signature."""
    if run.kind != Run.Kind.PRODUCTION or phase.state != Phase.State.RECONCILED:
        return {}
    newest = seat.project.signatures.filter(gate=phase.name).order_by("-pk").first()
    gate = gates.view(seat.project, phase.name, newest)
    return signing(seat.project, gate)
