"""Creating, changing and deleting objects, with the links that every object gets (contracts/twenty/FACTS.md §8)."""

from __future__ import annotations

import uuid
from typing import Any

from .errors import Refusal, coded
from .metadata import camel, drop_column
from .metadata_rules import Problems, check_dto, legacy_body, name_problems, problem
from .schema import MANY_TO_ONE, ONE_TO_MANY, Field, ObjectType, Record, Relation, capital
from .workspace import Workspace

Json = Any

BASE_FIELDS = (
    ("name", "Name", "TEXT", None),
    ("id", "Id", "UUID", "uuid"),
    ("createdAt", "Creation date", "DATE_TIME", "now"),
    ("updatedAt", "Last update", "DATE_TIME", "now"),
    ("deletedAt", "Deleted at", "DATE_TIME", None),
    ("createdBy", "Created by", "ACTOR", {"name": "''", "source": "'MANUAL'"}),
    ("updatedBy", "Updated by", "ACTOR", {"name": "''", "source": "'MANUAL'"}),
    ("position", "Position", "POSITION", 0),
    ("searchVector", "Search vector", "TS_VECTOR", None),
)
LINKED = ("attachment", "favorite", "noteTarget", "taskTarget", "timelineActivity")
NULLABLE = ("name", "deletedAt", "searchVector")


def create_object(workspace: Workspace, body: Record) -> ObjectType:
    """A new object with its base fields and its links to notes, tasks, attachments and the timeline."""
    check_dto(workspace, body, ("nameSingular", "namePlural", "labelSingular", "labelPlural"))
    errors = _object_problems(workspace, body)
    if errors:
        raise _refusal(workspace, body, errors)
    now = workspace.now()
    kind = ObjectType(
        id=str(uuid.uuid4()),
        singular=body["nameSingular"],
        plural=body["namePlural"],
        label_singular=body["labelSingular"],
        label_plural=body["labelPlural"],
        custom=True,
        description=body.get("description"),
        icon=body.get("icon"),
        created_at=now,
        updated_at=now,
    )
    for item in _base_fields(now):
        if item.name != "name" or not body.get("skipNameField"):
            kind.fields[item.name] = item
    workspace.add_object(kind)
    for singular in LINKED:
        if singular in workspace.schema.objects:
            _link(workspace, kind, workspace.schema.objects[singular])
    kind.rebuild()
    workspace.table(kind).reindex()
    return kind


def _base_fields(now: str) -> list[Field]:
    return [
        Field(
            id=str(uuid.uuid4()),
            name=name,
            label=label,
            type=type_,
            nullable=name in NULLABLE,
            system=name != "name",
            read_only=name not in ("name", "position", "searchVector"),
            default=default,
            description=label,
            icon="Icon123",
            created_at=now,
            updated_at=now,
        )
        for name, label, type_, default in BASE_FIELDS
    ]


def _object_problems(workspace: Workspace, body: Record) -> list[Record]:
    singular, plural = body["nameSingular"], body["namePlural"]
    used = {name for kind in workspace.schema.objects.values() for name in (kind.singular, kind.plural)}
    if singular in used or plural in used:
        return [problem("OBJECT_ALREADY_EXISTS", "Object already exists")]
    modern, code = workspace.modern, "INVALID_OBJECT_INPUT"
    errors = []
    for name in (singular, plural):
        errors += [{**each, "code": code} for each in name_problems(name, modern=modern)]
    if singular == plural:
        text = "The singular and plural names cannot be the same for an object"
        errors.append(problem(code, text, value=singular))
    if not modern and body["labelSingular"].lower() == body["labelPlural"].lower():
        text = "The singular and plural labels cannot be the same for an object"
        errors.append(problem(code, text, value=body["labelSingular"]))
    synced = (camel(body["labelSingular"]), camel(body["labelPlural"])) == (singular, plural)
    if body.get("isLabelSyncedWithName") and not synced:
        errors.append(problem(code, "Names are not synced with labels"))
    return errors


