"""Targets: comments and tasks hang on people by records of their own, which the destination does not keep unique.

So their ids are ours (uuid5 of the comment and the person), and are looked up before anything is written.
"""

from __future__ import annotations

from projects.models import Record
from projects.pipeline.context import Context, Progress
from projects.pipeline.extract import digest_of, store_derived
from projects.pipeline.happenings import related_people
from projects.pipeline.phases import PERSON

PAGE = 500


def page(context: Context) -> Progress:
    """Derives one row for each person of the next comments (or tasks) that landed."""
    source = context.step.object.partition(".")[0]
    landed = Record.objects.of(context.run, source).landed()
    rows = list(landed.filter(pk__gt=context.step.cursor.get("after", 0)).order_by("pk")[:PAGE])
    if not rows:
        return Progress(None)
    people = related_people(context, rows)
    derived = [_derive(context, row, person) for row in rows for person in people.get(row.key, ())]
    return Progress({"after": rows[-1].pk}, done=len(derived), save=lambda: store_derived(context, derived))


def _derive(context: Context, row: Record, person: str) -> Record:
    refs = {"record": [row.object, row.key], "person": [PERSON, person]}
    return Record(
        run=context.run,
        object=context.step.object,
        key=f"{row.key}:{person}"[:400],
        raw={},
        refs=refs,
        digest=digest_of(refs),
        mapped={},
        state=Record.State.READY,
    )
