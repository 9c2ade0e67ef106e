"""Journal: a request that takes something back is written down before it is sent, and closed after its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.utils import timezone

from connectors.errors import Rejected
from projects.models import JournalEntry
from projects.pipeline.context import Context
from projects.text import plain


def send(context: Context, verb: str, object: str, ids: Sequence[str], act: Callable[[], object]) -> None:
    """One request about these records. `act` gives how many it was about where that is another number than theirs."""
    with context.fenced():
        entry = JournalEntry.objects.create(
            project=context.project,
            run=context.run,
            step=context.step,
            verb=verb,
            object=object,
            count=len(ids),
            detail={"ids": list(ids)},
        )
    state, answer, count = JournalEntry.State.DONE, "", len(ids)
    try:
        told = act()
        count = told if isinstance(told, int) else count
    except Exception as error:
        state = JournalEntry.State.REFUSED if isinstance(error, Rejected) else JournalEntry.State.LOST
        answer = plain(str(error))
        raise
    finally:
        closed = JournalEntry.objects.filter(pk=entry.pk)
        closed.update(state=state, answer=answer, count=count, answered_at=timezone.now())
