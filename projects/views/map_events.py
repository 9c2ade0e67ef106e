"""What the events count as: shown with examples, accepted, changed part by part, left behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from mapping.activities import EVENT, MESSAGE, parts_of
from mapping.masking import without_quotes
from mapping.parts import Row, with_part
from mapping.rules import Action, ActivityRule, Home, Kind, MapSpec
from projects import map_services
from projects.map_forms import HOME_WORDS, KIND_WORDS, PART_WORDS, StreamForm
from projects.services import Refused
from projects.views import map_changes
from projects.views.field_rows import how_sure, is_sure
from projects.views.map_objects import head_of, review_of, say
from projects.views.map_review import Review
from projects.views.seat import Request, Seat, seat_of, told

PER_PAGE = 100
ASKED = {Kind.CALL: "a call", Kind.MEETING: "a meeting", Kind.NOTE: "a note", Kind.TASK: "a task",
         Kind.EMAIL: "an e-mail", Kind.EVENT: "an event"}  # fmt: skip

OTHERS = "Events under any other name"


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One stream in words. `question` is the kind that it may be, where that is too weak to be proposed."""

    rule: ActivityRule
    name: str
    count: int
    counts_as: str
    lands: str
    parts: tuple[tuple[str, str], ...]
    examples: tuple[str, ...]
    reason: str
    question: str
    sure: str
    tone: str
    decided: str
    is_open: bool


@require_GET
def events(request: Request, slug: str) -> HttpResponse:
    """Every stream of happenings with what it counts as; the one that is to be changed, with its form."""
    review = review_of(request, slug)
    if review is None:
        return redirect("map", slug=slug)
    streams = sorted(review.spec.activities, key=_order)
    paged = Paginator(streams, PER_PAGE).get_page(request.GET.get("page"))
    key = request.GET.get("stream", "")
    chosen = next((rule for rule in streams if rule.key == key), None)
    form = StreamForm(rule=chosen, properties=properties_of(review, chosen)) if chosen else None
    context = head_of(
        review.seat,
        review,
        rows=[_stream_row(review, rule) for rule in paged],
        paged=paged,
        chosen=_stream_row(review, chosen) if chosen else None,
        form=form,
        sure=len(sure_streams(review)),
        masked=review.masked,
        has_streams=True,
    )
    return render(request, "projects/map_events.html", context)


def _order(rule: ActivityRule) -> tuple[bool, bool, int]:
    """Questions first, then calls, meetings, notes and tasks, then the rest; the frequent before the rare."""
    return rule.alternative is None, rule.kind in (Kind.EVENT, Kind.EMAIL), -rule.count


def properties_of(review: Review, rule: ActivityRule) -> Mapping[str, int]:
    """The properties of a stream as discovery saw them, each with how often it was filled."""
    known = review.known.get(rule.source)
    if known is None:
        return {}
    if rule.source == EVENT:
        return known.properties.get(rule.name, {})
    if rule.source == MESSAGE:
        return {}
    return {name: field.filled for name, field in known.fields.items()}


def _stream_row(review: Review, rule: ActivityRule) -> StreamRow:
    decided = review.decider(Row("", rule.key), rule)
    known = review.known.get(rule.source)
    label = rule.name or (OTHERS if rule.source == EVENT else known.label_plural if known else rule.source)
    left = rule.action == Action.SKIP
    sure, tone = ("Question", "wait") if rule.alternative else how_sure(rule)
    if decided:
        # An object type that is no stream of happenings stays an object: that leaves nothing behind.
        sure, tone = ("Left behind", "mute") if left and rule.source in (EVENT, MESSAGE) else ("Decided", "ok")
    return StreamRow(
        rule=rule,
        name=f"{label} where {rule.where} is {rule.equals}" if rule.where else label,
        count=rule.count or (known.count if known and rule.source != EVENT else 0),
        counts_as="" if left else KIND_WORDS[rule.kind],
        lands="" if left else HOME_WORDS[rule.home],
        parts=tuple((PART_WORDS.get(part, part), path) for part, path in rule.parts.items()),
        examples=() if review.masked else rule.examples,
        reason=without_quotes(rule.reason) if review.masked else rule.reason,
        question=ASKED[rule.alternative] if rule.alternative and not decided else "",
        sure=sure,
        tone=tone,
        decided=decided,
        is_open=not review.is_decided(Row("", rule.key), rule),
    )


