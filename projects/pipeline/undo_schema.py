"""The schema is taken back last, and only what nobody uses: options, fields, objects, the youngest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils import timezone

from connectors.catalogue import FieldType
from connectors.errors import Rejected
from connectors.plans import SchemaChange
from projects.models import JournalEntry, Link, Project, Run
from projects.pipeline.context import Context, Progress
from projects.pipeline.scope import Scope
from projects.text import plain

VERBS = ("add_options", "create_field", "create_object")
ORDER = {verb: order for order, verb in enumerate(VERBS)}


def page(context: Context) -> Progress:
    """Takes one journalled change of the schema back, or says why it stays."""
    todo = entries(context, Scope.of(context.run))
    left = [entry for entry in todo if entry.pk not in context.step.cursor.get("seen", [])]
    if not left:
        return Progress(None, save=lambda: _prove(context))
    entry = left[0]
    seen = [*context.step.cursor.get("seen", []), entry.pk]
    if reason := in_use(context, entry):
        return Progress({"seen": seen}, save=lambda: stays(context, entry, reason))
    change = SchemaChange(**{**entry.detail, "done": True})
    try:
        context.destination.drop(change)
    except Rejected as refusal:
        sentence = str(refusal)
        return Progress({"seen": seen}, save=lambda: stays(context, entry, sentence))
    if entry.verb == "create_object":
        # Of a field that is gone, `drop` takes note by itself; records of a type that is gone cannot be asked for.
        context.forget_types()
    return Progress({"seen": seen}, done=1, save=lambda: _gone(entry))


def entries(context: Context, scope: Scope) -> list[JournalEntry]:
    """The schema changes that a scope may take back, in the order of taking back."""
    if not takes_schema(context.project, scope):
        return []
    found = JournalEntry.objects.filter(project=context.project, verb__in=VERBS).exclude(
        state__in=[JournalEntry.State.UNDONE, JournalEntry.State.REFUSED]
    )
    if scope.field:
        object, name = scope.field_parts
        rows = [entry for entry in found.filter(object=object) if entry.detail.get("name") == name]
    elif scope.object:
        rule = context.spec.object(scope.object)
        rows = list(found.filter(object=rule.destination if rule else ""))
    else:
        rows = list(found)
    return sorted(rows, key=lambda entry: (ORDER[entry.verb], -entry.pk))


def takes_schema(project: Project, scope: Scope) -> bool:
    """Whether a scope may take parts of the schema back: not while an earlier run still stands on it."""
    if scope.field or scope.object:
        return True
    earlier = project.runs.filter(kind=Run.Kind.PRODUCTION, number__lt=scope.run, phases__rolled_back=False)
    return scope.whole and not earlier.exists()


def in_use(context: Context, entry: JournalEntry) -> str:
    """Why a schema change has to stay, in a sentence; empty when nothing rests on it any more."""
    target = context.types.get(entry.object)
    if target is None:
        return ""
    name = entry.detail.get("name", "")
    if entry.verb == "create_object":
        held = any(True for _ in _records(context, entry.object))
        return f"{entry.object} stays: it holds records." if held else ""
    known = target.field(name)
    if known is None:
        return ""
    column = known.join_column or name
    links = Link.objects.filter(project=context.project, destination=entry.object)
    if links.annotate(text=Cast("written", TextField())).filter(text__contains=f'"{column}":').exists():
        return f"{entry.object}.{name} stays: still in use by records of this project."
    if column in used_fields(context, entry.object):
        return f"{entry.object}.{name} stays: records have a value there."
    return ""


def used_fields(context: Context, object: str) -> set[str]:
    """The columns of an object type in which some record has a value; read once."""
    if object in context.used_fields:
        return context.used_fields[object]
    target = context.types[object]
    kinds = {field.join_column or field.name: field.type for field in target.fields}
    used: set[str] = set()
    for fields in _records(context, object):
        for column, kind in kinds.items():
            if column not in used and _has_value(context, kind, fields.get(column)):
                used.add(column)
    context.used_fields[object] = used
    return used


def _has_value(context: Context, kind: FieldType, value: Any) -> bool:
    if value is None or value is False:
        return False
    if kind in (FieldType.RELATION, FieldType.MORPH_RELATION):
        return bool(value)
    return context.destination.canonical(kind, value)[0] is not None


def _records(context: Context, object: str) -> Iterator[Mapping[str, Any]]:
    """All live records of an object type."""
    for rows, _ in context.destination.pages(object):
        yield from (row.fields for row in rows)


def _gone(entry: JournalEntry) -> None:
    JournalEntry.objects.filter(pk=entry.pk).update(state=JournalEntry.State.UNDONE, answered_at=timezone.now())


def _prove(context: Context) -> None:
    """Reads the schema once more: what was dropped and is still there says so."""
    context.forget_types()
    dropped = JournalEntry.objects.filter(
        project=context.project,
        verb__in=VERBS[1:],
        state=JournalEntry.State.UNDONE,
        answered_at__gte=context.run.created_at,
    )
    for entry in dropped:
        target = context.types.get(entry.object)
        if target is not None and (entry.verb == "create_object" or target.field(entry.detail["name"])):
            JournalEntry.objects.filter(pk=entry.pk).update(state=JournalEntry.State.DONE)
            stays(context, entry, f"{entry.object}.{entry.detail['name']} is still there although it was dropped.")


def stays(context: Context, entry: JournalEntry, reason: str) -> None:
    """Says in the run's own journal what stays, and why."""
    JournalEntry.objects.create(
        project=context.project,
        run=context.run,
        step=context.step,
        verb="keep_schema",
        object=entry.object,
        count=1,
        detail={"name": entry.detail.get("name", ""), "verb": entry.verb},
        state=JournalEntry.State.DONE,
        answer=plain(reason),
        answered_at=timezone.now(),
    )


def planned(context: Context, scope: Scope) -> dict[str, int]:
    """How many schema changes of each kind a scope may take back."""
    counted: defaultdict[str, int] = defaultdict(int)
    for entry in entries(context, scope):
        counted[entry.verb] += 1
    return dict(counted)
