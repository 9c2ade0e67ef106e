"""A field map as a file and back: JSON holds everything, CSV is for people with a spreadsheet.

Both keep every decision: map → file → map gives the same digest. CSV has one line per thing decided; what a
spreadsheet has no column for stands as JSON in the column `more`. Cells that a spreadsheet would run as a formula
begin with an apostrophe, which is taken away again.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from mapping.rules import ActivityRule, FieldRule, MapSpec, ObjectRule, RelationRule

COLUMNS = ("line", "object", "field", "action", "destination", "type", "label", "transform", "options", "choices",
           "on_error", "raw_destination", "unique", "also", "description", "more", "confidence", "reason")  # fmt: skip

KINDS = ("map", "object", "field", "relation", "event")
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "＝", "＋", "－", "＠")
"""A cell that begins with one of these may be run by a spreadsheet; the apostrophe is escaped by itself."""

MOST_PROBLEMS = 20
LIMIT = 20_000_000
"""Bytes of a file that are read."""

csv.field_size_limit(LIMIT)

EVIDENCE = ("confidence", "reason")
LEFT_OUT = {"alternatives", "decided_by"}
"""Evidence that CSV leaves out: it takes part in no digest."""

PLAIN: Mapping[str, Mapping[str, str]] = {
    "object": {"object": "source", "action": "action", "destination": "destination", "label": "label",
               "description": "description"},
    "field": {"field": "source", "action": "action", "destination": "destination", "type": "type", "label": "label",
              "transform": "transform", "on_error": "on_error", "raw_destination": "raw_destination",
              "description": "description"},
    "relation": {"field": "source", "action": "action", "destination": "destination", "label": "label"},
    "event": {"object": "source", "field": "name", "action": "action", "destination": "home", "type": "kind"},
}  # fmt: skip
"""Per kind of line: column → attribute of the rule, written as it is."""

JSON_CELLS = ("options", "choices", "also")
MODELS: Mapping[str, type[BaseModel]] = {
    "object": ObjectRule, "field": FieldRule, "relation": RelationRule, "event": ActivityRule,
}  # fmt: skip


class Unreadable(Exception):
    """A file that is no field map; `problems` are sentences, each with its line where it has one."""

    def __init__(self, problems: Sequence[str]) -> None:
        more = len(problems) - MOST_PROBLEMS
        shown = [*problems[:MOST_PROBLEMS], *([f"And {more} more."] if more > 0 else [])]
        super().__init__(" ".join(shown))
        self.problems = tuple(shown)


def to_json(spec: MapSpec) -> str:
    """The whole map as JSON, in plain ASCII."""
    return json.dumps(spec.model_dump(mode="json"), indent=2) + "\n"


def from_json(text: str) -> MapSpec:
    """The map that `to_json` wrote. Raises Unreadable."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable([f"The file is no JSON: {error}."]) from error
    try:
        return MapSpec.model_validate(content)
    except ValidationError as error:
        raise Unreadable([f"{_where(one['loc'])}: {one['msg']}." for one in error.errors()]) from error


def _where(place: tuple[int | str, ...]) -> str:
    return " › ".join(str(part) for part in place) or "The file"


