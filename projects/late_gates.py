"""The gates beside and after production: audit acknowledged, cut over, hypercare closed.

The audit is a gate of its own: production may begin without it, the cutover may not.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from projects import audit
from projects.models import Concern, Project, Reconciliation, Run
from projects.text import counted
from projects.verbs import Verb

AUDIT = "audit"
CUTOVER = "cutover"
HYPERCARE = "hypercare"

LATE = (AUDIT, CUTOVER, HYPERCARE)

LABELS = {AUDIT: "Deleted profiles and integrations", CUTOVER: "Cutover", HYPERCARE: "Hypercare"}

MISSING = {
    AUDIT: "The audit has not been made yet.",
    CUTOVER: "Production, the audit and a delta come first.",
    HYPERCARE: "The cutover comes first.",
}


def content(project: Project, gate: str) -> dict[str, Any] | None:
    """What a signature under a late gate covers now; None when there is nothing to sign yet."""
    if gate == AUDIT:
        newest = project.audit_reports.order_by("-pk").first()
        return {"audit": newest.digest, "counts": newest.content["counts"]} if newest else None
    if gate == CUTOVER:
        return _cutover(project)
    return _hypercare(project)


def _cutover(project: Project) -> dict[str, Any] | None:
    if project.cut_over_at is not None:
        # What was signed then is signed: what happens at the source afterwards is nobody's cutover any more.
        signed = project.signatures.filter(gate=CUTOVER).exclude(digest="").order_by("-pk").first()
        return dict(signed.shown) if signed else None
    last = last_delta(project)
    audit = project.audit_reports.order_by("-pk").first()
    if last is None or audit is None:
        return None
    books = Reconciliation.objects.filter(phase__run=last).order_by("pk").values_list("phase__name", "digest")
    frozen = project.freeze_at.isoformat() if project.freeze_at else None
    return {"delta": last.number, "reconciliations": dict(books), "audit": audit.digest, "freeze": frozen}


def last_delta(project: Project) -> Run | None:
    """The newest delta that ended and still stands."""
    done = project.runs.filter(kind=Run.Kind.DELTA, state=Run.State.SUCCEEDED).exclude(phases__rolled_back=True)
    return done.order_by("-number").first()


def _hypercare(project: Project) -> dict[str, Any] | None:
    if project.cut_over_at is None:
        return None
    issues = [[one.number, one.state] for one in project.concerns.all()]
    return {"cut_over_at": project.cut_over_at.isoformat(), "issues": issues}


def ends_at(project: Project) -> datetime | None:
    """When the hypercare window ends."""
    return project.cut_over_at + timedelta(days=project.hypercare_days) if project.cut_over_at else None


def why_not(project: Project, gate: str) -> str:
    """Why the audit or the end of hypercare cannot be signed now; empty when it can. A cutover has its checklist."""
    if gate == AUDIT:
        open_ones = project.integrations.filter(state="open").count()
        words = counted(open_ones, "integration is", "integrations are")
        return f"{words} not looked at: pause, redirect or clear each." if open_ones else ""
    if gate == HYPERCARE:
        left = project.concerns.exclude(state=Concern.State.RESOLVED).count()
        return f"{counted(left, 'issue is', 'issues are')} not resolved." if left else ""
    return ""


def doubt(project: Project, gate: str) -> str:
    """What a signature would accept although something speaks against it."""
    end = ends_at(project)
    if gate == HYPERCARE and end is not None and timezone.now() < end:
        return f"The hypercare window is open until {end:%-d %b %Y, %H:%M} UTC."
    return ""


def stamp(project: Project) -> None:
    """Twenty is the system of record from now on: called by the signature under the gate, in its transaction.

    Of two who sign at once the first one sets the moment.
    """
    if Project.objects.filter(pk=project.pk, cut_over_at=None).update(cut_over_at=timezone.now()):
        audit.record(Verb.CUT_OVER, project, "Twenty")
    project.refresh_from_db(fields=["cut_over_at"])
