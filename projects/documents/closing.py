"""The closing report of hypercare: what was raised and what became of it, and how much of the handoff is live."""

from __future__ import annotations

from typing import Any

from projects import hypercare
from projects.documents import checklist, handoff
from projects.documents.pdf import render
from projects.models import HandoffItem, Project

LIVE = (HandoffItem.State.LIVE, HandoffItem.State.DROPPED)


def rebuilt(project: Project) -> dict[str, Any]:
    """How far the checklist is: items, how many are live or not needed, percent, and what is left by kind."""
    made = handoff.context(project)
    parts = checklist.sections(project, made) if made else ()
    lines = tuple(line for part in parts for line in part.lines)
    return {
        "items": len(lines),
        "done": sum(line.state in LIVE for line in lines),
        "percent": checklist.percent(lines),
        "left": [
            {
                "kind": part.kind,
                "label": part.label,
                "items": len(part.lines),
                "done": sum(line.state in LIVE for line in part.lines),
                "names": [line.name for line in part.lines if line.state not in LIVE],
            }
            for part in parts
        ],
    }


def report(project: Project) -> dict[str, Any]:
    """The report as JSON."""
    return {**hypercare.report(project), "rebuilt": rebuilt(project)}


def pdf(project: Project) -> bytes:
    """The report on paper."""
    return render("closing", report(project))
