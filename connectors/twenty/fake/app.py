"""The fake server: one WSGI application per workspace, called in-process by tests, served by werkzeug in the demo."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request, Response

from . import drafts, effects, graphql, metadata_rest, views, workflows
from .auth import Keyring
from .bodies import PlainText, TooLarge, read_body
from .errors import Refusal, framework
from .faults import Fault, Faults
from .openapi import core_document, metadata_document
from .ratelimit import Limit, RateLimit
from .rest import Call, Reply, RestApi
from .schema import Line, Record
from .seed import seed
from .workspace import Caller, Settings, Workspace

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Json = Any

LARGEST_HEADER = 16_384
LOG_LENGTH = 5_000
LARGEST_LOGGED_BODY = 4_000
VERSIONS: dict[Line, str] = {"1.x": "1.17.0", "2.x": "2.21.0"}


@dataclass(frozen=True, slots=True)
class Logged:
    """One request as it arrived, for counting calls in tests.

    `rows` counts the records sent; a large body is not kept and reads None. `asks`: it can have changed nothing.
    """

    method: str
    path: str
    query: str
    body: Json
    rows: int
    status: int
    asks: bool = False


class FakeTwenty:
    """A Twenty server with state; see contracts/twenty/FACTS.md (1.x) and FACTS-2.x.md for what it reproduces.

    The line decides spellings, statuses and texts. A limit of None is lifted. `workflow_delay` postpones the company
    that the default workflow of 2.x makes for a new person when `logic_functions` are on.
    """

    def __init__(
        self,
        line: Line = "2.x",
        *,
        api_key: str | None = None,
        long_limit: Limit | None = (100, 60_000),
        short_limit: Limit | None = (100, 1000),
        clock: Callable[[], float] = time.monotonic,
        prefilled: bool = True,
        logic_functions: bool = False,
        workflow_delay: float = 0.0,
        direct_metadata: bool = True,
        fresh_worker: bool = False,
    ) -> None:
        self.line: Line = line
        self.settings = Settings(logic_functions, workflow_delay, direct_metadata, fresh_worker)
        self.workspace = Workspace(line, clock, self.settings)
        self.keyring = Keyring(self.workspace.id, modern=self.workspace.modern, api_key=api_key)
        self.limit = RateLimit(short_limit, long_limit, clock)
        self.faults = Faults()
        self.requests: deque[Logged] = deque(maxlen=LOG_LENGTH)
        self._lock = threading.RLock()
        self._rest = RestApi(self.workspace, self.limit.take)
        seed(self.workspace, prefilled=prefilled)

    @property
    def api_key(self) -> str:
        """The token that this server accepts."""
        return self.keyring.default_token

    def revoke_key(self) -> None:
        """From now on every call is answered 403 "This API Key is revoked"."""
        self.keyring.revoke()

    def issue_key(self, name: str, *, read_only: bool = False, expires_in: float = 3.2e9) -> str:
        return self.keyring.issue(name, read_only=read_only, expires_in=expires_in)

    def snapshot(self) -> dict[str, Json]:
        """A deep copy of records and schema; two snapshots compare with ==."""
        with self._lock:
            return self.workspace.snapshot()

    def records(self, singular: str, *, deleted: bool = False) -> list[Record]:
        """Copies of the object's rows in id order, the soft-deleted ones only on request."""
        with self._lock:
            rows = self.workspace.table(singular).in_id_order()
            return [dict(row) for row in rows if deleted or row["deletedAt"] is None]

    def edit(self, singular: str, identifier: str, changes: Record) -> Record:
        """Change a record as a person in the browser would: its author is then a member, and updatedAt moves."""
        with self._lock:
            table = self.workspace.table(singular)
            old = table.rows[identifier]
            row = {**old, "updatedAt": self.workspace.now()}
            row |= drafts.read_body(self.workspace, table.kind, changes, old)
            if "updatedBy" in row:
                row["updatedBy"] = {"source": "MANUAL", "workspaceMemberId": None, "name": "Rita Rep", "context": {}}
            table.replace(row)
            effects.updated(self.workspace, table.kind, old, row)
            return dict(row)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        # An unread body would be taken for the next request on a kept-alive connection.
        request.get_data()
        target = f"{request.path}?{request.query_string.decode('latin-1')}"
        fault = self.faults.next(request.method, target)
        if fault is not None and not fault.after_effect:
            return self._broken(fault, None)(environ, start_response)
        with self._lock:
            workflows.run_due(self.workspace)
            response, body = self._answer(request)
            workflows.run_due(self.workspace)
        self._log(request, body, response.status_code)
        if fault is not None:
            response = self._broken(fault, response)
        return response(environ, start_response)

    def _log(self, request: Request, body: Json, status: int) -> None:
        rows = len(body) if isinstance(body, list) else int(bool(body))
        kept = body if (request.content_length or 0) <= LARGEST_LOGGED_BODY else None
        query = request.query_string.decode("latin-1")
        document = body.get("query") if isinstance(body, dict) and request.path.endswith("/graphql") else ""
        asks = request.method == "GET" or str(document).startswith("query")
        self.requests.append(Logged(request.method, request.path, query, kept, rows, status, asks))

    def _broken(self, fault: Fault, response: Response | None) -> Response:
        """The planned breakage; `response` is what the client would have got."""
        if fault.error is not None:
            raise fault.error
        if fault.truncate and response is not None:
            whole = response.get_data()
            return Response(whole[: len(whole) // 2], response.status_code, content_type="application/json")
        status = 503 if fault.status is None else fault.status
        if isinstance(fault.body, str):
            return Response(fault.body, status, content_type="text/html")
        return json_response(status, fault.body)

    def _answer(self, request: Request) -> tuple[Response, Json]:
        body: Json = None
        try:
            if _header_size(request) > LARGEST_HEADER:
                return Response("", 431), None
            body = read_body(request)
            reply = self._route(request, body)
        except TooLarge:
            text = "request entity too large" if self.workspace.modern else None
            return json_response(500, text), None
        except Refusal as refusal:
            return json_response(refusal.status, refusal.body), body
        return json_response(reply.status, reply.body), body

    def _route(self, request: Request, body: Json) -> Reply:
        path = request.path
        if path == "/healthz":
            return Reply(200, {"status": "ok", "info": {}, "error": {}, "details": {}})
        if path == "/client-config":
            return Reply(200, {"appVersion": VERSIONS[self.line]} if self.workspace.modern else {})
        header = request.headers.get("Authorization")
        if path in ("/graphql", "/metadata") and request.method == "POST":
            return graphql.handle(self.workspace, path, body, lambda: self.keyring.caller(header), self.limit.take)
        if path.startswith("/rest/"):
            return self._rest_call(request, body, self.keyring.caller(header))
        raise framework(404, f"Cannot {request.method} {path}", "Not Found")

    def _rest_call(self, request: Request, body: Json, caller: Caller) -> Reply:
        query_string = request.query_string.decode("latin-1")
        query = dict(parse_qsl(query_string, keep_blank_values=True))
        call = Call(request.method, request.path.rstrip("/"), query, body, caller)
        if isinstance(body, PlainText):
            raise body.refuse(modern=self.workspace.modern)
        first = call.parts[0] if call.parts else ""
        if first == "open-api":
            document = core_document if call.parts[1:] == ["core"] else metadata_document
            return Reply(200, document(self.workspace))
        if first == "metadata":
            return metadata_rest.handle(self.workspace, call, query_string)
        if first in ("webhooks", "apiKeys"):
            return views.handle(self.workspace, call, call.parts)
        return self._rest.handle(call)


def _header_size(request: Request) -> int:
    """Node refuses requests whose line and headers exceed 16 kB (contracts/twenty/FACTS.md §1)."""
    line = len(request.environ.get("REQUEST_URI") or request.environ.get("RAW_URI") or "")
    return max(line, len(request.path) + len(request.query_string)) + sum(
        len(name) + len(value) + 4 for name, value in request.headers
    )


def json_response(status: int, body: Json) -> Response:
    """JSON as the server writes it; None is an empty body."""
    text = "" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, content_type="application/json; charset=utf-8")
