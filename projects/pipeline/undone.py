"""The books of a rollback: what was destroyed, what got its old values, what stays, and whether it was read back."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from typing import Any

from django.db.models import Count

from projects.models import JournalEntry, Phase, Reconciliation, Reversal, Run
from projects.pipeline.phases import PLAN, UNDO
from projects.pipeline.scope import Scope, open_changes

COLUMNS = ("created", "updated", "unchanged", "merged", "held", "excluded", "rejected")


def counts(run: Run) -> dict[str, int]:
    """The plan, or what came of it: destroyed, restored, binned, kept, failed, and what needs nothing."""
    table = {"destroy": 0, "restore": 0, "bin": 0, "unbin": 0, "nothing": 0, "kept": 0, "failed": 0, "parts": 0}
    names = {"remove": "destroy", "restore": "restore", "retire": "bin", "revive": "unbin", "forget": "nothing"}
    rows = Reversal.objects.filter(run=run).values_list("action", "state").annotate(number=Count("id")).order_by()
    for action, state, number in rows:
        column = state if state in (Reversal.State.KEPT, Reversal.State.FAILED) else names[action]
        table[column] += number
    table["parts"] = Reversal.objects.filter(run=run, action="restore").exclude(kept=[]).count()
    return table


def kept_schema(run: Run) -> list[str]:
    """Why parts of the schema stay: a sentence for each reason that fields share, and one for everything else."""
    lines: list[str] = []
    alike: defaultdict[str, list[str]] = defaultdict(list)
    kept = JournalEntry.objects.filter(run=run, verb="keep_schema").order_by("pk")
    for object, detail, sentence in kept.values_list("object", "detail", "answer"):
        name = f"{object}.{detail['name']}"
        if sentence.startswith(f"{name} stays: "):
            alike[sentence.removeprefix(f"{name} stays: ")].append(name)
        else:
            lines.append(sentence)
    for why, names in alike.items():
        last = names.pop()
        lines.append(f"{', '.join(names)} and {last} stay: {why}" if names else f"{last} stays: {why}")
    return lines


def close(phase: Phase) -> Reconciliation | None:
    """Writes the books of the executed rollback; the plan has none of its own."""
    if phase.name != UNDO.name:
        return None
    run, table = phase.run, counts(phase.run)
    items = Reversal.objects.filter(run=run)
    read, proved = items.count(), items.filter(proved=True).count()
    wrong = items.filter(proved=False).count()
    done = read - table["kept"] - table["failed"]
    balance = dict.fromkeys(("read", *COLUMNS, "open"), 0)
    balance |= {"read": read, "updated": done, "unchanged": table["kept"], "rejected": table["failed"]}
    points = [*kept_schema(run)]
    if table["kept"] or table["parts"]:
        points.append(f"{table['kept'] + table['parts']:,} records stay as people changed them in Twenty.")
    content: dict[str, Any] = {"run": run.pk, "scope": run.scope, "counts": table, "wrong": wrong}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    _void_books(run)
    return Reconciliation.objects.create(
        phase=phase,
        balance=balance,
        objects_table={},
        fields_table={},
        open_points=points,
        records=proved,
        values=proved,
        differences=wrong,
        closes=done + table["kept"] + table["failed"] == read,
        verdict=verdict(table, proved, wrong),
        digest=digest,
    )


def _void_books(run: Run) -> None:
    """Phases whose work was taken back have no books any more: their signatures are void with them."""
    scope = Scope.of(run)
    if scope.field or scope.person or run.field_map is None:
        return
    touched = Reversal.objects.filter(run=run, state=Reversal.State.DONE).exclude(action=Reversal.Action.FORGET)
    if not touched.exists() and not open_changes(run.project, scope, run.field_map.spec).exists():
        return
    undone = run.undid.values_list("step__phase", flat=True).distinct()
    Phase.objects.filter(pk__in=list(undone)).update(rolled_back=True)


def verdict(table: dict[str, int], proved: int, wrong: int) -> str:
    """The one line that is read first."""
    parts = [
        f"{table[name]:,} {word}"
        for name, word in (
            ("destroy", "records destroyed"),
            ("restore", "given their old values"),
            ("bin", "put back into the bin"),
            ("unbin", "taken out of the bin"),
            ("kept", "kept because somebody changed them"),
            ("failed", "refused"),
        )
        if table[name]
    ]
    differ = "all as before" if not wrong else f"{wrong:,} not as before"
    return f"{', '.join(parts) or 'Nothing to take back'}. {proved:,} records read back, {differ}."


def waiting_plan(run: Run) -> bool:
    """Whether the plan stands and waits to be confirmed."""
    return run.phases.filter(name=PLAN.name, state=Phase.State.RECONCILED).exists()
