"""How the fake fails on order, counts, is loaded and is served."""

from __future__ import annotations

import http.client
import json
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from werkzeug.serving import make_server

from connectors.customerio.fake import API_KEY, FakeCustomerio, Workspace
from connectors.customerio.fake.__main__ import KeepAliveHandler
from tests.connectors.customerio.asking import (
    DAY,
    EVERYBODY,
    NOW,
    Clock,
    client_of,
    deliveries,
    history,
    profiles,
    where,
)


def test_a_failure_comes_when_and_as_often_as_ordered(fake: FakeCustomerio, api: httpx.Client) -> None:
    fake.faults.add("/v1/seg*", status=503, body=b"<html>", headers={"Retry-After": "7"}, times=2, after=1)
    statuses = [api.get("/v1/segments").status_code for _ in range(4)]
    assert statuses == [200, 503, 503, 200]
    fake.faults.add("/v1/customers", method="POST", body=b"<html>Bad gateway", status=502)
    assert api.get("/v1/customers?email=a").status_code == 200
    assert api.post("/v1/customers", json=EVERYBODY).content == b"<html>Bad gateway"


def test_a_body_can_be_cut_short(fake: FakeCustomerio, api: httpx.Client) -> None:
    fake.faults.add("/v1/segments", keep_bytes=5)
    answer = api.get("/v1/segments")
    assert answer.status_code == 200
    assert answer.content == b'{"seg'
    assert int(answer.headers["Content-Length"]) > 5


def test_a_connection_can_break(fake: FakeCustomerio, api: httpx.Client) -> None:
    fake.faults.add("/v1/segments", error=httpx.ReadError("connection reset"))
    with pytest.raises(httpx.ReadError):
        api.get("/v1/segments")
    assert fake.calls("/v1/segments")[0].status == 0
    assert api.get("/v1/segments").status_code == 200


def test_the_log_counts_requests(fake: FakeCustomerio, api: httpx.Client) -> None:
    api.get("/v1/segments?x=1")
    api.post("/v1/customers", json=EVERYBODY)
    assert [(row.method, row.path, row.query, row.status) for row in fake.requests] == [
        ("GET", "/v1/segments", "x=1", 200),
        ("POST", "/v1/customers", "", 200),
    ]
    assert len(fake.calls("/v1/cust*")) == len(fake.calls(method="POST")) == 1


def test_a_workspace_is_loaded_from_a_folder(tmp_path: Path, clock: Clock) -> None:
    person = {"cio_id": "00000001", "id": "C1", "email": None, "attributes": {"state": "WA", "id": "C1"}}
    event = {
        "type": "event",
        "name": "term_started",
        "customer_identifiers": {"cio_id": "00000001"},
        "data": {"n": 1},
    }
    files: dict[str, Any] = {
        "people": [person | {"created_at": 726192000}],
        "object_types": [{"id": "1", "name": "Companies", "singular_name": "Company", "enabled": True}],
        "objects": [{"object_type_id": "1", "object_id": "A", "cio_object_id": "ob1", "attributes": {"name": "A"}}],
        "relationships": [{"cio_id": "00000001", "object_type_id": "1", "object_id": "A", "attributes": {"rank": "1"}}],
        "segments": [{"id": 1, "name": "West", "conditions": where("state"), "members": ["00000001"]}],
        "campaigns": [{"name": "Welcome"}],
        "messages": [{"cio_id": "00000001", "subject": "Hello", "body": "<p>"}],
    }
    for name, rows in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(rows))
    lines = [
        event | {"id": "old", "timestamp": NOW - 40 * DAY},
        event | {"id": "new", "timestamp": NOW - DAY},
    ]
    (tmp_path / "events.ndjson").write_text("\n".join(json.dumps(line) for line in lines))
    workspace = Workspace.load(tmp_path, clock=clock)
    with client_of(FakeCustomerio(workspace, requests_per_second=None)) as api:
        (row,) = profiles(api, "00000001")
        assert row["attributes"] == {"state": "WA", "id": "C1", "cio_id": "00000001"}
        assert row["timestamps"]["cio_id"] == 726192000
        assert api.get("/v1/customers/C1/relationships").json()["cio_relationships"][0]["attributes"] == {"rank": "1"}
        assert api.get("/v1/segments/1/membership").json()["ids"] == ["C1"]
        assert [line["id"] for line in history(api, type="event")] == ["new"]
        assert deliveries(api) == ["Hello"]
        assert api.get("/v1/campaigns").json()["campaigns"][0]["name"] == "Welcome"


@pytest.mark.enable_socket
def test_the_served_fake_keeps_a_connection_open(workspace: Workspace) -> None:
    fake = FakeCustomerio(workspace, requests_per_second=None)
    server = make_server("127.0.0.1", 0, fake, threaded=True, request_handler=KeepAliveHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    headers = {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"}
    try:
        for path in ("/v1/customers", "/nowhere", "/v1/customers"):
            connection.request("POST", path, json.dumps(EVERYBODY), headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.version == 11
            assert not answer.will_close
    finally:
        connection.close()
        server.shutdown()
        server.server_close()
