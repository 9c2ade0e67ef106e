"""Settle: before anything is written, rows that need a person are held, and what was decided is carried out."""

from __future__ import annotations

from typing import Any

from django.db.models import Count

from mapping.rules import ObjectRule
from projects.models import Decision, Record
from projects.pipeline.context import Context, Progress
from projects.pipeline.extract import NOT_DELIVERED
from projects.pipeline.phases import RELATIONSHIP
from projects.pipeline.transform import save_rows

NO_MATCH = "no_match_value"
DUPLICATE = "duplicate_match_value"
DELETED_OWNER = "deleted_owner"
PARENT_HELD = "parent_not_migrated"
LEFT_BY_DECISION = "left_by_decision"
MERGED_BY_DECISION = "merged_by_decision"

PAGE = 200


def page(context: Context) -> Progress:
    """Works in three turns over the step's rows: decided holds, rows without a match value, doubles."""
    cursor = context.step.cursor or {"turn": "decisions"}
    rule = context.rule
    matters = bool(rule.match_on) and not context.step.object.startswith(RELATIONSHIP)
    if cursor["turn"] == "decisions":
        return Progress({"turn": "missing"}, save=lambda: reopen_decided(context))
    if cursor["turn"] == "missing":
        return Progress({"turn": "doubles", "after": ""} if matters else None, save=lambda: hold_missing(context, rule))
    return _doubles(context, cursor)


def reopen_decided(context: Context) -> None:
    """Held rows whose case was decided since get their verdict; waiting children of landed parents come back."""
    rows = Record.objects.of(context.run, context.step.object).filter(state=Record.State.HELD)
    rows.filter(reason=PARENT_HELD).update(state=Record.State.READY, reason="", detail="")
    for decision in Decision.objects.filter(project=context.project, object=context.step.object).order_by("-key"):
        case = rows.filter(reason=decision.reason)
        if decision.key:
            case = case.filter(key=decision.key)
        apply_verdict(case, decision)


def apply_verdict(case: Any, decision: Decision) -> None:
    """Carries out one verdict on rows that need no company of other rows; doubles are settled in their own turn."""
    if decision.verdict == Decision.Verdict.DROP and decision.reason != DUPLICATE:
        case.update(state=Record.State.EXCLUDED, reason=LEFT_BY_DECISION)
    elif decision.reason == NOT_DELIVERED:
        return
    elif decision.verdict == Decision.Verdict.IMPORT or decision.reason == DUPLICATE:
        case.filter(mapped__isnull=False).update(state=Record.State.READY, reason="", detail="")


def hold_missing(context: Context, rule: ObjectRule) -> None:
    """Rows without the value that the destination knows them by, where the map says that they are held."""
    if not rule.hold_without_match:
        return
    rows = Record.objects.of(context.run, context.step.object).filter(state=Record.State.READY, match_key="")
    verdicts = verdicts_for(context, NO_MATCH)
    waiting = rows if verdicts.get("") != Decision.Verdict.IMPORT else rows.none()
    waiting.exclude(key__in=[key for key, verdict in verdicts.items() if verdict == Decision.Verdict.IMPORT]).update(
        state=Record.State.HELD, reason=NO_MATCH, detail=f"It has no value for {rule.match_on}."
    )
    dropped = [key for key, verdict in verdicts.items() if key and verdict == Decision.Verdict.DROP]
    held = Record.objects.of(context.run, context.step.object).filter(state=Record.State.HELD, reason=NO_MATCH)
    (held if verdicts.get("") == Decision.Verdict.DROP else held.filter(key__in=dropped)).update(
        state=Record.State.EXCLUDED, reason=LEFT_BY_DECISION
    )


def verdicts_for(context: Context, reason: str) -> dict[str, str]:
    """Verdicts on one reason: key → verdict; the empty key is the verdict for all."""
    return dict(
        Decision.objects.filter(project=context.project, object=context.step.object, reason=reason).values_list(
            "key", "verdict"
        )
    )


