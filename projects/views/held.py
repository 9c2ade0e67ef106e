"""Held records: grouped by reason, decided for all or one by one, doubles side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from mapping.exact import as_text
from projects import corrections, selectors, services
from projects.models import Decision, Phase, Record, Run
from projects.pipeline.settle import DUPLICATE
from projects.pipeline.threeway import BOTH_SIDES
from projects.selectors import HeldGroup
from projects.views.keyset import keyset_page
from projects.views.pairs import title_of
from projects.views.records import csv_lines
from projects.views.seat import Request, Seat, page, seat_of, told

PER_PAGE = 25
DOUBLES_PER_PAGE = 5

VERDICTS = {
    "import": ("Import", "imported as they are"),
    "merge": ("Merge into one", "merged into one"),
    "drop": ("Leave behind", "left behind"),
    "restore": ("Restore and update", "restored and updated"),
    "remove": ("Remove the deleted one for good", "imported, the deleted one removed for good"),
    "ours": ("Keep what stands in Twenty", "kept as it stands in Twenty"),
    "theirs": ("Take what Customer.io says", "taken over from Customer.io"),
}
"""Verdict → the button, and what was decided."""

LANDING = ("import", "restore", "remove")
"""Verdicts after which all of a group land; of what changed on both sides, all land whatever the verdict."""

OF_DOUBLES = {"import": "Import all", "merge": "Merge into one", "drop": "Keep the first of each"}
"""The buttons where records share a value: there, one of each group always lands."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the books would say after a verdict; the sum of the columns never changes."""

    verdict: str
    label: str
    held: int
    landed: int
    merged: int
    left: int


@dataclass(frozen=True, slots=True)
class Double:
    """Records that share one unique value, side by side: a row per field, a cell per record."""

    value: str
    records: tuple[Record, ...]
    titles: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...], bool], ...]
    verdicts: tuple[str, ...]

    @property
    def is_decided(self) -> bool:
        """Whether nobody has to say more: one of them may be left, and lands."""
        return sum(map(bool, self.verdicts)) >= max(1, len(self.records) - 1)


def button_of(group: HeldGroup, verdict: str) -> str:
    """What stands on the button of a verdict."""
    return OF_DOUBLES[verdict] if group.reason == DUPLICATE else VERDICTS[verdict][0]


def outcomes(group: HeldGroup, values: int) -> list[Outcome]:
    """Before and after for each verdict. `values`: how many different unique values a group of doubles has."""
    made = [Outcome("", "Now", group.count, 0, 0, 0)]
    kept = values if group.reason == DUPLICATE else 0
    for verdict in group.verdicts:
        landed = group.count if verdict in LANDING or group.reason == BOTH_SIDES else kept
        rest = group.count - landed
        merged, left = (rest, 0) if verdict == "merge" else (0, rest)
        made.append(Outcome(verdict, button_of(group, verdict), 0, landed, merged, left))
    return made


def words_of(verdict: str) -> str:
    """What was decided, in words; empty where nothing was."""
    return VERDICTS.get(verdict, ("", ""))[1]


def is_reached(run: Run, object: str) -> bool:
    """Whether this run still carries out what is decided about the object type, not only the next one."""
    return run.is_open and run.phases.filter(steps__object=object).exclude(state=Phase.State.APPROVED).exists()


@require_GET
def held(request: Request, slug: str) -> HttpResponse:
    """The groups, and the records of the one that is looked at."""
    seat = seat_of(request, slug)
    groups = selectors.held_groups(seat.project)
    run = selectors.newest_run(seat.project)
    wanted = (request.GET.get("object", ""), request.GET.get("reason", ""))
    group = next((one for one in groups if (one.object, one.reason) == wanted), groups[0] if groups else None)
    reaches = run is not None and group is not None and is_reached(run, group.object)
    context = page(
        seat,
        run=run,
        groups=[(one, words_of(one.verdict)) for one in groups],
        total=sum(one.count for one in groups),
        group=group,
        choices=[(verdict, button_of(group, verdict)) for verdict in group.verdicts] if group else [],
        at_once=reaches,
        carrying=reaches and run is not None and run.is_active,
    )
    if run is not None and group is not None:
        context |= _of_group(request, seat, run, group)
    return render(request, "projects/held.html", context)


