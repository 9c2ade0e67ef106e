"""A small company that migrates: everything once, so that a whole journey takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connectors.customerio.fake import FakeCustomerio, Workspace
from connectors.twenty.fake import FakeTwenty
from projects import connections
from projects.models import Run
from tests.journey import checkpoint
from tests.journey.conftest import Migration, make_migration

DAY = 86_400

PEOPLE = 12


def small_workspace() -> Workspace:
    """Twelve people of two companies, with a tag, a few events and a custom object."""
    made = Workspace()
    now = made.now() - 3600
    companies = made.add_object_type("Companies", "Company")["id"]
    boats = made.add_object_type("Boats", "Boat")["id"]
    for number in (1, 2):
        fields = {"name": f"Company {number}", "domain": f"company{number}.example", "employees": str(10 * number)}
        made.add_object(companies, f"c{number}", fields, at=now - 9 * DAY)
    for number in range(1, PEOPLE + 1):
        attributes = {
            "first_name": f"First{number}",
            "last_name": f"Last{number}",
            "job_title": "Captain" if number % 2 else "Sailor",
            "city": f"Town {number}",
            "loyalty_points": number * 7,
            "created_at": now - 400 * DAY - number,
        }
        email = f"p{number}@company{1 + number % 2}.example"
        person = made.add_person(
            id=f"u{number}", email=email, attributes=attributes, cio_id=f"{number:08d}", at=now - 8 * DAY
        )
        made.relate(person.cio_id, (companies, f"c{1 + number % 2}"), {"role": "crew"}, at=now - 7 * DAY)
    for number in range(3):
        made.add_object(boats, f"b{number}", {"name": f"Boat {number}", "length": 10 + number}, at=now - 6 * DAY)
        made.relate(f"{number + 1:08d}", (boats, f"b{number}"), {}, at=now - 6 * DAY)
    for number in range(6):
        made.add_event(
            f"{number + 1:08d}", "trip_booked", {"seats": number}, at=now - DAY, activity_id=f"trip-{number}"
        )
    made.add_segment("Captains", members=[f"{number:08d}" for number in (1, 3, 5)])
    return made


def ask(destination: FakeTwenty, method: str, path: str, body: Any = None) -> Any:
    """What somebody of the customer does in Twenty."""
    headers = {"Authorization": f"Bearer {destination.api_key}"}
    with httpx.Client(transport=httpx.WSGITransport(app=destination), base_url="https://x.test") as client:
        answer = client.request(method, path, json=body, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()["data"]


def make_small(line: str = "2.x") -> Migration:
    """The small company and a Twenty in which three of its people and one of its companies stand already."""
    destination = FakeTwenty(line=line, long_limit=None, short_limit=None, prefilled=False)
    for number, job in ((2, "Old title"), (4, "")):
        known = {
            "name": {"firstName": "Before", "lastName": f"Us{number}"},
            "emails": {"primaryEmail": f"p{number}@company1.example", "additionalEmails": []},
            "jobTitle": job,
        }
        ask(destination, "POST", "/rest/people", known)
    return make_migration(FakeCustomerio(small_workspace(), requests_per_second=None), destination)


@pytest.fixture
def small(transactional_db: None, settings: Any, request: pytest.FixtureRequest) -> Iterator[Migration]:
    """The small company, connected, with nothing done yet; a test may ask for another line of Twenty."""
    settings.SETTLE_SECONDS = 0
    line = getattr(request, "param", "2.x")
    yield checkpoint.begin(f"{PEOPLE} people to {line}", lambda: make_small(line))
    connections.transports.clear()
    connections._local_budget.cache_clear()


def landed(migration: Migration) -> Run:
    """The whole way to the end of production."""
    migration.to_sandbox(size=6)
    return migration.production()
