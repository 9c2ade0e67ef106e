"""Events of an archive beside those of the API: each once, known by id, address or cio_id, and said in numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from connectors.customerio.fake import FakeCustomerio, Workspace
from connectors.twenty.fake import FakeTwenty
from projects import archives, connections, services
from projects.models import Event, Profile, Record
from tests.journey.conftest import Migration, make_migration


@pytest.fixture
def with_events(transactional_db: None, settings: Any) -> Iterator[Migration]:
    """Two people; one event of each is recent enough for the API."""
    settings.SETTLE_SECONDS = 0
    made = Workspace()
    for number in range(2):
        cio_id = made.add_person(id=f"u{number}", email=f"P{number}@acme.example", cio_id=f"c{number}").cio_id
        made.add_event(cio_id, "order_placed", {"total": number}, activity_id=f"api-{number}")
    destination = FakeTwenty("2.x", long_limit=None, short_limit=None, prefilled=False)
    yield make_migration(FakeCustomerio(made, requests_per_second=None), destination)
    connections.transports.clear()
    connections._local_budget.cache_clear()


CSV = """activity,when,what,who,mail,total
api-0,2026-11-20T10:00:00Z,order_placed,u0,,0
old-1,1999-12-31T23:59:59Z,order_placed,u0,,99
old-2,2001-01-01T00:00:00Z,order_placed,,p1@acme.example,7
old-3,2002-01-01T00:00:00Z,order_placed,stranger,,7
old-4,no time,order_placed,u0,,7
"""

COLUMNS = ("id=activity", "timestamp=when", "name=what", "customer_id=who", "email=mail")


def test_an_archive_adds_what_the_api_does_not_hold_and_nothing_twice(with_events: Migration, tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text(CSV)
    columns = [part for column in COLUMNS for part in ("--column", column)]
    call_command("migration", "archive", "congress", "--events", str(path), *columns)
    assert Event.objects.filter(verb="ARCHIVE_ADDED").exists()
    with_events.to_sandbox(10)
    covered = Profile.objects.filter(object="event").latest("run_id").data["coverage"]
    assert (covered["api"]["records"], covered["archive"]["records"], covered["archive"]["unreadable"]) == (2, 4, 1)
    run = with_events.production()
    landed = {row["customerioId"]: row for row in with_events.destination.records("activity")}
    assert set(landed) == {"api-0", "api-1", "old-1", "old-2"}
    people = {row["customerioId"]: row["id"] for row in with_events.destination.records("person")}
    assert landed["old-1"]["personId"] == people["c0"]
    assert landed["old-2"]["personId"] == people["c1"]
    assert landed["old-1"]["happenedAt"] == "1999-12-31T23:59:59.000Z"
    held = dict(Record.objects.filter(run=run, object="event", state="held").values_list("reason", "detail"))
    assert set(held) == {"unknown_person", "not_delivered"}
    assert "no time that can be read" in held["not_delivered"]


def test_an_archive_that_cannot_be_read_is_refused_with_a_sentence(with_events: Migration, tmp_path: Path) -> None:
    (tmp_path / "empty.ndjson").write_text("")
    with pytest.raises(Exception, match=r"nothing to read|No row|No column"):
        archives.add_archive(
            project=with_events.project, object="event", paths=[str(tmp_path / "empty.ndjson")], by=with_events.admin
        )
    assert not with_events.project.archives.exists()


def test_there_is_no_archive_of_people(with_events: Migration) -> None:
    with pytest.raises(services.Refused, match="no archives of “person”"):
        archives.add_archive(project=with_events.project, object="person", paths=["x"], by=with_events.admin)
