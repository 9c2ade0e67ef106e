"""The fake as an application: who may ask, how often, and what an error looks like (FACTS.md §1)."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from connectors.customerio.fake import (
    activities,
    automations,
    configuration,
    exports,
    messages,
    objects,
    people,
    segments,
    track,
)
from connectors.customerio.fake.calls import ApiError, Call, Route
from connectors.customerio.fake.faults import Fault, Faults
from connectors.customerio.fake.limits import PerDay, PerSecond
from connectors.customerio.fake.quirks import EmptyLists, Quirks
from connectors.customerio.fake.workspace import Workspace

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

API_KEY = "fake-app-api-key"
TRACK_KEY = ("fake-site-id", "fake-track-api-key")
REMEMBERED_REQUESTS = 100_000
BODIES_PER_DAY = 100
REGION_OF_HOST = {"api.customer.io": "us", "api-eu.customer.io": "eu"}
HTML_ERROR = b"<html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>"
ROUTES: tuple[Route, ...] = tuple(
    route
    for module in (people, segments, objects, activities, messages, automations, exports, configuration, track)
    for route in module.ROUTES
)
URLS = Map(
    [Rule(route.path, methods=[route.method], endpoint=route) for route in ROUTES],
    merge_slashes=False,
    strict_slashes=False,
)


@dataclass(frozen=True)
class Answered:
    """A request as the log keeps it; `at` is a monotonic time. Status 0 means that the connection broke."""

    method: str
    path: str
    query: str
    status: int
    at: float


class FakeCustomerio:
    """Customer.io's App API over a workspace, as a WSGI application."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        api_key: str = API_KEY,
        region: str = "us",
        requests_per_second: float | None = 10.0,
        clock: Callable[[], float] | None = None,
        quirks: Quirks | None = None,
    ) -> None:
        self.workspace = workspace
        if clock is not None:
            workspace.clock = clock
        self.api_key: str | None = api_key
        self.track_key = TRACK_KEY
        self.region = region
        self.quirks = quirks or Quirks()
        self.faults = Faults()
        self.requests: deque[Answered] = deque(maxlen=REMEMBERED_REQUESTS)
        self.per_second = PerSecond(requests_per_second)
        self.per_day = PerDay(BODIES_PER_DAY)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; the body is read first, so a kept connection stands at the next request."""
        request = Request(environ)
        request.get_data(cache=True)
        with self.workspace.lock:
            response = self._respond(request)
        return response(environ, start_response)

    def revoke_key(self) -> None:
        """From now on the key is unknown, as after its deletion in the settings."""
        self.api_key = None

    def calls(self, match: str = "*", method: str | None = None) -> list[Answered]:
        """The remembered requests whose path matches, `*` standing for any text."""
        with self.workspace.lock:
            rows = list(self.requests)
        return [row for row in rows if fnmatchcase(row.path, match) and method in (None, row.method)]

    def _respond(self, request: Request) -> Response:
        fault = self.faults.take(request.method, request.path)
        if fault is not None and fault.error is not None:
            self._log(request, 0)
            raise fault.error
        if fault is not None and fault.keep_bytes is None:
            response = Response(fault.body, fault.status, fault.headers)
        else:
            response = self._answer(request)
        if fault is not None and fault.keep_bytes is not None:
            _truncate(response, fault)
        self._log(request, response.status_code)
        return response

    def _log(self, request: Request, status: int) -> None:
        query = request.query_string.decode()
        self.requests.append(Answered(request.method, request.path, query, status, time.monotonic()))

    def _answer(self, request: Request) -> Response:
        workspace = self.workspace
        call = Call(request, workspace, self.quirks, workspace.clock(), self.region)
        try:
            answer = self._dispatch(call)
        except ApiError as error:
            return self._error(error.status, error.detail, call.headers | error.headers)
        if isinstance(answer, Response):
            return answer
        if self.quirks.empty_lists is EmptyLists.EVERYWHERE:
            answer = _without_empty_lists(answer)
        return _json(answer, 200, call.headers)

    def _dispatch(self, call: Call) -> dict[str, Any] | Response:
        """Refuse in the order of the real API: unknown key, too many requests, unknown path."""
        route, arguments = self._route(call.request)
        if route is None or route.auth is not None:
            self._authorise(call.request, "Bearer" if route is None else route.auth)
            self.per_second.admit(call.now)
        if route is None:
            raise ApiError(404, "resource not found")
        if route.daily:
            call.headers |= self.per_day.admit(call.now)
        return route.handler(call, **arguments)

    def _route(self, request: Request) -> tuple[Route | None, dict[str, Any]]:
        try:
            route, arguments = URLS.bind_to_environ(request.environ).match()
        except HTTPException:
            return None, {}
        return route, dict(arguments)

    def _authorise(self, request: Request, scheme: str | None) -> None:
        """A key is known in its own region only, and the App API does not redirect to the other one."""
        given = request.authorization
        if given is not None and REGION_OF_HOST.get(request.host, self.region) == self.region:
            if scheme == "Bearer" and given.type == "bearer" and given.token == self.api_key:
                return
            if scheme == "Basic" and given.type == "basic" and (given.username, given.password) == self.track_key:
                return
        raise ApiError(401, "unauthorized")

    def _error(self, status: int, detail: str, headers: dict[str, str]) -> Response:
        if self.quirks.plain_errors:
            return Response(HTML_ERROR, status, headers, mimetype="text/html")
        if self.quirks.error_references:
            detail = f"{detail} (reference {len(self.requests):06x})"
        return _json({"errors": [{"detail": detail, "status": str(status)}]}, status, headers)


def _json(payload: object, status: int, headers: dict[str, str]) -> Response:
    return Response(json.dumps(payload, ensure_ascii=False), status, headers, mimetype="application/json")


def _truncate(response: Response, fault: Fault) -> None:
    whole = response.get_data()
    response.set_data(whole[: fault.keep_bytes])
    response.headers["Content-Length"] = str(len(whole))


def _without_empty_lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty_lists(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_empty_lists(item) for item in value] or None
    return value