def _of_group(request: Request, seat: Seat, run: Run, group: HeldGroup) -> dict[str, Any]:
    found = Record.objects.filter(run=run, object=group.object, reason=group.reason, state=Record.State.HELD).aside()
    decided = dict(
        Decision.objects.filter(project=seat.project, object=group.object, reason=group.reason)
        .exclude(key="")
        .values_list("key", "verdict")
    )
    if group.reason == DUPLICATE:
        return _doubles(request, found, group, decided)
    paged = keyset_page(found, size=PER_PAGE, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    rows = [(row, title_of(row), words_of(decided.get(row.key, group.verdict))) for row in paged]
    return {"paged": paged, "rows": rows, "outcomes": outcomes(group, 0)}


def _doubles(request: Request, found: Any, group: HeldGroup, decided: dict[str, str]) -> dict[str, Any]:
    after = request.GET.get("after", "")
    values = found.filter(match_key__gt=after).order_by("match_key").values_list("match_key", flat=True).distinct()
    shared = list(values[: DOUBLES_PER_PAGE + 1])
    by_value: dict[str, list[Record]] = {}
    for row in found.filter(match_key__in=shared[:DOUBLES_PER_PAGE]).order_by("match_key", "key"):
        by_value.setdefault(row.match_key, []).append(row)
    doubles = [_double(value, rows, decided, group.verdict) for value, rows in by_value.items()]
    different = found.aggregate(number=Count("match_key", distinct=True))["number"]
    more = shared[DOUBLES_PER_PAGE - 1] if len(shared) > DOUBLES_PER_PAGE else ""
    return {"doubles": doubles, "more_doubles": more, "from_start": not after, "outcomes": outcomes(group, different)}


def _double(value: str, records: Iterable[Record], decided: dict[str, str], otherwise: str) -> Double:
    """The fields of doubles, those that differ first. `otherwise`: the verdict on the whole group, if there is one."""
    rows = tuple(records)
    names = dict.fromkeys(name for row in rows for name in row.raw)
    table = []
    for name in names:
        cells = tuple("" if row.raw.get(name) is None else as_text(row.raw[name]) for row in rows)
        table.append((name, cells, len(set(cells)) > 1))
    return Double(
        value=value,
        records=rows,
        titles=tuple(title_of(row) for row in rows),
        rows=tuple(sorted(table, key=lambda line: not line[2])),
        verdicts=tuple(words_of(decided.get(row.key, otherwise)) for row in rows),
    )


@require_POST
def decide(request: Request, slug: str) -> HttpResponse:
    """A verdict for a whole group, for named records, or “keep this one” among doubles."""
    seat = seat_of(request, slug)
    object, reason = request.POST.get("object", ""), request.POST.get("reason", "")
    verdict, keys = request.POST.get("verdict", ""), request.POST.getlist("keys")
    if keep := request.POST.get("keep"):
        verdict, keys = "drop", [key for key in keys if key != keep]
    with told(request):
        if verdict not in selectors.verdicts_for(reason) or (keep and not keys):
            raise services.Refused("That decision does not fit these records.")
        number = services.decide_held(
            project=seat.project, object=object, reason=reason, verdict=verdict, by=request.user, keys=keys or None
        )
        words = VERDICTS[verdict][1]
        messages.success(request, f"Decided for {number:,} record{'' if number == 1 else 's'}: {words}.")
    return redirect(f"{reverse('held', args=[slug])}?{urlencode({'object': object, 'reason': reason})}")


@require_GET
def sheet(request: Request, slug: str) -> StreamingHttpResponse:
    """The held records of one object type (and reason) as a spreadsheet that can be corrected and handed in again."""
    seat = seat_of(request, slug)
    run = selectors.newest_run(seat.project)
    if run is None:
        raise Http404
    object, reason = request.GET.get("object", ""), request.GET.get("reason", "")
    found = Record.objects.filter(run=run, object=object, state=Record.State.HELD).aside()
    found = found.filter(reason=reason) if reason else found
    rows = found.order_by("pk").defer("meta", "refs", "mapped", "notes").iterator(chunk_size=500)
    lines = corrections.sheet_of(rows, corrections.columns_of(run, object))
    response = StreamingHttpResponse(csv_lines(lines), content_type="text/csv; charset=utf-8")
    name = "".join(c for c in f"{slug}-held-{object}-{reason}".replace(":", "-") if c.isalnum() or c in "-_")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


@require_POST
def correct(request: Request, slug: str) -> HttpResponse:
    """Takes a corrected spreadsheet in: the whole of it, or none and a sentence for each wrong row."""
    seat = seat_of(request, slug)
    with told(request):
        given = request.FILES.get("sheet")
        if given is None:
            raise services.Refused("Choose the corrected file first.")
        if (given.size or 0) > corrections.LARGEST:
            raise services.Refused(f"The file is larger than {corrections.LARGEST >> 20} MB: hand it in in parts.")
        fields, decided = corrections.take_in(
            project=seat.project, by=request.user, content=given.read(), name=given.name or "a file"
        )
        messages.success(request, f"Taken in: {fields:,} records corrected, {decided:,} decided.")
    return redirect("held", slug=slug)
