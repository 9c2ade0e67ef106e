"""How Customer.io is read page by page: people, segments, members, objects and relationships (FACTS.md §4 to §6).

A page is what one worker reads between two commits, so it is kept to a few seconds of requests. Requests
within a page go in parallel: each takes some 0.3 s, and one after the other could not use up the rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from connectors.contract import Cursor, Page, SourceRecord
from connectors.customerio.payloads import (
    Count,
    CustomObject,
    Gone,
    ObjectIds,
    ObjectsFound,
    P,
    PeopleFound,
    PersonIds,
    Profile,
    Profiles,
    Segment,
    Segments,
    Tie,
    Ties,
    Users,
    parse,
)
from connectors.errors import Rejected
from connectors.http import ApiClient, Loop

PEOPLE = 1000
"""People on a page, the most that the search gives at once."""

PROFILES = 100
"""Profiles in one request, the most that the vendor allows."""

MEMBERS = 30_000
"""Members of a segment on a page, the most that the vendor allows."""

ONE_BY_ONE = 50
"""Rows on a page where each takes a request of its own: five to six seconds at the vendor's rate."""

WORKERS = 6
"""Requests at once: enough to use the whole rate while an answer takes up to 0.6 s."""

EVERYBODY = {"filter": {"and": [{"attribute": {"field": "cio_id", "operator": "exists"}}]}}
"""The only filter known to find everybody: `id exists` misses people without an id (FACTS.md §4)."""

MATCH_ALL = ("cio_object_id", "object_id")
"""Candidates for a filter that finds all objects of a type; none is documented (FACTS.md §6)."""

T = TypeVar("T")
R = TypeVar("R")


class Place(BaseModel):
    """Where a listing stands. `mark`, `steps` and `lap` notice paging in circles although each page is read alone.

    That is Brent's algorithm: the marker is compared with one remembered marker, which is replaced after
    1, 2, 4, 8 … pages, so that any circle is found and the cursor stays small.
    """

    start: str = ""
    at: int = 0
    mark: str = ""
    steps: int = 0
    lap: int = 1

    def after(self, following: str) -> Place:
        """The place of the next page."""
        if self.steps + 1 == self.lap:
            return Place(start=following, mark=following, lap=self.lap * 2)
        return Place(start=following, mark=self.mark, steps=self.steps + 1, lap=self.lap)

    def cursor(self) -> Cursor:
        """As JSON for the caller to keep."""
        return self.model_dump(exclude_defaults=True)


def slices(
    listed: Callable[[str], tuple[Sequence[T], str]], cursor: Cursor | None, size: int, what: str
) -> Iterator[tuple[Sequence[T], Cursor | None]]:
    """Rows of a listing in parts of at most `size`, each with where to go on; the last one with None.

    `listed` gives the rows behind a marker and the next marker. The vendor's pages are cut where they hold
    more than was asked for, since the object search documents no limit. An empty page is the last one only
    if it leads nowhere else (FACTS.md §1).
    """
    place = Place.model_validate(cursor or {})
    loop = Loop(what)
    for marker in {place.start, place.mark}:
        loop.see(marker)
    while True:
        rows, following = listed(place.start)
        if following == place.start and not rows:
            following = ""
        if following:
            loop.see(following)
        beyond = place.after(following) if following else None
        for at in range(place.at, len(rows), size) or (place.at,):
            ends = at + size >= len(rows)
            then = beyond if ends else place.model_copy(update={"at": at + size})
            yield rows[at : at + size], then.cursor() if then else None
        if beyond is None:
            return
        place = beyond


def together(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """The work done on all items in parallel, results in the order of the items; the first error ends it."""
    if len(items) < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(WORKERS, len(items))) as pool:
        return list(pool.map(work, items))


