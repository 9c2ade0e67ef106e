"""Corrected records from a spreadsheet: read whole, refused whole where a row is wrong, else kept and carried out.

The file is the one that the held page gives: a row per record, `object`, `key`, `decision` and a column per field of
the source. An empty cell changes nothing; `(empty)` empties a field.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from mapping.rules import MapSpec
from projects import audit, services
from projects.models import Correction, Project, Record, Run, User
from projects.permissions import Can, can
from projects.selectors import newest_run, verdicts_for
from projects.services import Refused
from projects.verbs import Verb

OBJECT, KEY, REASON, DECISION = "object", "key", "reason", "decision"
OWN = (OBJECT, KEY, REASON, "why", DECISION)
"""Columns that are not fields of the source."""

EMPTY = "(empty)"
MOST_ROWS = 50_000
LARGEST = 20 << 20
LONGEST_CELL = 1 << 20
SHOWN = 20
"""Sentences about wrong rows that are told at once."""

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula: written with an apostrophe before it, and read without."""


@dataclass
class Sheet:
    """What a file asks for, and what is wrong with it."""

    fields: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    decisions: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    seen: set[tuple[str, str]] = field(default_factory=set)


def cell_of(value: Any) -> str:
    """A value of the source as a cell: text as it is, anything else as JSON; never a formula."""
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(DANGEROUS) else text


def columns_of(run: Run, object: str) -> list[str]:
    """The fields of the source that the map knows of an object type: the columns that can be corrected."""
    rule = (run.field_map.spec if run.field_map else MapSpec()).object(object)
    names = [name for one in (rule.fields if rule else ()) for name in (one.source, *one.also)]
    return [name for name in dict.fromkeys(names) if not name.startswith("@") and name not in OWN]


def sheet_of(rows: Iterator[Record], columns: list[str]) -> Iterator[list[str]]:
    """The lines of the spreadsheet for these held records."""
    yield [*OWN, *columns]
    for row in rows:
        fields = row.fields
        own = (row.object, row.key, row.reason, row.detail, "")
        yield [cell_of(value) for value in own] + [cell_of(fields.get(name)) for name in columns]


def take_in(*, project: Project, by: User, content: bytes, name: str) -> tuple[int, int]:
    """Stores the corrections and decisions of a file, all or none; gives how many records of each.

    Raises Refused with a sentence for each wrong row, by its line.
    """
    if not can(by, Can.DECIDE, project):
        raise Refused("As a member of this project you may not decide: the customer does.")
    run = newest_run(project)
    if run is None:
        raise Refused("Nothing is held: no run has moved records yet.")
    sheet = _read(run, content)
    if sheet.problems:
        rest = len(sheet.problems) - SHOWN
        more = f" And {rest:,} more." if rest > 0 else ""
        raise Refused(f"Nothing was taken in. {' '.join(sheet.problems[:SHOWN])}{more}")
    if not sheet.fields and not sheet.decisions:
        raise Refused("The file changes nothing: no cell differs from what is there, and no decision is filled in.")
    return _store(project, by, sheet, name)


def _read(run: Run, content: bytes) -> Sheet:
    sheet = Sheet()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("The file is not UTF-8. In Excel, save it as “CSV UTF-8”.") from None
    csv.field_size_limit(LONGEST_CELL)
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        columns = [one.strip() for one in next(reader, [])]
        if OBJECT not in columns or KEY not in columns:
            raise Refused(f"The first line must name the columns, “{OBJECT}” and “{KEY}” among them.")
        if len(columns) != len(set(columns)):
            raise Refused("A column stands there twice.")
        lines = [(reader.line_num, cells) for cells in reader if any(cells)]
    except csv.Error as error:
        raise Refused(f"Line {reader.line_num} cannot be read as CSV: {error}.") from error
    if len(lines) > MOST_ROWS:
        raise Refused(f"The file has {len(lines):,} rows; at most {MOST_ROWS:,} are taken at once.")
    held = _held(run, columns, lines)
    for number, cells in lines:
        _read_row(sheet, held, columns, number, cells)
    return sheet


