"""The map as a file, as a template, and its versions with what changed between any two."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from mapping import diff, exchange
from mapping.masking import without_values
from mapping.models import FieldMap
from projects import gates, map_services, proposals
from projects.map_forms import ImportForm, TemplateForm
from projects.permissions import Can
from projects.services import Refused
from projects.views.map_review import Review, tabs_of
from projects.views.seat import Request, Seat, page, seat_of, told

WRITERS = {"json": (exchange.to_json, "application/json"), "csv": (exchange.to_csv, "text/csv; charset=utf-8")}
NEWEST = 200
"""Versions that the page lists."""


@require_GET
def export(request: Request, slug: str, form: str) -> HttpResponse:
    """The newest map as a download; reasons quote no values to those who may not see them."""
    seat = seat_of(request, slug)
    version = seat.project.map_series.latest()
    if form not in WRITERS or version is None:
        raise Http404
    spec = version.spec
    if not seat.may(Can.SEE_VALUES):
        spec = without_values(spec)
    write, kind = WRITERS[form]
    answer = HttpResponse(write(spec), content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{slug}-map-v{version.number}.{form}"'
    return answer


@require_POST
def take_in(request: Request, slug: str) -> HttpResponse:
    """A map from a file becomes the next version, or nothing happens and every reason is said."""
    seat = seat_of(request, slug)
    with told(request):
        form = ImportForm(request.POST, request.FILES)
        if not form.is_valid():
            raise Refused("Choose a file: a map as JSON or CSV.")
        given = form.cleaned_data["file"]
        if given.size > exchange.LIMIT:
            raise Refused(f"The file has {given.size:,} bytes; at most {exchange.LIMIT:,} are read.")
        was_signed = gates.is_signed(seat.project, gates.MAP)
        before = seat.project.map_series.latest()
        try:
            spec = exchange.read(given.name or "", given.read())
        except exchange.Unreadable as error:
            raise Refused(f"Nothing was imported. {error}") from error
        version = map_services.import_map(project=seat.project, spec=spec, by=request.user)
        _say(request, before, version, was_signed)
    return redirect("map", slug=slug)


def _say(request: Request, before: FieldMap | None, version: FieldMap, was_signed: bool) -> None:
    if before is not None and before.pk == version.pk:
        messages.info(request, f"The file says what map v{version.number} says already: nothing was changed.")
        return
    void = " The signature under the former map is void." if was_signed else ""
    messages.success(request, f"The file is map v{version.number} now.{void} Versions shows what changed.")


@require_POST
def template(request: Request, slug: str) -> HttpResponse:
    """Keeps the map as a template."""
    seat = seat_of(request, slug)
    with told(request):
        form = TemplateForm(request.POST)
        if not form.is_valid():
            raise Refused("Give the template a name.")
        made = map_services.save_template(project=seat.project, by=request.user, name=form.cleaned_data["name"])
        messages.success(request, f"Saved as the template “{made}”: members of this project can start from it.")
    return redirect("map", slug=slug)


@require_POST
def read_targets(request: Request, slug: str) -> HttpResponse:
    """Asks the destination for its fields again."""
    seat = seat_of(request, slug)
    with told(request):
        number = proposals.read_targets(project=seat.project, by=request.user)
        messages.success(request, f"The fields of {number} object types were read.")
    return redirect("map", slug=slug)


@require_GET
def versions(request: Request, slug: str) -> HttpResponse:
    """Every version with who made it and when; with two chosen, what changed between them."""
    seat = seat_of(request, slug)
    series = seat.project.map_series
    listed = list(series.versions.defer("content").select_related("created_by").order_by("-number")[:NEWEST])
    if not listed:
        return redirect("map", slug=slug)
    newest = listed[0].number
    after = _number(request, "to", newest)
    # The first version has none before it: a link to it shows it without a comparison.
    before = max(1, _number(request, "from", after - 1))
    pair = {one.number: one for one in series.versions.filter(number__in={before, after}).select_related("created_by")}
    if before not in pair or after not in pair:
        raise Http404
    changes = diff.diff(pair[before].spec, pair[after].spec) if before != after else []
    context = _head(seat, pair[after] if after == newest else series.versions.get(number=newest))
    context |= {"versions": listed, "before": pair[before], "after": pair[after], "changes": changes}
    return render(request, "projects/map_versions.html", context)


def _number(request: Request, name: str, otherwise: int) -> int:
    asked = request.GET.get(name, "")
    return int(asked) if asked.isdecimal() and len(asked) < 9 else otherwise


def _head(seat: Seat, version: FieldMap) -> dict[str, Any]:
    review = Review(seat, version)
    context = page(seat, version=version, review=review, tabs=tabs_of(review))
    context["gate"] = next(view for view in context["gates"] if view.gate == gates.MAP)
    return context
