"""What people decide on the audit page: integrations that are settled, and people who are let in all the same."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from projects import audit, deletions, services
from projects.labels import in_a_sentence
from projects.models import AuditReport, Decision, Integration, Project, User
from projects.permissions import Can
from projects.pipeline.extract import digest_of
from projects.pipeline.phases import PERSON
from projects.services import Refused
from projects.text import plain
from projects.verbs import Verb


def make(*, project: Project, by: User) -> AuditReport:
    """Makes the audit anew from both systems."""
    services.allow(by, Can.LOOK, project)
    if project.connections.count() < 2:
        raise Refused("Connect the source and the destination first.")
    return deletions.refresh(project)


@transaction.atomic
def settle_integration(*, project: Project, name: str, owner: str, state: str, by: User) -> Integration:
    """Says who looks after an integration and what became of it; a new name adds one."""
    services.allow(by, Can.EDIT_MAP, project)
    if state not in Integration.State.values:
        raise Refused(f"“{state}” is no state. There are: {', '.join(Integration.State.values)}.")
    settled = state != Integration.State.OPEN
    row, _ = Integration.objects.update_or_create(
        project=project,
        name=plain(name.strip())[:200],
        defaults={
            "owner": plain(owner.strip())[:200],
            "state": state,
            "settled_at": timezone.now() if settled else None,
            "settled_by": by if settled else None,
        },
        create_defaults={
            "owner": plain(owner.strip())[:200],
            "state": state,
            "origin": Integration.Origin.NAMED,
            "settled_at": timezone.now() if settled else None,
            "settled_by": by if settled else None,
        },
    )
    audit.record(Verb.INTEGRATION_SETTLED, project, row.name, state=in_a_sentence(row.get_state_display()))
    again(project)
    return row


@transaction.atomic
def readmit(*, project: Project, key: str, by: User) -> None:
    """Lets one person in who was deleted and came back; what they had unsubscribed from stays."""
    services.allow(by, Can.DECIDE, project)
    if not project.deleted_profiles.filter(returned_as=key).exists():
        raise Refused(f"Nobody with the key {key} came back.")
    Decision.objects.update_or_create(
        project=project,
        object=PERSON,
        reason=deletions.RETURNED,
        key=key,
        defaults={"verdict": Decision.Verdict.IMPORT, "decided_by": by},
    )
    audit.record(Verb.READMITTED, project, key)
    again(project)


def again(project: Project) -> None:
    """The report over what was decided since; what both systems hold is not asked again."""
    newest = project.audit_reports.order_by("-pk").first()
    if newest is None:
        return
    content = deletions.report(project, people=newest.content["counts"]["people"])
    digest = digest_of({name: value for name, value in content.items() if name != "log"})
    if digest != newest.digest:
        AuditReport.objects.create(project=project, content=content, digest=digest)
