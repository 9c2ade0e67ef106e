"""The workspace's data model: objects, fields, join columns and unique indexes, and how they are loaded."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

Json = Any
Record = dict[str, Json]
Line = Literal["1.x", "2.x"]

MANY_TO_ONE = "MANY_TO_ONE"
ONE_TO_MANY = "ONE_TO_MANY"

COMPOSITES: dict[str, dict[str, str]] = {
    "FULL_NAME": {"firstName": "TEXT", "lastName": "TEXT"},
    "EMAILS": {"primaryEmail": "TEXT", "additionalEmails": "RAW_JSON"},
    "PHONES": {
        "primaryPhoneNumber": "TEXT",
        "primaryPhoneCountryCode": "TEXT",
        "primaryPhoneCallingCode": "TEXT",
        "additionalPhones": "RAW_JSON",
    },
    "LINKS": {"primaryLinkLabel": "TEXT", "primaryLinkUrl": "TEXT", "secondaryLinks": "RAW_JSON"},
    "ADDRESS": {
        "addressStreet1": "TEXT",
        "addressStreet2": "TEXT",
        "addressCity": "TEXT",
        "addressPostcode": "TEXT",
        "addressState": "TEXT",
        "addressCountry": "TEXT",
        "addressLat": "NUMERIC",
        "addressLng": "NUMERIC",
    },
    "CURRENCY": {"amountMicros": "NUMERIC", "currencyCode": "TEXT"},
    "ACTOR": {"source": "SELECT", "workspaceMemberId": "UUID", "name": "TEXT", "context": "RAW_JSON"},
    "RICH_TEXT_V2": {"blocknote": "TEXT", "markdown": "TEXT"},
}
UNIQUE_SUBFIELD = {"EMAILS": "primaryEmail", "LINKS": "primaryLinkUrl", "PHONES": "primaryPhoneNumber"}

BLANKS: dict[str, Json] = {
    "TEXT": "",
    "TS_VECTOR": "",
    "POSITION": 0,
    "MULTI_SELECT": [],
    "ARRAY": [],
    "FULL_NAME": {"firstName": "", "lastName": ""},
    "EMAILS": {"primaryEmail": "", "additionalEmails": []},
    "PHONES": {
        "primaryPhoneNumber": "",
        "primaryPhoneCountryCode": "",
        "primaryPhoneCallingCode": "",
        "additionalPhones": [],
    },
    "LINKS": {"primaryLinkLabel": "", "primaryLinkUrl": "", "secondaryLinks": []},
    "ADDRESS": {name: None if kind == "NUMERIC" else "" for name, kind in COMPOSITES["ADDRESS"].items()},
    "CURRENCY": {"amountMicros": None, "currencyCode": None},
    "ACTOR": {"source": "MANUAL", "workspaceMemberId": None, "name": "System", "context": None},
    "RICH_TEXT_V2": {"blocknote": None, "markdown": ""},
}


@dataclass(slots=True)
class Relation:
    """One side of a relation; `join_column` is the key in a record and exists on the many-to-one side only."""

    kind: str
    target_object: str
    target_field: str
    join_column: str = ""
    on_delete: str = "SET_NULL"


@dataclass(slots=True)
class Field:
    """A field as its metadata describe it; a morph relation has one `Relation` per target, keyed by join column."""

    id: str
    name: str
    label: str
    type: str
    nullable: bool = True
    unique: bool = False
    system: bool = False
    read_only: bool = False
    custom: bool = False
    active: bool = True
    default: Json = None
    options: list[dict[str, Json]] | None = None
    settings: dict[str, Json] | None = None
    relation: Relation | None = None
    morph: dict[str, Relation] = field(default_factory=dict)
    description: str | None = None
    icon: str | None = None
    overrides: dict[str, Json] | None = None
    created_at: str = ""
    updated_at: str = ""
    universal_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    uploads: dict[str, str] = field(default_factory=dict)
    """Files uploaded for this field: id → name."""

    @property
    def composite(self) -> str:
        """The composite type whose sub-fields this field has, or "" for a scalar."""
        if self.type in COMPOSITES:
            return self.type
        return ""

    def blank(self) -> Json:
        """The value that a record shows when nothing was ever written; shared, never changed in place."""
        if self.default is not None and self.type not in ("ACTOR", "UUID"):
            return unquoted(self.default)
        return BLANKS.get(self.type)

    def joins(self) -> dict[str, Relation]:
        """The join columns that this field adds to a record."""
        if self.morph:
            return self.morph
        if self.relation and self.relation.join_column:
            return {self.relation.join_column: self.relation}
        return {}


@dataclass(slots=True)
class UniqueIndex:
    """Values that no two rows share; `live_only` leaves out soft-deleted rows (contracts/twenty/FACTS-2.x.md §6)."""

    name: str
    paths: tuple[tuple[str, ...], ...]
    label: str
    field: str
    live_only: bool = False

    def key(self, record: Record) -> tuple[Json, ...] | None:
        """The row's key in this index, or None when a part is empty: empty never collides."""
        if self.live_only and record["deletedAt"] is not None:
            return None
        parts = []
        for path in self.paths:
            value: Json = record
            for step in path:
                value = value[step] if value is not None else None
            if value is None or value == "":
                return None
            parts.append(value)
        return tuple(parts)


