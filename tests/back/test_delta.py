"""Delta: exactly what changed at the source lands, what people changed in Twenty stands, and both is said."""

from __future__ import annotations

from typing import Any

import pytest

from projects import deltas, services
from projects.models import Link, Record, Run
from projects.pipeline import delta, engine
from tests.back.conftest import ask, landed
from tests.back.test_rollback import differing, picture, roll_back
from tests.journey.conftest import Migration


def carry_over(migration: Migration, *, full: bool = False) -> Run:
    run = deltas.start(project=migration.project, by=migration.admin, full=full)
    run = engine.drive(run.pk)
    assert run.state == Run.State.SUCCEEDED, run.problem
    return run


def people(migration: Migration) -> dict[str, dict[str, Any]]:
    return {row["customerioId"]: row for row in migration.destination.records("person") if row.get("customerioId")}


def states(run: Run, object: str) -> dict[str, str]:
    return dict(Record.objects.filter(run=run, object=object).values_list("key", "state"))


def planned(run: Run) -> dict[str, int]:
    """What a replay would still write."""
    books = [phase.reconciliations.latest().objects_table.values() for phase in run.phases.all()]
    return {name: sum(row[name] for rows in books for row in rows) for name in ("created", "updated")}


def five_three_one_one_four(migration: Migration) -> list[str]:
    """What happens at the source and in Twenty while a migration runs; gives the keys of the new people."""
    source, now = migration.source.workspace, people(migration)
    for number in (1, 3, 5, 7, 9):
        source.change_attributes(f"{number:08d}", {"city": f"New town {number}"})
    new = [source.add_person(id=f"n{n}", email=f"new{n}@new.example").cio_id for n in range(3)]
    source.delete_person("00000011")
    source.merge_people("00000008", "00000012")
    for number in range(4):
        source.add_event(f"{number + 1:08d}", "trip_booked", {"seats": 9}, activity_id=f"late-{number}")
    migration.destination.edit("person", now["00000001"]["id"], {"city": "By hand"})
    migration.destination.edit("person", now["00000003"]["id"], {"jobTitle": "By hand"})
    migration.destination.edit("person", now["00000006"]["id"], {"city": "By hand"})
    return new


@pytest.mark.parametrize("full", [False, True])
def test_exactly_what_changed_lands_and_what_people_changed_stands(small: Migration, full: bool) -> None:
    before = picture(small.destination)
    landed(small)
    events = len(small.destination.records("activity"))
    new = five_three_one_one_four(small)
    run = carry_over(small, full=full)
    now, outcome = people(small), states(run, "person")
    assert {key: state for key, state in outcome.items() if state != "unchanged"} == {
        "00000001": "held",
        **dict.fromkeys(["00000003", "00000005", "00000007", "00000009"], "updated"),
        **dict.fromkeys(new, "created"),
        "00000011": "excluded",
        "00000012": "merged",
    }
    assert [now[f"{n:08d}"]["city"] for n in (3, 5, 7, 9)] == [f"New town {n}" for n in (3, 5, 7, 9)]
    assert (now["00000001"]["city"], now["00000006"]["city"]) == ("By hand", "By hand")
    assert now["00000003"]["jobTitle"] == "By hand"
    assert "00000011" not in now
    assert "00000012" not in now
    assert len(small.destination.records("activity")) == events + 4
    (held,) = Record.objects.filter(run=run, state="held", reason="edited_on_both_sides")
    assert "“New town 1”" in held.detail
    assert "“By hand”" in held.detail
    replay = small.run("replay")
    assert planned(replay) == {"created": 0, "updated": 0}
    assert delta.moved(carry_over(small)) == {}
    production = small.project.runs.get(kind="production")
    stays = roll_back(small, run=production.number)
    after = picture(small.destination)
    edited = {str(now[key]["id"]) for key in ("00000001", "00000003", "00000006")}
    assert set(after["records"]["person"]) - set(before["records"]["person"]) == edited
    # The columns that only those three still need are there, and empty everywhere else.
    for id, row in before["records"]["person"].items():
        assert differing({name: after["records"]["person"][id][name] for name in row}, row) == []
    for name in ("company", "companyAssociation", "activity", "boat"):
        assert after["records"].get(name) == before["records"].get(name)
    assert stays.reversals.filter(state="kept", object="person").count() == 3


def test_a_conflict_is_decided_for_either_side(small: Migration) -> None:
    landed(small)
    for key in ("00000001", "00000003"):
        small.source.workspace.change_attributes(key, {"city": "Source"})
        small.destination.edit("person", people(small)[key]["id"], {"city": "Hand"})
    carry_over(small)
    for key, verdict in (("00000001", "ours"), ("00000003", "theirs")):
        services.decide_held(
            project=small.project,
            object="person",
            reason="edited_on_both_sides",
            verdict=verdict,
            keys=[key],
            by=small.admin,
        )
    carry_over(small)
    now = people(small)
    assert (now["00000001"]["city"], now["00000003"]["city"]) == ("Hand", "Source")
    assert planned(small.run("replay")) == {"created": 0, "updated": 0}


