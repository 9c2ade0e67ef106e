"""Twenty's side of `connectors.rebuild`: views, message lists and drafts of workflows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from connectors.contract import Access
from connectors.errors import ConnectorError, Rejected
from connectors.rebuild import ListPlan, Plan, Thing, ViewPlan
from connectors.twenty import drafts, message_lists
from connectors.twenty.api import TwentyApi
from connectors.twenty.catalogue import Schema, read_schema
from connectors.twenty.drafts import Drafts
from connectors.twenty.message_lists import MessageLists
from connectors.twenty.views import Views

Json = Any

_URLS = "{currentWorkspace{workspaceUrls{customUrl subdomainUrl}}}"
PATHS = {
    Thing.VIEW: "/objects/people?viewId={}",
    Thing.LIST: "/object/messageList/{}",
    Thing.WORKFLOW: "/object/workflow/{}",
}


class TwentyRebuilder:
    """One workspace of Twenty; see `connectors.rebuild.Rebuilder`. The schema is read once."""

    def __init__(self, access: Access) -> None:
        self._api = TwentyApi(access)

    def close(self) -> None:
        """See `Rebuilder.close`."""
        self._api.client.close()

    @cached_property
    def _schema(self) -> Schema:
        return read_schema(self._api)

    @cached_property
    def _views(self) -> Views:
        return Views(self._api, self._schema)

    @cached_property
    def _lists(self) -> MessageLists:
        return MessageLists(self._api, self._schema)

    @cached_property
    def _drafts(self) -> Drafts:
        return Drafts(self._api)

    def _of(self, thing: Thing) -> Views | MessageLists | Drafts:
        if thing == Thing.VIEW:
            return self._views
        return self._lists if thing == Thing.LIST else self._drafts

    def refusals(self) -> Mapping[Thing, str]:
        """See `Rebuilder.refusals`. What the schema lists can be made; views are asked for themselves."""
        found = {Thing.LIST: message_lists.missing(self._schema), Thing.WORKFLOW: drafts.missing(self._schema)}
        try:
            self._api.metadata("GET", "views")
        except Rejected as refusal:
            found[Thing.VIEW] = str(refusal)
        return {thing: reason for thing, reason in found.items() if reason}

    def make(self, plan: Plan) -> str:
        """See `Rebuilder.make`."""
        if isinstance(plan, ViewPlan):
            return self._views.make(plan)
        return self._lists.make(plan) if isinstance(plan, ListPlan) else self._drafts.make(plan)

    def look(self, thing: Thing, id: str) -> str:
        """See `Rebuilder.look`."""
        found = self._of(thing).look(id)
        return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest() if found else ""

    def remove(self, thing: Thing, id: str) -> None:
        """See `Rebuilder.remove`."""
        self._of(thing).remove(id)

    def address(self, thing: Thing, id: str) -> str:
        """See `Rebuilder.address`."""
        return self._front + PATHS[thing].format(id)

    @cached_property
    def _front(self) -> str:
        """Where people open this workspace: on the cloud, and with several workspaces, not where the API answers."""
        try:
            urls = self._api.metadata_graphql(_URLS, {})["currentWorkspace"]["workspaceUrls"]
        except (ConnectorError, KeyError, TypeError):
            return self._api.client.base_url
        told = str(urls.get("customUrl") or urls.get("subdomainUrl") or "")
        # It becomes a link on our pages: nothing but an address of the web may.
        return (told if told.startswith(("https://", "http://")) else self._api.client.base_url).rstrip("/")
