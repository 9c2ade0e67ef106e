"""The stand-in for Customer.io shows each surprise of the real one: contracts/customerio/FACTS.md."""

from __future__ import annotations

import csv
import http.client
import io
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from werkzeug.serving import make_server

from connectors.customerio.fake import API_KEY, TRACK_KEY, EmptyLists, FakeCustomerio, LastPage, Workspace
from connectors.customerio.fake.__main__ import KeepAliveHandler

NOW = 1_790_000_000
DAY = 86400
EVERYBODY = {"filter": {"and": [{"attribute": {"field": "cio_id", "operator": "exists"}}]}}


class Clock:
    """A clock that stands until it is told to go."""

    def __init__(self) -> None:
        self.time: float = NOW

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def workspace(clock: Clock) -> Workspace:
    return Workspace(clock=clock)


@pytest.fixture
def fake(workspace: Workspace) -> FakeCustomerio:
    return FakeCustomerio(workspace, requests_per_second=None)


def client_of(fake: FakeCustomerio, key: str = API_KEY, host: str = "api.customer.io") -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(transport=httpx.WSGITransport(app=fake), base_url=f"https://{host}", headers=headers)


@pytest.fixture
def api(fake: FakeCustomerio) -> Iterator[httpx.Client]:
    with client_of(fake) as client:
        yield client


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


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic ZmFrZTpmYWtl", f"Token {API_KEY}"])
def test_only_the_app_key_opens_the_door(fake: FakeCustomerio, header: str | None) -> None:
    with httpx.Client(
        transport=httpx.WSGITransport(app=fake), base_url="https://api.customer.io"
    ) as stranger:
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
    first = api.get(path)
    for _ in range(99):
        last = api.get(path)
    refused = api.get(path)
    assert first.json()["archived_message"]["body"] == "<p>Hello</p>"
    assert first.headers["X-RateLimit-Limit"] == "100"
    assert (first.headers["X-RateLimit-Remaining"], last.headers["X-RateLimit-Remaining"]) == ("99", "0")
    assert refused.status_code == 429
    assert "Retry-After" not in refused.headers
    assert "100 request(s) per day" in refused.json()["errors"][0]["detail"]
    clock.time += DAY
    assert api.get(path).status_code == 200


def test_the_cio_id_filter_finds_everybody_and_the_id_filter_does_not(
    workspace: Workspace, api: httpx.Client
) -> None:
    workspace.add_person(cio_id="03000001", id="1", email="one@example.com")
    workspace.add_person(cio_id="30e00001", email="two@example.com")
    answer = api.post("/v1/customers", json=EVERYBODY).json()
    assert answer == {
        "identifiers": [
            {"cio_id": "03000001", "email": "one@example.com", "id": "1"},
            {"cio_id": "30e00001", "email": "two@example.com", "id": None},
        ],
        "ids": ["1", ""],
        "next": "",
    }
    assert search(api, where("id")) == ["03000001"]
    assert search(api, {"not": where("cio_id")}) == []


def test_filters_combine_attributes_and_segments(workspace: Workspace, api: httpx.Client) -> None:
    ada, bob = (
        workspace.add_person(email=f"{name}@example.com", attributes={"seats": 3}) for name in ("ada", "bob")
    )
    workspace.change_attributes(bob.cio_id, {"plan": "pro", "seats": None})
    pro = workspace.add_segment("Pro", conditions=where("plan", "eq", value="pro"))
    assert search(api, where("seats", "eq", value=3)) == [ada.cio_id]
    assert search(api, {"segment": {"id": pro.id}}) == [bob.cio_id]
    assert search(api, {"not": {"segment": {"id": pro.id}}}) == [ada.cio_id]
    assert search(api, {"or": [where("seats"), where("plan")]}) == [ada.cio_id, bob.cio_id]
    assert search(api, {"and": [where("seats"), where("plan")]}) == []


@pytest.mark.parametrize(
    "condition",
    [
        None,
        {},
        {"and": []},
        {"and": [where("a")], "or": [where("b")]},
        {"not": [where("a")]},
        {"attribute": {"field": "a", "operator": "gt", "value": "1"}},
        {"attribute": {"field": "a", "operator": "eq"}},
        {"segment": {"id": "7"}},
        {"object_attribute": {"field": "a", "operator": "exists"}},
    ],
)
def test_a_filter_outside_the_grammar_is_refused(api: httpx.Client, condition: object) -> None:
    assert api.post("/v1/customers", json={"filter": condition}).status_code == 400


def test_nobody_found_is_null_not_an_empty_list(api: httpx.Client) -> None:
    assert api.post("/v1/customers", json=EVERYBODY).json() == {"identifiers": None, "ids": None, "next": ""}


def test_empty_lists_are_null_everywhere_when_switched_on(fake: FakeCustomerio, api: httpx.Client) -> None:
    assert api.get("/v1/campaigns").json() == {"campaigns": []}
    fake.quirks.empty_lists = EmptyLists.EVERYWHERE
    assert api.get("/v1/campaigns").json() == {"campaigns": None}


@pytest.mark.parametrize(("limit", "status"), [(1000, 200), (1001, 400), (0, 400), ("many", 400)])
def test_a_search_page_has_at_most_a_thousand_people(api: httpx.Client, limit: object, status: int) -> None:
    assert api.post("/v1/customers", params={"limit": str(limit)}, json=EVERYBODY).status_code == status


