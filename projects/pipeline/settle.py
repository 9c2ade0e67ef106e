"""Settle: before anything is written, rows that need a person are held, and what was decided is carried out."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q

from mapping.rules import ObjectRule
from projects.models import Decision, Record
from projects.pipeline import banned
from projects.pipeline.context import Context, Progress
from projects.pipeline.phases import RELATIONSHIP
from projects.text import plain

NO_MATCH = "no_match_value"
DUPLICATE = "duplicate_match_value"
DELETED_OWNER = "deleted_owner"
DELETED_THERE = "deleted_in_destination"
PARENT_HELD = "parent_not_migrated"
UNKNOWN_PERSON = "unknown_person"
LEFT_BY_DECISION = "left_by_decision"
MERGED_BY_DECISION = "merged_by_decision"

PAGE = 200

AGAIN = (
    Decision.Verdict.IMPORT,
    Decision.Verdict.RESTORE,
    Decision.Verdict.REMOVE,
    Decision.Verdict.OURS,
    Decision.Verdict.THEIRS,
)
"""Verdicts after which a held row is loaded once more."""

TAKES_PART = Q(state=Record.State.READY) | Q(state=Record.State.HELD, reason=DUPLICATE) | Q(state__in=Record.LANDED)
"""Rows that can be doubles: what is held for another reason waits for the answer to that question first."""


def page(context: Context) -> Progress:
    """Works in three turns over the step's rows: decided holds, rows without a match value, doubles."""
    cursor = context.step.cursor or {"turn": "decisions"}
    rule = context.spec.object(context.step.object)
    matters = bool(context.match_on) and not context.step.object.startswith(RELATIONSHIP)
    if cursor["turn"] == "decisions":
        return Progress({"turn": "missing"}, save=lambda: _first_turn(context))
    if cursor["turn"] == "missing":
        following = {"turn": "doubles", "after": ""} if matters else None
        return Progress(following, save=lambda: hold_missing(context, rule) if rule else None)
    return _doubles(context, cursor)


def _first_turn(context: Context) -> None:
    reopen_decided(context)
    banned.leave_behind(context)


def reopen_decided(context: Context) -> None:
    """Held rows whose case was decided get their verdict; waiting children get another chance to find their parents.

    A verdict on a named record goes before the verdict for all. Rows without a match value and doubles have turns
    of their own.
    """
    held = Record.objects.of(context.run, context.step.object).filter(state=Record.State.HELD)
    decisions = Decision.objects.filter(project=context.project, object=context.step.object)
    for decision in decisions.exclude(reason__in=[NO_MATCH, DUPLICATE]).order_by("-key"):
        case = held.filter(reason=decision.reason)
        if decision.key:
            case = case.filter(key=decision.key)
        if decision.verdict == Decision.Verdict.DROP:
            case.update(state=Record.State.EXCLUDED, reason=LEFT_BY_DECISION)
        elif decision.verdict in AGAIN:
            case.filter(mapped__isnull=False).update(state=Record.State.READY, reason="", detail="")
    held.filter(reason__in=[PARENT_HELD, UNKNOWN_PERSON]).update(state=Record.State.READY, reason="", detail="")


def drop_decided(context: Context, rows: list[Record]) -> None:
    """Rows that loading holds for a reason that people decided to leave behind earlier are left behind at once."""
    held = [row for row in rows if row.state == Record.State.HELD]
    if not held:
        return
    decisions = Decision.objects.filter(
        project=context.project, object=context.step.object, reason__in={row.reason for row in held}
    )
    verdicts = {(decision.reason, decision.key): decision.verdict for decision in decisions}
    for row in held:
        if verdicts.get((row.reason, row.key), verdicts.get((row.reason, ""))) == Decision.Verdict.DROP:
            row.state, row.reason = Record.State.EXCLUDED, LEFT_BY_DECISION


