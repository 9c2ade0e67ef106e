"""Segments, objects and relationships on the fake: contracts/customerio/FACTS.md §5 and §6."""

from __future__ import annotations

import httpx
import pytest

from connectors.customerio.fake import FakeCustomerio, Workspace
from tests.connectors.customerio.asking import NOW, object_condition, pages, where


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


def test_conditions_may_not_be_told_at_all(fake: FakeCustomerio, workspace: Workspace, api: httpx.Client) -> None:
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


def test_an_empty_segment_answers_nulls_and_an_unknown_one_404(workspace: Workspace, api: httpx.Client) -> None:
    workspace.add_segment("Nobody")
    answer = api.get("/v1/segments/1/membership").json()
    assert answer == {"identifiers": None, "ids": None, "next": "", "segment_id": 1}
    assert api.get("/v1/segments/2/membership").status_code == 404
    assert api.get("/v1/segments/1/membership?limit=30001").status_code == 400
    assert api.get("/v1/segments/1/membership?limit=30000").status_code == 200


def test_membership_is_read_by_position_so_a_leaver_hides_somebody(workspace: Workspace, api: httpx.Client) -> None:
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
    assert api.get("/v1/customers/1/segments").json()["segments"] == [{"id": 1, "name": "Pro", "description": ""}]


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
