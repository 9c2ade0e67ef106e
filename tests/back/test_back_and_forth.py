"""Forth and back again: one person, everything with hands in between, twice, and then production once more."""

from __future__ import annotations

from projects import rollback
from projects.pipeline import engine
from projects.pipeline.scope import Scope
from tests.back.conftest import ask, landed
from tests.back.test_delta import carry_over, people, planned
from tests.back.test_rollback import books, differing, picture, roll_back
from tests.journey.conftest import Migration

NOTHING = {"created": 0, "updated": 0}


def test_what_was_taken_back_comes_again_and_can_be_taken_back_again(small: Migration) -> None:
    before = picture(small.destination)
    landed(small)
    roll_back(small, person="00000001")
    carry_over(small, full=True)
    assert planned(small.run("replay")) == NOTHING
    run = engine.drive(rollback.start(project=small.project, scope=Scope(), by=small.admin).pk)
    # Hands come in between the plan and its execution.
    edited, destroyed, thrown = (people(small)[key]["id"] for key in ("00000003", "00000005", "00000007"))
    small.destination.edit("person", edited, {"city": "By hand"})
    ask(small.destination, "DELETE", f"/rest/people/{destroyed}")
    ask(small.destination, "DELETE", f"/rest/people/{thrown}?soft_delete=true")
    rollback.confirm(run=run, typed=small.project.name, by=small.admin)
    run = engine.drive(run.pk)
    left = {row["id"] for row in small.destination.records("person")}
    assert (books(run).differences, left - set(before["records"]["person"])) == (0, {edited})
    assert rollback.view(roll_back(small)).counts["kept"] == 1
    small.destination.edit("person", edited, {"city": "Town 3"})
    roll_back(small)
    assert differing(picture(small.destination), before) == []
    again = small.production()
    assert again.phases.get(name="people").reconciliations.latest().balance["created"] == 10
    assert planned(small.run("replay")) == NOTHING
    small.source.workspace.delete_person("00000009")
    small.source.workspace.merge_people("00000011", "00000010")
    carry_over(small)
    found = small.run("verify").phases.get().reconciliations.latest()
    assert (found.differences, found.closes) == (0, True)
