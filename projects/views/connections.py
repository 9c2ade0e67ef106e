"""The two connections: a form made from what each connector declares, and the proof that it works."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from connectors import registry
from connectors.contract import Connector
from projects import services
from projects.forms import ConnectionForm
from projects.models import Connection
from projects.permissions import Can
from projects.views.seat import Request, Seat, page, seat_of, told

TITLES = {Connection.Side.SOURCE: "From", Connection.Side.DESTINATION: "To"}


@dataclass(frozen=True, slots=True)
class Card:
    """One side as its card shows it."""

    side: str
    title: str
    declaration: Connector | None
    choices: tuple[Connector, ...]
    stored: Connection | None
    form: ConnectionForm | None

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What the other side said about itself when it was asked last."""
        identity = self.stored.identity if self.stored else {}
        return [(name, value) for name, value in identity.items() if name.lower() != "address"]

    @property
    def state(self) -> str:
        """One word for the badge: none, failed, proved or unproved."""
        if self.stored is None:
            return "none"
        if self.stored.problem:
            return "failed"
        return "proved" if self.stored.checked_at else "unproved"


def choices_of(side: str) -> tuple[Connector, ...]:
    """The connectors that can be this side."""
    return tuple(c for c in registry.all_connectors() if (c.source if side == "source" else c.destination))


def _card(seat: Seat, side: str, wanted: str, stored: Connection | None, form: ConnectionForm | None) -> Card:
    choices = choices_of(side)
    slug = wanted or (stored.connector if stored else "")
    declaration = next((c for c in choices if c.slug == slug), choices[0] if choices else None)
    if form is None and declaration is not None and seat.may(Can.CONNECT):
        form = ConnectionForm(side=side, declaration=declaration, stored=stored)
    return Card(side, TITLES[Connection.Side(side)], declaration, choices, stored, form)


def _show(request: Request, seat: Seat, refused: ConnectionForm | None = None, at: str = "") -> HttpResponse:
    stored = {connection.side: connection for connection in seat.project.connections.all()}
    cards = [
        _card(seat, side, request.GET.get(side, ""), stored.get(side), refused if side == at else None)
        for side in (Connection.Side.SOURCE, Connection.Side.DESTINATION)
    ]
    status = 422 if refused else 200
    return render(request, "projects/connections.html", page(seat, cards=cards), status=status)


@require_GET
def connections(request: Request, slug: str) -> HttpResponse:
    """Both sides, a card each."""
    return _show(request, seat_of(request, slug))


@require_POST
def save(request: Request, slug: str, side: str) -> HttpResponse:
    """Stores how one side is reached."""
    seat = seat_of(request, slug)
    declaration = next((c for c in choices_of(side) if c.slug == request.POST.get("connector")), None)
    if side not in Connection.Side.values or declaration is None:
        raise Http404
    form = ConnectionForm(
        request.POST, side=side, declaration=declaration, stored=seat.project.connections.filter(side=side).first()
    )
    if seat.may(Can.CONNECT) and not form.is_valid():
        return _show(request, seat, form, side)
    with told(request):
        services.save_connection(
            project=seat.project,
            side=side,
            connector=declaration.slug,
            base_url=form.url,
            credentials=form.credentials,
            requests_per_minute=form.cleaned_data["requests_per_minute"],
            by=request.user,
        )
        messages.success(request, f"Saved. Now test the connection to {declaration.label}.")
    return redirect("connections", slug=slug)


@require_POST
def test(request: Request, slug: str, side: str) -> HttpResponse:
    """Proves one side with a cheap request."""
    seat = seat_of(request, slug)
    if side not in Connection.Side.values:
        raise Http404
    with told(request):
        identity = services.test_connection(project=seat.project, side=side, by=request.user)
        messages.success(request, f"The connection works: {identity.account}.")
    return redirect("connections", slug=slug)
