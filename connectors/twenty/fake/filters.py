"""Which rows a filter lets through, with SQL's three-valued logic and each line's operator rules.

1.x lets most operators reach the database, 2.x checks them per type first (contracts/twenty/FACTS-2.x.md §5).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from . import values
from .constraints import table_name
from .errors import Refusal, bad_request, coded, database, inspect, invalid_data
from .schema import COMPOSITES, Field, ObjectType, Record
from .workspace import Workspace

Json = Any
Filter = dict[str, Json]
Truth = bool | None
Predicate = Callable[[Record], Truth]
Getter = Callable[[Record], Json]

ORDERED = ("eq", "neq", "gt", "gte", "lt", "lte", "in", "is")
ALLOWED: dict[str, tuple[str, ...]] = {
    "TEXT": ("eq", "neq", "gt", "gte", "lt", "lte", "in", "is", "like", "ilike", "startsWith", "endsWith"),
    "BOOLEAN": ("eq", "is"),
    "SELECT": ("eq", "neq", "gt", "gte", "lt", "lte", "in", "containsAny", "is", "isEmptyArray"),
    "RATING": ("eq", "neq", "gt", "gte", "lt", "lte", "in", "containsAny", "is", "isEmptyArray"),
    "MULTI_SELECT": ("containsAny", "is", "isEmptyArray"),
    "ARRAY": ("containsIlike", "is", "isEmptyArray"),
    "RAW_JSON": ("is", "like"),
    "FILES": ("is", "like"),
    "TS_VECTOR": ("search",),
}
UNIQUE_TEXTS = ("TEXT", "EMAILS", "LINKS", "PHONES")
PATTERNS = ("like", "ilike", "startsWith", "endsWith", "containsIlike")


class Compiler:
    """Turns a nested filter into a predicate and notes what it mentions."""

    def __init__(self, workspace: Workspace, kind: ObjectType) -> None:
        self.workspace = workspace
        self.kind = kind
        self.modern = workspace.modern
        self.mentions_deletion = False

    def compile(self, source: Filter) -> Predicate:
        return _all([self._entry(self.kind, name, value, lambda row: row) for name, value in source.items()])

    def _entry(self, kind: ObjectType, name: str, value: Json, base: Getter) -> Predicate:
        if name in ("and", "or"):
            branches = value if isinstance(value, list) else [value]
            built = [_all([self._entry(kind, key, item, base) for key, item in each.items()]) for each in branches]
            return _all(built) if name == "and" else _any(built)
        if name == "not":
            return _negated(_all([self._entry(kind, key, item, base) for key, item in value.items()]))
        if name == "deletedAt":
            self.mentions_deletion = True
        return self._field(kind, name, value, base)

    def _field(self, kind: ObjectType, name: str, value: Json, base: Getter) -> Predicate:
        column = kind.columns.get(name)
        if column is None:
            return self._through_relation(kind, name, value, base)
        if column.composite:
            return self._composite(column, value, base)
        shown = "RELATION" if column.joins() else column.type
        getter: Getter = lambda row: None if (found := base(row)) is None else found.get(name)  # noqa: E731
        return self._conditions(name, shown, column, value, getter)

    def _through_relation(self, kind: ObjectType, name: str, value: Json, base: Getter) -> Predicate:
        """2.x follows a many-to-one relation; 1.x does not know the field's name as an operator (exchange 03)."""
        item = kind.fields.get(name)
        if item is None or item.relation is None:
            if self.modern:
                raise invalid_data(f'Object {kind.singular} doesn\'t have any "{name}" field.')
            raise _plain_error(f"Field metadata not found for field: {name}")
        relation = item.relation
        if not self.modern or not relation.join_column:
            raise coded(f'Operator "{next(iter(value))}" is not supported', "UNSUPPORTED_OPERATOR")
        target = self.workspace.schema.objects[relation.target_object]
        rows = self.workspace.table(target).rows

        def follow(row: Record) -> Record | None:
            source = base(row)
            return rows.get(source[relation.join_column] or "") if source else None

        return _all([self._entry(target, key, each, follow) for key, each in value.items()])

    def _composite(self, item: Field, value: Json, base: Getter) -> Predicate:
        parts = COMPOSITES[item.type]
        built = []
        for sub_field, conditions in value.items():
            if sub_field not in parts or not isinstance(conditions, dict):
                raise bad_request(f'Sub field "{sub_field}" not found for composite type: {item.type}')

            def getter(row: Record, sub_field: str = sub_field) -> Json:
                found = base(row)
                return None if found is None else found[item.name][sub_field]

            path = f"{item.name}.{sub_field}"
            sub_item = Field(id="", name=path, label="", type=parts[sub_field])
            if parts[sub_field] == "SELECT":
                sub_item.options = [{"value": source} for source in values.ACTOR_SOURCES]
            built.append(self._conditions(path, parts[sub_field], sub_item, conditions, getter))
        return _all(built)

    def _conditions(self, path: str, shown: str, item: Field, conditions: Json, getter: Getter) -> Predicate:
        built = []
        for operator, operand in conditions.items():
            if self.modern:
                allowed = ALLOWED.get(shown, ORDERED)
                if operator not in allowed:
                    listed = ", ".join(allowed)
                    raise bad_request(
                        f'Operator "{operator}" is not valid for field "{path}" of type {shown} - '
                        f"Allowed operators: {listed}",
                        sub_code="INVALID_ARGS_FILTER",
                    )
            elif operator == "containsAny" and shown == "RAW_JSON":
                raise database("cannot cast type jsonb to text[]", modern=False)
            typed = operand if operator in ("is", "isEmptyArray") else self._typed(path, shown, item, operator, operand)
            built.append(_test(operator, typed, getter, prefix_is_literal=self.modern))
        return _all(built)

    def _typed(self, path: str, shown: str, item: Field, operator: str, operand: Json) -> Json:
        """REST operands are strings; bring them to the type of the stored value or refuse as the line does."""
        if isinstance(operand, list):
            return [self._typed(path, shown, item, operator, each) for each in operand]
        if operator in PATTERNS:
            return operand
        if shown in ("NUMBER", "NUMERIC", "POSITION"):
            return self._numeric(path, operand)
        if shown == "BOOLEAN":
            return operand if isinstance(operand, bool) else operand == "true"
        if shown in ("DATE_TIME", "DATE"):
            return self._moment(path, shown, operand)
        if shown in ("UUID", "RELATION") and not values.ANY_UUID.match(str(operand)):
            if self.modern:
                raise invalid_data(f'Invalid UUID value {inspect(operand)} for field "{path}"')
            raise database(f'invalid input syntax for type uuid: "{operand}"', modern=False)
        if shown in ("SELECT", "RATING") and item.options and operand not in values.option_values(item):
            schema = "workspace_cbkzer76nivet0r1axrmin9ga"
            enum = f'{schema}."{table_name(self.kind)}_{item.name}_enum"'
            raise database(f'invalid input value for enum {enum}: "{operand}"', modern=self.modern)
        return operand.lower() if shown in ("UUID", "RELATION") else operand

    def _numeric(self, path: str, operand: Json) -> float | None:
        try:
            return float(operand)
        except (TypeError, ValueError):
            if self.modern:
                raise invalid_data(f'Invalid number value NaN for field "{path}"') from None
            return None

    def _moment(self, path: str, shown: str, operand: Json) -> str:
        if shown == "DATE":
            return str(operand)[:10]
        parsed = values.parse_moment(operand)
        if parsed is not None:
            return values.timestamp(parsed)
        if self.modern:
            return values.date_time(operand, path, modern=True) or ""
        # 1.x hands words like "yesterday" to PostgreSQL, which understands them (exchange 03).
        return ""