def sure_streams(review: Review) -> list[Row]:
    """The streams that wait, that we are sure of, and that are no question."""
    waiting = [rule for rule in review.spec.activities if not review.is_decided(Row("", rule.key), rule)]
    return [Row("", rule.key) for rule in waiting if is_sure(rule) and rule.alternative is None]


@require_POST
def change(request: Request, slug: str) -> HttpResponse:
    """Says what a stream counts as, where it lands and which property plays which part; accepts or leaves it."""
    seat = seat_of(request, slug)
    with told(request):
        review = review_of(request, slug)
        if review is None:
            raise Refused("There is no field map yet: discover, then propose one.")
        key = request.POST.get("key", "")
        rule = map_changes.find_stream(review.spec, key)
        properties = properties_of(review, rule)
        form = StreamForm(request.POST, rule=rule, properties=properties)
        if not form.is_valid():
            raise Refused("That change could not be read. Nothing was changed.")
        to = form.cleaned_data["to"]

        def work(spec: MapSpec) -> MapSpec:
            standing = map_changes.find_stream(spec, key)
            update = _update(standing, form, properties)
            if not update:
                return spec
            changed = standing.model_dump() | update | {"decided_by": str(request.user)}
            return with_part(spec, Row("", key), ActivityRule.model_validate(changed))

        note = {"accept": f"accepted {key}", "leave": f"left {key} behind"}.get(to, f"changed {key}")
        done = map_services.decide(project=seat.project, by=request.user, note=note, rows=[Row("", key)], change=work)
        say(request, done)
    return _back(seat, request)


def _update(rule: ActivityRule, form: StreamForm, properties: Mapping[str, int]) -> dict[str, Any]:
    """What a button changes of a rule; nothing where it only says yes."""
    given = form.cleaned_data
    to = given["to"]
    if to == "leave":
        return {"action": Action.SKIP}
    if to == "yes" and rule.alternative:
        home = Home.COMMENT if rule.alternative is Kind.NOTE else Home.ACTIVITY
        guessed = rule.parts or parts_of(properties, rule.alternative)
        return {"action": Action.MAP, "kind": rule.alternative, "home": home, "parts": guessed, "alternative": None}
    if to != "change":
        return {}
    kind = Kind(given["kind"]) if given["kind"] else rule.kind
    update = {"action": Action.MAP, "kind": kind, "home": given["home"] or rule.home, "alternative": None}
    chosen = form.parts
    if chosen is None:
        return update
    parts = chosen if chosen or rule.parts or kind is rule.kind else parts_of(properties, kind)
    return update | {"parts": parts, "columns": given["columns"]}


def _back(seat: Seat, request: Request) -> HttpResponse:
    url, number = reverse("map-events", args=[seat.project.slug]), request.POST.get("page")
    return redirect(f"{url}?{urlencode({'page': number})}" if number else url)


@require_POST
def accept_sure(request: Request, slug: str) -> HttpResponse:
    """Accepts every stream that waits and that we are sure of."""
    seat = seat_of(request, slug)
    with told(request):
        review = review_of(request, slug)
        rows = sure_streams(review) if review else []
        if not rows:
            raise Refused("There is nothing left to which this would apply.")
        note = f"accepted the {len(rows)} streams of events we are sure of"
        say(request, map_services.decide(project=seat.project, by=request.user, note=note, rows=rows))
    return redirect("map-events", slug=slug)