def test_a_page_has_fifty_people_unless_asked_otherwise(workspace: Workspace, api: httpx.Client) -> None:
    people = [workspace.add_person().cio_id for _ in range(120)]
    found = pages(api, "/v1/customers", "identifiers", body=EVERYBODY)
    assert [len(page) for page in found] == [50, 50, 20]
    assert [row["cio_id"] for page in found for row in page] == people


def test_a_cursor_has_to_come_back_unchanged(workspace: Workspace, api: httpx.Client) -> None:
    for _ in range(30):
        workspace.add_person()
    cursor = api.post("/v1/customers?limit=10", json=EVERYBODY).json()["next"]
    assert cursor.endswith("=")
    assert api.post("/v1/customers", params={"start": cursor.rstrip("=")}, json=EVERYBODY).status_code == 400
    assert api.post("/v1/customers", params={"start": cursor.lower()}, json=EVERYBODY).status_code == 400
    assert api.post("/v1/customers", params={"start": cursor}, json=EVERYBODY).status_code == 200


@pytest.mark.parametrize(
    ("form", "expected"),
    [(LastPage.LIVE, {"next": ""}), (LastPage.NULL, {"next": None}), (LastPage.ABSENT, {})],
)
def test_the_last_page_is_told_in_three_ways(
    fake: FakeCustomerio, api: httpx.Client, form: LastPage, expected: dict[str, object]
) -> None:
    fake.quirks.last_page = form
    answer = api.post("/v1/customers", json=EVERYBODY).json()
    assert {key: value for key, value in answer.items() if key == "next"} == expected


def test_an_empty_page_is_not_the_last_while_it_has_a_next(
    fake: FakeCustomerio, workspace: Workspace, api: httpx.Client
) -> None:
    for _ in range(20):
        workspace.add_person()
    fake.quirks.empty_pages = True
    found = pages(api, "/v1/customers", "identifiers", body=EVERYBODY, limit=10)
    assert [len(page) for page in found] == [10, 0, 10]


def test_a_big_workspace_answers_a_page_quickly(clock: Clock) -> None:
    workspace = Workspace(clock=clock)
    for number in range(30_000):
        workspace.add_person(id=str(number))
    with client_of(FakeCustomerio(workspace, requests_per_second=None)) as api:
        api.post("/v1/customers", json=EVERYBODY)
        started = time.perf_counter()
        found = pages(api, "/v1/customers", "ids", body=EVERYBODY, limit=1000)
        assert (time.perf_counter() - started) / len(found) < 0.1
    assert sum(len(page) for page in found) == 30_000


def profiles(api: httpx.Client, *ids: str, id_type: str = "cio_id") -> list[Any]:
    answer = api.post("/v1/customers/attributes", params={"id_type": id_type}, json={"ids": list(ids)})
    assert answer.status_code == 200
    rows: list[Any] = answer.json()["customers"]
    return rows


def test_every_attribute_is_a_string(workspace: Workspace, api: httpx.Client) -> None:
    attributes = {"seats": 3, "active": True, "prefs": {"topics": {"topic_7": False}}, "name": "Ada"}
    ada = workspace.add_person(cio_id="03000001", id="1", attributes=attributes)
    (row,) = profiles(api, ada.cio_id)
    assert row["attributes"] == {
        "seats": "3",
        "active": "true",
        "prefs": '{"topics":{"topic_7":false}}',
        "name": "Ada",
        "cio_id": "03000001",
        "id": "1",
    }
    assert row["timestamps"]["seats"] == NOW
    assert (row["id"], row["unsubscribed"], row["devices"]) == ("1", False, [])


def test_profiles_are_flat_live_and_wrapped_in_the_spec(
    fake: FakeCustomerio, workspace: Workspace, api: httpx.Client
) -> None:
    ada = workspace.add_person(email="ada@example.com")
    assert profiles(api, ada.cio_id)[0]["identifiers"] == {
        "cio_id": ada.cio_id,
        "email": "ada@example.com",
        "id": None,
    }
    assert profiles(api, ada.cio_id)[0]["id"] == ada.cio_id
    fake.quirks.wrapped_profiles = True
    assert profiles(api, ada.cio_id)[0]["customer"]["identifiers"]["cio_id"] == ada.cio_id


def test_unknown_ids_are_left_out_in_silence(workspace: Workspace, api: httpx.Client) -> None:
    ada = workspace.add_person(id="1")
    assert [row["identifiers"]["cio_id"] for row in profiles(api, "nobody", ada.cio_id)] == [ada.cio_id]
    assert profiles(api, f"cio_{ada.cio_id}") == []
    assert profiles(api, ada.cio_id, id_type="id") == []


def test_a_hundred_profiles_is_the_most(api: httpx.Client) -> None:
    assert profiles(api, *map(str, range(100))) == []
    for ids in ([], ["1"] * 101, [1], None):
        assert api.post("/v1/customers/attributes", json={"ids": ids}).status_code == 400


def test_an_identifier_that_the_workspace_lacks_is_refused(workspace: Workspace, api: httpx.Client) -> None:
    ada = workspace.add_person(id="1", email="ada@example.com", attributes={"phone": "+15551234567"})
    assert api.get("/v1/customers/%2B15551234567/attributes?id_type=phone").status_code == 400
    workspace.identifier_kinds = frozenset({"id", "phone"})
    found = api.get("/v1/customers/%2B15551234567/attributes?id_type=phone").json()["customer"]
    assert found["identifiers"] == {"cio_id": ada.cio_id, "id": "1"}
    assert api.get("/v1/customers/ada@example.com/attributes?id_type=email").status_code == 400


