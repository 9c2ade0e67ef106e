"""How the tests ask the fake Customer.io over HTTP, and the clock that they turn."""

from __future__ import annotations

from typing import Any

import httpx

from connectors.customerio.fake import API_KEY, FakeCustomerio

NOW = 1_790_000_000
DAY = 86400
EVERYBODY = {"filter": {"and": [{"attribute": {"field": "cio_id", "operator": "exists"}}]}}


class Clock:
    """A clock that stands until it is told to go."""

    def __init__(self) -> None:
        self.time: float = NOW

    def __call__(self) -> float:
        return self.time


def client_of(fake: FakeCustomerio, key: str = API_KEY, host: str = "api.customer.io") -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(transport=httpx.WSGITransport(app=fake), base_url=f"https://{host}", headers=headers)


def where(field: str, operator: str = "exists", **value: object) -> dict[str, Any]:
    return {"attribute": {"field": field, "operator": operator, **value}}


def search(api: httpx.Client, condition: object) -> list[str]:
    answer = api.post("/v1/customers", json={"filter": condition}).json()
    return [row["cio_id"] for row in answer["identifiers"] or ()]


def pages(api: httpx.Client, path: str, rows: str, *, body: object = None, **query: Any) -> list[list[Any]]:
    """Follow `next` to its end; a list per page."""
    seen: list[list[Any]] = []
    start = ""
    while True:
        params = query | ({"start": start} if start else {})
        answer = (api.post(path, params=params, json=body) if body else api.get(path, params=params)).json()
        seen.append(answer[rows] or [])
        start = answer.get("next") or ""
        if not start:
            return seen


def profiles(api: httpx.Client, *ids: str, id_type: str = "cio_id") -> list[Any]:
    answer = api.post("/v1/customers/attributes", params={"id_type": id_type}, json={"ids": list(ids)})
    assert answer.status_code == 200
    rows: list[Any] = answer.json()["customers"]
    return rows


def history(api: httpx.Client, **query: Any) -> list[Any]:
    return [row for page in pages(api, "/v1/activities", "activities", limit=100, **query) for row in page]


def deliveries(api: httpx.Client, path: str = "/v1/messages", **query: Any) -> list[str]:
    return [row["subject"] for page in pages(api, path, "messages", **query) for row in page]


def object_condition(**body: str) -> dict[str, Any]:
    return {"object_attribute": {"operator": "exists", "field": "object_id", **body}}