class Reading:
    """The reads of one workspace."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api

    def get(self, model: type[P], path: str, **params: str | int) -> P:
        """A checked GET; parameters that are empty are left out."""
        return parse(model, self._api.get(path, params=_given(params)))

    def find(self, model: type[P], path: str, *keys: str, **params: str | int) -> P | None:
        """A checked GET with these keys in the path's gaps, or None where there is nothing (any more)."""
        try:
            return self.get(model, path.format(*(quote(key, safe="") for key in keys)), **params)
        except Gone:
            return None

    def _post(self, model: type[P], path: str, body: Mapping[str, Any], **params: str | int) -> P:
        """A checked POST that only reads, so it may be repeated."""
        return parse(model, self._api.send("POST", path, kind="read", safe=True, params=_given(params), json=body))

    def people(self, cursor: Cursor | None) -> Iterator[Page]:
        """Everybody with all attributes."""
        for keys, following in self._everybody(cursor, PEOPLE):
            page = self.people_with(keys)
            yield Page(page.records, following, page.missing)

    def people_with(self, keys: Sequence[str]) -> Page:
        """The people with these cio_ids; who is left out is asked for once more before being called missing."""
        wanted = list(dict.fromkeys(keys))
        found = self._profiles(wanted)
        if absent := [key for key in wanted if key not in found]:
            found |= self._profiles(absent)
        records = tuple(_person(found[key]) for key in wanted if key in found)
        return Page(records, None, tuple(key for key in wanted if key not in found))

    def _everybody(self, cursor: Cursor | None, size: int) -> Iterator[tuple[list[str], Cursor | None]]:
        """The cio_ids of everybody, `size` at a time and each once per page."""

        def listed(start: str) -> tuple[Sequence[PersonIds], str]:
            found = self._post(PeopleFound, "/v1/customers", EVERYBODY, limit=size, start=start)
            return found.identifiers, found.next

        for rows, following in slices(listed, cursor, size, "people"):
            yield list(dict.fromkeys(row.cio_id for row in rows)), following

    def _profiles(self, keys: Sequence[str]) -> dict[str, Profile]:
        def some(part: Sequence[str]) -> Profiles:
            return self._post(Profiles, "/v1/customers/attributes", {"ids": part}, id_type="cio_id")

        parts = [keys[at : at + PROFILES] for at in range(0, len(keys), PROFILES)]
        rows = {row.identifiers.cio_id: row for answer in together(some, parts) for row in answer.customers}
        return {key: rows[key] for key in keys if key in rows}

    def segment_list(self) -> list[Segment]:
        """All segments by id; archived ones are not told (FACTS.md §5)."""
        return sorted(self.get(Segments, "/v1/segments").segments, key=lambda row: row.id)

    def segment_names(self) -> Mapping[str, str]:
        """Segment id → name."""
        return {str(row.id): row.name for row in self.segment_list()}

    def segments(self, cursor: Cursor | None) -> Iterator[Page]:
        """Segments with their sizes; one page, unless there are very many."""
        after = cursor["after"] if cursor else -1
        rest = [row for row in self.segment_list() if row.id > after]
        for at in range(0, len(rest), ONE_BY_ONE) or (0,):
            part = rest[at : at + ONE_BY_ONE]
            page = self._sized(part)
            more = {"after": part[-1].id} if at + ONE_BY_ONE < len(rest) else None
            yield Page(page.records, more, page.missing)

    def segments_with(self, keys: Sequence[str]) -> Page:
        """The segments with these ids."""
        known = {str(row.id): row for row in self.segment_list()}
        page = self._sized([known[key] for key in keys if key in known])
        return Page(page.records, None, (*page.missing, *(key for key in keys if key not in known)))

    def _sized(self, rows: Sequence[Segment]) -> Page:
        records = together(self._segment, rows)
        return page_of(zip([str(row.id) for row in rows], records, strict=True))

    def _segment(self, row: Segment) -> SourceRecord | None:
        """The segment with its number of members, or None when it has just been deleted."""
        try:
            members = self.get(Count, f"/v1/segments/{row.id}/customer_count").count
        except Gone:
            return None
        told = self.find(Users, "/v1/segments/{}/used_by", str(row.id))
        used_by = told.used_by.model_dump() if told else None
        fields = {**row.model_dump(), "id": str(row.id), "members": members, "used_by": used_by}
        return SourceRecord(key=str(row.id), fields=fields)

    def membership(self, cursor: Cursor | None) -> Iterator[Page]:
        """Who is in which segment, segment by segment.

        The cursor holds the segments that are left: one that is made or deleted meanwhile moves nothing.
        """
        left: list[int] = list(cursor["segments"]) if cursor else [row.id for row in self.segment_list()]
        place = cursor.get("place") if cursor else None
        if not left:
            yield Page((), None)
        while left:
            segment, *rest = left
            for rows, following in slices(self._members(segment), place, MEMBERS, f"the members of segment {segment}"):
                records = {row.cio_id: _member(segment, row.cio_id) for row in rows}
                more = {"segments": left, "place": following} if following else {"segments": rest}
                yield Page(tuple(records.values()), more if following or rest else None)
            left, place = rest, None

    def _members(self, segment: int) -> Callable[[str], tuple[Sequence[PersonIds], str]]:
        def listed(start: str) -> tuple[Sequence[PersonIds], str]:
            try:
                found = self.get(PeopleFound, f"/v1/segments/{segment}/membership", limit=MEMBERS, start=start)
            except Gone:
                return [], ""
            return found.identifiers, found.next

        return listed

    def objects(self, type_id: str, cursor: Cursor | None) -> Iterator[Page]:
        """All objects of a type with their attributes: one request for each of them (FACTS.md §6)."""
        field = cursor["field"] if cursor else self._match_all(type_id)

        def listed(start: str) -> tuple[Sequence[ObjectIds], str]:
            found = self._search(type_id, field, start=start, limit=ONE_BY_ONE)
            return found.identifiers, found.next

        place = cursor["place"] if cursor else None
        for rows, following in slices(listed, place, ONE_BY_ONE, f"the objects of type {type_id}"):
            page = self._objects(type_id, list({row.key: row for row in rows}.values()))
            yield Page(page.records, {"field": field, "place": following} if following else None, page.missing)

    def objects_with(self, type_id: str, keys: Sequence[str]) -> Page:
        """The objects with these keys, as `objects` gave them."""
        wanted = [ObjectIds(cio_object_id=key) for key in dict.fromkeys(keys)]
        page = self._objects(type_id, wanted)
        # A key is the customer's own id where Customer.io did not tell its own.
        others = self._objects(type_id, [ObjectIds(object_id=key) for key in page.missing])
        again = {record.key: record for record in (*page.records, *others.records)}
        return page_of((row.key, again.get(row.key)) for row in wanted)

    def _match_all(self, type_id: str) -> str:
        """The first field whose existence finds any object, else the first one that the search accepts."""
        accepted, refusals = [], []
        for field in MATCH_ALL:
            try:
                found = self._search(type_id, field, limit=1)
            except Rejected as error:
                refusals.append(error)
                continue
            if found.identifiers or found.next:
                return field
            accepted.append(field)
        if not accepted:
            raise refusals[0]
        return accepted[0]

    def _search(self, type_id: str, field: str, **params: str | int) -> ObjectsFound:
        # The type is wanted again in each condition (FACTS.md §6).
        condition = {"object_attribute": {"field": field, "operator": "exists", "type_id": type_id}}
        body = {"object_type_id": type_id, "filter": {"and": [condition]}}
        return self._post(ObjectsFound, "/v1/objects", body, **params)

    def _objects(self, type_id: str, rows: Sequence[ObjectIds]) -> Page:
        records = together(lambda row: self._object(type_id, row), rows)
        return page_of(zip([row.key for row in rows], records, strict=True))

    def _object(self, type_id: str, ids: ObjectIds) -> SourceRecord | None:
        """The object, or None when it does not exist any more."""
        path = f"/v1/objects/{quote(type_id, safe='')}/{quote(ids.key, safe='')}/attributes"
        try:
            row = self.get(CustomObject, path, id_type="cio_object_id" if ids.cio_object_id else "object_id")
        except Gone:
            return None
        named = {
            "object_id": row.identifiers.object_id or ids.object_id or None,
            "cio_object_id": row.identifiers.cio_object_id or ids.cio_object_id or None,
        }
        key = named["cio_object_id"] or ids.key
        return SourceRecord(key=key, fields={**row.attributes, **named}, meta={"timestamps": row.timestamps})

    def relationships(self, cursor: Cursor | None) -> Iterator[Page]:
        """Everybody's relationships: only the person's side tells their attributes (FACTS.md §6)."""
        for keys, following in self._everybody(cursor, ONE_BY_ONE):
            page = self.relationships_of(keys)
            yield Page(page.records, following, page.missing)

    def relationships_of(self, people: Sequence[str]) -> Page:
        """The relationships of these people; `missing` names people who do not exist any more."""
        wanted = list(dict.fromkeys(people))
        found = dict(zip(wanted, together(self._ties, wanted), strict=True))
        records = tuple(record for records in found.values() for record in records or ())
        return Page(records, None, tuple(person for person, records in found.items() if records is None))

    def _ties(self, person: str) -> list[SourceRecord] | None:
        """One person's relationships, each once, or None when the person is gone."""

        def listed(start: str) -> tuple[Sequence[Tie], str]:
            path = f"/v1/customers/{quote(person, safe='')}/relationships"
            found = self.get(Ties, path, id_type="cio_id", start=start)
            return found.cio_relationships, found.next

        try:
            parts = [rows for rows, _ in slices(listed, None, PEOPLE, "a person's relationships")]
        except Gone:
            return None
        records = (_relationship(person, tie) for rows in parts for tie in rows)
        return list({record.key: record for record in records}.values())


