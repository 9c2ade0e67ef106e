"""What a new self-hosted customer has: two members, five people, five companies, opportunities, workflows."""

from __future__ import annotations

import uuid
from typing import Any

from .constraints import search_vector
from .schema import BLANKS, Record
from .views import index_view
from .workflows import EXEMPT_SOURCES, TRIGGER_EVENT
from .workspace import SYSTEM, Workspace

Json = Any

NAMESPACE = uuid.UUID("6f2b8d0e-5b3a-4f0d-9c53-0b0a7f6f1f11")
MEMBER_IDS = {
    "1.x": ("42e52734-ca6f-4093-9479-2a5607cff700", "eccbfa55-3789-4456-b3a2-16ae28ba3dd7"),
    "2.x": ("8185922d-13b1-4b42-9ff8-d8946273ac80", "cd8daf71-a6a9-4317-8684-778a675cb50b"),
}
MEMBERS = (("Rita", "Rep", "rep@acme.test"), ("Olivia", "Owner", "owner@acme.test"))
COMPANIES = (
    ("06290608-8bf0-4806-99ae-a715a6a93fad", "Notion", "notion.com", 400),
    ("5d64b19d-9f6f-4e0e-9bd4-1d0d0f8f7c11", "Stripe", "stripe.com", 8000),
    ("93e0c2f7-0a3f-4f0c-8d5a-7d1f3a2b4c22", "Figma", "figma.com", 800),
    ("c776ee49-f608-4a77-8cc8-6fe96ae1e43f", "Airbnb", "airbnb.com", 5000),
    ("f45ee421-8a3e-4aa5-a1cf-7207cc6754e1", "Anthropic", "anthropic.com", 1100),
)
PEOPLE = (
    ("a2e78a5e-338b-46df-8811-fa08c7d19d35", "Brian", "Chesky", "chesky@airbnb.com", "123456789", 3),
    ("93c72d2e-e65c-44c4-99ad-f87f50349dcf", "Dario", "Amodei", "amodei@anthropic.com", "555123456", 4),
    ("edf6d445-13a7-4373-9a47-8f89e8c0a877", "Patrick", "Collison", "collison@stripe.com", "987625341", 1),
    ("b1e26fa6-c757-4c88-abfa-4b11f5cf3acf", "Dylan", "Field", "field@figma.com", "098822619", 2),
    ("7a93d1e5-3f74-4945-8a65-d7f996083f72", "Ivan", "Zhao", "zhao@notion.com", "882261739", 0),
)
OPPORTUNITIES = (
    ("2beb07b0-340c-41d7-be33-5aa91757f329", "API Integration Deal", 75_000, "SCREENING", 1, 2),
    ("5a1f9c3d-3f6e-4c0c-8b1e-2c4f3f0b7d10", "Enterprise Plan Upgrade", 100_000, "MEETING", 4, 1),
    ("6b2f9c3d-3f6e-4c0c-8b1e-2c4f3f0b7d11", "Design Partnership", 50_000, "NEW", 2, 3),
    ("7c3f9c3d-3f6e-4c0c-8b1e-2c4f3f0b7d12", "Workspace Expansion", 62_000, "PROPOSAL", 0, 4),
    ("8d4f9c3d-3f6e-4c0c-8b1e-2c4f3f0b7d13", "Travel Programme", 40_000, "NEW", 3, 0),
    ("9e5f9c3d-3f6e-4c0c-8b1e-2c4f3f0b7d14", "Platform Migration", 90_000, "CUSTOMER", 1, 2),
)
PERSONLESS: Record = {**SYSTEM, "context": {}}
QUICK_LEAD = "8b213cac-a68b-4ffe-817a-3ec994e9932d"
COMPANY_WORKFLOW = "10fa0e9c-3692-5605-8aab-fb656bf53d3d"
COMPANY_VERSION = "c525be03-84a8-5887-ac72-b8c40e0a55d8"
COMPANY_TRIGGER = "0e50c7b3-6857-5879-bf58-1ad01eb0f8ac"


def seed(workspace: Workspace, *, prefilled: bool) -> None:
    """Members always exist; people, companies and opportunities only in a prefilled workspace."""
    for identifier, (first, last, email) in zip(MEMBER_IDS[workspace.line], MEMBERS, strict=True):
        member: Record = {"id": identifier, "name": {"firstName": first, "lastName": last}, "userEmail": email}
        member["userId"] = str(uuid.uuid5(NAMESPACE, email))
        _put(workspace, "workspaceMember", member, BLANKS["ACTOR"])
    _workflows(workspace)
    _views(workspace)
    if not prefilled:
        return
    for place, (identifier, name, domain, employees) in enumerate(COMPANIES, 1):
        company: Record = {"id": identifier, "name": name, "employees": employees, "position": place}
        company["domainName"] = {**BLANKS["LINKS"], "primaryLinkUrl": f"https://{domain}"}
        _put(workspace, "company", company)
    for place, (identifier, first, last, email, phone, employer) in enumerate(PEOPLE, 1):
        person: Record = {
            "id": identifier,
            "name": {"firstName": first, "lastName": last},
            "emails": {"primaryEmail": email, "additionalEmails": []},
            "phones": {**BLANKS["PHONES"], "primaryPhoneNumber": phone, "primaryPhoneCallingCode": "+1"},
            "avatarUrl": f"https://twentyhq.github.io/placeholder-images/people/{place}.png",
            "companyId": COMPANIES[employer][0],
            "city": "San Francisco",
            "position": place,
        }
        _put(workspace, "person", person)
    for place, (identifier, name, amount, stage, customer, contact) in enumerate(OPPORTUNITIES, 1):
        deal: Record = {
            "id": identifier,
            "name": name,
            "amount": {"amountMicros": amount * 1_000_000, "currencyCode": "USD"},
            "closeDate": "2026-01-25T16:26:00.000Z",
            "stage": stage,
            "companyId": COMPANIES[customer][0],
            "pointOfContactId": PEOPLE[contact][0],
            "position": place,
        }
        _put(workspace, "opportunity", deal)


