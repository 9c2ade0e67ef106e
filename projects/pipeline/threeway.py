"""Three-way: a record that we wrote before is changed only where nobody else changed it meanwhile.

Base is what we wrote last, theirs what the source says now, ours what stands in the destination now. Where only the
source moved, it is written; where only a human moved it, that stands; where both did, the record waits for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.catalogue import FieldType
from connectors.contract import Existing
from projects.models import Decision, Link, Record
from projects.pipeline.context import Context
from projects.pipeline.settle import verdicts_for
from projects.text import plain

BOTH_SIDES = "edited_on_both_sides"
KEPT_EDIT = "kept_edit"

DEFAULTED = (FieldType.BOOLEAN, FieldType.SELECT, FieldType.NUMBER, FieldType.RATING)
"""Types whose fields may have a default of the destination: what we never wrote there is nobody's edit."""


class Weighing:
    """Compares records of one page with what was written and what stands there."""

    def __init__(self, context: Context, rows: Sequence[Record]) -> None:
        self._context = context
        ids = [str(row.destination_id) for row in rows]
        found = context.destination.find(context.step.destination, ids=ids) if ids else []
        self._there = {one.id: one for one in found}
        self._verdicts = verdicts_for(context, BOTH_SIDES) if ids else {}
        self._shown = _shown_before(context, rows) if self._verdicts else {}

    def standing(self, row: Record) -> Existing | None:
        """The live record as it stands; None where somebody deleted it."""
        found = self._there.get(str(row.destination_id))
        return None if found is None or found.deleted else found

    def weigh(self, row: Record, link: Link, there: Existing) -> bool:
        """Takes out of the draft what a human changed; true when something is left to write. May hold the row."""
        conflicts: list[str] = []
        kept: list[str] = []
        differs = False
        for name, theirs in (row.mapped or {}).items():
            ours, base = there.fields.get(name), link.written.get(name)
            if self.same(name, theirs, ours):
                continue
            if self._untouched(name, link, base, ours):
                differs = True
            elif self.same(name, theirs, base):
                kept.append(name)
            else:
                conflicts.append(name)
        if conflicts:
            verdict = self._verdict(row, conflicts, there)
            if verdict == Decision.Verdict.THEIRS:
                differs = True
            elif verdict == Decision.Verdict.OURS:
                kept += conflicts
            else:
                self._hold(row, conflicts, there)
                return False
        self._keep(row, kept, there)
        return differs

    def same(self, name: str, one: Any, other: Any) -> bool:
        """Whether two values are the same to the destination."""
        if one == other:
            return True
        field = self._context.target.field(name)
        if field is None:
            return False
        canonical = self._context.destination.canonical
        return bool(canonical(field.type, one)[0] == canonical(field.type, other)[0])

    def _untouched(self, name: str, link: Link, base: Any, ours: Any) -> bool:
        if self.same(name, base, ours):
            return True
        field = self._context.target.field(name)
        never = name not in link.written and name not in (link.before or {})
        return never and link.origin == Link.Origin.CREATED and field is not None and field.type in DEFAULTED

    def _verdict(self, row: Record, names: Sequence[str], there: Existing) -> str:
        """What was decided over these very values; a verdict on others is spent, and nobody's newer edit goes by it."""
        shown = self._shown.get(row.key, {}) | _shown(row)
        seen = all(
            self.same(name, (row.mapped or {})[name], shown[name][0])
            and self.same(name, there.fields.get(name), shown[name][1])
            for name in names
            if name in shown
        )
        if seen and shown.keys() >= set(names):
            return self._verdicts.get(row.key, self._verdicts.get("", ""))
        if self._context.run.writes and row.key in self._verdicts:
            decided = Decision.objects.filter(project=self._context.project, object=row.object, reason=BOTH_SIDES)
            decided.filter(key=row.key).delete()
        return ""

    def _hold(self, row: Record, names: list[str], there: Existing) -> None:
        row.state, row.reason = Record.State.HELD, BOTH_SIDES
        row.notes = [note for note in row.notes if note["code"] != BOTH_SIDES]
        for name in names:
            theirs, ours = (row.mapped or {})[name], there.fields.get(name)
            sentence = f"{name}: Customer.io says {_short(theirs)}, Twenty says {_short(ours)}."
            row.notes.append({"field": name, "code": BOTH_SIDES, "sentence": plain(sentence), "raw": [theirs, ours]})
        row.detail = plain(" ".join(note["sentence"] for note in row.notes if note["code"] == BOTH_SIDES))

    def _keep(self, row: Record, names: list[str], there: Existing) -> None:
        row.notes = [note for note in row.notes if note["code"] != KEPT_EDIT]
        for name in names:
            sentence = f"{name} was changed in Twenty after it was written: that stands."
            raw = [(row.mapped or {})[name], there.fields.get(name)]
            row.notes.append({"field": name, "code": KEPT_EDIT, "sentence": sentence, "raw": raw})
        if names:
            row.mapped = {name: value for name, value in (row.mapped or {}).items() if name not in names}


def _shown(row: Record) -> dict[str, Any]:
    """The values of both sides that people were shown: field → what the source said, what the destination said."""
    return {note["field"]: note["raw"] for note in row.notes if note["code"] == BOTH_SIDES}


def _shown_before(context: Context, rows: Sequence[Record]) -> dict[str, dict[str, Any]]:
    """The same by key, as earlier runs held these rows last."""
    held = Record.objects.filter(run__project=context.project, run__number__lt=context.run.number)
    mine = held.filter(object=context.step.object, key__in=[row.key for row in rows], reason=BOTH_SIDES)
    return {row.key: _shown(row) for row in mine.order_by("run__number").only("key", "notes")}


def _short(value: Any) -> str:
    if isinstance(value, dict):
        value = " ".join(str(part) for part in value.values() if part and not isinstance(part, (list, dict)))
    text = str(value) if value not in (None, "", []) else "nothing"
    return f"“{text[:120]}”" if text != "nothing" else text
