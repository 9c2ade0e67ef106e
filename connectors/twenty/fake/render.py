"""A record as answers show it: depth 0 as stored, depth 1 with its relations embedded."""

from __future__ import annotations

from typing import Any

from .schema import ObjectType, Record, Relation
from .workspace import Workspace

Json = Any

EMBEDDED_ROWS = 60


def shown(workspace: Workspace, kind: ObjectType, row: Record, depth: int = 0) -> Record:
    """The record for a REST answer; 1.x never shows the targets of morph relations (contracts/twenty/FACTS.md §7)."""
    if depth == 0 and (workspace.modern or not any(item.morph for item in kind.fields.values())):
        return row
    record = dict(row)
    if not workspace.modern:
        for item in kind.fields.values():
            for column in item.morph:
                del record[column]
    if depth:
        _embed(workspace, kind, row, record)
    return record


def _embed(workspace: Workspace, kind: ObjectType, row: Record, record: Record) -> None:
    for item in kind.fields.values():
        if item.relation is not None and not item.relation.join_column:
            record[item.name] = many(workspace, item.relation, row["id"])
            continue
        if item.morph and not workspace.modern:
            continue
        for column, relation in item.joins().items():
            target = one(workspace, relation, row[column])
            record[column.removesuffix("Id")] = target
            if target is None:
                # At depth 1 the join column of a soft-deleted target reads null (FACTS.md §6).
                record[column] = None


def one(workspace: Workspace, relation: Relation, identifier: str | None) -> Record | None:
    """The live row on the other side of a many-to-one relation."""
    target = workspace.schema.objects.get(relation.target_object)
    if identifier is None or target is None:
        return None
    row = workspace.table(target).rows.get(identifier)
    if row is None or row["deletedAt"] is not None:
        return None
    return shown(workspace, target, row)


def many_rows(workspace: Workspace, relation: Relation, identifier: str) -> tuple[ObjectType, list[Record]]:
    """The live rows that point here through the inverse of a one-to-many relation."""
    other = workspace.schema.objects[relation.target_object]
    table = workspace.table(other)
    inverse = other.fields.get(relation.target_field)
    found: set[str] = set()
    for column in inverse.joins() if inverse else ():
        found.update(table.pointing_at(column, identifier))
    rows = [table.rows[each] for each in sorted(found)]
    return other, [row for row in rows if row["deletedAt"] is None]


def many(workspace: Workspace, relation: Relation, identifier: str) -> list[Record]:
    """The embedded rows; on 1.x each shows the one morph column by which it was found."""
    other, rows = many_rows(workspace, relation, identifier)
    embedded = [shown(workspace, other, row) for row in rows[:EMBEDDED_ROWS]]
    inverse = other.fields.get(relation.target_field)
    if workspace.modern or inverse is None or not inverse.morph:
        return embedded
    columns = [column for column in inverse.morph if rows and rows[0][column] == identifier]
    return [{**row, **dict.fromkeys(columns, identifier)} for row in embedded]
