"""Reconcile: closes a phase with a balance from row states and the comparison of everything read back."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from django.db.models import Count

from mapping.apply import EMPTIED, NOT_KEPT
from projects.labels import in_a_sentence, labels_of
from projects.models import Difference, Phase, Project, Reconciliation, Record, Run
from projects.pipeline import phases
from projects.pipeline.extract import digest_of

MANY = 5
"""Object types that a verdict names; of more it says how many they are."""

COLUMNS = ("created", "updated", "unchanged", "merged", "held", "excluded", "rejected")


LEFT_BEHIND = {
    NOT_KEPT: "could not be turned, and the map names no field that keeps them: they stand in the records' pages here.",
    EMPTIED: "could not be turned and were left out, as the map says: they stand in the records' pages here.",
}
"""What is said of values whose record landed without them."""


def balance_of(run: Run, objects: list[str]) -> dict[str, dict[str, int]]:
    """Per object type: `read` and what became of it. `open` are rows that have not got that far yet."""
    table: dict[str, dict[str, int]] = {
        object: {"read": 0, **dict.fromkeys(COLUMNS, 0), "open": 0} for object in objects
    }
    states = Record.objects.filter(run=run, object__in=objects).values_list("object", "state")
    for object, state, number in states.annotate(number=Count("id")).order_by():
        table[object]["read"] += number
        table[object][state if state in COLUMNS else "open"] += number
    return table


def total(rows: list[dict[str, int]]) -> dict[str, int]:
    """The sum of several balances."""
    summed = Counter[str]()
    for row in rows:
        summed.update(row)
    return {column: summed[column] for column in ("read", *COLUMNS, "open")}


def closes(balance: dict[str, int]) -> bool:
    """Whether every row read has an outcome: read = created + updated + … + rejected."""
    return balance["open"] == 0 and balance["read"] == sum(balance[column] for column in COLUMNS)


def fields_of(phase: Phase) -> dict[str, dict[str, dict[str, int]]]:
    """Object → field → compared, equal, by_rule, different, missing; summed up with the cursor of each step."""
    table: dict[str, dict[str, dict[str, int]]] = {}
    for step in phase.steps.all():
        fields: defaultdict[str, dict[str, int]] = defaultdict(
            lambda: dict.fromkeys(("compared", "equal", "by_rule", "different", "missing"), 0)
        )
        for name, number in step.tally.items():
            if name.startswith("field."):
                field, _, kind = name.removeprefix("field.").rpartition(".")
                fields[field][kind] += number
        if fields:
            table[step.object] = dict(sorted(fields.items()))
    return table


def rules_of(phase: Phase) -> dict[str, dict[str, dict[str, int]]]:
    """Object → field → the rules by which values are equal though written otherwise, and how many by each."""
    table: dict[str, dict[str, dict[str, int]]] = {}
    for step in phase.steps.all():
        for name, number in sorted(step.tally.items()):
            if name.startswith("rule."):
                field, _, rule = name.removeprefix("rule.").partition(".")
                table.setdefault(step.object, {}).setdefault(field, {})[rule] = number
    return table


def open_points(phase: Phase, objects: list[str]) -> list[str]:
    """What needs a human's eye although no value differs."""
    points = []
    refused = Record.objects.filter(run=phase.run, object__in=objects, state=Record.State.REJECTED).count()
    if refused:
        points.append(f"The destination refused {refused:,} records: each says why.")
    if phase.run.kind == Run.Kind.REPLAY:
        planned = Record.objects.filter(run=phase.run, object__in=objects, state__in=["created", "updated"]).count()
        if planned:
            points.append(f"A run now would still write {planned:,} records: start production again.")
    unread = Record.objects.filter(run=phase.run, object__in=objects, proof=Record.Proof.OPEN).landed()
    if phase.run.writes and (number := unread.exclude(destination_id=None).count()):
        points.append(f"{number:,} landed records were not read back.")
    for step in phase.steps.all():
        if lost := step.tally.get("not_restored"):
            points.append(f"{lost:,} records could not get the values back that stood there before the sandbox.")
        if step.tally.get("not_readable"):
            points.append(f"The key may not read every {step.object}: it is missing in the handoff.")
        if gone := step.tally.get("gone"):
            points.append(f"{gone:,} people were gone from the source when their relationships were read.")
        for name, number in sorted(step.tally.items()):
            if name.startswith("unmapped."):
                field = name.removeprefix("unmapped.")
                points.append(
                    f"{number} {step.object} records carry “{field}”, which is not in the confirmed map: "
                    "it was not moved. Discover again and confirm a new map, or sign to leave it behind."
                )
            code, _, field = name.partition(".")
            if code in LEFT_BEHIND:
                points.append(f"{number:,} values of “{field}” ({step.object}) {LEFT_BEHIND[code]}")
    return points