def _refusal(workspace: Workspace, body: Record, errors: list[Record]) -> Refusal:
    """The object's own problem among the followers: its fields, view and indexes fail along with it."""
    modern = workspace.modern
    problems = Problems("creating object")
    universal = str(uuid.uuid4())
    lost = problem("OBJECT_METADATA_NOT_FOUND", "Object metadata not found", "Field to create related object not found")
    links = [name for name in LINKED if name in workspace.schema.objects]
    for name in [*(name for name, *_ in BASE_FIELDS), *links, *links]:
        minimal: Record = {"universalIdentifier": str(uuid.uuid4()), "name": name}
        if modern:
            minimal["objectMetadataUniversalIdentifier"] = universal
        else:
            minimal = {"id": str(uuid.uuid4()), **minimal, "objectMetadataId": universal}
        problems.add("fieldMetadata", minimal, [lost])
    names = {"namePlural": body["namePlural"], "nameSingular": body["nameSingular"]}
    problems.add("objectMetadata", _identified({"universalIdentifier": universal, **names}, modern=modern), errors)
    view = problem("INVALID_VIEW_DATA", "Object metadata not found")
    for _ in range(2 if modern else 1):
        problems.add("view", _identified({"universalIdentifier": str(uuid.uuid4())}, modern=modern), [view])
    column = {"universalIdentifier": str(uuid.uuid4())}
    names = {"viewUniversalIdentifier": universal, "fieldMetadataUniversalIdentifier": universal}
    if not modern:
        names = {"viewId": universal, "fieldMetadataId": universal}
    column_errors = [
        problem("INVALID_VIEW_DATA", "Field metadata not found"),
        problem("INVALID_VIEW_DATA", "View not found"),
    ]
    for _ in range(9 if modern else 12):
        problems.add("viewField", _identified({**column, **names}, modern=modern), column_errors)
    _index_followers(problems, errors, modern=modern)
    return problems.refuse(modern=modern)


def _index_followers(problems: Problems, errors: list[Record], *, modern: bool) -> None:
    index = [
        problem(
            "INDEX_FIELD_NOT_FOUND",
            "Could not find index field related field metadata",
            "Field referenced in index does not exist",
        ),
        problem(
            "INDEX_OBJECT_NOT_FOUND", "Could not find index related object metadata", "Index related object not found"
        ),
    ]
    if modern and errors[0]["code"] == "OBJECT_ALREADY_EXISTS":
        index.insert(0, problem("INDEX_ALREADY_EXISTS", "Index with same name already exists"))
    minimal = {"universalIdentifier": str(uuid.uuid4()), "name": f"IDX_{uuid.uuid4().hex[:27]}"}
    for _ in range(5 if modern else 1):
        problems.add("index", _identified(minimal, modern=modern), index)
    if modern:
        search = [
            problem("FIELD_METADATA_NOT_FOUND", "Field metadata not found"),
            problem(
                "TS_VECTOR_FIELD_METADATA_NOT_FOUND",
                "TS_VECTOR field metadata not found",
                "Search vector field not found",
            ),
            problem("OBJECT_METADATA_NOT_FOUND", "Object metadata not found"),
        ]
        minimal = {"universalIdentifier": str(uuid.uuid4()), "objectMetadataUniversalIdentifier": str(uuid.uuid4())}
        problems.add("searchFieldMetadata", minimal, search)


def _identified(minimal: Record, *, modern: bool) -> Record:
    return minimal if modern else {"id": str(uuid.uuid4()), **minimal}


