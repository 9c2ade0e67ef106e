"""The sandbox review: the sample side by side, the riskiest records first, and the signature under it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import BooleanField, Case, QuerySet, Value, When
from django.db.models.functions import Length
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from mapping.rules import Action, MapSpec
from projects import gates, looks, selectors
from projects.labels import Labels, labels_of
from projects.models import Link, Look, Record, Run
from projects.reasons import reason_label
from projects.views.books import books_of
from projects.views.gates import signing
from projects.views.pairs import pairs_of, title_of
from projects.views.seat import Request, Seat, page, seat_of, told

PER_PAGE = 5


ORDERS = {"": "Riskiest first", "random": "At random"}


def at_random(found: QuerySet[Record]) -> QuerySet[Record]:
    """The same records in an order that nobody chose: by the fingerprint of what they hold."""
    return found.order_by("digest", "pk")


def riskiest(run: Run, spec: MapSpec) -> QuerySet[Record]:
    """The sample as the map made it: what differs first, then what did not turn whole, then the longest."""
    noted = Case(When(notes=[], then=Value(False)), default=Value(True), output_field=BooleanField())
    differs = Case(
        When(proof=Record.Proof.DIFFERENT, then=Value(True)), default=Value(False), output_field=BooleanField()
    )
    mapped = [rule.source for rule in spec.objects if rule.action != Action.SKIP]
    shown = Record.objects.filter(run=run, object__in=mapped).exclude(mapped=None)
    ranked = shown.annotate(differs=differs, noted=noted, length=Length("raw"))
    return ranked.order_by("-differs", "-noted", "-length", "pk")


@require_GET
def sandbox(request: Request, slug: str) -> HttpResponse:
    """The newest sandbox run, ready to be looked through and signed."""
    seat = seat_of(request, slug)
    run = (
        seat.project.runs.filter(kind=Run.Kind.SANDBOX)
        .exclude(state=Run.State.CANCELLED)
        .select_related("field_map")
        .order_by("-number")
        .first()
    )
    context = page(seat, run=run)
    gate = next(view for view in context["gates"] if view.gate == gates.SANDBOX)
    context |= signing(seat.project, gate)
    if run is not None:
        run.project = seat.project
        context |= _sample(request, seat, run)
    return render(request, "projects/sandbox.html", context)


@require_POST
def look(request: Request, slug: str, pk: int) -> HttpResponse:
    """One person's word on one record of the sample."""
    seat = seat_of(request, slug)
    record = get_object_or_404(Record.objects.select_related("run"), pk=pk, run__project=seat.project)
    record.run.project = seat.project
    with told(request):
        word, comment = request.POST.get("word", ""), request.POST.get("comment", "")
        made = looks.look(record=record, by=request.user, word=word, comment=comment)
        messages.success(request, f"{title_of(record)}: {made.get_word_display().lower()}.")
    back = request.POST.get("back", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = reverse("sandbox", args=[slug])
    return redirect(f"{back}#card-{pk}")


def _sample(request: Request, seat: Seat, run: Run) -> dict[str, Any]:
    labels = labels_of(seat.project)
    spec = run.field_map.spec if run.field_map else MapSpec()
    found = riskiest(run, spec)
    order = "random" if request.GET.get("order") == "random" else ""
    if order:
        found = at_random(found)
    objects = list(found.order_by().values_list("object", flat=True).distinct())
    wanted = request.GET.get("object", "")
    paged = Paginator(found.filter(object=wanted) if wanted else found, PER_PAGE).get_page(request.GET.get("page"))
    return {
        "records": paged,
        "cards": _cards(seat, spec, paged, labels),
        "books": books_of(selectors.run_view(run)),
        "objects": [(name, labels[name]) for name in sorted(objects)],
        "wanted": wanted,
        "orders": ORDERS.items(),
        "order": order,
        "looked": Look.objects.filter(run=run).values("record").distinct().count(),
        "comments": [(one, title_of(one.record)) for one in gates.open_comments(run)],
    }


def _cards(seat: Seat, spec: MapSpec, paged: Page[Record], labels: Labels) -> list[dict[str, Any]]:
    """Each record with its pairs, in one query for all links."""
    rows = list(paged)
    links = {
        (link.object, link.key): link
        for link in Link.objects.filter(
            project=seat.project, object__in={row.object for row in rows}, key__in=[row.key for row in rows]
        )
    }
    said = looks.of_records(rows)
    return [
        {
            "record": row,
            "looks": said.get(row.pk, []),
            "title": title_of(row),
            "label": labels[row.object],
            "reason": reason_label(row.reason),
            "landed": row.state in Record.LANDED,
            "pairs": pairs_of(spec.object(row.object), row, links.get((row.object, row.key))),
        }
        for row in rows
    ]
