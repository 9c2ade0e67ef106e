"""OpenAPI documents, reduced to what a client detects features by: paths and the properties of each record."""

from __future__ import annotations

from typing import Any

from .schema import COMPOSITES, ObjectType, capital
from .workspace import Workspace

Json = Any

JSON_TYPES = {"NUMBER": "number", "POSITION": "number", "NUMERIC": "number", "BOOLEAN": "boolean", "RAW_JSON": "object"}


def core_document(workspace: Workspace) -> dict[str, Json]:
    """The records' document; `/rest/open-api/core` (contracts/twenty/FACTS.md §1)."""
    paths: dict[str, Json] = {}
    schemas: dict[str, Json] = {}
    for kind in workspace.schema.objects.values():
        tag = {"tags": [kind.plural]}
        paths[f"/batch/{kind.plural}"] = {"post": tag}
        paths[f"/{kind.plural}"] = {"get": tag, "post": tag, "patch": tag, "delete": tag}
        paths[f"/{kind.plural}/{{id}}"] = {"get": tag, "patch": tag, "delete": tag}
        paths[f"/restore/{kind.plural}"] = {"patch": tag}
        schemas[capital(kind.singular)] = {"type": "object", "properties": _properties(workspace, kind)}
    return _document("Twenty Api", paths, schemas)


def metadata_document(workspace: Workspace) -> dict[str, Json]:
    names = ("objects", "fields", "webhooks", "apiKeys", "views", "viewFields", "viewFilters")
    return _document("Twenty Metadata Api", {f"/{name}": {"get": {}, "post": {}} for name in names}, {})


def _document(title: str, paths: dict[str, Json], schemas: dict[str, Json]) -> dict[str, Json]:
    return {
        "openapi": "3.1.1",
        "info": {"title": title, "version": "v0.1"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _properties(workspace: Workspace, kind: ObjectType) -> dict[str, Json]:
    properties: dict[str, Json] = {}
    for column, item in kind.columns.items():
        if item.joins():
            properties[column] = {"type": "string", "format": "uuid"}
        elif item.composite:
            parts = {name: {"type": JSON_TYPES.get(part, "string")} for name, part in COMPOSITES[item.type].items()}
            properties[column] = {"type": "object", "properties": parts}
        elif item.type in ("ARRAY", "MULTI_SELECT", "FILES"):
            properties[column] = {"type": "array"}
        else:
            properties[column] = {"type": JSON_TYPES.get(item.type, "string")}
    return properties
