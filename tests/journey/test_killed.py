"""A worker that is killed with SIGKILL at random moments: the books close, nothing is lost, nothing is there twice."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.customerio.fake import FakeCustomerio, Workspace
from connectors.twenty.fake import FakeTwenty
from projects.pipeline.phases import PHASES
from tests.journey.conftest import CONGRESS
from tests.journey.installation import Installation, kill, own_database, served

KILLS = 10

PHASE_NAMES = [phase.name for phase in PHASES]


@pytest.fixture
def source() -> FakeCustomerio:
    # Slow enough that ten kills all fall into the production run.
    return FakeCustomerio(Workspace.load(CONGRESS), requests_per_second=40)


@pytest.fixture
def destination() -> FakeTwenty:
    return FakeTwenty(long_limit=None, short_limit=None, prefilled=True, logic_functions=True)


@pytest.fixture
def installation(tmp_path: Path, source: FakeCustomerio, destination: FakeTwenty) -> Iterator[Installation]:
    with own_database(tmp_path) as database, served(source) as source_url, served(destination) as destination_url:
        made = Installation(tmp_path, database, os.environ.get("REDIS_URL", ""), RUN_LEASE_SECONDS="5")
        made.set_up(source, source_url, destination, destination_url)
        made.to_production()
        yield made


def assert_nothing_lost_nothing_twice(installation: Installation, destination: FakeTwenty) -> None:
    status = installation.migration("status")
    production = next(run for run in status["runs"] if run["kind"] == "production")
    assert production["state"] == "succeeded"
    for phase in production["phases"]:
        for balance in phase["objects"].values():
            assert balance["read"] == sum(count for name, count in balance.items() if name != "read")
        assert phase["verified"]["differences"] == 0
    people, companies = production["phases"][:2]
    assert people["balance"] | {"created": 536, "held": 1, "read": 537} == people["balance"]
    assert companies["objects"]["object:1"]["read"] == 49
    assert companies["objects"]["relationship:1"]["read"] == 1329
    imported = [person["customerioId"] for person in destination.records("person") if person["customerioId"]]
    assert len(imported) == len(set(imported)) == 536
    associations = [row["customerioId"] for row in destination.records("companyAssociation")]
    assert len(associations) == len(set(associations)) == companies["objects"]["relationship:1"]["created"]


@pytest.mark.slow
def test_a_command_killed_ten_times_ends_with_closed_books(installation: Installation, destination: FakeTwenty) -> None:
    moments = random.Random(7)
    kills = 0
    for number, phase in enumerate((*PHASE_NAMES, "")):
        while kills < KILLS * (1 + number) // 2:
            process = installation.start("manage.py", "migration", "production", "acme", "--foreground", log="run.log")
            time.sleep(moments.uniform(1.0, 2.5))
            if process.poll() is not None:
                break
            kill(process)
            kills += 1
        installation.migration("production", "--foreground", ok=(0, 3))
        if phase:
            installation.migration("sign", phase)
    assert kills >= KILLS
    assert_nothing_lost_nothing_twice(installation, destination)


@pytest.mark.broker
def test_a_celery_worker_killed_ten_times_ends_with_closed_books(
    installation: Installation, destination: FakeTwenty
) -> None:
    moments = random.Random(11)
    command = installation.start("manage.py", "migration", "production", "acme", log="command.log")
    kills = 0
    worker = installation.start_worker()
    for phase in (*PHASE_NAMES, ""):
        while command.poll() is None:
            time.sleep(moments.uniform(1.5, 3.5))
            if kills < KILLS and command.poll() is None:
                kill(worker)
                kills += 1
                worker = installation.start_worker()
        if phase:
            installation.migration("sign", phase)
            command = installation.start("manage.py", "migration", "production", "acme", log="command.log")
    kill(worker)
    assert kills == KILLS
    assert_nothing_lost_nothing_twice(installation, destination)
