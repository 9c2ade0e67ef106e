"""People on the fake: the search, its pages and the profiles: contracts/customerio/FACTS.md §2 and §4."""

from __future__ import annotations

import time

import httpx
import pytest

from connectors.customerio.fake import EmptyLists, FakeCustomerio, LastPage, Workspace
from tests.connectors.customerio.asking import EVERYBODY, NOW, Clock, client_of, pages, profiles, search, where


def test_the_cio_id_filter_finds_everybody_and_the_id_filter_does_not(workspace: Workspace, api: httpx.Client) -> None:
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
    ada, bob = (workspace.add_person(email=f"{name}@example.com", attributes={"seats": 3}) for name in ("ada", "bob"))
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
    for number in range(10_000):
        workspace.add_person(id=str(number))
    with client_of(FakeCustomerio(workspace, requests_per_second=None)) as api:
        api.post("/v1/customers", json=EVERYBODY)
        started = time.perf_counter()
        found = pages(api, "/v1/customers", "ids", body=EVERYBODY, limit=1000)
        assert (time.perf_counter() - started) / len(found) < 0.1
    assert sum(len(page) for page in found) == 10_000


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
    # The public Singer tap proves its access with an empty list.
    assert profiles(api) == []
    for ids in (["1"] * 101, [1], None):
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
