"""Discovery: what the source holds, object by object and field by field."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from mapping.profile import FieldProfile
from projects.models import Profile, Run
from projects.pipeline.phases import PERSON
from projects.views.field_rows import percent
from projects.views.seat import Request, page, seat_of
from projects.views.starts import start_of

SHOWN_SAMPLES = 3

KINDS = {
    "boolean": "yes or no",
    "bit": "0 or 1",
    "integer": "whole numbers",
    "decimal": "decimals",
    "epoch": "Unix times",
    "code": "codes",
    "date": "dates",
    "datetime": "times",
    "datetime_fine": "times, very exact",
    "email": "e-mail addresses",
    "url": "web addresses",
    "url_path": "web addresses",
    "domain": "domains",
    "phone": "phone numbers",
    "money": "amounts of money",
    "strings": "lists",
    "json": "JSON",
    "text": "text",
}


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field of an object type as the table shows it."""

    profile: FieldProfile
    percent: int
    samples: tuple[str, ...]
    kinds: tuple[tuple[str, int], ...]


def field_line(profile: FieldProfile) -> FieldLine:
    """A field's statistics in the reader's words."""
    merged: dict[str, int] = {}
    for kind, count in profile.kinds.items():
        word = KINDS["integer"] if kind == "bit" and "integer" in profile.kinds else KINDS.get(kind, kind)
        merged[word] = merged.get(word, 0) + count
    return FieldLine(
        profile, percent(profile.filled, profile.total), profile.samples[:SHOWN_SAMPLES], tuple(merged.items())
    )


@require_GET
def discovery(request: Request, slug: str, object: str = "") -> HttpResponse:
    """The inventory, and below it the fields of one object type."""
    seat = seat_of(request, slug)
    runs = seat.project.runs.filter(kind=Run.Kind.DISCOVERY).exclude(state=Run.State.CANCELLED)
    run = runs.order_by("-number").first()
    profiles = list(Profile.objects.filter(run=run).defer("data") if run else ())
    read = [row.object for row in profiles if row.read]
    selected = object or (PERSON if PERSON in read else next(iter(read), ""))
    lines: list[FieldLine] = []
    row = None
    if selected:
        row = get_object_or_404(Profile, run=run, object=selected)
        statistics = row.statistics
        lines = [field_line(profile) for profile in statistics.field_profiles()]
    context = page(seat, run=run, profiles=profiles, selected=row, lines=lines)
    start = start_of(seat, Run.Kind.DISCOVERY, context["gates"])
    return render(request, "projects/discovery.html", context | {"start": start})
