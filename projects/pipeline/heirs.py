"""Heirs: a person who takes over the unique value of somebody who went into them takes over their record, too.

The source merges profiles the other way round as often as not: one without an address survives and gets that of the
one that landed. The record in the destination is theirs then, with all that hangs on it and what people changed in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from projects.models import Change, JournalEntry, Link, Record
from projects.pipeline.context import Context
from projects.pipeline.intent import kept_link, person_of
from projects.pipeline.phases import PERSON

INHERIT = "inherit"
"""The journal's verb: nothing was sent, only written down."""


@dataclass(frozen=True, slots=True)
class Heir:
    """A row that has no record yet, and the identity-map entry of the one that went into it."""

    row: Record
    former: Link

    def link(self, context: Context) -> Link:
        """The entry under the heir's key: what was written last stays the base of the comparison."""
        kept = ("project", "object", "destination", "destination_id", "before", "written", "written_digest", "seen")
        values = {name: getattr(self.former, name) for name in kept}
        return Link(**values, run=context.run, key=self.row.key, origin=self.former.origin, written_at=timezone.now())


def former_of(context: Context, row: Record, owner: str) -> Link | None:
    """The entry of the row that owns a record, where its person went into this one at the source."""
    if context.step.object != PERSON or context.merged_people.get(owner) != row.key:
        return None
    return Link.objects.filter(project=context.project, object=PERSON, key=owner).first()


def save(context: Context, heirs: Sequence[Heir]) -> None:
    """The former entry names a record that went into another one; a rollback puts it back."""
    if not heirs:
        return
    entry = JournalEntry.objects.create(
        project=context.project,
        run=context.run,
        step=context.step,
        verb=INHERIT,
        object=context.step.destination,
        count=len(heirs),
        state=JournalEntry.State.DONE,
        answered_at=timezone.now(),
    )
    Change.objects.bulk_create([_change(context, entry, heir) for heir in heirs])
    Link.objects.filter(pk__in=[heir.former.pk for heir in heirs]).update(origin=Link.Origin.MERGED)


def _change(context: Context, entry: JournalEntry, heir: Heir) -> Change:
    return Change(
        project=context.project,
        run=context.run,
        step=context.step,
        entry=entry,
        object=heir.former.object,
        key=heir.former.key,
        person=person_of(heir.row),
        destination=heir.former.destination,
        destination_id=heir.former.destination_id,
        kind=Change.Kind.UPDATED,
        before={},
        after={},
        link=kept_link(heir.former),
    )
