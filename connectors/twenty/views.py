"""Views and inactive workflows, made on request for what is rebuilt (contracts/twenty/FACTS-2.x.md section 10).

A view comes with no columns and no filters: each part is a request of its own. A workflow can be made by a key as a
draft with its name and trigger; its steps need a person's session, so they are left to whoever rebuilds it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.catalogue import ObjectType
from connectors.contract import Access
from connectors.errors import Rejected
from connectors.twenty.api import TwentyApi, query, rows_of
from connectors.twenty.catalogue import Schema, read_schema

Json = Any

WIDTH = 180
ICON = "IconFilter"


@dataclass(frozen=True, slots=True)
class ViewPlan:
    """A view to be made: `filter` is a tree of `{operator, parts}` and `{field, sub, operand, value}`."""

    id: str
    name: str
    object: str
    filter: Mapping[str, Json]
    columns: Sequence[str] = ()


class TwentyViews:
    """Makes and removes views and workflow stubs in one workspace."""

    def __init__(self, access: Access) -> None:
        self._api = TwentyApi(access)
        self._schema: Schema | None = None

    def close(self) -> None:
        """Lets go of the connection."""
        self._api.client.close()

    def _object(self, name: str) -> ObjectType:
        if self._schema is None:
            self._schema = read_schema(self._api)
        return self._schema.object(name)

    def _field_id(self, object: str, name: str) -> str:
        field = self._object(object).field(name)
        if field is None:
            raise Rejected(
                f"Twenty has no field {object}.{name}.", "Run the migration first: the map makes its fields."
            )
        return field.id

    def make(self, plan: ViewPlan) -> str:
        """Makes the view with its columns and filters, and gives its id: the planned one where the server takes it.

        One that is there already, whole or half, is made anew.
        """
        self.remove(plan.id)
        fields = {leaf["field"] for leaf in _leaves(plan.filter)}
        # Asked for before the first request that makes something.
        ids = {name: self._field_id(plan.object, name) for name in (*plan.columns, *sorted(fields))}
        body = {"id": plan.id, "name": plan.name[:120], "objectMetadataId": self._object(plan.object).id}
        view = str(self._post("views", {**body, "type": "TABLE", "icon": ICON}).get("id") or plan.id)
        for position, name in enumerate(dict.fromkeys((*plan.columns, *sorted(fields)))):
            column = {"fieldMetadataId": ids[name], "position": position, "isVisible": True, "size": WIDTH}
            self._post("viewFields", {"viewId": view, **column})
        self._filters(view, plan.filter, ids, None, 0)
        return view

    def _filters(
        self, view: str, node: Mapping[str, Json], ids: Mapping[str, str], group: str | None, position: int
    ) -> None:
        """A filter, or a group with everything in it; groups hang on their parents."""
        if "parts" not in node:
            self._post("viewFilters", _filter(view, node, ids[node["field"]], group, position))
            return
        made = str(uuid.uuid5(uuid.UUID(view), f"{group}:{position}"))
        body = {"id": made, "viewId": view, "logicalOperator": node["operator"]}
        if group is not None:
            body |= {"parentViewFilterGroupId": group, "positionInViewFilterGroup": position}
        answer = self._post("viewFilterGroups", body)
        for number, part in enumerate(node["parts"]):
            self._filters(view, part, ids, str(answer.get("id") or made), number)

    def _post(self, what: str, body: Json) -> Mapping[str, Json]:
        answer = self._api.metadata("POST", what, body)
        return answer if isinstance(answer, dict) else {}

    def ids(self) -> set[str]:
        """The ids of all views that there are."""
        rows = self._api.metadata("GET", "views")
        return {str(row["id"]) for row in rows if isinstance(row, dict) and "id" in row}

    def remove(self, id: str) -> None:
        """Removes a view with its parts; one that is not there is no error."""
        if id in self.ids():
            self._api.metadata("DELETE", f"views/{id}")

    def stub(self, id: str, name: str, event: str = "") -> None:
        """Makes a workflow as a draft, with the record event that is to start it; one that is there stays as it is."""
        if not rows_of(self._api.get("/rest/workflows", filter=f"id[eq]:{id}")):
            self._api.send("POST", "/rest/workflows", {"id": id, "name": name[:200]}, safe=False)
        if not event:
            return
        versions = rows_of(self._api.get("/rest/workflowVersions", filter=f"workflowId[eq]:{id}"))
        for version in versions:
            if version.get("status") == "DRAFT" and not version.get("trigger"):
                trigger = {"type": "DATABASE_EVENT", "settings": {"eventName": event, "outputSchema": {}}}
                self._api.send("PATCH", f"/rest/workflowVersions/{version['id']}", {"trigger": trigger}, safe=True)

    def remove_stub(self, id: str) -> None:
        """Removes a draft workflow; one that somebody has activated since stays."""
        rows = rows_of(self._api.get("/rest/workflows", filter=f"id[eq]:{id}"))
        if rows and "ACTIVE" not in (rows[0].get("statuses") or ()):
            self._api.send("DELETE", query(f"/rest/workflows/{id}", soft_delete="true"), safe=True)


def _leaves(node: Mapping[str, Json]) -> Iterator[Mapping[str, Json]]:
    for part in node.get("parts", ()):
        yield from _leaves(part)
    if "parts" not in node:
        yield node


def _filter(view: str, node: Mapping[str, Json], field: str, group: str | None, position: int) -> dict[str, Json]:
    """The body of one filter; several options are one JSON list inside a text."""
    value = node.get("value", "")
    body = {
        "viewId": view,
        "fieldMetadataId": field,
        "operand": node["operand"],
        "value": json.dumps(value) if isinstance(value, list) else value,
    }
    if node.get("sub"):
        body["subFieldName"] = node["sub"]
    if group is not None:
        body |= {"viewFilterGroupId": group, "positionInViewFilterGroup": position}
    return body
