"""Transform: the confirmed map makes a draft of each row. Pure: neither system is asked anything here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from mapping.apply import Mapped, compile_rule
from mapping.rules import FieldRule, ObjectRule
from projects.models import GroupMember, Record
from projects.pipeline.context import Context, Progress
from projects.pipeline.phases import PERSON, RELATIONSHIP
from projects.pipeline.tags import tags_rule
from projects.text import plain

PAGE = 500

REFUSED_VALUE = "refused_value"


class Drafting:
    """Turns the rows of one step into drafts; made once per page."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.rule: ObjectRule = context.rule
        self.apply: Callable[[dict[str, Any]], Mapped] = compile_rule(self.rule)
        self.tags: FieldRule | None = tags_rule(context.spec) if context.step.object == PERSON else None

    def draft(self, row: Record, groups: list[str]) -> Counter[str]:
        """Fills the row's draft, state and reason; gives what of it is left behind."""
        # A relationship is known by its key, where it becomes a record of its own.
        keyed = RELATIONSHIP in row.object and not self.context.ends.onto
        mapped = self.apply({**row.fields, "key": row.key} if keyed else row.fields)
        row.mapped = mapped.fields
        row.notes = [
            {"field": note.field, "code": note.code, "sentence": note.sentence, "raw": note.raw}
            for note in mapped.notes
        ]
        if self.tags:
            row.mapped[self.tags.destination] = tag_values(self.tags, groups)
        row.state, row.reason, row.detail = Record.State.READY, "", ""
        if mapped.hold:
            row.state, row.reason = Record.State.HELD, mapped.hold[:60]
            row.detail = plain(" ".join(note.sentence for note in mapped.notes))
        else:
            check(self.context, row, self.rule.destination)
        if not row.match_key:
            row.match_key = self.match_value(row)
        return mapped.left_behind

    def match_value(self, row: Record) -> str:
        """The value by which the destination knows a record again, in the form in which it compares it."""
        if not self.rule.match_on or row.mapped is None:
            return ""
        top, _, sub = self.rule.match_on.partition(".")
        field, value = self.context.target.field(top), row.mapped.get(top)
        if field is None or value is None:
            return ""
        canonical, _rule = self.context.destination.canonical(field.type, value)
        found = canonical.get(sub) if sub and isinstance(canonical, dict) else canonical
        return plain(str(found or "").lower())[:400]


def check(context: Context, row: Record, destination: str) -> None:
    """Holds a row that the destination would refuse, with the sentence why."""
    for name, value in (row.mapped or {}).items():
        field = context.target.field(name)
        if field is None and any(known.join_column == name for known in context.target.fields):
            continue
        problem = (
            f"{destination} has no field “{name}”: make the schema again."
            if field is None
            else context.destination.problem(field, value)
        )
        if problem:
            row.state, row.reason = Record.State.HELD, f"{REFUSED_VALUE}:{name}"[:60]
            row.detail = plain(problem)
            return


def tag_values(rule: FieldRule, groups: list[str]) -> list[str]:
    """The tags of a person, in the order of the map's options."""
    return [choice.value for choice in rule.choices if choice.source in groups]


def page(context: Context) -> Progress:
    """Drafts the next rows."""
    rows = list(
        Record.objects.of(context.run, context.step.object).filter(state=Record.State.READ).order_by("id")[:PAGE]
    )
    if not rows:
        return Progress(None)
    drafting = Drafting(context)
    groups: defaultdict[str, list[str]] = defaultdict(list)
    if drafting.tags:
        members = GroupMember.objects.filter(run=context.run, key__in=[row.key for row in rows])
        for key, group in members.values_list("key", "group"):
            groups[key].append(group)
    tally: Counter[str] = Counter()
    for row in rows:
        tally.update(drafting.draft(row, groups[row.key]))
    return Progress({"after": rows[-1].pk}, done=len(rows), tally=tally, save=lambda: save_rows(rows, DRAFTED))


DRAFTED = ["mapped", "notes", "match_key", "state", "reason", "detail"]


def save_rows(rows: list[Record], fields: list[str]) -> None:
    """Writes changed rows back in bulk: one upsert by primary key, the same on both databases."""
    Record.objects.bulk_create(rows, batch_size=200, update_conflicts=True, unique_fields=["id"], update_fields=fields)
