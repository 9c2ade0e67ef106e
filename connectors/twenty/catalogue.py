"""Twenty's objects and fields, read from the server's own schema (contracts/twenty/FACTS-2.x.md section 15).

REST lists objects with their fields on both lines; what it leaves out (on 1.x whether a field is unique, on 2.x
where a relation leads) comes from GraphQL. The version is never asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from connectors.catalogue import Catalogue, Field, FieldType, ObjectKind, ObjectType, Option
from connectors.errors import Rejected
from connectors.http import Loop
from connectors.twenty.api import TwentyApi, rows_of

Json = Any

FIRST = ("company", "person", "opportunity", "note", "task", "noteTarget", "taskTarget")
"""Objects shown first, in the order in which one refers to the other."""

KNOWN_UNIQUE = {("person", "emails"), ("company", "domainName"), ("workspaceMember", "userEmail")}
"""Unique fields of every workspace, for a server that does not tell (section 7)."""

COMPUTED = frozenset({"updatedBy", "searchVector"})
"""Fields that Twenty fills by itself: what is sent is ignored or refused."""

_DETAILS = """{objects(paging:{first:1000}){edges{node{id nameSingular fieldsList{id name isUnique settings options
relation{type targetObjectMetadata{nameSingular}}
morphRelations{type targetObjectMetadata{nameSingular}}}}}}}"""


@dataclass(frozen=True, slots=True)
class Schema:
    """The catalogue together with what only this connector needs to know about it."""

    catalogue: Catalogue
    paged: bool
    """Metadata is paged, and accepts a query: the 2.x line."""
    inactive: frozenset[str]
    """Names of deactivated objects, and of deactivated fields as `object.field`."""
    rich_text_type: str
    """How this server calls the type of a note's body."""

    def object(self, name: str) -> ObjectType:
        """The object of that singular name, or Rejected."""
        found = self.catalogue.object(name)
        if found is None:
            raise Rejected(
                f"Twenty has no object “{name}”.", "It may have been deleted or deactivated: discover again."
            )
        return found


def read_schema(api: TwentyApi) -> Schema:
    """Reads the whole schema with one REST call (more where it is paged) and one GraphQL call; none of them counts."""
    rows, paged = _read_objects(api)
    details = _read_details(api)
    names = {str(row["nameSingular"]) for row in rows}
    own = next((row.get("applicationId") for row in rows if row["nameSingular"] == "person"), None)
    objects = [_object(row, details, names, own) for row in rows if row.get("isActive", True)]
    inactive = {str(row["nameSingular"]) for row in rows if not row.get("isActive", True)}
    for row in rows:
        fields = (field for field in row.get("fields", ()) if not field.get("isActive", True))
        inactive |= {f"{row['nameSingular']}.{field['name']}" for field in fields}
    return Schema(Catalogue(tuple(sorted(objects, key=_rank))), paged, frozenset(inactive), _rich_text_type(rows))


def _rank(found: ObjectType) -> tuple[int, str]:
    return (FIRST.index(found.name) if found.name in FIRST else len(FIRST), found.name)


def _read_objects(api: TwentyApi) -> tuple[list[dict[str, Json]], bool]:
    """All objects with their fields. On 1.x any query string makes the path invalid (section 8)."""
    try:
        body = api.metadata("GET", "objects?limit=200")
    except Rejected as error:
        if "invalid" not in error.sentence:
            raise
        return rows_of(api.metadata("GET", "objects")), False
    rows = rows_of(body)
    loop = Loop("the objects of Twenty")
    while body.get("totalCount") is not None and (body.get("pageInfo") or {}).get("hasNextPage"):
        cursor = body["pageInfo"]["endCursor"]
        loop.see(cursor)
        body = api.metadata("GET", f"objects?limit=200&starting_after={cursor}")
        rows += rows_of(body)
    return rows, body.get("totalCount") is not None


def _read_details(api: TwentyApi) -> dict[tuple[str, str], dict[str, Json]]:
    """What GraphQL adds, by object and field name; empty where the key may not ask."""
    try:
        data = api.metadata_graphql(_DETAILS, {})
    except Rejected:
        return {}
    nodes = [edge["node"] for edge in data["objects"]["edges"]]
    return {(node["nameSingular"], field["name"]): field for node in nodes for field in node["fieldsList"]}


def _rich_text_type(rows: Iterable[Mapping[str, Json]]) -> str:
    for row in rows:
        for field in row.get("fields", ()):
            if row["nameSingular"] == "note" and field["name"] == "bodyV2":
                return str(field["type"])
    return "RICH_TEXT"


def _object(
    row: Mapping[str, Json], details: Mapping[tuple[str, str], Mapping[str, Json]], names: set[str], own: Json
) -> ObjectType:
    name = str(row["nameSingular"])
    fields: list[Field] = []
    for raw in row.get("fields", ()):
        if raw.get("isActive", True):
            fields += _fields(name, {**raw, **_told(details.get((name, raw["name"])))}, names, own)
    return ObjectType(
        name=name,
        label=str(row.get("labelSingular") or name),
        label_plural=str(row.get("labelPlural") or row["namePlural"]),
        key="id",
        fields=tuple(fields),
        kind=ObjectKind.LINK if name in ("noteTarget", "taskTarget") else ObjectKind.RECORD,
        custom=_is_custom(row, own),
        description=str(row.get("description") or ""),
        plural=str(row["namePlural"]),
        id=str(row.get("id", "")),
        references=tuple(dict.fromkeys(field.references for field in fields if field.join_column)),
    )


