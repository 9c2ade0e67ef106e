"""Versions of a project's documents: what was handed out stays as it was."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import transaction

from projects.documents.kinds import KINDS
from projects.models import Paper, Project, User
from projects.permissions import Can, can
from projects.services import Refused


@transaction.atomic
def keep(*, project: Project, kind: str, by: User) -> Paper:
    """The document as things stand: the newest version where it says the same, else the next number.

    Raises Refused for strangers, and when there is nothing to say yet.
    """
    if not can(by, Can.LOOK, project):
        raise Refused("As a stranger to this project you may not see its documents.")
    document = KINDS[kind]
    made = document.context(project)
    if made is None:
        raise Refused(document.why_not)
    content = document.to_json(made)
    digest = digest_of(content)
    newest = project.papers.filter(kind=kind).first()
    if newest is not None and newest.digest == digest:
        return newest
    return Paper.objects.create(
        project=project,
        kind=kind,
        number=newest.number + 1 if newest else 1,
        digest=digest,
        content=content,
        made_by=by,
        made_at=datetime.fromisoformat(content["head"]["made_at"]),
    )


def digest_of(content: dict[str, Any]) -> str:
    """SHA-256 over everything that a document says but the time of saying it."""
    said = {**content, "head": {name: value for name, value in content["head"].items() if name != "made_at"}}
    return hashlib.sha256(json.dumps(said, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def on_paper(paper: Paper) -> bytes:
    """The PDF of a version, with its number and digest in the footer."""
    stamp = {"version": paper.number, "digest": paper.digest[:12]}
    return KINDS[paper.kind].pdf({**paper.content, "stamp": stamp})
