"""First look: whole columns in figures, before every record is read back, for one request an object.

What the identity map says we made is counted, ordered and summed in one pass, and the destination is asked for the
same figures of the records under our author. Where they disagree, something is wrong with many records at once more
often than with one, and is known before the reading has begun. Nothing rests on it: the proof is the full reading.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils import timezone

from connectors.catalogue import Field
from connectors.contract import Destination, Figures, Totals
from connectors.errors import Transient
from projects.models import Link, Run, Step
from projects.pipeline.context import Context, Progress
from projects.pipeline.lookup import AUTHOR

AT_ONCE = 5_000
"""Links of one page of the pass."""

FIRST_GROUP = 50
"""Batches after which loading is looked at for the first time; each next group is as large as all before it."""

MANY = 0.01
"""The share of an object's records from which a disagreement stops the load; below it, the full reading names them."""

NOT_ASKED = frozenset({"position", "createdBy", "id"})

EMPTY: tuple[Any, ...] = (None, "", [], {})

FIGURES = ("filled", "least", "greatest", "sum")

NOT_TOLD = "The destination tells no figures of these records: the first look was left out, the full reading was not."


class Sums:
    """Figures of what was written, record by record; as JSON they fit into a cursor, however many records there are."""

    def __init__(
        self, fields: Iterable[Field], destination: Destination, state: Mapping[str, Any] | None = None
    ) -> None:
        self._fields = {field.name: field for field in fields if field.name not in NOT_ASKED}
        self._destination = destination
        state = state or {}
        self.count: int = state.get("count", 0)
        self._said = Counter[str](state.get("said", {}))
        self._filled = Counter[str](state.get("filled", {}))
        self._spans: dict[str, list[Any]] = {name: list(span) for name, span in state.get("spans", {}).items()}
        self._sums: dict[str, float] = dict(state.get("sums", {}))

    def add(self, written: Mapping[str, Any]) -> None:
        """One record that we made; one that carries its author's name instead of ours is not among those asked for."""
        author = written.get("createdBy")
        if author and (author.get("source"), author.get("name")) != AUTHOR:
            return
        self.count += 1
        self._said.update(written.keys() & self._fields.keys())
        for name, value in written.items():
            if value not in EMPTY and (field := self._fields.get(name)):
                self._weigh(field, value, 1)

    def _weigh(self, field: Field, value: Any, times: int) -> None:
        worth = self._destination.weight(field.type, value)
        if worth is None:
            return
        name = field.name
        self._filled[name] += times
        if worth is True:
            return
        span = self._spans.setdefault(name, [worth, worth])
        span[0], span[1] = min(span[0], worth), max(span[1], worth)
        if not isinstance(worth, str):
            self._sums[name] = self._sums.get(name, 0) + worth * times

    def totals(self) -> Totals:
        """The figures; where a record says nothing of a column, the destination has put its default there."""
        whole = Sums(self._fields.values(), self._destination, self.as_json())
        for name, said in self._said.items():
            field = self._fields[name]
            if said < self.count and field.default is not None:
                whole._weigh(field, field.default, self.count - said)
        columns = {}
        for name in sorted(self._said):
            least, greatest = whole._spans.get(name, (None, None))
            columns[name] = Figures(whole._filled[name], least, greatest, whole._sums.get(name))
        return Totals(self.count, columns)

    def as_json(self) -> dict[str, Any]:
        """What is kept between two pages."""
        said, filled = dict(self._said), dict(self._filled)
        return {"count": self.count, "said": said, "filled": filled, "spans": self._spans, "sums": self._sums}


def page(context: Context) -> Progress:
    """Counts the next links of this object of the destination, and asks when all are counted."""
    if not context.run.writes and context.run.kind != Run.Kind.VERIFY:
        # A replay only plans: what it would write is in no link.
        return Progress(None)
    following, sums, links = _go_on(context, context.step.cursor)
    if links == AT_ONCE:
        return Progress(following, done=links)
    look = ask(context, sums)
    return Progress(None, done=links, save=lambda: _keep(context, look))


