"""Echoes: lines that the destination wrote by itself (its timeline) because we wrote, taken back with what we wrote.

About a record that we destroy all of them go, right before it. On the timeline of a record that stays only those go
that are ours: they name no member, are not older than our first write, and tell of nothing but fields that we sent and
that nobody has changed since. The others stay behind, and are counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile

from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from connectors.contract import Echo
from connectors.errors import Transient
from projects.models import Change, JournalEntry, Reversal, Run, Step
from projects.pipeline import journal
from projects.pipeline.context import Context, Progress
from projects.pipeline.triggers import HUSH, settling

LEFT = "left_behind"
"""In the step's tally: lines about records that stay which may be somebody else's."""

TOUCHING = (Reversal.Action.RESTORE, Reversal.Action.RETIRE, Reversal.Action.REVIVE)
"""What leaves a line of its own behind, about a record that stays."""

TOUCH_VERBS = ("restore", "retire", "unbin")
"""As the journal calls it."""

BIN = {"deleted": Change.Kind.RETIRED, "restored": Change.Kind.RESTORED}


@dataclass
class Ours:
    """What this project did to one record: the fields that it sent, in which ways, and since when."""

    fields: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    since: datetime | None = None

    def wrote(self, echo: Echo) -> bool:
        """Whether a line is ours, as nobody else had a hand in what it tells of."""
        if not self.could_have(echo):
            return False
        if echo.verb == "updated":
            told = {_column(name) for name in echo.changed}
            return bool(told) and told <= {_column(name) for name in self.fields}
        return bool(self.kinds & set(BIN.values())) and echo.verb in BIN

    def could_have(self, echo: Echo) -> bool:
        """Whether a line came up since our first write, and names no member."""
        at = parse_datetime(echo.at)
        return not echo.by_hand and at is not None and self.since is not None and at >= self.since


def _column(name: str) -> str:
    """A relation by its column or by its field, as one name."""
    return name.removesuffix("Id")


def hush(context: Context, destination: str, ids: Sequence[str]) -> None:
    """Destroys the lines about records that are about to be destroyed; doing it again finds none."""
    if destination in context.types:
        journal.send(context, HUSH, destination, ids, partial(context.destination.hush, destination, ids))


def page(context: Context) -> Progress:
    """Takes back the lines about the next records that stay, once the destination has written them."""
    at = context.step.cursor.get("at", ["", 0])
    touched = Reversal.objects.filter(run=context.run, action__in=TOUCHING, state=Reversal.State.DONE)
    if not touched.exists():
        return Progress(None)
    if not context.step.cursor:
        _wait_for_the_destination(context.run, touched.count())
    left = touched.filter(Q(destination__gt=at[0]) | Q(destination=at[0], pk__gt=at[1])).order_by("destination", "pk")
    page = list(left[: context.destination.capabilities().batch])
    items = list(takewhile(lambda item: item.destination == page[0].destination, page))
    if not items:
        return Progress(None)
    unsure = _take_back(context, items[0].destination, items)
    cursor = {"at": [items[-1].destination, items[-1].pk]}
    return Progress(cursor, done=len(items), tally=Counter({LEFT: unsure} if unsure else {}))


def _wait_for_the_destination(run: Run, records: int) -> None:
    """Raises Transient until the destination's queue has had time to write the lines about so many records."""
    newest = JournalEntry.objects.filter(run=run, verb__in=TOUCH_VERBS).order_by("-pk").first()
    if newest is None or newest.answered_at is None:
        return
    left = newest.answered_at + timedelta(seconds=settling(records)) - timezone.now()
    if left > timedelta():
        raise Transient("The destination is still writing its own timeline.", retry_after=left.total_seconds())


def _take_back(context: Context, destination: str, items: Sequence[Reversal]) -> int:
    """Destroys the lines about these records that are ours; gives how many others came up since."""
    if destination not in context.types:
        return 0
    ids = [str(item.destination_id) for item in items]
    ours, lines = _ours(context, destination, ids), context.destination.echoes(destination, ids)
    for item in items:
        # Somebody else, perhaps with a key of their own, has written these too: such lines name no member either.
        ours[str(item.destination_id)].fields -= {edit["field"] for edit in item.kept}
    mine: defaultdict[str, list[str]] = defaultdict(list)
    unsure = 0
    for line in lines:
        known = ours[line.about]
        if known.wrote(line):
            mine[line.object].append(line.id)
        elif not line.about or known.could_have(line):
            unsure += 1
    for object, some in mine.items():
        journal.send(context, HUSH, destination, ids, partial(_remove, context, object, some))
    return unsure


def _remove(context: Context, object: str, ids: list[str]) -> int:
    context.destination.remove(object, ids)
    return len(ids)


def _ours(context: Context, destination: str, ids: Sequence[str]) -> dict[str, Ours]:
    """What was taken back of each record, after the last of its changes that stands: id → what that was."""
    found: defaultdict[str, Ours] = defaultdict(Ours)
    changes = Change.objects.filter(project=context.project, destination=destination, destination_id__in=ids)
    for change in changes.select_related("entry", "run").order_by("pk"):
        # What an earlier rollback gave back is ours too, and never taken back itself.
        if change.undone_id is None and change.run.kind != Run.Kind.ROLLBACK:
            found.pop(str(change.destination_id), None)
            continue
        known = found[str(change.destination_id)]
        known.fields |= set(change.after)
        known.kinds.add(change.kind)
        known.since = min(known.since or change.entry.sent_at, change.entry.sent_at)
    return found


def removed(run: Run) -> int:
    """How many lines a rollback destroyed."""
    entries = JournalEntry.objects.filter(run=run, verb=HUSH, state=JournalEntry.State.DONE)
    return int(entries.aggregate(lines=Sum("count"))["lines"] or 0)


def left_behind(run: Run) -> int:
    """How many lines stay on the timelines of records that stay, as they may be somebody else's."""
    return sum(step.tally.get(LEFT, 0) for step in Step.objects.filter(run=run, name="echoes"))