def _told(detail: Mapping[str, Json] | None) -> dict[str, Json]:
    return {key: value for key, value in (detail or {}).items() if value is not None}


def _is_custom(row: Mapping[str, Json], own: Json) -> bool:
    """1.x says so; on 2.x what a user made carries another application id than Twenty's own person (section 8)."""
    if "isCustom" in row:
        return bool(row["isCustom"])
    return own is not None and row.get("applicationId") != own


def _fields(object_name: str, raw: Mapping[str, Json], names: set[str], own: Json) -> list[Field]:
    """The field as one of ours; a relation to several objects becomes one field for each of them."""
    kind = raw["type"]
    if kind == "MORPH_RELATION":
        return _morph_fields(object_name, raw, names, own)
    if kind == "RELATION":
        relation = raw.get("relation") or {}
        settings = raw.get("settings") or {}
        to_one = (settings.get("relationType") or relation.get("type")) == "MANY_TO_ONE"
        target = str((relation.get("targetObjectMetadata") or {}).get("nameSingular", ""))
        join = str(settings.get("joinColumnName") or f"{raw['name']}Id") if to_one else ""
        return [_field(object_name, raw, own, references=target or _guess(raw["name"], names), join_column=join)]
    return [_field(object_name, raw, own)]


def _morph_fields(object_name: str, raw: Mapping[str, Json], names: set[str], own: Json) -> list[Field]:
    """GraphQL and the REST of 1.x tell one `target`, the REST of 2.x a `targetPerson`, `targetCompany`, ….

    Either way `targetPersonId` is what is written (section 7).
    """
    targets = [relation["targetObjectMetadata"]["nameSingular"] for relation in raw.get("morphRelations") or ()]
    name, join = str(raw["name"]), str((raw.get("settings") or {}).get("joinColumnName") or "")
    if targets and join != f"{name}Id":
        members = [(name + target[0].upper() + target[1:], target) for target in targets]
    else:
        members = [(name, _guess(name, names))]
    return [
        _field(object_name, {**raw, "name": member}, own, references=target, join_column=f"{member}Id")
        for member, target in members
    ]


def _guess(name: str, names: Iterable[str]) -> str:
    """The object that a relation's name ends in: `person`, `targetPerson`; empty when it ends in none."""
    fitting = [one for one in names if name == one or name.endswith(one[0].upper() + one[1:])]
    return max(fitting, key=len, default="")


def _field(
    object_name: str, raw: Mapping[str, Json], own: Json, *, references: str = "", join_column: str = ""
) -> Field:
    name, told = str(raw["name"]), str(raw["type"])
    type = _TYPES.get(told)
    to_many = told in ("RELATION", "MORPH_RELATION") and not join_column
    return Field(
        name=name,
        label=str(raw.get("label") or name),
        type=type or FieldType.RAW_JSON,
        description=str(raw.get("description") or ""),
        unique=bool(raw.get("isUnique", (object_name, name) in KNOWN_UNIQUE)),
        nullable=bool(raw.get("isNullable", True)),
        writable=type is not None and name not in COMPUTED and not to_many,
        custom=_is_custom(raw, own),
        options=tuple(_option(option) for option in raw.get("options") or ()),
        references=references,
        id=str(raw.get("id", "")),
        join_column=join_column,
        default=None if type is FieldType.POSITION else _default(raw.get("defaultValue")),
    )


def _default(told: Json) -> int | float | str | bool | None:
    """What a new record gets: texts stand in quotes of their own; functions (`now`, `uuid`) and parts are no value."""
    if isinstance(told, str):
        return told[1:-1] or None if told[:1] == told[-1:] == "'" else None
    return told if isinstance(told, bool | int | float) else None


def _option(raw: Mapping[str, Json]) -> Option:
    return Option(
        value=str(raw["value"]),
        label=str(raw.get("label") or raw["value"]),
        color=str(raw.get("color") or "sky"),
        id=str(raw.get("id") or ""),
    )


_TYPES = {type.value: type for type in FieldType} | {"RICH_TEXT_V2": FieldType.RICH_TEXT}
"""By the server's name; types that are missing here are shown but never written."""


@cache
def stock() -> Catalogue:
    """The catalogue of a new 2.x workspace, as it was read off one."""
    text = Path(__file__).with_name("data").joinpath("stock.json").read_text()
    return Catalogue(tuple(_stock_object(row) for row in json.loads(text)))


def _stock_object(row: Mapping[str, Json]) -> ObjectType:
    fields = tuple(
        Field(
            name=raw["name"],
            label=raw["label"],
            type=FieldType(raw["type"]),
            description=raw.get("description", ""),
            unique=raw.get("unique", False),
            nullable=raw.get("nullable", True),
            writable=raw.get("writable", True),
            options=tuple(Option(**option) for option in raw.get("options", ())),
            references=raw.get("references", ""),
            join_column=raw.get("join_column", ""),
        )
        for raw in row["fields"]
    )
    kept = {key: row[key] for key in ("name", "label", "label_plural", "plural", "description")}
    references = tuple(dict.fromkeys(field.references for field in fields if field.join_column))
    kind = ObjectKind.LINK if row["name"] in ("noteTarget", "taskTarget") else ObjectKind.RECORD
    return ObjectType(**kept, key="id", fields=fields, kind=kind, references=references)
