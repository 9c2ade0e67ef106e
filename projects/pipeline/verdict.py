"""What becomes of one record in a rollback, from what we did to it and how it stands now. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.catalogue import FieldType, ObjectType
from connectors.contract import Existing
from projects.models import Change, JournalEntry, Reversal
from projects.pipeline.threeway import DEFAULTED

Action = Reversal.Action
Same = Callable[[FieldType, Any, Any], bool]

OWN = frozenset(("id", "createdAt", "updatedAt", "deletedAt", "createdBy", "updatedBy", "position", "searchVector"))
"""Fields that the destination keeps by itself, or that we send and nobody edits."""


SENT_ALONG = frozenset(("id", "position", "createdBy"))
"""Fields that are sent and change nothing of a record that stood before; its `createdAt` is changed, and restored."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`fields` get these values back; `kept` were changed by a human since, with what we wrote and what stands."""

    action: str
    fields: dict[str, Any] = field(default_factory=dict)
    kept: tuple[dict[str, Any], ...] = ()
    stays: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """Everything that we did to one record, oldest first, and which of it is to be taken back."""

    chain: Sequence[Change]
    scoped: Sequence[Change]
    seen: frozenset[str] = frozenset()
    """The destination's own times of our last writes, as read back."""

    def last_written(self, name: str) -> list[Any]:
        """What may stand in a field by our doing: the newest certain value, and newer ones nobody heard of again."""
        found = []
        for change in reversed(self.chain):
            if name in change.after:
                found.append(change.after[name])
                if change.entry.state == JournalEntry.State.DONE:
                    break
        return found

    def stood_before(self, name: str) -> Any:
        """What stood in a field before the first change of the scope that touched it."""
        first = next(change for change in self.scoped if name in change.after)
        return (first.before or {}).get(name)

    @property
    def names(self) -> list[str]:
        """The fields that the scope touched."""
        found = {name: None for change in self.scoped for name in change.after}
        return [name for name in found if name not in SENT_ALONG]


class Judge:
    """Decides over the records of one object type of the destination."""

    def __init__(self, target: ObjectType, same: Same, *, force: bool = False, only: str = "") -> None:
        self._types = {one.name: one.type for one in target.fields}
        self._joins = {one.join_column for one in target.fields if one.join_column}
        self._writable = {one.name for one in target.fields if one.writable}
        self._same = same
        self._force = force
        self._only = only

    def decide(self, history: History, now: Existing | None) -> Verdict:
        """What to do with the record as it stands now; doing it twice, or after a crash, comes to the same."""
        if self._only:
            return self._field(history, now)
        made = any(change.kind == Change.Kind.CREATED for change in history.scoped)
        if now is None:
            return Verdict(Action.FORGET) if made else Verdict(Action.FORGET, stays=True, detail="It was destroyed.")
        if made:
            return self._made(history, now)
        kinds = [change.kind for change in history.scoped]
        if now.deleted and Change.Kind.RETIRED not in kinds:
            if Change.Kind.RESTORED in kinds:
                return Verdict(Action.FORGET)
            return Verdict(Action.FORGET, stays=True, detail="Somebody deleted it in Twenty.")
        return self._changed(history, now, kinds)

    def _made(self, history: History, now: Existing) -> Verdict:
        edits = [] if self._force or now.deleted else self.edits(history, now)
        if edits:
            return Verdict(Action.REMOVE, kept=tuple(edits), stays=True, detail=_sentence(edits))
        return Verdict(Action.REMOVE)

    def _changed(self, history: History, now: Existing, kinds: Sequence[str]) -> Verdict:
        fields, kept = self._restored(history, now)
        if kinds[0] == Change.Kind.RESTORED and not kept:
            return Verdict(Action.RETIRE, fields)
        if now.deleted:
            return Verdict(Action.REVIVE, fields, tuple(kept))
        if fields:
            return Verdict(Action.RESTORE, fields, tuple(kept), detail=_sentence(kept))
        return Verdict(Action.FORGET, kept=tuple(kept), stays=bool(kept), detail=_sentence(kept))

    def _field(self, history: History, now: Existing | None) -> Verdict:
        if now is None or now.deleted or self._only not in history.names:
            return Verdict(Action.FORGET)
        fields, kept = self._restored(history, now)
        fields = {name: value for name, value in fields.items() if name == self._only}
        kept = [one for one in kept if one["field"] == self._only]
        action = Action.RESTORE if fields else Action.FORGET
        return Verdict(action, fields, tuple(kept), stays=bool(kept), detail=_sentence(kept))

    def _restored(self, history: History, now: Existing) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        fields: dict[str, Any] = {}
        kept: list[dict[str, Any]] = []
        for name in history.names:
            if name not in self._types and name not in self._joins:
                continue
            there, before = now.fields.get(name), history.stood_before(name)
            if self.same(name, there, before):
                continue
            if self._force or self.ours(name, history, there):
                fields[name] = before
            else:
                kept.append(_edit(name, history, there))
        return fields, kept

    def edits(self, history: History, now: Existing) -> list[dict[str, Any]]:
        """What a human changed in a record that we made: fields that we wrote, and fields that we left empty."""
        moved = str(now.fields.get("updatedAt") or "")
        if history.seen == {moved}:
            return []
        written = {name for change in history.chain for name in change.after}
        found = [
            _edit(name, history, now.fields.get(name))
            for name in written - OWN
            if (name in self._types or name in self._joins) and not self.ours(name, history, now.fields.get(name))
        ]
        others = (self._writable | self._joins) - written - OWN
        filled = [name for name in others if self._filled(name, now.fields.get(name), sure=bool(history.seen))]
        return found + [_edit(name, history, now.fields.get(name)) for name in filled]

    def ours(self, name: str, history: History, there: Any) -> bool:
        """Whether a value stands there by our doing; a relation is emptied where its record was destroyed."""
        if name in self._joins and there is None:
            return True
        return any(self.same(name, there, value) for value in history.last_written(name))

    def _filled(self, name: str, value: Any, *, sure: bool) -> bool:
        if name in self._joins:
            return value is not None
        kind = self._types[name]
        if kind in (FieldType.RELATION, FieldType.MORPH_RELATION, FieldType.ACTOR, FieldType.TS_VECTOR):
            return False
        if kind in DEFAULTED and not sure:
            return False
        return value not in (False, 0) and not self._same(kind, value, None)

    def same(self, name: str, one: Any, other: Any) -> bool:
        """Whether two values are the same to the destination."""
        return one == other or (name in self._types and self._same(self._types[name], one, other))


def _edit(name: str, history: History, there: Any) -> dict[str, Any]:
    written = history.last_written(name)
    return {"field": name, "written": written[0] if written else None, "now": there}


def _sentence(edits: Sequence[dict[str, Any]]) -> str:
    if not edits:
        return ""
    return f"Changed in Twenty since: {', '.join(sorted(edit['field'] for edit in edits))}."
