"""Twenty as a destination: the protocol's methods, each handed to the module that knows how."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from connectors.catalogue import Catalogue, Field, FieldType, ObjectType
from connectors.contract import Access, Capabilities, Cursor, Draft, Echo, Existing, Identity, Totals, Trigger
from connectors.errors import Rejected
from connectors.plans import SchemaChange, SchemaPlan
from connectors.twenty import checks, figures, values
from connectors.twenty.api import TwentyApi
from connectors.twenty.automations import Automations
from connectors.twenty.catalogue import Schema, read_schema
from connectors.twenty.probe import describe_rate, probe
from connectors.twenty.reading import Reader
from connectors.twenty.schema import SchemaEditor
from connectors.twenty.timeline import Timeline
from connectors.twenty.uploading import upload
from connectors.twenty.writing import Writer

Json = Any

_WORKSPACE = "{currentWorkspace{id displayName}}"


def _remembered(access: Access) -> Capabilities | None:
    """What an earlier visit found out; the rate is the budget's to know, and is not remembered."""
    known = access.known.get("capabilities")
    return Capabilities(**{**known, "rate": None}) if known else None


class TwentyDestination:
    """One workspace of Twenty; see `connectors.contract.Destination`.

    The schema is read once and again after each change made here; `catalogue()` always reads it anew.
    """

    def __init__(self, access: Access) -> None:
        self._api = TwentyApi(access)
        self._schema: Schema | None = None
        self._capabilities = _remembered(access)
        self._reader = Reader(self._api)
        self._writer = Writer(self._api, self._reader)
        self._editor = SchemaEditor(self._api, self._remember)
        self._automations = Automations(self._api, self._reader)
        self._timeline = Timeline(self._api, self._reader)
        self.calls: Mapping[str, int] = self._api.client.calls

    def __repr__(self) -> str:
        return f"<TwentyDestination {self._api!r}>"

    def _remember(self, schema: Schema | None) -> None:
        self._schema = schema

    def _known(self) -> Schema:
        """The schema as last read."""
        if self._schema is None:
            self._schema = read_schema(self._api)
        return self._schema

    def _object(self, name: str) -> ObjectType:
        """The object from the schema as last read; an unknown one may be new, so the schema is read again."""
        if self._known().catalogue.object(name) is None:
            self._schema = None
        return self._known().object(name)

    def check(self) -> Identity:
        """See `Destination.check`. A page of one person proves the key; the workspace tells its name."""
        people = self._api.get("/rest/people", limit=1)["totalCount"]
        try:
            workspace = self._api.metadata_graphql(_WORKSPACE, {})["currentWorkspace"]
        except Rejected:
            workspace = {}
        facts = {"People": f"{people:,}", "Requests": describe_rate(self._api.client.rate)}
        if workspace.get("id"):
            facts["Workspace"] = str(workspace["id"])
        return Identity(str(workspace.get("displayName") or "Twenty workspace"), facts)

    def capabilities(self) -> Capabilities:
        """See `Destination.capabilities`."""
        if self._capabilities is None:
            self._capabilities = probe(self._api, self._known())
        return self._capabilities

    def catalogue(self) -> Catalogue:
        """See `Destination.catalogue`."""
        self._schema = read_schema(self._api)
        return self._schema.catalogue

    def plan_missing(self, plan: SchemaPlan) -> SchemaPlan:
        """See `Destination.plan_missing`."""
        return self._editor.plan_missing(plan)

    def ensure(self, plan: SchemaPlan, journal: Callable[[SchemaChange], None]) -> None:
        """See `Destination.ensure`."""
        self._editor.ensure(plan, journal)

    def drop(self, change: SchemaChange) -> None:
        """See `Destination.drop`."""
        self._editor.drop(change)

    def find(
        self, object: str, *, ids: Sequence[str] = (), keys: Mapping[str, Sequence[str]] | None = None
    ) -> list[Existing]:
        """See `Destination.find`."""
        return self._reader.find(self._object(object), ids, keys or {})

    def write(self, object: str, drafts: Sequence[Draft]) -> list[str]:
        """See `Destination.write`."""
        return self._writer.write(self._object(object), drafts)

    def update(self, object: str, drafts: Sequence[Draft]) -> list[str]:
        """See `Destination.update`; records that are gone or soft-deleted are missing from the answer."""
        return self._writer.update(self._object(object), drafts)

    def read(self, object: str, ids: Sequence[str]) -> list[Existing]:
        """See `Destination.read`."""
        return self._reader.read(self._object(object), ids)

    def pages(self, object: str, cursor: Cursor | None = None) -> Iterator[tuple[list[Existing], Cursor | None]]:
        """See `Destination.pages`."""
        return self._reader.pages(self._object(object), cursor)

    def deleted(self, object: str, cursor: Cursor | None = None) -> Iterator[tuple[list[Existing], Cursor | None]]:
        """See `Destination.deleted`."""
        return self._reader.deleted(self._object(object), cursor)

    def restore(self, object: str, ids: Sequence[str]) -> None:
        """See `Destination.restore`."""
        self._writer.restore(self._object(object), ids)

    def count(self, object: str) -> int:
        """See `Destination.count`."""
        return self._reader.count(self._object(object))

    def remove(self, object: str, ids: Sequence[str]) -> None:
        """See `Destination.remove`."""
        self._writer.remove(self._object(object), ids)

    def retire(self, object: str, ids: Sequence[str]) -> None:
        """See `Destination.retire`."""
        self._writer.retire(self._object(object), ids)

    def aggregate(self, object: str, fields: Sequence[str], author: tuple[str, str]) -> Totals | None:
        """See `Destination.aggregate`."""
        return figures.aggregate(self._api, self._object(object), fields, author)

    def weight(self, type: FieldType, value: Json) -> float | str | bool | None:
        """See `Destination.weight`."""
        return figures.weight(type, value)

    def upload(self, name: str, content: bytes, type: str) -> dict[str, Json]:
        """See `Destination.upload`."""
        return upload(self._api, self._object("attachment"), name, content, type)

    def echoes(self, object: str, ids: Sequence[str]) -> list[Echo]:
        """See `Destination.echoes`."""
        return self._timeline.lines(self._known().catalogue, object, ids)

    def hush(self, object: str, ids: Sequence[str]) -> int:
        """See `Destination.hush`."""
        return self._timeline.remove(self._known().catalogue, object, ids)

    def canonical(self, type: FieldType, value: Json) -> tuple[Json, str]:
        """See `Destination.canonical`."""
        return values.canonical(type, value)

    def problem(self, field: Field, value: Json) -> str:
        """See `Destination.problem`."""
        return checks.problem(field, value)

    def triggers(self, objects: Sequence[str]) -> list[Trigger]:
        """See `Destination.triggers`."""
        known = self._known().catalogue
        return self._automations.triggers(known.object("workflowAutomatedTrigger"), known.object("workflow"), objects)

    def listeners(self, objects: Sequence[str]) -> list[str]:
        """See `Destination.listeners`."""
        return self._automations.listeners(objects)

    def pause(self, trigger_id: str) -> None:
        """See `Destination.pause`."""
        self._automations.pause(trigger_id)

    def resume(self, trigger_id: str) -> None:
        """See `Destination.resume`."""
        self._automations.resume(trigger_id)