def _link(workspace: Workspace, kind: ObjectType, other: ObjectType) -> None:
    """A join column on the link object and the inverse list on the new one (FACTS-2.x.md §8)."""
    morph = other.fields.get("target")
    if morph is not None and morph.morph:
        join = f"target{capital(kind.singular)}Id"
        # The row loses its target when a record of the new object is destroyed, and stays (2.21, measured).
        morph.morph[join] = Relation(MANY_TO_ONE, kind.singular, other.plural, join, "SET_NULL")
        inverse_of = "target"
    else:
        join = f"{kind.singular}Id"
        relation = Relation(MANY_TO_ONE, kind.singular, other.plural, join, "CASCADE")
        other.fields[kind.singular] = _relation(workspace, kind.singular, kind.label_singular, relation)
        inverse_of = kind.singular
    other.rebuild()
    for row in workspace.table(other).rows.values():
        row[join] = None
    workspace.table(other).reindex()
    back = Relation(ONE_TO_MANY, other.singular, inverse_of)
    kind.fields[other.plural] = _relation(workspace, other.plural, other.label_plural, back)


def _relation(workspace: Workspace, name: str, label: str, relation: Relation) -> Field:
    now = workspace.now()
    settings: Record = {"relationType": relation.kind}
    if relation.join_column:
        settings = {"onDelete": "CASCADE", "relationType": relation.kind, "joinColumnName": relation.join_column}
    return Field(
        id=str(uuid.uuid4()),
        name=name,
        label=label,
        type="RELATION",
        system=True,
        custom=True,
        settings=settings,
        relation=relation,
        description=label,
        icon="IconBuildingSkyscraper",
        created_at=now,
        updated_at=now,
    )


def update_object(workspace: Workspace, kind: ObjectType, body: Record) -> ObjectType:
    """Relabel, rename or (de)activate; records of an inactive object stay readable and writable (FACTS.md §8)."""
    kind.active = body.get("isActive", kind.active)
    if kind.custom:
        kind.label_singular = body.get("labelSingular", kind.label_singular)
        kind.label_plural = body.get("labelPlural", kind.label_plural)
        kind.description = body.get("description", kind.description)
        kind.icon = body.get("icon", kind.icon)
        kind.plural = body.get("namePlural", kind.plural)
    kind.updated_at = workspace.now()
    return kind


def delete_object(workspace: Workspace, kind: ObjectType) -> None:
    """Drop the object, its records and every relation to it; standard objects stay."""
    if not kind.custom:
        raise _standard_object(workspace, kind)
    for other in list(workspace.schema.objects.values()):
        if other is kind:
            continue
        for item in list(other.fields.values()):
            if item.relation is not None and item.relation.target_object == kind.singular:
                drop_column(workspace, other, item.name)
            for join, relation in list(item.morph.items()):
                if relation.target_object == kind.singular:
                    _drop_join(workspace, other, item, join)
    workspace.drop_object(kind)


def _drop_join(workspace: Workspace, other: ObjectType, item: Field, join: str) -> None:
    del item.morph[join]
    other.rebuild()
    for row in workspace.table(other).rows.values():
        del row[join]
    workspace.table(other).reindex()


def _standard_object(workspace: Workspace, kind: ObjectType) -> Refusal:
    problems = Problems("deleting object")
    if not workspace.modern:
        return problems.refuse(modern=False)
    system = problem("FIELD_MUTATION_NOT_ALLOWED", "System fields cannot be deleted")
    for item in kind.fields.values():
        if item.system:
            minimal = {
                "universalIdentifier": item.universal_id,
                "name": item.name,
                "objectMetadataUniversalIdentifier": kind.universal_id,
            }
            problems.add("fieldMetadata", minimal, [system], "delete")
    minimal = {"universalIdentifier": kind.universal_id, "namePlural": kind.plural, "nameSingular": kind.singular}
    standard = problem("INVALID_OBJECT_INPUT", "Standard objects cannot be deleted")
    problems.add("objectMetadata", minimal, [standard], "delete")
    return problems.refuse(modern=True)


def missing_object(workspace: Workspace, doing: str) -> Refusal:
    """404 on 2.x, 400 on 1.x, each with the text of its code path (exchange 08)."""
    text = "Object to update not found" if doing == "update" else "Could not find flat entity in maps"
    if not workspace.modern:
        return Refusal(400, legacy_body(text), message=text)
    code = "OBJECT_METADATA_NOT_FOUND" if doing == "update" else "ENTITY_NOT_FOUND"
    return coded(text, code, status=404)
