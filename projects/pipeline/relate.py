"""Relate: records whose attribute names another record (or a member of the workspace) get their relation.

This is a second pass, after everything that may be named has landed: a parent of the same type, a company, a
record of a later type. One row per record and relation, so that what cannot be linked is held by itself while
its record stands.
"""

from __future__ import annotations

from mapping.exact import as_text, is_empty
from mapping.relations import MEMBER
from mapping.rules import RelationRule
from projects.models import Record
from projects.pipeline.context import Context, Progress
from projects.pipeline.ends import OTHER, SELF, relation_of
from projects.pipeline.extract import digest_of, store_derived
from projects.text import plain

PAGE = 500

NO_MEMBER = "no_member"


def page(context: Context) -> Progress:
    """Derives the rows of the next records that name another one."""
    relation = relation_of(context.spec, context.step.object)
    source = context.step.object.partition(".")[0]
    records = (
        Record.objects.of(context.run, source)
        .filter(state__in=(*Record.LANDED, Record.State.MERGED), pk__gt=context.step.cursor.get("after", 0))
        .order_by("pk")
    )
    rows = list(records[:PAGE])
    if not rows:
        return Progress(None)
    named = {row.key: value for row in rows if (value := _value(row, relation))}
    keys = {} if relation.to == MEMBER else keys_of(context, relation, set(named.values()))
    derived = [_derive(context, relation, row, named[row.key], keys) for row in rows if row.key in named]
    return Progress({"after": rows[-1].pk}, done=len(derived), save=lambda: store_derived(context, derived))


def _value(row: Record, relation: RelationRule) -> str:
    value = row.raw.get(relation.source)
    return "" if is_empty(value) else as_text(value).strip()


def keys_of(context: Context, relation: RelationRule, values: set[str]) -> dict[str, str]:
    """Named value → key of the record that goes by it."""
    rows = Record.objects.known_to(context.run, relation.to)
    if relation.by in ("cio_id", "cio_object_id"):
        found = rows.filter(key__in=values).values_list("key", "key")
    elif relation.by == "email":
        found = rows.filter(match_key__in={value.lower() for value in values}).values_list("match_key", "key")
    else:
        found = rows.filter(alias__in=values).values_list("alias", "key")
    known = dict(found)
    return {value: key for value in values if (key := known.get(value) or known.get(value.lower()))}


def _derive(context: Context, relation: RelationRule, row: Record, value: str, keys: dict[str, str]) -> Record:
    refs = {SELF: [row.object, row.key]}
    made = Record(
        run=context.run,
        object=context.step.object,
        key=row.key,
        raw={relation.source: value},
        refs=refs,
        mapped={},
        state=Record.State.READY,
    )
    if relation.to == MEMBER:
        member = context.members.get(value.lower())
        made.mapped = {f"{relation.destination}Id": member.id} if member else {}
        if member is None:
            made.state, made.reason = Record.State.HELD, NO_MEMBER
            made.detail = plain(f"“{value}” is no member of the workspace: invite them in Twenty, then decide again.")
    else:
        refs[OTHER] = [relation.to, keys.get(value, value)]
    made.digest = digest_of([refs, made.mapped])
    return made
