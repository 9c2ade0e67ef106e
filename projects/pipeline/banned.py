"""People whom the source deleted and an integration brought back: left behind, unless somebody lets them in by name."""

from __future__ import annotations

from typing import Any

from projects.models import Decision, DeletedProfile, Project, Record
from projects.pipeline.context import Context
from projects.pipeline.phases import PERSON
from projects.pipeline.rows import save_rows

RETURNED = "deleted_at_source"
NO_CONTACT = "do_not_contact"

UNSUBSCRIBED = "customerioUnsubscribed"
"""The field of the destination that says whom nobody may write to."""


def keys(project: Project) -> set[str]:
    """People who came back after the source had deleted them, and whom nobody let in."""
    back = DeletedProfile.objects.filter(project=project).exclude(returned_as="")
    let_in = Decision.objects.filter(
        project=project, object=PERSON, reason=RETURNED, verdict=Decision.Verdict.IMPORT
    ).values("key")
    return set(back.exclude(returned_as__in=let_in).values_list("returned_as", flat=True))


def leave_behind(context: Context) -> None:
    """Sets those aside who must not come back; who was let in keeps the right not to be written to."""
    if context.step.object != PERSON:
        return
    gone = {
        row.returned_as: row for row in DeletedProfile.objects.filter(project=context.project).exclude(returned_as="")
    }
    if not gone:
        return
    verdicts = dict(
        Decision.objects.filter(project=context.project, object=PERSON, reason=RETURNED).values_list("key", "verdict")
    )
    rows = list(Record.objects.of(context.run, PERSON).filter(key__in=gone, state=Record.State.READY))
    for row in rows:
        deleted = gone[row.key]
        if verdicts.get(row.key) == Decision.Verdict.IMPORT:
            _mark(row, deleted)
            continue
        row.state, row.reason = Record.State.EXCLUDED, RETURNED
        row.detail = f"Deleted at the source on {deleted.deleted_at:%Y-%m-%d}, and brought back: {deleted.trace}."
    save_rows(rows, ["state", "reason", "detail", "mapped", "notes"])


def _mark(row: Record, deleted: DeletedProfile) -> None:
    mapped: dict[str, Any] = dict(row.mapped or {})
    if not (deleted.unsubscribed or deleted.suppressed) or UNSUBSCRIBED not in mapped:
        return
    row.mapped = {**mapped, UNSUBSCRIBED: True}
    sentence = "The deleted profile of the same person was unsubscribed or suppressed: do not contact."
    row.notes = [note for note in row.notes if note["code"] != NO_CONTACT]
    row.notes.append({"field": UNSUBSCRIBED, "code": NO_CONTACT, "sentence": sentence, "raw": deleted.cio_id})
