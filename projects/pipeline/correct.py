"""Correct: before rows are turned, what people put over the source's values is laid over them."""

from __future__ import annotations

from projects.models import Correction, Record
from projects.pipeline.context import Context, Progress
from projects.pipeline.phases import RELATIONSHIP
from projects.pipeline.transform import save_rows

PAGE = 500

CORRECTED = ["corrected", "state", "reason", "detail", "match_key"]


def page(context: Context) -> Progress:
    """Lays the next corrections over their rows: rows that wait are turned once more, what has landed stays."""
    after = context.step.cursor.get("after", 0)
    object = context.step.object
    made = Correction.objects.filter(project=context.project, object=object, pk__gt=after).order_by("pk")
    corrections = {one.key: one for one in made[:PAGE]}
    if not corrections:
        return Progress(None)
    waiting = [Record.State.READ, Record.State.HELD, Record.State.REJECTED]
    rows = Record.objects.of(context.run, object).filter(key__in=corrections, state__in=waiting)
    changed = [row for row in rows if row.corrected != corrections[row.key].fields]
    for row in changed:
        row.corrected = corrections[row.key].fields
        row.state, row.reason, row.detail = Record.State.READ, "", ""
        if not object.startswith(RELATIONSHIP):
            row.match_key = ""
    last = max(one.pk for one in corrections.values())
    return Progress({"after": last}, done=len(changed), save=lambda: save_rows(changed, CORRECTED))