def test_an_unencoded_plus_finds_nobody_and_several_may_share_an_address(
    workspace: Workspace, api: httpx.Client
) -> None:
    for number in "12":
        workspace.add_person(id=number, email="ada+news@example.com")
    assert api.get("/v1/customers?email=ada+news@example.com").json() == {"results": []}
    assert len(api.get("/v1/customers?email=ada%2Bnews@example.com").json()["results"]) == 2


def test_single_reads_want_a_bare_cio_id_and_know_404(workspace: Workspace, api: httpx.Client) -> None:
    ada = workspace.add_person(id="team/ada")
    assert api.get(f"/v1/customers/{ada.cio_id}/attributes?id_type=cio_id").status_code == 200
    assert api.get("/v1/customers/team%2Fada/attributes").status_code == 200
    assert api.get(f"/v1/customers/cio_{ada.cio_id}/attributes?id_type=cio_id").status_code == 404
    assert api.get(f"/v1/customers/{ada.cio_id}/segments").status_code == 404


def test_topics_follow_the_person_or_their_default(workspace: Workspace, api: httpx.Client) -> None:
    workspace.add("subscription_topics", name="News", subscribed_by_default=True)
    workspace.add("subscription_topics", name="Offers")
    chosen = {"topics": {"topic_1": False}}
    workspace.add_person(id="1", attributes={"cio_subscription_preferences": chosen})
    topics = api.get("/v1/customers/1/subscription_preferences").json()["customer"]["topics"]
    assert [(topic["id"], topic["subscribed"]) for topic in topics] == [(1, False), (2, False)]
    assert api.get("/v1/subscription_topics").json()["topics"][0]["identifier"] == "topic_1"


def test_optouts_of_the_workspace_have_prefixed_ids(workspace: Workspace, api: httpx.Client) -> None:
    ada = workspace.add_person(id="1")
    ada.optouts.append({"channel": "sms", "from": "+15551234567"})
    assert api.get("/v1/customers/1/optouts").json() == {"optouts": ada.optouts}
    assert api.get("/v1/optouts").json()["optouts"][0]["cio_id"] == f"cio_{ada.cio_id}"
    assert api.get("/v1/optouts", params={"from": "+49"}).json()["optouts"] == []


def test_segments_come_on_one_page_without_the_archived(workspace: Workspace, api: httpx.Client) -> None:
    event = {"and": [{"event": {"name": "purchase"}, "times": 1, "within": 2592000}]}
    workspace.add_person(cio_id="a1", id="1")
    workspace.add_segment("Buyers", conditions=event, members=["a1"])
    workspace.add_segment("By hand")
    workspace.add_segment("Old", archived=True)
    buyers, by_hand = api.get("/v1/segments").json()["segments"]
    assert (buyers["type"], buyers["conditions"], buyers["tags"]) == ("dynamic", event, None)
    assert by_hand["type"] == "manual"
    assert "conditions" not in by_hand
    assert api.get("/v1/segments/1/membership").json()["ids"] == ["1"]


def test_conditions_may_not_be_told_at_all(
    fake: FakeCustomerio, workspace: Workspace, api: httpx.Client
) -> None:
    workspace.add_segment("Pro", conditions=where("plan"))
    fake.quirks.segment_conditions = False
    assert "conditions" not in api.get("/v1/segments/1").json()["segment"]


def test_an_unfinished_segment_misses_members(workspace: Workspace, api: httpx.Client) -> None:
    members = [workspace.add_person().cio_id for _ in range(10)]
    segment = workspace.add_segment("Building", members=members, state="build")
    assert api.get("/v1/segments/1/customer_count").json() == {"count": 5, "segment_id": 1}
    assert len(api.get("/v1/segments/1/membership").json()["ids"]) == 5
    segment.state = "finished"
    assert len(api.get("/v1/segments/1/membership").json()["ids"]) == 10


def test_an_empty_segment_answers_nulls_and_an_unknown_one_404(
    workspace: Workspace, api: httpx.Client
) -> None:
    workspace.add_segment("Nobody")
    answer = api.get("/v1/segments/1/membership").json()
    assert answer == {"identifiers": None, "ids": None, "next": "", "segment_id": 1}
    assert api.get("/v1/segments/2/membership").status_code == 404
    assert api.get("/v1/segments/1/membership?limit=30001").status_code == 400
    assert api.get("/v1/segments/1/membership?limit=30000").status_code == 200


def test_membership_is_read_by_position_so_a_leaver_hides_somebody(
    workspace: Workspace, api: httpx.Client
) -> None:
    members = [workspace.add_person().cio_id for _ in range(4)]
    workspace.add_segment("All", members=members)
    cursor = api.get("/v1/segments/1/membership?limit=2").json()["next"]
    workspace.delete_person(members[0])
    rest = api.get("/v1/segments/1/membership", params={"limit": 2, "start": cursor}).json()
    assert [row["cio_id"] for row in rest["identifiers"]] == [members[3]]


def test_people_move_between_segments_as_they_change(workspace: Workspace, api: httpx.Client) -> None:
    ada = workspace.add_person(id="1")
    workspace.add_segment("Pro", conditions=where("plan", "eq", value="pro"))
    assert api.get("/v1/customers/1/segments").json() == {"segments": []}
    workspace.change_attributes(ada.cio_id, {"plan": "pro"})
    assert api.get("/v1/customers/1/segments").json()["segments"] == [
        {"id": 1, "name": "Pro", "description": ""}
    ]


