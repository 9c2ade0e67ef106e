"""The verb `report`: one of a project's documents as PDF and JSON."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from projects.documents.kept import keep, on_paper
from projects.documents.kinds import KINDS
from projects.management.waiting import Outcome
from projects.models import Project, User


def report(project: Project, user: User, options: dict[str, Any]) -> Outcome:
    """Keeps the document as things stand and writes the files that were asked for."""
    paper = keep(project=project, kind=options["kind"], by=user)
    written = {}
    if options["pdf"]:
        written["pdf"] = options["pdf"]
        Path(options["pdf"]).write_bytes(on_paper(paper))
    if options["data"]:
        written["data"] = options["data"]
        Path(options["data"]).write_text(json.dumps(paper.content, ensure_ascii=False, indent=1) + "\n")
    data = {"kind": paper.kind, "version": paper.number, "digest": paper.digest, "written": written}
    return Outcome(data, f"{paper}: {paper.digest[:12]}" + "".join(f"\n{path}" for path in written.values()))


def report_options(parser: argparse.ArgumentParser) -> None:
    """What `report` takes."""
    parser.add_argument("--kind", choices=sorted(KINDS), required=True)
    parser.add_argument("--pdf", default="", metavar="FILE", help="Write the PDF there.")
    parser.add_argument("--data", default="", metavar="FILE", help="Write the JSON there.")
