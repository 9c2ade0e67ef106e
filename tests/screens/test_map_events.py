"""What the events count as: shown with examples, changed part by part, questions answered, undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from connectors.catalogue import ObjectKind
from mapping.happenings import Happenings
from mapping.rules import Action, ActivityRule, Home, Kind, MapSpec, ObjectRule
from projects.models import Profile, Project, Run, User

from .conftest import FIELDS
from .test_map_objects import press, spec
from .test_pages import check

LogIn = Callable[[User], Client]

STREAMS = (
    ActivityRule(source="event", name="call_logged", kind=Kind.CALL, parts={"title": "subject"}, count=3,
                 examples=('{"subject": "Zoë rang"}',), confidence=0.9, reason="Its name says call."),
    ActivityRule(source="event", name="engagement", where="type", equals="NOTE", kind=Kind.NOTE, home=Home.COMMENT),
    ActivityRule(source="event", name="page_viewed", action=Action.SKIP),
    ActivityRule(source="event", name="demo_scheduled", count=1, alternative=Kind.MEETING, confidence=0.6,
                 reason="Its name says meeting, but a demo may also be one in the browser."),
)  # fmt: skip


@pytest.fixture
def sailing(discovered: Run, engineer: User) -> Project:
    """People move; four streams of events wait, and discovery knows their properties."""
    seen = Happenings()
    for number in range(3):
        seen.add("call_logged", {"subject": "Zoë rang", "took": 60, "by": {"who": "Ada"}}, f"p{number}")
    seen.add("demo_scheduled", {"title": "Demo", "starts_at": 1700000000}, "p1")
    Profile.objects.create(
        project=discovered.project, run=discovered, object="event", label="Event", label_plural="Events",
        kind=ObjectKind.HAPPENING, read=4,
        data={"streams": seen.to_json()},
    )  # fmt: skip
    person = ObjectRule(source="person", destination="person", match_on="emails.primaryEmail", fields=FIELDS)
    discovered.project.map_series.add(MapSpec(objects=(person,), activities=STREAMS), by=engineer, note="proposed")
    return discovered.project


@pytest.fixture
def client(sailing: Project, customer: User, log_in: LogIn) -> Client:
    """The customer's browser."""
    return log_in(customer)


def show(client: Client, project: Project, **data: Any) -> str:
    html = client.get(reverse("map-events", args=[project.slug]), data).content.decode()
    check(html)
    return html


def stream(project: Project, name: str) -> ActivityRule:
    return next(rule for rule in spec(project).activities if rule.name == name)


def test_events_say_what_they_count_as_and_where_they_land(client: Client, sailing: Project) -> None:
    page = show(client, sailing)
    for words in ("call_logged", "engagement where type is NOTE", "Title: subject", "Note on the timeline", "Zoë rang"):
        assert words in page
    assert (
        reverse("map-events", args=[sailing.slug]) in client.get(reverse("map", args=[sailing.slug])).content.decode()
    )


def test_who_may_not_see_values_sees_no_examples(sailing: Project, engineer: User, log_in: LogIn) -> None:
    Project.objects.filter(pk=sailing.pk).update(engineers_see_values=False)
    theirs = log_in(engineer)
    assert "Zoë" not in show(theirs, sailing)
    for name, args in (("export-map", ["json"]), ("api-map", [])):
        assert "Zo" not in theirs.get(reverse(name, args=[sailing.slug, *args])).content.decode()


def test_an_event_is_accepted_changed_left_behind_and_undone(client: Client, sailing: Project) -> None:
    key = "event:call_logged"
    press(client, sailing, "change-event", key=key, to="accept")
    assert sailing.map_series.versions.count() == 1
    press(client, sailing, "change-event", key=key, to="change", kind="meeting", home="task")
    found = stream(sailing, "call_logged")
    assert (found.kind, found.home, found.decided_by) == (Kind.MEETING, Home.TASK, "Customer Person")
    assert found.parts == {"title": "subject"}
    press(client, sailing, "change-event", key=key, to="leave")
    assert stream(sailing, "call_logged").action == Action.SKIP
    press(client, sailing, "undo-map")
    assert stream(sailing, "call_logged") == found
    assert "has no “event:wings”" in press(client, sailing, "change-event", key="event:wings", to="leave")


def test_which_property_plays_which_part_is_chosen_from_those_that_were_seen(client: Client, sailing: Project) -> None:
    key = "event:call_logged"
    page = show(client, sailing, stream=key)
    assert "took (3)" in page
    assert "by.who (3)" in page
    given = {"key": key, "to": "change", "kind": "call", "home": "activity", "with_parts": "yes", "columns": "on"}
    press(client, sailing, "change-event", **given, part_title="", part_duration="took", part_author_name="by.who")
    found = stream(sailing, "call_logged")
    assert (found.parts, found.columns) == ({"duration": "took", "author_name": "by.who"}, True)
    refused = press(client, sailing, "change-event", **given, part_title="a property nobody has seen")
    assert "Nothing was changed" in refused
    assert stream(sailing, "call_logged") == found


def test_a_question_stands_first_and_is_answered_with_yes_or_no(client: Client, sailing: Project) -> None:
    page = show(client, sailing)
    assert page.index("Is it a meeting?") < page.index("call_logged")
    press(client, sailing, "change-event", key="event:demo_scheduled", to="yes")
    found = stream(sailing, "demo_scheduled")
    assert (found.kind, found.home) == (Kind.MEETING, Home.ACTIVITY)
    assert found.parts == {"title": "title", "start": "starts_at"}
    press(client, sailing, "undo-map")
    press(client, sailing, "change-event", key="event:demo_scheduled", to="accept")
    assert stream(sailing, "demo_scheduled").kind == Kind.EVENT
    assert "Is it a meeting?" not in show(client, sailing)


def test_all_that_is_sure_is_accepted_at_once_and_no_question_is(client: Client, sailing: Project) -> None:
    assert "Accept the 1 we are sure of" in show(client, sailing)
    press(client, sailing, "accept-events")
    review = client.get(reverse("map-events", args=[sailing.slug])).context["review"]
    assert review.waiting_streams == 3
    assert "nothing left to which this would apply" in press(client, sailing, "accept-events")


def test_three_hundred_events_ask_the_database_as_often_as_four(
    client: Client, sailing: Project, engineer: User
) -> None:
    url = reverse("map-events", args=[sailing.slug])
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    many = tuple(ActivityRule(source="event", name=f"event_{number}", count=number) for number in range(300))
    sailing.map_series.add(spec(sailing).model_copy(update={"activities": (*STREAMS, *many)}), by=engineer)
    with CaptureQueriesContext(connection) as lots:
        assert len(client.get(url).context["rows"]) == 100
    assert len(lots) == len(few)


def test_the_rail_says_how_much_of_the_map_is_decided(client: Client, sailing: Project) -> None:
    url = reverse("project", args=[sailing.slug])
    assert "3 of 9 decided" in client.get(url).content.decode()
    press(client, sailing, "change-event", key="event:call_logged", to="accept")
    assert "4 of 9 decided" in client.get(url).content.decode()