def _held(run: Run, columns: list[str], lines: list[tuple[int, list[str]]]) -> dict[tuple[str, str], Record]:
    """The held records that the file names."""
    at_object, at_key = columns.index(OBJECT), columns.index(KEY)
    wanted: dict[str, set[str]] = {}
    for _number, cells in lines:
        if len(cells) > max(at_object, at_key):
            wanted.setdefault(_plain(cells[at_object]), set()).add(_plain(cells[at_key]))
    held = {}
    for object, keys in wanted.items():
        listed = sorted(keys)
        for start in range(0, len(listed), 500):
            rows = Record.objects.of(run, object).filter(key__in=listed[start : start + 500], state=Record.State.HELD)
            held.update({(row.object, row.key): row for row in rows.defer("meta", "refs", "notes", "mapped")})
    return held


def _read_row(
    sheet: Sheet, held: dict[tuple[str, str], Record], columns: list[str], number: int, cells: list[str]
) -> None:
    if len(cells) != len(columns):
        sheet.problems.append(f"Line {number}: {len(cells)} cells where the first line has {len(columns)}.")
        return
    given = dict(zip(columns, (_plain(cell) for cell in cells), strict=True))
    where = (given[OBJECT], given[KEY])
    row = held.get(where)
    if row is None:
        sheet.problems.append(f"Line {number}: {given[OBJECT]} “{given[KEY]}” is not held in this run.")
        return
    if where in sheet.seen:
        sheet.problems.append(f"Line {number}: {given[OBJECT]} “{given[KEY]}” stands in the file twice.")
        return
    sheet.seen.add(where)
    changed = {}
    for name in columns:
        if name in OWN or not given[name]:
            continue
        if given[name] != _plain(cell_of(row.fields.get(name))):
            changed[name] = _value(given[name], row.fields.get(name))
    if changed:
        sheet.fields[where] = changed
    if decision := given.get(DECISION, "").lower():
        if decision not in verdicts_for(row.reason):
            fit = ", ".join(verdicts_for(row.reason))
            sheet.problems.append(f"Line {number}: “{decision}” does not fit here. What fits: {fit}, or nothing.")
            return
        sheet.decisions.setdefault((row.object, row.reason, decision), []).append(row.key)


def _plain(cell: str) -> str:
    """A cell without the apostrophe that keeps a spreadsheet from running it."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(DANGEROUS) else text


def _value(text: str, before: Any) -> Any:
    """A cell as a value: of the kind that stood there before where it can be read as that, else text."""
    if text == EMPTY:
        return None
    if before is None or isinstance(before, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


@transaction.atomic
def _store(project: Project, by: User, sheet: Sheet, name: str) -> tuple[int, int]:
    """Corrections lie over what earlier ones said about other fields; decisions go the way of every decision."""
    by_object: dict[str, int] = {}
    for (object, key), fields in sheet.fields.items():
        known = Correction.objects.filter(project=project, object=object, key=key).first()
        kept = known.fields if known else {}
        Correction.objects.update_or_create(
            project=project,
            object=object,
            key=key,
            defaults={"fields": {**kept, **fields}, "made_by": by, "file": name[:200]},
        )
        by_object[object] = by_object.get(object, 0) + 1
    for object, number in by_object.items():
        audit.record(Verb.RECORDS_CORRECTED, project, name, object=object, count=number)
    decided = 0
    for (object, reason, verdict), keys in sheet.decisions.items():
        decided += services.decide_held(
            project=project, object=object, reason=reason, verdict=verdict, by=by, keys=keys
        )
    run = newest_run(project)
    if run is not None:
        for object in by_object:
            services.carry_out(run, object)
    return len(sheet.fields), decided
