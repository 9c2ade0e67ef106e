"""Clear: before a run writes, what earlier trials left in the destination is taken back.

That is the sandbox sample, and what a killed and cancelled run may have made without ever knowing. It is a rollback
like any other (`undo`), with two differences: nobody has to confirm it, and it is taken back whatever became of it.
"""

from __future__ import annotations

from projects.pipeline import undo
from projects.pipeline.context import Context, Progress


def page(context: Context) -> Progress:
    """Plans and takes back in turns: first the survey of everything, then what it found."""
    turn = context.step.cursor.get("turn", "survey")
    context.step.cursor = context.step.cursor.get("at", {})
    progress = undo.survey(context) if turn == "survey" else undo.page(context)
    following = progress.cursor
    if following is None:
        cursor = {"turn": "undo", "at": {}} if turn == "survey" else None
    else:
        cursor = {"turn": turn, "at": following}
    return Progress(cursor, progress.done, None, progress.save, progress.tally)
