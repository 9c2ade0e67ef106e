"""The field map as data: for each object type where it lands, for each field what becomes of it."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from connectors.catalogue import FieldType


class Action(StrEnum):
    """What becomes of a source field."""

    MAP = "map"
    CREATE = "create"
    COMBINE = "combine"
    SKIP = "skip"


class OnError(StrEnum):
    """Where a value goes that its transform cannot turn."""

    KEEP_RAW = "keep_raw"
    HOLD = "hold"
    EMPTY = "empty"


class Frozen(BaseModel):
    """Base of all parts of a map: immutable, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Choice(Frozen):
    """One option of a select field: the source's value, and value and label on the destination."""

    source: str
    value: str
    label: str


class Alternative(Frozen):
    """A destination that was considered too. `type` is that of its top-level field."""

    destination: str
    confidence: float
    type: FieldType | None = None
    reason: str = ""


class FieldRule(Frozen):
    """What becomes of one source field (or, for `combine`, of several).

    `destination` is the destination's API path down to the sub-field, e.g. `emails.primaryEmail`; `type` is
    the type of its top-level field. `label` and `description` are used where the field is made.
    `raw_destination` is the companion text field that takes what the transform cannot turn (KEEP_RAW).
    """

    source: str
    also: tuple[str, ...] = ()
    action: Action
    destination: str = ""
    type: FieldType | None = None
    label: str = ""
    description: str = ""
    unique: bool = False
    transform: str = "text"
    options: dict[str, Any] = {}
    choices: tuple[Choice, ...] = ()
    on_error: OnError = OnError.KEEP_RAW
    raw_destination: str = ""
    confidence: float = 0.0
    reason: str = ""
    alternatives: tuple[Alternative, ...] = ()
    decided_by: str = ""

    @property
    def field(self) -> str:
        """The top-level destination field: `emails` of `emails.primaryEmail`."""
        return self.destination.split(".", 1)[0]


class RelationRule(Frozen):
    """A link from the records of one object type to those of another, other than by a relationship with people.

    `source` is the attribute whose value names the other record, `to` the source object type that it names
    (`person`, `object:1`) or `member` for a member of the destination's workspace, and `by` the field of the other
    record that is compared (`object_id`, `cio_id`, `email`, …). `destination` is the relation field's API name.
    """

    source: str
    to: str
    by: str
    destination: str
    label: str = ""
    inverse_label: str = ""
    action: Action = Action.CREATE
    confidence: float = 0.0
    reason: str = ""
    decided_by: str = ""


class Kind(StrEnum):
    """What a happening counts as (contracts/customerio/FACTS.md section 16)."""

    EVENT = "event"
    EMAIL = "email"
    CALL = "call"
    MEETING = "meeting"
    NOTE = "note"
    TASK = "task"


class Home(StrEnum):
    """Where a happening lands on the destination."""

    ACTIVITY = "activity"
    COMMENT = "comment"
    TASK = "task"


class ActivityRule(Frozen):
    """What becomes of one stream of happenings.

    `source` is `event`, `message` or an object type (`object:4`). For events, `name` is the event's name as it is;
    where a generic event tells its kind by a property, `where` names that property and `equals` its value. `parts`
    says which property plays which part: title, body, start, end, duration, disposition, location, attendees, due,
    status, assignee, author, author_name, recording, attachments; a dot leads into an object
    (`properties.hs_call_title`).
    `columns`: start, end and location become fields of their own. `count` and `examples` are what discovery saw;
    `alternative` is the kind that it may be, where that is too weak to be proposed.
    """

    source: str
    name: str = ""
    where: str = ""
    equals: str = ""
    action: Action = Action.MAP
    kind: Kind = Kind.EVENT
    home: Home = Home.ACTIVITY
    parts: dict[str, str] = {}
    columns: bool = False
    count: int = 0
    examples: tuple[str, ...] = ()
    alternative: Kind | None = None
    confidence: float = 0.0
    reason: str = ""
    decided_by: str = ""

    @property
    def key(self) -> str:
        """What tells this stream from the others: `event:call_logged`, `event:engagement?type=CALL`."""
        tail = f"?{self.where}={self.equals}" if self.where else ""
        return f"{self.source}:{self.name}{tail}" if self.name else f"{self.source}{tail}"


class ObjectRule(Frozen):
    """Where one source object type lands.

    `match_on` is the destination path whose value tells that a record is already there (a unique field).
    `create` says that the destination object has to be made, with `plural`, `label` and `label_plural`.
    """

    source: str
    destination: str
    action: Action = Action.MAP
    create: bool = False
    plural: str = ""
    label: str = ""
    label_plural: str = ""
    description: str = ""
    match_on: str = ""
    hold_without_match: bool = False
    fields: tuple[FieldRule, ...] = ()
    relations: tuple[RelationRule, ...] = ()
    confidence: float = 0.0
    reason: str = ""
    decided_by: str = ""

    def rule_for(self, source: str) -> FieldRule | None:
        """The rule of one source field."""
        return next((rule for rule in self.fields if rule.source == source or source in rule.also), None)


EVIDENCE = {"confidence", "reason", "alternatives", "decided_by", "count", "examples", "alternative"}
"""Why a rule was proposed and by whom decided: shown and kept, but not part of what is signed."""


class MapSpec(Frozen):
    """A whole field map. Its digest covers every decision and none of the evidence for it."""

    format: int = 1
    default_country: str = "US"
    objects: tuple[ObjectRule, ...] = ()
    activities: tuple[ActivityRule, ...] = ()

    def object(self, source: str) -> ObjectRule | None:
        """The rule of one source object type."""
        return next((rule for rule in self.objects if rule.source == source), None)

    def digest(self) -> str:
        """SHA-256 over the decisions in canonical JSON, as 64 hex digits."""
        decisions = decisions_of(self.model_dump(mode="json"))
        text = json.dumps(decisions, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def decisions_of(value: Any) -> Any:
    """The decisions of a dumped map; the free-form parts (`options`, `parts`) are left as they are."""
    if isinstance(value, list):
        return [decisions_of(item) for item in value]
    if isinstance(value, dict):
        return {
            key: part if key in ("options", "parts") else decisions_of(part)
            for key, part in value.items()
            if key not in EVIDENCE
        }
    return value
