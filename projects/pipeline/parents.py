"""Rows that refer to other rows: which of these are there to be referred to, and which rows have to wait for one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from projects.models import Decision, Record
from projects.pipeline.context import Context
from projects.pipeline.settle import PARENT_HELD, UNKNOWN_PERSON
from projects.text import plain


def wanted(rows: Iterable[Record]) -> dict[str, set[str]]:
    """What these rows refer to: object type → keys."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        for object, key in row.refs.values():
            found[object].add(key)
    return dict(found)


def hold_without(
    context: Context, row: Record, there: Collection[tuple[str, str]], verdicts: Mapping[str, str]
) -> bool:
    """Holds a row one of whose ends is not `there`, unless people decided that it lands alone; true when it is held.

    `verdicts` are those on unknown people.
    """
    lacking = {role for role, (object, key) in row.refs.items() if (object, key) not in there}
    optional = lacking <= context.ends.optional
    if not lacking or (optional and verdicts.get(row.key, verdicts.get("")) == Decision.Verdict.IMPORT):
        return False
    absent = [f"{row.refs[role][0]} {row.refs[role][1]}" for role in sorted(lacking)]
    row.state, row.reason = Record.State.HELD, UNKNOWN_PERSON if optional else PARENT_HELD
    row.detail = plain(f"It belongs to {' and '.join(absent)}, which did not land.")
    return True
