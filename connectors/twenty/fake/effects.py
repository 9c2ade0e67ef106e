"""What the server's worker does after a write: timeline rows, workflow versions, workflow runs."""

from __future__ import annotations

import uuid
from typing import Any

from . import workflows
from .schema import BLANKS, ObjectType, Record, capital
from .workspace import Workspace

Json = Any

SILENT_COLUMNS = frozenset(("updatedAt", "updatedBy", "searchVector", "createdBy", "deletedAt"))
LINKS = {"noteTarget": ("note", "noteId"), "taskTarget": ("task", "taskId")}


def prepare(workspace: Workspace, kind: ObjectType, row: Record) -> None:
    """What is filled in before the insert."""
    if kind.singular == "dashboard" and row.get("pageLayoutId") is None:
        row["pageLayoutId"] = str(uuid.uuid4())


def created(workspace: Workspace, kind: ObjectType, row: Record) -> None:
    """`<object>.created` with happensAt now, whatever createdAt says (contracts/twenty/FACTS.md §10)."""
    _timeline(workspace, kind, row["id"], f"{kind.singular}.created", {})
    if kind.singular in LINKS:
        _linked(workspace, kind, row)
    workflows.created(workspace, kind, row)


def updated(workspace: Workspace, kind: ObjectType, old: Record, new: Record) -> None:
    """`<object>.updated` with the diff; 2.x leaves position out of it (FACTS-2.x.md §3)."""
    diff = {
        column: {"after": value, "before": old[column]}
        for column, value in new.items()
        if value != old[column]
        and column not in SILENT_COLUMNS
        and not (workspace.modern and column == "position")
        and column != "createdAt"
    }
    if diff:
        _timeline(workspace, kind, new["id"], f"{kind.singular}.updated", {"diff": diff})
    if old["deletedAt"] is not None and new["deletedAt"] is None:
        restored(workspace, kind, new)
    workflows.updated(workspace, kind, old, new)


def deleted(workspace: Workspace, kind: ObjectType, row: Record) -> None:
    _timeline(workspace, kind, row["id"], f"{kind.singular}.deleted", {})
    workflows.deleted(workspace, kind, row)


def restored(workspace: Workspace, kind: ObjectType, row: Record) -> None:
    _timeline(workspace, kind, row["id"], f"{kind.singular}.restored", {})
    workflows.restored(workspace, kind, row)


def _linked(workspace: Workspace, kind: ObjectType, row: Record) -> None:
    """A new note or task link shows on the timeline of its target."""
    singular, column = LINKS[kind.singular]
    source = workspace.table(singular).rows.get(row[column] or "")
    if source is None:
        return
    linked = {
        "linkedRecordCachedName": source["title"],
        "linkedRecordId": source["id"],
        "linkedObjectMetadataId": workspace.schema.objects[singular].id,
    }
    joins = {join: relation for item in kind.fields.values() for join, relation in item.joins().items()}
    given = [join for join in joins if join != column and row[join] is not None]
    if given:
        # A link with several targets is written for one of them only: the first column (exchange 09).
        join = min(given) if workspace.modern else given[0]
        target = workspace.schema.objects[joins[join].target_object]
        _timeline(workspace, target, row[join], f"linked-{singular}.created", {}, linked)


def _timeline(
    workspace: Workspace, kind: ObjectType, identifier: str, name: str, properties: Json, extra: Record | None = None
) -> None:
    """One row written by the worker; of a new object it hears within minutes (FACTS.md §10)."""
    timeline = workspace.schema.objects["timelineActivity"]
    column = f"target{capital(kind.singular)}Id"
    if column not in timeline.columns or (kind.custom and workspace.settings.fresh_worker):
        return
    now = workspace.now()
    row = timeline.blank_row()
    row.update({"id": str(uuid.uuid4()), "createdAt": now, "updatedAt": now, "happensAt": now, "name": name})
    row["properties"] = properties
    if "createdBy" in row:
        row["createdBy"] = row["updatedBy"] = BLANKS["ACTOR"]
        row["searchVector"] = f"'{name}':1"
    row.update(extra or {})
    row[column] = identifier
    workspace.table(timeline).insert(row)
