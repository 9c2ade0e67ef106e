"""The documents of a project by kind: one line each, read by the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from projects.documents import certificate
from projects.models import Project, User
from projects.services import Refused


@dataclass(frozen=True, slots=True)
class Report:
    """A document: its content for scripts, the paper, and one sentence about it."""

    data: dict[str, Any]
    pdf: bytes
    sentence: str


def _certificate(project: Project, by: User) -> Report:
    """The newest certificate; a new one is issued when there is none over the newest production run."""
    run = certificate.newest_certifiable(project)
    if run is None:
        raise Refused("There is nothing to certify yet: no production run has ended.")
    found = project.certificates.filter(run=run).order_by("-number").first()
    found = found or certificate.issue(run=run, by=by)
    return Report(found.content, certificate.paper_of(found), f"Certificate {found.number}: {found.content['verdict']}")


REPORTS: dict[str, Callable[[Project, User], Report]] = {
    "certificate": _certificate,
}
"""Kind → what makes it. A new kind is one line here."""
