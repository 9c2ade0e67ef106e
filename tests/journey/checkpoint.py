"""Where a journey has come to, kept once per process and put back, so that fifty tests need not all drive it there.

Only what begins at a kept place, with rows and both systems untouched since, is put back or kept; whatever a test has
changed before, and PostgreSQL always, goes the long way, and who patches the code on the way makes a migration of their
own (`make_migration`).
"""

from __future__ import annotations

import io
import pickle
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.contrib.contenttypes.models import ContentType
from django.db import connection

if TYPE_CHECKING:
    from tests.journey.conftest import Migration

Name = tuple[str, ...]
Reached = TypeVar("Reached")

FRESH = 600.0
"""Seconds for which a place is put back: what tests say of the last hour or day holds whenever it was reached."""

LOCK = type(threading.RLock())


@dataclass(frozen=True)
class Place:
    """The rows; the migration with both systems, and what the way here gave, pickled; when that was."""

    rows: sqlite3.Connection
    objects: bytes
    reached: float

    @property
    def is_fresh(self) -> bool:
        return 0 <= time.time() - self.reached < FRESH


@dataclass
class Standing:
    """The place at which a migration stands, and how to see that nothing has changed since."""

    name: Name
    rows: int
    systems: bytes


_kept: dict[Name, Place] = {}
_files: dict[str, sqlite3.Connection] = {}


class _Pickler(pickle.Pickler):
    """Locks are nobody's state: a new one does."""

    def reducer_override(self, value: Any) -> Any:
        return (threading.RLock, ()) if isinstance(value, LOCK) else NotImplemented


def begin(name: str, make: Callable[[], Migration]) -> Migration:
    """The start of a journey, as `make` makes it."""
    if connection.vendor != "sqlite":
        return make()
    place = _kept.get((name,))
    if place is None or not place.is_fresh:
        migration = make()
        _keep((name,), migration, None)
        return migration
    _put_back_rows(place)
    kept, _ = pickle.loads(place.objects)
    kept.connect()
    _stand(kept, (name,))
    return cast("Migration", kept)


def reach(migration: Migration, step: str, go: Callable[[], Reached]) -> Reached:
    """What `go` gives, gone or put back; `step` says all that distinguishes this way from others."""
    standing = migration.standing
    if standing is None or standing.rows != _version() or standing.systems != _systems(migration):
        return go()
    name = (*standing.name, step)
    place = _kept.get(name)
    if place is None or not place.is_fresh:
        result = go()
        _keep(name, migration, result)
        return result
    _put_back_rows(place)
    kept, found = pickle.loads(place.objects)
    _put_back_objects(migration, kept)
    _stand(migration, name)
    return cast(Reached, found)


def _keep(name: Name, migration: Migration, result: object) -> None:
    rows = sqlite3.connect(":memory:", check_same_thread=False)
    _file().backup(rows)
    # The file keeps the size of the largest journey before this one.
    rows.execute("VACUUM")
    # What was reached from here before began with other ids.
    for beyond in [other for other in _kept if other[: len(name)] == name]:
        del _kept[beyond]
    _kept[name] = Place(rows, _pickled((replace(migration, standing=None), result)), time.time())
    _stand(migration, name)


def _stand(migration: Migration, name: Name) -> None:
    migration.standing = Standing(name, _version(), _systems(migration))


def _put_back_rows(place: Place) -> None:
    place.rows.backup(_file())
    ContentType.objects.clear_cache()


def _put_back_objects(migration: Migration, kept: Migration) -> None:
    """Into the objects that the test holds already."""
    workspace = migration.source.workspace
    pairs: list[tuple[object, object]] = [
        (migration.source, kept.source),
        (workspace, kept.source.workspace),
        (migration.destination, kept.destination),
        (migration.project, kept.project),
        (migration.admin, kept.admin),
    ]
    for mine, theirs in pairs:
        vars(mine).clear()
        vars(mine).update(vars(theirs))
    migration.source.workspace = workspace
    migration.runs[:] = kept.runs


def _systems(migration: Migration) -> bytes:
    """Both systems, to the letter; that somebody has asked them for something changes nothing."""
    states = [dict(vars(system)) for system in (migration.source, migration.destination)]
    for state in states:
        del state["requests"]
    return _pickled(states)


def _pickled(value: Any) -> bytes:
    out = io.BytesIO()
    _Pickler(out, pickle.HIGHEST_PROTOCOL).dump(value)
    return out.getvalue()


def _file() -> sqlite3.Connection:
    """A connection of our own to the test database."""
    name = str(connection.settings_dict["NAME"])
    if name not in _files:
        _files[name] = sqlite3.connect(name, timeout=30, check_same_thread=False)
    return _files[name]


def _version() -> int:
    """Moves whenever anybody but us has changed the rows."""
    return int(_file().execute("PRAGMA data_version").fetchone()[0])