def test_used_by_holds_the_id_inside_live_and_outside_in_the_spec(
    fake: FakeCustomerio, workspace: Workspace, api: httpx.Client
) -> None:
    workspace.add_segment("Pro")
    workspace.add("campaigns", trigger_segment_ids=[1])
    workspace.add("newsletters", recipient_segment_ids=[1])
    workspace.add("newsletters", recipient_segment_ids=[1], sent_at=NOW)
    users = {"campaigns": [1], "draft_newsletters": [1], "sent_newsletters": [2]}
    assert api.get("/v1/segments/1/used_by").json() == {"used_by": {"segment_id": 1, **users}}
    fake.quirks.used_by_as_spec = True
    assert api.get("/v1/segments/1/used_by").json() == {"segment_id": 1, "used_by": users}


@pytest.fixture
def companies(workspace: Workspace) -> list[tuple[str, str]]:
    workspace.add_object_type("Companies", "Company")
    return [
        workspace.add_object("1", f"acme-{number}", {"name": f"Acme {number}"}).key for number in range(5)
    ]


def object_condition(**body: str) -> dict[str, Any]:
    return {"object_attribute": {"operator": "exists", "field": "object_id", **body}}


@pytest.mark.parametrize("field", ["object_id", "cio_object_id", "name"])
def test_objects_are_found_by_type(api: httpx.Client, companies: list[tuple[str, str]], field: str) -> None:
    body = {"object_type_id": "1", "filter": object_condition(field=field, type_id="1")}
    answer = api.post("/v1/objects", json=body).json()
    assert answer["ids"] == [object_id for _, object_id in companies]
    assert set(answer["identifiers"][0]) == {"cio_object_id", "object_id"}


@pytest.mark.parametrize(
    "body",
    [
        {"filter": object_condition(type_id="1")},
        {"object_type_id": "1", "filter": object_condition()},
        {"object_type_id": "1", "filter": object_condition(type_id="2")},
        {"object_type_id": "9", "filter": object_condition(type_id="9")},
        {"object_type_id": "1"},
    ],
)
def test_the_object_type_is_needed_in_the_body_and_in_each_condition(
    api: httpx.Client, companies: list[tuple[str, str]], body: object
) -> None:
    assert api.post("/v1/objects", json=body).status_code == 400


def test_a_match_all_for_objects_is_not_promised(
    fake: FakeCustomerio, api: httpx.Client, companies: list[tuple[str, str]]
) -> None:
    fake.quirks.object_match_all = frozenset()
    body = {"object_type_id": 1, "filter": object_condition(type_id="1")}
    assert api.post("/v1/objects", json=body).json() == {"identifiers": None, "ids": None, "next": ""}


def test_pages_of_objects_repeat_a_row(api: httpx.Client, companies: list[tuple[str, str]]) -> None:
    body = {"object_type_id": "1", "filter": object_condition(type_id="1")}
    found = [row for page in pages(api, "/v1/objects", "ids", body=body, limit=2) for row in page]
    assert len(found) == 8
    assert set(found) == {object_id for _, object_id in companies}


def test_relationships_show_their_attributes_from_the_person_only(
    workspace: Workspace, api: httpx.Client, companies: list[tuple[str, str]]
) -> None:
    ada = workspace.add_person(id="1")
    workspace.relate(ada.cio_id, companies[0], {"role": "admin"})
    of_person = api.get("/v1/customers/1/relationships").json()["cio_relationships"]
    assert of_person == [
        {
            "object_type_id": 1,
            "identifiers": workspace.objects[companies[0]].identifiers,
            "attributes": {"role": "admin"},
            "timestamps": {"role": NOW},
        }
    ]
    of_object = api.get("/v1/objects/1/acme-0/relationships").json()["cio_relationships"]
    identifiers = {"cio_id": ada.cio_id, "email": None, "id": "1"}
    assert of_object == [{"identifiers": identifiers, "object_type_id": "1", "object_type_disabled": False}]


def test_pages_of_a_persons_relationships_repeat_a_row(
    workspace: Workspace, api: httpx.Client, companies: list[tuple[str, str]]
) -> None:
    ada = workspace.add_person(id="1")
    for key in companies:
        workspace.relate(ada.cio_id, key)
    found = pages(api, "/v1/customers/1/relationships", "cio_relationships", limit=3)
    assert [len(page) for page in found] == [3, 3]
    assert found[0][-1] == found[1][0]


def test_an_object_is_read_alone_and_by_either_id(
    workspace: Workspace, api: httpx.Client, companies: list[tuple[str, str]]
) -> None:
    own = workspace.objects[companies[0]].cio_object_id
    row = api.get("/v1/objects/1/acme-0/attributes").json()["object"]
    assert row["object_type_id"] == "1"
    assert row["attributes"] == {"name": "Acme 0", "object_id": "acme-0", "cio_object_id": own}
    assert api.get(f"/v1/objects/1/{own}/attributes?id_type=cio_object_id").json()["object"] == row
    assert api.get(f"/v1/objects/1/{own}/attributes").status_code == 404
    assert api.get("/v1/object_types").json()["types"][0]["id"] == "1"


