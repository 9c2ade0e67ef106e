"""Journey graphs from an uploaded file fill what the API does not tell (contracts/customerio/FACTS.md §9, §14)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.contract import SourceRecord
from connectors.customerio.fake import FakeCustomerio, Workspace
from connectors.customerio.journeys import journeys, with_journey
from connectors.errors import Rejected
from tests.connectors.customerio.sources import one, source_of

STEPS = [
    {"id": 25, "type": "email"},
    {"id": 27, "type": "delay", "seconds": 86400},
    {"id": 28, "type": "branch", "true_id": 29},
    {"id": 29, "type": "webhook", "url": "https://example.com?token=abcdef1234567890"},
]
EDGES = [{"from": 25, "to": 27}, {"source": "27", "target": "28", "label": "after a day"}]
GRAPH = {"id": 4, "actions": STEPS, "edges": EDGES}
EDGES_READ = [("25", "27", ""), ("27", "28", "after a day"), ("28", "29", "true_id")]


@pytest.fixture
def campaign(fake: FakeCustomerio, workspace: Workspace) -> SourceRecord:
    workspace.add("campaigns", id=4)
    for id in (25, 26, 29):
        workspace.add("campaign_actions", id=id, campaign_id=4)
    return one(source_of(fake), "campaign")


@pytest.mark.parametrize(
    "told",
    [
        GRAPH,
        [GRAPH, {"id": 5}],
        {"campaigns": [GRAPH]},
        {"campaigns": {"4": GRAPH}},
        {"campaign": {"id": 4}, "actions": STEPS, "edges": EDGES},
        {"data": [{"campaign": GRAPH}]},
        {"id": "4", "nodes": {str(step["id"]): step for step in STEPS}, "connections": EDGES},
    ],
)
def test_a_graph_is_found_in_any_usual_wrapping(told: Any) -> None:
    found = journeys(json.dumps(told))
    assert set(found) == {"4"}
    assert list(found["4"].edges) == EDGES_READ
    assert [step["id"] for step in found["4"].steps] == ["25", "27", "28", "29"]


def test_the_graph_stands_beside_what_the_api_told_and_fills_the_gaps(campaign: SourceRecord) -> None:
    whole = with_journey(campaign, journeys(json.dumps(GRAPH))["4"], "upload journeys.json")
    assert whole.fields["actions"] == campaign.fields["actions"]
    graph = whole.fields["journey"]
    assert (graph["source"], graph["unknown_to_it"]) == ("upload journeys.json", ["26"])
    assert {"from": "27", "to": "28", "when": "after a day"} in graph["edges"]
    (gap,) = whole.fields["gaps"]
    assert (gap["filled"], gap["filled_from"]) == ({"27": "delay", "28": "branch"}, "upload journeys.json")
    assert "abcdef1234567890" not in json.dumps(dict(whole.fields))


def test_a_graph_of_another_campaign_is_refused(campaign: SourceRecord) -> None:
    other = journeys(json.dumps({**GRAPH, "id": 5}))["5"]
    with pytest.raises(ValueError, match="belongs to campaign 5"):
        with_journey(campaign, other, "x")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '{"id": 4}', '{"id": 4, "actions": [{}]}', '{"campaigns": 7}'])
def test_a_file_without_a_campaign_says_what_is_expected(text: str) -> None:
    with pytest.raises(Rejected) as caught:
        journeys(text)
    assert "Expected" in caught.value.advice
