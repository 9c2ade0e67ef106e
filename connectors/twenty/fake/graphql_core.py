"""The records' GraphQL endpoint: find, create, update, delete, destroy, restore (contracts/twenty/FACTS.md §2, §11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import duplicates, records
from .errors import Refusal, bad_request, not_found
from .filters import as_inserted, matching
from .graphql_answers import Unknown, connection, pick, project
from .graphql_syntax import Document, Enum, Selection, resolved
from .paging import DEFAULT_LIMIT, Order, order, page
from .rest import Reply
from .schema import COMPOSITES, ObjectType, Record, capital
from .suggestions import did_you_mean_value
from .values import ANY_UUID, option_values
from .workspace import Caller, Workspace

Json = Any

SESSION_ONLY = ("activateWorkflowVersion", "createWorkflowVersionStep", "createDraftFromWorkflowVersion")
LARGEST = 1_500
"""The most rows that were asked for at once, and given: unlike REST, GraphQL cuts nothing off at 200."""
VERBS = ("create", "update", "delete", "destroy", "restore", "merge")
TYPE_FIELDS_1 = {"ACTOR": ("source", "context")}


@dataclass(frozen=True, slots=True)
class Root:
    """One root field, matched to an object and a verb."""

    selection: Selection
    kind: ObjectType
    verb: str
    many: bool
    arguments: Record


def execute(
    workspace: Workspace, document: Document, variables: Record, caller: Caller, charge: Callable[[], None]
) -> Reply:
    """Run every root field; each failing one is null with an error, and the status stays 200."""
    if any(each.name in SESSION_ONLY for each in document.selections):
        return _forbidden()
    names = [each.name for each in document.selections]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        return _repeated(workspace, repeated)
    roots: list[Root | Selection] = []
    for selection in document.selections:
        if selection.name == "search" and document.operation == "query":
            roots.append(selection)
            continue
        root = _root(workspace, document.operation, selection, variables)
        if root is None:
            kind = document.operation.capitalize()
            message = f'Cannot query field "{selection.name}" on type "{kind}".'
            return Reply(200, {"errors": [{"message": message, "locations": [selection.location]}]})
        roots.append(root)
    if not workspace.modern:
        refused = _checked_input(document, variables, [root for root in roots if isinstance(root, Root)])
        if refused is not None:
            return refused
    return _run_all(workspace, roots, variables, caller, charge)


def _forbidden() -> Reply:
    """Workflow steps and activation need a person's session (contracts/twenty/FACTS-2.x.md §10)."""
    extensions = {"code": "FORBIDDEN", "userFriendlyMessage": "An error occurred."}
    return Reply(200, {"errors": [{"message": "Forbidden resource", "extensions": extensions}], "data": None})


def _run_all(
    workspace: Workspace, roots: list[Root | Selection], variables: Record, caller: Caller, charge: Callable[[], None]
) -> Reply:
    data: Record = {}
    errors: list[Record] = []
    for root in roots:
        selection = root.selection if isinstance(root, Root) else root
        try:
            charge()
            if isinstance(root, Root):
                data[selection.alias] = _run(workspace, root, caller)
            else:
                data[selection.alias] = _search(workspace, selection, variables)
        except Unknown as unknown:
            return Reply(200, {"errors": [{"message": str(unknown), "locations": [unknown.location]}]})
        except Refusal as refusal:
            data[selection.alias] = None
            errors.append({"message": refusal.message, "extensions": refusal.extensions})
    return Reply(200, {"errors": errors, "data": data} if errors else {"data": data})


def _repeated(workspace: Workspace, name: str) -> Reply:
    extensions: Record = {"code": "BAD_USER_INPUT"}
    if not workspace.modern:
        text = "Duplicate root resolver found. Each root resolver can only be called once per document."
        extensions = {"userFriendlyMessage": {"id": "UrzTjS", "message": text}, **extensions}
    body: Record = {"errors": [{"message": f'Duplicate root resolver: "{name}"', "extensions": extensions}]}
    return Reply(200, {**body, "data": {}} if workspace.modern else body)


