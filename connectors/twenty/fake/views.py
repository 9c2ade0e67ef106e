"""Views, their parts, webhooks and API keys, as much as an importer touches (contracts/twenty/FACTS.md §10)."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from typing import Any

from .errors import Refusal, bad_request, coded, database, not_found
from .metadata_rules import Problems, problem
from .rest import Call, Reply
from .schema import ObjectType, Record
from .values import ANY_UUID
from .workspace import Workspace

Json = Any
Build = Callable[[Workspace, Record], Record]

VIEW_PARTS = ("viewField", "viewFieldGroup", "viewFilter", "viewGroup", "viewFilterGroup", "viewSort")
VIEW_DEFAULTS: Record = {
    "key": None,
    "createdByUserWorkspaceId": None,
    "type": "TABLE",
    "position": 0,
    "isCompact": False,
    "openRecordIn": "SIDE_PANEL",
    "kanbanAggregateOperation": None,
    "kanbanAggregateOperationFieldMetadataId": None,
    "anyFieldFilterValue": None,
    "calendarLayout": None,
    "calendarFieldMetadataId": None,
    "visibility": "WORKSPACE",
    "mainGroupByFieldMetadataId": None,
    "shouldHideEmptyGroups": False,
    "isCustom": True,
    "viewFieldIds": [],
    "viewFilterIds": [],
    "viewGroupIds": [],
    "viewFilterGroupIds": [],
}
PART_DEFAULTS: dict[str, Record] = {
    "viewFilters": {
        "operand": "CONTAINS",
        "viewFilterGroupId": None,
        "positionInViewFilterGroup": None,
        "subFieldName": None,
    },
    "viewFields": {"isVisible": True, "size": 150, "position": 0, "aggregateOperation": None},
    "viewSorts": {"direction": "ASC", "subFieldName": None},
    "viewFilterGroups": {
        "parentViewFilterGroupId": None,
        "logicalOperator": "AND",
        "positionInViewFilterGroup": None,
    },
}
TEXT_OPERANDS = ("CONTAINS", "DOES_NOT_CONTAIN", "IS_EMPTY", "IS_NOT_EMPTY")
OPERANDS: dict[str, tuple[str, ...]] = {
    "TEXT": TEXT_OPERANDS,
    "EMAILS": TEXT_OPERANDS,
    "LINKS": TEXT_OPERANDS,
    "PHONES": TEXT_OPERANDS,
    "FULL_NAME": TEXT_OPERANDS,
    "ARRAY": TEXT_OPERANDS,
    "NUMBER": (
        "IS",
        "IS_NOT",
        "GREATER_THAN_OR_EQUAL",
        "LESS_THAN_OR_EQUAL",
        "IS_EMPTY",
        "IS_NOT_EMPTY",
    ),
    "SELECT": ("IS", "IS_NOT", "IS_EMPTY", "IS_NOT_EMPTY"),
    "MULTI_SELECT": TEXT_OPERANDS,
    "BOOLEAN": ("IS",),
    "DATE_TIME": (
        "IS",
        "IS_RELATIVE",
        "IS_IN_PAST",
        "IS_IN_FUTURE",
        "IS_TODAY",
        "IS_BEFORE",
        "IS_AFTER",
        "IS_EMPTY",
        "IS_NOT_EMPTY",
    ),
}


def handle(workspace: Workspace, call: Call, parts: list[str]) -> Reply:
    """Route what is neither objects nor fields."""
    name = parts[0] if parts else ""
    identifier = parts[1] if len(parts) > 1 else None
    if name == "webhooks":
        return _collection(workspace, call, workspace.extras.webhooks, identifier, _webhook)
    if name == "apiKeys":
        return _api_keys(workspace, call)
    if name == "views":
        return _collection(workspace, call, workspace.extras.views, identifier, _view)
    stores = {
        "viewFilters": workspace.extras.view_filters,
        "viewFields": workspace.extras.view_fields,
        "viewSorts": workspace.extras.view_sorts,
        "viewFilterGroups": workspace.extras.view_filter_groups,
    }
    if name in stores:
        return _collection(workspace, call, stores[name], identifier, _part(name))
    raise bad_request(f"'{name}' is not a valid UUID")


def _collection(
    workspace: Workspace, call: Call, store: dict[str, Record], identifier: str | None, build: Build
) -> Reply:
    if identifier is None:
        if call.method == "POST":
            entry = build(workspace, call.body)
            store[entry["id"]] = entry
            return Reply(201, shown(workspace, entry))
        wanted = {key: value for key, value in call.query.items() if key in ("viewId", "objectMetadataId")}
        rows = [row for row in store.values() if all(row.get(key) == value for key, value in wanted.items())]
        return Reply(200, [_listed(workspace, row) for row in rows])
    if not ANY_UUID.match(identifier):
        raise bad_request(f"'{identifier}' is not a valid UUID")
    found = store.get(identifier)
    if found is None:
        raise not_found()
    if call.method == "DELETE":
        del store[identifier]
        if store is workspace.extras.views:
            # It lies in the bin, and keeps its id there.
            workspace.extras.binned_views.add(identifier)
        return Reply(200, {"success": True})
    if call.method in ("PATCH", "PUT"):
        found.update(call.body)
        found["updatedAt"] = workspace.now()
    return Reply(200, shown(workspace, found))


def destroy(workspace: Workspace, identifier: str) -> bool:
    """What `destroyView` does on 2.x: the view and its parts are gone, and the id is free."""
    if workspace.extras.views.pop(identifier, None) is None:
        raise coded("View to destroy not found", "NOT_FOUND", graphql="NOT_FOUND")
    extras = workspace.extras
    for store in (extras.view_fields, extras.view_filters, extras.view_filter_groups, extras.view_sorts):
        for key in [key for key, part in store.items() if part["viewId"] == identifier]:
            del store[key]
    return True


def _listed(workspace: Workspace, entry: Record) -> Record:
    """Lists of views embed the parts themselves."""
    if "viewFieldIds" not in entry:
        return entry
    extras = workspace.extras
    stores = {
        "viewFields": extras.view_fields,
        "viewFilters": extras.view_filters,
        "viewFilterGroups": extras.view_filter_groups,
        "viewSorts": extras.view_sorts,
    }
    parts: Record = {"viewGroups": [], **({"viewFieldGroups": []} if workspace.modern else {})}
    for name, store in stores.items():
        parts[name] = [part for part in store.values() if part["viewId"] == entry["id"]]
    return {**shown(workspace, entry), **parts}


def index_view(workspace: Workspace, kind: ObjectType) -> None:
    """The view that an object comes with."""
    body = {"name": f"All {kind.label_plural}", "objectMetadataId": kind.id, "icon": "IconList", "key": "INDEX"}
    entry = _view(workspace, {**body, "isCustom": False})
    workspace.extras.views[entry["id"]] = entry


def shown(workspace: Workspace, entry: Record) -> Record:
    """A view with the ids of its parts."""
    if "viewFieldIds" not in entry:
        return entry
    extras = workspace.extras
    parts = {
        "viewFieldIds": extras.view_fields,
        "viewFilterIds": extras.view_filters,
        "viewFilterGroupIds": extras.view_filter_groups,
        **({"viewSortIds": extras.view_sorts} if workspace.modern else {}),
    }
    ids = {name: [key for key, part in store.items() if part["viewId"] == entry["id"]] for name, store in parts.items()}
    if workspace.modern:
        ids |= {
            f"{name.removesuffix('Ids')}UniversalIdentifiers": [
                part["universalIdentifier"] for part in parts[name].values() if part["viewId"] == entry["id"]
            ]
            for name in parts
        }
    return {**entry, **ids}


def _base(workspace: Workspace, body: Record) -> Record:
    now = workspace.now()
    entry: Record = {
        "id": body.get("id") or str(uuid.uuid4()),
        "workspaceId": workspace.id,
        "applicationId": workspace.custom_application_id,
        "universalIdentifier": str(uuid.uuid4()),
    }
    if workspace.modern:
        entry["applicationUniversalIdentifier"] = workspace.custom_application_id
    return {**entry, "createdAt": now, "updatedAt": now, "deletedAt": None}


def _view(workspace: Workspace, body: Record) -> Record:
    """A view needs an icon; its parts are added one by one (contracts/twenty/FACTS-2.x.md §10)."""
    if body.get("icon") is None:
        message = 'null value in column "icon" of relation "view" violates not-null constraint'
        raise database(message, modern=workspace.modern)
    if body.get("id") in workspace.extras.binned_views:
        raise bad_request('duplicate key value violates unique constraint "PK_86cfb9e426c77d60b900fe2b543"')
    extra: Record = {}
    if workspace.modern:
        kind = workspace.schema.by_id(body["objectMetadataId"])
        extra = {
            "isSystemSideEffect": False,
            "kanbanColumnWidth": None,
            "isActive": True,
            "objectMetadataUniversalIdentifier": kind.universal_id if kind else None,
            "calendarFieldMetadataUniversalIdentifier": None,
            "kanbanAggregateOperationFieldMetadataUniversalIdentifier": None,
            "mainGroupByFieldMetadataUniversalIdentifier": None,
            "universalOverrides": None,
            "viewFieldGroupIds": [],
            "viewSortIds": [],
            **{f"{name}UniversalIdentifiers": [] for name in VIEW_PARTS},
        }
    return {**_base(workspace, body), **VIEW_DEFAULTS, **extra, **body}


def _part(name: str) -> Build:
    def build(workspace: Workspace, body: Record) -> Record:
        if name == "viewFilters":
            _check_operand(workspace, body)
        extra: Record = {}
        if workspace.modern:
            view = workspace.extras.views.get(body.get("viewId", ""))
            extra["viewUniversalIdentifier"] = view["universalIdentifier"] if view else None
            located = workspace.schema.field_by_id(body.get("fieldMetadataId", ""))
            if "fieldMetadataId" in body:
                extra["fieldMetadataUniversalIdentifier"] = located[1].universal_id if located else None
            extra.update(_modern_extras(name))
            if body.get("viewFilterGroupId"):
                extra["viewFilterGroupUniversalIdentifier"] = body["viewFilterGroupId"]
        base = _base(workspace, body)
        if name == "viewFilterGroups":
            base["universalIdentifier"] = base["id"]
        return {**base, **PART_DEFAULTS[name], **extra, **body}

    return build


def _modern_extras(name: str) -> Record:
    if name == "viewFilters":
        return {
            "relationTargetFieldMetadataId": None,
            "relationTargetFieldMetadataUniversalIdentifier": None,
            "viewFilterGroupUniversalIdentifier": None,
        }
    if name == "viewFields":
        return {
            "isSystemSideEffect": False,
            "viewFieldGroupId": None,
            "isActive": True,
            "viewFieldGroupUniversalIdentifier": None,
            "universalOverrides": None,
            "isOverridden": False,
        }
    if name == "viewFilterGroups":
        return {
            "parentViewFilterGroupUniversalIdentifier": None,
            "viewFilterIds": [],
            "childViewFilterGroupIds": [],
            "viewFilterUniversalIdentifiers": [],
            "childViewFilterGroupUniversalIdentifiers": [],
        }
    return {}


def _check_operand(workspace: Workspace, body: Record) -> None:
    """2.x checks the operand against the field's type and lists what it takes; 1.x answers 500 with nothing."""
    located = workspace.schema.field_by_id(body.get("fieldMetadataId", ""))
    kind = located[1].type if located else "TEXT"
    allowed = OPERANDS.get(kind, TEXT_OPERANDS)
    operand = body.get("operand", "CONTAINS")
    if operand in allowed:
        return
    if not workspace.modern:
        if any(operand in each for each in OPERANDS.values()):
            return
        raise Refusal(500, None, message="invalid operand")
    problems = Problems("creating view filter")
    text = f'Operand "{operand}" is not supported on field type "{kind}". Supported operands: {", ".join(allowed)}.'
    found = problem("INVALID_VIEW_FILTER_DATA", text, "Filter operand is not supported for this field type")
    problems.add("viewFilter", {"universalIdentifier": str(uuid.uuid4())}, [found])
    raise problems.refuse(modern=True)