def _given(params: Mapping[str, str | int]) -> dict[str, str | int]:
    return {name: value for name, value in params.items() if value != ""}


def page_of(found: Iterable[tuple[str, SourceRecord | None]]) -> Page:
    """Records by the key that was asked for; None means that it is missing."""
    pairs = list(found)
    records = {record.key: record for _, record in pairs if record is not None}
    return Page(tuple(records.values()), None, tuple(key for key, record in pairs if record is None))


def _person(row: Profile) -> SourceRecord:
    """`id` and `email` are None where the person has none; the attribute `unsubscribed` is text, the field is not."""
    told = row.unsubscribed
    fields = {
        **row.attributes,
        "cio_id": row.identifiers.cio_id,
        "id": row.identifiers.id or None,
        "email": row.identifiers.email or None,
        "unsubscribed": str(row.attributes.get("unsubscribed")).lower() == "true" if told is None else told,
    }
    return SourceRecord(
        key=row.identifiers.cio_id, fields=fields, meta={"timestamps": row.timestamps, "devices": row.devices}
    )


def _member(segment: int, person: str) -> SourceRecord:
    refs = {"segment": ("segment", str(segment)), "person": ("person", person)}
    return SourceRecord(key=f"{segment}:{person}", fields={}, refs=refs)


def _relationship(person: str, tie: Tie) -> SourceRecord:
    times = [time for time in tie.timestamps.values() if isinstance(time, int) and time > 0]
    return SourceRecord(
        key=f"{person}:{tie.object_type_id}:{tie.identifiers.key}",
        fields=tie.attributes,
        meta={"timestamps": tie.timestamps, "related_at": min(times, default=None)},
        refs={"person": ("person", person), "object": (f"object:{tie.object_type_id}", tie.identifiers.key)},
    )
