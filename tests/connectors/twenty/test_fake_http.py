from __future__ import annotations

import json
import subprocess
import sys
import threading

import httpx
import pytest
from werkzeug.serving import make_server

from connectors.twenty.fake import FakeTwenty
from tests.connectors.twenty.test_fake import Client, Clock


def limited(clock: Clock, line: str = "2.x") -> Client:
    return Client(line, limited=True, clock=clock, short_limit=None)


def spaced(client: Client, clock: Clock, seconds: float, count: int) -> list[int]:
    statuses = []
    for _ in range(count):
        clock.now += seconds
        statuses.append(client("GET", "/rest/people?limit=1").status_code)
    return statuses


@pytest.mark.parametrize(("seconds", "passing"), [(0.65, 29), (0.5, 15)])
def test_waiting_helps_once_the_bucket_is_empty(seconds: float, passing: int) -> None:
    clock = Clock()
    client = limited(clock)
    assert spaced(client, clock, 0, 100) == [200] * 100
    assert abs(spaced(client, clock, seconds, 30).count(200) - passing) <= 1


def test_calls_closer_than_600_ms_never_refill_the_bucket() -> None:
    clock = Clock()
    assert spaced(limited(clock), clock, 0.56, 135).index(429) == 100


def test_the_rate_limit_says_no_in_two_ways_and_spares_metadata() -> None:
    clock = Clock()
    client = limited(clock)
    spaced(client, clock, 0, 100)
    refused = client("GET", "/rest/people")
    assert (refused.status_code, refused.json()["messages"]) == (429, ["Limit reached (100 tokens per 60000 ms)"])
    assert "retry-after" not in refused.headers
    answer = client("POST", "/graphql", {"query": "{people{totalCount}}"})
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["extensions"]["subCode"] == "LIMIT_REACHED"
    assert client("GET", "/rest/metadata/objects").status_code == 200


def test_keys_are_refused_for_what_is_wrong_with_them() -> None:
    client = Client("2.x")
    fake = client.fake
    tokens = {
        "garbage": (401, "Token invalid."),
        f"{fake.api_key[:-4]}AAAA": (401, "Token invalid."),
        fake.issue_key("old", expires_in=-1): (401, "Token has expired."),
    }
    for token, expected in tokens.items():
        response = client.http.get("/rest/people", headers={"authorization": f"Bearer {token}"})
        assert (response.status_code, response.json()["messages"][0]) == expected
    assert client.http.get("/rest/people", headers={"authorization": ""}).status_code == 403
    fake.revoke_key()
    assert client.refused("GET", "/rest/people") == (403, "This API Key is revoked")
    assert Client(api_key="any words").ok("GET", "/rest/people")["totalCount"] == 5


def test_a_read_only_key_reads() -> None:
    client = Client()
    client.http.headers["authorization"] = f"Bearer {client.fake.issue_key('reader', read_only=True)}"
    assert client("GET", "/rest/people").status_code == 200
    assert client.refused("POST", "/rest/people", {})[0] == 400
    assert client.refused("GET", "/rest/metadata/objects")[0] == 403


def test_a_lost_answer_has_had_its_effect() -> None:
    client = Client(prefilled=False)
    client.fake.faults.add("/rest/batch/people", "POST", status=502, body="<html>Bad gateway</html>", after_effect=True)
    assert client("POST", "/rest/batch/people", [{}, {}]).status_code == 502
    assert len(client.fake.records("person")) == 2
    assert client("POST", "/rest/batch/people", [{}]).status_code == 201


def test_faults_come_before_the_effect_cut_answers_and_raise() -> None:
    client = Client(prefilled=False)
    client.fake.faults.add("/rest/people", status=503, times=2)
    assert [client("POST", "/rest/people", {}).status_code for _ in range(3)] == [503, 503, 201]
    assert len(client.fake.records("person")) == 1
    client.fake.faults.add("/rest/people", "GET", truncate=True)
    with pytest.raises(json.JSONDecodeError):
        client("GET", "/rest/people").json()
    client.fake.faults.add("/rest/people", error=httpx.ConnectError("refused"))
    with pytest.raises(httpx.ConnectError):
        client("GET", "/rest/people")
    assert [(each.method, each.status) for each in client.fake.requests][-1] == ("GET", 200)


def test_the_body_and_url_limits() -> None:
    client = Client()
    assert client("POST", "/rest/people", {"jobTitle": "x" * 9_000_000}).status_code == 201
    assert client("POST", "/rest/people", {"jobTitle": "x" * 11_000_000}).status_code == 500
    assert client("GET", f"/rest/people?filter={'x' * 17_000}").status_code == 431


def test_it_is_served_over_real_http() -> None:
    fake = FakeTwenty(api_key="secret")
    server = make_server("127.0.0.1", 0, fake, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/rest/people?limit=1"
        response = httpx.get(url, headers={"authorization": "Bearer secret"})
        assert response.json()["totalCount"] == 5
    finally:
        server.shutdown()
        thread.join()


def test_the_command_line_says_where_it_listens() -> None:
    command = [
        sys.executable,
        "-m",
        "connectors.twenty.fake",
        "--port",
        "0",
        "--key",
        "k",
        "--requests-per-minute",
        "unlimited",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "Twenty 2.x listens on http://127.0.0.1:0, no rate limit\n"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
