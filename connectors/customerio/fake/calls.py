"""What a handler gets and what it may answer: the call, the route it came by, and the error."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from werkzeug.wrappers import Request, Response

from connectors.customerio.fake.quirks import EmptyLists, Quirks
from connectors.customerio.fake.records import Row
from connectors.customerio.fake.workspace import Workspace


class ApiError(Exception):
    """An error that the API answers, as `{"errors": [{"detail", "status"}]}`."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})


def bad_request(detail: str) -> NoReturn:
    """Answer 400."""
    raise ApiError(400, detail)


def not_found() -> NoReturn:
    """Answer 404, as for everything that is unknown."""
    raise ApiError(404, "resource not found")


@dataclass
class Call:
    """One authorised request, with the state it reads."""

    request: Request
    workspace: Workspace
    quirks: Quirks
    now: float
    region: str
    headers: dict[str, str] = field(default_factory=dict)
    """Headers that the answer will carry besides the usual ones."""

    def text(self, name: str, default: str = "") -> str:
        return self.request.args.get(name, default)

    def flag(self, name: str) -> bool:
        return self.text(name).lower() == "true"

    def number(self, name: str, default: int) -> int:
        """An integer from the query, or 400."""
        text = self.text(name)
        try:
            return int(text) if text else default
        except ValueError:
            bad_request(f"{name} must be an integer")

    def between(self, name: str, *, default: int, most: int, least: int = 1) -> int:
        """An integer from the query within the documented bounds, or 400."""
        number = self.number(name, default)
        if not least <= number <= most:
            bad_request(f"{name} must be between {least} and {most}")
        return number

    def body(self) -> Row:
        """The request's JSON object, or 400."""
        try:
            body = json.loads(self.request.get_data())
        except ValueError:
            bad_request("bad request: body is not JSON")
        if not isinstance(body, dict):
            bad_request("bad request: body is not an object")
        return body

    def listed(self, rows: list[Any]) -> list[Any] | None:
        """A list where the live API was seen to answer null instead of an empty one."""
        return rows if rows or self.quirks.empty_lists is EmptyLists.NEVER else None


Handler = Callable[..., Row | Response]


@dataclass(frozen=True)
class Route:
    """A path of the API and who answers it; `auth` is the scheme it wants, `daily` puts a quota on it."""

    method: str
    path: str
    handler: Handler
    auth: str | None = "Bearer"
    daily: bool = False


def get(path: str, handler: Handler, auth: str | None = "Bearer") -> Route:
    return Route("GET", path, handler, auth)


def post(path: str, handler: Handler) -> Route:
    return Route("POST", path, handler)
