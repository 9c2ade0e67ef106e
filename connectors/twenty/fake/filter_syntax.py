"""The REST filter language, `field[op]:value` with and/or/not, read into the nested form that GraphQL uses.

contracts/twenty/FACTS.md §5 has the grammar: a comma means "and", values with commas or parentheses need double quotes,
but `in:[…]` splits on every comma even inside quotes.
"""

from __future__ import annotations

import re
from typing import Any

from .errors import bad_request
from .schema import ObjectType

Json = Any
Filter = dict[str, Json]

OPERATORS_1 = "eq neq in containsAny is gt gte lt lte startsWith like ilike".split()
OPERATORS_2 = "eq neq in containsAny is gt gte lt lte startsWith endsWith like ilike".split()
BASE = re.compile(r"^([^\[\]]+)\[([^\[\]]*)\]:(.*)$", re.DOTALL)
CONJUNCTION = re.compile(r"^(and|or|not)\((.*)\)$", re.DOTALL)


def parse_filter(source: str, kind: ObjectType, *, modern: bool) -> Filter:
    """The filter as nested conditions; an empty string filters nothing."""
    if not source:
        return {}
    parts = split_top(source)
    if len(parts) == 1 and CONJUNCTION.match(parts[0]):
        return _node(parts[0], modern=modern)
    return {"and": [_node(part, modern=modern) for part in parts]}


def split_top(source: str) -> list[str]:
    """Split on commas that are outside parentheses, brackets and quotes."""
    parts, depth, quote, current = [], 0, "", ""
    for char in source:
        if quote:
            quote = "" if char == quote else quote
        elif char == '"':
            quote = char
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(current)
            current = ""
            continue
        current += char
    if current:
        parts.append(current)
    return parts


def _node(source: str, *, modern: bool) -> Filter:
    conjunction = CONJUNCTION.match(source)
    if conjunction:
        name, inner = conjunction.groups()
        children = [_node(part, modern=modern) for part in split_top(inner)]
        return {name: children[0] if name == "not" else children}
    return _condition(source, modern=modern)


def _condition(source: str, *, modern: bool) -> Filter:
    match = BASE.match(source)
    if match is None:
        raise bad_request(f"'filter' invalid for '{source}'. eg: price[gte]:10")
    field, operator, raw = match.groups()
    known = OPERATORS_2 if modern else OPERATORS_1
    if operator not in known:
        listed = ", ".join(known)
        raise bad_request(f"'filter' invalid for '{source}', comparator {operator} not in {listed}")
    value: Json = _listed(raw) if operator in ("in", "containsAny") else _unquoted(raw)
    condition: Filter = {operator: value}
    for step in reversed(field.split(".")):
        condition = {step: condition}
    return condition


def _listed(raw: str) -> list[str]:
    inner = raw[1:-1] if raw.startswith("[") and raw.endswith("]") else raw
    return [_unquoted(part) for part in inner.split(",")] if inner else []


def _unquoted(raw: str) -> str:
    if len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "\"'":
        return raw[1:-1]
    return raw