def _plain_error(message: str) -> Refusal:
    return Refusal(400, {"statusCode": 400, "error": "Error", "messages": [message]}, message=message)


def _test(operator: str, operand: Json, getter: Getter, *, prefix_is_literal: bool) -> Predicate:
    if operator == "is":
        wanted = operand == "NOT_NULL"
        return lambda row: (not is_null(getter(row))) is wanted
    if operator == "isEmptyArray":
        return lambda row: False
    if operator in PATTERNS:
        pattern = _pattern(operator, operand, literal=prefix_is_literal)
        return lambda row: None if is_null(found := getter(row)) else bool(pattern.match(_as_text(found)))
    if operator == "containsAny":
        wanted_values = set(operand)
        return lambda row: None if is_null(found := getter(row)) else not wanted_values.isdisjoint(found)
    if operator == "in":
        members = set(operand)
        return lambda row: None if is_null(found := getter(row)) else found in members
    return _comparison(operator, operand, getter)


def _comparison(operator: str, operand: Json, getter: Getter) -> Predicate:
    def compare(row: Record) -> Truth:
        found = getter(row)
        if operand is None or is_null(found):
            return None
        if operator == "eq":
            return bool(found == operand)
        if operator == "neq":
            return bool(found != operand)
        if operator == "gt":
            return bool(found > operand)
        if operator == "gte":
            return bool(found >= operand)
        if operator == "lt":
            return bool(found < operand)
        return bool(found <= operand)

    return compare


