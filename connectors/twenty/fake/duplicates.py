"""Finding and merging duplicates (contracts/twenty/FACTS.md §10): name, LinkedIn URL and e-mail, never phones."""

from __future__ import annotations

import uuid
from typing import Any

from . import records
from .composites import accept_composite
from .errors import bad_request, not_found
from .filters import is_null
from .paging import Page
from .render import shown
from .schema import BLANKS, COMPOSITES, ObjectType, Record, capital
from .workspace import Caller, Workspace

Json = Any

LARGEST_MERGE = 9


def find(workspace: Workspace, kind: ObjectType, body: Json) -> list[Record]:
    """One entry per asked record; a record is never its own duplicate."""
    body = body if isinstance(body, dict) else {}
    table = workspace.table(kind)
    if body.get("ids"):
        asked = [table.rows[each] for each in body["ids"] if each in table.rows]
    elif body.get("data"):
        asked = [_completed(workspace, kind, each) for each in body["data"]]
    else:
        raise bad_request('You have to provide either "data" or "ids" argument')
    return [_entry(workspace, kind, row) for row in asked]


def _completed(workspace: Workspace, kind: ObjectType, given: Record) -> Record:
    row = kind.blank_row()
    for name, value in given.items():
        item = kind.columns.get(name)
        if item is not None and item.composite:
            row[name] = accept_composite(item, value, BLANKS[item.type], modern=workspace.modern)
        elif item is not None:
            row[name] = value
    return row


def _entry(workspace: Workspace, kind: ObjectType, asked: Record) -> Record:
    found = [
        row
        for row in workspace.table(kind).rows.values()
        if row["deletedAt"] is None and row["id"] != asked.get("id") and _alike(kind, row, asked)
    ]
    info = Page(found, len(found), []).info()
    listed = [shown(workspace, kind, row) for row in found]
    return {f"{kind.singular}Duplicates": listed, "totalCount": len(found), "pageInfo": info}


def _alike(kind: ObjectType, one: Record, other: Record) -> bool:
    for criterion in kind.duplicates or []:
        paths = [_path(kind, column) for column in criterion]
        if all(_same(one, other, path) for path in paths):
            return True
    return False


def _path(kind: ObjectType, column: str) -> tuple[str, ...]:
    """The record path of a database column such as emailsPrimaryEmail."""
    for item in kind.columns.values():
        for sub_field in COMPOSITES.get(item.composite, {}):
            if column == f"{item.name}{capital(sub_field)}":
                return (item.name, sub_field)
    return (column,)


def _same(one: Record, other: Record, path: tuple[str, ...]) -> bool:
    first: Json = one
    second: Json = other
    for step in path:
        first, second = first[step], second[step]
    return not is_null(first) and first == second


def merge(workspace: Workspace, kind: ObjectType, body: Json, caller: Caller) -> Record:
    """The union of e-mails and phones in the record with priority; the others are destroyed (FACTS.md §10)."""
    ids = body.get("ids") or []
    if len(ids) < 2:
        raise bad_request("At least 2 record IDs are required for merge")
    if len(ids) > LARGEST_MERGE:
        raise bad_request(f"Maximum {LARGEST_MERGE} records can be merged at once")
    table = workspace.table(kind)
    if any(each not in table.rows for each in ids):
        raise not_found("One or more records not found")
    first = ids[body.get("conflictPriorityIndex", 0)]
    merged = dict(table.rows[first])
    for other in ids:
        _absorb(kind, merged, table.rows[other])
    if body.get("dryRun"):
        return {**merged, "id": str(uuid.uuid4()), "deletedAt": workspace.now()}
    records.destroy(workspace, kind, [each for each in ids if each != first], caller)
    merged["updatedAt"] = workspace.now()
    table.replace(merged)
    return merged


def _absorb(kind: ObjectType, merged: Record, other: Record) -> None:
    for name, item in kind.columns.items():
        mine, its = merged[name], other[name]
        if item.type == "EMAILS":
            addresses = [mine["primaryEmail"], *mine["additionalEmails"], its["primaryEmail"], *its["additionalEmails"]]
            distinct = list(dict.fromkeys(each for each in addresses if each))
            merged[name] = {"primaryEmail": distinct[0] if distinct else "", "additionalEmails": distinct[1:]}
        elif item.composite:
            if mine == BLANKS.get(item.type):
                merged[name] = its
        elif is_null(mine):
            merged[name] = its
