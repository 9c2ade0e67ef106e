"""Create, upsert, update, delete, restore and destroy records, with the order and the atomicity of the server."""

from __future__ import annotations

import uuid
from typing import Any

from . import effects, workflows
from .constraints import (
    Pending,
    check_not_null,
    check_references,
    foreign_key_name,
    search_vector,
    table_name,
)
from .drafts import created_by, read_body
from .errors import bad_request, coded, database, internal, not_found, permission_denied, type_error
from .schema import ObjectType, Record
from .workspace import Caller, Workspace

Json = Any

LARGEST_BATCH = 200
WITHOUT_CREATE = {"workflowVersion": "Method not allowed.", "workflowRun": "Method not allowed."}


def create(workspace: Workspace, kind: ObjectType, bodies: Json, caller: Caller, *, upsert: bool) -> list[Record]:
    """Plain creation is all-or-nothing; an upsert updates first, then inserts, and is not atomic (FACTS.md §3)."""
    if not isinstance(bodies, list):
        raise type_error("args.data.forEach is not a function")
    if len(bodies) > LARGEST_BATCH:
        message = f"Maximum number of records to upsert is {LARGEST_BATCH}."
        raise bad_request(message, sub_code="TOO_MANY_RECORDS_TO_UPDATE", friendly=message)
    refuse_creation(kind)
    if caller.read_only:
        raise permission_denied()
    blank = kind.blank_row()
    drafts = [read_body(workspace, kind, body, blank) for body in bodies]
    if not upsert:
        return _insert(workspace, kind, bodies, drafts, caller)
    return _upsert(workspace, kind, bodies, drafts, caller)


def refuse_creation(kind: ObjectType) -> None:
    """Members join by invitation, workflow versions and runs are made by the server (FACTS.md §9, §10)."""
    if kind.singular == "workspaceMember":
        raise permission_denied()
    if kind.singular in WITHOUT_CREATE:
        raise coded(WITHOUT_CREATE[kind.singular], "FORBIDDEN")


def _insert(
    workspace: Workspace, kind: ObjectType, bodies: list[Json], drafts: list[Record], caller: Caller
) -> list[Record]:
    pending = Pending()
    positions = Positions(workspace, kind)
    rows = []
    for body, draft in zip(bodies, drafts, strict=True):
        row = _composed(workspace, kind, body, draft, caller, positions)
        check_not_null(workspace, kind, draft)
        pending.claim_id(workspace, kind, row["id"])
        pending.claim(workspace, kind, row)
        rows.append(row)
    for row in rows:
        check_references(workspace, kind, row, workspace.table(kind).refs)
    table = workspace.table(kind)
    for row in rows:
        table.insert(row)
    for row in rows:
        effects.created(workspace, kind, row)
    return rows


class Positions:
    """New rows go before all others: 0, -1, -2, … (contracts/twenty/FACTS-2.x.md §2)."""

    def __init__(self, workspace: Workspace, kind: ObjectType) -> None:
        self.table = workspace.table(kind)
        self.kept = "position" in kind.columns and kind.columns["position"].type == "POSITION"
        lowest = self.table.lowest_position() if self.kept else None
        self.following: float = 0 if lowest is None else lowest - 1

    def take(self, wanted: Json) -> Json:
        if wanted == "last":
            highest = self.table.highest_position()
            return 0 if highest is None else highest + 1
        if wanted is not None and wanted != "first":
            return wanted
        self.following -= 1
        return self.following + 1


def _composed(
    workspace: Workspace, kind: ObjectType, body: Json, draft: Record, caller: Caller, positions: Positions
) -> Record:
    """A complete row: defaults, client values, times, author, position."""
    now = workspace.now()
    row = kind.blank_row()
    row["id"] = str(uuid.uuid4())
    row["createdAt"] = row["updatedAt"] = now
    if kind.singular == "timelineActivity":
        row["happensAt"] = now
    row.update(draft)
    if positions.kept:
        row["position"] = positions.take(draft.get("position"))
    if "createdBy" in row:
        row["createdBy"] = created_by(workspace, body.get("createdBy"), caller)
    if "updatedBy" in row:
        row["updatedBy"] = caller.actor()
    if "searchVector" in row:
        row["searchVector"] = search_vector(workspace, kind, row)
    effects.prepare(workspace, kind, row)
    return row


