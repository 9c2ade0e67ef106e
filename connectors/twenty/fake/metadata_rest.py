"""`/rest/metadata/…`: paged and direct on 2.x, wrapped and without a query string on 1.x (FACTS-2.x.md §8)."""

from __future__ import annotations

from typing import Any

from . import metadata, metadata_objects, views
from .errors import Refusal, coded, framework, permission_denied
from .metadata_render import field_entry, flat_fields, object_entry
from .metadata_rules import legacy_body
from .rest import Call, Reply
from .schema import Field, ObjectType, Record, capital
from .values import ANY_UUID
from .workspace import Workspace

Json = Any

DEFAULT_LIMIT = 60
LARGEST_LIMIT = 200
LARGEST_LIST_1 = 1000


def handle(workspace: Workspace, call: Call, query_string: str) -> Reply:
    """Route one metadata call; `query_string` is still encoded, as 1.x repeats it in its refusal."""
    parts = call.parts[1:]
    name = parts[0] if parts else ""
    if not isinstance(call.body, dict):
        raise framework(400, "Expected an object", "Bad Request")
    if name not in ("objects", "fields"):
        return views.handle(workspace, call, parts)
    if not workspace.modern and query_string:
        raise _query_refused(call.path, name, query_string)
    if call.caller.read_only and (workspace.modern or call.method != "GET"):
        raise permission_denied(403)
    identifier = parts[1] if len(parts) > 1 else None
    if identifier is not None and not ANY_UUID.match(identifier):
        raise _not_a_uuid(modern=workspace.modern)
    if name == "objects":
        return _objects(workspace, call, identifier)
    return _fields(workspace, call, identifier)


def _query_refused(path: str, name: str, query_string: str) -> Refusal:
    """1.x takes the query string for a part of the path (contracts/twenty/FACTS.md §8)."""
    message = (
        f"Query path '{path}?{query_string}' invalid. Metadata path \"{name}?{query_string}\" does not exist. "
        "Valid examples: /rest/metadata/fields or /rest/metadata/objects"
    )
    return framework(400, message, "Bad Request")


def _not_a_uuid(*, modern: bool) -> Refusal:
    if modern:
        return framework(400, "Validation failed (uuid is expected)", "Bad Request")
    return Refusal(400, legacy_body("Invalid UUID"), message="Invalid UUID")


def _objects(workspace: Workspace, call: Call, identifier: str | None) -> Reply:
    if identifier is None:
        if call.method == "POST":
            kind = metadata_objects.create_object(workspace, call.body)
            return _changed(workspace, "createOneObject", object_entry(workspace, kind, answer=True), 201)
        every = sorted(workspace.schema.objects.values(), key=lambda kind: kind.id, reverse=True)
        return _listed(workspace, call, "objects", [object_entry(workspace, kind) for kind in every])
    kind_or_none = workspace.schema.by_id(identifier)
    if call.method in ("PATCH", "PUT"):
        if kind_or_none is None:
            raise metadata_objects.missing_object(workspace, "update")
        kind = metadata_objects.update_object(workspace, kind_or_none, call.body)
        return _changed(workspace, "updateOneObject", object_entry(workspace, kind, answer=True))
    if kind_or_none is None:
        raise metadata_objects.missing_object(workspace, "delete" if call.method == "DELETE" else "get")
    if call.method == "DELETE":
        entry = object_entry(workspace, kind_or_none, fields=False, answer=True)
        metadata_objects.delete_object(workspace, kind_or_none)
        return _changed(workspace, "deleteOneObject", entry if workspace.modern else {"id": entry["id"]})
    entry = object_entry(workspace, kind_or_none)
    return Reply(200, entry if _direct(workspace) else {"data": {"object": entry}})


def _fields(workspace: Workspace, call: Call, identifier: str | None) -> Reply:
    if identifier is None:
        if call.method == "POST":
            item = metadata.create_field(workspace, call.body)
            owner = workspace.schema.by_id(call.body["objectMetadataId"])
            entry = _written(workspace, owner, item) if owner else {}
            return _changed(workspace, "createOneField", entry, 201)
        entries = [
            field_entry(workspace, kind, item)
            for kind in workspace.schema.objects.values()
            for item in flat_fields(workspace, kind)
        ]
        entries.sort(key=lambda entry: entry["id"], reverse=True)
        return _listed(workspace, call, "fields", entries)
    located = workspace.schema.field_by_id(identifier)
    if located is None:
        raise coded("Field metadata not found", "FIELD_METADATA_NOT_FOUND", status=404 if workspace.modern else 400)
    kind, item = located
    if call.method in ("PATCH", "PUT"):
        metadata.update_field(workspace, kind, item, call.body)
        return _changed(workspace, "updateOneField", _written(workspace, kind, item))
    if call.method == "DELETE":
        entry = _written(workspace, kind, item)
        metadata.delete_field(workspace, kind, item)
        return _changed(workspace, "deleteOneField", entry if workspace.modern else {"id": item.id})
    entry = field_entry(workspace, kind, item)
    return Reply(200, entry if _direct(workspace) else {"data": {"field": entry}})


def _written(workspace: Workspace, kind: ObjectType, item: Field) -> Record:
    """The answer to a write; a morph relation appears under the name of its first target (FACTS.md §8)."""
    entry = field_entry(workspace, kind, item, answer=True)
    if item.morph:
        relation = next(iter(item.morph.values()))
        entry["name"] = f"{item.name}{capital(relation.target_object)}"
        entry["description"] = f"{capital(kind.plural)} tied to the {capital(relation.target_object)}"
    return entry


def _direct(workspace: Workspace) -> bool:
    return workspace.modern and workspace.settings.direct_metadata


def _changed(workspace: Workspace, operation: str, entry: Record, status: int = 200) -> Reply:
    return Reply(status, entry if _direct(workspace) else {"data": {operation: entry}})


def _listed(workspace: Workspace, call: Call, name: str, entries: list[Record]) -> Reply:
    if not workspace.modern:
        page_info = {
            "hasNextPage": False,
            "startCursor": "YXJyYXljb25uZWN0aW9uOjA=",
            "endCursor": "YXJyYXljb25uZWN0aW9uOjI4",
        }
        return Reply(200, {"data": {name: entries[:LARGEST_LIST_1]}, "pageInfo": page_info})
    rows, has_next = _page(call, entries)
    first, last = (rows[0]["id"], rows[-1]["id"]) if rows else (None, None)
    info = {"hasNextPage": has_next, "startCursor": first, "endCursor": last}
    data: Json = rows if _direct(workspace) else {name: rows}
    return Reply(200, {"data": data, "pageInfo": info, "totalCount": len(entries)})


def _page(call: Call, entries: list[Record]) -> tuple[list[Record], bool]:
    """Pages by plain id: limit 60 by default and 200 at most, after or before an entry."""
    raw = call.query.get("limit", str(DEFAULT_LIMIT))
    if not raw.isdigit():
        raise coded(f"limit '{raw}' is invalid. Should be an integer", "INVALID_LIMIT_QUERY_PARAM")
    limit = min(int(raw), LARGEST_LIMIT)
    after, before = call.query.get("starting_after"), call.query.get("ending_before")
    for cursor in (after, before):
        if cursor and not ANY_UUID.match(cursor):
            text = f'invalid input syntax for type uuid: "{cursor}"'
            raise Refusal(500, text, message=text)
    ids = [entry["id"] for entry in entries]
    if before:
        end = ids.index(before) if before in ids else len(ids)
        return entries[max(0, end - limit) : end], end > limit
    start = ids.index(after) + 1 if after in ids else 0
    return entries[start : start + limit], start + limit < len(entries)
