"""The default workflow of a fresh 2.x workspace: it makes companies for new people (FACTS-2.x.md §0.1)."""

from __future__ import annotations

import uuid
from typing import Any

from .errors import coded
from .schema import BLANKS, ObjectType, Record
from .workspace import PendingRun, Workspace

Json = Any

TRIGGER_EVENT = "person.upserted"
EXEMPT_SOURCES = ("EMAIL", "CALENDAR")
PERSONAL_DOMAINS = frozenset(("gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com", "aol.com"))
WORKFLOW_ACTOR = {
    "source": "WORKFLOW",
    "workspaceMemberId": None,
    "name": "Create company when adding a new person",
    "context": None,
}


def created(workspace: Workspace, kind: ObjectType, row: Record) -> None:
    """A new person starts a run, even without an e-mail; a new workflow gets a draft version."""
    if kind.singular == "person":
        _start(workspace, row)
    elif kind.singular == "workflow":
        _draft_version(workspace, row)


def updated(workspace: Workspace, kind: ObjectType, old: Record, new: Record) -> None:
    """Only a change of emails starts a run."""
    if kind.singular == "person" and old["emails"] != new["emails"]:
        _start(workspace, new)


def restored(workspace: Workspace, kind: ObjectType, row: Record) -> None:
    """A restored workflow comes back deactivated, and an API key cannot activate it (FACTS-2.x.md §0.1)."""
    if kind.singular != "workflow":
        return
    statuses = ["DEACTIVATED"] if "ACTIVE" in row["statuses"] else []
    workspace.table(kind).replace({**row, "statuses": statuses})
    versions = workspace.table("workflowVersion")
    for identifier in list(versions.pointing_at("workflowId", row["id"])):
        version = versions.rows[identifier]
        status = "DEACTIVATED" if version["status"] == "ACTIVE" else version["status"]
        versions.replace({**version, "deletedAt": None, "status": status})


def deleted(workspace: Workspace, kind: ObjectType, row: Record) -> None:
    """The versions of a soft-deleted workflow go with it."""
    if kind.singular == "workflow":
        versions = workspace.table("workflowVersion")
        for identifier in list(versions.pointing_at("workflowId", row["id"])):
            versions.replace({**versions.rows[identifier], "deletedAt": row["deletedAt"]})


def refuse_update(kind: ObjectType, body: Json) -> None:
    """Steps and status of a version are not for API keys (contracts/twenty/FACTS-2.x.md §10)."""
    if kind.singular != "workflowVersion" or not isinstance(body, dict):
        return
    if "steps" in body:
        raise coded(
            "Updating workflowVersion steps directly is forbidden. Use createWorkflowVersionStep, "
            "updateWorkflowVersionStep or deleteWorkflowVersionStep endpoint instead.",
            "FORBIDDEN",
        )
    if "status" in body:
        raise coded("Cannot update workflow version status manually", "FORBIDDEN")


def run_due(workspace: Workspace) -> None:
    """Execute the runs whose time has come."""
    now = workspace.clock()
    while workspace.pending_runs and workspace.pending_runs[0].due <= now:
        _execute(workspace, workspace.pending_runs.popleft())


def _active_workflow(workspace: Workspace) -> Record | None:
    """The live, active workflow behind the first live trigger on people."""
    if not workspace.modern:
        return None
    for trigger in workspace.table("workflowAutomatedTrigger").rows.values():
        settings = trigger["settings"] or {}
        if trigger["deletedAt"] is not None or settings.get("eventName") != TRIGGER_EVENT:
            continue
        workflow = workspace.table("workflow").rows.get(trigger["workflowId"] or "")
        if workflow and workflow["deletedAt"] is None and "ACTIVE" in workflow["statuses"]:
            return workflow
    return None


def _start(workspace: Workspace, person: Record) -> None:
    workflow = _active_workflow(workspace)
    if workflow is None or person["createdBy"]["source"] in EXEMPT_SOURCES:
        return
    functions = workspace.settings.logic_functions
    runs = workspace.table("workflowRun")
    now = workspace.now()
    row = runs.kind.blank_row()
    row.update(
        id=str(uuid.uuid4()),
        createdAt=now,
        updatedAt=now,
        enqueuedAt=now,
        startedAt=now if functions else None,
        endedAt=None if functions else now,
        name=f"#1 - {workflow['name']}",
        status="ENQUEUED" if functions else "FAILED",
        workflowId=workflow["id"],
        workflowVersionId=workflow["lastPublishedVersionId"] or None,
        createdBy={**WORKFLOW_ACTOR, "name": workflow["name"], "context": {}},
        state={"flow": _flow(workspace, workflow), "stepInfos": {}, "workflowRunError": None},
        position=len(runs.rows) + 1,
    )
    runs.insert(row)
    if functions:
        due = workspace.clock() + workspace.settings.workflow_delay
        workspace.pending_runs.append(PendingRun(due, person["id"], row["id"]))


def _flow(workspace: Workspace, workflow: Record) -> Record:
    """The version's steps and trigger, which a run keeps as they were."""
    version = workspace.table("workflowVersion").rows.get(workflow["lastPublishedVersionId"]) or {}
    return {"steps": version.get("steps") or [], "trigger": version.get("trigger") or {}}


def _execute(workspace: Workspace, run: PendingRun) -> None:
    """Make or find the company of the e-mail's domain and overwrite the person's companyId."""
    people, runs = workspace.table("person"), workspace.table("workflowRun")
    person = people.rows.get(run.person_id)
    if person is not None:
        domain = person["emails"]["primaryEmail"].rpartition("@")[2]
        if domain and domain not in PERSONAL_DOMAINS:
            company_id = _company_for(workspace, domain)
            people.replace({**person, "companyId": company_id, "updatedAt": workspace.now()})
    row = runs.rows.get(run.run_id)
    if row is not None:
        runs.replace({**row, "status": "COMPLETED", "endedAt": workspace.now()})


def _company_for(workspace: Workspace, domain: str) -> str:
    companies = workspace.table("company")
    url = f"https://{domain}"
    for known in (url, domain):
        owner = companies.owner_of(companies.kind.unique[0].name, (known,))
        if owner is not None:
            return owner
    now = workspace.now()
    lowest = companies.lowest_position()
    row = companies.kind.blank_row()
    row.update(
        id=str(uuid.uuid4()),
        createdAt=now,
        updatedAt=now,
        name=domain,
        domainName={**BLANKS["LINKS"], "primaryLinkUrl": url},
        createdBy=WORKFLOW_ACTOR,
        updatedBy=WORKFLOW_ACTOR,
        position=0 if lowest is None else lowest - 1,
    )
    companies.insert(row)
    return row["id"]  # type: ignore[no-any-return]


def _draft_version(workspace: Workspace, workflow: Record) -> None:
    versions = workspace.table("workflowVersion")
    now = workspace.now()
    row = versions.kind.blank_row()
    row.update(id=str(uuid.uuid4()), createdAt=now, updatedAt=now, name="v1", status="DRAFT", workflowId=workflow["id"])
    versions.insert(row)
    workspace.table("workflow").replace({**workflow, "statuses": ["DRAFT"]})