def test_a_person_whom_somebody_edited_is_not_deleted_behind_their_back(small: Migration) -> None:
    landed(small)
    small.destination.edit("person", people(small)["00000001"]["id"], {"avatarUrl": "https://x.example/a.png"})
    for key in ("00000001", "00000002", "00000003"):
        small.source.workspace.delete_person(key)
    run = carry_over(small)
    assert states(run, "person") == {"00000001": "held", "00000002": "held", "00000003": "excluded"}
    assert set(people(small)) >= {"00000001", "00000002"}
    services.decide_held(
        project=small.project, object="person", reason="deleted_at_source", verdict="theirs", by=small.admin
    )
    carry_over(small)
    assert not {"00000001", "00000002", "00000003"} & set(people(small))


def test_a_relationship_that_was_cut_goes_and_a_new_one_comes(small: Migration) -> None:
    landed(small)
    source = small.source.workspace
    source.unrelate("00000001", ("1", "c2"))
    source.relate("00000001", ("1", "c1"), {"role": "guest"})
    carry_over(small)
    assert len(small.destination.records("companyAssociation")) == 12
    companies = {row["id"]: row["name"] for row in small.destination.records("company")}
    assert companies[people(small)["00000001"]["companyId"]] == "Company 1"
    assert planned(small.run("replay")) == {"created": 0, "updated": 0}


@pytest.mark.parametrize("full", [False, True])
def test_what_somebody_did_goes_where_they_went(small: Migration, full: bool) -> None:
    landed(small)
    small.source.workspace.merge_people("00000005", "00000006")
    small.source.workspace.delete_person("00000003")
    carry_over(small, full=full)
    trips = {row["customerioId"]: row["personId"] for row in small.destination.records("activity")}
    assert trips["trip-5"] == trips["trip-4"] == people(small)["00000005"]["id"]
    assert "trip-2" not in trips
    replay = small.run("replay")
    assert planned(replay) == {"created": 0, "updated": 0}
    assert not Record.objects.filter(run=replay, state="held").exists()


def test_a_segment_that_somebody_joined_becomes_a_tag(small: Migration) -> None:
    landed(small)
    segment = next(iter(small.source.workspace.segments.values()))
    segment.members["00000002"] = None
    segment.members.pop("00000001")
    small.source.workspace.touch()
    run = carry_over(small)
    assert set(states(run, "person")) == {"00000001", "00000002"}
    now = people(small)
    assert (now["00000001"]["tags"], now["00000002"]["tags"]) in (([], ["CAPTAINS"]), (None, ["CAPTAINS"]))


def test_a_page_that_is_read_only_in_part_deletes_nobody(small: Migration, monkeypatch: pytest.MonkeyPatch) -> None:
    landed(small)
    everybody = set(people(small))
    real = type(small.source.workspace.people).__iter__

    def without_some(self: Any) -> Any:
        return (person for person in real(self) if person.cio_id not in ("00000003", "00000005"))

    with monkeypatch.context() as patch:
        patch.setattr(type(small.source.workspace.people), "__iter__", without_some)
        small.source.workspace.touch()
        carry_over(small, full=True)
    assert set(people(small)) == everybody


def test_the_page_knows_how_far_behind_it_is(small: Migration) -> None:
    landed(small)
    small.source.workspace.change_attributes("00000001", {"city": "X"})
    behind = deltas.lag(small.project, look=True)
    assert behind.waiting == {"attribute_change": 1} or behind.waiting["attribute_change"] >= 1
    carry_over(small)
    assert deltas.lag(small.project).last_moved == {"updated": 1}
    assert Link.objects.filter(object="person").count() == 12


def test_a_record_that_was_thrown_into_the_bin_can_be_taken_out_by_a_rollback(small: Migration) -> None:
    landed(small)
    before = picture(small.destination)
    small.source.workspace.delete_person("00000001")
    run = carry_over(small)
    assert "00000001" not in people(small)
    roll_back(small, run=run.number)
    assert differing(picture(small.destination), before) == []
    ask(small.destination, "GET", f"/rest/people/{people(small)['00000001']['id']}")


def test_somebody_who_stood_in_twenty_before_and_went_into_another_is_held_and_said_to_have_gone_there(
    small: Migration,
) -> None:
    landed(small)
    small.source.workspace.merge_people("00000003", "00000002")
    run = carry_over(small)
    held = Record.objects.get(run=run, object="person", key="00000002")
    assert (held.state, "00000002" in people(small)) == ("held", True)
    assert held.detail == ("It went into 00000003 at the source, but it stood in Twenty before the migration.")