@dataclass(slots=True)
class ObjectType:
    """An object with its fields in display order."""

    id: str
    singular: str
    plural: str
    label_singular: str
    label_plural: str
    system: bool = False
    custom: bool = False
    active: bool = True
    searchable: bool = True
    description: str | None = None
    icon: str | None = None
    duplicates: list[list[str]] | None = None
    fields: dict[str, Field] = field(default_factory=dict)
    unique: list[UniqueIndex] = field(default_factory=list)
    created_at: str = ""
    updated_at: str = ""
    universal_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    columns: dict[str, Field] = field(default_factory=dict)

    def rebuild(self) -> None:
        """Recompute the record keys after fields came or went."""
        self.columns = {}
        for item in self.fields.values():
            joins = item.joins()
            if joins:
                self.columns.update(dict.fromkeys(joins, item))
            elif item.type not in ("RELATION", "MORPH_RELATION"):
                self.columns[item.name] = item

    def blank_row(self) -> Record:
        """A row in which nothing was written."""
        return {column: None if item.joins() else item.blank() for column, item in self.columns.items()}

    def add_unique(self, item: Field) -> UniqueIndex:
        """Make the field's value unique; of a composite only its primary part counts."""
        sub_field = UNIQUE_SUBFIELD.get(item.type)
        path = (item.name, sub_field) if sub_field else (item.name,)
        index = UniqueIndex(index_name(self.singular, item.name), (path,), item.label, item.name)
        self.unique.append(index)
        return index


