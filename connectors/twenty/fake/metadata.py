"""Creating, changing and deleting fields, with the effects on stored records (contracts/twenty/FACTS.md §8)."""

from __future__ import annotations

import uuid
from typing import Any

from .errors import Refusal, coded
from .metadata_rules import (
    Problems,
    check_dto,
    default_problems,
    legacy_body,
    name_problems,
    option_problems,
    problem,
    taken_problems,
    type_problems,
)
from .schema import (
    MANY_TO_ONE,
    ONE_TO_MANY,
    Field,
    ObjectType,
    Record,
    Relation,
    UniqueIndex,
    capital,
    index_name,
    stored_type,
)
from .workspace import Workspace

Json = Any

OVERRIDABLE = ("label", "description", "icon")
WITH_OPTIONS = ("SELECT", "MULTI_SELECT")


def create_field(workspace: Workspace, body: Record) -> Field:
    """A new field, usable by records at once; a relation makes its inverse too."""
    check_dto(workspace, {"type": None, **body}, ("name", "label"))
    kind = workspace.schema.by_id(str(body.get("objectMetadataId")))
    single = Problems("creating field")
    modern = workspace.modern
    if kind is None:
        text = "Provided object metadata id does not exist"
        friendly = "Created field metadata, parent object metadata not found"
        raise _early(single, problem("OBJECT_METADATA_NOT_FOUND", text, friendly), modern=modern)
    if body["type"] == "TS_VECTOR":
        found = problem("INVALID_FIELD_INPUT", "TS Vector is not supported for field creation")
        del found["userFriendlyMessage"]
        raise _early(single, found, modern=modern)
    if body["type"] == "RELATION" and not body.get("relationCreationPayload"):
        found = problem("INVALID_FIELD_INPUT", "Relation creation payload is required")
        raise _early(single, found, modern=modern)
    _check_field(workspace, kind, body)
    if body["type"] == "RELATION":
        return _create_relation(workspace, kind, body)
    if body["type"] == "MORPH_RELATION":
        return _create_morph(workspace, kind, body)
    item = _scalar_field(workspace, body)
    _add(workspace, kind, item)
    return item


def _early(problems: Problems, found: Record, *, modern: bool) -> Refusal:
    entry: Record = {"errors": [found], "type": "create", "metadataName": "fieldMetadata"}
    entry["flatEntityMinimalInformation"] = {"id": ""}
    problems.by_kind["fieldMetadata"] = [entry]
    return problems.refuse(modern=modern)


def _check_field(workspace: Workspace, kind: ObjectType, body: Record) -> None:
    modern = workspace.modern
    problems = Problems("creating fields")
    errors = [*type_problems(body, modern=modern), *name_problems(body["name"], modern=modern)]
    errors += taken_problems(kind, body["name"])
    if body["type"] in WITH_OPTIONS:
        errors += option_problems(with_option_ids(body.get("options") or []))
    errors += default_problems(body)
    if errors:
        identifier = str(uuid.uuid4())
        minimal = _minimal(workspace, kind, body["name"], identifier)
        problems.add("fieldMetadata", minimal, errors)
        if modern:
            _view_followers(problems, identifier)
        raise problems.refuse(modern=modern)
    if body.get("isUnique") and body.get("defaultValue") is not None:
        text = f"Unique index cannot be created for field {body['name']} of type {body['type']}"
        found = problem(
            "INDEX_FIELD_INVALID_DEFAULT_VALUE", text, f"{body['type']} fields cannot have a default value."
        )
        minimal = {"universalIdentifier": str(uuid.uuid4()), "name": index_name(kind.singular, body["name"])}
        if not modern:
            minimal = {"id": str(uuid.uuid4()), **minimal}
        problems.add("index", minimal, [found])
        raise problems.refuse(modern=modern)
    if body.get("isNullable") is False and body.get("defaultValue") is None and workspace.table(kind).rows:
        raise migration_failed("create", "fieldMetadata", modern=modern)


