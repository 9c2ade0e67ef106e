"""Who may ask the fake, how often, and what an error looks like: contracts/customerio/FACTS.md §1."""

from __future__ import annotations

import httpx
import pytest

from connectors.customerio.fake import API_KEY, TRACK_KEY, FakeCustomerio, Workspace
from tests.connectors.customerio.asking import DAY, Clock, client_of


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic ZmFrZTpmYWtl", f"Token {API_KEY}"])
def test_only_the_app_key_opens_the_door(fake: FakeCustomerio, header: str | None) -> None:
    with httpx.Client(transport=httpx.WSGITransport(app=fake), base_url="https://api.customer.io") as stranger:
        answer = stranger.get("/v1/segments", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["status"] == "401"
    assert answer.json()["errors"][0]["detail"].startswith("unauthorized (reference ")


def test_the_wrong_region_looks_like_a_wrong_key(fake: FakeCustomerio) -> None:
    assert client_of(fake, host="api-eu.customer.io").get("/v1/workspaces").status_code == 401
    assert client_of(fake, host="api.customer.io").get("/v1/workspaces").status_code == 200
    fake.region = "eu"
    assert client_of(fake, host="api-eu.customer.io").get("/v1/workspaces").status_code == 200


def test_a_revoked_key_is_unknown(fake: FakeCustomerio, api: httpx.Client) -> None:
    assert api.get("/v1/segments").status_code == 200
    fake.revoke_key()
    assert api.get("/v1/segments").status_code == 401


def test_the_region_is_told_to_a_track_key_only(fake: FakeCustomerio, api: httpx.Client) -> None:
    path = "https://track.customer.io/api/v1/accounts/region"
    assert api.get(path).status_code == 401
    assert api.get(path, auth=TRACK_KEY).json()["data_center"] == "us"
    assert api.get("/v1/segments", auth=TRACK_KEY).status_code == 401


def test_an_unknown_path_is_not_found(api: httpx.Client) -> None:
    assert api.get("/v1/integrations").status_code == 404
    assert api.get("/v1/integrations").json()["errors"][0]["status"] == "404"


def test_references_make_details_differ_between_two_equal_errors(api: httpx.Client) -> None:
    first, second = (api.get("/v1/segments/99").json()["errors"][0]["detail"] for _ in range(2))
    assert first != second


def test_errors_may_be_something_else_than_json(fake: FakeCustomerio, api: httpx.Client) -> None:
    fake.quirks.plain_errors = True
    answer = api.get("/v1/segments/99")
    assert answer.status_code == 404
    assert answer.text.startswith("<html>")


def test_the_eleventh_request_of_a_second_is_told_to_wait(workspace: Workspace, clock: Clock) -> None:
    with client_of(FakeCustomerio(workspace)) as api:
        statuses = [api.get("/v1/segments").status_code for _ in range(10)]
        refused = api.get("/v1/segments")
        clock.time += 1
        allowed = api.get("/v1/segments")
    assert statuses == [200] * 10
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "1"
    assert refused.json()["errors"][0]["detail"].startswith("rate limited to 10 requests per 1s")
    assert allowed.status_code == 200


def test_a_refused_key_does_not_use_up_the_rate(workspace: Workspace) -> None:
    fake = FakeCustomerio(workspace)
    for _ in range(20):
        client_of(fake, key="wrong").get("/v1/segments")
    assert client_of(fake).get("/v1/segments").status_code == 200


def test_the_daily_quota_of_bodies_gives_no_hint_when_to_return(
    workspace: Workspace, api: httpx.Client, clock: Clock
) -> None:
    message = workspace.add_message(body="<p>Hello</p>")
    path = f"/v1/messages/{message['id']}/archived_message"
    first, *_, last = [api.get(path) for _ in range(100)]
    refused = api.get(path)
    assert first.json()["archived_message"]["body"] == "<p>Hello</p>"
    assert first.headers["X-RateLimit-Limit"] == "100"
    assert (first.headers["X-RateLimit-Remaining"], last.headers["X-RateLimit-Remaining"]) == ("99", "0")
    assert refused.status_code == 429
    assert "Retry-After" not in refused.headers
    assert "100 request(s) per day" in refused.json()["errors"][0]["detail"]
    clock.time += DAY
    assert api.get(path).status_code == 200
