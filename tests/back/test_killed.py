"""A rollback whose worker is killed five times ends with the destination as it was."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connectors.customerio.fake import FakeCustomerio
from connectors.twenty.fake import FakeTwenty
from projects.pipeline import phases
from tests.back.conftest import ask, small_workspace
from tests.back.test_rollback import differing, picture
from tests.journey.installation import Installation, kill, own_database, served

KILLS = 5

PHASES = [phase.name for phase in phases.PHASES]


def bigger() -> FakeCustomerio:
    """The small company with so many people that a rollback takes several pages."""
    workspace = small_workspace()
    for number in range(100, 1300):
        workspace.add_person(id=f"u{number}", email=f"p{number}@big.example", attributes={"first_name": f"F{number}"})
    return FakeCustomerio(workspace, requests_per_second=None)


def let_it_work(process: subprocess.Popen[bytes], destination: FakeTwenty, requests: int) -> None:
    """Waits until the destination has been asked so many times more, or the process has ended."""
    aim = len(destination.requests) + requests
    while process.poll() is None and len(destination.requests) < aim:
        time.sleep(0.02)


@contextmanager
def migrated(folder: Path) -> Iterator[tuple[Installation, FakeTwenty, Any]]:
    """An installation whose production is through, the destination, and how that stood before."""
    source = bigger()
    destination = FakeTwenty(long_limit=None, short_limit=None, prefilled=True)
    stood = {"emails": {"primaryEmail": "p200@big.example"}, "name": {"firstName": "Was", "lastName": "Here"}}
    ask(destination, "POST", "/rest/people", stood)
    with own_database(folder) as database, served(source) as source_url, served(destination) as destination_url:
        made = Installation(folder, database, os.environ.get("REDIS_URL", ""), RUN_LEASE_SECONDS="5")
        made.set_up(source, source_url, destination, destination_url)
        before = picture(destination)
        made.to_production()
        for phase in PHASES:
            made.migration("production", "--foreground", ok=(0, 3))
            made.migration("sign", phase)
        made.migration("production", "--foreground")
        assert differing(picture(destination), before)
        yield made, destination, before


@pytest.mark.slow
def test_a_rollback_killed_five_times_leaves_the_destination_as_it_was(tmp_path: Path) -> None:
    with migrated(tmp_path) as (made, destination, before):
        moments, kills = random.Random(3), 0
        while kills < KILLS:
            process = made.start("manage.py", "migration", "rollback", "acme", "--foreground", log="rollback.log")
            let_it_work(process, destination, moments.randint(2, 12))
            if process.poll() is not None:
                break
            kill(process)
            kills += 1
        outcome = made.migration("rollback", "--foreground")
    assert kills == KILLS
    assert outcome["rollback"]["failed"] == outcome["rollback"]["kept"] == 0
    assert differing(picture(destination), before) == []


@pytest.mark.broker
def test_a_celery_worker_killed_five_times_leaves_the_destination_as_it_was(tmp_path: Path) -> None:
    with migrated(tmp_path) as (made, destination, before):
        moments, kills = random.Random(5), 0
        command, worker = (
            made.start("manage.py", "migration", "rollback", "acme", log="command.log"),
            made.start_worker(),
        )
        while command.poll() is None:
            let_it_work(command, destination, moments.randint(2, 12))
            if kills < KILLS and command.poll() is None:
                kill(worker)
                kills += 1
                worker = made.start_worker()
        kill(worker)
        status = made.migration("status")
    assert kills == KILLS
    assert (status["runs"][-1]["kind"], status["runs"][-1]["state"]) == ("rollback", "succeeded")
    assert differing(picture(destination), before) == []