def _upsert(
    workspace: Workspace, kind: ObjectType, bodies: list[Json], drafts: list[Record], caller: Caller
) -> list[Record]:
    updates: list[tuple[str, Json, Record]] = []
    new_bodies, new_drafts = [], []
    for body, draft in zip(bodies, drafts, strict=True):
        existing = find_existing(workspace, kind, draft)
        if existing is None:
            new_bodies.append(body)
            new_drafts.append(draft)
        else:
            updates.append((existing, body, draft))
    if updates and "createdBy" not in kind.columns:
        raise internal(f"Missing createdBy field metadata for object {kind.singular}")
    touched = _apply_updates(workspace, kind, updates, caller)
    inserted = _insert(workspace, kind, new_bodies, new_drafts, caller)
    rows = workspace.table(kind).rows
    return [rows[identifier] for identifier in touched] + inserted


def _apply_updates(
    workspace: Workspace, kind: ObjectType, updates: list[tuple[str, Json, Record]], caller: Caller
) -> list[str]:
    """Update the existing rows one by one, restoring soft-deleted ones; each id comes back once."""
    positions = Positions(workspace, kind)
    for existing, body, draft in updates:
        current = workspace.table(kind).rows[existing]
        changes = {name: value for name, value in draft.items() if name not in ("id", "createdBy")}
        # Partial composites merge with the row that the upsert hit, not with a blank one.
        partial = {name: body[name] for name in changes if name in body and kind.columns[name].composite}
        changes |= read_body(workspace, kind, partial, current)
        changes.setdefault("deletedAt", None)
        if positions.kept and ("position" in draft or not workspace.modern):
            # On 1.x every updating upsert moves the row, which writes a timeline row (FACTS.md §3).
            changes["position"] = positions.take(draft.get("position"))
        update_row(workspace, kind, existing, changes, caller)
    return list(dict.fromkeys(existing for existing, _, _ in updates))


def find_existing(workspace: Workspace, kind: ObjectType, draft: Record) -> str | None:
    """The one row that the draft's id or unique values name; two different ones are refused (FACTS.md §3)."""
    table = workspace.table(kind)
    matches: list[tuple[str, str, str]] = []
    identifier = draft.get("id")
    if identifier in table.rows:
        matches.append((identifier, "id", f"id: {identifier}"))
    for index in kind.unique:
        if any(path[0] not in draft for path in index.paths):
            continue
        key = index.key({"deletedAt": None, **draft})
        owner = table.owner_of(index.name, key) if key is not None else None
        if owner is not None and key is not None:
            shown = ", ".join(f"{'.'.join(path)}: {part}" for path, part in zip(index.paths, key, strict=True))
            matches.append((owner, index.field, shown))
    if len({owner for owner, _, _ in matches}) > 1:
        raise _ambiguous(matches, modern=workspace.modern)
    return matches[0][0] if matches else None


def _ambiguous(matches: list[tuple[str, str, str]], *, modern: bool) -> Exception:
    if modern:
        listed = "; ".join(f"{name} ({shown})" for _, name, shown in matches)
    else:
        listed = ", ".join(shown for _, _, shown in matches)
    message = f"Multiple records found with the same unique field values for {listed}."
    return bad_request(f"{message} Cannot determine which record to update.")


def update(workspace: Workspace, kind: ObjectType, identifier: str, body: Json, caller: Caller) -> Record:
    """PATCH by id; a soft-deleted row can be patched, and `deletedAt: null` restores it (FACTS.md §6)."""
    if caller.read_only:
        raise permission_denied()
    row = workspace.table(kind).rows.get(identifier)
    workflows.refuse_update(kind, body)
    changes = read_body(workspace, kind, body, row or kind.blank_row())
    if row is None:
        raise not_found()
    return update_row(workspace, kind, identifier, changes, caller)


def update_many(
    workspace: Workspace, kind: ObjectType, matching: list[Record], body: Json, caller: Caller
) -> list[Record]:
    """PATCH by filter: at most 200 rows, and without a filter all of them (FACTS.md §2)."""
    if caller.read_only:
        raise permission_denied()
    read_body(workspace, kind, body, kind.blank_row())
    if len(matching) > LARGEST_BATCH:
        raise coded(f"Cannot update more than {LARGEST_BATCH} records at once", "TOO_MANY_RECORDS_TO_UPDATE")
    planned = [(row["id"], read_body(workspace, kind, body, row)) for row in matching]
    pending = Pending()
    for row, (_, changes) in zip(matching, planned, strict=True):
        # All or none: the same unique value for two rows must not reach the first.
        pending.claim(workspace, kind, {**row, **changes, "id": row["id"]})
    return [update_row(workspace, kind, identifier, changes, caller) for identifier, changes in planned]


