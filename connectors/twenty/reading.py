"""Finding, reading and counting records (contracts/twenty/FACTS.md sections 5 and 6)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from connectors.catalogue import FieldType, ObjectType
from connectors.contract import Cursor, Existing
from connectors.errors import Rejected
from connectors.http import Loop
from connectors.twenty.api import TwentyApi, query, rows_of
from connectors.twenty.links import canonical_url
from connectors.twenty.refusals import TOO_LONG
from connectors.twenty.values import SUBFIELDS

Json = Any

PAGE = 200
"""The most rows that one answer holds; more are silently cut."""

URL_LIMIT = 8000
"""Bytes of a request line. Node allows 16 kB, but a proxy such as nginx only 8; 200 ids fit."""

TERMS = 500
"""Values in one GraphQL lookup, and rows asked for at once: both lines gave up to 1,000, where REST gives 200."""

ALIVE_OR_NOT = "or(deletedAt[is]:NULL,deletedAt[is]:NOT_NULL)"
"""A filter that mentions deletedAt is what makes soft-deleted rows visible (section 6)."""

_PLAIN = re.compile(r"^[\w.@+\-/:]+$")
_UNSAFE = re.compile(r"[,()\n\r\u2028\u2029]")
"""`in:[…]` splits at every comma even inside quotes, and brackets are counted even there (section 5)."""


class Reader:
    """Reads the records of one workspace."""

    def __init__(self, api: TwentyApi) -> None:
        self._api = api
        self._by_rest: set[str] = set()

    def find(self, object: ObjectType, ids: Sequence[str], keys: Mapping[str, Sequence[str]]) -> list[Existing]:
        """Records with one of these ids or unique values, soft-deleted ones too; each record once.

        What fits into one URL is one REST call. More is asked by GraphQL, which knows no such limit: in a first
        run, where nothing is found, that is one call for 200 ids and 200 e-mails together.
        """
        terms = [("id", one) for one in dict.fromkeys(id.lower() for id in ids)]
        for path, values in keys.items():
            forms = dict.fromkeys(stored_form(object, path, value) for value in values if value)
            terms += [(path, value) for value in forms]
        odd = any(_UNSAFE.search(value) for _, value in terms)
        if odd or len(list(_chunks(f"/rest/{object.plural}", ALIVE_OR_NOT, terms))) > 1:
            try:
                terms = [("id", one) for one in self._ids_of(object, terms)]
            except Rejected:
                if odd:
                    raise
        return [existing(row) for row in self._matching(object, terms, prefix=ALIVE_OR_NOT).values()]

    def read(self, object: ObjectType, ids: Sequence[str]) -> list[Existing]:
        """The live records with these ids, in the order asked for.

        More than a page of them is asked by GraphQL, which gives more at once than REST; where the server refuses the
        selection, REST gives them page by page.
        """
        wanted = list(dict.fromkeys(one.lower() for one in ids))
        rows = self._selected(object, wanted) if len(wanted) > PAGE else None
        if rows is None:
            rows = self._matching(object, [("id", one) for one in wanted], prefix="")
        return [existing(rows[one]) for one in wanted if one in rows]

    def _selected(self, object: ObjectType, ids: Sequence[str]) -> dict[str, dict[str, Json]] | None:
        """The rows by id through GraphQL, with every column that REST shows; None where that cannot be had."""
        if object.name in self._by_rest:
            return None
        asked = f"{object.plural}(filter:$f,first:{TERMS})"
        document = f"query($f:{filter_type(object)}){{{asked}{{edges{{node{{{selection_of(object)}}}}}}}}}"
        found: dict[str, dict[str, Json]] = {}
        for start in range(0, len(ids), TERMS):
            chosen = {"id": {"in": list(ids[start : start + TERMS])}}
            try:
                edges = self._api.graphql(document, {"f": chosen})[object.plural]["edges"]
            except Rejected:
                self._by_rest.add(object.name)
                return None
            found |= {edge["node"]["id"]: edge["node"] for edge in edges}
        return self._completed(object, ids, found)

    def _completed(
        self, object: ObjectType, ids: Sequence[str], found: dict[str, dict[str, Json]]
    ) -> dict[str, dict[str, Json]]:
        """What is missing is asked for by REST: it is gone, or the server gives fewer at once than it was asked for."""
        missing = [("id", one) for one in ids if one not in found]
        return found | self._matching(object, missing, prefix="") if missing else found

    def pages(self, object: ObjectType, cursor: Cursor | None) -> Iterator[tuple[list[Existing], Cursor | None]]:
        """All live records, in the default order (by id), which pages without loss or repetition (section 5)."""
        for rows, following in self._paged(f"/rest/{object.plural}", cursor, {}):
            yield [existing(row) for row in rows], following

    def deleted(self, object: ObjectType, cursor: Cursor | None) -> Iterator[tuple[list[Existing], Cursor | None]]:
        """All soft-deleted records (section 6)."""
        for rows, following in self._paged(f"/rest/{object.plural}", cursor, {"filter": "deletedAt[is]:NOT_NULL"}):
            yield [existing(row) for row in rows], following

    def count(self, object: ObjectType) -> int:
        """How many live records there are."""
        return int(self._api.get(f"/rest/{object.plural}", limit=1)["totalCount"])

    def _paged(
        self, path: str, cursor: Cursor | None, params: Mapping[str, str]
    ) -> Iterator[tuple[list[dict[str, Json]], Cursor | None]]:
        loop = Loop(path.removeprefix("/rest/"))
        while True:
            after = {"starting_after": cursor["after"]} if cursor else {}
            body = self._api.get(path, **params, limit=PAGE, **after)
            info = body.get("pageInfo") or {}
            cursor = {"after": info["endCursor"]} if info.get("hasNextPage") else None
            if cursor:
                loop.see(cursor["after"])
            yield rows_of(body), cursor
            if cursor is None:
                return

    def _matching(
        self, object: ObjectType, terms: Sequence[tuple[str, str]], *, prefix: str
    ) -> dict[str, dict[str, Json]]:
        """The rows by id that meet one of the terms, with as few requests as the length of a URL allows."""
        path = f"/rest/{object.plural}"
        chunks = _chunks(path, prefix, terms)
        return {row["id"]: row for chunk in chunks for row in self._rows(path, prefix, chunk)}

    def _rows(self, path: str, prefix: str, terms: Sequence[tuple[str, str]]) -> list[dict[str, Json]]:
        try:
            pages = self._paged(path, None, {"filter": _filter(prefix, terms)})
            return [row for rows, _ in pages for row in rows]
        except Rejected as error:
            if TOO_LONG not in error.fields or len(terms) < 2:
                raise
            half = len(terms) // 2
            return self._rows(path, prefix, terms[:half]) + self._rows(path, prefix, terms[half:])

    def _ids_of(self, object: ObjectType, terms: Sequence[tuple[str, str]]) -> list[str]:
        """The ids of records that meet one of the terms, by GraphQL; a server may give fewer at once than asked for."""
        document = (
            f"query($f:{filter_type(object)},$a:String){{{object.plural}(filter:$f,first:{TERMS},after:$a)"
            "{edges{node{id}} pageInfo{hasNextPage endCursor}}}"
        )
        alive_or_not = {"or": [{"deletedAt": {"is": "NULL"}}, {"deletedAt": {"is": "NOT_NULL"}}]}
        found: dict[str, None] = {}
        for start in range(0, len(terms), TERMS):
            chosen = {"or": [_nested(path, values) for path, values in _by_path(terms[start : start + TERMS]).items()]}
            loop, after = Loop(object.plural), None
            while True:
                variables = {"f": {"and": [alive_or_not, chosen]}, "a": after}
                answer = self._api.graphql(document, variables)[object.plural]
                found.update(dict.fromkeys(edge["node"]["id"] for edge in answer["edges"]))
                if not answer["pageInfo"]["hasNextPage"]:
                    break
                after = answer["pageInfo"]["endCursor"]
                loop.see(after)
        return list(found)


def filter_type(object: ObjectType) -> str:
    """What GraphQL calls the type of a filter over this object."""
    return f"{object.name[:1].upper()}{object.name[1:]}FilterInput"


def selection_of(object: ObjectType) -> str:
    """Every column of an object as a GraphQL selection."""
    chosen = ["id", "createdAt", "updatedAt", "deletedAt"]
    for field in object.fields:
        if field.join_column:
            chosen.append(field.join_column)
        elif parts := SUBFIELDS.get(field.type):
            chosen.append(f"{field.name}{{{' '.join(parts)}}}")
        elif field.type is FieldType.FILES:
            chosen.append(f"{field.name}{{fileId label extension url}}")
        elif field.type not in (FieldType.RELATION, FieldType.MORPH_RELATION, FieldType.TS_VECTOR):
            chosen.append(field.name)
    return " ".join(dict.fromkeys(chosen))


def existing(row: Mapping[str, Json]) -> Existing:
    """The row as the contract wants it."""
    return Existing(id=row["id"], fields=row, deleted=row.get("deletedAt") is not None)


def stored_form(object: ObjectType, path: str, value: str) -> str:
    """A unique value as it stands in the database: filters compare exactly (section 5)."""
    name = path.split(".", 1)[0]
    field = object.field(name) or next((one for one in object.fields if one.join_column == name), None)
    if field is None:
        raise Rejected(f"{object.label} has no field “{path}”.", "Discover the destination again.")
    if field.type in (FieldType.EMAILS, FieldType.UUID, FieldType.RELATION, FieldType.MORPH_RELATION):
        return value.lower()
    if field.type is FieldType.LINKS:
        return canonical_url(value)
    return value


def _by_path(terms: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, value in terms:
        found.setdefault(path, []).append(value)
    return found


def _nested(path: str, values: list[str]) -> Json:
    """A GraphQL condition: `emails.primaryEmail` is an object in an object there."""
    term: Json = {"in": values}
    for part in reversed(path.split(".")):
        term = {part: term}
    return term


def _filter(prefix: str, terms: Iterable[tuple[str, str]]) -> str:
    parts = [f"{path}[in]:[{','.join(map(_quoted, values))}]" for path, values in _by_path(terms).items()]
    chosen = parts[0] if len(parts) == 1 else f"or({','.join(parts)})"
    return f"and({prefix},{chosen})" if prefix else chosen


def _quoted(value: str) -> str:
    """In double quotes where needed: the server strips one pair, if it finds one at both ends."""
    return value if _PLAIN.match(value) else f'"{value}"'


def _chunks(path: str, prefix: str, terms: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """The terms in portions whose request line stays within the limit."""
    room = URL_LIMIT - len(query(path, filter=_filter(prefix, [("", "")]), limit=PAGE)) - 200
    chunk: list[tuple[str, str]] = []
    used = 0
    seen: set[str] = set()
    for name, value in terms:
        size = len(query("", f=_quoted(value))) - 2 + (0 if name in seen else len(name) + 10)
        if chunk and used + size > room:
            yield chunk
            chunk, used, seen = [], 0, set()
            size = len(query("", f=_quoted(value))) - 2 + len(name) + 10
        chunk.append((name, value))
        seen.add(name)
        used += size
    if chunk:
        yield chunk
