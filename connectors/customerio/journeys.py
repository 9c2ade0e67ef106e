"""Journey graphs from elsewhere: what the App API does not tell of a campaign, out of an uploaded JSON file.

The API behind Customer.io's own pages has the graph (FACTS.md §14), but its answers are not documented. So names
are tried, nothing is required beyond the campaign's id and its steps, and all of it is kept as it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.contract import SourceRecord
from connectors.customerio.masking import mask_tokens, mask_webhook
from connectors.errors import Rejected
from connectors.exact import loads

STEPS = ("actions", "steps", "nodes")
EDGES = ("edges", "connections", "links")
FROM = ("from", "source", "from_id", "source_id", "parent")
TO = ("to", "target", "to_id", "target_id", "child")
NEXT = ("next", "next_id", "next_ids", "children", "children_ids")
BRANCHES = ("true_id", "false_id", "true_next", "false_next", "on_true", "on_false")
WRAPPERS = ("campaign", "data")


@dataclass(frozen=True, slots=True)
class Journey:
    """The graph of one campaign: steps as they came, secrets masked, and edges as (from, to, when)."""

    campaign: str
    steps: tuple[Mapping[str, Any], ...]
    edges: tuple[tuple[str, str, str], ...]


def journeys(text: str | bytes) -> dict[str, Journey]:
    """The graphs in an uploaded file by campaign id: one campaign, a list of them, or an object that holds a list.

    Rejected says what is wrong with a file in which there is none.
    """
    try:
        told = loads(text)
    except ValueError as error:
        raise Rejected("The file is not JSON.", "Expected what Customer.io gives for a campaign.") from error
    found = {journey.campaign: journey for row in _campaigns(told) if (journey := _journey(row))}
    if not found:
        raise Rejected(
            "The file holds no campaign with an id and steps.",
            "Expected an object, or a list of objects, with id, actions (or steps, nodes) and edges.",
        )
    return found


def with_journey(record: SourceRecord, journey: Journey, source: str) -> SourceRecord:
    """The campaign with its graph, and with the gaps that the graph fills; `source` says where that came from.

    What the App API told stays as it is: the graph stands beside it under `journey`.
    """
    if record.key != journey.campaign:
        raise ValueError(f"the journey belongs to campaign {journey.campaign}, not to {record.key}")
    known = {str(step["id"]): step for step in journey.steps}
    gaps = [_filled(gap, known, source) for gap in record.fields.get("gaps", ())]
    graph = {
        "source": source,
        "steps": [dict(step) for step in journey.steps],
        "edges": [{"from": one, "to": other, **({"when": when} if when else {})} for one, other, when in journey.edges],
        "unknown_to_it": [step["id"] for step in record.fields.get("actions", ()) if str(step["id"]) not in known],
    }
    return replace(record, fields={**record.fields, "gaps": gaps, "journey": graph})


def _filled(gap: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]], source: str) -> dict[str, Any]:
    """A gap with what the graph says of the steps in it."""
    found = {id: str(known[id].get("type") or "step") for id in gap["missing"] if id in known}
    return {**gap, "filled": found, "filled_from": source} if found else dict(gap)


def _campaigns(told: Any) -> Iterable[Mapping[str, Any]]:
    """Every object that may be a campaign."""
    if isinstance(told, list):
        for row in told:
            yield from _campaigns(row)
    elif isinstance(told, Mapping):
        inner = next((told[key] for key in WRAPPERS if isinstance(told.get(key), Mapping | list)), None)
        if isinstance(told.get("campaigns"), list | Mapping):
            listed = told["campaigns"]
            yield from _campaigns(list(listed.values()) if isinstance(listed, Mapping) else listed)
        elif inner is not None:
            # Steps and edges may stand beside the campaign instead of in it.
            beside = {key: told[key] for key in (*STEPS, *EDGES) if key in told}
            for row in _campaigns(inner):
                yield {**row, **beside}
        else:
            yield told


def _journey(row: Mapping[str, Any]) -> Journey | None:
    id, rows = row.get("id") or row.get("campaign_id"), _first(row, STEPS)
    if isinstance(rows, Mapping):
        rows = [{"id": key, **step} for key, step in rows.items() if isinstance(step, Mapping)]
    steps = [step for step in rows or () if isinstance(step, Mapping) and step.get("id") is not None]
    if id in (None, "") or not steps:
        return None
    edges = dict.fromkeys([*_told_edges(_first(row, EDGES) or ()), *_step_edges(steps)])
    masked = tuple({**_masked(step), "id": str(step["id"])} for step in steps)
    return Journey(str(id), masked, tuple(edges))


def _masked(step: Mapping[str, Any]) -> dict[str, Any]:
    hook = "url" in step or step.get("type") == "webhook"
    keep = ("id", "name", "type", *NEXT, *BRANCHES)
    return {
        key: value if key in keep else mask_webhook(value, key) if hook else mask_tokens(value)
        for key, value in step.items()
    }


def _told_edges(rows: Any) -> Iterable[tuple[str, str, str]]:
    for edge in rows if isinstance(rows, list) else ():
        if isinstance(edge, Mapping):
            one, other = _first(edge, FROM), _first(edge, TO)
            when = _first(edge, ("when", "label", "branch", "condition", "type"))
        elif isinstance(edge, list) and len(edge) >= 2:
            one, other, when = edge[0], edge[1], edge[2] if len(edge) > 2 else ""
        else:
            continue
        if one is not None and other is not None:
            yield str(one), str(other), "" if when is None else str(when)


def _step_edges(steps: Sequence[Mapping[str, Any]]) -> Iterable[tuple[str, str, str]]:
    """Edges that steps tell themselves."""
    for step in steps:
        for key in (*NEXT, *BRANCHES):
            told = step.get(key)
            for other in told if isinstance(told, list) else [told]:
                if isinstance(other, str | int) and not isinstance(other, bool) and other != "":
                    yield str(step["id"]), str(other), key if key in BRANCHES else ""


def _first(row: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)