def update_row(workspace: Workspace, kind: ObjectType, identifier: str, changes: Record, caller: Caller) -> Record:
    """Apply validated changes; updatedAt moves even if nothing else does."""
    table = workspace.table(kind)
    old = table.rows[identifier]
    check_not_null(workspace, kind, changes)
    new = {**old, "updatedAt": workspace.now(), **changes}
    if "updatedBy" in new:
        new["updatedBy"] = caller.actor()
    if isinstance(new.get("position"), str):
        new["position"] = Positions(workspace, kind).take(new["position"])
    if "searchVector" in new:
        new["searchVector"] = search_vector(workspace, kind, new)
    Pending().claim(workspace, kind, {**new, "id": identifier})
    check_references(workspace, kind, new, [column for column in changes if column in table.refs])
    if new["id"] != identifier:
        return _renumbered(workspace, kind, identifier, new)
    table.replace(new)
    effects.updated(workspace, kind, old, new)
    return new


def _renumbered(workspace: Workspace, kind: ObjectType, identifier: str, new: Record) -> Record:
    """Changing an id works only while nothing points at the row (exchange 07)."""
    for other, column, _ in workspace.schema.referring(kind.singular):
        if any(True for _ in workspace.table(other).pointing_at(column, identifier)):
            name = foreign_key_name(other, column)
            message = (
                f'update or delete on table "{table_name(kind)}" violates foreign key constraint "{name}" '
                f'on table "{table_name(other)}"'
            )
            raise database(message, modern=workspace.modern)
    table = workspace.table(kind)
    Pending().claim_id(workspace, kind, new["id"])
    table.remove(identifier)
    table.insert(new)
    return new


def soft_delete(workspace: Workspace, kind: ObjectType, identifiers: list[str], caller: Caller) -> list[Record]:
    """Mark as deleted; unique values stay taken (FACTS.md §6)."""
    if caller.read_only:
        raise permission_denied()
    refuse_removal(kind)
    table = workspace.table(kind)
    deleted = []
    for identifier in identifiers:
        old = table.rows[identifier]
        now = workspace.now()
        new = {**old, "updatedAt": now, "deletedAt": now}
        table.replace(new)
        effects.deleted(workspace, kind, new)
        deleted.append(new)
    return deleted


def refuse_removal(kind: ObjectType) -> None:
    if kind.singular == "workspaceMember":
        raise bad_request("Please use /deleteUserFromWorkspace to remove a workspace member.")


def restore(workspace: Workspace, kind: ObjectType, identifiers: list[str], caller: Caller) -> list[Record]:
    if caller.read_only:
        raise permission_denied()
    table = workspace.table(kind)
    restored = []
    for identifier in identifiers:
        new = {**table.rows[identifier], "updatedAt": workspace.now(), "deletedAt": None}
        Pending().claim(workspace, kind, new)
        table.replace(new)
        effects.restored(workspace, kind, new)
        restored.append(table.rows[identifier])
    return restored


def destroy(workspace: Workspace, kind: ObjectType, identifiers: list[str], caller: Caller) -> list[Record]:
    """Remove for good; link rows follow or lose their target as the relation says (FACTS.md §6)."""
    if caller.read_only:
        raise permission_denied()
    refuse_removal(kind)
    _forget_files(workspace, kind, identifiers)
    for identifier in identifiers:
        _destroy(workspace, kind, identifier)
    return [{"id": identifier} for identifier in identifiers]


def _forget_files(workspace: Workspace, kind: ObjectType, identifiers: list[str]) -> None:
    """The worker deletes the files of one record alone, however many are destroyed at once (2.21, measured)."""
    rows = workspace.table(kind).rows
    for item in kind.fields.values():
        for entry in rows[identifiers[0]].get(item.name) or () if item.type == "FILES" and identifiers else ():
            item.uploads.pop(entry["fileId"], None)


def _destroy(workspace: Workspace, kind: ObjectType, identifier: str) -> None:
    table = workspace.table(kind)
    if identifier not in table.rows:
        return
    table.remove(identifier)
    for other, column, relation in workspace.schema.referring(kind.singular):
        others = workspace.table(other)
        for pointing in list(others.pointing_at(column, identifier)):
            if relation.on_delete == "CASCADE" or (other.singular == "timelineActivity" and not workspace.modern):
                _destroy(workspace, other, pointing)
            elif pointing in others.rows:
                others.replace({**others.rows[pointing], column: None})
