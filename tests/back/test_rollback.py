"""Rollback: what was there before is there again, what people did since stays, and the plan says both first."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from connectors.twenty.fake import FakeTwenty
from projects import connections, deletions, deltas, gates, members, rollback, services
from projects.checklist import Check
from projects.documents import certificate
from projects.models import Change, Link, Reversal, Run
from projects.pipeline import engine
from projects.pipeline.scope import Scope
from projects.services import Refused
from tests.back.conftest import ask, landed
from tests.journey.conftest import Migration
from tests.journey.test_kinds import travel

MOVES = frozenset(("updatedAt", "updatedBy"))
"""What moves with every write and cannot be put back."""


def picture(destination: FakeTwenty) -> dict[str, Any]:
    """All records and the whole schema, without what moves with every write."""
    shot = destination.snapshot()
    records = {
        name: {key: {k: v for k, v in row.items() if k not in MOVES} for key, row in rows.items()}
        for name, rows in shot["records"].items()
    }
    return {**shot, "records": records}


def differing(one: Any, other: Any, at: str = "") -> list[str]:
    """Where two pictures differ, as paths."""
    if isinstance(one, dict) and isinstance(other, dict):
        found = []
        for name in sorted({*one, *other}):
            found += differing(one.get(name), other.get(name), f"{at}/{name}")
        return found
    return [] if one == other else [f"{at}: {one!r} != {other!r}"[:300]]


def roll_back(migration: Migration, **scope: Any) -> Run:
    """Plans, confirms and carries out."""
    run = rollback.start(project=migration.project, scope=Scope(**scope), by=migration.admin)
    run = engine.drive(run.pk)
    assert run.state == Run.State.WAITING, run.problem
    rollback.confirm(run=run, typed=migration.project.name, by=migration.admin)
    run = engine.drive(run.pk)
    assert run.state == Run.State.SUCCEEDED, run.problem
    return run


def person(migration: Migration, key: str) -> dict[str, Any]:
    return next(row for row in migration.destination.records("person") if row.get("customerioId") == key)


def books(run: Run) -> Any:
    return run.phases.get(name="rollback").reconciliations.latest()


def test_after_the_rollback_of_everything_nothing_tells_that_we_were_there(small: Migration) -> None:
    before = picture(small.destination)
    landed(small)
    assert picture(small.destination) != before
    run = roll_back(small)
    assert differing(picture(small.destination), before) == []
    assert books(run).is_green, books(run).verdict
    assert not Link.objects.exists()
    assert not gates.is_signed(small.project, "people")


def test_the_plan_says_the_numbers_and_writes_nothing(small: Migration) -> None:
    landed(small)
    before = picture(small.destination)
    run = engine.drive(rollback.start(project=small.project, scope=Scope(), by=small.admin).pk)
    plan = rollback.view(run)
    # 10 people, 2 companies, 12 associations, 3 boats and their people, 6 events; 2 people stood there before.
    assert plan.counts["restore"] == 2
    assert plan.counts["destroy"] == Link.objects.filter(origin="created").count()
    assert plan.schema > 0
    assert differing(picture(small.destination), before) == []


def test_nothing_happens_before_the_name_of_the_project_is_typed(small: Migration) -> None:
    landed(small)
    run = engine.drive(rollback.start(project=small.project, scope=Scope(), by=small.admin).pk)
    with pytest.raises(Refused, match="type the name of the project: Congress"):
        rollback.confirm(run=run, typed="congres", by=small.admin)
    assert small.destination.records("company")


def test_what_people_changed_since_stays_and_is_listed(small: Migration) -> None:
    before = {row["id"]: row for row in small.destination.records("person")}
    landed(small)
    made, stood = person(small, "00000001"), person(small, "00000002")
    small.destination.edit("person", made["id"], {"city": "Bonn"})
    noted = person(small, "00000003")
    small.destination.edit("person", noted["id"], {"avatarUrl": "https://x.example/a.png"})
    small.destination.edit("person", stood["id"], {"city": "Kiel"})
    run = roll_back(small)
    left = {row["id"]: row for row in small.destination.records("person")}
    assert set(left) == {made["id"], noted["id"], *before}
    assert left[made["id"]]["city"] == "Bonn"
    assert (left[stood["id"]]["city"], left[stood["id"]]["jobTitle"]) == ("Kiel", "Old title")
    listed = {one.key: one.detail for one in rollback.view(run).stays}
    assert "city" in listed["00000001"]
    assert "avatarUrl" in listed["00000003"]
    assert "city" in listed["00000002"]
    (in_use,) = rollback.view(run).kept_schema
    assert "person.loyaltyPoints" in in_use


@pytest.mark.parametrize("few", [2_000, 0])
def test_a_person_on_whom_somebody_hung_a_note_stays(
    small: Migration, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("projects.pipeline.context.FEW", few)
    landed(small)
    one = person(small, "00000001")["id"]
    note = ask(small.destination, "POST", "/rest/notes", {"title": "Call back"})["createNote"]
    ask(small.destination, "POST", "/rest/noteTargets", {"noteId": note["id"], "targetPersonId": one})
    run = roll_back(small)
    assert one in {row["id"] for row in small.destination.records("person")}
    assert [one.detail for one in rollback.view(run).stays] == [
        "Somebody hung a note, task, file or opportunity on it."
    ]


def test_one_person_goes_and_all_others_stay(small: Migration) -> None:
    landed(small)
    others = {row["id"] for row in small.destination.records("person")} - {person(small, "00000001")["id"]}
    roll_back(small, person="00000001")
    assert {row["id"] for row in small.destination.records("person")} == others
    assert len(small.destination.records("companyAssociation")) == 11
    assert len(small.destination.records("activity")) == 5
    assert small.run("replay").phases.get(name="people").reconciliations.latest().balance["created"] == 1


def test_one_field_is_emptied_everywhere_and_its_column_goes(small: Migration) -> None:
    landed(small)
    small.destination.edit("person", person(small, "00000003")["id"], {"jobTitle": "Admiral"})
    roll_back(small, field="person.jobTitle")
    jobs = {row["customerioId"]: row["jobTitle"] for row in small.destination.records("person")}
    assert (jobs["00000001"], jobs["00000002"], jobs["00000003"]) == ("", "Old title", "Admiral")
    roll_back(small, field="person.loyaltyPoints")
    assert "loyaltyPoints" not in small.destination.snapshot()["schema"]["person"]["fields"]


@pytest.mark.parametrize("first", [{"field": "person.city"}, {"person": "00000002"}, {"phase": "companies"}])
def test_taking_back_a_part_first_and_then_everything_leaves_nothing_behind(
    small: Migration, first: dict[str, str]
) -> None:
    before = picture(small.destination)
    landed(small)
    roll_back(small, **first)
    roll_back(small)
    assert differing(picture(small.destination), before) == []


def test_a_field_that_was_never_written_is_refused_and_blocks_nothing(small: Migration) -> None:
    landed(small)
    with pytest.raises(Refused, match=r"“person\.<b>” was not written.*Written were: person\.") as refusal:
        rollback.start(project=small.project, scope=Scope(field="person.<b>"), by=small.admin)
    assert "person.customerioId" in str(refusal.value)
    with pytest.raises(Refused, match=r"“person\.primaryEmail” was not written"):
        # A part of a field is none of its own.
        rollback.start(project=small.project, scope=Scope(field="person.primaryEmail"), by=small.admin)
    with pytest.raises(Refused, match=r"Nothing was written to “ghost”\. Written were: .*person"):
        rollback.start(project=small.project, scope=Scope(field="ghost.city"), by=small.admin)
    assert not small.project.runs.filter(kind=Run.Kind.ROLLBACK).exists()


def test_a_phase_takes_along_what_came_after_it(small: Migration) -> None:
    landed(small)
    people = len(small.destination.records("person"))
    roll_back(small, phase="companies")
    assert len(small.destination.records("person")) == people
    assert not small.destination.records("company")
    assert not small.destination.records("activity")
    assert {row["companyId"] for row in small.destination.records("person")} == {None}
    assert gates.is_signed(small.project, "people")
    assert not gates.is_signed(small.project, "companies")


def test_a_record_that_somebody_destroyed_meanwhile_is_no_obstacle(small: Migration) -> None:
    before = picture(small.destination)
    landed(small)
    gone = person(small, "00000001")["id"]
    ask(small.destination, "DELETE", f"/rest/people/{gone}")
    run = roll_back(small)
    assert picture(small.destination)["records"]["person"] == before["records"]["person"]
    assert books(run).differences == 0


def test_a_run_that_was_cancelled_in_the_middle_is_taken_back_whole(
    small: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = picture(small.destination)
    small.to_sandbox(size=6)
    with monkeypatch.context() as patch:
        # The answer of the first batch of people is seen, and then the worker dies before it is booked.
        patch.setattr("projects.pipeline.load._save", lambda *_: 1 / 0)
        run = small.run("production")
    assert run.state == Run.State.PAUSED
    services.cancel_run(run=run, by=small.admin, why="Killed.")
    roll_back(small)
    assert differing(picture(small.destination), before) == []


def test_an_interrupted_update_still_knows_what_stood_there(small: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    before = picture(small.destination)
    small.to_sandbox(size=6)
    with monkeypatch.context() as patch:
        patch.setattr("projects.pipeline.load._save", lambda *_: 1 / 0)
        run = small.run("production")
    services.resume_run(run=run, by=small.admin)
    small.finish(small.go_on(run))
    assert Change.objects.filter(object="person", kind="updated", before__isnull=False).exists()
    roll_back(small)
    assert differing(picture(small.destination), before) == []


def test_records_that_landed_before_changes_were_kept_are_taken_back_by_the_identity_map(small: Migration) -> None:
    before = picture(small.destination)
    landed(small)
    Change.objects.all().delete()
    run = engine.drive(rollback.start(project=small.project, scope=Scope(), by=small.admin).pk)
    counts = rollback.view(run).counts
    assert (counts["destroy"], counts["restore"]) == (33, 2)
    rollback.confirm(run=run, typed=small.project.name, by=small.admin)
    run = engine.drive(run.pk)
    after = picture(small.destination)
    del before["records"]["timelineActivity"], after["records"]["timelineActivity"]
    assert differing(after, before) == []


def test_what_older_versions_did_is_written_down_by_the_run_itself_and_once(
    small: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    landed(small)
    kept = set(Change.objects.values_list("object", "key", "kind"))
    Change.objects.all().delete()
    run = rollback.start(project=small.project, scope=Scope(), by=small.admin)
    assert not Change.objects.exists()
    real, pages = engine.commit, 0

    def commit(*args: Any) -> bool:
        nonlocal pages
        pages += 1
        if pages in (2, 3, 5):
            raise engine.LostLease("killed")
        return real(*args)

    monkeypatch.setattr("projects.pipeline.adopt.WINDOW", 9)
    with monkeypatch.context() as dying:
        dying.setattr(engine, "commit", commit)
        for _ in range(4):
            engine.advance(run.pk)
            run.steps.filter(state="running").update(leased_until=None, state="pending")
    engine.drive(run.pk)
    assert pages > 5
    assert set(Change.objects.values_list("object", "key", "kind")) == kept
    assert Change.objects.count() == len(kept)


def test_after_a_rollback_production_can_run_again(small: Migration) -> None:
    landed(small)
    roll_back(small)
    again = small.production()
    assert again.phases.get(name="people").reconciliations.latest().balance["created"] == 10
    assert not Reversal.objects.filter(state="failed").exists()


def test_a_line_about_what_another_key_changed_since_is_not_taken_for_ours(small: Migration) -> None:
    landed(small)
    stood = person(small, "00000002")["id"]
    ask(small.destination, "PATCH", f"/rest/people/{stood}", {"city": "Kiel"})
    lines = small.destination.records("timelineActivity")
    theirs = [
        row["id"] for row in lines
        if row["targetPersonId"] == stood and set((row["properties"] or {}).get("diff") or {}) == {"city"}
    ]  # fmt: skip
    assert len(theirs) == 1
    run = roll_back(small)
    assert person_by_id(small, stood)["city"] == "Kiel"
    assert theirs[0] in {row["id"] for row in small.destination.records("timelineActivity")}
    assert rollback.view(run).lines_left >= 1


def person_by_id(migration: Migration, id: str) -> dict[str, Any]:
    return next(row for row in migration.destination.records("person") if row["id"] == id)


def test_who_may_not_run_anything_leaves_nothing_behind_by_asking(small: Migration, django_user_model: Any) -> None:
    landed(small)
    Change.objects.all().delete()
    customer = django_user_model.objects.create_user(email="c@acme.example", password="long enough 1")
    members.add_member(project=small.project, user=customer, role="customer", by=small.admin)
    with pytest.raises(Refused, match="may not run"):
        rollback.start(project=small.project, scope=Scope(), by=customer)
    with pytest.raises(Refused, match="may not run"):
        deltas.start(project=small.project, by=customer)
    assert not Change.objects.exists()


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """Somebody sits there and types this; nothing typed is the end of the input."""

    def typed() -> str:
        if not answer:
            raise EOFError
        return answer

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", typed)


def test_whoever_sits_at_a_terminal_sees_the_plan_and_types_the_name_first(
    small: Migration, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    landed(small)
    before = picture(small.destination)
    verb = ("migration", "rollback", small.project.slug, "--foreground")
    for answer in ("y", ""):
        at_a_terminal(monkeypatch, answer)
        with pytest.raises(SystemExit, match="1"):
            call_command(*verb)
        said = capsys.readouterr().err
        assert "records that were made here: destroyed" in said
        assert said.endswith("Nothing was changed.\n")
        assert differing(picture(small.destination), before) == []
        assert not small.project.runs.filter(state__in=Run.OPEN).exists()
    at_a_terminal(monkeypatch, small.project.slug)
    call_command(*verb)
    assert not small.destination.records("company")


@pytest.mark.parametrize("terminal", [True, False])
def test_a_script_is_not_asked_and_neither_is_whoever_said_yes(
    terminal: bool, small: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    landed(small)
    monkeypatch.setattr("builtins.input", lambda: pytest.fail("nobody is there to answer"))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: terminal)
    call_command("migration", "rollback", small.project.slug, "--foreground", *(["--yes"] if terminal else []))
    assert not small.destination.records("company")


def test_what_was_rolled_back_cannot_be_certified(small: Migration) -> None:
    run = landed(small)
    roll_back(small)
    with pytest.raises(Refused, match=r"Rollback run \d+ took back .*Run production again"):
        certificate.issue(run=run, by=small.admin)


def test_a_certificate_tells_of_the_person_who_was_taken_back_and_does_not_count_them(
    small: Migration, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    run = landed(small)
    gone = person(small, "00000001")["id"]
    before = certificate.issue(run=run, by=small.admin).content
    rollback_run = roll_back(small, person="00000001")
    made = certificate.issue(run=run, by=small.admin)
    assert f"{rollback_run} took back " in made.content["verdict"]
    with zipfile.ZipFile(made.bundle.path) as bundle:
        assert gone not in bundle.read("evidence/destination.ndjson").decode()
        assert gone in bundle.read("evidence/exceptions.ndjson").decode()
    assert made.content["trees"]["destination"]["count"] < before["trees"]["destination"]["count"]
    with pytest.raises(Refused, match="took this record back"):
        certificate.proof_of(made, "person", "00000001")


def test_find_and_the_page_of_a_person_say_that_it_was_taken_back(small: Migration, client: Client) -> None:
    run = landed(small)
    rollback_run = roll_back(small, person="00000001")
    client.force_login(small.admin)
    found = client.get(reverse("find", args=[small.project.slug]), {"q": "p1@company2.example"}).content.decode()
    assert f"It was taken back by {rollback_run} on " in found
    assert "read back and equal" not in found
    row = run.records.get(object="person", key="00000001")
    page = client.get(reverse("record", args=[small.project.slug, run.number, row.pk])).content.decode()
    assert f"It was taken back by {rollback_run} on " in page
    assert f"<b>Taken back by {rollback_run}</b>" in page
    other = client.get(reverse("find", args=[small.project.slug]), {"q": "p3@company2.example"}).content.decode()
    assert "read back and equal" in other
    assert "taken back" not in other
    again = engine.drive(deltas.start(project=small.project, by=small.admin, full=True).pk)
    assert again.records.filter(object="person", key="00000001").exists()
    found = client.get(reverse("find", args=[small.project.slug]), {"q": "p1@company2.example"}).content.decode()
    assert "read back and equal" in found


def test_a_replay_before_a_rollback_ticks_nothing_and_the_audit_counts_what_stands(
    small: Migration, client: Client
) -> None:
    landed(small)
    deletions.refresh(small.project)
    replay = small.run("replay")
    assert check(small, "replay").passed
    rollback_run = roll_back(small)
    assert not check(small, "replay").passed
    assert check(small, "replay").sentence == f"{rollback_run} took something back after {replay}."
    client.force_login(small.admin)
    page = client.get(reverse("audit", args=[small.project.slug])).content.decode()
    assert "<dt>Migrated so far</dt><dd>0 <" in page


def check(migration: Migration, name: str) -> Check:
    return next(one for one in gates.Standing(migration.project).checks if one.name == name)


def test_fields_that_stay_for_one_reason_are_told_in_one_sentence(small: Migration) -> None:
    landed(small)
    small.destination.edit("person", person(small, "00000001")["id"], {"jobTitle": "By hand"})
    run = roll_back(small)
    (sentence,) = rollback.view(run).kept_schema
    assert sentence.startswith("person.")
    assert " and person." in sentence
    assert sentence.endswith(" stay: still in use by records of this project.")


@pytest.mark.usefixtures("transactional_db")
def test_the_files_of_a_person_go_with_them(settings: Any) -> None:
    settings.SETTLE_SECONDS = 0
    migration, _run = travel("2.x")
    bob = next(one.cio_id for one in migration.source.workspace.people if one.email == "bob@acme.example")
    assert len(migration.destination.records("attachment")) == 1
    roll_back(migration, person=bob)
    assert migration.destination.records("attachment") == []
    connections.transports.clear()
