"""A stateful stand-in for Customer.io's App API, for tests in one process and for the demo over HTTP."""

from __future__ import annotations

from connectors.customerio.fake.app import API_KEY, TRACK_KEY, FakeCustomerio
from connectors.customerio.fake.quirks import EmptyLists, LastPage, Quirks
from connectors.customerio.fake.workspace import Workspace

__all__ = ["API_KEY", "TRACK_KEY", "EmptyLists", "FakeCustomerio", "LastPage", "Quirks", "Workspace"]
