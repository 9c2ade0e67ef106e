"""`/rest/{plural}` with its batch, restore, duplicates, groupBy and merge forms (contracts/twenty/FACTS.md §2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import duplicates, records
from .errors import Refusal, bad_request, not_found
from .filter_syntax import parse_filter
from .filters import as_inserted, matching
from .grouping import group_by
from .paging import page, parse_limit, parse_order
from .render import shown
from .schema import ObjectType, Record, capital
from .values import ANY_UUID
from .workspace import Caller, Workspace

Json = Any

# Lists of these hide every row that no visible channel owns (contracts/twenty/FACTS.md §10).
HIDDEN_IN_LISTS = ("message", "calendarEvent")


@dataclass(frozen=True, slots=True)
class Reply:
    """A status with a JSON body; `None` is an empty body."""

    status: int
    body: Json


@dataclass(frozen=True, slots=True)
class Call:
    """One REST request, taken apart."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Json
    caller: Caller

    @property
    def parts(self) -> list[str]:
        return [part for part in self.path.split("/") if part][1:]

    @property
    def soft(self) -> bool:
        """Only the exact word spares the record; anything else destroys it (FACTS.md §6)."""
        return self.query.get("soft_delete") == "true"


class RestApi:
    """Answers core calls; `charge` takes a token from the rate limit once the object is known."""

    def __init__(self, workspace: Workspace, charge: Callable[[], None]) -> None:
        self.workspace = workspace
        self.charge = charge

    def handle(self, call: Call) -> Reply:
        parts = call.parts
        if len(parts) == 2 and parts[0] in ("batch", "restore"):
            kind = self._kind(parts[1])
            self.charge()
            return self._prefixed(call, kind, parts[0])
        if not parts or len(parts) > 2 or parts[0] in ("batch", "restore"):
            raise _invalid_path(call.path)
        kind = self._kind(parts[0])
        self.charge()
        if len(parts) == 2:
            special = self._special(call, kind, parts[1])
            return special or self._one(call, kind, self._identifier(parts[1]))
        return self._many(call, kind)

    def _prefixed(self, call: Call, kind: ObjectType, prefix: str) -> Reply:
        if prefix == "batch" and call.method == "POST":
            return self._create(call, kind, call.body, single=False)
        if prefix == "restore" and call.method == "PATCH":
            # A filter that names deletedAt sees the rows after the restore, and so finds none (exchange 06).
            wanted = parse_filter(call.query.get("filter", ""), kind, modern=self.workspace.modern)
            rows = self._restorable(kind, wanted)
            restored = records.restore(self.workspace, kind, [row["id"] for row in rows], call.caller)
            return Reply(200, {"data": {f"restore{capital(kind.plural)}": self._shown(kind, restored, call)}})
        return self._many(call, kind)

    def _restorable(self, kind: ObjectType, wanted: Record) -> list[Record]:
        both = {"or": [{"deletedAt": {"is": "NULL"}}, {"deletedAt": {"is": "NOT_NULL"}}]}
        return matching(self.workspace, kind, {"and": [both, wanted]} if wanted else both)

    def _special(self, call: Call, kind: ObjectType, name: str) -> Reply | None:
        if name == "duplicates" and call.method == "POST":
            return Reply(200, {"data": duplicates.find(self.workspace, kind, call.body)})
        if name == "groupBy" and call.method == "GET":
            return Reply(200, group_by(self.workspace, kind, call.query))
        if name == "merge" and call.method == "PATCH":
            merged = duplicates.merge(self.workspace, kind, call.body, call.caller)
            return Reply(200, {"data": {f"merge{capital(kind.singular)}": self._shown(kind, [merged], call)[0]}})
        return None

    def _one(self, call: Call, kind: ObjectType, identifier: str) -> Reply:
        name = capital(kind.singular)
        if call.method == "GET":
            row = self.workspace.table(kind).rows.get(identifier)
            depth = self._depth(call)
            if row is None or row["deletedAt"] is not None:
                raise not_found()
            return Reply(200, {"data": {kind.singular: shown(self.workspace, kind, row, depth)}})
        if call.method in ("PATCH", "PUT"):
            row = records.update(self.workspace, kind, identifier, call.body, call.caller)
            return Reply(200, {"data": {f"update{name}": self._shown(kind, [row], call)[0]}})
        if call.method == "DELETE":
            if identifier not in self.workspace.table(kind).rows:
                raise not_found()
            remove = records.soft_delete if call.soft else records.destroy
            rows = remove(self.workspace, kind, [identifier], call.caller)
            # The answer to a soft delete also shows the morph columns that 1.x hides elsewhere (exchange 09).
            return Reply(200, {"data": {f"delete{name}": rows[0]}})
        raise _invalid_path(call.path)

    def _many(self, call: Call, kind: ObjectType) -> Reply:
        if call.method == "GET":
            return self._list(call, kind)
        if call.method == "POST":
            return self._create(call, kind, [call.body], single=True)
        modern = self.workspace.modern
        wanted = parse_filter(call.query.get("filter", ""), kind, modern=modern)
        name = capital(kind.plural)
        if call.method in ("PATCH", "PUT"):
            rows = as_inserted(self.workspace, kind, matching(self.workspace, kind, wanted))
            changed = records.update_many(self.workspace, kind, rows, call.body, call.caller)
            return Reply(200, {"data": {f"update{name}": self._shown(kind, changed, call)}})
        if not wanted:
            verb = "delete" if call.soft else "destroy"
            raise bad_request(
                f"Filters are mandatory for bulk {verb} operations. Please provide at least one filter to prevent "
                "accidental deletion of all records."
            )
        rows = as_inserted(self.workspace, kind, matching(self.workspace, kind, wanted))
        identifiers = [row["id"] for row in rows]
        remove = records.soft_delete if call.soft else records.destroy
        gone = remove(self.workspace, kind, identifiers, call.caller)
        return Reply(200, {"data": {f"delete{name}": self._shown(kind, gone, call) if call.soft else gone}})

    def _create(self, call: Call, kind: ObjectType, bodies: Json, *, single: bool) -> Reply:
        self._depth(call)
        upsert = call.query.get("upsert") == "true"
        rows = records.create(self.workspace, kind, bodies, call.caller, upsert=upsert)
        answers = self._shown(kind, rows, call)
        if single:
            return Reply(201, {"data": {f"create{capital(kind.singular)}": answers[0]}})
        return Reply(201, {"data": {f"create{capital(kind.plural)}": answers}})

    def _list(self, call: Call, kind: ObjectType) -> Reply:
        limit = parse_limit(call.query.get("limit"))
        depth = self._depth(call)
        found = page(
            self.workspace,
            kind,
            parse_filter(call.query.get("filter", ""), kind, modern=self.workspace.modern),
            parse_order(call.query.get("order_by"), kind),
            limit,
            after=call.query.get("starting_after"),
            before=call.query.get("ending_before"),
        )
        info = found.info()
        rows = [] if kind.singular in HIDDEN_IN_LISTS else found.rows
        if kind.singular == "message" and found.total and not self.workspace.modern:
            message = "Associated message channels not found"
            body = {"statusCode": 400, "error": "NotFoundError", "messages": [message]}
            raise Refusal(400, body, message=message)
        listed = [shown(self.workspace, kind, row, depth) for row in rows]
        return Reply(200, {"data": {kind.plural: listed}, "totalCount": found.total, "pageInfo": info})

    def _shown(self, kind: ObjectType, rows: list[Record], call: Call) -> list[Record]:
        depth = self._depth(call)
        return [shown(self.workspace, kind, row, depth) for row in rows]

    def _depth(self, call: Call) -> int:
        raw = call.query.get("depth", "0")
        if raw not in ("0", "1"):
            raise bad_request(f"'depth={raw}' parameter invalid. Allowed values are 0, 1")
        return int(raw)

    def _kind(self, plural: str) -> ObjectType:
        kind = self.workspace.schema.by_plural(plural)
        if kind is not None:
            return kind
        singular = self.workspace.schema.objects.get(plural)
        hint = f"Did you mean '{singular.plural}'?" if singular else "eg: companies"
        raise bad_request(f"object '{plural}' not found. {hint}")

    def _identifier(self, raw: str) -> str:
        if not ANY_UUID.match(raw):
            raise bad_request(f"'{raw}' is not a valid UUID")
        return raw.lower()


def _invalid_path(path: str) -> Refusal:
    return bad_request(
        f"Query path '{path}' invalid. Valid examples: /rest/companies/id or /rest/companies or /rest/batch/companies"
    )
