"""Drafts of workflows: a key can give one its name and trigger (contracts/twenty/FACTS-2.x.md section 10).

Steps, and switching it on, need a person's session: they are left to whoever rebuilds it.
"""

from __future__ import annotations

from typing import Any

from connectors.rebuild import WorkflowPlan
from connectors.twenty.api import TwentyApi, rows_of
from connectors.twenty.catalogue import Schema

Json = Any

MISSING = "This Twenty has no workflows that a key may make."
SETTINGS: dict[str, dict[str, Json]] = {
    "MANUAL": {},
    "WEBHOOK": {"httpMethod": "POST", "authentication": None, "expectedBody": {}},
    "CRON": {"type": "DAYS", "schedule": {"day": 1, "hour": 9, "minute": 0}},
}
"""Kind of trigger → its settings as Twenty's own editor would begin with them."""


def missing(schema: Schema) -> str:
    """Why there can be no drafts here, in a sentence; empty where there can."""
    return "" if "workflow" in {one.name for one in schema.catalogue.objects} else MISSING


class Drafts:
    """Makes and removes drafts of workflows in one workspace."""

    def __init__(self, api: TwentyApi) -> None:
        self._api = api

    def make(self, plan: WorkflowPlan) -> str:
        """Makes the draft with its trigger; the version that comes with it is the draft. Never switches it on."""
        self._api.send("POST", "/rest/workflows", {"id": plan.id, "name": plan.name[:200]}, safe=False)
        settings = {"eventName": plan.event} if plan.event else SETTINGS.get(plan.trigger)
        if settings is None:
            return plan.id
        trigger = {"type": plan.trigger, "settings": {**settings, "outputSchema": {}}}
        for version in self._versions(plan.id):
            if version.get("status") == "DRAFT" and not version.get("trigger"):
                self._api.send("PATCH", f"/rest/workflowVersions/{version['id']}", {"trigger": trigger}, safe=True)
        return plan.id

    def look(self, id: str) -> list[Json]:
        """Its name, and each version with its trigger and steps; nothing where it is gone."""
        names = [row.get("name") for row in self._workflows(id)]
        if not names:
            return []
        parts = ("id", "status", "trigger", "steps")
        return [names, sorted([row.get(part) for part in parts] for row in self._versions(id))]

    def remove(self, id: str) -> None:
        """Destroys the workflow with its versions."""
        if self._workflows(id):
            self._api.send("DELETE", f"/rest/workflows/{id}", safe=True)

    def _workflows(self, id: str) -> list[dict[str, Json]]:
        return rows_of(self._api.get("/rest/workflows", filter=f"id[eq]:{id}"))

    def _versions(self, id: str) -> list[dict[str, Json]]:
        return rows_of(self._api.get("/rest/workflowVersions", filter=f"workflowId[eq]:{id}"))
