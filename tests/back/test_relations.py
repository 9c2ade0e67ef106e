"""Relations that attributes name, followed up: another one, none any more, and what a human put in their place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from projects import connections
from projects.pipeline import delta
from tests.back.test_delta import carry_over, planned
from tests.back.test_rollback import differing, picture, roll_back
from tests.journey.conftest import Migration, to_untouched
from tests.journey.test_links import by_object_id, workspace


@pytest.fixture
def tree(transactional_db: None, settings: Any) -> Iterator[Migration]:
    """Companies with owners and projects with parents, migrated to the end."""
    settings.SETTLE_SECONDS = 0
    migration = to_untouched(workspace)
    migration.to_sandbox(10)
    migration.production()
    yield migration
    connections.transports.clear()
    connections._local_budget.cache_clear()


@pytest.mark.parametrize("full", [False, True])
def test_a_relation_whose_attribute_was_emptied_is_emptied(tree: Migration, full: bool) -> None:
    before = by_object_id(tree, "workflowRecord")
    stood = picture(tree.destination)
    columns = [name for name, value in before["w-3"].items() if name.endswith("Id") and value and name != "id"]
    relations = {name for name in columns if not name.startswith("customerio")}
    assert len(relations) >= 3
    source = tree.source.workspace
    empty = dict.fromkeys(("company_id", "owner_email", "parent_workflow_id"))
    source.change_object(("2", "w-3"), empty)
    source.change_object(("2", "w-4"), {"company_id": "acme-9"})
    source.change_object(("2", "w-5"), {"parent_workflow_id": None})
    by_hand = next(name for name in relations if before["w-5"][name] == before["w-6"]["id"])
    tree.destination.edit("workflowRecord", before["w-5"]["id"], {by_hand: before["w-1"]["id"]})
    run = carry_over(tree, full=full)
    now = by_object_id(tree, "workflowRecord")
    assert {name for name in relations if now["w-3"][name]} <= {"personId"}
    assert now["w-5"][by_hand] == before["w-1"]["id"]
    assert before["w-9"]["id"] in now["w-9"].values()
    moved_to = by_object_id(tree, "company")["acme-9"]["id"]
    assert moved_to in now["w-4"].values()
    assert delta.moved(run)["updated"] >= len(relations)
    assert planned(tree.run("replay")) == {"created": 0, "updated": 0}
    assert delta.moved(carry_over(tree)) == {}
    tree.destination.edit("workflowRecord", before["w-5"]["id"], {by_hand: before["w-5"][by_hand]})
    roll_back(tree, run=run.number)
    # The edits by hand leave lines of their own in the timeline.
    after = picture(tree.destination)["records"]
    for name in ("workflowRecord", "company", "person"):
        assert differing(after[name], stood["records"][name]) == []
