"""Audit and cutover for who looks at them: the freeze, a signature that does not hold, and what is known by when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from projects import services
from projects.models import AuditReport, Project, Run, User
from projects.text import in_quotes, moved_in_words

LogIn = Callable[[User], Client]


def report(project: Project, digest: str, **counts: int) -> AuditReport:
    """An audit that was made, with nobody in it but in numbers."""
    numbers = dict.fromkeys(("deleted", "returned", "merged", "in_destination", "in_bin"), 0)
    numbers |= dict.fromkeys(("people", "billable", "expected"), 3)
    content: dict[str, Any] = {
        "log": {"since": "2026-10-01T00:00:00+00:00", "read_to": "2026-10-31T00:00:00+00:00"},
        "deleted": [],
        "merged": [],
        "do_not_contact": [],
        "readmitted": [],
        "counts": {**numbers, "migrated": None, **counts},
        "integrations": [],
    }
    return AuditReport.objects.create(project=project, content=content, digest=digest * 64)


def look(client: Client, project: Project, name: str) -> str:
    return client.get(reverse(name, args=[project.slug])).content.decode()


@pytest.mark.parametrize("role", ["customer", "engineer", "admin"])
def test_everybody_sees_from_when_on_the_source_is_frozen(role: str, sandbox: Run, log_in: LogIn) -> None:
    project = sandbox.project
    client = log_in(User.objects.get(email=f"{role}@example.com"))
    assert "Not announced yet." in look(client, project, "cutover")
    Project.objects.filter(pk=project.pk).update(freeze_at=datetime(2026, 12, 1, 6, 30, tzinfo=UTC))
    page = look(client, project, "cutover")
    assert "Announced: from 1 Dec 2026, 06:30 UTC on nobody writes to" in page
    assert ("Move it" in page) == (role != "customer")


def test_before_production_has_ended_nothing_is_said_of_held_records(
    sandbox: Run, customer: User, log_in: LogIn
) -> None:
    page = look(log_in(customer), sandbox.project, "cutover")
    assert "What is held is known once production has ended." in page
    assert "Every held record is decided." not in page


def test_a_signature_under_the_audit_that_does_not_hold_says_why(sandbox: Run, customer: User, log_in: LogIn) -> None:
    project = sandbox.project
    report(project, "a")
    services.sign(project=project, gate="audit", by=customer, name="Carla Customer")
    client = log_in(customer)
    assert "Acknowledged by Carla Customer" in look(client, project, "audit")
    report(project, "b", deleted=1)
    page = look(client, project, "audit")
    assert "does not hold any more. The audit says something else than when it was signed" in page


def test_an_audit_that_waits_tells_an_engineer_who_signs(sandbox: Run, engineer: User, log_in: LogIn) -> None:
    report(sandbox.project, "a")
    assert "The customer acknowledges it here." in look(log_in(engineer), sandbox.project, "audit")


def test_what_a_delta_moved_and_what_a_field_holds_are_said_in_words() -> None:
    assert moved_in_words({"created": 3, "retired": 1132}) == "3 created, 1,132 put into the bin"
    assert in_quotes({"firstName": "Ada", "lastName": "Lovelace"}) == "“Ada Lovelace”"
    assert (in_quotes(["A", "B"]), in_quotes(""), in_quotes(False)) == ("“A, B”", "nothing", "“no”")
