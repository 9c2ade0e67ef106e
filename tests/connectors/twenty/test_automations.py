from __future__ import annotations

from typing import Any

import pytest

from connectors.twenty.destination import TwentyDestination
from connectors.twenty.fake import FakeTwenty
from connectors.twenty.fake.workflows import TRIGGER_EVENT

from .stand import connect, draft, id_of, people, unlimited


@pytest.fixture
def fake() -> FakeTwenty:
    return unlimited("2.x")


@pytest.fixture
def twenty(fake: FakeTwenty) -> TwentyDestination:
    return connect(fake)


def trigger(twenty: TwentyDestination, name: str, event: str, *, type: str = "DATABASE_EVENT", **settings: Any) -> str:
    """A trigger of a workflow of its own, as an API key may make it; the workflow stays a draft."""
    twenty.write("workflow", [draft(f"w {name}", name=name)])
    body = {"type": type, "settings": {"eventName": event, **settings}, "workflowId": id_of(f"w {name}")}
    return twenty.write("workflowAutomatedTrigger", [draft(name, **body)])[0]


def activate(fake: FakeTwenty, name: str, statuses: list[str]) -> None:
    fake.edit("workflow", id_of(f"w {name}"), {"statuses": statuses})


def runs(fake: FakeTwenty) -> int:
    return len(fake.records("workflowRun"))


@pytest.mark.parametrize(
    ("verb", "ours"), [("created", True), ("updated", True), ("upserted", True), ("deleted", False)]
)
def test_only_events_that_an_import_causes_count(
    fake: FakeTwenty, twenty: TwentyDestination, verb: str, ours: bool
) -> None:
    trigger(twenty, "t", f"company.{verb}")
    activate(fake, "t", ["ACTIVE"])
    assert [one.event for one in twenty.triggers(["company"])] == ([f"company.{verb}"] if ours else [])


@pytest.mark.parametrize(
    ("statuses", "listed"),
    [(["ACTIVE"], True), (["DRAFT", "ACTIVE"], True), (["DRAFT"], False), (["DEACTIVATED"], False), ([], False)],
)
def test_only_active_workflows_count(
    fake: FakeTwenty, twenty: TwentyDestination, statuses: list[str], listed: bool
) -> None:
    trigger(twenty, "t", "company.created")
    activate(fake, "t", statuses)
    assert bool(twenty.triggers(["company"])) is listed


@pytest.mark.parametrize("type", ["CRON"])
def test_a_schedule_is_not_set_off_by_writing(fake: FakeTwenty, twenty: TwentyDestination, type: str) -> None:
    trigger(twenty, "t", "company.created", type=type)
    activate(fake, "t", ["ACTIVE"])
    assert twenty.triggers(["company"]) == []


def test_other_objects_triggers_are_left_alone(twenty: TwentyDestination) -> None:
    assert twenty.triggers(["company", "note"]) == []
    assert twenty.triggers([]) == []


def test_a_workflow_of_the_user_s_is_told_without_guessing_what_it_does(
    fake: FakeTwenty, twenty: TwentyDestination
) -> None:
    trigger(twenty, "Greet", "company.created")
    activate(fake, "Greet", ["ACTIVE"])
    (found,) = twenty.triggers(["company"])
    assert found.name == "Greet"
    assert "every imported company" in found.consequence
    assert "overwrites" not in found.consequence


def test_a_pause_stops_the_runs_and_leaves_the_workflow_active(fake: FakeTwenty, twenty: TwentyDestination) -> None:
    (found,) = twenty.triggers(["person"])
    assert found.event == TRIGGER_EVENT
    twenty.pause(found.id)
    twenty.write("person", people(3))
    assert runs(fake) == 0
    twenty.resume(found.id)
    twenty.write("person", people(3, start=3))
    assert runs(fake) == 3
    assert {tuple(one["statuses"]) for one in fake.records("workflow")} == {("ACTIVE",)}


def test_a_pause_is_a_soft_delete_and_a_resume_never_uses_the_broken_path(
    fake: FakeTwenty, twenty: TwentyDestination
) -> None:
    """Without `soft_delete=true` the row would be destroyed; restoring by id in the path always fails (section 6)."""
    (found,) = twenty.triggers(["person"])
    twenty.pause(found.id)
    twenty.resume(found.id)
    writes = [one for one in fake.requests if one.method in ("DELETE", "PATCH")]
    assert [(one.method, one.path) for one in writes] == [
        ("DELETE", f"/rest/workflowAutomatedTriggers/{found.id}"),
        ("PATCH", "/rest/restore/workflowAutomatedTriggers"),
    ]
    assert writes[0].query == "soft_delete=true"
    assert found.id in writes[1].query


@pytest.mark.parametrize("ask", ["pause", "resume"])
def test_a_lost_answer_is_asked_for_again(fake: FakeTwenty, twenty: TwentyDestination, ask: str) -> None:
    (found,) = twenty.triggers(["person"])
    if ask == "resume":
        twenty.pause(found.id)
    fake.faults.add("workflowAutomatedTriggers", "DELETE" if ask == "pause" else "PATCH", status=502, after_effect=True)
    twenty._api.client._sleep = lambda seconds: None
    getattr(twenty, ask)(found.id)
    assert bool(twenty.triggers(["person"])) is (ask == "resume")
