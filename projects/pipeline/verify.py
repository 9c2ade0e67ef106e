"""Verify: every landed record is read back and every mapped field compared, in the form the destination keeps.

Each difference names record, field, rule, expected and found. Nothing is sampled.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from connectors.catalogue import Field
from connectors.contract import Existing
from projects.models import Difference, Link, Record
from projects.pipeline import intent
from projects.pipeline.context import Context, Progress
from projects.pipeline.extract import linked
from projects.pipeline.transform import save_rows

NOT_COMPARED = frozenset({"position"})
"""Sent with a new record, but not mapped from anything."""


def page(context: Context) -> Progress:
    """Reads back the next landed rows that are not proved yet."""
    size = context.destination.capabilities().page
    landed = Record.objects.of(context.run, context.step.object).landed()
    if not context.run.writes:
        # A replay only plans: what it would create or update does not stand there yet.
        landed = landed.filter(state=Record.State.UNCHANGED)
    rows = list(landed.filter(proof=Record.Proof.OPEN, destination_id__isnull=False).order_by("id")[:size])
    if not rows:
        return Progress(None)
    links = linked(context, {context.step.object: {row.key for row in rows}})
    there = {
        found.id: found
        for found in context.destination.read(context.step.destination, [str(row.destination_id) for row in rows])
    }
    there = _with_hidden_columns(context, rows, there)
    comparison = Comparison(context)
    for row in rows:
        comparison.check(row, links.get((row.object, row.key)), there.get(str(row.destination_id)))
    return Progress({"after": rows[-1].pk}, done=len(rows), tally=comparison.tally, save=lambda: comparison.save(rows))


def _with_hidden_columns(context: Context, rows: list[Record], there: dict[str, Existing]) -> dict[str, Existing]:
    """Fills in columns that answers do not show (the targets of attachments on 1.x), by asking for them one by one."""
    shown = {name for found in there.values() for name in found.fields}
    hidden = {name for row in rows for name in row.mapped or {} if name.endswith("Id") and name not in shown}
    joined = hidden & {field.join_column for field in context.target.fields}
    if not there or not joined:
        return there
    filled = {id: dict(found.fields) for id, found in there.items()}
    for name, value in {
        (name, row.mapped[name]) for row in rows for name in joined if row.mapped and name in row.mapped
    }:
        for found in context.destination.find(context.step.destination, keys={name: [value]}):
            if found.id in filled:
                filled[found.id][name] = value
    return {id: Existing(id, fields) for id, fields in filled.items()}


def _same_file(meant: Any, found: Any) -> bool:
    """Twenty 1.x answers a file's path with a signed address that ends in the same name (FACTS.md section 10)."""
    return str(meant).rpartition("/")[2] == str(found).partition("?")[0].rpartition("/")[2]


class Comparison:
    """Compares rows of one page and keeps count: `field.<name>.<compared|equal|by_rule|different|missing>`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._fields: dict[str, Field] = {field.name: field for field in context.target.fields}
        self._fields.update({field.join_column: field for field in context.target.fields if field.join_column})
        self.tally: Counter[str] = Counter()
        self.differences: list[Difference] = []
        self.seen: dict[str, str] = {}
        self._since = False

    def check(self, row: Record, link: Link | None, there: Existing | None) -> None:
        """Proves one row, or says what differs."""
        meant = row.mapped if row.mapped is not None else (link.written if link else {})
        before = len(self.differences)
        # What we wrote in an earlier run, and read back then, somebody has changed since: no fault of this run.
        self._since = row.state == Record.State.UNCHANGED and link is not None and link.run_id != row.run_id
        if there is not None and row.state != Record.State.UNCHANGED:
            self.seen[there.id] = str(there.fields.get("updatedAt") or "")
        if there is None:
            self._differ(row, "", "not there", meant.get("customerioId"), None, Difference.Kind.MISSING)
            for name in meant:
                if name not in NOT_COMPARED:
                    self.tally[f"field.{name}.missing"] += 1
        else:
            for name, value in meant.items():
                if name not in NOT_COMPARED:
                    self._compare(row, name, value, there.fields.get(name))
        row.proof = Record.Proof.EQUAL if len(self.differences) == before else Record.Proof.DIFFERENT

    def _compare(self, row: Record, name: str, meant: Any, found: Any) -> None:
        self.tally[f"field.{name}.compared"] += 1
        if meant == found or (name == "fullPath" and _same_file(meant, found)):
            self.tally[f"field.{name}.equal"] += 1
            return
        field = self._fields.get(name)
        rule = ""
        if field is not None and not field.join_column:
            canonical = self._context.destination.canonical
            expected, rule = canonical(field.type, meant)
            actual, other = canonical(field.type, found)
            rule = rule or other
            if expected == actual:
                self.tally[f"field.{name}.by_rule"] += 1
                return
        self.tally["edited" if self._since else f"field.{name}.different"] += 1
        self._differ(row, name, rule, meant, found, Difference.Kind.DIFFERENT)

    def _differ(self, row: Record, field: str, rule: str, expected: Any, found: Any, kind: str) -> None:
        kind = Difference.Kind.EDITED if self._since else kind
        self.differences.append(
            Difference(
                run=self._context.run,
                record=row,
                object=row.object,
                kind=kind,
                field=field,
                rule=rule[:80],
                expected=expected,
                found=found,
            )
        )

    def save(self, rows: list[Record]) -> None:
        """Stores proofs and differences."""
        save_rows(rows, ["proof"])
        Difference.objects.bulk_create(self.differences, batch_size=500)
        if self._context.run.writes:
            intent.remember(self._context, self.seen)
