"""The documents of a project by kind: one line each, read by the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from projects.documents import certificate
from projects.documents.kept import keep, on_paper
from projects.documents.kinds import KINDS
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


def _kept(kind: str) -> Callable[[Project, User], Report]:
    """The document as things stand, kept as its next version unless the newest one says the same."""

    def made(project: Project, by: User) -> Report:
        paper = keep(project=project, kind=kind, by=by)
        return Report(paper.content, on_paper(paper), f"{paper}: {paper.digest[:12]}")

    return made


REPORTS: dict[str, Callable[[Project, User], Report]] = {
    "certificate": _certificate,
    **{kind: _kept(kind) for kind in KINDS},
}
"""Kind → what makes it. A new kind is one line here or in `KINDS`."""