def _doubles(context: Context, cursor: dict[str, Any]) -> Progress:
    """Settles the next match values that several rows share."""
    rows = Record.objects.of(context.run, context.step.object).exclude(match_key="")
    rows = rows.exclude(state__in=[Record.State.READ, Record.State.REJECTED])
    shared = list(
        rows.filter(match_key__gt=cursor["after"])
        .values("match_key")
        .annotate(number=Count("id"))
        .filter(number__gt=1)
        .order_by("match_key")
        .values_list("match_key", flat=True)[:PAGE]
    )
    if not shared:
        return Progress(None)
    verdicts = verdicts_for(context, DUPLICATE)
    groups: dict[str, list[Record]] = {}
    for row in rows.filter(match_key__in=shared).order_by("match_key", "key"):
        groups.setdefault(row.match_key, []).append(row)
    changed = [row for group in groups.values() for row in settle_group(group, verdicts, context.rule.match_on)]
    fields = ["state", "reason", "detail", "merged_into", "mapped"]
    return Progress({"turn": "doubles", "after": shared[-1]}, save=lambda: save_rows(changed, fields))


def settle_group(group: list[Record], verdicts: dict[str, str], match_on: str) -> list[Record]:
    """Decides over rows that share one unique value; gives those that changed.

    No verdict: all are held. `merge`: the first takes in what the others have more, the others point to it.
    `drop`: the first stays, the others are left behind. `import`: all are imported, and only the first keeps
    the unique value, since the destination allows it once; the others keep it among the additional ones
    where the field has such a place.
    """
    undecided = [row for row in group if row.state in (Record.State.READY, Record.State.HELD)]
    if len(undecided) < 2 and not any(row.state == Record.State.READY for row in undecided):
        return []
    named = {row.key: verdicts[row.key] for row in group if row.key in verdicts}
    verdict = next(iter(named.values()), verdicts.get(""))
    if verdict is None:
        for row in undecided:
            row.state, row.reason = Record.State.HELD, DUPLICATE
            row.detail = f"{len(group)} records share “{row.match_key}”."
        return undecided
    # A verdict “drop” on named rows leaves those; any other verdict keeps the first row that is not dropped.
    kept = next((row for row in group if named.get(row.key) != Decision.Verdict.DROP), group[0])
    for row in undecided:
        _carry_out(row, kept, named.get(row.key) or verdict, match_on)
    return undecided


def _carry_out(row: Record, kept: Record, verdict: str, match_on: str) -> None:
    if row is kept:
        row.state, row.reason, row.detail = Record.State.READY, "", ""
    elif verdict == Decision.Verdict.DROP:
        row.state, row.reason = Record.State.EXCLUDED, LEFT_BY_DECISION
    elif verdict == Decision.Verdict.MERGE:
        _fill_gaps(kept, row)
        row.state, row.reason, row.merged_into = Record.State.MERGED, MERGED_BY_DECISION, kept.key
        row.detail = f"It went into {kept.key}."
    else:
        row.mapped = without_unique(row.mapped or {}, match_on)
        row.state, row.reason, row.detail = Record.State.READY, "", ""


def _fill_gaps(kept: Record, other: Record) -> None:
    """The kept row gets every value that only the other one has; tags are united."""
    mine = dict(kept.mapped or {})
    for name, value in (other.mapped or {}).items():
        if isinstance(value, list) and isinstance(mine.get(name), list):
            mine[name] = mine[name] + [item for item in value if item not in mine[name]]
        elif mine.get(name) in (None, "", [], {}):
            mine[name] = value
    kept.mapped = mine


def without_unique(mapped: dict[str, Any], match_on: str) -> dict[str, Any]:
    """The draft without the unique value; an e-mail address moves to the additional ones, a link to the second."""
    top, _, sub = match_on.partition(".")
    value = mapped.get(top)
    if not sub or not isinstance(value, dict):
        return {name: item for name, item in mapped.items() if name != top}
    changed = {**value, sub: ""}
    if sub == "primaryEmail":
        changed["additionalEmails"] = [value[sub], *value.get("additionalEmails", [])]
        return {**mapped, top: changed}
    return {name: item for name, item in mapped.items() if name != top}
