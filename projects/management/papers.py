"""The verbs that hand out documents."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from projects import rebuilding
from projects.documents import certificate, verifier
from projects.documents.reports import REPORTS
from projects.management.waiting import Failed, Outcome
from projects.models import Project, User


def report_options(parser: argparse.ArgumentParser) -> None:
    """What `report` takes."""
    parser.add_argument("--kind", choices=list(REPORTS), required=True)
    parser.add_argument("--pdf", default="", metavar="FILE", help="Where the paper goes.")
    parser.add_argument("--data", dest="data", default="", metavar="FILE", help="Where its content as JSON goes.")


def certify_options(parser: argparse.ArgumentParser) -> None:
    """What `certify` takes."""
    parser.add_argument("--bundle", default="", metavar="FILE", help="Where a copy of the bundle goes.")


def report(command: BaseCommand, project: Project, user: User, options: dict[str, Any]) -> Outcome:
    """Writes a document of the project, as paper and as JSON."""
    made = REPORTS[options["kind"]](project, user)
    for name, content in (("pdf", made.pdf), ("data", verifier.written(made.data))):
        if options[name]:
            Path(options[name]).write_bytes(content)
    return Outcome(made.data, made.sentence)


def rebuild(command: BaseCommand, project: Project, user: User, options: dict[str, Any]) -> Outcome:
    """Makes views, lists and drafts of workflows in the destination, in this process."""
    made = rebuilding.build(project=project, by=user)
    return Outcome({**{name: made.made[name] for name in rebuilding.WORDS}, "refused": made.refused}, str(made))


def certify(command: BaseCommand, project: Project, user: User, options: dict[str, Any]) -> Outcome:
    """Issues a certificate over the newest production run that has ended."""
    run = certificate.newest_certifiable(project)
    if run is None:
        raise Failed("There is nothing to certify yet: no production run has ended.")
    made = certificate.issue(run=run, by=user)
    if options["bundle"]:
        with made.bundle.open() as file, Path(options["bundle"]).open("wb") as out:
            shutil.copyfileobj(file, out)
    mark = verifier.fingerprint(made.content["public_key"])
    data = {"certificate": made.number, "verdict": made.content["verdict"], "fingerprint": mark}
    text = f"Certificate {made.number}: {made.content['verdict']}\nFingerprint of the key: {mark}"
    return Outcome({**data, "bundle": options["bundle"] or made.bundle.path}, text)