def history(api: httpx.Client, **query: Any) -> list[Any]:
    return [row for page in pages(api, "/v1/activities", "activities", limit=100, **query) for row in page]


def test_history_is_newest_first_and_ends_after_thirty_days(
    workspace: Workspace, api: httpx.Client, clock: Clock
) -> None:
    ada = workspace.add_person(id="1", at=NOW - 60 * DAY)
    workspace.add_event(ada.cio_id, "old", at=NOW - 31 * DAY)
    workspace.add_event(ada.cio_id, "backdated", at=NOW - 29 * DAY)
    workspace.add_event(ada.cio_id, "planned", at=NOW + DAY)
    workspace.add_event(ada.cio_id, "now")
    assert [row["name"] for row in history(api)] == ["planned", "now", "backdated"]
    clock.time += 2 * DAY
    assert [row["name"] for row in history(api)] == ["planned", "now"]


def test_a_page_of_history_is_ten_rows_and_at_most_a_hundred(workspace: Workspace, api: httpx.Client) -> None:
    ada = workspace.add_person()
    for number in range(24):
        workspace.add_event(ada.cio_id, f"event {number}")
    found = pages(api, "/v1/activities", "activities")
    assert [len(page) for page in found] == [10, 10, 5]
    assert len({row["id"] for page in found for row in page}) == 25
    assert api.get("/v1/activities?limit=101").status_code == 400
    assert api.get("/v1/activities?start=abc").status_code == 400


def test_rows_that_arrive_while_reading_repeat_nothing(workspace: Workspace, api: httpx.Client) -> None:
    ada = workspace.add_person()
    for number in range(4):
        workspace.add_event(ada.cio_id, f"event {number}")
    first = api.get("/v1/activities?limit=2").json()
    workspace.add_event(ada.cio_id, "late")
    second = api.get("/v1/activities", params={"limit": 2, "start": first["next"]}).json()
    assert len(first["next"]) == 18
    assert [row.get("name") for row in first["activities"] + second["activities"]] == [
        "event 3",
        "event 2",
        "event 1",
        "event 0",
    ]


def test_history_wants_the_prefix_that_profiles_refuse(workspace: Workspace, api: httpx.Client) -> None:
    ada, _ = workspace.add_person(id="1"), workspace.add_person(id="2")
    assert len(history(api, customer_id=f"cio_{ada.cio_id}", id_type="cio_id")) == 1
    assert history(api, customer_id=ada.cio_id, id_type="cio_id") == []
    assert len(history(api, customer_id="1")) == 1
    assert history(api, customer_id="nobody") == []
    assert len(api.get("/v1/customers/1/activities").json()["activities"]) == 1


def test_history_is_narrowed_by_type_and_by_event_or_attribute_name(
    workspace: Workspace, api: httpx.Client
) -> None:
    ada = workspace.add_person(id="1")
    workspace.change_attributes(ada.cio_id, {"plan": "pro"})
    workspace.add_event(ada.cio_id, "Call Logged", {"duration": 60})
    workspace.record("a_type_of_tomorrow", person=ada, data={"entered": [3]})
    assert [row["data"] for row in history(api, type="event")] == [{"duration": 60}]
    assert [row["data"] for row in history(api, name="plan")] == [{"plan": {"from": "", "to": "pro"}}]
    assert [row["type"] for row in history(api, name="Call Logged")] == ["event"]
    assert history(api)[0]["type"] == "a_type_of_tomorrow"


def test_deleted_people_stay_in_the_history_and_the_filter_narrows_nothing(
    fake: FakeCustomerio, workspace: Workspace, api: httpx.Client
) -> None:
    ada, bob = workspace.add_person(id="1"), workspace.add_person(id="2")
    workspace.delete_person(bob.cio_id)
    assert [row["type"] for row in history(api)] == ["profile_delete", "profile_create", "profile_create"]
    assert history(api)[0]["customer_identifiers"] == {"cio_id": bob.cio_id, "id": "2"}
    assert history(api, deleted="true") == history(api)
    fake.quirks.deleted_narrows = True
    assert {row["customer_id"] for row in history(api, deleted="true")} == {"2"}
    assert search(api, EVERYBODY["filter"]) == [ada.cio_id]


def test_what_is_kept_of_a_suppressed_person_names_nobody(workspace: Workspace, api: httpx.Client) -> None:
    ada = workspace.add_person(id="1", email="ada@example.com")
    workspace.add_event(ada.cio_id, "Call Logged", {"subject": "secret"})
    message = workspace.add_message(ada.cio_id)
    workspace.suppress_person(ada.cio_id)
    assert all(row["customer_identifiers"] is None and row["data"] == {} for row in history(api))
    assert api.get(f"/v1/messages/{message['id']}").json()["message"]["customer_identifiers"] is None


def test_a_merge_gives_the_primary_what_it_lacks(
    workspace: Workspace, api: httpx.Client, companies: list[tuple[str, str]]
) -> None:
    ada = workspace.add_person(id="1", attributes={"name": "Ada"})
    double = workspace.add_person(email="ada@example.com", attributes={"name": "A.", "plan": "pro"})
    workspace.add_event(double.cio_id, "Call Logged")
    workspace.relate(double.cio_id, companies[0], {"role": "owner"})
    workspace.add_segment("By hand", members=[double.cio_id])
    workspace.merge_people(ada.cio_id, double.cio_id)
    (row,) = profiles(api, ada.cio_id, double.cio_id)
    assert (row["attributes"]["name"], row["attributes"]["plan"]) == ("Ada", "pro")
    assert row["identifiers"]["email"] == "ada@example.com"
    ties = api.get("/v1/customers/1/relationships").json()["cio_relationships"]
    assert [tie["attributes"] for tie in ties] == [{"role": "owner"}]
    assert api.get("/v1/segments/1/membership").json()["ids"] == ["1"]
    assert [event["customer_id"] for event in history(api, type="event")] == ["1"]
    assert len(history(api, type="profile_merge", customer_id="1")) == 1