def _view_followers(problems: Problems, field_id: str) -> None:
    """The two views that would have shown the field fail along with it."""
    for _ in range(2):
        minimal = {
            "universalIdentifier": str(uuid.uuid4()),
            "viewUniversalIdentifier": str(uuid.uuid4()),
            "fieldMetadataUniversalIdentifier": field_id,
        }
        problems.add("viewField", minimal, [problem("INVALID_VIEW_DATA", "Field metadata not found")])


def _minimal(workspace: Workspace, kind: ObjectType, name: str, identifier: str) -> Record:
    minimal = {"universalIdentifier": identifier, "name": name}
    if workspace.modern:
        return {**minimal, "objectMetadataUniversalIdentifier": kind.universal_id}
    return {"id": identifier, **minimal, "objectMetadataId": kind.id}


def migration_failed(action: str, kind: str, *, modern: bool) -> Refusal:
    """A database change that failed: a bare string with 500 on 2.x, a 400 on 1.x (FACTS-2.x.md §1)."""
    if modern:
        text = f"Migration action '{action}' for '{kind}' (universalIdentifier: {uuid.uuid4()}) failed"
        return Refusal(500, text, message=text)
    text = f"Migration action '{action}' for '{kind}' failed"
    extensions = {"code": "INTERNAL_SERVER_ERROR", "userFriendlyMessage": "An error occurred."}
    return Refusal(400, legacy_body(text), message=text, extensions=extensions)


def _scalar_field(workspace: Workspace, body: Record) -> Field:
    now = workspace.now()
    kind = body["type"]
    default = body.get("defaultValue")
    options = with_option_ids(body.get("options") or []) if kind in WITH_OPTIONS else None
    if kind == "RATING":
        rated = [{"value": f"RATING_{n}", "label": str(n), "position": n - 1} for n in range(1, 6)]
        options = with_option_ids(rated)
    if kind == "ACTOR":
        default = {"name": "'System'", "source": "'MANUAL'", "workspaceMemberId": None}
        if workspace.modern:
            default["context"] = None
    return Field(
        id=str(uuid.uuid4()),
        name=body["name"],
        label=body["label"],
        type=stored_type(kind, modern=workspace.modern),
        nullable=body.get("isNullable") is not False,
        unique=bool(body.get("isUnique")),
        custom=True,
        default=default,
        options=options,
        settings=body.get("settings"),
        description=body.get("description"),
        icon=body.get("icon"),
        created_at=now,
        updated_at=now,
    )


def with_option_ids(options: list[Record]) -> list[Record]:
    """The options as sent, each with an id; position and colour stay away if they were not sent."""
    return [{**option, "id": option.get("id") or str(uuid.uuid4())} for option in options]


def _add(workspace: Workspace, kind: ObjectType, item: Field) -> None:
    """Put the field on the object and its blank value into every stored record."""
    kind.fields[item.name] = item
    before = set(kind.columns)
    kind.rebuild()
    if item.unique:
        kind.add_unique(item)
    for row in workspace.table(kind).rows.values():
        for column in kind.columns:
            if column not in before:
                row[column] = None if item.joins() else item.blank()
    workspace.table(kind).reindex()


def _relation_field(workspace: Workspace, name: str, label: str, relation: Relation, icon: str | None) -> Field:
    now = workspace.now()
    settings: Record = {"relationType": relation.kind}
    if relation.join_column:
        settings = {
            "onDelete": relation.on_delete,
            "relationType": relation.kind,
            "joinColumnName": relation.join_column,
        }
    return Field(
        id=str(uuid.uuid4()),
        name=name,
        label=label,
        type="RELATION",
        custom=True,
        settings=settings,
        relation=relation,
        description=None,
        icon=icon,
        created_at=now,
        updated_at=now,
    )


