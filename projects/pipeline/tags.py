"""Segments become options of the tags field; membership is a snapshot, so unfinished segments wait.

While the source builds a segment anew, its members are those that were read last: nobody loses a tag meanwhile.
"""

from __future__ import annotations

from mapping.rules import Action, FieldRule, MapSpec
from projects.models import GroupMember, Record, Run
from projects.pipeline.context import Context, Progress
from projects.pipeline.phases import PERSON

TAGS = "@segments"
"""The name under which the field map speaks of a person's segments; no attribute can be called so by accident."""

UNFINISHED = "segment_unfinished"
NOT_IN_MAP = "segment_not_in_map"

BATCH = 2_000
"""Members stored at once."""


def tags_rule(spec: MapSpec) -> FieldRule | None:
    """The rule that turns segments into tags, if the map has one that is not skipped."""
    person = spec.object(PERSON)
    rule = person.rule_for(TAGS) if person else None
    return rule if rule and rule.destination and rule.action != Action.SKIP else None


def page(context: Context) -> Progress:
    """Settles the segment rows: an option of the confirmed map, or held with the reason."""
    rule = tags_rule(context.spec)
    known = {choice.source for choice in rule.choices} if rule else set()
    rows = list(Record.objects.of(context.run, context.step.object).filter(state=Record.State.READ))
    for row in rows:
        if row.key not in known:
            row.state, row.reason = Record.State.HELD, NOT_IN_MAP
            row.detail = "This segment is not in the confirmed map: it is new, or its tag was left out."
        elif row.raw.get("state") != "finished":
            row.state, row.reason = Record.State.HELD, UNFINISHED
            row.detail = f"Customer.io is still building this segment ({row.raw.get('state')})."
        else:
            row.state = Record.State.CREATED if context.run.writes else Record.State.UNCHANGED
    unfinished = [row.key for row in rows if row.reason == UNFINISHED]
    return Progress(None, done=len(rows), save=lambda: _save(context.run, rows, unfinished))


def _save(run: Run, rows: list[Record], unfinished: list[str]) -> None:
    Record.objects.bulk_update(rows, ["state", "reason", "detail"], batch_size=200)
    known = GroupMember.objects.filter(run=run.previous, group__in=unfinished).order_by("pk")
    after = 0
    while page := list(known.filter(pk__gt=after)[:BATCH]):
        after = page[-1].pk
        again = [GroupMember(run=run, group=one.group, key=one.key) for one in page]
        GroupMember.objects.bulk_create(again, ignore_conflicts=True)
