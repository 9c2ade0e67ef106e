"""The metadata GraphQL endpoint, which tells the reasons that REST hides on 1.x (contracts/twenty/FACTS.md §8)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from . import metadata, metadata_objects, views
from .errors import Refusal, coded, permission_denied
from .graphql_answers import pick
from .graphql_syntax import Document, Selection, resolved
from .metadata_render import graphql_field, graphql_object
from .metadata_rules import TYPES_1, TYPES_2
from .rest import Call, Reply
from .schema import Field, ObjectType, Record, UniqueIndex, capital, index_name
from .suggestions import did_you_mean_value
from .workspace import Caller, Workspace

Json = Any
Resolver = Callable[[Workspace, Record, Caller], Json]

ONLY_2 = ("destroyView",)
SESSION_ONLY = ("generateApiKeyToken", "createApiKey")
BAD_VARIABLE = {"http": {"status": 400}, "code": "BAD_USER_INPUT", "userFriendlyMessage": "An error occurred."}


def execute(workspace: Workspace, document: Document, variables: Record, caller: Caller) -> Reply:
    """Run the root fields; the first refusal empties the answer."""
    data: Record = {}
    for selection in document.selections:
        arguments = resolved(selection.arguments, variables)
        wrong = _wrong_input(workspace, selection.name, arguments)
        if wrong:
            return Reply(400, {"errors": [{"message": text, "extensions": BAD_VARIABLE} for text in wrong]})
        resolver = RESOLVERS.get(selection.name)
        missing = resolver is None or (selection.name in ONLY_2 and not workspace.modern)
        if missing and selection.name not in SESSION_ONLY:
            return _unknown(document, selection)
        try:
            if resolver is None:
                raise _session_only()
            data[selection.alias] = pick(resolver(workspace, arguments, caller), selection.selections)
        except Refusal as refusal:
            return Reply(
                200, {"errors": [{"message": refusal.message, "extensions": refusal.extensions}], "data": None}
            )
    return Reply(200, {"data": data})


def _unknown(document: Document, selection: Selection) -> Reply:
    message = f'Cannot query field "{selection.name}" on type "{capital(document.operation)}".'
    return Reply(200, {"errors": [{"message": message, "locations": [selection.location]}]})


def _session_only() -> Refusal:
    """An API key can neither make keys nor run workflows (contracts/twenty/FACTS-2.x.md §1, §10)."""
    refusal = coded("This endpoint requires a session access token", "FORBIDDEN_EXCEPTION", graphql="FORBIDDEN")
    refusal.extensions["userFriendlyMessage"] = "You do not have permission to perform this action."
    return refusal


def _wrong_input(workspace: Workspace, name: str, arguments: Record) -> list[str]:
    """What the input types refuse before anything runs: missing required fields, unknown field types."""
    payload = arguments.get("input") or {}
    if name == "createOneField":
        content = payload.get("field") or {}
        required: tuple[str, ...] = ("name", "label")
    elif name == "createOneObject":
        content = payload.get("object") or {}
        required = ("nameSingular", "namePlural", "labelSingular", "labelPlural")
    else:
        return []
    wrong = [
        f'Field "{each}" of required type "String!" was not provided.' for each in required if content.get(each) is None
    ]
    known = TYPES_2 if workspace.modern else TYPES_1
    kind = content.get("type")
    if name == "createOneField" and kind not in known:
        hint = did_you_mean_value(str(kind), known)
        wrong.append(f'Value "{kind}" does not exist in "FieldMetadataType" enum.{hint}')
    return wrong


def _create_field(workspace: Workspace, arguments: Record, caller: Caller) -> Json:
    _writable(caller)
    item = metadata.create_field(workspace, arguments["input"]["field"])
    return graphql_field(workspace, *_field(workspace, item.id))


def _update_field(workspace: Workspace, arguments: Record, caller: Caller) -> Json:
    _writable(caller)
    payload = arguments["input"]
    kind, item = _field(workspace, str(payload["id"]))
    metadata.update_field(workspace, kind, item, payload.get("update") or {})
    return graphql_field(workspace, kind, item)


def _delete_field(workspace: Workspace, arguments: Record, caller: Caller) -> Json:
    _writable(caller)
    kind, item = _field(workspace, str(arguments["input"]["id"]))
    entry = graphql_field(workspace, kind, item)
    metadata.delete_field(workspace, kind, item)
    return entry


def _field(workspace: Workspace, identifier: str) -> tuple[ObjectType, Field]:
    located = workspace.schema.field_by_id(identifier)
    if located is None:
        raise coded("Field metadata not found", "FIELD_METADATA_NOT_FOUND", status=404, graphql="NOT_FOUND")
    return located


def _create_object(workspace: Workspace, arguments: Record, caller: Caller) -> Json:
    _writable(caller)
    return graphql_object(workspace, metadata_objects.create_object(workspace, arguments["input"]["object"]))


def _update_object(workspace: Workspace, arguments: Record, caller: Caller) -> Json:
    _writable(caller)
    kind = workspace.schema.by_id(str(arguments["input"]["id"]))
    if kind is None:
        raise metadata_objects.missing_object(workspace, "update")
    return graphql_object(workspace, metadata_objects.update_object(workspace, kind, arguments["input"]["update"]))


def _delete_object(workspace: Workspace, arguments: Record, caller: Caller) -> Json:
    _writable(caller)
    kind = workspace.schema.by_id(str(arguments["input"]["id"]))
    if kind is None:
        raise metadata_objects.missing_object(workspace, "delete")
    entry = graphql_object(workspace, kind)
    metadata_objects.delete_object(workspace, kind)
    return entry


def _writable(caller: Caller) -> None:
    if caller.read_only:
        raise permission_denied()


def _object(workspace: Workspace, arguments: Record, caller: Caller) -> Json:
    return graphql_object(workspace, _known_object(workspace, str(arguments.get("id"))))


def _known_object(workspace: Workspace, identifier: str) -> ObjectType:
    kind = workspace.schema.by_id(identifier)
    if kind is None:
        raise coded("Object not found", "OBJECT_METADATA_NOT_FOUND", status=404, graphql="NOT_FOUND")
    return kind


def _objects(workspace: Workspace, arguments: Record, caller: Caller) -> Json:
    """All objects as a connection; the cursor is the offset."""
    paging = arguments.get("paging") or {}
    first, start = int(paging.get("first") or 10), int(paging.get("after") or 0)
    every = list(workspace.schema.objects.values())
    chosen = every[start : start + first]
    edges = [{"node": graphql_object(workspace, kind), "cursor": str(start + n)} for n, kind in enumerate(chosen, 1)]
    for edge in edges:
        node: Record = edge["node"]  # type: ignore[assignment]
        node["fields"] = {"edges": [{"node": each} for each in node["fieldsList"]]}
    info = {"hasNextPage": start + first < len(every), "hasPreviousPage": start > 0}
    cursors = {"startCursor": str(start), "endCursor": str(start + len(chosen))}
    return {"edges": edges, "pageInfo": {**info, **cursors}, "totalCount": len(every)}


def _view_part(name: str) -> Resolver:
    """A view or a part of one, made through the REST service."""

    def resolve(workspace: Workspace, arguments: Record, caller: Caller) -> Json:
        _writable(caller)
        call = Call("POST", f"/rest/metadata/{name}", {}, arguments["input"], caller)
        return views.handle(workspace, call, [name]).body

    return resolve


def _menu_item(workspace: Workspace, arguments: Record, caller: Caller) -> Json:
    return {"id": str(uuid.uuid4()), **arguments["input"]}


def _create_index(workspace: Workspace, arguments: Record, caller: Caller) -> Json:
    """An index over fields; a unique one starts to be enforced."""
    _writable(caller)
    payload = arguments["input"]["index"]
    names = [_field(workspace, str(each["fieldMetadataId"]))[1].name for each in payload["fields"]]
    kind = _known_object(workspace, str(payload["objectMetadataId"]))
    unique = bool(payload.get("isUnique"))
    name = index_name(kind.singular, *names, unique=unique)
    if unique:
        kind.unique.append(UniqueIndex(name, tuple((each,) for each in names), names[0], names[0]))
        workspace.table(kind).reindex()
    return {"id": str(uuid.uuid4()), "name": name, "isUnique": unique}


def _upload_to_field(workspace: Workspace, arguments: Record, caller: Caller) -> Json:
    """A file for a FILES field (contracts/twenty/exchanges-2.x/10)."""
    _writable(caller)
    if not workspace.modern:
        raise _no_mutation("uploadFilesFieldFile")
    _, item = _field(workspace, str(arguments["fieldMetadataId"]))
    file = arguments["file"]
    if "." not in file["filename"]:
        raise coded("Filename must have an extension", "INTERNAL_SERVER_ERROR")
    identifier = str(uuid.uuid4())
    item.uploads[identifier] = file["filename"]
    path = f"files-field/{item.universal_id}/{identifier}.{file['filename'].rpartition('.')[2]}"
    return {"id": identifier, "path": path, "size": file["size"], "url": f"/file/files-field/{identifier}?token=signed"}


def _upload_to_folder(workspace: Workspace, arguments: Record, caller: Caller) -> Json:
    """A file for a folder, on 1.x only (contracts/twenty/exchanges/10)."""
    _writable(caller)
    if workspace.modern:
        raise _no_mutation("uploadFile")
    extension = arguments["file"]["filename"].rpartition(".")[2]
    return {"path": f"{str(arguments['fileFolder']).lower()}/{uuid.uuid4()}.{extension}", "token": "signed"}


def _no_mutation(name: str) -> Refusal:
    return coded(f'Cannot query field "{name}" on type "Mutation".', "GRAPHQL_VALIDATION_FAILED")


def _destroy_view(workspace: Workspace, arguments: Record, caller: Caller) -> Json:
    _writable(caller)
    return views.destroy(workspace, str(arguments["id"]))


RESOLVERS: dict[str, Resolver] = {
    "uploadFilesFieldFile": _upload_to_field,
    "uploadFile": _upload_to_folder,
    "createOneField": _create_field,
    "updateOneField": _update_field,
    "deleteOneField": _delete_field,
    "createOneObject": _create_object,
    "updateOneObject": _update_object,
    "deleteOneObject": _delete_object,
    "object": _object,
    "objects": _objects,
    "createOneIndex": _create_index,
    "createView": _view_part("views"),
    "destroyView": _destroy_view,
    "createViewField": _view_part("viewFields"),
    "createViewFilter": _view_part("viewFilters"),
    "createViewFilterGroup": _view_part("viewFilterGroups"),
    "createNavigationMenuItem": _menu_item,
}
