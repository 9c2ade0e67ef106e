"""From the JSON body of a write to the columns that it changes."""

from __future__ import annotations

from typing import Any

from . import values
from .composites import accept_composite
from .errors import Refusal, bad_request, database, inspect, invalid_data, type_error
from .schema import BLANKS, Field, ObjectType, Record, Relation, capital
from .store import Table
from .workspace import Caller, Workspace

Json = Any

NEVER_NULL = ("createdAt", "updatedAt")


def unknown_field(kind: ObjectType, name: str) -> Refusal:
    return invalid_data(f'Object {kind.singular} doesn\'t have any "{name}" field.')


def read_body(workspace: Workspace, kind: ObjectType, body: Json, previous: Record) -> Record:
    """The validated changes; an array is read as an object with keys "0", "1", … and so refused (exchange 02)."""
    if isinstance(body, list):
        body = {str(index): item for index, item in enumerate(body)}
    if not isinstance(body, dict):
        raise type_error(f"Cannot create property 'position' on {type(body).__name__} '{inspect(body)}'")
    changes: Record = {}
    for name, value in body.items():
        column = kind.columns.get(name)
        if column is not None:
            if name != "updatedBy":
                changes[name] = _column_value(workspace, name, column, value, previous)
            continue
        relation = _relation_named(kind, name)
        if relation is None:
            raise unknown_field(kind, name)
        changes.update(_relation_value(workspace, name, relation, value))
    _check_moments(workspace, kind, changes)
    return changes


def _column_value(workspace: Workspace, name: str, item: Field, value: Json, previous: Record) -> Json:
    modern = workspace.modern
    if name == "id":
        return values.record_id(value)
    if item.joins():
        return values.uuid_value(value, name)
    if item.type == "POSITION":
        return _position(value)
    if item.composite:
        return accept_composite(item, value, previous.get(name) or BLANKS[item.type], modern=modern)
    return values.accept_scalar(item, value, modern=modern)


def _position(value: Json) -> Json:
    if value in ("first", "last") or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    raise invalid_data(f"Invalid position value: '{value}'")


def _check_moments(workspace: Workspace, kind: ObjectType, changes: Record) -> None:
    for name in NEVER_NULL:
        if name in changes and changes[name] is None:
            message = f'null value in column "{name}" of relation "{kind.singular}" violates not-null constraint'
            raise database(message, modern=workspace.modern)


def _relation_named(kind: ObjectType, name: str) -> Relation | None:
    """The relation field of that name; one target of a morph relation is `target<Object>`."""
    item = kind.fields.get(name)
    if item is not None and item.relation is not None:
        return item.relation
    owner = kind.columns.get(f"{name}Id")
    return owner.morph.get(f"{name}Id") if owner else None


def _relation_value(workspace: Workspace, name: str, relation: Relation, value: Json) -> Record:
    """Write through the relation field: connect, disconnect; 1.x ignores anything else (FACTS.md §2)."""
    if not relation.join_column:
        raise invalid_data(f"One-to-many relation {name} field does not support write operations.")
    if value is None:
        return {relation.join_column: None}
    if isinstance(value, dict) and "connect" in value:
        return {relation.join_column: _connected(workspace, name, relation, value["connect"])}
    if isinstance(value, dict) and value.get("disconnect") is True:
        return {relation.join_column: None}
    if workspace.modern:
        raise invalid_data(f'Relation "{name}" requires connect or disconnect operation')
    if isinstance(value, dict) and "id" in value:
        return {relation.join_column: values.uuid_value(value["id"], f"{name}Id")}
    return {}


def _connected(workspace: Workspace, name: str, relation: Relation, connect: Json) -> str:
    """The id of the one live row that the `where` names by a unique value."""
    where = connect.get("where") if isinstance(connect, dict) else None
    conditions = list(_flattened(where or {}))
    table = workspace.table(relation.target_object)
    found = [row["id"] for row in _candidates(table, conditions) if _matches(row, conditions)]
    if len(found) != 1 or not conditions:
        shown = ", ".join(f"{path[0]}{''.join(map(capital, path[1:]))} = {value}" for path, value in conditions)
        raise bad_request(f"Expected 1 record to connect to {name}, but found {len(found)} for {shown}")
    return found[0]  # type: ignore[no-any-return]


def _candidates(table: Table, conditions: list[tuple[tuple[str, ...], Json]]) -> list[Record]:
    """The live rows worth looking at: one by id or unique value, all of them otherwise."""
    rows = table.rows
    if len(conditions) == 1:
        path, value = conditions[0]
        owner: str | None = None
        if path == ("id",):
            owner = value if value in rows else ""
        for index in table.kind.unique:
            if index.paths == (path,):
                owner = table.owner_of(index.name, (value,)) or ""
        if owner is not None:
            return [rows[owner]] if owner and rows[owner]["deletedAt"] is None else []
    return [row for row in rows.values() if row["deletedAt"] is None]


def _flattened(where: Record) -> list[tuple[tuple[str, ...], Json]]:
    pairs: list[tuple[tuple[str, ...], Json]] = []
    for key, value in where.items():
        if isinstance(value, dict):
            pairs.extend(((key, *path), item) for path, item in _flattened(value))
        else:
            pairs.append(((key,), value))
    return pairs


def _matches(row: Record, conditions: list[tuple[tuple[str, ...], Json]]) -> bool:
    for path, wanted in conditions:
        value: Json = row
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        if value != wanted:
            return False
    return True


def created_by(workspace: Workspace, given: Json, caller: Caller) -> Record:
    """Authorship at creation: the key's name by default, source MANUAL, an unknown member null (FACTS.md §4)."""
    if not isinstance(given, dict):
        return caller.actor()
    item = Field(id="", name="createdBy", label="", type="ACTOR")
    base = BLANKS["ACTOR"] if "name" in given else {**caller.actor(), "source": "MANUAL"}
    actor = accept_composite(item, given, base, modern=workspace.modern)
    member = actor["workspaceMemberId"]
    if member is not None and member not in workspace.table("workspaceMember").rows:
        actor["workspaceMemberId"] = None
    return actor
