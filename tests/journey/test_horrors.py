"""A workspace of horrors for objects and activities: everything lands or is listed, and no phase stops."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.customerio.fake import FakeCustomerio, Workspace
from connectors.twenty.fake import FakeTwenty
from projects import connections, selectors
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