def hold_missing(context: Context, rule: ObjectRule) -> None:
    """Rows without the value that the destination knows them by are held, or go where people decided."""
    if not rule.hold_without_match:
        return
    all_rows = Record.objects.of(context.run, context.step.object)
    all_rows.filter(state=Record.State.HELD, reason=NO_MATCH).update(state=Record.State.READY, reason="", detail="")
    verdicts = verdicts_for(context, NO_MATCH)
    for_all = verdicts.pop("", None)
    rows = all_rows.filter(state=Record.State.READY, match_key="")
    dropped = [key for key, verdict in verdicts.items() if verdict == Decision.Verdict.DROP]
    rows.filter(key__in=dropped).update(state=Record.State.EXCLUDED, reason=LEFT_BY_DECISION)
    others = rows.exclude(key__in=list(verdicts))
    if for_all == Decision.Verdict.DROP:
        others.update(state=Record.State.EXCLUDED, reason=LEFT_BY_DECISION)
    elif for_all != Decision.Verdict.IMPORT:
        detail = f"It has no value for {rule.match_on}."
        others.update(state=Record.State.HELD, reason=NO_MATCH, detail=detail)


def verdicts_for(context: Context, reason: str) -> dict[str, str]:
    """Verdicts on one reason: key → verdict; the empty key is the verdict for all."""
    return dict(
        Decision.objects.filter(project=context.project, object=context.step.object, reason=reason).values_list(
            "key", "verdict"
        )
    )


def _doubles(context: Context, cursor: dict[str, Any]) -> Progress:
    """Settles the next match values that several rows share."""
    rows = Record.objects.of(context.run, context.step.object).exclude(match_key="").filter(TAKES_PART)
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
    for row in rows.filter(match_key__in=shared).defer("raw", "meta").order_by("match_key", "key"):
        groups.setdefault(row.match_key, []).append(row)
    changed = [row for group in groups.values() for row in settle_group(group, verdicts, context.rule.match_on)]
    return Progress({"turn": "doubles", "after": shared[-1]}, save=lambda: _save(changed))


def _save(changed: list[Record]) -> None:
    Record.objects.bulk_update(
        changed, ["state", "reason", "detail", "merged_into", "mapped", "notes", "proof"], batch_size=100
    )


def settle_group(group: list[Record], verdicts: dict[str, str], match_on: str) -> list[Record]:
    """Decides over rows that share one unique value; gives those that changed.

    A row follows the verdict on itself, else the verdict for all. `drop` leaves it behind; of what remains the
    first (or the one that has landed) is kept, `merge` puts a row into it, `import` lands a row beside it without
    the unique value, which the destination allows once. While one of them is undecided, all of them wait. A row
    that remains alone is no double.
    """
    own = {row.key: verdicts.get(row.key, "") for row in group}
    left = [row for row in group if row.state not in Record.LANDED and own[row.key] == Decision.Verdict.DROP]
    rest = [row for row in group if row not in left]
    kept = next((row for row in rest if row.state in Record.LANDED), rest[0] if rest else None)
    others = [row for row in rest if row is not kept and row.state not in Record.LANDED]
    for row in left:
        row.state, row.reason = Record.State.EXCLUDED, LEFT_BY_DECISION
    if kept is None:
        return left
    decided = {row.key: own[row.key] or verdicts.get("", "") for row in others}
    if not all(decided.values()):
        return left + _hold(rest, group)
    for row in others:
        _carry_out(row, kept, decided[row.key], match_on)
    if kept.state == Record.State.HELD:
        kept.state, kept.reason, kept.detail = Record.State.READY, "", ""
    return [*left, kept, *others]


def _hold(rows: list[Record], group: list[Record]) -> list[Record]:
    waiting = [row for row in rows if row.state not in Record.LANDED]
    for row in waiting:
        row.state, row.reason = Record.State.HELD, DUPLICATE
        row.detail = plain(f"{len(group)} records share “{row.match_key}”.")
    return waiting


def _carry_out(row: Record, kept: Record, verdict: str, match_on: str) -> None:
    if verdict == Decision.Verdict.DROP:
        row.state, row.reason = Record.State.EXCLUDED, LEFT_BY_DECISION
    elif verdict == Decision.Verdict.MERGE:
        _fill_gaps(kept, row)
        row.state, row.reason, row.merged_into = Record.State.MERGED, MERGED_BY_DECISION, kept.key
        row.detail = f"It went into {kept.key}."
        if kept.state in Record.LANDED:
            # It stands there already: it lands once more, with what it took in.
            kept.state, kept.proof = Record.State.READY, Record.Proof.OPEN
    else:
        sentence = f"“{row.match_key}” stands with {kept.key}: the destination takes it once, so it is left out here."
        note = {"field": match_on, "code": "unique_left_out", "sentence": plain(sentence), "raw": row.match_key}
        row.notes = [*(known for known in row.notes if known["code"] != note["code"]), note]
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
