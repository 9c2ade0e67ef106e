"""A workspace with everything that happens to people: each kind lands where the map says, on both lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.core.management import call_command

from connectors.customerio.fake import FakeCustomerio, Workspace
from connectors.twenty.fake import FakeTwenty
from mapping.rules import Home, Kind
from projects import connections, gates, map_services, proving
from projects.models import Difference, Record, Run
from tests.journey.conftest import Migration, make_migration

pytestmark = pytest.mark.django_db

DAY = 86_400
BIG = 2**63 + 1


def workspace() -> Workspace:
    """Ann and Bob of Acme, with calls, meetings, notes, tasks, orders and mail; Cid is deleted later."""
    made = Workspace()
    now = made.now()
    ann = made.add_person(id="u1", email="ann@acme.example").cio_id
    bob = made.add_person(id="u2", email="bob@acme.example").cio_id
    cid = made.add_person(id="u3", email="cid@acme.example").cio_id
    for number in range(4):
        call = {
            "duration_seconds": 60 * number,
            "disposition": "Connected",
            "recording_url": "https://rec.example/1.mp3",
        }
        made.add_event(ann, "call_logged", {"subject": f"Call {number}", **call}, at=now - number * DAY)
    meeting = {"title": "Kick-off", "start_time": "2026-10-01T09:00:00Z", "end_time": "2026-10-01T10:00:00Z"}
    made.add_event(
        bob, "Meeting Booked", {**meeting, "location": "Bonn", "attendees": ["ann@acme.example"]}, at=now - 9
    )
    note = {"body": "<p>Called her,<br>very <b>happy</b></p>", "author": "tim@apple.dev"}
    made.add_event(ann, "crm_note_added", note, at=now - 2 * DAY, activity_id="note-1")
    made.add_event(bob, "crm_note_added", {"body": "# 1 customer", "author": "Gone Agent"}, at=now - 3 * DAY)
    files = ["https://files.example/a%20b.txt", "https://files.example/gone.pdf", "https://files.example/huge.bin"]
    made.add_event(bob, "meeting_held", {"location": "Rome", "attachments": files}, at=now - 4 * DAY)
    task = {"title": "Send offer", "due_date": "2026-12-01", "status": "open", "assignee": "bob@acme.example"}
    made.add_event(ann, "task_created", task, at=now - DAY)
    made.add_event(ann, "task_completed", {"title": "Send NDA", "due_date": "2026-10-01", "assignee": "x@y.example"})
    order = {"order": {"id": BIG, "lines": [{"sku": "ä", "n": [1, 2.5]}]}, "nul": "a\x00b"}
    made.add_event(bob, "order_placed", order, at=now - DAY, activity_id="order-1")
    made.add_event(cid, "order_placed", {"order": {"id": 7}}, at=now - DAY, activity_id="order-2")
    made.add_message(ann, created=now - 200 * DAY, subject="Hello", metrics={"sent": now - 200 * DAY, "opened": now})
    meetings = made.add_object_type("Tasks", "Task")["id"]
    for number in range(3):
        done = {"name": f"Task {number}", "status": "completed" if number else "open", "due_date": "2026-11-30"}
        made.add_object(meetings, f"t{number}", done, at=now - 50 * DAY)
        made.relate(ann if number else bob, (meetings, f"t{number}"))
    made.delete_person(cid)
    return made


def file_server(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Serves one small file, one that is too large, and nothing else."""
    known = {"/a b.txt": b"hello", "/huge.bin": b"x" * 26_000_000}
    content = known.get(environ["PATH_INFO"])
    start_response("200 OK" if content else "404 Not Found", [("Content-Type", "text/plain")])
    return [content or b"gone"]


def travel(line: str) -> tuple[Migration, Run]:
    """The whole journey, with native tasks for events and comments for notes."""
    destination = FakeTwenty(line, long_limit=None, short_limit=None, prefilled=False)
    migration = make_migration(FakeCustomerio(workspace(), requests_per_second=None), destination)
    connections.transports["https://files.example"] = httpx.WSGITransport(app=file_server)
    migration.to_map()
    spec = migration.project.map_series.latest().spec
    chosen = [
        rule.model_copy(
            update={"home": Home.TASK} if rule.name == "task_created" else {"columns": rule.kind == Kind.MEETING}
        )
        for rule in spec.activities
    ]
    changed = spec.model_copy(update={"activities": tuple(chosen)})
    map_services.save_map(project=migration.project, spec=changed, by=migration.admin)
    migration.sign(gates.MAP)
    sandbox = migration.run("sandbox", sample_size=10)
    assert sandbox.state == Run.State.SUCCEEDED, sandbox.problem
    migration.sign(gates.SANDBOX)
    return migration, migration.production()