def is_null(value: Json) -> bool:
    """Empty text and empty lists are stored as NULL (contracts/twenty/FACTS.md §3)."""
    return value is None or value == "" or value == []


def _as_text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@lru_cache(maxsize=512)
def _pattern(operator: str, operand: str, *, literal: bool) -> re.Pattern[str]:
    """LIKE as a regular expression; startsWith is a plain LIKE on 1.x and a literal prefix on 2.x."""
    flags = re.DOTALL | (re.IGNORECASE if operator in ("ilike", "containsIlike") else 0)
    if operator == "containsIlike":
        return re.compile(f".*{_like(operand.strip('%'))}.*", flags)
    if operator == "startsWith" and literal:
        return re.compile(f"{re.escape(operand)}.*", flags)
    if operator == "endsWith":
        return re.compile(f".*{re.escape(operand)}$", flags)
    return re.compile(f"{_like(operand)}$", flags)


def _like(operand: str) -> str:
    return "".join(".*" if char == "%" else "." if char == "_" else re.escape(char) for char in operand)


def _all(parts: list[Predicate]) -> Predicate:
    if len(parts) == 1:
        return parts[0]

    def conjunction(row: Record) -> Truth:
        unknown = False
        for part in parts:
            truth = part(row)
            if truth is False:
                return False
            unknown = unknown or truth is None
        return None if unknown else True

    return conjunction


def _any(parts: list[Predicate]) -> Predicate:
    def disjunction(row: Record) -> Truth:
        unknown = False
        for part in parts:
            truth = part(row)
            if truth:
                return True
            unknown = unknown or truth is None
        return None if unknown else False

    return disjunction


def _negated(part: Predicate) -> Predicate:
    def negation(row: Record) -> Truth:
        truth = part(row)
        return None if truth is None else not truth

    return negation


def matching(workspace: Workspace, kind: ObjectType, source: Filter) -> list[Record]:
    """The rows in id order; soft-deleted ones only if the filter speaks of deletedAt (FACTS.md §6)."""
    compiler = Compiler(workspace, kind)
    predicate = compiler.compile(source) if source else None
    rows: Iterable[Record] = _narrowed(workspace, kind, source)
    if not compiler.mentions_deletion:
        rows = [row for row in rows if row["deletedAt"] is None]
    if predicate is None:
        return list(rows)
    return [row for row in rows if predicate(row)]


def as_inserted(workspace: Workspace, kind: ObjectType, rows: list[Record]) -> list[Record]:
    """The rows in the order of their insertion, in which the database hands them to bulk changes (exchange 02)."""
    wanted = {row["id"] for row in rows}
    return [row for row in workspace.table(kind).rows.values() if row["id"] in wanted]


def _narrowed(workspace: Workspace, kind: ObjectType, source: Filter) -> Iterable[Record]:
    """The rows that a top-level equality on an indexed value leaves; all of them otherwise."""
    table = workspace.table(kind)
    for name, wanted in _equalities(source):
        if name == ("id",):
            found = {str(value).lower() for value in wanted} & table.rows.keys()
        elif len(name) == 1 and name[0] in table.refs:
            found = {row for value in wanted for row in table.pointing_at(name[0], str(value).lower())}
        else:
            index = next((each for each in kind.unique if each.paths == (name,) and not each.live_only), None)
            if index is None or kind.columns[name[0]].type not in UNIQUE_TEXTS:
                continue
            owners = [table.owner_of(index.name, (value,)) for value in wanted]
            found = {owner for owner in owners if owner is not None}
        return [table.rows[each] for each in sorted(found)]
    return table.in_id_order()


def _equalities(source: Filter) -> Iterable[tuple[tuple[str, ...], list[Json]]]:
    """Every `path = value` or `path in values` that all matching rows must satisfy."""
    for name, value in source.items():
        if name == "and":
            for each in value if isinstance(value, list) else [value]:
                yield from _equalities(each)
        elif name not in ("or", "not") and isinstance(value, dict):
            for operator, operand in value.items():
                if operator == "eq":
                    yield (name,), [operand]
                elif operator == "in" and isinstance(operand, list):
                    yield (name,), operand
                elif isinstance(operand, dict):
                    yield from (((name, *path), found) for path, found in _equalities({operator: operand}))
