"""Delta at its edges: what the source says by halves, twice or in another order never costs anybody a record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from projects import deltas, gates, services
from projects.models import Link, Record, Run, SourceChange
from projects.pipeline import delta, engine
from tests.back.conftest import DAY, ask, landed
from tests.back.test_delta import carry_over, people, planned, states
from tests.back.test_rollback import differing, picture, roll_back
from tests.journey.conftest import Migration


def ties(migration: Migration) -> set[tuple[str, str]]:
    """Who is tied to which company in Twenty: keys of people and names of companies."""
    named = {row["id"]: row["customerioId"] for row in migration.destination.records("person")}
    companies = {row["id"]: row["name"] for row in migration.destination.records("company")}
    rows = migration.destination.records("companyAssociation")
    return {(named.get(row["personId"], ""), companies.get(row["companyId"], "")) for row in rows}


def outcome(run: Run, object: str) -> dict[str, str]:
    """What became of the rows that are not as before."""
    return {key: state for key, state in states(run, object).items() if state != "unchanged"}


def left_over(migration: Migration) -> dict[str, int]:
    """What a replay would still write."""
    return planned(migration.run("replay"))


NOTHING = {"created": 0, "updated": 0}


def test_a_list_of_people_that_left_somebody_out_cuts_nobody_from_their_company(
    small: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    landed(small)
    before, boats = ties(small), {row["name"]: row["personId"] for row in small.destination.records("boat")}
    real = type(small.source.workspace.people).__iter__

    def without_some(self: Any) -> Any:
        return (person for person in real(self) if person.cio_id not in ("00000003", "00000005"))

    with monkeypatch.context() as patch:
        patch.setattr(type(small.source.workspace.people), "__iter__", without_some)
        small.source.workspace.touch()
        carry_over(small, full=True)
    assert ties(small) == before
    assert {row["name"]: row["personId"] for row in small.destination.records("boat")} == boats
    small.source.workspace.touch()
    small.source.workspace.unrelate("00000005", ("1", "c2"))
    carry_over(small, full=True)
    assert ties(small) == before - {("00000005", "Company 2")}


def both_change(migration: Migration, key: str, source: str, hand: str) -> None:
    """The source and somebody in Twenty change one person's city."""
    migration.source.workspace.change_attributes(key, {"city": source})
    migration.destination.edit("person", people(migration)[key]["id"], {"city": hand})


@pytest.mark.parametrize("keys", [None, ["00000001"]])
def test_what_was_decided_over_one_conflict_decides_no_later_one(small: Migration, keys: list[str] | None) -> None:
    landed(small)
    both_change(small, "00000001", "Source", "Hand")
    carry_over(small)
    decide = {"object": "person", "reason": "edited_on_both_sides", "verdict": "theirs"}
    services.decide_held(project=small.project, by=small.admin, keys=keys, **decide)
    carry_over(small)
    assert people(small)["00000001"]["city"] == "Source"
    both_change(small, "00000001", "Source again", "Hand again")
    both_change(small, "00000003", "Source", "Hand")
    run = carry_over(small)
    assert outcome(run, "person") == {"00000001": "held", "00000003": "held"}
    now = people(small)
    assert (now["00000001"]["city"], now["00000003"]["city"]) == ("Hand again", "Hand")
    assert "Every held record is decided." not in {one.sentence for one in gates.Standing(small.project).checks}
    # What was decided and is not carried out yet does not go for what somebody changes until then.
    services.decide_held(project=small.project, by=small.admin, keys=None, **decide)
    small.destination.edit("person", now["00000003"]["id"], {"city": "Hand, later"})
    carry_over(small)
    now = people(small)
    assert (now["00000001"]["city"], now["00000003"]["city"]) == ("Source again", "Hand, later")


@pytest.mark.parametrize("full", [False, True])
def test_nobody_loses_a_tag_while_the_source_builds_the_segment_anew(small: Migration, full: bool) -> None:
    landed(small)
    segment = next(iter(small.source.workspace.segments.values()))
    segment.state = "building"
    segment.members.clear()
    small.source.workspace.touch()
    for _ in range(2):
        run = carry_over(small, full=full)
        assert outcome(run, "person") == {}
        assert outcome(run, "segment") == {"1": "held"}
    assert left_over(small) == NOTHING
    segment.state, segment.members = "finished", {"00000003": None}
    small.source.workspace.touch()
    carry_over(small, full=full)
    assert {key for key, row in people(small).items() if row["tags"]} == {"00000003"}


def trips(migration: Migration) -> dict[str, str]:
    """Event → the person in Twenty whom it hangs on."""
    return {row["customerioId"]: row["personId"] for row in migration.destination.records("activity")}


