"""Opens the two sides of a project: one place where credentials are decrypted and budgets are shared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

import redis
from django.conf import settings

from connectors.budget import Budget, LocalBudget, Rate, RedisBudget
from connectors.contract import Access, Archive, ArchivePlace, Connector, Destination, Source
from connectors.errors import Terminal
from connectors.rebuild import Rebuilder
from connectors.registry import get_connector
from projects.models import Connection, Project

transports: dict[str, Any] = {}
"""Base URL → httpx transport: how tests put an in-process server where the network would be."""


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5)


@cache
def _local_budget(key: str, rate: Rate) -> LocalBudget:
    return LocalBudget(rate)


def budget_for(connection: Connection, connector: Connector) -> Budget:
    """The request budget of a connection: in Redis where there is one, else shared within this process."""
    rate = connector.rate
    if connection.requests_per_minute:
        burst = min(rate.capacity, connection.requests_per_minute)
        rate = Rate(burst, 60 / connection.requests_per_minute, steady=rate.steady)
    key = f"{connection.pk}:{connection.requests_per_minute or 'usual'}"
    return RedisBudget(_redis(), key, rate) if settings.REDIS_URL else _local_budget(key, rate)


def access(connection: Connection) -> Access:
    """Everything a connector needs to open this connection."""
    return Access(
        base_url=connection.base_url,
        credentials=connection.secrets,
        budget=budget_for(connection, get_connector(connection.connector)),
        allow_private=settings.ALLOW_PRIVATE_HOSTS,
        transport=transports.get(connection.base_url),
        known=connection.known,
    )


def open_archive(project: Project, object: str, names: Mapping[tuple[str, str], str] | None = None) -> Archive | None:
    """The archive that stands beside the source's API for this object type, opened; None where there is none."""
    stored = project.archives.filter(object=object).first()
    connection = project.connections.filter(side=Connection.Side.SOURCE).first()
    if stored is None or connection is None:
        return None
    reader = get_connector(connection.connector).archives.get(object)
    if reader is None:
        raise Terminal(f"{connection.connector} has no archives of {object}.", "Take the archive off the project.")
    scratch = str(settings.DATA_DIR / "archives" / str(project.pk))
    return reader(ArchivePlace(tuple(stored.paths), stored.columns, scratch, names or {}))


def _connection(project: Project, side: str) -> Connection:
    try:
        return project.connections.get(side=side)
    except Connection.DoesNotExist:
        raise Terminal(f"The project has no {side} yet.", "Add it under Connections.") from None


@contextmanager
def open_source(project: Project) -> Iterator[Source]:
    """The project's source, ready to read."""
    connection = _connection(project, Connection.Side.SOURCE)
    factory = get_connector(connection.connector).source
    if factory is None:
        raise Terminal(f"{connection.connector} cannot be a source.", "Choose another one under Connections.")
    with _closing(factory(access(connection))) as source:
        yield cast(Source, source)


@contextmanager
def open_destination(project: Project) -> Iterator[Destination]:
    """The project's destination, ready to read and write."""
    connection = _connection(project, Connection.Side.DESTINATION)
    factory = get_connector(connection.connector).destination
    if factory is None:
        raise Terminal(f"{connection.connector} cannot be a destination.", "Choose another one under Connections.")
    with _closing(factory(access(connection))) as destination:
        yield cast(Destination, destination)


@contextmanager
def open_rebuilder(project: Project) -> Iterator[Rebuilder]:
    """The project's destination, ready to be given views, lists and drafts."""
    connection = _connection(project, Connection.Side.DESTINATION)
    factory = get_connector(connection.connector).rebuilder
    if factory is None:
        label = get_connector(connection.connector).label
        raise Terminal(f"{label} takes records and nothing else.", "Build views by hand from the handoff.")
    with _closing(factory(access(connection))) as rebuilder:
        yield cast(Rebuilder, rebuilder)


@contextmanager
def _closing(opened: Any) -> Iterator[Any]:
    try:
        yield opened
    finally:
        if close := getattr(opened, "close", None):
            close()