def _workflows(workspace: Workspace) -> None:
    """Both lines have "Quick Lead"; 2.x adds an active workflow that makes companies (FACTS-2.x.md §0.1)."""
    version_id = str(uuid.uuid5(NAMESPACE, "quick"))
    quick: Record = {"id": QUICK_LEAD, "name": "Quick Lead", "statuses": ["ACTIVE"], "position": 1}
    quick["lastPublishedVersionId"] = version_id
    _put(workspace, "workflow", quick, PERSONLESS)
    version = {"id": version_id, "name": "v1", "status": "ACTIVE", "workflowId": QUICK_LEAD}
    _put(workspace, "workflowVersion", version, BLANKS["ACTOR"])
    _put(workspace, "dashboard", {"id": str(uuid.uuid5(NAMESPACE, "dashboard")), "title": "My First Dashboard"})
    if workspace.modern:
        _company_workflow(workspace)


def _company_workflow(workspace: Workspace) -> None:
    settings = _trigger_settings(workspace)
    workflow: Record = {
        "id": COMPANY_WORKFLOW,
        "name": "Create company when adding a new person",
        "lastPublishedVersionId": COMPANY_VERSION,
        "statuses": ["ACTIVE"],
        "position": 2,
    }
    _put(workspace, "workflow", workflow, PERSONLESS)
    version: Record = {"id": COMPANY_VERSION, "name": "v1", "status": "ACTIVE", "workflowId": COMPANY_WORKFLOW}
    version["trigger"] = {
        "name": "Record is created or updated",
        "type": "DATABASE_EVENT",
        "settings": {**settings, "outputSchema": {}},
        "nextStepIds": [],
    }
    version["steps"] = [_step("Is this a personal email?", "CODE"), _step("If business email", "FILTER")]
    _put(workspace, "workflowVersion", version, BLANKS["ACTOR"])
    row: Record = {"id": COMPANY_TRIGGER, "type": "DATABASE_EVENT", "settings": settings}
    row["workflowId"] = COMPANY_WORKFLOW
    _put(workspace, "workflowAutomatedTrigger", row, BLANKS["ACTOR"])


def _trigger_settings(workspace: Workspace) -> Record:
    """People upserted with changed emails, unless an e-mail or a calendar brought them."""
    group = str(uuid.uuid5(NAMESPACE, "filters"))
    filters = [
        {
            "id": str(uuid.uuid5(NAMESPACE, source)),
            "type": "ACTOR",
            "value": f'["{source}"]',
            "operand": "IS_NOT",
            "stepOutputKey": "{{trigger.properties.after.createdBy.source}}",
            "fieldMetadataId": workspace.schema.objects["person"].fields["createdBy"].id,
            "stepFilterGroupId": group,
            "positionInStepFilterGroup": place,
            "compositeFieldSubFieldName": "source",
        }
        for place, source in enumerate(EXEMPT_SOURCES)
    ]
    return {
        "eventName": TRIGGER_EVENT,
        "fields": ["emails"],
        "filter": {"stepFilters": filters, "stepFilterGroups": [{"id": group, "logicalOperator": "AND"}]},
    }


def _step(name: str, kind: str) -> Record:
    return {
        "id": str(uuid.uuid5(NAMESPACE, name)),
        "name": name,
        "type": kind,
        "valid": False,
        "position": {"x": 227.25, "y": 130},
        "settings": {"input": {}, "outputSchema": {}},
        "__typename": "WorkflowAction",
        "nextStepIds": [],
    }


def _views(workspace: Workspace) -> None:
    """Every object that people see has its "All …" view."""
    for kind in workspace.schema.objects.values():
        if not kind.system:
            index_view(workspace, kind)
    if not workspace.modern:
        for place, view in enumerate(workspace.extras.views):
            _put(workspace, "favorite", {"id": str(uuid.uuid5(NAMESPACE, view)), "viewId": view, "position": place})


def _put(workspace: Workspace, singular: str, content: Record, author: Json = SYSTEM) -> None:
    table = workspace.table(singular)
    row = table.kind.blank_row()
    now = workspace.now()
    row.update(createdAt=now, updatedAt=now)
    if "createdBy" in row:
        row.update(createdBy=author, updatedBy={**author, "context": None})
    row.update({key: value for key, value in content.items() if key in row})
    if "searchVector" in row:
        row["searchVector"] = search_vector(workspace, table.kind, row)
    table.insert(row)
