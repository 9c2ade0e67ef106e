"""Which object type lands where, and what the events count as: shown, changed, undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from connectors.catalogue import FieldType
from mapping.rules import Action, ActivityRule, FieldRule, Home, Kind, MapSpec, ObjectRule
from projects.models import Project, Run, User

from .conftest import FIELDS
from .test_pages import check

LogIn = Callable[[User], Client]

BOAT = (
    FieldRule(source="object_id", action=Action.CREATE, destination="customerioId", type=FieldType.TEXT,
              label="Customer.io ID", unique=True),
    FieldRule(source="name", action=Action.MAP, destination="name", type=FieldType.TEXT),
)  # fmt: skip


@pytest.fixture
def sailing(discovered: Run, engineer: User) -> Project:
    """People move, boats stay behind, three streams of events wait."""
    person = ObjectRule(source="person", destination="person", match_on="emails.primaryEmail", fields=FIELDS)
    boats = ObjectRule(source="object:7", destination="boat", action=Action.SKIP, label="Boat", fields=BOAT)
    streams = (
        ActivityRule(source="event", name="call_logged", kind=Kind.CALL, parts={"title": "subject"}, confidence=0.9,
                     reason="Its name says call."),
        ActivityRule(source="event", name="engagement", where="type", equals="NOTE", kind=Kind.NOTE, home=Home.COMMENT),
        ActivityRule(source="event", name="page_viewed", action=Action.SKIP),
    )  # fmt: skip
    spec = MapSpec(objects=(person, boats), activities=streams)
    discovered.project.map_series.add(spec, by=engineer, note="proposed")
    return discovered.project


@pytest.fixture
def client(sailing: Project, customer: User, log_in: LogIn) -> Client:
    """The customer's browser."""
    return log_in(customer)


def spec(project: Project) -> MapSpec:
    latest = project.map_series.latest()
    assert latest is not None
    return latest.spec


def press(client: Client, project: Project, name: str, **data: Any) -> str:
    return client.post(reverse(name, args=[project.slug]), data, follow=True).content.decode()


def boats(project: Project) -> ObjectRule:
    found = spec(project).object("object:7")
    assert found is not None
    return found


def test_every_object_type_says_where_it_lands(client: Client, sailing: Project) -> None:
    answer = client.get(reverse("map-objects", args=[sailing.slug]))
    check(answer.content.decode())
    lands = {row.label: (row.lands, row.count) for row in answer.context["rows"]}
    assert lands == {"People": ("person", 20), "Boats": ("", 2)}


def test_an_object_type_becomes_a_new_object_with_legal_names(client: Client, sailing: Project) -> None:
    press(client, sailing, "change-object", object="object:7", destination="+new", label="Plan", label_plural="Plans")
    found = boats(sailing)
    assert (found.action, found.create, found.destination, found.plural) == (
        Action.CREATE,
        True,
        "planRecord",
        "planRecords",
    )
    assert found.match_on == "customerioId"
    assert found.decided_by == "Customer Person"
    assert "Undone: made object:7 a new object" in press(client, sailing, "undo-map")
    assert boats(sailing).action == Action.SKIP


def test_an_object_type_lands_on_one_that_is_there_and_its_fields_find_a_place(
    client: Client, sailing: Project
) -> None:
    press(client, sailing, "change-object", object="object:7", destination="note")
    found = boats(sailing)
    assert (found.destination, found.create) == ("note", False)
    name = found.rule_for("name")
    assert name is not None
    assert (name.action, name.destination) == (Action.CREATE, "nameTrait")


def test_an_object_type_is_accepted_or_left_behind(client: Client, sailing: Project) -> None:
    press(client, sailing, "change-object", object="object:7", destination="")
    rows = client.get(reverse("map-objects", args=[sailing.slug])).context["rows"]
    row = next(one for one in rows if one.rule.source == "object:7")
    assert row.decided == "Customer Person"
    assert "People always land on people" in press(
        client, sailing, "change-object", object="person", destination="company"
    )
    assert "no object “wings”" in press(client, sailing, "change-object", object="object:7", destination="wings")
    assert "no object type “object:9”" in press(client, sailing, "change-object", object="object:9", destination="-")


def test_events_say_what_they_count_as_and_where_they_land(client: Client, sailing: Project) -> None:
    page = client.get(reverse("map-events", args=[sailing.slug])).content.decode()
    check(page)
    for words in ("call_logged", "engagement where type is NOTE", "title from subject", "Note on the timeline"):
        assert words in page
    assert (
        reverse("map-events", args=[sailing.slug]) in client.get(reverse("map", args=[sailing.slug])).content.decode()
    )


def test_an_event_is_accepted_changed_left_behind_and_undone(client: Client, sailing: Project) -> None:
    key = "event:call_logged"
    press(client, sailing, "change-event", key=key, to="accept")
    assert sailing.map_series.versions.count() == 1
    press(client, sailing, "change-event", key=key, to="change", kind="meeting", home="task")
    found = spec(sailing).activities[0]
    assert (found.kind, found.home, found.decided_by) == (Kind.MEETING, Home.TASK, "Customer Person")
    press(client, sailing, "change-event", key=key, to="leave")
    assert spec(sailing).activities[0].action == Action.SKIP
    press(client, sailing, "undo-map")
    assert spec(sailing).activities[0] == found
    assert "has no “event:wings”" in press(client, sailing, "change-event", key="event:wings", to="leave")


def test_the_tabs_count_what_nobody_has_decided(client: Client, sailing: Project) -> None:
    review = client.get(reverse("map", args=[sailing.slug])).context["review"]
    assert (review.waiting_objects, review.waiting_streams) == (1, 3)
    press(client, sailing, "change-object", object="object:7", destination="")
    press(client, sailing, "change-event", key="event:call_logged", to="accept")
    review = client.get(reverse("map", args=[sailing.slug])).context["review"]
    assert (review.waiting_objects, review.waiting_streams) == (0, 2)
