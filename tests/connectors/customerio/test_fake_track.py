"""The stand-in's write side: what the customer's own systems send changes the workspace and leaves its line."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from connectors.customerio.fake import FakeCustomerio, Workspace
from connectors.customerio.fake.app import TRACK_KEY


def send(api: httpx.Client, *, status: int = 200, **body: Any) -> Any:
    answer = api.post("https://track.customer.io/api/v2/entity", json=body, auth=httpx.BasicAuth(*TRACK_KEY))
    assert answer.status_code == status, answer.text
    return answer.json()


def lines(workspace: Workspace) -> list[str]:
    return [activity.row["type"] for activity in workspace.activities]


def test_a_person_is_added_and_changed(api: httpx.Client, workspace: Workspace) -> None:
    send(api, type="person", action="identify", identifiers={"id": "u1"}, attributes={"plan": "free", "age": 3})
    send(api, type="person", action="identify", identifiers={"id": "u1"}, attributes={"plan": "paid"})
    (person,) = workspace.people
    assert (person.id, person.attributes["plan"], person.attributes["age"]) == ("u1", "paid", "3")
    assert sorted(lines(workspace)) == ["attribute_change", "attribute_change", "profile_create"]


def test_events_merges_and_deletions_leave_their_lines(api: httpx.Client, workspace: Workspace) -> None:
    kept, gone, leaves = (workspace.add_person(id=f"u{n}", email=f"u{n}@x.example") for n in range(3))
    send(api, type="person", action="event", identifiers={"email": "u1@x.example"}, name="visit", attributes={"n": 1})
    send(
        api, type="person", action="merge", primary={"cio_id": kept.cio_id}, secondary={"email": "u1@x.example"}
    )  # fmt: skip
    send(api, type="person", action="delete", identifiers={"id": "u2"})
    assert [person.cio_id for person in workspace.people] == [kept.cio_id]
    assert {"event", "profile_merge", "profile_delete"} <= set(lines(workspace))
    assert gone.cio_id != leaves.cio_id


def test_objects_and_relationships_are_written(api: httpx.Client, workspace: Workspace) -> None:
    person = workspace.add_person(id="u1")
    workspace.add_object_type("Companies", "Company")
    acme = {"object_type_id": "1", "object_id": "acme"}
    send(api, type="object", action="identify", identifiers=acme, attributes={"name": "Acme"})
    tie = {"identifiers": acme, "relationship_attributes": {"role": "owner"}}
    send(api, type="person", action="add_relationships", identifiers={"id": "u1"}, cio_relationships=[tie])
    found = workspace.relationships.get(person.cio_id, ("1", "acme"))
    assert found is not None
    assert found.attributes == {"role": "owner"}
    send(api, type="person", action="delete_relationships", identifiers={"id": "u1"}, cio_relationships=[tie])
    assert workspace.relationships.get(person.cio_id, ("1", "acme")) is None
    send(api, type="object", action="delete", identifiers=acme)
    assert ("1", "acme") not in workspace.objects


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"type": "plant", "action": "identify"}, "neither person nor object"),
        ({"type": "person", "action": "water"}, "none of identify, event"),
        ({"type": "person", "action": "identify", "identifiers": {"id": "1", "email": "a@b.c"}}, "expected one of"),
        ({"type": "person", "action": "delete", "identifiers": {"id": "nobody"}}, "names nobody"),
        ({"type": "object", "action": "identify", "identifiers": {"object_type_id": "9"}}, "no object type"),
    ],
)
def test_what_makes_no_sense_is_refused_under_meta(api: httpx.Client, body: dict[str, Any], said: str) -> None:
    assert said in send(api, status=400, **body)["meta"]["error"]


def test_the_read_key_does_not_write_and_the_write_key_does_not_read(fake: FakeCustomerio, api: httpx.Client) -> None:
    body = {"type": "person", "action": "identify", "identifiers": {"id": "u1"}}
    assert api.post("/api/v2/entity", json=body).status_code == 401
    assert api.get("/v1/workspaces", auth=httpx.BasicAuth(*TRACK_KEY)).status_code == 401
