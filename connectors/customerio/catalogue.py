"""What a Customer.io workspace holds, as far as it tells: attribute names are found by reading only (FACTS.md §12)."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.catalogue import Catalogue, Field, FieldType, ObjectKind, ObjectType
from connectors.customerio.payloads import CustomType, Workspace

SEGMENT = "segment"
MEMBERSHIP = "membership"
PERSON = "person"
OBJECT = "object"
RELATIONSHIP = "relationship"


def object_name(type_id: str) -> str:
    """The name of an object type: `object:1`."""
    return f"{OBJECT}:{type_id}"


def build(workspaces: Sequence[Workspace], types: Sequence[CustomType], segments: int) -> Catalogue:
    """The catalogue in reading order."""
    customs = [_custom(row, objects_of(workspaces, types)) for row in types]
    return Catalogue((_segment(segments), MEMBERSHIPS, _person(workspaces), *customs, _relationship(customs)))


def people_of(workspaces: Sequence[Workspace]) -> int | None:
    """The number of people where the account has one workspace; else nobody says which is ours (FACTS.md §3)."""
    return workspaces[0].people if len(workspaces) == 1 else None


def objects_of(workspaces: Sequence[Workspace], types: Sequence[CustomType]) -> int | None:
    """The number of objects of the only type; the vendor counts all types together (FACTS.md §3)."""
    return workspaces[0].objects if len(workspaces) == 1 and len(types) == 1 else None


def _text(name: str, label: str, *, unique: bool = False) -> Field:
    return Field(name, label, FieldType.TEXT, unique=unique, nullable=not unique, writable=False)


MEMBERSHIPS = ObjectType(
    name=MEMBERSHIP,
    label="Segment membership",
    label_plural="Segment memberships",
    key="key",
    kind=ObjectKind.LINK,
    description="Who is in which segment at the time of reading; Customer.io does not tell since when.",
    references=(SEGMENT,),
)


def _segment(count: int) -> ObjectType:
    return ObjectType(
        name=SEGMENT,
        label="Segment",
        label_plural="Segments",
        key="id",
        fields=(_text("id", "ID", unique=True), _text("name", "Name"), _text("description", "Description")),
        kind=ObjectKind.CONFIG,
        count=count,
        description="Groups of people, by conditions or chosen by hand. Archived segments are not readable.",
    )


def _person(workspaces: Sequence[Workspace]) -> ObjectType:
    return ObjectType(
        name=PERSON,
        label="Person",
        label_plural="People",
        key="cio_id",
        fields=(
            _text("cio_id", "Customer.io ID", unique=True),
            _text("id", "ID"),
            _text("email", "Email"),
            Field("unsubscribed", "Unsubscribed", FieldType.BOOLEAN, nullable=False, writable=False),
        ),
        count=people_of(workspaces),
        description="People with all their attributes. Anonymous and suppressed profiles are not readable.",
    )


def _custom(row: CustomType, count: int | None) -> ObjectType:
    plural = row.name or row.singular_name or f"Objects of type {row.id}"
    disabled = row.enabled is False
    return ObjectType(
        name=object_name(row.id),
        label=row.singular_name or row.name or f"Object of type {row.id}",
        label_plural=plural,
        key="cio_object_id",
        fields=(_text("cio_object_id", "Customer.io object ID", unique=True), _text("object_id", "Object ID")),
        custom=True,
        count=count,
        description=f"Custom objects of the type {plural}." + (" Disabled in Customer.io." if disabled else ""),
        enabled=not disabled,
    )


def _relationship(customs: Sequence[ObjectType]) -> ObjectType:
    return ObjectType(
        name=RELATIONSHIP,
        label="Relationship",
        label_plural="Relationships",
        key="key",
        kind=ObjectKind.LINK,
        description="Which person belongs to which object, with the attributes of the relationship itself.",
        references=(PERSON, *(custom.name for custom in customs)),
    )
