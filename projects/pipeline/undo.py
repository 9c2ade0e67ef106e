"""Undo: what runs did to the destination is taken back, record by record, through the same engine.

First the survey: every record of the scope is read and gets a line in the plan. Then, in the order of the plan,
values are given back, and what we made is destroyed, the youngest first. Each record is looked at once more right
before: what a human changed since stays, and what an attempt before a crash did already is not done again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import takewhile
from typing import Any
from uuid import UUID

from connectors.catalogue import FieldType, ObjectType
from connectors.contract import Draft, Existing
from connectors.errors import Rejected
from projects.models import Change, Link, Reversal
from projects.pipeline import echoes, journal, rewind
from projects.pipeline.context import Context, Progress
from projects.pipeline.scope import Scope, open_changes
from projects.pipeline.verdict import Action, History, Judge, Verdict
from projects.text import plain

TURNS = {Action.FORGET: 0, Action.RESTORE: 0, Action.REVIVE: 0, Action.RETIRE: 1, Action.REMOVE: 2}
"""Values first, so that nothing points to what is destroyed; then the records."""

FAR = 10**13
"""More than there are changes."""


@dataclass
class Files:
    """What is known of the records of one page."""

    histories: dict[str, History] = field(default_factory=dict)
    now: dict[str, Existing] = field(default_factory=dict)
    judge: Judge | None = None
    attached: frozenset[str] = frozenset()
    """Records that something of other people's hangs on."""

    def is_live(self, id: str) -> bool:
        """Whether a record is there, and not in the bin."""
        now = self.now.get(id)
        return now is not None and not now.deleted

    def decide(self, id: str) -> Verdict:
        """The verdict on one record; where its object type is gone, so is the record."""
        history = self.histories[id]
        verdict = self.judge.decide(history, self.now.get(id)) if self.judge else Verdict(Action.FORGET)
        if verdict.action == Action.REMOVE and id in self.attached and not verdict.stays:
            return replace(verdict, stays=True, detail="Somebody hung a note, task, file or opportunity on it.")
        return verdict


def survey(context: Context) -> Progress:
    """Reads the next records of the scope, youngest change first, and plans what becomes of them."""
    scope = Scope.of(context.run)
    changes = open_changes(context.project, scope, context.spec)
    cursor = context.step.cursor
    rows = changes.filter(pk__lt=cursor.get("below", FAR)).order_by("-pk")
    size = context.destination.capabilities().batch
    page = list(rows.only("pk", "destination", "destination_id", "object", "key")[:size])
    if not page:
        return Progress(None)
    page = list(takewhile(lambda row: row.destination == page[0].destination, page))
    planned = Reversal.objects.filter(run=context.run, destination=page[0].destination)
    known = set(planned.filter(destination_id__in=[row.destination_id for row in page]).values_list("destination_id"))
    fresh = {str(row.destination_id): row for row in page if (row.destination_id,) not in known}
    files = look_up(context, scope, page[0].destination, list(fresh))
    reversals = [_plan(context, files, id) for id in fresh]
    total = None if cursor else changes.count()
    return Progress(
        {"below": page[-1].pk},
        done=len(page),
        total=total,
        save=lambda: _save_plan(reversals),
    )


def _save_plan(reversals: list[Reversal]) -> None:
    Reversal.objects.bulk_create(reversals, batch_size=500, ignore_conflicts=True)


def _plan(context: Context, files: Files, id: str) -> Reversal:
    history, verdict = files.histories[id], files.decide(id)
    first = history.scoped[0]
    return Reversal(
        run=context.run,
        object=first.object,
        key=first.key,
        label=plain(_label(files.now.get(id)))[:200],
        destination=first.destination,
        destination_id=UUID(id),
        turn=TURNS[Action(verdict.action)] * FAR - first.pk,
        action=verdict.action,
        state=Reversal.State.KEPT if verdict.stays else Reversal.State.PLANNED,
        fields=verdict.fields,
        kept=list(verdict.kept),
        detail=plain(verdict.detail),
    )


def _label(now: Existing | None) -> str:
    name = now.fields.get("name") or now.fields.get("title") if now else ""
    if isinstance(name, dict):
        return " ".join(part for part in (name.get("firstName"), name.get("lastName")) if part)
    return str(name or "")


def look_up(context: Context, scope: Scope, destination: str, ids: Sequence[str]) -> Files:
    """What we did to these records, and how they stand now: one request for all of them."""
    if not ids:
        return Files()
    scoped_ids = set(
        open_changes(context.project, scope, context.spec)
        .filter(destination=destination, destination_id__in=ids)
        .values_list("pk", flat=True)
    )
    chains: defaultdict[str, list[Change]] = defaultdict(list)
    changes = Change.objects.filter(project=context.project, destination=destination, destination_id__in=ids)
    for change in changes.filter(undone=None).select_related("entry").order_by("pk"):
        chains[str(change.destination_id)].append(change)
    seen: defaultdict[str, set[str]] = defaultdict(set)
    links = Link.objects.filter(project=context.project, destination=destination, destination_id__in=ids)
    for id, moment in links.exclude(seen="").values_list("destination_id", "seen"):
        seen[str(id)].add(moment)
    histories = {
        id: History(chain, [change for change in chain if change.pk in scoped_ids], frozenset(seen[id]))
        for id, chain in chains.items()
    }
    target = context.types.get(destination)
    if target is None:
        return Files(histories)
    found = {one.id: one for one in context.destination.find(destination, ids=ids)}
    hung = frozenset[str]() if scope.sample else context.hung_on | context.hung_on_these(destination, ids)
    return Files(histories, found, judge_of(context, scope, target), hung)


