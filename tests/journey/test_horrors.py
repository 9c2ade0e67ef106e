"""A workspace of horrors for objects and activities: everything lands or is listed, and no phase stops."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.customerio.fake import FakeCustomerio, Workspace
from connectors.twenty.fake import FakeTwenty
from projects import archives, connections, gates, selectors, services
from projects.models import Record, Run
from tests.journey.conftest import Migration, make_migration


def workspace() -> Workspace:
    """Names that Twenty keeps to itself, ids that no address likes, values that no database keeps."""
    made = Workspace()
    people = [made.add_person(id=f"u{n}", email=f"p{n}@acme.example").cio_id for n in range(4)]
    for plural, singular in (("Activities", "Activity"), ("People", "Person"), ("Attachments", "Attachment")):
        kind = made.add_object_type(plural, singular)["id"]
        for number, key in enumerate(("ob j/3?é", "plain", "x" * 150)):
            values = {"name": f"{singular} {number}", "plan": "a", "Plan": "b", "f" * 64: "long", "text": "é" * 6_000}
            made.add_object(kind, key, {**values, "when": "2024-01-01" if number else "soon"})
            made.relate(people[number], (kind, key), {"role": "x\u202eevil"})
    disabled = made.add_object_type("Ghosts", "Ghost", enabled=False)["id"]
    made.add_object(disabled, "g1", {"name": "Ghost"})
    for number, data in enumerate(
        (
            {"n": 2**70},
            {"t": "nul\x00"},
            {"t": "\u202e rtl"},
            {},
            {"deep": {"a": {"b": {"c": [{"d": 1}]}}}},
            {"x": "y" * 12_000},
        )
    ):
        made.add_event(people[0], f"horror {number}", data, activity_id=f"h{number}")
    made.add_event(people[0], "", {}, activity_id="nameless")
    for number in range(330):
        made.add_event(people[number % 4], f"name number {number}", {"n": number}, activity_id=f"n{number}")
    return made


@pytest.fixture
def horrors(transactional_db: None, settings: Any) -> Iterator[Migration]:
    settings.SETTLE_SECONDS = 0
    destination = FakeTwenty("2.x", long_limit=None, short_limit=None, prefilled=False)
    yield make_migration(FakeCustomerio(workspace(), requests_per_second=None), destination)
    connections.transports.clear()
    connections._local_budget.cache_clear()


def test_everything_lands_or_is_listed_with_its_reason(horrors: Migration) -> None:
    horrors.to_sandbox(20)
    run = horrors.production()
    assert run.state == Run.State.SUCCEEDED
    for phase in selectors.run_status(run)["phases"]:
        assert phase["verified"]["differences"] == 0
        for row in phase["objects"].values():
            assert row["read"] == sum(number for name, number in row.items() if name != "read")
    landed = {row["customerioId"]: row for row in horrors.destination.records("activity")}
    assert len(landed) == 6 + 1 + 330
    assert landed["h0"]["properties"] == {"n": str(2**70)}
    assert landed["h1"]["propertiesRaw"] == '{"t":"nul\\u0000"}'
    assert landed["h4"]["properties"] == {"deep": {"a": {"b": {"c": [{"d": 1}]}}}}
    assert not Record.objects.filter(run=run, state__in=["rejected", "held"]).exclude(object="segment").exists()
    spec = horrors.project.map_series.latest()
    assert spec is not None
    names = [rule.destination for rule in spec.spec.objects if rule.create]
    assert len(names) == len(set(names)) == 7
    assert "activity" not in names


RESERVED = ("createdAt", "deletedAt", "position", "id of", "name", "searchVector", "company", "companyId")
FILTER = '{"and":[{"segment":{"id":7}},{"or":[{"attribute":{"field":"plan","operator":"eq","value":"pro"}}]}]}'


def people_and_segments() -> Workspace:
    """Traits that clash or do not fit, three hundred segments, somebody deleted, a campaign that nobody can parse."""
    made = Workspace()
    ids = []
    for number in range(6):
        traits: dict[str, Any] = dict.fromkeys(RESERVED, f"reserved {number}")
        traits |= {"Favourite Colour": "a", "favourite_colour": "b", "favourite-colour": "c", "é" * 64: "long"}
        traits |= {"since": f"2024-01-0{number + 1}" if number else "the other day", "seats": number or "many"}
        traits |= {"story": "x" * 12_000, "nul": "a\x00b" if not number else "ab", "bidi": "\u202eabc\u202c"}
        ids.append(made.add_person(id=f"u{number}", email=f"p{number}@acme.example", attributes=traits).cio_id)
    for number in range(300):
        made.add_segment(f"Segment {number}, of people" + "!" * (number % 70), members=ids[: number % 7])
    made.add_segment("Never done", members=ids, state="building")
    made.add_event(ids[1], "order_placed", {"total": 1}, activity_id="both")
    gone = made.add_person(id="gone", email="gone@acme.example").cio_id
    made.add_event(gone, "order_placed", {"total": 2}, activity_id="of-a-deleted")
    made.delete_person(gone)
    made.record("quantum_leap", person=None, data={"what": "a type that nobody knows"})
    made.add("campaigns", id=5, name="Filtered", filters=FILTER, trigger_segment_ids=[1])
    return made


OLDER = tuple(
    {"id": id, "type": kind, "name": "order_placed", "timestamp": 1_500_000_000, "customer_id": who, "data": {}}
    for id, kind, who in (
        ("both", "event", "u1"),
        ("old", "event", "u2"),
        ("who", "event", "nobody"),
        ("odd", "quantum_leap", "u2"),
    )
)


@pytest.fixture
def more_horrors(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[Migration]:
    settings.SETTLE_SECONDS = 0
    destination = FakeTwenty("2.x", long_limit=None, short_limit=None, prefilled=False)
    migration = make_migration(FakeCustomerio(people_and_segments(), requests_per_second=None), destination)
    path = tmp_path / "older.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in OLDER))
    # A column in which every fourth value is no known type is not guessed to be the type: somebody chooses it.
    archives.add_archive(
        project=migration.project, object="event", paths=[str(path)], by=migration.admin, columns={"type": "type"}
    )
    yield migration
    connections.transports.clear()
    connections._local_budget.cache_clear()


def accept(migration: Migration, gate: str) -> None:
    """Signs with a note: a value that does not turn has to be accepted by name."""
    services.sign(project=migration.project, gate=gate, by=migration.admin, name="Ada Admin", note="Seen.")


def through(migration: Migration) -> Run:
    """The whole journey to the end of production."""
    migration.to_map()
    sandbox = migration.run("sandbox", sample_size=4)
    assert sandbox.state == Run.State.SUCCEEDED, sandbox.problem
    accept(migration, gates.SANDBOX)
    run = migration.run("production")
    while run.state == Run.State.WAITING:
        accept(migration, run.phases.get(state="reconciled").name)
        run = migration.go_on(run)
    assert run.state == Run.State.SUCCEEDED, run.problem
    return run


def test_horrible_traits_segments_and_histories_land_or_are_listed(more_horrors: Migration) -> None:
    run = through(more_horrors)
    for phase in selectors.run_status(run)["phases"]:
        assert phase["verified"]["differences"] == 0
        for row in phase["objects"].values():
            assert row["read"] == sum(number for name, number in row.items() if name != "read")
    assert_people(more_horrors)
    unfinished = Record.objects.filter(run=run, object="segment", reason="segment_unfinished")
    assert [row.raw["name"] for row in unfinished] == ["Never done"]
    assert Record.objects.filter(run=run, object="segment").count() == 301
    assert_happenings(more_horrors, run)


def assert_people(migration: Migration) -> None:
    """Everybody is there, every trait in a field of its own, nothing cut."""
    version = migration.project.map_series.latest()
    person = version.spec.object("person") if version else None
    assert person is not None
    key = person.rule_for("id")
    assert key is not None
    people = {row[key.field]: row for row in migration.destination.records("person")}
    assert set(people) == {f"u{number}" for number in range(6)}
    made = [rule.destination for rule in person.fields if rule.destination and rule.action == "create"]
    assert len(made) == len(set(made))
    assert all(len(name) <= 63 and name not in ("createdAt", "deletedAt", "position") for name in made)
    places = [rule.field for rule in person.fields if rule.source.lower()[:9] == "favourite"]
    assert sorted(people["u1"][place] for place in places) == ["a", "b", "c"]
    story = person.rule_for("story")
    assert story is not None
    assert len(people["u3"][story.field]) == 12_000
    # Values that do not fit the type of the rest are kept beside it, or are text altogether.
    assert "the other day" in str(people["u0"])
    assert "many" in str(people["u0"])


def assert_happenings(migration: Migration, run: Run) -> None:
    """Happenings of nobody, of two sources and of a type that nobody knows are each told once."""
    landed = [row["customerioId"] for row in migration.destination.records("activity")]
    assert landed.count("both") == landed.count("old") == 1
    assert not {"who", "of-a-deleted", "odd"} & set(landed)
    events = dict(Record.objects.filter(run=run, object="event").values_list("key", "reason"))
    assert events["who"] == "unknown_person"
    assert events.get("of-a-deleted", "unknown_person") == "unknown_person"
    assert "odd" not in events
    assert run.steps.get(name="event.read").tally["left_out.quantum_leap"] >= 1
    campaign = Record.objects.get(run=run, object="campaign")
    assert campaign.reason == "kept_for_handoff"
    assert "pro" in json.dumps(campaign.raw)
