"""Preflight: before a step writes anything, what stands in the destination's bin is compared with what is to come.

A deleted record still owns its unique value (contracts/twenty/FACTS.md section 6): a new record with that value is
refused, and an upsert would restore the deleted one without a word. So people decide first: restore and update it,
remove it for good, or leave ours out. The values themselves are checked when they are drafted.
"""

from __future__ import annotations

from projects.models import Decision, Link, Record
from projects.pipeline.context import Context, Progress
from projects.pipeline.lookup import MARK, canonical_value
from projects.pipeline.settle import DELETED_OWNER, verdicts_for
from projects.pipeline.transform import save_rows
from projects.text import plain


def page(context: Context) -> Progress:
    """Compares the next page of the bin."""
    field = context.target.field(MARK)
    if context.ends.onto or not (context.match_on or (field is not None and field.unique)):
        return Progress(None)
    pages = context.destination.deleted(context.step.destination, context.step.cursor.get("next"))
    deleted, following = next(pages, ([], None))
    ours = set(
        Link.objects.filter(
            project=context.project, destination_id__in=[one.id for one in deleted], object=context.step.object
        ).values_list("destination_id", flat=True)
    )
    foreign = [one for one in deleted if one.id not in {str(id) for id in ours}]
    values = {canonical_value(context, one.fields, context.match_on) for one in foreign} if context.match_on else set()
    marks = {str(one.fields[MARK]) for one in foreign if one.fields.get(MARK)}
    ready = Record.objects.of(context.run, context.step.object).filter(state=Record.State.READY)
    rows = list(ready.filter(match_key__in=values - {""})) + list(ready.filter(key__in=marks))
    held = [row for row in {row.pk: row for row in rows}.values() if not _decided(context, row)]
    for row in held:
        row.state, row.reason = Record.State.HELD, DELETED_OWNER
        row.detail = plain(
            f"A deleted record in the destination's bin owns “{row.match_key or row.key}”: restore and update it, "
            "remove it for good, or leave this one behind."
        )
    progress = {"next": following} if following else None
    return Progress(progress, done=len(deleted), save=lambda: save_rows(held, ["state", "reason", "detail"]))


def _decided(context: Context, row: Record) -> bool:
    verdicts = verdicts_for(context, DELETED_OWNER)
    return verdicts.get(row.key, verdicts.get("")) in (Decision.Verdict.RESTORE, Decision.Verdict.REMOVE)
