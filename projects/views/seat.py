"""Who asks, about which project, and what this member may do there: every project screen begins here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django_htmx.middleware import HtmxDetails

from connectors.errors import ConnectorError
from connectors.registry import all_connectors
from projects import gates, selectors
from projects.models import Connection, Project, Run, User
from projects.permissions import Can, allows, role_of
from projects.services import Refused

ROLE_WORDS = {"customer": "Customer", "engineer": "Engineer", "admin": "Admin"}


class Request(HttpRequest):
    """A request as the middleware leaves it: of a logged-in user, with what htmx said about itself."""

    user: User
    htmx: HtmxDetails


@dataclass(frozen=True, slots=True)
class Seat:
    """A member's place in a project; asked once per request, so that buttons cost no queries."""

    project: Project
    user: User
    role: str

    def may(self, action: Can) -> bool:
        """Whether this member may do this here."""
        return allows(self.role, action, self.project)

    @property
    def mays(self) -> dict[str, bool]:
        """The same for templates: `may.sign`, `may.run` and so on."""
        return {action.value: self.may(action) for action in Can}


def wants_part(request: Request) -> bool:
    """Whether htmx asks for a part of the page; going back in the history it wants the whole of it."""
    return bool(request.htmx) and not request.htmx.boosted and not request.htmx.history_restore_request


def seat_of(request: Request, slug: str) -> Seat:
    """The user's place in the project; strangers learn nothing, not even that it exists (404)."""
    project = get_object_or_404(Project.objects.visible_to(request.user), slug=slug)
    role = role_of(request.user, project)
    if role is None:
        raise Http404
    return Seat(project, request.user, role)


def run_of(seat: Seat, number: int) -> Run:
    """A run of the seat's project, with what its pages need of it."""
    run = get_object_or_404(seat.project.runs.select_related("field_map", "started_by"), number=number)
    run.project = seat.project
    return run


def systems_of(project: Project) -> dict[str, str]:
    """The names of both systems, for sentences: `source` and `destination`."""
    labels = {connector.slug: connector.label for connector in all_connectors()}
    sides = dict(project.connections.values_list("side", "connector"))
    return {
        side: labels.get(sides.get(side, ""), f"the {side}")
        for side in (Connection.Side.SOURCE, Connection.Side.DESTINATION)
    }


def page(seat: Seat, **context: Any) -> dict[str, Any]:
    """The context of a full project screen: the rail, and what the member may do."""
    standing = gates.Standing(seat.project)
    return {
        "project": seat.project,
        "role": ROLE_WORDS.get(seat.role, seat.role),
        "may": seat.mays,
        "standing": standing,
        "gates": standing.gates,
        **systems_of(seat.project),
        "menu": MENU,
        "rail": [(stop, RAIL_LINKS[stop.stage]) for stop in selectors.rail(seat.project, standing.gates)],
        **context,
    }


@dataclass(frozen=True, slots=True)
class Section:
    """A link at the top of every project page. `tabs` are its pages by name in `urls`, the first where it leads."""

    label: str
    tabs: tuple[tuple[str, str], ...]
    below: tuple[str, ...] = ()

    @property
    def leads_to(self) -> str:
        """The page that the link opens."""
        return self.tabs[0][0]

    @property
    def names(self) -> tuple[str, ...]:
        """The pages of this section, those below its tabs too."""
        return (*(name for name, _ in self.tabs), *self.below)


MENU = (
    Section("", (("project", "Overview"), ("connections", "Connections"), ("trail", "Trail"))),
    Section(
        "Runs",
        (("runs", "Runs"), ("delta", "Delta"), ("rollback", "Rollback")),
        below=("run", "records", "reconciliation"),
    ),
    Section("Held", (("held", "Held"),)),
    Section("Find", (("find", "Find"),), below=("record",)),
    Section(
        "Documents",
        (("scope", "Scope"), ("audit", "Deleted profiles"), ("certificates", "Certificate"), ("handoff", "Handoff")),
        below=("proof",),
    ),
)
"""What the top of a project page leads to, besides the stages of the rail; the first is the project itself."""

RAIL_LINKS = {
    "discovery": "discovery",
    "design": "map",
    "sandbox": "sandbox",
    "audit": "audit",
    "production": "runs",
    "cutover": "cutover",
    "hypercare": "hypercare",
}
"""Where a stop of the rail leads."""


class told:  # noqa: N801 - reads as a word after “with”
    """What a service refuses, or another system, is shown as its sentence on the next page."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def __enter__(self) -> None:
        """Listens."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        """Tells what was refused; anything else goes on its way."""
        if not isinstance(error, (Refused, ConnectorError)):
            return False
        messages.error(self._request, str(error))
        return True