def first_looks(phase: Phase) -> list[dict[str, Any]]:
    """Figures of whole columns as each step of the phase found them before its records were read back."""
    return [step.first_look for step in phase.steps.order_by("order") if step.first_look]


def close(phase: Phase) -> Reconciliation:
    """The books of a phase that moves records, or plans to."""
    run = phase.run
    specs = phases.step_specs(run, phase.name)
    objects = [spec.object for spec in specs]
    by_object = {name: row for name, row in balance_of(run, objects).items() if row["read"]}
    balance = total([row for spec in specs if spec.counts for name, row in by_object.items() if name == spec.object])
    fields = fields_of(phase)
    values = sum(field["compared"] for table in fields.values() for field in table.values())
    records = Record.objects.filter(run=run, object__in=objects).landed().exclude(proof=Record.Proof.OPEN).count()
    differences = Difference.objects.filter(run=run, object__in=objects).exclude(kind=Difference.Kind.EDITED).count()
    points, looks = open_points(phase, objects), first_looks(phase)
    content: dict[str, Any] = {
        "run": run.pk,
        "map": run.field_map.digest if run.field_map else "",
        "phase": phase.name,
        "balance": balance,
        "objects": by_object,
        "fields": fields,
        "differences": differences,
        "open_points": points,
        "first_look": looks,
    }
    made = Reconciliation(
        phase=phase,
        balance=balance,
        objects_table=by_object,
        fields_table=fields,
        rules_table=rules_of(phase),
        open_points=points,
        first_look=looks,
        records=records,
        values=values,
        differences=differences,
        closes=all(closes(row) for row in by_object.values()),
        digest=digest_of(content),
    )
    made.verdict = verdict(made, run.project)
    made.save()
    return made


def verdict(books: Reconciliation, project: Project) -> str:
    """The one line that is read first: “63 fields × 98,412 people: 6,199,956 values compared, 0 unexplained”."""
    labels = labels_of(project)
    parts = []
    for object, fields in books.fields_table.items():
        what = in_a_sentence(labels[object])
        parts.append(f"{len(fields)} field{'' if len(fields) == 1 else 's'} × {_landed(books, object):,} {what}")
    if len(parts) > MANY:
        number = sum(map(len, books.fields_table.values()))
        records = sum(_landed(books, object) for object in books.fields_table)
        parts = [f"{number:,} fields of {len(parts)} object types × {records:,} records"]
    said = f"{', '.join(parts)}: {books.values:,} values compared, {books.unexplained:,} unexplained"
    if not parts:
        said = "Nothing landed, so nothing was compared"
    if books.explained:
        said += f", {books.explained:,} mended or accepted by name"
    if not books.closes:
        said += f". The books do not close: {books.balance['open']:,} records have no outcome"
    return f"{said}."


def _landed(books: Reconciliation, object: str) -> int:
    records = books.objects_table.get(object, {})
    return sum(records.get(column, 0) for column in ("created", "updated", "unchanged"))