def test_changes_write_the_history_that_a_delta_reads(
    workspace: Workspace, api: httpx.Client, companies: list[tuple[str, str]], clock: Clock
) -> None:
    ada = workspace.add_person(id="1")
    clock.time += 1
    workspace.change_attributes(ada.cio_id, {"unsubscribed": True})
    workspace.change_attributes(ada.cio_id, {"unsubscribed": True})
    workspace.relate(ada.cio_id, companies[0], {"role": "admin"})
    workspace.relate(ada.cio_id, companies[0], {"role": "owner"})
    workspace.unrelate(ada.cio_id, companies[0])
    workspace.change_object(companies[0], {"name": "Acme Ltd"})
    workspace.delete_object(companies[0])
    workspace.add_device(ada.cio_id, "token", "ios")
    newest = [row["type"] for row in history(api) if row["timestamp"] == NOW + 1]
    assert newest == [
        "device_change",
        "_o:1:delete",
        "_o:1:attribute_change",
        "_o:1:delete_relationship",
        "delete_relationship",
        "_r:1:attribute_change",
        "_o:1:add_relationship",
        "add_relationship",
        "attribute_change",
    ]
    assert profiles(api, ada.cio_id)[0]["unsubscribed"] is True


def deliveries(api: httpx.Client, path: str = "/v1/messages", **query: Any) -> list[str]:
    return [row["subject"] for page in pages(api, path, "messages", **query) for row in page]


def test_a_window_of_messages_is_cut_to_half_a_year_in_silence(
    workspace: Workspace, api: httpx.Client
) -> None:
    for months in (0, 5, 7, 14):
        workspace.add_message(created=NOW - months * 30 * DAY, subject=f"{months} months ago")
    assert deliveries(api) == ["0 months ago", "5 months ago"]
    assert deliveries(api, start_ts=0) == ["0 months ago", "5 months ago"]
    assert deliveries(api, start_ts=0, end_ts=NOW - 180 * DAY) == ["7 months ago"]
    assert deliveries(api, start_ts=0, end_ts=NOW - 400 * DAY) == ["14 months ago"]


def test_both_ends_of_a_window_are_included(workspace: Workspace, api: httpx.Client) -> None:
    for second in (99, 100, 200, 201):
        workspace.add_message(created=second, subject=str(second))
    assert deliveries(api, start_ts=100, end_ts=200, limit=1) == ["200", "100"]


def test_drafts_come_instead_of_what_was_sent(workspace: Workspace, api: httpx.Client) -> None:
    workspace.add_message(subject="sent")
    workspace.add_message(subject="draft", drafted=True)
    assert deliveries(api) == ["sent"]
    assert deliveries(api, drafts="true") == ["draft"]


def test_messages_are_narrowed_by_parent_type_and_metric(workspace: Workspace, api: httpx.Client) -> None:
    ada = workspace.add_person(id="1", email="ada@example.com")
    opened = workspace.add_message(ada.cio_id, subject="a", campaign_id=4, action_id=25)
    workspace.add_message(subject="b", type="push", newsletter_id=9)
    workspace.add("campaigns", id=4)
    workspace.add_metric(opened["id"], "opened", at=NOW + 60)
    assert deliveries(api, campaign_id=4) == deliveries(api, metric="opened") == ["a"]
    assert deliveries(api, type="push") == deliveries(api, newsletter_id=9) == ["b"]
    assert deliveries(api, "/v1/customers/1/messages") == deliveries(api, "/v1/campaigns/4/messages") == ["a"]
    assert api.get("/v1/messages?metric=read").status_code == 400
    row = api.get(f"/v1/messages/{opened['id']}").json()["message"]
    assert row["metrics"] == {"sent": NOW, "opened": NOW + 60}
    assert row["customer_identifiers"]["cio_id"] == ada.cio_id
    assert "body" not in row
    assert [line["data"]["opened"] for line in history(api, type="opened_email")] == [NOW + 60]


def test_action_ids_are_strings_in_the_list_and_integers_in_the_campaign(
    fake: FakeCustomerio, workspace: Workspace, api: httpx.Client
) -> None:
    workspace.add("campaigns", name="Welcome", type="event", event_name="purchase")
    for _ in range(12):
        workspace.add("campaign_actions", campaign_id=1)
    found = pages(api, "/v1/campaigns/1/actions", "actions")
    assert [len(page) for page in found] == [10, 2]
    assert found[0][0]["id"] == "1"
    assert api.get("/v1/campaigns").json()["campaigns"][0]["actions"][0] == {"id": 1, "type": "email"}
    assert api.get("/v1/campaigns/1/actions/12").json()["action"]["id"] == 12
    assert api.get("/v1/campaigns/1/actions/13").status_code == 404
    fake.quirks.string_action_ids = False
    assert api.get("/v1/campaigns/1/actions").json()["actions"][0]["id"] == 1