def _root(workspace: Workspace, operation: str, selection: Selection, variables: Record) -> Root | None:
    arguments = resolved(selection.arguments, variables)
    if operation == "query":
        for kind in workspace.schema.objects.values():
            for name, many in ((kind.plural, True), (kind.singular, False)):
                if selection.name == name:
                    return Root(selection, kind, "find", many, arguments)
            if selection.name == f"{kind.singular}Duplicates":
                return Root(selection, kind, "duplicates", True, arguments)
        return None
    for verb in VERBS:
        if not selection.name.startswith(verb):
            continue
        rest = selection.name.removeprefix(verb)
        for kind in workspace.schema.objects.values():
            if rest == capital(kind.plural):
                return Root(selection, kind, verb, True, arguments)
            if rest == capital(kind.singular):
                return Root(selection, kind, verb, False, arguments)
    return None


def _checked_input(document: Document, variables: Record, roots: list[Root]) -> Reply | None:
    """1.x checks input types before running: unknown fields are a 400, unknown enum words an error with a place."""
    for root in roots:
        data = root.selection.arguments.get("data")
        given = root.arguments.get("data")
        for item in given if isinstance(given, list) else [given]:
            wrong = _unknown_input(root.kind, item) if isinstance(item, dict) else None
            if wrong is not None:
                extensions = {
                    "http": {"status": 400},
                    "code": "BAD_USER_INPUT",
                    "userFriendlyMessage": "An error occurred.",
                }
                return Reply(400, {"errors": [{"message": wrong, "extensions": extensions}]})
        for name, value in data.items() if isinstance(data, dict) else ():
            column = root.kind.columns.get(name)
            if isinstance(value, Enum) and column is not None and value.name not in option_values(column):
                enum = f"{capital(root.kind.singular)}{capital(name)}Enum"
                hint = did_you_mean_value(value.name, option_values(column))
                message = f'Value "{value.name}" does not exist in "{enum}" enum.{hint}'
                return Reply(
                    200, {"errors": [{"message": message, "locations": [{"line": value.line, "column": value.column}]}]}
                )
    return None


def _unknown_input(kind: ObjectType, item: Record) -> str | None:
    for name, value in item.items():
        column = kind.columns.get(name)
        if column is None and name not in kind.fields:
            return f'Field "{name}" is not defined by type "{capital(kind.singular)}CreateInput".'
        if column is not None and column.composite and isinstance(value, dict):
            allowed = TYPE_FIELDS_1.get(column.type, tuple(COMPOSITES[column.type]))
            for part in value:
                if part not in allowed:
                    kind_name = capital(column.type.lower())
                    return f'Field "{part}" is not defined by type "{kind_name}CreateInput".'
    return None


def _run(workspace: Workspace, root: Root, caller: Caller) -> Json:
    if root.verb == "find":
        return _find(workspace, root)
    if root.verb == "duplicates":
        found = duplicates.find(workspace, root.kind, root.arguments)
        key = f"{root.kind.singular}Duplicates"
        return [{"totalCount": each["totalCount"], "edges": [{"node": row} for row in each[key]]} for each in found]
    rows = _write(workspace, root, caller)
    shown = [project(workspace, root.kind, row, root.selection.selections) for row in rows]
    return shown if root.many and root.verb != "merge" else shown[0]


def _find(workspace: Workspace, root: Root) -> Json:
    arguments, kind = root.arguments, root.kind
    wanted = _condition(arguments.get("filter") or {})
    if not root.many:
        rows = matching(workspace, kind, wanted)
        if not rows:
            raise not_found()
        return project(workspace, kind, rows[0], root.selection.selections)
    backward = "last" in arguments
    limit = min(int(arguments.get("first") or arguments.get("last") or DEFAULT_LIMIT), LARGEST)
    if arguments.get("first") == 0:
        limit = 0
    found = page(
        workspace,
        kind,
        wanted,
        _orders(kind, arguments.get("orderBy") or []),
        limit,
        after=None if backward else arguments.get("after"),
        before=arguments.get("before"),
    )
    everything = matching(workspace, kind, wanted) if _aggregates(root.selection) else found.rows
    return connection(workspace, kind, found, root.selection.selections, everything)


