"""Whatever happens in whatever order: the balance closes, from row states, and nobody lands twice."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.utils import timezone

from connectors.customerio.fake import FakeCustomerio
from connectors.twenty.fake import FakeTwenty
from projects import connections, corrections, deltas, gates, selectors, services
from projects.models import Event, Link, Record, Run, Step
from projects.pipeline import engine, phases, reconcile
from tests.journey.conftest import DESTINATION_URL, Migration, make_migration, small_workspace

SEEDS = (1, 2, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 12)))
MOST_TURNS = 400


class Killed(BaseException):
    """The worker is gone: nothing of ours catches it, as nothing catches a SIGKILL."""


class Chaos(httpx.BaseTransport):
    """The way to the destination: kills the worker before or after a request, loses answers, refuses records."""

    def __init__(self, app: Any, luck: random.Random) -> None:
        self._inner = httpx.WSGITransport(app=app)
        self._luck = luck
        self.armed = False
        self.happened: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        writes = request.method in ("POST", "PATCH") and "/rest/" in str(request.url)
        event = self._luck.random() if self.armed else 1.0
        if event < 0.06:
            self._raise("killed before a request")
        if writes and event < 0.10:
            self.happened.append("refused")
            return httpx.Response(400, json={"statusCode": 400, "messages": ["It is a bad day."]}, request=request)
        answer = self._inner.handle_request(request)
        answer.read()
        if event < 0.18:
            self._raise("killed after a request")
        if writes and event < 0.22:
            self.happened.append("answer lost")
            raise httpx.ReadTimeout("The answer was lost.", request=request)
        return answer

    def _raise(self, what: str) -> None:
        self.happened.append(what)
        raise Killed(what)


@pytest.fixture
def small(transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Migration]:
    """A few people, two of one address, one without, moved in pages of two."""
    settings.SETTLE_SECONDS = 0
    workspace = small_workspace()
    workspace.add_person(id="twin", email="ADA@example.org", attributes={"first_name": "Ida"})
    destination = FakeTwenty(line="2.x", long_limit=None, short_limit=None, prefilled=False)
    migration = make_migration(FakeCustomerio(workspace, requests_per_second=None), destination)
    migration.to_sandbox()
    known = migration.project.connections.get(side="destination")
    known.known["capabilities"] |= {"batch": 2, "page": 2}
    known.save()
    # Waiting is what the engine does about a lost answer; nobody has to sit through it here.
    monkeypatch.setattr(engine, "LONGEST_PAUSE", 0.0)
    yield migration
    connections.transports.clear()
    connections._local_budget.cache_clear()


def one_turn(run: Run, seconds: float) -> None:
    """A worker that works for a while, one page at least, and may die at it; then its lease runs out."""
    try:
        engine.advance(run.pk, seconds=seconds)
    except Killed:
        Step.objects.filter(run=run, state="running").update(leased_until=timezone.now() - timedelta(seconds=1))
    Step.objects.filter(run=run, not_before__isnull=False).update(not_before=None)


def decide_something(migration: Migration, luck: random.Random) -> None:
    groups = [group for group in selectors.held_groups(migration.project) if group.verdicts]
    if not groups:
        return
    group = luck.choice(groups)
    run = selectors.newest_run(migration.project)
    keys = Record.objects.filter(run=run, object=group.object, reason=group.reason, state="held")
    key = luck.choice(sorted(keys.values_list("key", flat=True)))
    if group.object == "person" and luck.random() < 0.4:
        sheet = f"object,key,email\nperson,{key},mended{luck.randrange(10**6)}@example.org\n"
        corrections.take_in(project=migration.project, by=migration.admin, content=sheet.encode(), name="mended.csv")
        return
    services.decide_held(
        project=migration.project, object=group.object, reason=group.reason, by=migration.admin,
        verdict=luck.choice(group.verdicts), keys=[key] if luck.random() < 0.5 else None,
    )  # fmt: skip


def something_happens_at_the_source(migration: Migration, luck: random.Random) -> str:
    """What a delta carries over: somebody new, somebody changed, somebody gone, or two who became one."""
    workspace = migration.source.workspace
    people = sorted(person.cio_id for person in workspace.people)
    what = luck.choice(("new", "changed", "changed", "gone", "merged"))
    if what == "new" or len(people) < 5:
        number = luck.randrange(10**6)
        address = {} if luck.random() < 0.3 else {"email": f"new{number}@example.org"}
        workspace.add_person(id=f"new{number}", attributes={"first_name": f"New {number}"}, **address)
        return "new"
    if what == "changed":
        workspace.change_attributes(luck.choice(people), {"first_name": f"Other {luck.randrange(10**6)}"})
    elif what == "gone":
        workspace.delete_person(luck.choice(people))
    else:
        workspace.merge_people(*luck.sample(people, 2))
    return what


def somebody_edits_in_the_destination(migration: Migration, luck: random.Random) -> None:
    """Among them values that the source changes too: those are held, and decided over."""
    rows = migration.destination.records("person")
    if rows:
        row = luck.choice(sorted(rows, key=lambda one: str(one["customerioId"])))
        name = {"firstName": f"By hand {luck.randrange(10**6)}", "lastName": ""}
        migration.destination.edit("person", row["id"], {"name": name})


def the_books_close(run: Run, phase: str) -> None:
    """Counted from row states, whatever any counter says."""
    objects = [spec.object for spec in phases.step_specs(run, phase)]
    for object, row in reconcile.balance_of(run, objects).items():
        assert row["open"] == 0, (object, row)
        assert row["read"] == sum(row[column] for column in reconcile.COLUMNS), (object, row)
        assert row["read"] == Record.objects.filter(run=run, object=object).count()


def go(migration: Migration, run: Run, luck: random.Random, chaos: Chaos) -> Run:
    """Works, dies, decides and signs until the run has ended; the books are looked at wherever it rests."""
    for turn in range(MOST_TURNS):
        # Luck that never ends would be no test of ending.
        chaos.armed = turn < MOST_TURNS // 4
        run.refresh_from_db()
        if run.state == Run.State.PAUSED:
            services.resume_run(run=run, by=migration.admin)
        elif run.state == Run.State.WAITING:
            phase = run.phases.get(state="reconciled").name
            the_books_close(run, phase)
            if luck.random() < 0.6 and turn < MOST_TURNS // 2:
                decide_something(migration, luck)
            else:
                services.sign(project=migration.project, gate=phase, by=migration.admin, name="Ada", note="Seen.")
        elif run.is_active:
            if luck.random() < 0.05:
                decide_something(migration, luck)
            one_turn(run, luck.choice((0.0, 0.5)))
        else:
            break
    assert run.state == Run.State.SUCCEEDED, (run.state, run.problem)
    for phase in run.phases.all():
        the_books_close(run, phase.name)
    return run


@pytest.mark.parametrize("seed", SEEDS)
def test_the_balance_closes_after_any_schedule_of_crashes_refusals_decisions_deltas_and_replays(
    seed: int, small: Migration
) -> None:
    luck = random.Random(seed)
    chaos = Chaos(small.destination, luck)
    connections.transports[DESTINATION_URL] = chaos
    production = services.start_run(project=small.project, kind="production", by=small.admin)
    production = go(small, production, luck, chaos)
    assert chaos.happened, "nothing went wrong: the seed shows nothing"
    nobody_is_there_twice(small)
    assert Record.objects.filter(run=production, object="person").count() == len(small.source.workspace.people)
    for _ in range(2):
        happened = [something_happens_at_the_source(small, luck) for _ in range(luck.randint(2, 4))]
        somebody_edits_in_the_destination(small, luck)
        chaos.happened.clear()
        go(small, deltas.start(project=small.project, by=small.admin, full=luck.random() < 0.5), luck, chaos)
        assert happened
        nobody_is_there_twice(small)
    assert {run.kind for run in small.project.runs.all()} >= {"production", "delta"}
    assert Event.objects.filter(verb__in=["HELD_DECIDED", "RECORDS_CORRECTED"]).exists(), "nothing was decided"
    replay = services.start_run(project=small.project, kind="replay", by=small.admin)
    replay = go(small, replay, luck, chaos)
    planned = Record.objects.filter(run=replay, state__in=["created", "updated"])
    assert set(planned.values_list("key", flat=True)) <= waiting_in(small)
    assert gates.all_gates(small.project)


def waiting_in(migration: Migration) -> set[str]:
    """What a replay may plan: what was refused or held in some run, and what hangs on those people."""
    aside = Record.objects.filter(run__project=migration.project, state__in=["rejected", "held"])
    return {key for row in aside for key in (row.key, row.refs.get("person", [0, ""])[1])}


def nobody_is_there_twice(migration: Migration) -> None:
    """Each record of the destination has one link of its own, and each link its record."""
    there = [row["id"] for row in migration.destination.records("person")]
    links = Link.objects.filter(project=migration.project, object="person").exclude(origin="merged")
    assert sorted(there) == sorted(str(id) for id in links.values_list("destination_id", flat=True))
