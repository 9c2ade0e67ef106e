"""What the database would refuse: foreign keys, unique values, not-null columns, index and search limits."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable
from typing import Any

from .errors import Refusal, bad_request, database, duplicate, internal, opaque
from .schema import ObjectType, Record, UniqueIndex
from .store import Key
from .workspace import Workspace

Json = Any

BTREE_LIMIT = 2704
SEARCH_VECTOR_LIMIT = 1_048_575
LONGEST_LEXEME = 2046
WORDS = re.compile(r"\S+")


def table_name(kind: ObjectType) -> str:
    """PostgreSQL's name of the object's table; those of custom objects start with an underscore."""
    return f"_{kind.singular}" if kind.custom else kind.singular


def foreign_key_name(kind: ObjectType, column: str) -> str:
    """The constraint's name as TypeORM derives it from table and column."""
    source = f"{table_name(kind)}_{column}"
    return f"FK_{hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()[:27]}"


def check_references(workspace: Workspace, kind: ObjectType, row: Record, columns: Iterable[str]) -> None:
    """Every join column must name an existing row; a soft-deleted one will do (contracts/twenty/FACTS.md §6)."""
    for column in columns:
        owner = kind.columns.get(column)
        relation = owner.joins().get(column) if owner else None
        target = row.get(column)
        if relation is None or target is None:
            continue
        if target not in workspace.table(relation.target_object).rows:
            name = foreign_key_name(kind, column)
            message = f'insert or update on table "{table_name(kind)}" violates foreign key constraint "{name}"'
            raise database(message, modern=workspace.modern)


def check_not_null(workspace: Workspace, kind: ObjectType, changes: Record) -> None:
    """An explicit null for a column that has none."""
    for column, value in changes.items():
        item = kind.columns[column]
        if value is not None or item.nullable:
            continue
        if workspace.modern and item.default is None:
            raise bad_request(f"Field {column} is not nullable and has no default value.")
        relation = table_name(kind)
        message = f'null value in column "{column}" of relation "{relation}" violates not-null constraint'
        raise database(message, modern=workspace.modern)


class Pending:
    """Unique values of rows that one request is about to write, so that they collide with each other too."""

    def __init__(self) -> None:
        self.keys: dict[tuple[str, Key], str] = {}

    def claim(self, workspace: Workspace, kind: ObjectType, row: Record) -> None:
        """Reserve the row's unique values or refuse; soft-deleted owners block as well (FACTS.md §6)."""
        table = workspace.table(kind)
        for index in kind.unique:
            key = index.key(row)
            if key is None:
                continue
            _check_index_size(workspace, index, key)
            owner = self.keys.get((index.name, key)) or table.owner_of(index.name, key)
            if owner is not None and owner != row["id"]:
                raise duplicate(kind.singular, owner, index.label)
            self.keys[index.name, key] = row["id"]

    def claim_id(self, workspace: Workspace, kind: ObjectType, identifier: str) -> None:
        if identifier in workspace.table(kind).rows or ("id", (identifier,)) in self.keys:
            raise duplicate(kind.singular, identifier, "Id")
        self.keys["id", (identifier,)] = identifier


def _check_index_size(workspace: Workspace, index: UniqueIndex, key: Key) -> None:
    """PostgreSQL refuses index rows above 2,704 bytes after compression (FACTS.md §3)."""
    for part in key:
        if not isinstance(part, str) or len(part) <= BTREE_LIMIT:
            continue
        raw = part.encode()
        if len(zlib.compress(raw)) > BTREE_LIMIT:
            size = (len(raw) + 12 + 7) // 8 * 8
            message = f'index row size {size} exceeds btree version 4 maximum {BTREE_LIMIT} for index "{index.name}"'
            raise internal(message) if not workspace.modern else opaque(message, modern=True)


def search_vector(workspace: Workspace, kind: ObjectType, row: Record) -> str:
    """The text that the record is found by; too many distinct words are a 500 (FACTS.md §7)."""
    parts: list[str] = []
    for column, item in kind.columns.items():
        value = row[column]
        if not value:
            continue
        if item.type == "TEXT":
            parts.append(value)
        elif item.type in ("FULL_NAME", "EMAILS", "RICH_TEXT_V2"):
            parts.extend(part for name, part in value.items() if isinstance(part, str) and name != "blocknote")
    words = WORDS.findall(" ".join(parts).lower())
    distinct = dict.fromkeys(word for word in words if len(word) <= LONGEST_LEXEME)
    if len(words) > 10_000:
        size = sum(len(word.encode()) + 4 for word in distinct)
        if size > SEARCH_VECTOR_LIMIT:
            raise _too_long(size, modern=workspace.modern)
    return " ".join(f"'{word}':{place}" for place, word in enumerate(distinct, 1))


def _too_long(size: int, *, modern: bool) -> Refusal:
    message = f"string is too long for tsvector ({size} bytes, max {SEARCH_VECTOR_LIMIT} bytes)"
    return opaque(message, modern=modern)
