"""Verify: every landed record is read back and every mapped field compared, in the form the destination keeps.

Each difference names record, field, rule, expected and found. Nothing is sampled.
"""

from __future__ import annotations

from collections import Counter

from django.utils import timezone

from connectors.contract import Existing
from projects.models import Difference, Link, Record
from projects.pipeline import intent
from projects.pipeline.comparing import Comparer, Unequal
from projects.pipeline.context import Context, Progress
from projects.pipeline.extract import linked
from projects.pipeline.hidden import with_hidden_columns
from projects.pipeline.rows import save_rows


def page(context: Context) -> Progress:
    """Reads back the next landed rows that are not proved yet."""
    # By their ids a destination gives more records at once than page by page: that halves what reading back costs.
    size = 2 * context.destination.capabilities().page
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
    there = with_hidden_columns(context.destination, context.target, [row.mapped or {} for row in rows], there)
    comparison = Comparison(context)
    for row in rows:
        comparison.check(row, links.get((row.object, row.key)), there.get(str(row.destination_id)))
    return Progress({"after": rows[-1].pk}, done=len(rows), tally=comparison.tally, save=lambda: comparison.save(rows))


class Comparison:
    """Compares rows of one page; `tally` counts as `field.<name>.<compared|equal|…>` and `rule.<name>.<rule>`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._comparer = Comparer(context.target.fields, context.destination.canonical)
        self._now = timezone.now()
        self.differences: list[Difference] = []
        self.seen: dict[str, str] = {}
        self._since = False

    @property
    def tally(self) -> Counter[str]:
        """What was counted so far."""
        fields = self._comparer.counts().items()
        counted = Counter(
            {f"field.{name}.{kind}": number for name, row in fields for kind, number in row.items() if number}
        )
        counted.update({f"rule.{name}.{rule}": number for (name, rule), number in self._comparer.rules().items()})
        return counted

    def check(self, row: Record, link: Link | None, there: Existing | None) -> None:
        """Proves one row, or says what differs."""
        meant = row.mapped if row.mapped is not None else (link.written if link else {})
        before = len(self.differences)
        # What we wrote in an earlier run, and read back then, somebody has changed since: no fault of this run.
        self._since = row.state == Record.State.UNCHANGED and link is not None and link.run_id != row.run_id
        if there is not None and row.state != Record.State.UNCHANGED:
            self.seen[there.id] = str(there.fields.get("updatedAt") or "")
        if there is None:
            missing = Unequal("", "not there", meant.get("customerioId"), None)
            self._differ(row, missing, Difference.Kind.MISSING)
            self._comparer.miss(meant)
        else:
            for unequal in self._comparer.compare(meant, there.fields):
                self._differ(row, unequal, Difference.Kind.DIFFERENT)
        row.proved_at = self._now
        row.proof = Record.Proof.EQUAL if len(self.differences) == before else Record.Proof.DIFFERENT

    def _differ(self, row: Record, unequal: Unequal, kind: str) -> None:
        kind = Difference.Kind.EDITED if self._since else kind
        self.differences.append(
            Difference(
                run=self._context.run,
                record=row,
                key=row.key,
                destination_id=row.destination_id,
                object=row.object,
                kind=kind,
                field=unequal.field,
                rule=unequal.rule[:80],
                expected=unequal.expected,
                found=unequal.found,
            )
        )

    def save(self, rows: list[Record]) -> None:
        """Stores proofs and differences."""
        save_rows(rows, ["proof", "proved_at"])
        Difference.objects.bulk_create(self.differences, batch_size=500)
        if self._context.run.writes:
            intent.remember(self._context, self.seen)
