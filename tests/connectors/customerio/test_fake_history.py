"""The history that the fake writes, and its messages: contracts/customerio/FACTS.md §7 and §8."""

from __future__ import annotations

import httpx

from connectors.customerio.fake import FakeCustomerio, Workspace
from tests.connectors.customerio.asking import DAY, EVERYBODY, NOW, Clock, deliveries, history, pages, profiles, search


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


def test_history_is_narrowed_by_type_and_by_event_or_attribute_name(workspace: Workspace, api: httpx.Client) -> None:
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


def test_a_window_of_messages_is_cut_to_half_a_year_in_silence(workspace: Workspace, api: httpx.Client) -> None:
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
