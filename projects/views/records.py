"""Single records: lists by state, the whole life of one, and the download."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from mapping.rules import MapSpec, ObjectRule
from projects.models import Link, Record, Run
from projects.models.record import RecordQuerySet
from projects.reasons import reason_label
from projects.selectors import object_labels
from projects.views.pairs import pairs_of, title_of
from projects.views.reconciliation import difference_lines
from projects.views.seat import Request, page, run_of, seat_of

PER_PAGE = 50

HEADINGS = ("object", "key", "state", "reason", "detail", "merged into", "id in the destination", "read back", "record")

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula."""


def _filtered(request: Request, run: Run) -> tuple[RecordQuerySet, dict[str, str]]:
    """The run's records, as narrowed down in the address."""
    asked = {name: request.GET.get(name, "") for name in ("state", "object", "reason", "phase")}
    found = Record.objects.filter(run=run)
    if asked["state"] == "open":
        found = found.exclude(state__in=Record.SETTLED)
    elif asked["state"]:
        found = found.filter(state=asked["state"])
    if asked["phase"]:
        found = found.filter(object__in=run.steps.filter(phase__name=asked["phase"]).values("object"))
    for name in ("object", "reason"):
        if asked[name]:
            found = found.filter(**{name: asked[name]})
    return found, asked


@require_GET
def records(request: Request, slug: str, number: int) -> HttpResponse:
    """The records of a run, by state, object type and reason."""
    seat = seat_of(request, slug)
    run = run_of(seat, number)
    found, asked = _filtered(request, run)
    paged = Paginator(found.order_by("pk").defer("meta", "refs", "notes"), PER_PAGE).get_page(request.GET.get("page"))
    labels = object_labels(seat.project)
    context = page(
        seat,
        run=run,
        records=paged,
        rows=[(row, labels.get(row.object, row.object), title_of(row), reason_label(row.reason)) for row in paged],
        asked=asked,
        states=Record.State.choices,
        objects=[(step, labels.get(step, step)) for step in _objects(run)],
    )
    return render(request, "projects/records.html", context)


def _objects(run: Run) -> list[str]:
    return list(dict.fromkeys(run.steps.exclude(stage="clear").order_by("order").values_list("object", flat=True)))


@require_GET
def record(request: Request, slug: str, number: int, pk: int) -> HttpResponse:
    """Everything known about one source row."""
    seat = seat_of(request, slug)
    run = run_of(seat, number)
    row = get_object_or_404(Record, run=run, pk=pk)
    link = Link.objects.filter(project=seat.project, object=row.object, key=row.key).select_related("run").first()
    labels = object_labels(seat.project)
    context = page(
        seat,
        run=run,
        record=row,
        title=title_of(row),
        label=labels.get(row.object, row.object),
        reason=reason_label(row.reason),
        link=link,
        landed=row.state in Record.LANDED,
        pairs=pairs_of(rule_of(run, row.object), row),
        differences=difference_lines(row.differences.order_by("pk"), labels),
        raw=pretty(row.raw),
        mapped=pretty(row.mapped),
        meta=pretty(row.meta) if row.meta else "",
        written=pretty(link.written) if link and link.written else "",
        before=pretty(link.before) if link and link.before else "",
    )
    return render(request, "projects/record.html", context)


def rule_of(run: Run, object: str) -> ObjectRule | None:
    """The rule under which an object type moved in this run."""
    spec = run.field_map.spec if run.field_map else MapSpec()
    return spec.object(object)


def pretty(value: Any) -> str:
    """JSON for reading."""
    return json.dumps(value, indent=2, ensure_ascii=False)


class _Echo:
    """A file that hands every line on instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def _cell(value: str) -> str:
    """A cell that no spreadsheet runs as a formula."""
    return f"'{value}" if value.startswith(DANGEROUS) else value


def _lines(rows: Iterable[Record]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff"
    yield writer.writerow(HEADINGS)
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
        yield writer.writerow([_cell(cell) for cell in cells])


@require_GET
def download(request: Request, slug: str, number: int) -> StreamingHttpResponse:
    """The same list as CSV, streamed, with every record's fields as JSON."""
    seat = seat_of(request, slug)
    run = run_of(seat, number)
    found, asked = _filtered(request, run)
    lines = _lines(found.order_by("pk").defer("meta", "refs", "mapped", "notes").iterator(chunk_size=500))
    parts = [slug, f"run-{number}", *(value.replace(":", "-") for value in asked.values() if value)]
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = "".join(c for c in "-".join(parts) if c.isalnum() or c in "-_")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
