"""A journey that is put back is the one that was driven, and whatever was changed before is driven again."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from connectors.customerio.fake import FakeCustomerio
from connectors.twenty.fake import FakeTwenty
from projects import connections
from projects.models import Project, Run
from tests.journey import checkpoint
from tests.journey.conftest import Migration, make_migration, small_workspace, to_untouched

pytestmark = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="other databases go the whole way always")


@pytest.fixture
def begun(transactional_db: None, settings: Any) -> Iterator[Callable[[], Migration]]:
    settings.SETTLE_SECONDS = 0
    yield lambda: to_untouched(small_workspace)
    connections.transports.clear()
    connections._local_budget.cache_clear()


def rows() -> dict[str, list[tuple[Any, ...]]]:
    """Everything that the database holds."""
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
            found[table] = list(cursor.fetchall())
        return found


def went(run: Run) -> dict[str, Any]:
    """What can be compared between two ways: how much there is of everything, and how the books closed."""
    return {
        "rows": {table: len(found) for table, found in rows().items() if table.startswith(("projects_", "mapping_"))},
        "books": [phase.reconciliations.latest().balance for phase in run.phases.order_by("order")],
    }


def standing_there(migration: Migration) -> Counter[str]:
    shot = migration.destination.snapshot()
    there = {f"records of {name}": len(found) for name, found in shot["records"].items()}
    return Counter(there | {f"fields of {name}": len(found["fields"]) for name, found in shot["schema"].items()})


def test_what_is_put_back_is_what_was_reached_to_the_letter(begun: Callable[[], Migration]) -> None:
    first = begun()
    first.to_sandbox()
    run = first.production()
    there, here, log = first.destination.snapshot(), rows(), list(first.source.workspace.activities)
    first.destination.edit("person", first.destination.records("person")[0]["id"], {"jobTitle": "Other"})
    Project.objects.update(name="Another")
    again = begun()
    held = again.source.workspace
    assert again.source is not first.source
    assert not again.project.runs.exists()
    assert not [row for row in again.destination.records("person") if row.get("customerioId")]
    again.to_sandbox()
    found = again.production()
    assert (found.pk, found.state, found.project.name) == (run.pk, run.state, "Congress")
    assert again.source.workspace is held
    assert again.destination.snapshot() == there
    assert [one.row for one in again.source.workspace.activities] == [one.row for one in log]
    assert rows() == here


def test_what_is_put_back_is_like_a_way_that_was_driven(begun: Callable[[], Migration]) -> None:
    def drive() -> Migration:
        source = FakeCustomerio(small_workspace(), requests_per_second=None)
        return make_migration(source, FakeTwenty(line="2.x", long_limit=None, short_limit=None, prefilled=False))

    def go(migration: Migration) -> tuple[dict[str, Any], Counter[str]]:
        migration.to_sandbox()
        return went(migration.production()), standing_there(migration)

    go(begun())
    put_back = go(begun())
    call_command("flush", verbosity=0, interactive=False)
    assert go(drive()) == put_back


def change_rows(migration: Migration) -> None:
    Project.objects.update(name="Another")


def change_source(migration: Migration) -> None:
    next(iter(migration.source.workspace.people)).unsubscribed = True


def change_destination(migration: Migration) -> None:
    migration.destination.workspace.extras.views.clear()


def plan_a_fault(migration: Migration) -> None:
    migration.destination.faults.add("/rest/people", status=500)


@pytest.mark.parametrize("change", [change_rows, change_source, change_destination, plan_a_fault])
def test_whatever_was_changed_before_is_not_put_back_over(
    begun: Callable[[], Migration], change: Callable[[Migration], None]
) -> None:
    ways: list[str] = []
    for way in ("driven", "again"):
        checkpoint.reach(begun(), f"{change.__name__} after", lambda way=way: ways.append(way))
    changed = begun()
    change(changed)
    checkpoint.reach(changed, f"{change.__name__} after", lambda: ways.append("changed"))
    assert ways == ["driven", "changed"]


def test_from_a_start_that_was_made_again_everything_is_driven_again(begun: Callable[[], Migration]) -> None:
    ways: list[str] = []
    first = begun()
    checkpoint.reach(first, "far", lambda: ways.append("first"))
    assert first.standing is not None
    start = first.standing.name[:1]
    checkpoint._kept[start] = replace(checkpoint._kept[start], reached=time.time() - checkpoint.FRESH - 1)
    call_command("flush", verbosity=0, interactive=False)
    again = begun()
    assert again.project.pk != first.project.pk
    checkpoint.reach(again, "far", lambda: ways.append("second"))
    assert ways == ["first", "second"]