def _create_relation(workspace: Workspace, kind: ObjectType, body: Record) -> Field:
    """Both sides of a relation; the inverse is named after its label (FACTS.md §8)."""
    payload = body["relationCreationPayload"]
    target = workspace.schema.by_id(str(payload.get("targetObjectMetadataId")))
    if target is None:
        raise coded("Object metadata relation target not found for relation creation payload", "INVALID_FIELD_INPUT")
    inverse_name = camel(payload["targetFieldLabel"])
    here_kind = payload["type"]
    other_kind = ONE_TO_MANY if here_kind == MANY_TO_ONE else MANY_TO_ONE
    here = Relation(here_kind, target.singular, inverse_name, _join(here_kind, body["name"]))
    there = Relation(other_kind, kind.singular, body["name"], _join(other_kind, inverse_name))
    item = _relation_field(workspace, body["name"], body["label"], here, "IconRelationOneToMany")
    item.description = f"{capital(kind.plural)} tied to the {target.label_singular}"
    if body.get("description"):
        item.description = body["description"]
    icon = payload.get("targetFieldIcon")
    inverse = _relation_field(workspace, inverse_name, payload["targetFieldLabel"], there, icon)
    _add(workspace, kind, item)
    _add(workspace, target, inverse)
    return item


def _join(kind: str, name: str) -> str:
    return f"{name}Id" if kind == MANY_TO_ONE else ""


def camel(label: str) -> str:
    """The name that the server derives from a label: "CIO Events" becomes cioEvents."""
    words = [word for word in "".join(char if char.isalnum() else " " for char in label).split() if word]
    if not words:
        return ""
    return words[0].lower() + "".join(word[:1].upper() + word[1:].lower() for word in words[1:])


def _create_morph(workspace: Workspace, kind: ObjectType, body: Record) -> Field:
    """One field with a join column per target; answers show the first target under its own name."""
    now = workspace.now()
    item = Field(
        id=str(uuid.uuid4()),
        name=body["name"],
        label=body["label"],
        type="MORPH_RELATION",
        custom=True,
        icon="IconRelationOneToMany",
        created_at=now,
        updated_at=now,
    )
    inverses = []
    for payload in body.get("morphRelationsCreationPayload") or []:
        target = workspace.schema.by_id(str(payload.get("targetObjectMetadataId")))
        if target is None:
            raise coded("Object metadata relation target not found", "INVALID_FIELD_INPUT")
        join = f"{body['name']}{capital(target.singular)}Id"
        inverse_name = camel(payload["targetFieldLabel"])
        item.morph[join] = Relation(MANY_TO_ONE, target.singular, inverse_name, join)
        there = Relation(ONE_TO_MANY, kind.singular, body["name"])
        icon = payload.get("targetFieldIcon")
        inverses.append((target, _relation_field(workspace, inverse_name, payload["targetFieldLabel"], there, icon)))
    first = next(iter(item.morph))
    item.settings = {"onDelete": "SET_NULL", "relationType": MANY_TO_ONE, "joinColumnName": first}
    _add(workspace, kind, item)
    for target, inverse in inverses:
        _add(workspace, target, inverse)
    return item


def update_field(workspace: Workspace, kind: ObjectType, item: Field, body: Record) -> Field:
    """Rename, relabel, (de)activate, change options or uniqueness."""
    if not workspace.modern and "type" in body:
        message = "Field 'type' is not defined by type 'UpdateFieldInput'."
        raise Refusal(400, legacy_body(message), message=message)
    standard = not item.custom
    if body.get("isUnique") and not item.unique:
        _make_unique(workspace, kind, item)
    if body.get("isUnique") is False and item.unique:
        item.unique = False
        kind.unique = [index for index in kind.unique if index.field != item.name]
        workspace.table(kind).reindex()
    if "options" in body:
        change_options(workspace, kind, item, body["options"])
    if "name" in body and body["name"] != item.name and not standard:
        _rename(workspace, kind, item, body["name"])
    if standard and workspace.modern:
        changed = {name: body[name] for name in OVERRIDABLE if name in body}
        item.overrides = {**(item.overrides or {}), **changed} or None
    if not standard:
        item.label = body.get("label", item.label)
        item.description = body.get("description", item.description)
        item.icon = body.get("icon", item.icon)
    item.active = body.get("isActive", item.active)
    if "settings" in body:
        item.settings = body["settings"]
    if "defaultValue" in body:
        item.default = body["defaultValue"]
    item.updated_at = workspace.now()
    return item