def test_filters_of_a_campaign_are_json_in_a_string(
    fake: FakeCustomerio, workspace: Workspace, api: httpx.Client
) -> None:
    person, thing = {"and": [where("title")]}, {"and": [object_condition(type_id="1")]}
    audience = {"type": 1, "person_filters": person}
    workspace.add(
        "campaigns", type="object", object_type_id=1, filter_object_attributes=thing, audience=audience
    )
    row = api.get("/v1/campaigns/1").json()["campaign"]
    assert json.loads(row["filter_object_attributes"]) == thing
    assert json.loads(row["audience"]["person_filters"]) == person
    fake.quirks.json_string_filters = False
    assert api.get("/v1/campaigns/1").json()["campaign"]["filter_object_attributes"] == thing


def test_a_translated_action_is_read_by_language(workspace: Workspace, api: httpx.Client) -> None:
    workspace.add("campaigns")
    workspace.add("campaign_actions", campaign_id=1, language="de", body="Hallo")
    assert api.get("/v1/campaigns/1/actions/1/language/de").json()["action"]["body"] == "Hallo"
    assert api.get("/v1/campaigns/1/actions/1/language/fr").status_code == 404


def test_journey_metrics_need_start_end_and_resolution(workspace: Workspace, api: httpx.Client) -> None:
    workspace.add("campaigns")
    workspace.add_message(campaign_id=1)
    query: dict[str, int | str] = {"start": NOW - DAY, "end": NOW, "resolution": "days"}
    metrics = api.get("/v1/campaigns/1/journey_metrics", params=query).json()["journey_metric"]
    assert metrics["messaged"] == [0, 1]
    for missing in query:
        rest = {key: value for key, value in query.items() if key != missing}
        assert api.get("/v1/campaigns/1/journey_metrics", params=rest).status_code == 400
    sent = api.get(
        "/v1/campaigns/1/metrics", params={"version": 2, "start": NOW, "end": NOW, "res": "daily"}
    ).json()
    assert sent["metric"]["series"]["sent"] == [1]
    assert api.get("/v1/campaigns/1/metrics/links").json() == {"links": []}


def test_broadcasts_tell_their_actions_and_triggers(workspace: Workspace, api: httpx.Client) -> None:
    workspace.add("broadcasts", name="Alert")
    workspace.add("broadcast_actions", broadcast_id=1)
    workspace.add("broadcast_triggers", broadcast_id=1, processed_at=NOW)
    assert api.get("/v1/broadcasts").json()["broadcasts"][0]["type"] == "triggered_broadcast"
    assert api.get("/v1/broadcasts/1").json()["broadcast"]["created"] == NOW
    assert len(api.get("/v1/broadcasts/1/actions").json()["actions"]) == 1
    assert api.get("/v1/broadcasts/1/triggers").json()["triggers"][0]["created_at"] == NOW
    assert api.get("/v1/broadcasts/2/actions").status_code == 404


def test_the_last_page_of_newsletters_has_a_null_next(workspace: Workspace, api: httpx.Client) -> None:
    for name in "ab":
        workspace.add("newsletters", name=name)
    workspace.add("newsletter_contents", newsletter_id=1, language="de")
    first = api.get("/v1/newsletters?limit=1&sort=desc").json()
    last = api.get("/v1/newsletters", params={"limit": 1, "sort": "desc", "start": first["next"]}).json()
    assert (first["newsletters"][0]["name"], last["newsletters"][0]["name"], last["next"]) == ("b", "a", None)
    assert last["newsletters"][0]["sent_at"] is None
    assert api.get("/v1/newsletters/1/contents").json()["contents"][0]["language"] == "de"
    assert api.get("/v1/newsletters/1").json()["newsletter"]["name"] == "a"


def test_a_transactional_window_is_a_year_long_at_most(workspace: Workspace, api: httpx.Client) -> None:
    workspace.add("transactional", name="password reset")
    workspace.add("transactional_contents", transactional_id=1, body="Hello")
    for months in (0, 7, 14):
        created = NOW - months * 30 * DAY
        workspace.add_message(created=created, subject=str(months), transactional_message_id=1)
    path = "/v1/transactional/1/messages"
    assert deliveries(api, path) == ["0"]
    assert deliveries(api, path, start_ts=0) == ["0", "7"]
    assert deliveries(api, path, state="failed") == []
    assert api.get("/v1/transactional").json()["messages"][0]["created_at"] == NOW
    assert api.get("/v1/transactional/1").json()["message"]["name"] == "password reset"
    assert api.get("/v1/transactional/1/contents").json()["contents"][0]["body"] == "Hello"


def test_an_export_of_people_is_waited_for_and_its_link_expires(
    workspace: Workspace, api: httpx.Client, clock: Clock
) -> None:
    workspace.add_person(id="1", attributes={"name": "Ada, Countess"})
    workspace.add_person(email="bob@example.com")
    assert api.post("/v1/exports/customers", json=EVERYBODY).status_code == 400
    export = api.post("/v1/exports/customers", json={"filters": EVERYBODY["filter"]}).json()["export"]
    assert (export["status"], export["total"]) == ("pending", 0)
    assert api.get(f"/v1/exports/{export['id']}/download").status_code == 404
    clock.time += 2
    assert (
        api.get("/v1/exports/1").json()["export"] | {"status": "done", "total": 2}
        == (api.get("/v1/exports").json()["exports"][0])
    )
    url = api.get("/v1/exports/1/download").json()["url"]
    with httpx.Client(transport=api._transport) as anonymous:
        rows = list(csv.DictReader(io.StringIO(anonymous.get(url).text)))
        assert [(row["id"], row["email"]) for row in rows] == [("1", ""), ("", "bob@example.com")]
        assert rows[0]["name"] == "Ada, Countess"
        clock.time += 15 * 60 + 1
        assert anonymous.get(url).status_code == 403
    assert api.get("/v1/exports/1").json()["export"]["downloads"] == 1


