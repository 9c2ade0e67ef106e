"""Archives beside the source's API: what is there, what it covers, added, corrected, taken off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from connectors.registry import get_connector
from projects import archives as verbs
from projects.labels import Labels, labels_of
from projects.map_forms import ArchiveForm, ColumnsForm
from projects.models import Connection, Profile, Project, Run, SourceArchive
from projects.services import Refused
from projects.views.seat import Request, page, seat_of, told

PLACES = {"api": "The API", "archive": "The archive"}
MOST = 1_000_000_000_000
"""Seconds beyond which a number is no time that a calendar has."""


@dataclass(frozen=True, slots=True)
class Covered:
    """What one place holds of one object type. `left_out`: rows of other kinds, each with its number."""

    label: str
    place: str
    first: datetime | None
    last: datetime | None
    days: int
    records: int
    unreadable: int
    left_out: str
    in_both: int


@dataclass(frozen=True, slots=True)
class ArchiveRow:
    """One archive with its files and the columns that were chosen."""

    archive: SourceArchive
    label: str
    columns: tuple[tuple[str, str], ...]


@require_GET
def archives(request: Request, slug: str) -> HttpResponse:
    """The archives of a project, what each place covers, and the forms to add one and to correct its columns."""
    seat = seat_of(request, slug)
    labels = labels_of(seat.project)
    found = list(seat.project.archives.order_by("object"))
    kinds = _kinds(seat.project, labels)
    context = page(
        seat,
        rows=[_row(one, labels) for one in found],
        covered=covered_of(seat.project, kinds),
        kinds=kinds,
        folder=verbs.folder_of(seat.project),
        files=verbs.files_of(seat.project),
    )
    context["form"] = ArchiveForm(kinds=kinds)
    chosen = next((one for one in found if one.object == request.GET.get("columns")), None)
    if chosen is not None:
        with told(request):
            context |= {"chosen": _row(chosen, labels), "columns": _columns_form(seat.project, chosen)}
    return render(request, "projects/archives.html", context)


def _row(archive: SourceArchive, labels: Labels) -> ArchiveRow:
    chosen = tuple((part, column) for part, column in archive.columns.items() if column)
    return ArchiveRow(archive, labels[archive.object], chosen)


def _kinds(project: Project, labels: Labels) -> list[tuple[str, str]]:
    connection = project.connections.filter(side=Connection.Side.SOURCE).first()
    known = get_connector(connection.connector).archives if connection else ()
    return [(object, labels[object]) for object in known]


def _columns_form(project: Project, archive: SourceArchive, data: Any = None) -> ColumnsForm:
    headers: Sequence[str] = verbs.headers_of(project, archive)
    return ColumnsForm(data, columns=archive.columns, headers=headers, object=archive.object)


def covered_of(project: Project, kinds: Sequence[tuple[str, str]]) -> list[Covered]:
    """What API and archive each held of these object types when the newest discovery ended."""
    done = project.runs.filter(kind=Run.Kind.DISCOVERY, state=Run.State.SUCCEEDED)
    rows = Profile.objects.filter(run=done.order_by("-number").values("pk")[:1], object__in=dict(kinds))
    return [
        _covered(dict(kinds)[object], PLACES[place], held, data["coverage"].get("in_both", 0))
        for object, data in rows.values_list("object", "data")
        for place in PLACES
        if (held := data.get("coverage", {}).get(place))
    ]


def _covered(label: str, place: str, held: Mapping[str, Any], in_both: int) -> Covered:
    first, last = _moment(held["first"]), _moment(held["last"])
    return Covered(
        label=label,
        place=place,
        first=first,
        last=last,
        days=(last - first).days + 1 if first and last else 0,
        records=held["records"],
        unreadable=held["unreadable"],
        left_out=", ".join(f"{number:,} {name}" for name, number in held["left_out"].items()),
        in_both=in_both if place == PLACES["archive"] else 0,
    )


def _moment(seconds: float | None) -> datetime | None:
    if seconds is None or not -MOST < seconds < MOST:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError):
        return None


@require_POST
def add(request: Request, slug: str) -> HttpResponse:
    """Puts a file or folder of the project's own folder beside the API."""
    seat = seat_of(request, slug)
    with told(request):
        form = ArchiveForm(request.POST, kinds=_kinds(seat.project, labels_of(seat.project)))
        if not form.is_valid():
            raise Refused("Say what the files hold and where they lie.")
        given = form.cleaned_data
        path = verbs.path_within(seat.project, given["path"])
        number = verbs.add_archive(project=seat.project, object=given["object"], paths=[path], by=request.user)
        messages.success(
            request, f"The archive is there; its first page holds {number:,}. It takes part from the next discovery on."
        )
    return redirect("archives", slug=slug)


@require_POST
def columns(request: Request, slug: str, object: str) -> HttpResponse:
    """Corrects which column of an archive is what; the choice is remembered."""
    seat = seat_of(request, slug)
    archive = get_object_or_404(seat.project.archives, object=object)
    with told(request):
        form = _columns_form(seat.project, archive, request.POST)
        if not form.is_valid():
            raise Refused("One of the columns is not in the files. Nothing was changed.")
        number = verbs.add_archive(
            project=seat.project, object=object, paths=archive.paths, by=request.user, columns=form.cleaned_data
        )
        messages.success(request, f"The columns are kept; the first page holds {number:,}.")
    return redirect("archives", slug=slug)


@require_POST
def remove(request: Request, slug: str, object: str) -> HttpResponse:
    """Takes an archive off the project."""
    seat = seat_of(request, slug)
    archive = get_object_or_404(seat.project.archives, object=object)
    with told(request):
        verbs.remove_archive(project=seat.project, archive=archive, by=request.user)
        messages.success(request, "The archive is off the project. The files stay where they are.")
    return redirect("archives", slug=slug)