def _update_refused(workspace: Workspace, kind: ObjectType, item: Field, errors: list[Record]) -> Refusal:
    problems = Problems("updating field")
    problems.add("fieldMetadata", _minimal(workspace, kind, item.name, item.id), errors, "update")
    return problems.refuse(modern=workspace.modern)


def _make_unique(workspace: Workspace, kind: ObjectType, item: Field) -> None:
    """Refused over existing duplicates; empty values never count (FACTS.md §8)."""
    index: UniqueIndex = kind.add_unique(item)
    seen = set()
    for row in workspace.table(kind).rows.values():
        raw = index.key(row)
        key = repr(raw)
        if raw is not None and key in seen:
            kind.unique.remove(index)
            raise migration_failed("create", "index", modern=workspace.modern)
        seen.add(key)
    item.unique = True
    workspace.table(kind).reindex()


def change_options(workspace: Workspace, kind: ObjectType, item: Field, options: list[Record]) -> None:
    """The trap: options sent without ids are new ones, and every record that had an old one loses it (FACTS.md §8).

    Dropping an option in use empties SELECT values; a MULTI_SELECT refuses on 1.x and loses the value on 2.x.
    """
    errors = option_problems(options)
    if errors:
        raise _update_refused(workspace, kind, item, errors)
    old = {option["id"]: option["value"] for option in item.options or []}
    renamed = {old[each["id"]]: each["value"] for each in options if each.get("id") in old}
    table = workspace.table(kind)
    multiple = item.type == "MULTI_SELECT"
    kept_any = bool(renamed)
    in_use = {value for row in table.rows.values() for value in (row[item.name] or []) if multiple}
    if multiple and not workspace.modern and kept_any and not in_use <= set(renamed):
        raise migration_failed("update", "fieldMetadata", modern=False)
    item.options = with_option_ids(options)
    for row in list(table.rows.values()):
        value = row[item.name]
        if not value:
            continue
        new = [renamed[each] for each in value if each in renamed] if multiple else renamed.get(value)
        if new != value:
            table.replace({**row, item.name: new})


def _rename(workspace: Workspace, kind: ObjectType, item: Field, name: str) -> None:
    errors = [*name_problems(name, modern=workspace.modern), *taken_problems(kind, name)]
    if errors:
        raise _update_refused(workspace, kind, item, errors)
    old = item.name
    kind.fields = {name if key == old else key: value for key, value in kind.fields.items()}
    item.name = name
    for index in kind.unique:
        if index.field == old:
            index.field = name
            index.paths = tuple((name, *path[1:]) if path[0] == old else path for path in index.paths)
    kind.rebuild()
    for row in workspace.table(kind).rows.values():
        if old in row:
            row[name] = row.pop(old)
    workspace.table(kind).reindex()


def delete_field(workspace: Workspace, kind: ObjectType, item: Field) -> None:
    """Drop the field with its data; a relation takes its inverse along."""
    if not item.custom:
        if workspace.modern:
            message = f'Cannot delete standard field "{item.name}"'
            raise coded(message, "FIELD_MUTATION_NOT_ALLOWED", status=403)
        raise Problems("deleting field").refuse(modern=False)
    for relation in [item.relation, *item.morph.values()]:
        if relation is not None and relation.target_object in workspace.schema.objects:
            target = workspace.schema.objects[relation.target_object]
            drop_column(workspace, target, relation.target_field)
    drop_column(workspace, kind, item.name)


def drop_column(workspace: Workspace, kind: ObjectType, name: str) -> None:
    if name not in kind.fields:
        return
    before = set(kind.columns)
    del kind.fields[name]
    kind.unique = [index for index in kind.unique if index.field != name]
    kind.rebuild()
    gone = before - set(kind.columns)
    for row in workspace.table(kind).rows.values():
        for column in gone:
            del row[column]
    workspace.table(kind).reindex()
