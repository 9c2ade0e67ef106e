"""Objects and fields as metadata answers show them, in the three REST forms and for GraphQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .schema import MANY_TO_ONE, ONE_TO_MANY, Field, ObjectType, Record, Relation, shown_type
from .workspace import Workspace

Json = Any

SHORTCUTS = {
    "company": "C",
    "dashboard": "D",
    "note": "N",
    "opportunity": "O",
    "person": "P",
    "task": "T",
    "workflow": "W",
}
STANDARD_SINCE = "2026-01-01T00:00:00.000Z"


def object_entry(workspace: Workspace, kind: ObjectType, *, fields: bool = True, answer: bool = False) -> Record:
    """An object for REST; `answer` is the form of create, update and delete, which also shows a null."""
    entry = _object_2(workspace, kind, answer=answer) if workspace.modern else _object_1(workspace, kind)
    if fields:
        entry["fields"] = [field_entry(workspace, kind, each) for each in flat_fields(workspace, kind)]
    return entry


def _object_1(workspace: Workspace, kind: ObjectType) -> Record:
    return {
        "id": kind.id,
        "nameSingular": kind.singular,
        "namePlural": kind.plural,
        "isCustom": kind.custom,
        "isActive": kind.active,
        "isSystem": kind.system,
        "createdAt": kind.created_at or STANDARD_SINCE,
        "updatedAt": kind.updated_at or STANDARD_SINCE,
        "labelIdentifierFieldMetadataId": _label_field(kind),
        "imageIdentifierFieldMetadataId": None,
        "labelSingular": kind.label_singular,
        "labelPlural": kind.label_plural,
        "description": kind.description,
        "icon": kind.icon,
    }


def _object_2(workspace: Workspace, kind: ObjectType, *, answer: bool) -> Record:
    entry: Record = {
        "id": kind.id,
        "universalIdentifier": kind.universal_id,
        "applicationId": workspace.custom_application_id if kind.custom else workspace.application_id,
        "nameSingular": kind.singular,
        "namePlural": kind.plural,
        "labelSingular": kind.label_singular,
        "labelPlural": kind.label_plural,
        "isRemote": False,
        "isActive": kind.active,
        "isSystem": kind.system,
        "isUIEditable": True,
        "isUICreatable": not kind.system,
        "isUIReadOnly": False,
        "isSearchable": kind.searchable,
        "isLabelSyncedWithName": False,
        "workspaceId": workspace.id,
        "labelIdentifierFieldMetadataId": _label_field(kind),
        "createdAt": kind.created_at or STANDARD_SINCE,
        "updatedAt": kind.updated_at or STANDARD_SINCE,
    }
    for name, value in (("description", kind.description), ("icon", kind.icon)):
        if value is not None:
            entry[name] = value
    if kind.singular in SHORTCUTS and not kind.custom:
        entry["shortcut"] = SHORTCUTS[kind.singular]
    image = kind.fields.get("avatarFile") or kind.fields.get("avatarUrl")
    if image is not None:
        entry["imageIdentifierFieldMetadataId"] = image.id
    elif answer:
        entry["imageIdentifierFieldMetadataId"] = None
    if answer:
        return entry
    if kind.duplicates:
        entry["duplicateCriteria"] = kind.duplicates
    return entry


def _label_field(kind: ObjectType) -> str:
    named = kind.fields.get("name") or kind.fields.get("title") or kind.fields["id"]
    return named.id


def flat_fields(workspace: Workspace, kind: ObjectType) -> Iterator[Field]:
    """2.x lists a morph relation once per target; 1.x lists the merged field (contracts/twenty/FACTS-2.x.md §8)."""
    for item in kind.fields.values():
        if not item.morph or not workspace.modern:
            yield item
            continue
        for number, (join, relation) in enumerate(item.morph.items()):
            settings = {"onDelete": relation.on_delete, "relationType": MANY_TO_ONE, "joinColumnName": join}
            yield Field(
                id=item.id if number == 0 else _derived_id(item.id, number),
                name=join.removesuffix("Id"),
                label=item.label,
                type="MORPH_RELATION",
                nullable=item.nullable,
                system=item.system,
                custom=item.custom,
                active=item.active,
                settings=settings,
                description=item.description,
                icon=item.icon,
                created_at=item.created_at,
                updated_at=item.updated_at,
                universal_id=item.universal_id,
            )


def _derived_id(identifier: str, number: int) -> str:
    return f"{identifier[:-4]}{(int(identifier[-4:], 16) + number) % 65536:04x}"


def field_entry(workspace: Workspace, kind: ObjectType, item: Field, *, answer: bool = False) -> Record:
    """A field for REST; lists leave out what is null, answers to writes do not."""
    if not workspace.modern:
        return _field_1(workspace, kind, item)
    entry: Record = {
        "id": item.id,
        "universalIdentifier": item.universal_id,
        "applicationId": workspace.custom_application_id if item.custom else workspace.application_id,
        "type": shown_type(item.type, modern=True),
        "name": item.name,
        "label": item.label,
        "isActive": item.active,
        "isSystem": item.system,
        "isUIEditable": not item.read_only,
        "isUIReadOnly": item.read_only,
        "isNullable": item.nullable,
        "isUnique": item.unique,
        "workspaceId": workspace.id,
        "objectMetadataId": kind.id,
        "isLabelSyncedWithName": False,
        "createdAt": item.created_at or STANDARD_SINCE,
        "updatedAt": item.updated_at or STANDARD_SINCE,
    }
    optional = {
        "description": item.description,
        "icon": item.icon,
        "settings": item.settings,
        "overrides": item.overrides,
    }
    entry.update({name: value for name, value in optional.items() if value is not None})
    if item.type == "MORPH_RELATION":
        entry["morphId"] = item.universal_id
    for name, value in (("defaultValue", item.default), ("options", item.options)):
        if answer or value is not None:
            entry[name] = value
    return entry


def _field_1(workspace: Workspace, kind: ObjectType, item: Field) -> Record:
    return {
        "id": item.id,
        "type": item.type,
        "name": item.name,
        "label": item.label,
        "description": item.description,
        "icon": item.icon,
        "isCustom": item.custom,
        "isActive": item.active,
        "isSystem": item.system,
        "isNullable": item.nullable,
        "createdAt": item.created_at or STANDARD_SINCE,
        "updatedAt": item.updated_at or STANDARD_SINCE,
        "defaultValue": item.default,
        "options": item.options,
        "relation": relation_entry(workspace, kind, item, item.relation) if item.relation else None,
    }


def relation_entry(workspace: Workspace, kind: ObjectType, item: Field, relation: Relation) -> Record:
    """Both ends of a relation with their ids and names."""
    target = workspace.schema.objects.get(relation.target_object)
    inverse = target.fields.get(relation.target_field) if target else None
    return {
        "type": relation.kind if relation.kind in (MANY_TO_ONE, ONE_TO_MANY) else MANY_TO_ONE,
        "targetObjectMetadata": _object_reference(target) if target else None,
        "targetFieldMetadata": {"id": inverse.id, "name": inverse.name} if inverse else None,
        "sourceObjectMetadata": _object_reference(kind),
        "sourceFieldMetadata": {"id": item.id, "name": item.name},
    }


def _object_reference(kind: ObjectType) -> Record:
    return {"id": kind.id, "nameSingular": kind.singular, "namePlural": kind.plural}


def graphql_object(workspace: Workspace, kind: ObjectType) -> Record:
    """Everything that a GraphQL selection on an object can ask for."""
    entry = object_entry(workspace, kind, fields=False)
    entry["isUIReadOnly"] = False
    entry["duplicateCriteria"] = kind.duplicates
    entry["fieldsList"] = [graphql_field(workspace, kind, item) for item in kind.fields.values()]
    entry["indexMetadataList"] = [
        {
            "name": index.name,
            "isUnique": True,
            "indexWhereClause": '"deletedAt" IS NULL' if index.live_only else None,
            "indexType": "BTREE",
            "indexFieldMetadataList": [
                {"fieldMetadataId": _field_of(kind, path[0]).id, "order": place}
                for place, path in enumerate(index.paths)
            ],
        }
        for index in kind.unique
    ]
    return entry


def _field_of(kind: ObjectType, column: str) -> Field:
    return kind.columns[column]


def graphql_field(workspace: Workspace, kind: ObjectType, item: Field) -> Record:
    return {
        **field_entry(workspace, kind, item, answer=True),
        "isUnique": item.unique,
        "isUIReadOnly": item.read_only,
        "settings": item.settings,
        "description": item.description,
        "icon": item.icon,
        "relation": relation_entry(workspace, kind, item, item.relation) if item.relation else None,
        "morphRelations": [relation_entry(workspace, kind, item, each) for each in item.morph.values()] or None,
        "object": {"id": kind.id, "nameSingular": kind.singular},
    }