def read_back_again(migration: Migration) -> dict[str, Any]:
    """What a verification finds, before and after the file is hung on another record, and when it hangs right again."""
    whole = migration.run("verify")
    (file,) = migration.destination.records("attachment")
    other = next(
        row["id"] for row in migration.destination.records("activity") if row["id"] != file["targetActivityId"]
    )
    migration.destination.edit("attachment", file["id"], {"targetActivityId": other})
    moved = migration.run("verify")
    found = list(Difference.objects.filter(run=moved).values_list("object", "field", "kind"))
    rechecked = proving.recheck(run=moved, by=migration.admin)
    migration.destination.edit("attachment", file["id"], {"targetActivityId": file["targetActivityId"]})
    return {
        "whole": list(Difference.objects.filter(run=whole).values_list("object", "field", "kind")),
        "moved": found,
        "rechecked": [rechecked, proving.recheck(run=moved, by=migration.admin)],
        "looks": [look for look in whole.phases.get().reconciliations.latest().first_look if look.get("unlike")],
    }


@pytest.fixture(scope="module", params=["2.x", "1.x"])
def landed(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """One migration per line; what it left behind, as plain rows."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.SETTLE_SECONDS", 0)
        migration, run = travel(request.param)
        there = migration.destination
        yield {
            "activities": there.records("activity"),
            "notes": there.records("note"),
            "noteTargets": there.records("noteTarget"),
            "attachments": there.records("attachment"),
            "tasks": there.records("task"),
            "taskTargets": there.records("taskTarget"),
            "people": {row["emails"]["primaryEmail"]: row["id"] for row in there.records("person")},
            "members": there.records("workspaceMember"),
            "rules": migration.project.map_series.latest().spec.activities,
            "records": list(Record.objects.filter(run=run)),
            "differences": run.differences.count(),
            "balances": {phase.name: phase.reconciliations.latest().balance for phase in run.phases.all()},
            "target": "targetPersonId" if request.param == "2.x" else "personId",
            "replay": migration.run("replay").phases.get(name="activities").reconciliations.latest().balance,
            "again": read_back_again(migration),
        }
        call_command("flush", verbosity=0, interactive=False)
    connections.transports.clear()


def kinds(landed: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [row for row in landed["activities"] if row["kind"] == kind]


def test_every_happening_is_accounted_for_and_every_value_read_back(landed: dict[str, Any]) -> None:
    balance = landed["balances"]["activities"]
    assert balance["read"] == sum(count for name, count in balance.items() if name != "read")
    assert (balance["created"], balance["updated"]) == (15, 3)
    assert (landed["differences"], balance["held"], balance["rejected"]) == (0, 1, 0)


def test_a_call_keeps_its_outcome_its_duration_and_its_person(landed: dict[str, Any]) -> None:
    calls = kinds(landed, "CALL")
    assert len(calls) == 4
    assert {row["status"] for row in calls} == {"Connected"}
    assert {row["properties"]["duration_seconds"] for row in calls} == {0, 60, 120, 180}
    assert {row["personId"] for row in calls} == {landed["people"]["ann@acme.example"]}


def test_a_recording_is_listed_with_its_call(landed: dict[str, Any]) -> None:
    listed = [note for row in landed["records"] for note in row.notes if note["code"] == "recording_link"]
    assert [note["raw"] for note in listed] == ["https://rec.example/1.mp3"] * 4


def test_a_meeting_has_columns_of_its_own_where_the_customer_chose_so(landed: dict[str, Any]) -> None:
    meeting = next(row for row in kinds(landed, "MEETING") if row["name"] != "meeting_held")
    assert meeting["name"] == "Kick-off"
    assert (meeting["startsAt"], meeting["endsAt"]) == ("2026-10-01T09:00:00.000Z", "2026-10-01T10:00:00.000Z")
    assert meeting["location"] == "Bonn"


def test_a_note_becomes_a_comment_of_its_person_with_author_and_time(landed: dict[str, Any]) -> None:
    notes = {row["bodyV2"]["markdown"]: row for row in landed["notes"]}
    first, second = notes["Called her,\nvery happy"], notes["# 1 customer"]
    assert second["createdBy"]["name"] == "Gone Agent"
    assert {row["createdBy"]["source"] for row in (first, second)} == {"IMPORT"}
    assert first["createdAt"] < second["createdAt"] or first["createdAt"] > second["createdAt"]
    linked = {row["noteId"]: row[landed["target"]] for row in landed["noteTargets"]}
    assert linked[first["id"]] == landed["people"]["ann@acme.example"]
    assert linked[second["id"]] == landed["people"]["bob@acme.example"]
    assert len(landed["noteTargets"]) == 2


def test_a_file_that_can_be_fetched_hangs_on_its_record_and_the_others_say_why_not(landed: dict[str, Any]) -> None:
    held_then = next(row for row in kinds(landed, "MEETING") if row["name"] == "meeting_held")
    (file,) = landed["attachments"]
    assert file["name"] == "a b.txt"
    assert file["targetActivityId"] == held_then["id"]
    assert file["createdAt"] == held_then["createdAt"]
    if landed["target"] == "targetPersonId":
        assert file["file"][0]["label"] == "a b.txt"
    else:
        assert file["fullPath"].startswith("attachment/")
    why = sorted(row.detail for row in landed["records"] if row.reason == "file_not_readable")
    assert [sentence.split(".")[0] for sentence in why] == ["It is larger than 25 MB", "Its address answers 404"]


def test_a_verification_sees_on_which_record_a_file_hangs_also_where_answers_do_not_show_it(
    landed: dict[str, Any],
) -> None:
    again = landed["again"]
    assert again["whole"] == []
    assert again["moved"] == [("attachment", "targetActivityId", "different")]
    assert again["rechecked"] == [(1, 0), (1, 1)]


def test_the_first_look_agrees_on_every_object(landed: dict[str, Any]) -> None:
    assert landed["again"]["looks"] == []


def test_tasks_go_where_the_map_says(landed: dict[str, Any]) -> None:
    (native,) = landed["tasks"]
    assert (native["title"], native["status"], native["dueAt"]) == ("Send offer", "TODO", "2026-12-01T00:00:00.000Z")
    (target,) = landed["taskTargets"]
    assert target[landed["target"]] == landed["people"]["ann@acme.example"]
    others = {row["name"]: row for row in kinds(landed, "TASK")}
    assert others["Send NDA"]["status"] == "completed"
    assert others["Send NDA"]["assignedTo"] == "x@y.example"
    assert {others[f"Task {number}"]["status"] for number in (1, 2)} == {"completed"}
    assert others["Task 0"]["personId"] == landed["people"]["bob@acme.example"]


def test_properties_stand_as_they_came_and_to_the_letter(landed: dict[str, Any]) -> None:
    (order,) = kinds(landed, "EVENT")
    assert order["name"] == "order_placed"
    assert order["properties"]["order"] == {"id": str(BIG), "lines": [{"sku": "ä", "n": [1, 2.5]}]}
    assert str(BIG) in order["propertiesRaw"]
    assert "\\u0000" in order["propertiesRaw"]


def test_what_a_deleted_person_did_is_held_with_the_reason(landed: dict[str, Any]) -> None:
    (held,) = [row for row in landed["records"] if row.state == "held" and row.object != "attachment"]
    assert (held.object, held.key, held.reason) == ("event", "order-2", "unknown_person")


def test_an_old_mail_is_an_activity_with_its_final_status(landed: dict[str, Any]) -> None:
    (mail,) = kinds(landed, "EMAIL")
    assert mail["status"] == "delivered"
    assert mail["properties"]["subject"] == "Hello"
    assert mail["happenedAt"] == mail["createdAt"]


def test_a_second_run_would_write_nothing(landed: dict[str, Any]) -> None:
    assert landed["replay"]["unchanged"] == 15 + 3
    assert landed["replay"]["created"] == landed["replay"]["updated"] == 0
