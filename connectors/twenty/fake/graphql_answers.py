"""Selections applied to records: nodes, connections, aggregates."""

from __future__ import annotations

from typing import Any

from .aggregates import aggregate
from .graphql_syntax import Selection
from .paging import Page, cursor_of
from .render import many_rows
from .schema import Field, ObjectType, Record, Relation, capital
from .workspace import Workspace

Json = Any


class Unknown(Exception):
    """A selection that the schema does not have; the whole document is refused."""

    def __init__(self, selection: Selection, type_name: str) -> None:
        super().__init__(f'Cannot query field "{selection.name}" on type "{type_name}".')
        self.location = selection.location


def project(workspace: Workspace, kind: ObjectType, row: Record, selections: list[Selection]) -> Record:
    """The record as selected; relations go as deep as asked."""
    answer: Record = {}
    for selection in selections:
        name = selection.name
        if name == "__typename":
            answer[selection.alias] = capital(kind.singular)
        elif name in kind.columns:
            value = row.get(name)
            answer[selection.alias] = pick(value, selection.selections) if selection.selections else value
        else:
            answer[selection.alias] = _related(workspace, kind, row, selection)
    return answer


def _related(workspace: Workspace, kind: ObjectType, row: Record, selection: Selection) -> Json:
    item = kind.fields.get(selection.name)
    relation = item.relation if item is not None else _morph_relation(kind, selection.name)
    if relation is None:
        raise Unknown(selection, capital(kind.singular))
    if relation.join_column:
        target = workspace.schema.objects[relation.target_object]
        found = workspace.table(target).rows.get(row.get(relation.join_column) or "")
        if found is None or found["deletedAt"] is not None:
            return None
        return project(workspace, target, found, selection.selections)
    other, rows = many_rows(workspace, relation, row["id"])
    return connection(workspace, other, Page(rows, len(rows), []), selection.selections, rows)


def _morph_relation(kind: ObjectType, name: str) -> Relation | None:
    owner: Field | None = kind.columns.get(f"{name}Id")
    return owner.morph.get(f"{name}Id") if owner is not None else None


def connection(
    workspace: Workspace, kind: ObjectType, found: Page, selections: list[Selection], everything: list[Record]
) -> Record:
    """edges, pageInfo, totalCount and the aggregates of all matching rows."""
    answer: Record = {}
    for selection in selections:
        name = selection.name
        if name == "totalCount":
            answer[selection.alias] = found.total
        elif name == "pageInfo":
            answer[selection.alias] = pick(found.info(), selection.selections)
        elif name == "edges":
            answer[selection.alias] = [_edge(workspace, kind, found, row, selection) for row in found.rows]
        elif name == "__typename":
            answer[selection.alias] = f"{capital(kind.singular)}Connection"
        else:
            answer[selection.alias] = _aggregate(workspace, kind, selection, everything)
    return answer


def _edge(workspace: Workspace, kind: ObjectType, found: Page, row: Record, selection: Selection) -> Record:
    edge: Record = {}
    for part in selection.selections:
        if part.name == "node":
            edge[part.alias] = project(workspace, kind, row, part.selections)
        elif part.name == "cursor":
            edge[part.alias] = cursor_of(row, found.orders)
    return edge


def _aggregate(workspace: Workspace, kind: ObjectType, selection: Selection, rows: list[Record]) -> Json:
    """minEmployees, countNotEmptyName, … over one column; 2.x answers null for one that it does not know."""
    try:
        return aggregate(kind, selection.name, rows)
    except KeyError:
        if workspace.modern:
            return None
        raise Unknown(selection, f"{capital(kind.singular)}Connection") from None


def pick(value: Json, selections: list[Selection]) -> Json:
    """A plain structure cut down to the selection."""
    if isinstance(value, list):
        return [pick(item, selections) for item in value]
    if not isinstance(value, dict) or not selections:
        return value
    return {each.alias: pick(value.get(each.name), each.selections) for each in selections}