def to_csv(spec: MapSpec) -> str:
    """The map as CSV with a byte order mark, so that a spreadsheet reads it as UTF-8."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for line in _lines(spec):
        writer.writerow({name: _guarded(cell) for name, cell in line.items()})
    return "\ufeff" + out.getvalue()


def _lines(spec: MapSpec) -> Iterator[dict[str, str]]:
    head = spec.model_dump(mode="json", exclude={"objects", "activities"})
    yield {"line": "map", "more": _dumped(head)}
    for rule in spec.objects:
        yield _line("object", rule, {"fields", "relations"})
        for field in rule.fields:
            yield {**_line("field", field), "object": rule.source}
        for relation in rule.relations:
            yield {**_line("relation", relation), "object": rule.source}
    for stream in spec.activities:
        yield _line("event", stream)


def _line(kind: str, rule: BaseModel, without: set[str] | None = None) -> dict[str, str]:
    content = rule.model_dump(mode="json", exclude=(without or set()) | LEFT_OUT)
    line = {"line": kind}
    for column, name in PLAIN[kind].items():
        value = content.pop(name)
        line[column] = "" if value is None else str(value)
    line["confidence"] = repr(content.pop("confidence"))
    line["reason"] = content.pop("reason")
    if kind == "field":
        line["unique"] = "yes" if content.pop("unique") else ""
        for name in JSON_CELLS:
            value = content.pop(name)
            line[name] = _dumped(value) if value else ""
    changed = {name: value for name, value in content.items() if value != _default(rule, name)}
    line["more"] = _dumped(changed) if changed else ""
    return line


def _default(rule: BaseModel, name: str) -> Any:
    field = type(rule).model_fields[name]
    return None if field.is_required() else field.get_default()


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(RISKY) else cell


def _bare(cell: str) -> str:
    return cell.removeprefix("'")


def from_csv(text: str) -> MapSpec:
    """The map of a CSV file, as it was written or as a person changed it. Raises Unreadable with every bad line."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=_delimiter(text))
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in ("line", "object", "field", "action", "destination") if name not in header]
        if missing:
            raise Unreadable([f"Line 1: the columns {', '.join(missing)} are missing. Found: {', '.join(header)}."])
        return _Reader(header).read(reader)
    except csv.Error as error:
        raise Unreadable([f"Line {reader.line_num}: this is no CSV: {error}."]) from error


def _delimiter(text: str) -> str:
    """The sign between cells: spreadsheets of half of Europe write semicolons."""
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