def _aggregates(selection: Selection) -> bool:
    return any(each.name not in ("edges", "pageInfo", "totalCount", "__typename") for each in selection.selections)


def _condition(source: Json) -> Record:
    """GraphQL's filter form: `is: NULL`, lists under and/or, nested composites – as the REST parser makes it."""
    return source if isinstance(source, dict) else {"and": source}


def _orders(kind: ObjectType, source: Json) -> list[Order]:
    orders = []
    for entry in source if isinstance(source, list) else [source]:
        for name, direction in entry.items():
            if isinstance(direction, dict):
                part, deeper = next(iter(direction.items()))
                orders.append(order(kind, (name, part), deeper))
            else:
                orders.append(order(kind, (name,), direction))
    return orders


def _write(workspace: Workspace, root: Root, caller: Caller) -> list[Record]:
    kind, arguments = root.kind, root.arguments
    if root.verb == "create":
        bodies = arguments.get("data") if root.many else [arguments.get("data") or {}]
        return records.create(workspace, kind, bodies, caller, upsert=bool(arguments.get("upsert")))
    if root.verb == "merge":
        return [duplicates.merge(workspace, kind, arguments, caller)]
    identifiers = _targets(workspace, root)
    if root.verb == "update":
        body = arguments.get("data") or {}
        if root.many:
            rows = [workspace.table(kind).rows[each] for each in identifiers]
            return records.update_many(workspace, kind, rows, body, caller)
        return [records.update(workspace, kind, identifiers[0], body, caller)]
    table = workspace.table(kind)
    if root.verb == "destroy":
        gone = [table.rows[each] for each in identifiers]
        records.destroy(workspace, kind, identifiers, caller)
        return gone
    apply = records.soft_delete if root.verb == "delete" else records.restore
    return apply(workspace, kind, identifiers, caller)


def _targets(workspace: Workspace, root: Root) -> list[str]:
    """The ids that the operation names, by id or by filter; restore sees the soft-deleted rows."""
    kind = root.kind
    if root.many:
        wanted = _condition(root.arguments.get("filter") or {})
        if root.verb in ("delete", "destroy") and not wanted:
            raise bad_request(f"Filters are mandatory for bulk {root.verb} operations.")
        if root.verb == "restore":
            both = {"or": [{"deletedAt": {"is": "NULL"}}, {"deletedAt": {"is": "NOT_NULL"}}]}
            wanted = {"and": [both, wanted]}
        return [row["id"] for row in as_inserted(workspace, kind, matching(workspace, kind, wanted))]
    identifier = str(root.arguments.get("id", "")).lower()
    if not ANY_UUID.match(identifier) or identifier not in workspace.table(kind).rows:
        raise not_found()
    return [identifier]


def _search(workspace: Workspace, selection: Selection, variables: Record) -> Record:
    """Full-text search, reduced to a case-insensitive search in the search vector."""
    arguments = resolved(selection.arguments, variables)
    needle = str(arguments.get("searchInput", "")).lower()
    nodes = []
    for kind in workspace.schema.objects.values():
        if kind.system or "searchVector" not in kind.columns:
            continue
        nodes += [
            {"recordId": row["id"], "label": _label(row), "objectNameSingular": kind.singular}
            for row in workspace.table(kind).in_id_order()
            if row["deletedAt"] is None and needle in row["searchVector"]
        ]
    limit = int(arguments.get("limit") or DEFAULT_LIMIT)
    found: Record = pick({"edges": [{"node": node} for node in nodes[:limit]]}, selection.selections)
    return found


def _label(row: Record) -> str:
    name = row.get("name", row.get("title", ""))
    return f"{name['firstName']} {name['lastName']}" if isinstance(name, dict) else str(name)
