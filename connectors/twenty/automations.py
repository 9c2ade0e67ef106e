"""Workflows that our writes would start, and how to pause them (contracts/twenty/FACTS-2.x.md section 0.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.catalogue import ObjectType
from connectors.contract import Trigger
from connectors.errors import NotAllowed, Rejected
from connectors.twenty.api import TwentyApi, query, rows_of
from connectors.twenty.reading import Reader

Json = Any

TRIGGERS = "/rest/workflowAutomatedTriggers"
STARTED_BY_US = ("created", "updated", "upserted")


class Automations:
    """Finds, pauses and resumes triggers.

    A trigger is paused by soft-deleting its row: restored, it works again. Soft-deleting the workflow would stop
    it too, but the restore leaves it deactivated, and a key cannot activate.
    """

    def __init__(self, api: TwentyApi, reader: Reader) -> None:
        self._api = api
        self._reader = reader

    def triggers(
        self, triggers: ObjectType | None, workflows: ObjectType | None, names: Sequence[str]
    ) -> list[Trigger]:
        """Active triggers on events of these objects; none where the server has no such thing."""
        if triggers is None:
            return []
        rows = [row.fields for page, _ in self._reader.pages(triggers, None) for row in page]
        ours = [row for row in rows if row.get("type") == "DATABASE_EVENT" and _event(row)[0] in names]
        ours = [row for row in ours if _event(row)[1] in STARTED_BY_US]
        ids = [str(row["workflowId"]) for row in ours if row.get("workflowId")]
        found = {one.id: one.fields for one in self._reader.read(workflows, ids)} if workflows and ids else {}
        return [_trigger(row, found.get(str(row.get("workflowId")), {})) for row in ours if _is_active(row, found)]

    def listeners(self, names: Sequence[str]) -> list[str]:
        """Where webhooks send what happens to these objects; nothing where the key may not read webhooks."""
        try:
            answer = self._api.metadata("GET", "webhooks")
        except (NotAllowed, Rejected):
            return []
        rows = answer if isinstance(answer, list) else rows_of(answer)
        chosen = [row for row in rows if any(_hears(operation, names) for operation in row.get("operations") or ())]
        return sorted({str(row["targetUrl"]) for row in chosen if row.get("targetUrl") and not row.get("deletedAt")})

    def pause(self, id: str) -> None:
        """Soft-deletes the trigger; once more does no harm. Anything but `soft_delete=true` would destroy it."""
        self._api.send("DELETE", query(f"{TRIGGERS}/{id}", soft_delete="true"), safe=True)

    def resume(self, id: str) -> None:
        """Restores the trigger; the path with an id that the documentation names is broken (section 6)."""
        chosen = f"id[eq]:{id}"
        answer = self._api.send("PATCH", query("/rest/restore/workflowAutomatedTriggers", filter=chosen), safe=True)
        if not rows_of(answer.body) and not rows_of(self._api.get(TRIGGERS, filter=chosen)):
            raise Rejected(
                "The paused workflow trigger is no longer in Twenty.",
                "It was deleted for good: switch its workflow off and on again to have it made anew.",
            )


def _hears(operation: str, names: Sequence[str]) -> bool:
    """Whether `*.*`, `person.*` or `person.created` is about one of these objects."""
    return operation.partition(".")[0] in ("*", *names)


def _event(row: Mapping[str, Json]) -> tuple[str, str]:
    settings = row.get("settings")
    name = str(settings.get("eventName", "")) if isinstance(settings, dict) else ""
    object, _, verb = name.rpartition(".")
    return object, verb


def _is_active(row: Mapping[str, Json], workflows: Mapping[str, Mapping[str, Json]]) -> bool:
    """A trigger row outlives its workflow's deactivation; where the workflow cannot be seen, it counts as active."""
    statuses = workflows.get(str(row.get("workflowId")), {}).get("statuses")
    return not isinstance(statuses, list) or "ACTIVE" in statuses


def _trigger(row: Mapping[str, Json], workflow: Mapping[str, Json]) -> Trigger:
    object, verb = _event(row)
    name = str(workflow.get("name") or f"a workflow on {object}.{verb}")
    fields = (row.get("settings") or {}).get("fields") or []
    consequence = f"“{name}” would run once for every imported {object}; what it does is up to its steps."
    if object == "person" and "emails" in fields:
        consequence = (
            f"“{name}” would run for every imported person. As Twenty delivers it, it makes a company out of the "
            "e-mail domain and overwrites the company that the import has linked."
        )
    return Trigger(id=str(row["id"]), name=name, event=f"{object}.{verb}", object=object, consequence=consequence)
