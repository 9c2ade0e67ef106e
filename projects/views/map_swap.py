"""The answer to a decision: for htmx the next row and what has changed, for everybody else the page again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from mapping.rules import ObjectRule
from projects.map_services import Done
from projects.review import findings_of
from projects.views.field_rows import NEEDS
from projects.views.map_review import Asked, Review, counts_of, next_waiting, panel_of
from projects.views.seat import Request, Seat, systems_of, wants_part


def sentence_of(done: Done) -> str:
    """What a decision did, as the page says it."""
    note = done.note[:1].upper() + done.note[1:]
    if not done.changed:
        return f"{note}."
    void = " The signature under the former map is void." if done.voided else ""
    return f"{note}. This is map v{done.version.number} now.{void}"


def answer(request: Request, seat: Seat, asked: Asked, done: Done | None) -> HttpResponse:
    """Moves on to the next row that waits. Without `done` nothing was decided: the same row again, with the reason."""
    version = done.version if done else seat.project.map_series.latest()
    if version is None:
        return redirect("map", slug=seat.project.slug)
    review = Review(seat, version, asked)
    owner = review.owner
    following = next_waiting(review, owner, asked.field or "") if owner and done else None
    field = following.rule.source if following else asked.field
    url = f"{reverse('map', args=[seat.project.slug])}?{asked.query(field=field)}"
    if owner is None or not wants_part(request):
        if done:
            (messages.warning if done.voided else messages.success)(request, sentence_of(done))
        return redirect(url)
    swapped = render(request, "projects/map_swap.html", _swap(request, review, owner, field, done))
    swapped["HX-Replace-Url"] = url
    return swapped


def _swap(request: Request, review: Review, owner: ObjectRule, field: str | None, done: Done | None) -> dict[str, Any]:
    """The panel of the next row, and with it the rows and numbers that are others now."""
    rows = {stand.rule.source: stand for stand in review.stands[owner.source]}
    tab = review.asked.tab or NEEDS
    stand = rows.get(field or "") or next(iter(rows.values()))
    mine = [row for row in done.rows if row.object == owner.source and row.source in rows] if done else []
    return {
        **counts_of(review, owner),
        **panel_of(review, owner, stand, tab),
        "project": review.seat.project,
        "may": review.seat.mays,
        "version": review.version,
        "problems": findings_of(review.seat.project, review.spec) if done and done.changed else None,
        "sentence": sentence_of(done) if done else "",
        "voided": bool(done and done.voided),
        "notices": list(messages.get_messages(request)),
        "touched": [review.row(owner, rows[row.source]) for row in mine],
        "is_asked": True,
        "swapped": True,
        **systems_of(review.seat.project),
    }
