"""Views with columns and filters, made on request (contracts/twenty/FACTS-2.x.md section 10).

A view comes with no columns and no filters: each part is a request of its own. DELETE only puts it into the bin, with
its parts and its id; 2.x can destroy it, by GraphQL.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.errors import Rejected
from connectors.rebuild import ViewPlan
from connectors.twenty.api import TwentyApi
from connectors.twenty.catalogue import Schema

Json = Any

_DESTROY = "mutation($id:String!){destroyView(id:$id)}"
WIDTH = 180
ICON = "IconFilter"
SAID_BY_FILTERS = ("fieldMetadataId", "operand", "value", "subFieldName", "viewFilterGroupId")


class Views:
    """Makes and removes views of one workspace."""

    def __init__(self, api: TwentyApi, schema: Schema) -> None:
        self._api = api
        self._schema = schema

    def _field_id(self, object: str, name: str) -> str:
        field = self._schema.object(object).field(name)
        if field is None:
            raise Rejected(
                f"Twenty has no field {object}.{name}.", "Run the migration first: the map makes its fields."
            )
        return field.id

    def make(self, plan: ViewPlan) -> str:
        """Makes the view with its columns and filters, and gives its id: the planned one where the server takes it."""
        fields = {leaf["field"] for leaf in _leaves(plan.filter)}
        # Asked for before the first request that makes something.
        ids = {name: self._field_id(plan.object, name) for name in (*plan.columns, *sorted(fields))}
        body = {"id": plan.id, "name": plan.name[:120], "objectMetadataId": self._schema.object(plan.object).id}
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

    def _rows(self, what: str, view: str = "") -> list[Mapping[str, Json]]:
        rows = self._api.metadata("GET", f"{what}?viewId={view}" if view else what)
        return [row for row in rows if isinstance(row, dict) and not row.get("deletedAt")]

    def look(self, id: str) -> list[Json]:
        """Its name, filters and shown columns; nothing where it is gone."""
        names = [row.get("name") for row in self._rows("views") if row.get("id") == id]
        if not names:
            return []
        filters = [[row.get(name) for name in SAID_BY_FILTERS] for row in self._rows("viewFilters", id)]
        columns = [str(row.get("fieldMetadataId")) for row in self._rows("viewFields", id) if row.get("isVisible")]
        return [names, sorted(filters, key=json.dumps), sorted(columns)]

    def remove(self, id: str) -> None:
        """Removes a view with its parts; one that is not there is no error."""
        if any(row.get("id") == id for row in self._rows("views")):
            try:
                self._api.metadata_graphql(_DESTROY, {"id": id})
            except Rejected:
                self._api.metadata("DELETE", f"views/{id}")


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