def test_what_a_held_person_did_comes_along_when_the_person_lands(small: Migration) -> None:
    source = small.source.workspace
    late = source.add_person(id="late", attributes={"city": "Oslo"}).cio_id
    source.add_event(late, "trip_booked", {"seats": 3}, at=source.now() - 9 * DAY, activity_id="trip-late")
    landed(small)
    for _ in range(2):
        run = carry_over(small)
        assert outcome(run, "event") == {"trip-late": "held"}
    source.change_attributes(late, {"email": "late@x.example"})
    run = carry_over(small)
    assert outcome(run, "event") == {"trip-late": "created"}
    assert trips(small)["trip-late"] == people(small)[late]["id"]
    assert left_over(small) == NOTHING


@pytest.mark.parametrize("full", [False, True])
def test_what_somebody_did_who_went_into_a_person_deleted_after_that_goes_too(small: Migration, full: bool) -> None:
    landed(small)
    source = small.source.workspace
    unknown = source.add_person(id="new", email="new@x.example").cio_id
    source.merge_people("00000006", "00000005")
    source.delete_person("00000006")
    source.merge_people(unknown, "00000003")
    source.delete_person(unknown)
    source.merge_people("00000002", "00000001")
    source.merge_people("00000007", "00000002")
    carry_over(small, full=full)
    assert set(trips(small)) == {"trip-0", "trip-1", "trip-3"}
    seven = people(small)["00000007"]["id"]
    assert (trips(small)["trip-0"], trips(small)["trip-1"]) == (seven, seven)
    assert left_over(small) == NOTHING


def test_who_was_thrown_away_in_twenty_first_stays_there_when_the_delta_is_taken_back(small: Migration) -> None:
    landed(small)
    gone = people(small)["00000007"]["id"]
    ask(small.destination, "DELETE", f"/rest/people/{gone}?soft_delete=true")
    before = picture(small.destination)
    small.source.workspace.delete_person("00000007")
    run = carry_over(small)
    roll_back(small, run=run.number)
    assert differing(picture(small.destination), before) == []


def test_a_tie_that_was_cut_and_made_again_comes_out_of_the_bin_by_itself(small: Migration) -> None:
    before = picture(small.destination)
    landed(small)
    source, first = small.source.workspace, ties(small)
    for _ in range(2):
        source.unrelate("00000005", ("1", "c2"))
        carry_over(small)
        assert ties(small) == first - {("00000005", "Company 2")}
        source.relate("00000005", ("1", "c2"), {"role": "crew"})
        run = carry_over(small)
        assert ties(small) == first
        assert not Record.objects.filter(run=run, state="held").exists()
    assert left_over(small) == NOTHING
    production = small.project.runs.get(kind="production")
    roll_back(small, run=production.number)
    assert differing(picture(small.destination), before) == []


def decided(migration: Migration, verdict: str, keys: list[str], reason: str = "duplicate_match_value") -> None:
    """Somebody decides over held people."""
    services.decide_held(
        project=migration.project, object="person", reason=reason, verdict=verdict, keys=keys, by=migration.admin
    )


@pytest.mark.parametrize("verdict", ["merge", "import", "drop"])
def test_doubles_stay_as_they_were_decided_when_one_of_them_changes(small: Migration, verdict: str) -> None:
    source = small.source.workspace
    first = source.add_person(id="d1", email="both@x.example", attributes={"city": "A"}).cio_id
    second = source.add_person(id="d2", email="both@x.example", attributes={"city": "B", "job_title": "Cook"}).cio_id
    small.to_sandbox(size=6)
    run = small.run("production")
    decided(small, verdict, [second])
    small.finish(small.go_on(run))
    before = {key: row for key, row in people(small).items() if key in (first, second)}
    source.change_attributes(second, {"city": "C"})
    run = carry_over(small)
    after = {key: row for key, row in people(small).items() if key in (first, second)}
    assert not Record.objects.filter(run=run, state__in=["held", "rejected"]).exists()
    assert {key: row["city"] for key, row in after.items()} == (
        {first: "A", second: "C"} if verdict == "import" else {first: "A"}
    )
    assert {key: row["emails"] for key, row in after.items()} == {key: row["emails"] for key, row in before.items()}
    assert left_over(small) == NOTHING


def test_a_newcomer_who_shares_an_address_is_put_where_somebody_decided(small: Migration) -> None:
    landed(small)
    new = small.source.workspace.add_person(id="n", email="p5@company2.example", attributes={"city": "Rome"}).cio_id
    assert outcome(carry_over(small), "person") == {new: "held"}
    decided(small, "merge", [new])
    assert outcome(carry_over(small), "person") == {new: "merged"}
    assert left_over(small) == NOTHING


