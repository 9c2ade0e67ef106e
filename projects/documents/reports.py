"""The documents of a project by kind: one line each, read by the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connectors.catalogue import ObjectKind
from mapping.rules import Action, MapSpec
from projects import estimator, quotes, taken_back
from projects.documents import certificate
from projects.documents import quote as quote_paper
from projects.documents.inventory import counted_of
from projects.documents.kept import keep, on_paper
from projects.documents.kinds import KINDS
from projects.documents.rows import discovery_of, profiles_of, sides
from projects.models import Project, User
from projects.pipeline.phases import COMPANY
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
    if gone := taken_back.why_not_certified(run):
        raise Refused(gone)
    found = project.certificates.filter(run=run).order_by("-number").first()
    found = found or certificate.issue(run=run, by=by)
    return Report(found.content, certificate.paper_of(found), f"Certificate {found.number}: {found.content['verdict']}")


def _kept(kind: str) -> Callable[[Project, User], Report]:
    """The document as things stand, kept as its next version unless the newest one says the same."""

    def made(project: Project, by: User) -> Report:
        paper = keep(project=project, kind=kind, by=by)
        return Report(paper.content, on_paper(paper), f"{paper}: {paper.digest[:12]}")

    return made


def _quote(project: Project, by: User) -> Report:
    """A written quote by the same rules as the public estimator, over what discovery counted."""
    run = discovery_of(project)
    if run is None:
        raise Refused("There is nothing to quote yet: run a discovery first.")
    both, profiles = sides(project), profiles_of(run)
    pair = estimator.pair_of(both["source"].connector, both["destination"].connector)
    if pair is None:
        raise Refused("Both systems have to be connected before a quote can be written.")
    stored = project.map_series.latest()
    spec = stored.spec if stored else MapSpec()
    facts = counted_of(project, profiles, spec, both)
    companies = {rule.source for rule in spec.objects if rule.destination == COMPANY and rule.action != Action.SKIP}
    typed = {
        "people": facts.people,
        "companies": sum(one.read for one in profiles if one.kind == ObjectKind.RECORD and one.object in companies),
        "custom_types": facts.custom_objects,
        "history": sum(one.read for one in profiles if one.kind == ObjectKind.HAPPENING),
        "fields": facts.fields,
        "no_address": facts.identity_gaps,
        "segments": facts.segments,
        "campaigns": facts.campaigns,
    }
    typed["custom_records"] = max(0, facts.other_records - typed["history"] - typed["companies"])
    made = estimator.of_facts(pair, typed, facts, f"{run} of {project}")
    kept, _token = quotes.write_quote(estimate=made, name=str(by), email=by.email, company=project.name)
    data = {**kept.content, "number": kept.number, "valid_until": kept.valid_until.isoformat()}
    return Report(data, quote_paper.pdf(kept), f"Quote {kept.number}, valid until {kept.valid_until:%d %B %Y}")


REPORTS: dict[str, Callable[[Project, User], Report]] = {
    "certificate": _certificate,
    "quote": _quote,
    **{kind: _kept(kind) for kind in KINDS},
}
"""Kind → what makes it. A new kind is one line here or in `KINDS`."""