def judge_of(context: Context, scope: Scope, target: ObjectType) -> Judge:
    """The judge over one object type, with the destination's own idea of equal values."""

    def same(kind: FieldType, one: Any, other: Any) -> bool:
        canonical = context.destination.canonical
        return bool(canonical(kind, one)[0] == canonical(kind, other)[0])

    return Judge(target, same, force=scope.sample, only=scope.field_parts[1])


def page(context: Context) -> Progress:
    """Carries out the next lines of the plan: as many of one kind as go into one request."""
    todo = Reversal.objects.filter(run=context.run, state=Reversal.State.PLANNED).order_by("turn")
    first = todo.first()
    if first is None:
        return Progress(None)
    total = None if context.step.cursor else todo.count()
    size = context.destination.capabilities().batch
    items = list(todo.filter(destination=first.destination, action=first.action)[:size])
    files = look_up(context, Scope.of(context.run), first.destination, [str(item.destination_id) for item in items])
    verdicts = {item.pk: files.decide(str(item.destination_id)) for item in items}
    for item in items:
        _note(item, verdicts[item.pk])
    tally = Counter({"not_restored": _act(context, first.destination, items, verdicts)})
    undone = [item for item in items if item.state == Reversal.State.DONE]
    scoped = [change for item in undone for change in files.histories[str(item.destination_id)].scoped]
    return Progress(
        {"after": items[-1].pk},
        done=len(items),
        total=total,
        tally=tally if tally["not_restored"] else Counter(),
        save=lambda: rewind.save(context, items, scoped),
    )


def _note(item: Reversal, verdict: Verdict) -> None:
    item.kept, item.detail = list(verdict.kept), plain(verdict.detail)
    item.state = Reversal.State.KEPT if verdict.stays else Reversal.State.DONE


def _act(context: Context, destination: str, items: list[Reversal], verdicts: dict[int, Verdict]) -> int:
    """Sends what is left to do, one request for each kind of action; gives how many were refused."""
    by_action: defaultdict[str, list[Reversal]] = defaultdict(list)
    for item in items:
        verdict = verdicts[item.pk]
        if item.state == Reversal.State.DONE and verdict.action != Action.FORGET:
            item.fields = verdict.fields
            by_action[verdict.action].append(item)
    failed = 0
    for action, some in by_action.items():
        ids = [str(item.destination_id) for item in some]
        if action == Action.REVIVE:
            journal.send(context, "unbin", destination, ids, partial(context.destination.restore, destination, ids))
        with_fields = [item for item in some if item.fields]
        if with_fields:
            failed += _restore(context, destination, with_fields)
        if action == Action.REMOVE:
            echoes.hush(context, destination, ids)
            journal.send(context, "remove", destination, ids, partial(context.destination.remove, destination, ids))
        elif action == Action.RETIRE:
            journal.send(context, "retire", destination, ids, partial(context.destination.retire, destination, ids))
    return failed


def _restore(context: Context, destination: str, items: list[Reversal]) -> int:
    """Gives records their old values; halves a refused batch. Gives how many could not get theirs."""
    drafts = [Draft(str(item.destination_id), item.fields) for item in items]
    try:
        ids = [draft.id for draft in drafts]
        journal.send(context, "restore", destination, ids, partial(context.destination.update, destination, drafts))
    except Rejected as refusal:
        if len(items) == 1:
            items[0].state, items[0].detail = Reversal.State.FAILED, plain(str(refusal))
            return 1
        half = len(items) // 2
        return _restore(context, destination, items[:half]) + _restore(context, destination, items[half:])
    return 0


def prove(context: Context) -> Progress:
    """Reads back what was taken back: destroyed records are gone, the others say what they said before."""
    size = context.destination.capabilities().batch
    todo = Reversal.objects.filter(run=context.run, state=Reversal.State.DONE, proved=None).order_by("turn", "pk")
    first = todo.first()
    if first is None:
        return Progress(None)
    items = list(todo.filter(destination=first.destination)[:size])
    target = context.types.get(first.destination)
    ids = [str(item.destination_id) for item in items]
    found = {one.id: one for one in context.destination.find(first.destination, ids=ids)} if target else {}
    judge = judge_of(context, Scope.of(context.run), target) if target else None
    for item in items:
        item.proved = _proved(item, found.get(str(item.destination_id)), judge)
    return Progress(
        {"after": items[-1].pk},
        done=len(items),
        save=lambda: _save_proofs(items),
    )


def _save_proofs(items: list[Reversal]) -> None:
    Reversal.objects.bulk_update(items, ["proved"], batch_size=200)


def _proved(item: Reversal, now: Existing | None, judge: Judge | None) -> bool:
    if item.action == Action.FORGET:
        return True
    if item.action == Action.REMOVE:
        return now is None
    if now is None or judge is None:
        return False
    if now.deleted != (item.action == Action.RETIRE):
        return False
    return all(judge.same(name, now.fields.get(name), value) for name, value in item.fields.items())
