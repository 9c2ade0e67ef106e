"""A fake Customer.io whose clock stands still, and a client for it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from connectors.customerio.fake import FakeCustomerio, Workspace
from tests.connectors.customerio.asking import Clock, client_of


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def workspace(clock: Clock) -> Workspace:
    return Workspace(clock=clock)


@pytest.fixture
def fake(workspace: Workspace) -> FakeCustomerio:
    return FakeCustomerio(workspace, requests_per_second=None)


@pytest.fixture
def api(fake: FakeCustomerio) -> Iterator[httpx.Client]:
    with client_of(fake) as client:
        yield client


@pytest.fixture
def companies(workspace: Workspace) -> list[tuple[str, str]]:
    workspace.add_object_type("Companies", "Company")
    return [workspace.add_object("1", f"acme-{number}", {"name": f"Acme {number}"}).key for number in range(5)]