def _go_on(context: Context, cursor: Mapping[str, Any]) -> tuple[dict[str, Any], Sums, int]:
    """The pass from where it stood; links are counted once, in the order in which they were made."""
    sums = Sums(context.target.fields, context.destination, cursor.get("sums"))
    made = Link.objects.filter(
        project=context.project, destination=context.step.destination, origin=Link.Origin.CREATED
    ).filter(pk__gt=cursor.get("after", 0))
    links = list(made.order_by("pk").only("pk", "written")[:AT_ONCE])
    for link in links:
        sums.add(link.written)
    after = links[-1].pk if links else cursor.get("after", 0)
    return {"after": after, "sums": sums.as_json()}, sums, len(links)


def ask(context: Context, sums: Sums) -> dict[str, Any]:
    """Both sides' figures, as JSON: `{"object", "at", "count": [meant, found], "columns": {name: {figure: […]}}}`.

    A destination that tells none leaves `skipped`, a sentence, in their place.
    """
    name, meant = context.step.destination, sums.totals()
    about = {"object": name, "step": context.step.name, "at": timezone.now().isoformat(timespec="seconds")}
    try:
        told = context.destination.aggregate(name, list(meant.columns), AUTHOR)
    except Transient as error:
        # Of a very large table the server may need longer than a request lasts: the reading goes on without it.
        return {**about, "skipped": f"{error.sentence} The first look was left out, the full reading was not."}
    if told is None:
        return {**about, "skipped": NOT_TOLD}
    columns = {one: _pairs(meant.columns[one], found) for one, found in told.columns.items()}
    return {**about, "count": [meant.count, told.count], "columns": columns, "unlike": unlike(meant, told)}


def _pairs(meant: Figures, found: Figures) -> dict[str, list[Any]]:
    pairs = {figure: [getattr(meant, figure), getattr(found, figure)] for figure in FIGURES}
    return {figure: pair for figure, pair in pairs.items() if figure == "filled" or None not in pair}


def unlike(meant: Totals, told: Totals) -> list[str]:
    """The columns whose figures disagree; `""` stands for the number of records."""
    found = [] if meant.count == told.count else [""]
    return found + [
        name
        for name, figures in told.columns.items()
        if not all(_same(pair, meant) for pair in _pairs(meant.columns[name], figures).values())
    ]


def _same(pair: Sequence[Any], meant: Totals) -> bool:
    one, other = pair
    if isinstance(one, float) or isinstance(other, float):
        # The order of adding shows in the last digits of a sum.
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9 * max(1, meant.count))
    return bool(one == other)


def _keep(context: Context, look: dict[str, Any]) -> None:
    Step.objects.filter(pk=context.step.pk).update(first_look=look)


def is_due(context: Context) -> bool:
    """Whether a load has come to the end of a group of batches.

    Only where everything under our author was made by this very run: what an earlier one made may change meanwhile.
    """
    cursor = context.step.cursor
    if context.run.kind != Run.Kind.PRODUCTION or cursor.get("batches", 0) < cursor.get("due", FIRST_GROUP):
        return False
    links = Link.objects.filter(project=context.project, destination=context.step.destination)
    return not context.ends.onto and not links.exclude(run=context.run).exists()


def during_load(context: Context) -> Progress:
    """Looks at what was loaded so far, and stops the run where much of it is not as it was written."""
    cursor = context.step.cursor
    following, sums, links = _go_on(context, cursor.get("look", {}))
    if links == AT_ONCE:
        return Progress({**cursor, "look": following})
    look = ask(context, sums)
    stop = "" if cursor.get("stopped") else _why_stop(look)
    again = {**cursor, "look": following, "due": 2 * cursor["batches"], "stopped": bool(stop or cursor.get("stopped"))}
    return Progress(again, save=lambda: _keep(context, look), stop=stop)


def _why_stop(look: Mapping[str, Any]) -> str:
    """The sentence that stops a load, empty where nothing or little disagrees."""
    if not look.get("unlike"):
        return ""
    meant, found = look["count"]
    lost = [(name, *pairs["filled"]) for name, pairs in look["columns"].items()]
    far = [one for one in [("", meant, found), *lost] if abs(one[1] - one[2]) > max(1, MANY * meant)]
    if not far:
        return ""
    named = [f"“{name}” is filled in {there:,} instead of {ours:,}" if name else "" for name, ours, there in far]
    said = "; ".join(filter(None, [f"there are {found:,}" if meant != found else "", *named[:3]]))
    return (
        f"First look after {meant:,} {look['object']} records: {said}. Something changes or removes records in the "
        "destination while they are loaded: look at its workflows and at who works in it. Resume to go on all the "
        "same: every record is read back at the end either way."
    )
