"""The state of one fake workspace: data model, rows, members, and who is calling."""

from __future__ import annotations

import copy
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .schema import Line, ObjectType, Record, Schema
from .store import Table
from .values import timestamp

Json = Any


@dataclass(frozen=True, slots=True)
class Caller:
    """The API key behind a request; its name is what createdBy and updatedBy show."""

    name: str
    read_only: bool = False

    def actor(self) -> Record:
        return {"source": "API", "workspaceMemberId": None, "name": self.name, "context": {}}


SYSTEM = {"source": "SYSTEM", "workspaceMemberId": None, "name": "System", "context": None}


@dataclass(slots=True)
class Settings:
    """What an administrator of the server decides."""

    logic_functions: bool = False
    workflow_delay: float = 0.0
    direct_metadata: bool = True
    fresh_worker: bool = False
    """Whether the worker has not heard of new objects yet: for some minutes it writes no timeline of them."""


@dataclass(slots=True)
class PendingRun:
    """A workflow run that waits for its moment."""

    due: float
    person_id: str
    run_id: str


@dataclass(slots=True)
class Extras:
    """Things that live beside the records: views with their parts, and webhooks."""

    views: dict[str, Record] = field(default_factory=dict)
    binned_views: set[str] = field(default_factory=set)
    view_filters: dict[str, Record] = field(default_factory=dict)
    view_fields: dict[str, Record] = field(default_factory=dict)
    view_sorts: dict[str, Record] = field(default_factory=dict)
    view_filter_groups: dict[str, Record] = field(default_factory=dict)
    webhooks: dict[str, Record] = field(default_factory=dict)


class Workspace:
    """Schema and tables together; every service function takes one of these first."""

    def __init__(self, line: Line, clock: Callable[[], float], settings: Settings) -> None:
        self.line = line
        self.modern = line == "2.x"
        self.id = "d0210ce3-3b82-4787-babb-59983252e99a"
        self.application_id = str(uuid.uuid5(uuid.NAMESPACE_URL, "twenty-standard-application"))
        self.custom_application_id = str(uuid.uuid5(uuid.NAMESPACE_URL, "workspace-custom-application"))
        self.clock = clock
        self.settings = settings
        self.schema = Schema(line)
        self.tables = {name: Table(kind) for name, kind in self.schema.objects.items()}
        self.extras = Extras()
        self.pending_runs: deque[PendingRun] = deque()

    def now(self) -> str:
        return timestamp(datetime.now(UTC))

    def table(self, kind: ObjectType | str) -> Table:
        return self.tables[kind if isinstance(kind, str) else kind.singular]

    def add_object(self, kind: ObjectType) -> None:
        self.schema.objects[kind.singular] = kind
        self.tables[kind.singular] = Table(kind)

    def drop_object(self, kind: ObjectType) -> None:
        del self.schema.objects[kind.singular]
        del self.tables[kind.singular]

    def snapshot(self) -> dict[str, Json]:
        """All rows and the data model as they are now, for comparing two moments.

        Rows are copied one level deep: the values inside them are replaced on a write, never changed in place.
        """
        return {
            "records": {
                name: {key: dict(row) for key, row in table.rows.items()} for name, table in self.tables.items()
            },
            "schema": {name: _described(kind) for name, kind in self.schema.objects.items()},
            "views": copy.deepcopy(self.extras.views),
            "viewFilters": copy.deepcopy(self.extras.view_filters),
            "viewFields": copy.deepcopy(self.extras.view_fields),
            "files": sorted(
                file for kind in self.schema.objects.values() for item in kind.fields.values() for file in item.uploads
            ),
        }


def _described(kind: ObjectType) -> dict[str, Json]:
    """The comparable part of an object's definition, without its timestamps."""
    return {
        "id": kind.id,
        "plural": kind.plural,
        "labels": [kind.label_singular, kind.label_plural],
        "active": kind.active,
        "fields": {
            name: {
                "id": item.id,
                "label": item.label,
                "type": item.type,
                "unique": item.unique,
                "active": item.active,
                "description": item.description,
                "options": copy.deepcopy(item.options),
                "columns": sorted(item.joins()),
            }
            for name, item in kind.fields.items()
        },
    }
