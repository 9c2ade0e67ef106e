"""Campaigns, exports and settings on the fake: contracts/customerio/FACTS.md §9 to §12."""

from __future__ import annotations

import csv
import io
import json

import httpx

from connectors.customerio.fake import FakeCustomerio, Workspace
from tests.connectors.customerio.asking import DAY, EVERYBODY, NOW, Clock, deliveries, object_condition, pages, where


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
    workspace.add("campaigns", type="object", object_type_id=1, filter_object_attributes=thing, audience=audience)
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
    sent = api.get("/v1/campaigns/1/metrics", params={"version": 2, "start": NOW, "end": NOW, "res": "daily"}).json()
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


def test_senders_end_with_an_empty_page_and_hidden_means_hidden_only(workspace: Workspace, api: httpx.Client) -> None:
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
    assert api.get("/v1/snippets").json()["snippets"] == [{"name": "address", "value": "Fake St", "updated_at": NOW}]
    assert "content" not in api.get("/v1/collections").json()["collections"][0]
    assert api.get("/v1/collections/1/content").json() == {"content": [{"name": "Party"}]}
    assert api.get("/v1/imports/1").json()["import"]["state"] == "imported"
    assert api.get("/v1/subscription_channels").json() == {"channels": []}
    assert api.get("/v1/info/ip_addresses", headers={"Authorization": ""}).status_code == 200