def test_an_export_of_deliveries_needs_exactly_one_parent(
    fake: FakeCustomerio, workspace: Workspace, api: httpx.Client, clock: Clock
) -> None:
    workspace.add_message(campaign_id=4, subject="Hello")
    workspace.add_message(campaign_id=5)
    assert api.post("/v1/exports/deliveries", json={}).status_code == 400
    assert api.post("/v1/exports/deliveries", json={"campaign_id": 4, "action_id": 1}).status_code == 400
    export = api.post("/v1/exports/deliveries", json={"campaign_id": 4, "metric": "sent"}).json()["export"]
    assert "status" not in export
    clock.time += 2
    assert api.get("/v1/exports/1").json()["export"]["total"] == 1
    url = api.get("/v1/exports/1/download").json()["url"]
    assert next(csv.DictReader(io.StringIO(api.get(url).text)))["subject"] == "Hello"
    fake.quirks.odd_export_answer = True
    assert api.post("/v1/exports/deliveries", json={"campaign_id": 5}).json()["export"]["id"] == "2,"


def test_suppressions_are_paged_by_offset_and_end_in_null(workspace: Workspace, api: httpx.Client) -> None:
    for number in range(3):
        workspace.add("suppressions", type="bounces", email=f"{number}@example.com", domain="example.com")
    path = "/v1/esp/suppression/bounces"
    assert len(api.get(path).json()["suppressions"]) == 3
    assert api.get(path, params={"limit": 2, "offset": 2}).json() == {
        "category": "bounces",
        "suppressions": [{"email": "2@example.com", "created": NOW, "reason": "", "status": "550"}],
    }
    assert api.get(path, params={"offset": 3}).json() == {"suppressions": None}
    assert api.get("/v1/esp/suppression/blocks").json() == {"suppressions": None}
    assert api.get("/v1/esp/suppression/unknown").status_code == 400
    by_domain = pages(api, "/v1/esp/domains/example.com/suppression/bounces", "suppressions", limit=2)
    assert [len(page) for page in by_domain] == [2, 1]
    assert api.get("/v1/esp/search_suppression/1@example.com").json()["category"] == "bounces"


def test_senders_end_with_an_empty_page_and_hidden_means_hidden_only(
    workspace: Workspace, api: httpx.Client
) -> None:
    workspace.add("sender_identities", name="Seen")
    workspace.add("sender_identities", name="Hidden", hidden=True)
    first = api.get("/v1/sender_identities").json()
    assert [row["name"] for row in first["sender_identities"]] == ["Seen"]
    assert first["next"]
    last = api.get("/v1/sender_identities", params={"start": first["next"]}).json()
    assert last["sender_identities"] == []
    hidden = api.get("/v1/sender_identities?hidden=true").json()["sender_identities"]
    assert [row["name"] for row in hidden] == ["Hidden"]


def test_workspaces_lists_the_whole_account_with_old_counts(
    workspace: Workspace, api: httpx.Client, clock: Clock
) -> None:
    workspace.other_workspaces.append({"id": 1, "name": "Other", "people": 7})
    assert [row["people"] for row in api.get("/v1/workspaces").json()["workspaces"]] == [7, 0]
    workspace.add_person()
    assert api.get("/v1/workspaces").json()["workspaces"][1]["people"] == 0
    clock.time += 2 * 3600
    assert api.get("/v1/workspaces").json()["workspaces"][1]["people"] == 1


def test_the_rest_of_the_configuration_is_readable(workspace: Workspace, api: httpx.Client) -> None:
    workspace.add("reporting_webhooks", endpoint="https://user:secret@example.com/hook")
    workspace.add("snippets", name="address", value="Fake St")
    workspace.add("collections", name="events", content=[{"name": "Party"}])
    workspace.add("imports", name="people")
    assert "secret" in api.get("/v1/reporting_webhooks").json()["reporting_webhooks"][0]["endpoint"]
    assert api.get("/v1/snippets").json()["snippets"] == [
        {"name": "address", "value": "Fake St", "updated_at": NOW}
    ]
    assert "content" not in api.get("/v1/collections").json()["collections"][0]
    assert api.get("/v1/collections/1/content").json() == {"content": [{"name": "Party"}]}
    assert api.get("/v1/imports/1").json()["import"]["state"] == "imported"
    assert api.get("/v1/subscription_channels").json() == {"channels": []}
    assert api.get("/v1/info/ip_addresses", headers={"Authorization": ""}).status_code == 200


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
        "objects": [
            {"object_type_id": "1", "object_id": "A", "cio_object_id": "ob1", "attributes": {"name": "A"}}
        ],
        "relationships": [
            {"cio_id": "00000001", "object_type_id": "1", "object_id": "A", "attributes": {"rank": "1"}}
        ],
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
        assert api.get("/v1/customers/C1/relationships").json()["cio_relationships"][0]["attributes"] == {
            "rank": "1"
        }
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
