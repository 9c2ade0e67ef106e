"""Buttons of the review screen: accept, leave behind, take again, many at once, undo, comments."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from mapping.parts import Row, digest_of
from mapping.rules import MapSpec
from projects import map_services
from projects.map_forms import CommentForm, RowForm
from projects.map_services import Done
from projects.services import Refused
from projects.views import map_changes
from projects.views.map_review import Asked, Review, hardly_filled, sure_fields
from projects.views.map_swap import answer, sentence_of
from projects.views.seat import Request, Seat, seat_of, told


def back_to(seat: Seat, asked: Asked, field: str | None = None) -> HttpResponse:
    """The table again, at a field."""
    return redirect(f"{reverse('map', args=[seat.project.slug])}?{asked.query(field=field)}")


@require_POST
def change(request: Request, slug: str) -> HttpResponse:
    """Accepts one field as it is proposed, leaves it behind, or takes it again."""
    seat = seat_of(request, slug)
    asked = Asked.of(request.POST)
    form = RowForm(request.POST)
    done: Done | None = None
    with told(request):
        if not form.is_valid() or not form.cleaned_data["to"] or not asked.field:
            raise Refused("That change could not be read. Nothing was changed.")
        given = form.cleaned_data
        done = _carry_out(request, seat, Row(asked.object, asked.field), given["to"], given["seen"])
    return answer(request, seat, asked, done)


def _carry_out(request: Request, seat: Seat, row: Row, to: str, seen: str) -> Done:
    """`seen` is the digest of the row as the page showed it: nobody says yes to what somebody else has just changed."""
    project, by = seat.project, request.user

    def leave(spec: MapSpec) -> MapSpec:
        return map_changes.leave(spec, row, str(by))

    def take(spec: MapSpec) -> MapSpec:
        earlier = (older.spec for older in project.map_series.versions.order_by("-number").iterator())
        return map_changes.take(spec, row, str(by), earlier)

    def accept(spec: MapSpec) -> MapSpec:
        map_changes.find(spec, row)
        if seen and seen != digest_of(spec, row):
            raise Refused(f"“{row.source}” was changed by somebody else meanwhile: look at it again.")
        return spec

    doing = {
        "leave": (leave, f"left {row.source} behind"),
        "take": (take, f"took {row.source} again"),
        "accept": (accept, f"accepted {row.source}"),
    }
    if to not in doing:
        raise Refused("That change could not be read. Nothing was changed.")
    work, note = doing[to]
    return map_services.decide(project=project, by=by, note=note, rows=[row], change=work)


@require_POST
def bulk(request: Request, slug: str) -> HttpResponse:
    """Accepts all fields we are sure of, or leaves those behind that are filled in next to no record."""
    seat = seat_of(request, slug)
    asked = Asked.of(request.POST)
    with told(request):
        version = seat.project.map_series.latest()
        review = Review(seat, version, asked) if version else None
        owner = review.owner if review else None
        if review is None or owner is None:
            raise Refused("There is no field map yet: discover, then propose one.")
        leaving = request.POST.get("what") == "hardly"
        fields = hardly_filled(review, owner) if leaving else sure_fields(review, owner)
        if not fields:
            raise Refused("There is no field left to which this would apply.")
        rows = [Row(owner.source, field) for field in fields]
        if leaving:
            note, work = f"left {len(rows)} hardly filled fields behind", _leave_all(rows, str(request.user))
        else:
            note, work = f"accepted the {len(rows)} fields we are sure of", _unchanged
        done = map_services.decide(project=seat.project, by=request.user, note=note, rows=rows, change=work)
        messages.success(request, sentence_of(done))
    return back_to(seat, asked)


def _unchanged(spec: MapSpec) -> MapSpec:
    return spec


def _leave_all(rows: list[Row], by: str) -> map_changes.Change:
    def work(spec: MapSpec) -> MapSpec:
        for row in rows:
            spec = map_changes.leave(spec, row, by)
        return spec

    return work


@require_POST
def undo(request: Request, slug: str) -> HttpResponse:
    """Takes back what this member did last."""
    seat = seat_of(request, slug)
    asked = Asked.of(request.POST)
    with told(request):
        done = map_services.undo(project=seat.project, by=request.user)
        row = done.rows[0] if done.rows else None
        void = " The signature under the former map is void." if done.voided else ""
        messages.success(request, f"Undone: {done.note}.{void}")
        if row and not row.object:
            return redirect("map-events", slug=slug)
        if row and not row.source:
            return redirect("map-objects", slug=slug)
        if row:
            return back_to(seat, Asked(object=row.object, tab=asked.tab), row.source)
    return back_to(seat, asked, asked.field)


@require_POST
def comment(request: Request, slug: str) -> HttpResponse:
    """Says something about a row."""
    seat = seat_of(request, slug)
    asked = Asked.of(request.POST)
    with told(request):
        form = CommentForm(request.POST)
        if not form.is_valid():
            raise Refused("The comment is empty: write what you want to say.")
        row = Row(asked.object, asked.field or "")
        map_services.comment(project=seat.project, by=request.user, row=row, text=form.cleaned_data["text"])
        messages.success(request, "Your comment stands beside the field.")
    return back_to(seat, asked, asked.field)


@require_POST
def settle(request: Request, slug: str, pk: int) -> HttpResponse:
    """Marks a comment as settled, or as open again."""
    seat = seat_of(request, slug)
    comment = get_object_or_404(seat.project.map_series.comments, pk=pk)
    with told(request):
        map_services.settle_comment(
            project=seat.project, by=request.user, comment=comment, resolved=not comment.resolved
        )
    return back_to(seat, Asked(object=comment.object), comment.source)


@require_POST
def show_values(request: Request, slug: str) -> HttpResponse:
    """Says whether engineers see values here."""
    seat = seat_of(request, slug)
    with told(request):
        shown = request.POST.get("shown") == "yes"
        map_services.show_values(project=seat.project, by=request.user, shown=shown)
        words = "Engineers see values in the field map." if shown else "Engineers see the shape of values only."
        messages.success(request, words)
    return redirect("map", slug=slug)
