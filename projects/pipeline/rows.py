"""Writing rows in bulk: only the columns that changed, each row by its primary key, one statement for all of them.

Django's own bulk writes build and compile the SQL anew for each batch, with every column of every row in it, which
takes longer than the work on a row of a stream does. These run the same on both databases.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field

from projects.models import Record


def _opened() -> BaseDatabaseWrapper:
    return connections[router.db_for_write(Record)]


def save_rows(rows: Sequence[Record], fields: Sequence[str]) -> None:
    """Writes these fields of stored rows back; the others are neither written nor read."""
    connection = _opened()
    quote, known = connection.ops.quote_name, [Record._meta.get_field(name) for name in fields]
    columns = [field for field in known if isinstance(field, Field)]
    changes = ", ".join(f"{quote(str(field.column))} = %s" for field in columns)
    sql = f"UPDATE {quote(Record._meta.db_table)} SET {changes} WHERE {quote('id')} = %s"  # noqa: S608  # names of our own columns
    _run(connection, sql, [[*_values(row, columns, connection), row.pk] for row in rows])


def store(rows: Iterable[Record]) -> None:
    """Stores new rows; one that is there already (a page read twice, an overlap) stays as it is."""
    connection = _opened()
    quote = connection.ops.quote_name
    columns = [field for field in Record._meta.local_concrete_fields if not field.primary_key]
    names = ", ".join(quote(str(field.column)) for field in columns)
    places = ", ".join(["%s"] * len(columns))
    sql = f"INSERT INTO {quote(Record._meta.db_table)} ({names}) VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608  # as above
    _run(connection, sql, [_new_values(row, columns, connection) for row in rows])


def _new_values(row: Record, columns: Sequence[Field[Any, Any]], connection: BaseDatabaseWrapper) -> list[Any]:
    """As Django itself stores a new row: times are set, and what rows are found by is copied out of `raw`."""
    return [field.get_db_prep_save(field.pre_save(row, True), connection) for field in columns]


def _values(row: Record, columns: Sequence[Field[Any, Any]], connection: BaseDatabaseWrapper) -> list[Any]:
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in columns]


def _run(connection: BaseDatabaseWrapper, sql: str, values: list[list[Any]]) -> None:
    if values:
        with connection.cursor() as cursor:
            cursor.executemany(sql, values)
