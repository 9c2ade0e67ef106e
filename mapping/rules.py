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
    """A destination that was considered too."""

    destination: str
    confidence: float


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

    def rule_for(self, source: str) -> FieldRule | None:
        """The rule of one source field."""
        return next((rule for rule in self.fields if rule.source == source or source in rule.also), None)


EVIDENCE = {"confidence", "reason", "alternatives", "decided_by"}
"""Why a rule was proposed and by whom decided: shown and kept, but not part of what is signed."""


class MapSpec(Frozen):
    """A whole field map. Its digest covers every decision and none of the evidence for it."""

    format: int = 1
    default_country: str = "US"
    objects: tuple[ObjectRule, ...] = ()

    def object(self, source: str) -> ObjectRule | None:
        """The rule of one source object type."""
        return next((rule for rule in self.objects if rule.source == source), None)

    def digest(self) -> str:
        """SHA-256 over the decisions in canonical JSON, as 64 hex digits."""
        decisions = self.model_dump(mode="json")
        for rule in decisions["objects"]:
            rule["fields"] = [
                {key: value for key, value in field.items() if key not in EVIDENCE} for field in rule["fields"]
            ]
        text = json.dumps(decisions, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
