"""Configuration: campaigns, broadcasts, newsletters and the like are read whole and kept for the handoff.

They are no records of the destination, so they stand outside the phase's balance, each with the reason why.
"""

from __future__ import annotations

from collections import Counter

from connectors.errors import NotAllowed, Rejected
from projects.models import Record
from projects.pipeline.context import Context, Progress
from projects.pipeline.extract import page as read_page

KEPT_FOR_HANDOFF = "kept_for_handoff"


def read(context: Context) -> Progress:
    """Reads the next page; a list that the key may not read is no reason to stop, and is said in the books."""
    try:
        return read_page(context)
    except (NotAllowed, Rejected):
        return Progress(None, tally=Counter({"not_readable": 1}))


def keep(context: Context) -> Progress:
    """Marks what was read as kept for the handoff."""
    rows = Record.objects.of(context.run, context.step.object).filter(state=Record.State.READ)
    detail = "It is configuration, not a record of the destination: the handoff shows it."

    def save() -> None:
        rows.update(state=Record.State.EXCLUDED, reason=KEPT_FOR_HANDOFF, detail=detail)

    return Progress(None, done=rows.count(), save=save)
