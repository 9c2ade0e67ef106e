"""Finds the connectors: every package under `connectors/` that has a `connector.py` with `CONNECTOR`."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from functools import cache

import connectors
from connectors.contract import Connector


@cache
def all_connectors() -> tuple[Connector, ...]:
    """Every connector, sorted by slug; vendor code is imported on first use only."""
    found = []
    for module in pkgutil.iter_modules(connectors.__path__):
        name = f"connectors.{module.name}.connector"
        if module.ispkg and importlib.util.find_spec(name):
            found.append(importlib.import_module(name).CONNECTOR)
    return tuple(sorted(found, key=lambda connector: connector.slug))


def get_connector(slug: str) -> Connector:
    """The connector of that slug; a KeyError names those there are."""
    for connector in all_connectors():
        if connector.slug == slug:
            return connector
    known = ", ".join(connector.slug for connector in all_connectors())
    raise KeyError(f"There is no connector “{slug}”. There are: {known}.")
