"""A delta and its rollback in bad weather: answers lost, requests refused, workers dying between work and commit."""

from __future__ import annotations

import random
from typing import Any

import httpx
import pytest

from projects import deltas, rollback, services
from projects.models import Run
from projects.pipeline import engine
from projects.pipeline.scope import Scope
from tests.back.conftest import landed
from tests.back.test_delta import five_three_one_one_four, people, planned
from tests.back.test_rollback import books, differing, picture
from tests.journey.conftest import Migration


def weather(migration: Migration, moments: random.Random) -> None:
    """The next requests of both systems go wrong in every way."""
    for path, method in (("/rest/", "POST"), ("/rest/", "PATCH"), ("/rest/", "DELETE"), ("/rest/", "GET")):
        lost = httpx.ReadTimeout("no answer")
        migration.destination.faults.add(path, method, error=lost, after_effect=moments.random() < 0.7)
        migration.destination.faults.add(path, method, status=502, times=moments.randint(1, 2))
    migration.source.faults.add("/v1/*", status=500, times=2, after=moments.randint(0, 9))
    migration.source.faults.add("/v1/customers*", keep_bytes=20, after=moments.randint(0, 3))


def through(migration: Migration, run: Run, patch: pytest.MonkeyPatch, moments: random.Random) -> Run:
    """Works on a run whose worker dies before every other commit, in a storm that comes back with each resume."""
    real = engine.commit

    def commit(*args: Any) -> bool:
        if moments.random() < 0.35:
            raise engine.LostLease("killed")
        return real(*args)

    for _ in range(60):
        weather(migration, moments)
        with patch.context() as dying:
            dying.setattr(engine, "commit", commit)
            for _ in range(25):
                engine.advance(run.pk, seconds=0.2)
                # Nobody waits here for leases and pauses to run out.
                run.steps.filter(state="running").update(leased_until=None, state="pending")
                run.steps.filter(state="pending").update(not_before=None)
        migration.destination.faults.clear()
        migration.source.faults.clear()
        run.refresh_from_db()
        if run.state == Run.State.PAUSED:
            services.resume_run(run=run, by=migration.admin)
        elif not run.is_active:
            return run
    pytest.fail(f"it never ended: {run.problem}")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_in_any_weather_a_delta_lands_once_and_is_taken_back_whole(
    small: Migration, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    moments = random.Random(seed)
    monkeypatch.setattr("connectors.http.time.sleep", lambda seconds: None, raising=False)
    landed(small)
    source = small.source.workspace
    new = five_three_one_one_four(small)
    source.delete_object(("1", "c2"))
    source.unrelate("00000002", ("2", "b1"))
    stood = picture(small.destination)
    run = deltas.start(project=small.project, by=small.admin)
    run = through(small, run, monkeypatch, moments)
    assert run.state == Run.State.SUCCEEDED, run.problem
    now = people(small)
    assert set(new) <= set(now)
    assert len(small.destination.records("activity")) == 10
    assert (now["00000001"]["city"], now["00000003"]["city"]) == ("By hand", "New town 3")
    assert planned(small.run("replay")) == {"created": 0, "updated": 0}
    back = rollback.start(project=small.project, scope=Scope(run=run.number), by=small.admin)
    back = through(small, back, monkeypatch, moments)
    rollback.confirm(run=back, typed=small.project.name, by=small.admin)
    back = through(small, back, monkeypatch, moments)
    assert back.state == Run.State.SUCCEEDED, back.problem
    after = picture(small.destination)
    for shot in (after, stood):
        # Lines about the edits by hand, and what the server makes of names when it writes.
        del shot["records"]["timelineActivity"]
        for row in shot["records"]["person"].values():
            row.pop("searchVector")
    assert differing(after, stood) == []
    assert books(back).differences == 0
