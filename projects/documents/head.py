"""What every document of a project names so that it can be checked: run, time, map."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone

from mapping.models import FieldMap
from projects.models import Project, Run


@dataclass(frozen=True, slots=True)
class Head:
    """What a document names so that it can be checked: run, time, map."""

    title: str
    project: str
    made_at: str
    run: int | None
    run_words: str
    map: int | None
    map_digest: str


def head_of(project: Project, title: str, run: Run | None, stored: FieldMap | None) -> Head:
    """The head of a document that rests on this run and this map, made now."""
    ended = f"{run}, ended {run.ended_at:%Y-%m-%d %H:%M} UTC" if run and run.ended_at else str(run or "")
    return Head(
        title=title,
        project=project.slug,
        made_at=timezone.now().isoformat(timespec="seconds"),
        run=run.number if run else None,
        run_words=ended,
        map=stored.number if stored else None,
        map_digest=stored.digest if stored else "",
    )
