"""Lists of records: by object type and state, the search for one, and the download."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from projects.corrections import cell_of
from projects.labels import labels_of
from projects.lookups import answer_for, answer_for_nothing, find_records, found_since, moving_runs
from projects.models import Link, Record, Run
from projects.models.record import RecordQuerySet
from projects.pipeline import phases
from projects.reasons import reason_label
from projects.selectors import objects_of, run_view
from projects.taken_back import newest_reversal, reversals_of
from projects.views.keyset import keyset_page
from projects.views.pairs import title_of
from projects.views.seat import Request, page, run_of, seat_of, systems_of

PER_PAGE = 50

MOST_ASKED = 200
"""Characters of what is searched for: no address or id is longer, and a longer line is refused by the server."""

HEADINGS = ("object", "key", "state", "reason", "detail", "merged into", "id in the destination", "read back", "record")


OPEN = (Record.State.READ, Record.State.READY)
"""Still on the way."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a list is narrowed down, as the address says."""

    state: str
    object: str
    reason: str
    phase: str


def _asked(request: Request) -> Asked:
    return Asked(*(request.GET.get(name, "") for name in ("state", "object", "reason", "phase")))


def _filtered(run: Run, asked: Asked) -> RecordQuerySet:
    """The run's records, as narrowed down in the address."""
    found = Record.objects.filter(run=run)
    if asked.object:
        found = found.filter(object=asked.object)
    elif asked.phase:
        found = found.filter(object__in=run.steps.filter(phase__name=asked.phase).values("object"))
    if asked.state == "open":
        found = found.filter(state__in=OPEN)
    elif asked.state:
        found = found.filter(state=asked.state)
    return found.filter(reason=asked.reason).aside() if asked.reason else found


def _first_of(run: Run, phase: str, tabs: dict[str, int | None]) -> str:
    """The object type that a list begins with: one of those that the books count before any other that has records."""
    counted = {spec.object for spec in phases.step_specs(run, phase) if spec.counts} if phase and tabs else set()
    return min(tabs, key=lambda name: (not tabs[name], name not in counted), default="")


@require_GET
def records(request: Request, slug: str, number: int) -> HttpResponse:
    """The records of a run, one object type at a time: counted in its books, paged by id."""
    seat = seat_of(request, slug)
    run = run_of(seat, number)
    asked = _asked(request)
    labels = labels_of(seat.project)
    tabs = objects_of(run_view(run), asked.phase, asked.state)
    object = asked.object or _first_of(run, asked.phase, tabs)
    narrowed = Asked(asked.state, object, asked.reason, asked.phase)
    found = _filtered(run, narrowed).defer("meta", "refs", "notes", "mapped")
    sets = [found.filter(state=state) for state in OPEN] if asked.state == "open" else [found]
    paged = keyset_page(*sets, size=PER_PAGE, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    context = page(
        seat,
        run=run,
        paged=paged,
        rows=[(row, labels[row.object], title_of(row), reason_label(row.reason)) for row in paged],
        asked=narrowed,
        count=tabs.get(object),
        states=Record.State.choices,
        objects=[(name, labels[name], count) for name, count in tabs.items()],
    )
    return render(request, "projects/records.html", context)


@require_GET
def find(request: Request, slug: str) -> HttpResponse:
    """Where is ana@…? Every record that goes by what was typed, and where it is; or why it is nowhere."""
    seat = seat_of(request, slug)
    asked = request.GET.get("q", "").strip()[:MOST_ASKED]
    names = systems_of(seat.project)
    labels = labels_of(seat.project)
    found = find_records(seat.project, asked, runs=moving_runs(seat.project))
    links = {
        (link.object, link.key): link
        for link in Link.objects.filter(
            project=seat.project, object__in={row.object for row in found}, key__in=[row.key for row in found]
        ).select_related("run")
    }
    since = found_since(seat.project, found)
    reversals = reversals_of(seat.project, found)
    rows = []
    for row in found:
        where = (row.object, row.key)
        back = newest_reversal(row, links.get(where), reversals)
        answer = answer_for(row, links.get(where), since=since.get(where), back=back, **names)
        rows.append((row, title_of(row), labels[row.object], answer))
    nothing = answer_for_nothing(seat.project, asked, names["source"]) if asked and not found else None
    return render(request, "projects/find.html", page(seat, asked=asked, most=MOST_ASKED, rows=rows, nothing=nothing))


class _Echo:
    """A file that hands every line on instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Rows as lines of CSV, with the mark by which spreadsheets know UTF-8; nothing is kept in memory."""
    writer = csv.writer(_Echo())
    yield "\ufeff"
    for cells in rows:
        yield writer.writerow(cells)


def _cells(rows: Iterable[Record]) -> Iterator[Sequence[str]]:
    yield HEADINGS
    for row in rows:
        cells = (
            row.object,
            row.key,
            str(Record.State(row.state).label),
            reason_label(row.reason),
            row.detail,
            row.merged_into,
            str(row.destination_id or ""),
            str(Record.Proof(row.proof).label),
            json.dumps(row.raw, ensure_ascii=False),
        )
        yield [cell_of(cell) for cell in cells]


@require_GET
def download(request: Request, slug: str, number: int) -> StreamingHttpResponse:
    """The same list as CSV, streamed, with every record's fields as JSON."""
    seat = seat_of(request, slug)
    run = run_of(seat, number)
    asked = _asked(request)
    found = _filtered(run, asked)
    lines = _cells(found.order_by("pk").defer("meta", "refs", "mapped", "notes").iterator(chunk_size=500))
    said = (asked.state, asked.object, asked.reason, asked.phase)
    parts = [slug, f"run-{number}", *(value.replace(":", "-") for value in said if value)]
    response = StreamingHttpResponse(csv_lines(lines), content_type="text/csv; charset=utf-8")
    name = "".join(c for c in "-".join(parts) if c.isalnum() or c in "-_")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
