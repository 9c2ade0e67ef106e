"""What somebody changes in the destination afterwards is found, closes its gate, and opens it when it is put back."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from django.core.management import call_command

from projects import actions, gates, proving, services
from projects.documents.certificate import issue
from projects.models import Acceptance, Difference, Event, Project, Run
from tests.journey.conftest import Migration


def verify(migration: Migration) -> Run:
    run = migration.run("verify")
    assert run.state == Run.State.SUCCEEDED, run.problem
    return run


def states(project: Project) -> dict[str, str]:
    return {view.gate: view.state for view in gates.all_gates(project)}


def found(run: Run) -> list[tuple[str, str, str]]:
    rows = Difference.objects.filter(run=run).unexplained().order_by("object", "field")
    return [(one.object, one.field, one.kind) for one in rows]


def ask(migration: Migration, method: str, path: str, fields: dict[str, Any] | None = None) -> dict[str, Any]:
    """Does something as another integration would."""
    transport = httpx.WSGITransport(app=migration.destination)
    with httpx.Client(transport=transport, base_url="https://twenty.test") as client:
        headers = {"Authorization": f"Bearer {migration.destination.api_key}"}
        answer = client.request(method, f"/rest/{path}", json=fields, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    made: dict[str, Any] = next(iter(answer.json()["data"].values()))
    return made


def add(migration: Migration, plural: str, fields: dict[str, Any]) -> dict[str, Any]:
    return ask(migration, "POST", plural, fields)


def ada(migration: Migration) -> dict[str, Any]:
    rows = migration.destination.records("person")
    return next(one for one in rows if one["name"]["firstName"] == "Ada")


def test_nothing_was_changed_and_everything_is_said_to_be_as_it_was(migrated: Migration) -> None:
    run = verify(migrated)
    books = run.phases.get().reconciliations.get()
    assert found(run) == []
    assert books.is_green, books.verdict
    assert books.balance["read"] == migrated.project.links.count()
    assert " × 5 people" in books.verdict
    assert "0 unexplained." in books.verdict
    assert states(migrated.project)["people"] == "signed"


def test_one_flipped_character_names_record_and_field_and_closes_the_gate_until_it_is_put_back(
    migrated: Migration,
) -> None:
    there = ada(migrated)
    migrated.destination.edit("person", there["id"], {"name": {**there["name"], "firstName": "Ade"}})
    run = verify(migrated)
    assert found(run) == [("person", "name", "different")]
    one = Difference.objects.get(run=run)
    assert (one.expected["firstName"], one.found["firstName"]) == ("Ada", "Ade")
    assert one.record is not None
    assert one.record.raw["first_name"] == "Ada"
    view = next(view for view in gates.all_gates(migrated.project) if view.gate == "people")
    assert (view.state, view.ready) == ("void", False)
    assert "found 1 difference since" in view.why_not
    assert states(migrated.project)["companies"] == "signed"
    action = actions.next_action(migrated.project, migrated.admin, gates.all_gates(migrated.project))
    assert action.url_name == "verification"

    assert proving.recheck(run=run, by=migrated.admin) == (1, 0)
    assert states(migrated.project)["people"] == "void"
    migrated.destination.edit("person", there["id"], {"name": there["name"]})
    assert proving.recheck(run=run, by=migrated.admin) == (1, 1)
    assert states(migrated.project)["people"] == "signed"
    assert run.phases.get().reconciliations.get().is_green


def test_a_second_verification_opens_the_gate_too(migrated: Migration) -> None:
    there = ada(migrated)
    migrated.destination.edit("person", there["id"], {"name": {"firstName": "Eve", "lastName": ""}})
    verify(migrated)
    assert states(migrated.project)["people"] == "void"
    migrated.destination.edit("person", there["id"], {"name": there["name"]})
    verify(migrated)
    assert states(migrated.project)["people"] == "signed"


def test_a_deleted_record_is_missed_and_found_again_when_it_is_back(migrated: Migration) -> None:
    there = ada(migrated)
    migrated.destination.workspace.table("person").rows[there["id"]]["deletedAt"] = migrated.destination.workspace.now()
    run = verify(migrated)
    assert ("person", "", "missing") in found(run)
    assert states(migrated.project)["people"] == "void"
    migrated.destination.workspace.table("person").rows[there["id"]]["deletedAt"] = None
    proving.recheck(run=run, by=migrated.admin)
    assert found(run) == []
    assert states(migrated.project)["people"] == "signed"


def test_a_record_that_comes_back_other_than_it_went_is_not_taken_for_mended(migrated: Migration) -> None:
    there = ada(migrated)
    rows = migrated.destination.workspace.table("person").rows
    rows[there["id"]]["deletedAt"] = migrated.destination.workspace.now()
    run = verify(migrated)
    rows[there["id"]]["deletedAt"] = None
    migrated.destination.edit("person", there["id"], {"name": {"firstName": "Ida", "lastName": ""}})
    proving.recheck(run=run, by=migrated.admin)
    assert found(run) == [("person", "name", "different")]


def test_a_stray_record_that_carries_our_mark_is_found_and_one_of_somebody_else_is_not(migrated: Migration) -> None:
    add(migrated, "people", {"name": {"firstName": "Olga", "lastName": "Other"}})
    assert found(verify(migrated)) == []
    stray = add(migrated, "people", {"name": {"firstName": "Stray"}, "customerioId": "nobody-knows"})
    run = verify(migrated)
    assert found(run) == [("person", "", "stray")]
    assert str(Difference.objects.get(run=run).destination_id) == stray["id"]
    ask(migrated, "DELETE", f"people/{stray['id']}")
    proving.recheck(run=run, by=migrated.admin)
    assert states(migrated.project)["people"] == "signed"


def test_a_record_too_many_in_an_object_of_our_own_does_not_fit_the_count(migrated: Migration) -> None:
    add(migrated, "companyAssociations", {"name": "by hand"})
    books = verify(migrated).phases.get().reconciliations.get()
    assert any("1 companyAssociation records came from somebody else" in point for point in books.open_points)
    assert not books.is_green


def test_a_broken_relation_is_found(migrated: Migration) -> None:
    there = ada(migrated)
    assert there["companyId"]
    migrated.destination.edit("person", there["id"], {"companyId": None})
    run = verify(migrated)
    assert found(run) == [("person.company", "companyId", "different")]
    assert states(migrated.project)["companies"] == "void"
    assert states(migrated.project)["people"] == "signed"


def test_a_changed_tag_is_found(migrated: Migration) -> None:
    there = ada(migrated)
    assert there["tags"] == ["FRIENDS"]
    migrated.destination.edit("person", there["id"], {"tags": []})
    assert found(verify(migrated)) == [("person", "tags", "different")]


def test_a_difference_is_accepted_by_name_and_signed_over_again(migrated: Migration) -> None:
    there = ada(migrated)
    migrated.destination.edit("person", there["id"], {"name": {"firstName": "Adah", "lastName": ""}})
    run = verify(migrated)
    with pytest.raises(services.Refused, match="say why"):
        proving.accept(run=run, objects=["person"], by=migrated.admin, name="Ada Admin", why=" ")
    proving.accept(run=run, objects=["person"], by=migrated.admin, name="Ada Admin", why="She likes it so.")
    accepted = Acceptance.objects.get()
    assert (accepted.name, accepted.count) == ("Ada Admin", 1)
    assert Event.objects.filter(verb="DIFFERENCES_ACCEPTED").count() == 1
    books = run.phases.get().reconciliations.get()
    assert books.is_green
    assert "0 unexplained, 1 mended or accepted by name" in books.verdict
    view = next(view for view in gates.all_gates(migrated.project) if view.gate == "people")
    assert (view.state, view.ready) == ("void", True)
    migrated.sign("people")
    assert states(migrated.project)["people"] == "signed"


def test_many_missing_records_in_a_row_are_each_named(migrated: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projects.pipeline.reverify.ROOM", 2)
    for there in migrated.destination.records("person"):
        ask(migrated, "DELETE", f"people/{there['id']}")
    run = verify(migrated)
    missing = Difference.objects.filter(run=run, kind="missing")
    assert sorted(missing.values_list("object", flat=True)) == ["person"] * 5 + ["person.company"] * 5
    books = run.phases.get().reconciliations.get()
    assert books.closes
    assert books.balance["read"] == migrated.project.links.count()


def test_the_command_line_verifies_and_says_what_differs(
    migrated: Migration, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["migration", "verify", migrated.project.slug, "--foreground"]
    call_command(*words)
    assert "Verification run" in capsys.readouterr().out
    there = ada(migrated)
    migrated.destination.edit("person", there["id"], {"tags": []})
    with pytest.raises(SystemExit) as status:
        call_command(*words)
    assert status.value.code == 1
    said = capsys.readouterr().err
    assert "1 unexplained" in said
    assert re.search(r"Different: person \S+: tags", said)


def test_the_certificate_says_what_the_newest_verification_found(migrated: Migration) -> None:
    there = ada(migrated)
    migrated.destination.edit("person", there["id"], {"tags": []})
    run = verify(migrated)
    content = issue(run=migrated.runs[0], by=migrated.admin).content
    assert content["verification"]["run"] == run.number
    assert content["verification"]["unexplained"] == 1
    people = next(phase for phase in content["phases"] if phase["phase"] == "people")
    assert people["approved"] == ""
