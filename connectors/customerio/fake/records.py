"""What a Customer.io workspace holds, one dataclass per kind of record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
ObjectKey = tuple[str, str]


MESSAGE_PARENTS = (
    "campaign_id",
    "action_id",
    "parent_action_id",
    "broadcast_id",
    "newsletter_id",
    "content_id",
    "trigger_event_id",
    "transactional_message_id",
)


def new_message(message_id: str, created: int) -> Row:
    """A delivery to nobody yet; parents that it does not have are null (FACTS.md §8)."""
    row: Row = {
        "id": message_id,
        "deduplicate_id": f"{message_id}:{created}",
        "type": "email",
        "created": created,
    }
    row |= {
        "recipient": None,
        "subject": "",
        "customer_id": None,
        "customer_identifiers": None,
        "metrics": {},
    }
    return row | {"failure_message": None, "forgotten": False, "msg_template_id": None} | dict.fromkeys(MESSAGE_PARENTS)


def as_text(value: object) -> str:
    """Customer.io keeps every attribute as a string: numbers, booleans and nested JSON too (FACTS.md §4)."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@dataclass
class Traits:
    """Attributes and the second in which each of them was last set."""

    attributes: dict[str, str] = field(default_factory=dict)
    timestamps: dict[str, int] = field(default_factory=dict)

    def set(self, changes: Mapping[str, object], at: int) -> dict[str, dict[str, str]]:
        """Apply the changes (None removes an attribute) and say what each one was and became."""
        changed = {}
        for name, value in changes.items():
            before, after = self.attributes.get(name, ""), "" if value is None else as_text(value)
            if before == after and (value is None) == (name not in self.attributes):
                continue
            changed[name] = {"from": before, "to": after}
            if value is None:
                del self.attributes[name]
                self.timestamps.pop(name, None)
            else:
                self.attributes[name] = after
                self.timestamps[name] = at
        return changed


@dataclass
class Person(Traits):
    """A profile. `id` and `email` are attributes like any other; only the cio_id is sure to be there."""

    cio_id: str = ""
    unsubscribed: bool = False
    devices: list[Row] = field(default_factory=list)
    optouts: list[Row] = field(default_factory=list)

    @property
    def id(self) -> str | None:
        return self.attributes.get("id")

    @property
    def email(self) -> str | None:
        return self.attributes.get("email")


@dataclass
class CustomObject(Traits):
    """One object of a custom object type, such as a company."""

    object_type_id: str = ""
    object_id: str = ""
    cio_object_id: str = ""

    @property
    def key(self) -> ObjectKey:
        return self.object_type_id, self.object_id

    @property
    def identifiers(self) -> dict[str, str]:
        return {"object_id": self.object_id, "cio_object_id": self.cio_object_id}


@dataclass
class Relationship(Traits):
    """A person's tie to an object, with attributes of its own."""

    cio_id: str = ""
    object_key: ObjectKey = ("", "")


@dataclass
class Segment:
    """A segment; `conditions` is None where a human picked the members or where the API does not tell."""

    id: int
    name: str
    description: str = ""
    type: str = "dynamic"
    state: str = "finished"
    conditions: Row | None = None
    members: dict[str, None] = field(default_factory=dict)
    tags: list[str] | None = None
    archived: bool = False
    created_at: int = 0
    updated_at: int = 0

    @property
    def served_members(self) -> list[str]:
        """The members the API shows; half of them are missing until the segment is finished (FACTS.md §5)."""
        members = list(self.members)
        return members if self.state == "finished" else members[: len(members) // 2]