@pytest.mark.parametrize("full", [False, True])
def test_who_survives_with_the_address_of_somebody_that_landed_takes_over_the_record(
    small: Migration, full: bool
) -> None:
    before = picture(small.destination)
    source = small.source.workspace
    heir = source.add_person(id="heir", attributes={"city": "Oslo"}).cio_id
    landed(small)
    stood = picture(small.destination)
    record = people(small)["00000005"]["id"]
    small.destination.edit("person", record, {"jobTitle": "By hand"})
    note = ask(small.destination, "POST", "/rest/notes", {"title": "Call back"})["createNote"]
    ask(small.destination, "POST", "/rest/noteTargets", {"noteId": note["id"], "targetPersonId": record})
    source.merge_people(heir, "00000005")
    run = carry_over(small, full=full)
    now = people(small)
    assert outcome(run, "person") == {heir: "updated"}
    assert "00000005" not in now
    assert (now[heir]["id"], now[heir]["jobTitle"], now[heir]["city"]) == (record, "By hand", "Oslo")
    assert trips(small)["trip-4"] == record
    assert (heir, "Company 2") in ties(small)
    assert left_over(small) == NOTHING
    assert delta.moved(carry_over(small)) == {}
    small.destination.edit("person", record, {"jobTitle": stood["records"]["person"][record]["jobTitle"]})
    ask(small.destination, "DELETE", f"/rest/notes/{note['id']}")
    roll_back(small, run=run.number)
    after = picture(small.destination)
    assert differing(after["records"]["person"], stood["records"]["person"]) == []
    assert Link.objects.get(object="person", key="00000005").origin == "created"
    roll_back(small)
    assert differing(picture(small.destination)["records"]["person"], before["records"]["person"]) == []


def employers(migration: Migration) -> dict[str, str]:
    """Key of a person → the name of the company in Twenty that is the person's own, of those that are there."""
    names = {row["id"]: row["name"] for row in migration.destination.records("company")}
    return {key: names.get(row["companyId"], "") for key, row in people(migration).items() if row["companyId"]}


@pytest.mark.parametrize("full", [False, True])
def test_who_leaves_the_last_company_has_none(small: Migration, full: bool) -> None:
    landed(small)
    source = small.source.workspace
    for key in ("00000003", "00000005"):
        source.unrelate(key, ("1", "c2"))
    ours = next(row["id"] for row in small.destination.records("company") if row["name"] == "Company 1")
    small.destination.edit("person", people(small)["00000005"]["id"], {"companyId": ours})
    before = employers(small)
    run = carry_over(small, full=full)
    assert employers(small) == {key: name for key, name in before.items() if key != "00000003"}
    assert delta.moved(run)
    assert left_over(small) == NOTHING
    roll_back(small, run=run.number)
    assert employers(small) == before


@pytest.mark.parametrize("full", [False, True])
def test_with_a_company_that_was_deleted_the_ties_to_it_go(small: Migration, full: bool) -> None:
    source = small.source.workspace
    source.relate("00000005", ("1", "c1"), {}, at=source.now() - 100)
    landed(small)
    before, employed = ties(small), employers(small)
    assert employed["00000005"] == "Company 2"
    source.delete_object(("1", "c2"))
    source.delete_object(("2", "b0"))
    run = carry_over(small, full=full)
    assert ties(small) == {(key, name) for key, name in before if name == "Company 1"}
    assert employers(small) == {
        key: "Company 1" for key in ("00000005", *employed) if employed[key] == "Company 1" or key == "00000005"
    }
    assert left_over(small) == NOTHING
    roll_back(small, run=run.number)
    assert (ties(small), employers(small)) == (before, employed)


def test_a_source_that_has_hardly_anybody_any_more_is_asked_about_first(small: Migration) -> None:
    landed(small)
    stood = picture(small.destination)["records"]["person"]
    for number in range(1, 12):
        small.source.workspace.delete_person(f"{number:08d}")
    run = engine.drive(deltas.start(project=small.project, by=small.admin, full=True).pk)
    assert run.state == Run.State.PAUSED
    assert run.problem.startswith("11 of 12 people are not in Customer.io any more.")
    assert differing(picture(small.destination)["records"]["person"], stood) == []
    services.resume_run(run=run, by=small.admin)
    assert engine.drive(run.pk).state == Run.State.SUCCEEDED
    # Who stood there before the migration waits for a decision of its own.
    assert set(people(small)) == {"00000002", "00000004", "00000012"}


def test_who_is_held_as_deleted_stays_held_until_somebody_decides(small: Migration) -> None:
    landed(small)
    small.source.workspace.delete_person("00000002")
    carry_over(small)
    SourceChange.objects.update(at=timezone.now() - timedelta(hours=1))
    for _ in range(2):
        held = Record.objects.get(run=carry_over(small), object="person", key="00000002")
        assert (held.state, held.detail) == (
            "held",
            "The source deleted it, but it stood in Twenty before the migration.",
        )


def test_who_went_into_somebody_held_stays_until_that_one_has_landed(small: Migration) -> None:
    landed(small)
    source = small.source.workspace
    twin = source.add_person(id="twin", email="p7@company2.example").cio_id
    source.merge_people(twin, "00000005")
    outcome = Record.objects.get(run=carry_over(small), object="person", key="00000005")
    assert (outcome.state, "00000005" in people(small)) == ("held", True)
    assert outcome.detail == f"It went into {twin} at the source, which has not landed here yet."
    source.change_attributes(twin, {"email": "own@company2.example"})
    run = carry_over(small)
    assert Record.objects.get(run=run, object="person", key="00000005").state == "merged"
    assert "00000005" not in people(small)
    assert twin in people(small)
