"""What a system holds: the common words for object types, their fields and the types of these."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FieldType(StrEnum):
    """The common vocabulary of field types; the names are Twenty's (contracts/twenty/FACTS.md section 7)."""

    TEXT = "TEXT"
    NUMBER = "NUMBER"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    DATE_TIME = "DATE_TIME"
    SELECT = "SELECT"
    MULTI_SELECT = "MULTI_SELECT"
    RATING = "RATING"
    ARRAY = "ARRAY"
    RAW_JSON = "RAW_JSON"
    UUID = "UUID"
    CURRENCY = "CURRENCY"
    LINKS = "LINKS"
    EMAILS = "EMAILS"
    PHONES = "PHONES"
    FULL_NAME = "FULL_NAME"
    ADDRESS = "ADDRESS"
    ACTOR = "ACTOR"
    RICH_TEXT = "RICH_TEXT"
    FILES = "FILES"
    RELATION = "RELATION"
    MORPH_RELATION = "MORPH_RELATION"
    POSITION = "POSITION"
    NUMERIC = "NUMERIC"
    TS_VECTOR = "TS_VECTOR"


class ObjectKind(StrEnum):
    """Why an object type is read.

    Records, links between records, configuration for the handoff, happenings (what a record did or was sent, at
    a time), and traces: history kept for a delta or an audit, which does not migrate and needs no profile.
    """

    RECORD = "record"
    LINK = "link"
    CONFIG = "config"
    HAPPENING = "happening"
    TRACE = "trace"


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a SELECT or MULTI_SELECT field; `id` is the destination's own, empty before it exists."""

    value: str
    label: str
    color: str = "sky"
    id: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object type. `references` names the object type that a relation points to."""

    name: str
    label: str
    type: FieldType
    description: str = ""
    unique: bool = False
    nullable: bool = True
    writable: bool = True
    custom: bool = False
    options: tuple[Option, ...] = ()
    references: str = ""
    id: str = ""
    """The destination's id of the field, needed to change it."""
    join_column: str = ""
    """For a relation: the key under which the other record's id is written, e.g. `companyId`."""
    default: int | float | str | bool | None = None
    """What the destination puts where a new record says nothing, for types of one plain value."""


@dataclass(frozen=True, slots=True)
class ObjectType:
    """One kind of thing a system holds. `key` names the field that identifies a record for ever."""

    name: str
    label: str
    label_plural: str
    key: str
    fields: tuple[Field, ...] = ()
    kind: ObjectKind = ObjectKind.RECORD
    custom: bool = False
    count: int | None = None
    description: str = ""
    enabled: bool = True
    plural: str = ""
    """The destination's API name of the list, e.g. `people`."""
    id: str = ""
    references: tuple[str, ...] = ()
    """Names of the object types whose records must be read before this one's."""

    def field(self, name: str) -> Field | None:
        """The field of that API name, or None."""
        return next((f for f in self.fields if f.name == name), None)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a system holds: object types with their fields, in the order in which they must be read."""

    objects: tuple[ObjectType, ...]

    def object(self, name: str) -> ObjectType | None:
        """The object type of that name, or None."""
        return next((o for o in self.objects if o.name == name), None)