class Schema:
    """All objects of one workspace, by singular and by plural name."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.modern = line == "2.x"
        self.objects: dict[str, ObjectType] = {}
        for raw in _standard(line):
            self.objects[raw["names"][0]] = _object(raw, modern=self.modern)

    def by_plural(self, plural: str) -> ObjectType | None:
        return next((item for item in self.objects.values() if item.plural == plural), None)

    def by_id(self, object_id: str) -> ObjectType | None:
        return next((item for item in self.objects.values() if item.id == object_id), None)

    def field_by_id(self, field_id: str) -> tuple[ObjectType, Field] | None:
        for item in self.objects.values():
            for each in item.fields.values():
                if each.id == field_id:
                    return item, each
        return None

    def referring(self, singular: str) -> Iterator[tuple[ObjectType, str, Relation]]:
        """Every join column in the workspace that points at the object."""
        for item in self.objects.values():
            for column, owner in item.columns.items():
                relation = owner.joins().get(column)
                if relation and relation.target_object == singular:
                    yield item, column, relation


def index_name(singular: str, *fields: str, unique: bool = True) -> str:
    """The name that the server derives for an index from the object and its fields."""
    digest = hashlib.sha256(f"{singular}{''.join(fields)}".encode()).hexdigest()[:27]
    return f"IDX_UNIQUE_{digest}" if unique else f"IDX_{digest}"


def unquoted(default: Json) -> Json:
    """A default value as stored in metadata ("'FREE'") turned into the value itself."""
    if isinstance(default, str):
        return default[1:-1] if len(default) > 1 and default[0] == default[-1] == "'" else None
    if isinstance(default, list):
        return [unquoted(item) for item in default]
    if isinstance(default, dict):
        return {key: unquoted(item) if isinstance(item, str) else item for key, item in default.items()}
    return default


def capital(name: str) -> str:
    return name[:1].upper() + name[1:]


@cache
def _standard_text(line: Line) -> str:
    return resources.files(__package__).joinpath(f"data/standard-{line}.json").read_text(encoding="utf-8")


def _standard(line: Line) -> list[dict[str, Json]]:
    return json.loads(_standard_text(line))  # type: ignore[no-any-return]


def stored_type(shown: str, *, modern: bool) -> str:
    """2.x calls RICH_TEXT what 1.x calls RICH_TEXT_V2 (contracts/twenty/FACTS-2.x.md §7); one name is kept inside."""
    return "RICH_TEXT_V2" if modern and shown == "RICH_TEXT" else shown


def shown_type(stored: str, *, modern: bool) -> str:
    return "RICH_TEXT" if modern and stored == "RICH_TEXT_V2" else stored


def _object(raw: dict[str, Json], *, modern: bool) -> ObjectType:
    singular, plural = raw["names"]
    built = ObjectType(
        id=raw["id"],
        singular=singular,
        plural=plural,
        label_singular=raw["labels"][0],
        label_plural=raw["labels"][1],
        system=raw.get("system", False),
        duplicates=raw.get("duplicates"),
        description=raw["labels"][0],
        icon="Icon123",
    )
    for item in raw["fields"]:
        built.fields[item["name"]] = _field(item, singular, modern=modern)
    built.rebuild()
    for index in raw.get("unique", []):
        paths, label = [], ""
        for name in index["fields"]:
            member = built.fields[name]
            sub_field = UNIQUE_SUBFIELD.get(member.type)
            paths.append((name, sub_field) if sub_field else (next(iter(member.joins()), name),))
            label = member.label
        unique = UniqueIndex(index["name"], tuple(paths), label, index["fields"][0], index.get("live", False))
        built.unique.append(unique)
    return built


FOLLOWERS = {
    "noteTarget": frozenset(("note", "person", "company", "opportunity")),
    "taskTarget": frozenset(("task", "person", "company", "opportunity")),
    "attachment": frozenset(("person", "company", "opportunity", "dashboard", "workflow")),
    "timelineActivity": frozenset(("person", "company", "workflow", "workflowVersion", "workflowRun")),
}
"""Link rows of 2.x that are destroyed along with what they hang on; from all others the target is only taken away."""


def _field(raw: dict[str, Json], of: str, *, modern: bool) -> Field:
    settings = raw.get("settings")
    built = Field(
        id=raw["id"],
        name=raw["name"],
        label=raw["label"],
        type=stored_type(raw["type"], modern=modern),
        nullable=not raw.get("required", False),
        unique=raw.get("unique", False),
        system=raw.get("system", False),
        read_only=raw.get("readOnly", False),
        default=raw.get("default"),
        options=raw.get("options"),
        settings=settings,
        description=raw["label"],
        icon="Icon123",
    )
    on_delete = (settings or {}).get("onDelete") or "SET_NULL"
    followers = FOLLOWERS.get(of, frozenset()) if modern else frozenset()
    if "relation" in raw:
        kind, target, target_field = raw["relation"]
        join = (settings or {}).get("joinColumnName", "") if kind == MANY_TO_ONE else ""
        built.relation = Relation(kind, target, target_field, join, on_delete)
    for target, target_field in raw.get("morph", []):
        join = f"{raw['name']}{capital(target)}Id"
        follows = "CASCADE" if target in followers else on_delete
        built.morph[join] = Relation(MANY_TO_ONE, target, target_field, join, follows)
    return built
