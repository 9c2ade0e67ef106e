"""The four doors of a Twenty server: records and metadata, each by REST and by GraphQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from connectors.budget import Rate
from connectors.contract import Access
from connectors.errors import ConnectorError, Transient
from connectors.http import Answer, ApiClient, Refusal
from connectors.twenty.refusals import explain, graphql_error, is_limit, limit_of, messages_of

Json = Any

_UNESCAPED = ",:[]().@-_~"


def query(path: str, **params: str | int) -> str:
    """The path with its query; brackets and commas stay bare, which keeps filters over 200 ids below 8 kB."""
    parts = [f"{name}={quote(str(value), safe=_UNESCAPED)}" for name, value in params.items()]
    return f"{path}?{'&'.join(parts)}" if parts else path


class TwentyApi:
    """One connection to one workspace. Metadata calls are not limited by Twenty, and not counted by us (section 11)."""

    def __init__(self, access: Access) -> None:
        base_url = access.base_url.strip().rstrip("/")
        for suffix in ("/rest", "/graphql", "/metadata"):
            base_url = base_url.removesuffix(suffix)
        self.client = ApiClient(
            base_url,
            access.credentials.get("api_key", "").strip(),
            access.budget,
            system="Twenty",
            explain=self._explain,
            read_limit=self._read_limit,
            allow_private=access.allow_private,
            transport=access.transport,
            timeout=120.0,
        )

    def __repr__(self) -> str:
        return f"<TwentyApi {self.client.base_url} key=•••>"

    def _explain(self, refusal: Refusal) -> ConnectorError | None:
        return explain(refusal, self.client.mask)

    def _read_limit(self, refusal: Refusal) -> Rate | None:
        return limit_of(" ".join(messages_of(refusal.body, refusal.text)), self.client.rate)

    def get(self, path: str, **params: str | int) -> Json:
        """The body of a record request."""
        return self.client.get(query(path, **params)).body

    def send(self, method: str, path: str, json: Json = None, *, safe: bool) -> Answer:
        """A writing record request; `safe` as in `ApiClient.send`."""
        return self.client.send(method, path, kind="write", safe=safe, json=json)

    def metadata(self, method: str, path: str, json: Json = None) -> Json:
        """The body of a metadata request."""
        answer = self.client.send(
            method, f"/rest/metadata/{path}", kind="metadata", safe=method == "GET", metered=False, json=json
        )
        return answer.body

    def metadata_graphql(self, document: str, variables: Mapping[str, Json], *, safe: bool = True) -> dict[str, Json]:
        """The data of a GraphQL request about metadata."""
        return self._graphql("/metadata", document, variables, kind="metadata", safe=safe, metered=False)

    def metadata_upload(self, parts: Sequence[Any]) -> dict[str, Json]:
        """The data of a multipart request (graphql-multipart-request-spec): files have this door only."""
        answer = self.client.send("POST", "/metadata", kind="metadata", safe=True, metered=False, files=parts).body
        if errors := answer.get("errors"):
            raise graphql_error(errors, self.client.mask)
        data: dict[str, Json] = answer["data"]
        return data

    def graphql(self, document: str, variables: Mapping[str, Json]) -> dict[str, Json]:
        """The data of a reading GraphQL request about records."""
        return self._graphql("/graphql", document, variables, kind="read", safe=True, metered=True)

    def _graphql(
        self, path: str, document: str, variables: Mapping[str, Json], *, kind: str, safe: bool, metered: bool
    ) -> dict[str, Json]:
        body = {"query": document, "variables": dict(variables)}
        for _ in range(8):
            answer = self.client.send("POST", path, kind=kind, safe=safe, metered=metered, json=body).body
            errors: Sequence[Mapping[str, Json]] = answer.get("errors") or () if isinstance(answer, dict) else ()
            if is_limit(errors):
                text = " ".join(str(error.get("message", "")) for error in errors)
                self.client.limit_reached_in_body(limit_of(text, self.client.rate))
                continue
            if errors:
                raise graphql_error(errors, self.client.mask)
            data: dict[str, Json] = answer["data"]
            return data
        raise Transient("Twenty allows no more requests for now.", "The run goes on by itself.", retry_after=30)


def result_of(body: Json) -> dict[str, Json]:
    """The record or metadata row of an answer: bare, or alone in `data` (contracts/twenty/FACTS-2.x.md section 15)."""
    data = body.get("data") if isinstance(body, dict) else None
    if isinstance(data, dict) and len(data) == 1 and isinstance(inner := next(iter(data.values())), dict):
        return inner
    if isinstance(body, dict) and "id" in body:
        return body
    raise Transient("Twenty answered in a form that was not expected.", maybe_done=True)


def rows_of(body: Json) -> list[dict[str, Json]]:
    """The rows of an answer: in `data` itself, or in the only list inside it."""
    data = body.get("data") if isinstance(body, dict) else None
    if isinstance(data, dict) and len(data) == 1:
        data = next(iter(data.values()))
    if not isinstance(data, list):
        raise Transient("Twenty answered in a form that was not expected.", maybe_done=True)
    return data