class _Reader:
    """Reads the lines one by one, and goes on after a bad one, so that all of them are named at once."""

    def __init__(self, header: Sequence[str]) -> None:
        self.header = header
        self.problems: list[str] = []
        self.head: dict[str, Any] = {}
        self.objects: dict[str, dict[str, Any]] = {}
        self.streams: list[ActivityRule] = []
        self.seen: dict[tuple[str, ...], int] = {}

    def read(self, lines: Any) -> MapSpec:
        """The whole map, or Unreadable."""
        for cells in lines:
            if any(cell.strip() for cell in cells):
                self._line(lines.line_num, dict(zip(self.header, map(_bare, cells), strict=False)))
        if self.problems:
            raise Unreadable(self.problems)
        objects = tuple(
            entry["rule"].model_copy(update={"fields": tuple(entry["field"]), "relations": tuple(entry["relation"])})
            for entry in self.objects.values()
        )
        try:
            head = MapSpec.model_validate(self.head)
        except ValidationError as error:
            raise Unreadable(
                [f"The line “map”: {_where(one['loc'])}: {one['msg']}." for one in error.errors()]
            ) from error
        return head.model_copy(update={"objects": objects, "activities": tuple(self.streams)})

    def _line(self, number: int, cells: dict[str, str]) -> None:
        kind = cells.get("line", "").strip().lower()
        if kind not in KINDS:
            self._say(number, "line", cells.get("line", ""), f"one of {', '.join(KINDS)}")
            return
        content = self._content(number, kind, cells)
        if content is None:
            return
        if kind == "map":
            self.head = content
            return
        if self._twice(number, kind, cells):
            return
        rule = self._rule(number, kind, content)
        if rule is not None:
            self._keep(number, kind, cells, rule)

    def _keep(self, number: int, kind: str, cells: dict[str, str], rule: BaseModel) -> None:
        if isinstance(rule, ActivityRule):
            self.streams.append(rule)
        elif isinstance(rule, ObjectRule):
            self.objects[rule.source] = {"rule": rule, "field": [], "relation": []}
        elif (owner := self.objects.get(cells.get("object", ""))) is None:
            known = ", ".join(self.objects) or "none yet"
            self._say(number, "object", cells.get("object", ""), f"an object type of a line above ({known})")
        else:
            owner[kind].append(rule)

    def _twice(self, number: int, kind: str, cells: dict[str, str]) -> bool:
        """Whether an object type or a field has a line already: two answers to one question are none."""
        if kind not in ("object", "field"):
            return False
        key = (kind, cells.get("object", ""), cells.get("field", "") if kind == "field" else "")
        earlier = self.seen.setdefault(key, number)
        if earlier == number:
            return False
        what = cells.get("field", "") if kind == "field" else cells.get("object", "")
        self.problems.append(f"Line {number}: “{what}” stands on line {earlier} already. Take one of the two out.")
        return True

    def _content(self, number: int, kind: str, cells: dict[str, str]) -> dict[str, Any] | None:
        """The rule's attributes; None when a cell could not be read."""
        before = len(self.problems)
        content: dict[str, Any] = self._json(number, cells, "more", dict) or {}
        for column, name in PLAIN.get(kind, {}).items():
            content[name] = _cell(kind, name, cells.get(column, ""))
        content = {name: value for name, value in content.items() if value is not None}
        if kind == "field":
            for name, shape in (("options", dict), ("choices", list), ("also", list)):
                if (value := self._json(number, cells, name, shape)) is not None:
                    content[name] = value
            content["unique"] = self._yes(number, cells)
        if kind != "map":
            content |= self._evidence(number, cells)
        return content if len(self.problems) == before else None

    def _json(self, number: int, cells: dict[str, str], column: str, shape: type) -> Any:
        written = cells.get(column, "")
        if not written.strip():
            return None
        try:
            value = json.loads(written)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, shape):
            return value
        self._say(number, column, written, f"JSON, {'an object in braces' if shape is dict else 'a list in brackets'}")
        return None

    def _yes(self, number: int, cells: dict[str, str]) -> bool:
        word = cells.get("unique", "").strip().lower()
        if word not in ("yes", "true", "1", "", "no", "false", "0"):
            self._say(number, "unique", word, "yes, or nothing")
        return word in ("yes", "true", "1")

    def _evidence(self, number: int, cells: dict[str, str]) -> dict[str, Any]:
        written = cells.get("confidence", "").strip().replace(",", ".")
        try:
            return {"confidence": float(written or 0), "reason": cells.get("reason", "")}
        except ValueError:
            self._say(number, "confidence", written, "a number between 0 and 1, or nothing")
            return {}

    def _rule(self, number: int, kind: str, content: dict[str, Any]) -> BaseModel | None:
        try:
            return MODELS[kind].model_validate(content)
        except ValidationError as error:
            columns = {name: column for column, name in PLAIN[kind].items()}
            for one in error.errors():
                name = str(one["loc"][0]) if one["loc"] else ""
                expected = one["msg"].removeprefix("Input should be ")
                self._say(number, columns.get(name, name or "more"), one.get("input", ""), expected)
        return None

    def _say(self, number: int, column: str, found: Any, expected: str) -> None:
        shown = str(found)[:60]
        self.problems.append(f"Line {number}, column “{column}”: found “{shown}”, expected {expected}.")


STRICT = {"action", "type", "on_error", "kind", "home"}
"""Attributes that are one of a list of words: a person may write them in capitals or with spaces around."""


def _cell(kind: str, name: str, written: str) -> str | None:
    if name not in STRICT:
        return written
    word = written.strip()
    if name == "type":
        return word.upper() or None
    if name == "on_error" and not word:
        return None
    return word.lower()


def read(name: str, content: bytes) -> MapSpec:
    """The map in an uploaded or named file, by its ending. Raises Unreadable."""
    if len(content) > LIMIT:
        raise Unreadable([f"The file has {len(content):,} bytes; at most {LIMIT:,} are read."])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(["The file is not UTF-8 text. Save it as “CSV UTF-8” and try again."]) from error
    return from_csv(text) if name.lower().endswith((".csv", ".tsv", ".txt")) else from_json(text)
