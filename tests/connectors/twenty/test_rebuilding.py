"""Where a person opens what was made: an address that the server tells, and never one that a browser would run."""

from __future__ import annotations

import httpx
import pytest

from connectors.budget import LocalBudget, Rate
from connectors.contract import Access
from connectors.rebuild import Thing
from connectors.twenty.rebuilding import TwentyRebuilder

HERE = "https://twenty.test"


@pytest.mark.parametrize(
    ("told", "front"),
    [
        ("https://crm.acme.example/", "https://crm.acme.example"),
        ("javascript:alert(1)//", HERE),
        ("", HERE),
    ],
)
def test_the_address_of_a_list_is_one_of_the_web(told: str, front: str) -> None:
    answer = {"data": {"currentWorkspace": {"workspaceUrls": {"customUrl": told, "subdomainUrl": ""}}}}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer, request=request))
    access = Access(HERE, {"api_key": "k"}, LocalBudget(Rate.unlimited()), transport=transport)
    assert TwentyRebuilder(access).address(Thing.LIST, "1") == f"{front}/object/messageList/1"
