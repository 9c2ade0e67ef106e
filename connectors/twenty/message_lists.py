"""Message lists with their members, as Twenty has them from 2.x on (contracts/twenty/FACTS-2.x.md section 9)."""

from __future__ import annotations

import uuid
from typing import Any

from connectors.rebuild import ListPlan
from connectors.twenty.api import TwentyApi, rows_of
from connectors.twenty.catalogue import Schema
from connectors.twenty.reading import PAGE
from connectors.twenty.writing import BATCH

Json = Any

LIST, MEMBER = "messageList", "messageListMember"
MISSING = "This Twenty has no message lists: they came with a later version. Each person's tags say the same."


def missing(schema: Schema) -> str:
    """Why there can be no lists here, in a sentence; empty where there can."""
    known = {one.name for one in schema.catalogue.objects}
    return "" if {LIST, MEMBER} <= known else MISSING


def member_id(list: str, person: str) -> str:
    """The id under which we put a person on a list: so those that somebody else put there are told apart."""
    return str(uuid.uuid5(uuid.UUID(list), person))


class MessageLists:
    """Makes and removes message lists of one workspace."""

    def __init__(self, api: TwentyApi, schema: Schema) -> None:
        self._api = api
        self._schema = schema

    def make(self, plan: ListPlan) -> str:
        """Makes the list, then its members, as many as go into one request."""
        self._api.send("POST", "/rest/messageLists", {"id": plan.id, "name": plan.name[:200]}, safe=False)
        members = list(dict.fromkeys(plan.members))
        for start in range(0, len(members), BATCH):
            bodies = [
                {"id": member_id(plan.id, person), "listId": plan.id, "personId": person}
                for person in members[start : start + BATCH]
            ]
            self._api.send("POST", "/rest/batch/messageListMembers", bodies, safe=False)
        return plan.id

    def look(self, id: str) -> list[Json]:
        """Its name, and who is on it whom somebody else put there; nothing where it is gone."""
        names = [row.get("name") for row in self._lists(id)]
        if not names:
            return []
        others = []
        cursor: str | None = ""
        while cursor is not None:
            after = {"starting_after": cursor} if cursor else {}
            body = self._api.get("/rest/messageListMembers", filter=f"listId[eq]:{id}", limit=PAGE, **after)
            rows = rows_of(body)
            others += [row["personId"] for row in rows if row["id"] != member_id(id, str(row["personId"]))]
            info = body.get("pageInfo") or {}
            cursor = info.get("endCursor") if rows and info.get("hasNextPage") else None
        return [names, sorted(map(str, others))]

    def remove(self, id: str) -> None:
        """Destroys the list; its members go with it, the people stay."""
        if self._lists(id):
            self._api.send("DELETE", f"/rest/messageLists/{id}", safe=True)

    def _lists(self, id: str) -> list[dict[str, Json]]:
        return [] if missing(self._schema) else rows_of(self._api.get("/rest/messageLists", filter=f"id[eq]:{id}"))
