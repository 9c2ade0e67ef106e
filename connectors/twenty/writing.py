"""Creating, changing and destroying records (contracts/twenty/FACTS.md sections 2.1, 3, 4 and 6)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from connectors.catalogue import FieldType, ObjectType
from connectors.contract import Draft, Existing
from connectors.errors import Rejected, Transient
from connectors.twenty.api import TwentyApi, query, result_of, rows_of
from connectors.twenty.reading import ALIVE_OR_NOT, Reader
from connectors.twenty.values import SUBFIELDS, canonical, emptied

Json = Any
Body = dict[str, Json]

BATCH = 200
"""The most records that one request may create, update or destroy."""

ATTACHMENT = "attachment"

BODY_LIMIT = 9_000_000
"""Bytes of a request: Twenty answers more than 10 MB with a 500 that has no text."""

MERGED = frozenset(SUBFIELDS) - {FieldType.RICH_TEXT, FieldType.ACTOR}
"""Composites that are always sent whole: a part alone blanks or drops others (section 2.1)."""


class Writer:
    """Writes the records of one workspace."""

    def __init__(self, api: TwentyApi, reader: Reader) -> None:
        self._api = api
        self._reader = reader

    def write(self, object: ObjectType, drafts: Sequence[Draft]) -> list[str]:
        """Creates the drafts with our ids by plain batches, which are all-or-nothing each.

        More than one batch is needed only where the drafts together exceed the size of a request. When a later
        one is refused, earlier ones stand: then the answer is "maybe done", and the caller looks.
        """
        created: list[str] = []
        for bodies in list(_portions([_new_body(object, draft) for draft in drafts])):
            try:
                created += self._create(object, bodies)
            except Rejected as error:
                if not created:
                    raise
                raise Transient(
                    f"Only some of {len(drafts)} records were created: {error.sentence}",
                    "The run looks which ones and goes on by itself.",
                    retry_after=0,
                    maybe_done=True,
                ) from error
        return created

    def _create(self, object: ObjectType, bodies: Sequence[Body]) -> list[str]:
        answer = self._api.send("POST", f"/rest/batch/{object.plural}", list(bodies), safe=False)
        ids = {row["id"] for row in rows_of(answer.body)}
        if any(body["id"].lower() not in ids for body in bodies):
            raise Transient("Twenty's answer does not name all created records.", maybe_done=True, retry_after=0)
        return [body["id"] for body in bodies]

    def update(self, object: ObjectType, drafts: Sequence[Draft]) -> list[str]:
        """Changes those of the records that are there and live; the others are missing from the ids given back.

        An upsert by id changes 200 records with one call, but it would make missing records and restore
        soft-deleted ones (section 6): so the records are read first. From what stands there composites are
        completed, and `position` is repeated, without which 1.x writes a line into the timeline (section 3).
        """
        standing = {one.id: one for one in self._reader.read(object, [draft.id for draft in drafts])}
        batch: list[Body] = []
        single: list[Body] = []
        for draft in drafts:
            now = standing.get(draft.id.lower())
            if now is None:
                continue
            body = {**_completed(object, draft.fields, now), "id": now.id}
            (batch if self._upsertable(object, body, now) else single).append(body)
        done: set[str] = set()
        for bodies in list(_portions(batch)):
            answer = self._api.send("POST", f"/rest/batch/{object.plural}?upsert=true", bodies, safe=True)
            # The order of the answer is not that of the request, and a record may come only once: match by id.
            done |= {row["id"] for row in rows_of(answer.body)}
        for body in single:
            changes = {name: value for name, value in body.items() if name != "id"}
            answer = self._api.send("PATCH", f"/rest/{object.plural}/{body['id']}", changes, safe=True)
            done.add(result_of(answer.body)["id"])
        return [draft.id for draft in drafts if draft.id.lower() in done]

    def _upsertable(self, object: ObjectType, body: Body, now: Existing) -> bool:
        """Whether an upsert would do: not without a `createdBy` field (1.x), and it never changes the author."""
        if object.field("createdBy") is None:
            return False
        if "createdBy" in body:
            before, after = now.fields.get("createdBy"), body["createdBy"]
            if canonical(FieldType.ACTOR, before)[0] != canonical(FieldType.ACTOR, after)[0]:
                return False
            del body["createdBy"]
        return True

    def remove(self, object: ObjectType, ids: Sequence[str]) -> None:
        """Destroys the records, soft-deleted ones too. Without `soft_delete=true` a DELETE is for good (section 6).

        Attachments go one by one: of several that are destroyed at once 2.21 deletes the file of one only.
        """
        for some in of_a_request(ids, 1 if object.name == ATTACHMENT else BATCH):
            chosen = f"and({ALIVE_OR_NOT},id[in]:[{','.join(some)}])"
            self._api.send("DELETE", query(f"/rest/{object.plural}", filter=chosen), safe=True)

    def retire(self, object: ObjectType, ids: Sequence[str]) -> None:
        """Soft-deletes the live ones of these records: only the exact `soft_delete=true` does that (section 6)."""
        for some in of_a_request(ids):
            chosen = f"id[in]:[{','.join(some)}]"
            path = query(f"/rest/{object.plural}", filter=chosen, soft_delete="true")
            self._api.send("DELETE", path, safe=True)

    def restore(self, object: ObjectType, ids: Sequence[str]) -> None:
        """Restores by filter: the documented path with an id is always refused (section 6)."""
        for some in of_a_request(ids):
            path = query(f"/rest/restore/{object.plural}", filter=f"id[in]:[{','.join(some)}]")
            self._api.send("PATCH", path, safe=True)


def of_a_request(ids: Sequence[str], size: int = BATCH) -> Iterator[list[str]]:
    """Different ids, as many at a time as go into one request."""
    wanted = list(dict.fromkeys(one.lower() for one in ids))
    for start in range(0, len(wanted), size):
        yield wanted[start : start + size]


def _new_body(object: ObjectType, draft: Draft) -> Body:
    """The record to create. An empty rich text is left out: both lines answer a `null` there with a TypeError."""
    rich = {field.name for field in object.fields if field.type is FieldType.RICH_TEXT}
    kept = {name: value for name, value in draft.fields.items() if value or name not in rich}
    return {**kept, "id": draft.id}


def _completed(object: ObjectType, fields: Mapping[str, Json], now: Existing) -> Body:
    """The fields to send: composites whole, emptied ones by their parts, and the position as it stands."""
    body: Body = {}
    for name, value in fields.items():
        field = object.field(name)
        if field is None or field.type not in SUBFIELDS:
            body[name] = value
        elif value is None:
            body[name] = emptied(field.type)
        elif isinstance(value, dict) and field.type in MERGED:
            body[name] = _merged(field.type, value, now.fields.get(name))
        else:
            body[name] = value
    position = now.fields.get("position")
    if position is not None and object.field("position") is not None:
        body.setdefault("position", position)
    return body


def _merged(type: FieldType, given: Mapping[str, Json], standing: Json) -> Body:
    base = {name: part for name, part in (standing or {}).items() if name in SUBFIELDS[type]}
    if "primaryPhoneNumber" in given:
        # The codes of the old number would contradict the new one, which brings its own.
        base.pop("primaryPhoneCallingCode", None)
        base.pop("primaryPhoneCountryCode", None)
    empty = emptied(type)
    return {**base, **{name: empty[name] if part is None else part for name, part in given.items()}}


def _portions(bodies: Iterable[Body]) -> Iterator[list[Body]]:
    """The bodies in requests of at most 200 records and 9 MB."""
    portion: list[Body] = []
    used = 0
    for body in bodies:
        size = len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")) + 1
        if size > BODY_LIMIT:
            raise Rejected(
                f"The record {body['id']} is larger than Twenty takes in one request ({size / 1e6:.0f} MB).",
                "Leave out or shorten its largest field.",
            )
        if portion and (len(portion) == BATCH or used + size > BODY_LIMIT):
            yield portion
            portion, used = [], 0
        portion.append(body)
        used += size
    if portion:
        yield portion
