"""`GET /rest/{plural}/groupBy` (contracts/twenty/FACTS.md §5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .errors import bad_request, invalid_data
from .filter_syntax import parse_filter
from .filters import is_null, matching
from .schema import ObjectType, Record
from .workspace import Workspace

Json = Any
Path = tuple[str, ...]

EXAMPLE = (
    "Invalid group_by query parameter - should be a valid array of objects - ex: "
    '[{"firstField": true}, {"secondField": {"subField": true}}, {"dateField": {"granularity": \'DAY\'}}]'
)
CALENDAR = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")


def group_by(workspace: Workspace, kind: ObjectType, query: Mapping[str, str]) -> list[Record]:
    """One entry per combination of dimension values; a view's filters apply here, unlike in lists."""
    paths = [_dimension(kind, item) for item in _json_array(query.get("group_by"))]
    aggregates = json.loads(query.get("aggregate") or '["totalCount"]')
    wanted = parse_filter(query.get("filter", ""), kind, modern=workspace.modern)
    rows = matching(workspace, kind, wanted)
    rows = _through_view(workspace, kind, rows, query.get("viewId"))
    groups: dict[tuple[Json, ...], list[Record]] = {}
    for row in rows:
        groups.setdefault(tuple(_value(row, path) for path in paths), []).append(row)
    return [
        {**{name: _aggregate(name, members) for name in aggregates}, "groupByDimensionValues": list(key)}
        for key, members in sorted(groups.items(), key=lambda pair: [str(part or "") for part in pair[0]])
    ]


def _json_array(raw: str | None) -> list[Record]:
    try:
        parsed = json.loads(raw or "")
    except ValueError:
        raise bad_request(EXAMPLE) from None
    if not isinstance(parsed, list):
        raise bad_request(EXAMPLE)
    return parsed


def _dimension(kind: ObjectType, item: Record) -> Path:
    name, value = next(iter(item.items()))
    if name not in kind.columns:
        raise invalid_data(f'Object {kind.singular} doesn\'t have any "{name}" field.')
    if isinstance(value, dict) and value.get("granularity") in CALENDAR and "timeZone" not in value:
        raise bad_request("Time zone should be specified for a group by date on Day, Week, Month, Quarter or Year")
    if isinstance(value, dict) and "granularity" not in value:
        return (name, next(iter(value)))
    return (name,)


def _value(row: Record, path: Path) -> Json:
    found: Json = row
    for step in path:
        found = found[step]
    if is_null(found):
        return None
    return found if isinstance(found, (str, int, float, bool)) else json.dumps(found)


def _aggregate(name: str, members: list[Record]) -> str:
    if name == "totalCount" or name == "countNotEmptyId":
        return str(len(members))
    column = name.removeprefix("countNotEmpty")
    column = column[:1].lower() + column[1:]
    return str(sum(1 for row in members if not is_null(row.get(column))))


def _through_view(workspace: Workspace, kind: ObjectType, rows: list[Record], view_id: str | None) -> list[Record]:
    if view_id not in workspace.extras.views:
        return rows
    for item in workspace.extras.view_filters.values():
        column = next((each for each in kind.fields.values() if each.id == item["fieldMetadataId"]), None)
        if item["viewId"] == view_id and column is not None and item["operand"] == "CONTAINS":
            needle = str(item["value"]).lower()
            rows = [row for row in rows if needle in str(row.get(column.name, "")).lower()]
    return rows
