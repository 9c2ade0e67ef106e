"""The customer's look at the sample: record by record, right or with a comment that the engineers answer."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from projects import audit
from projects.models import Look, Record, Run, User
from projects.permissions import Can, can
from projects.services import Refused
from projects.verbs import Verb


@transaction.atomic
def look(*, record: Record, by: User, word: str, comment: str = "") -> Look:
    """One person's word on one record of a sample; an engineer's is the answer to what was commented."""
    project = record.run.project
    if record.run.kind != Run.Kind.SANDBOX:
        raise Refused("Only the records of a sample are looked through one by one.")
    if word not in Look.Word.values:
        raise Refused(f"“{word}” says nothing about a record.")
    needed = Can.RUN if word == Look.Word.ANSWERED else Can.DECIDE
    if not can(by, needed, project):
        who = "an engineer answers comments" if needed == Can.RUN else "the customer looks the sample through"
        raise Refused(f"As a member of this project you may not do that: {who}.")
    if word != Look.Word.OK and not comment.strip():
        raise Refused("Write what is wrong." if word == Look.Word.COMMENT else "Write the answer.")
    made = Look.objects.create(
        record=record, run=record.run, word=word, comment=comment.strip()[:2000], said_by=by, name=str(by)
    )
    said = f"“{made.comment}”" if made.comment else Look.Word(word).label
    audit.record(Verb.SAMPLE_LOOKED_AT, project, f"{record.object} {record.key}", word=str(said))
    return made


def of_records(records: Iterable[Record]) -> dict[int, list[Look]]:
    """What was said about these records, oldest first, in one query."""
    said: dict[int, list[Look]] = {}
    for one in Look.objects.filter(record__in=[record.pk for record in records]).order_by("pk"):
        said.setdefault(one.record_id, []).append(one)
    return said
