"""What a Customer.io workspace holds, as far as it tells: attribute names are found by reading only (FACTS.md §12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.catalogue import Catalogue, Field, FieldType, ObjectKind, ObjectType
from connectors.customerio.payloads import CustomType, Workspace

SEGMENT = "segment"
MEMBERSHIP = "membership"
PERSON = "person"
OBJECT = "object"
RELATIONSHIP = "relationship"
EVENT = "event"
MESSAGE = "message"
HISTORY = "history"
SUPPRESSION = "suppression"
AUTOMATIONS = ("campaign", "broadcast", "newsletter", "transactional")
SETTINGS = ("snippet", "collection", "topic", "reporting_webhook", "sender")
METRICS = ("sent", "delivered", "opened", "clicked", "bounced")
"""Metrics of a message that have a field of their own."""

COUNTED = (*AUTOMATIONS, *SETTINGS)
"""What the vendor lists whole, so that it can be counted with a request or two."""


def object_name(type_id: str) -> str:
    """The name of an object type: `object:1`."""
    return f"{OBJECT}:{type_id}"


def build(
    workspaces: Sequence[Workspace],
    types: Sequence[CustomType],
    segments: int,
    counts: Mapping[str, int | None],
) -> Catalogue:
    """The catalogue in reading order; `counts` by the names in COUNTED."""
    customs = [_custom(row, objects_of(workspaces, types)) for row in types]
    configured = [_configured(name, counts.get(name)) for name in COUNTED]
    records = (_segment(segments), MEMBERSHIPS, _person(workspaces), *customs, _relationship(customs))
    return Catalogue((*records, EVENTS, MESSAGES, *configured, OTHER_ACTIVITIES, SUPPRESSED))


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


EVENTS = ObjectType(
    name=EVENT,
    label="Event",
    label_plural="Events",
    key="id",
    fields=(
        _text("id", "Activity ID", unique=True),
        _text("name", "Name"),
        _text("type", "Type"),
        Field("timestamp", "Time", FieldType.DATE_TIME, writable=False),
        _text("cio_id", "Customer.io ID of the person"),
        Field("data", "Properties", FieldType.RAW_JSON, writable=False),
    ),
    kind=ObjectKind.HAPPENING,
    description="Custom events, page and screen views of the last 30 days; older ones come from an archive only.",
    references=(PERSON,),
)

MESSAGES = ObjectType(
    name=MESSAGE,
    label="Message",
    label_plural="Messages",
    key="id",
    fields=(
        _text("id", "Delivery ID", unique=True),
        _text("title", "Title"),
        _text("subject", "Subject"),
        _text("type", "Type"),
        _text("recipient", "Recipient"),
        _text("status", "Status"),
        Field("created", "Created", FieldType.DATE_TIME, writable=False),
        *(Field(f"{name}_at", name.title(), FieldType.DATE_TIME, writable=False) for name in METRICS),
        Field("metrics", "Metrics", FieldType.RAW_JSON, writable=False),
        _text("failure_message", "Failure"),
    ),
    kind=ObjectKind.HAPPENING,
    description="E-mails and other messages from the first one on, without their text. Drafts are counted only.",
    references=(PERSON,),
)

OTHER_ACTIVITIES = ObjectType(
    name=HISTORY,
    label="Other activity",
    label_plural="Other activities",
    key="id",
    fields=(_text("id", "Activity ID", unique=True), _text("type", "Type")),
    kind=ObjectKind.TRACE,
    description="Changes of people and objects, and what became of messages, in the last 30 days: for a delta.",
    references=(PERSON,),
)

SUPPRESSED = ObjectType(
    name=SUPPRESSION,
    label="Suppressed address",
    label_plural="Suppressed addresses",
    key="key",
    fields=(_text("email", "Email"), _text("category", "List"), _text("reason", "Reason"), _text("status", "Status")),
    kind=ObjectKind.TRACE,
    description="Addresses that bounced or complained, those of other workspaces with the same domain included.",
)

CONFIGURED: Mapping[str, tuple[str, str, str]] = {
    "campaign": ("Campaign", "Campaigns", "Journeys with their steps; waits, branches and their order are not told."),
    "broadcast": ("Broadcast", "Broadcasts", "API-triggered broadcasts with their messages and when they were sent."),
    "newsletter": ("Newsletter", "Newsletters", "One-time sends with their text per language or variant."),
    "transactional": ("Transactional message", "Transactional messages", "Templates that the customer's code sends."),
    "snippet": ("Snippet", "Snippets", "Pieces of text that messages share."),
    "collection": ("Collection", "Collections", "Tables that messages draw on; their names and columns."),
    "topic": ("Subscription topic", "Subscription topics", "What people can subscribe to."),
    "reporting_webhook": ("Reporting webhook", "Reporting webhooks", "Where Customer.io reports what it sent."),
    "sender": ("Sender", "Senders", "Addresses that messages are sent from, hidden ones too."),
}
"""Name → label, plural, description of what is configured; all of it is read for the handoff."""


def _configured(name: str, count: int | None) -> ObjectType:
    label, plural, description = CONFIGURED[name]
    key = "name" if name == "snippet" else "id"
    fields: tuple[Field, ...] = (_text(key, "Name" if key == "name" else "ID", unique=True),)
    if key == "id":
        fields += (_text("name", "Name"),)
    return ObjectType(name, label, plural, key, fields, ObjectKind.CONFIG, count=count, description=description)


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