def _webhook(workspace: Workspace, body: Record) -> Record:
    """1.x needs a secret, 2.x makes one (contracts/twenty/FACTS-2.x.md §10)."""
    if not workspace.modern and not body.get("secret"):
        raise bad_request('null value in column "secret" of relation "webhook" violates not-null constraint')
    now = workspace.now()
    entry: Record = {
        "id": str(uuid.uuid4()),
        "targetUrl": body.get("targetUrl"),
        "operations": body.get("operations") or ["*.*"],
        "description": body.get("description"),
        "secret": body.get("secret") or secrets.token_hex(32),
        "workspaceId": workspace.id,
    }
    if workspace.modern:
        entry["applicationId"] = workspace.custom_application_id
    return {**entry, "createdAt": now, "updatedAt": now, "deletedAt": None}


def _api_keys(workspace: Workspace, call: Call) -> Reply:
    """Only the list: on 2.x an API key cannot make keys, and the fake keeps no roles (FACTS-2.x.md §1)."""
    if call.method == "GET":
        entry = {
            "workspaceId": workspace.id,
            "id": "bd732691-aae5-4d98-ba7a-e734c3b74e99",
            "name": call.caller.name,
            "expiresAt": "2126-01-01T00:00:00.000Z",
            "revokedAt": None,
            "createdAt": "2026-01-01T00:00:00.000Z",
            "updatedAt": "2026-01-01T00:00:00.000Z",
        }
        return Reply(200, [entry])
    if workspace.modern:
        raise coded("This endpoint requires a session access token", "FORBIDDEN_EXCEPTION", graphql="FORBIDDEN")
    message = "Multiple validation errors occurred while creating role targets"
    body = {"statusCode": 400, "error": "WorkspaceMigrationBuilderException", "messages": [message]}
    raise Refusal(400, body, message=message)
