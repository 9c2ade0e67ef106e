"""The transforms for texts, choices, lists and JSON. Importing this module registers all transforms."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

# Each registers its own: names and numbers to reach people by, links, postal addresses, measures.
import mapping.addresses
import mapping.contacts
import mapping.links
import mapping.measures  # noqa: F401
from mapping.days import folded
from mapping.exact import as_text, read_json, storable
from mapping.registry import (
    TRANSFORMS,
    Option,
    Options,
    Transform,
    Unturned,
    Widget,
    chosen,
    flag,
    read,
    table,
    transform,
)

__all__ = ["TRANSFORMS", "Options", "Transform", "Unturned", "turn"]

PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

CHOICES = Option("choices", "Options", Widget.TABLE, "Which option of the destination stands for which value.")
IGNORE_CASE = Option(
    "ignore_case",
    "Spelling does not matter",
    Widget.FLAG,
    "“free”, “Free ” and “FREE” are one value.",
)
CREATE = Option(
    "create",
    "Make an option for each further value",
    Widget.FLAG,
    "Before a run, every value that was found and is not in the table gets an option of its own.",
)
SEPARATOR = Option(
    "separator", "Separator", Widget.TEXT, "What stands between the entries, where the value is not a JSON list."
)


def turn(name: str, value: Any, options: Options | None = None) -> Any:
    """Turns one value with the transform of that name. Raises Unturned and nothing else."""
    found = TRANSFORMS.get(name)
    if found is None:
        raise Unturned(f"should go through “{name}”, but there is no such transform")
    return found(value, options or {})


@transform(
    "text",
    "Keeps the text exactly as it is, white space included.",
    examples=[(" Ada ", {}, " Ada "), (True, {}, "true"), ("   ", {}, None)],
    certain=True,
)
def text(value: Any, options: Options) -> str:
    """The value as text, unchanged."""
    made = as_text(value)
    if not storable(made):
        raise Unturned("holds a character that the destination cannot store", UNSTORABLE.sub("\ufffd", made))
    return made


@transform(
    "trim",
    "Removes white space at both ends.",
    examples=[(" Ada Lovelace\n", {}, "Ada Lovelace")],
    certain=True,
)
def trim(value: Any, options: Options) -> str:
    """The text without white space around it."""
    return text(as_text(value).strip(), options)


@transform(
    "select",
    "Gives the option that was chosen for the value.",
    examples=[
        ("Democrat", {"choices": {"Democrat": "DEMOCRAT"}}, "DEMOCRAT"),
        ("DEMOCRAT ", {"choices": {"Democrat": "DEMOCRAT"}, "ignore_case": True}, "DEMOCRAT"),
    ],
    takes=(CHOICES, IGNORE_CASE, CREATE),
)
def select(value: Any, options: Options) -> str:
    """The option's value."""
    found = _choice(as_text(value), _choices(options), options)
    if found is None:
        raise Unturned(_no_choice("is", options))
    return found


def _no_choice(verb: str, options: Options) -> str:
    what = "none of the options of the map" if verb == "is" else "something that is none of the options of the map"
    later = ", because it came up after the map was made" if flag(options, "create") else ""
    return f"{verb} {what}{later}"


def _choices(options: Options) -> Mapping[str, Any]:
    choices = table(options, "choices")
    return {folded(name.strip()): made for name, made in choices.items()} if flag(options, "ignore_case") else choices


def _choice(written: str, choices: Mapping[str, Any], options: Options) -> str | None:
    plain = folded(written.strip()) if flag(options, "ignore_case") else written
    found = choices.get(plain) or choices.get(plain.strip())
    return text(found, options) if isinstance(found, str) else None


@transform(
    "multi_select",
    "Gives the options chosen for each value of a JSON list or of a list with a separator.",
    examples=[
        ('["a","b"]', {"choices": {"a": "A", "b": "B"}}, ["A", "B"]),
        ("a; b", {"choices": {"a": "A", "b": "B"}, "separator": ";"}, ["A", "B"]),
    ],
    takes=(CHOICES, SEPARATOR, IGNORE_CASE, CREATE),
)
def multi_select(value: Any, options: Options) -> list[str]:
    """The options' values, each once."""
    choices = _choices(options)
    found = [_choice(item, choices, options) for item in array(value, options)]
    known = list(dict.fromkeys(item for item in found if item is not None))
    if None in found:
        raise Unturned(_no_choice("holds", options), known or None)
    return known


@transform(
    "json",
    "Reads a JSON object or list, if no digit of it would be lost.",
    examples=[('{"topic_7": false}', {}, {"topic_7": False}), ("[1, 2]", {}, [1, 2])],
)
def json_value(value: Any, options: Options) -> dict[str, Any] | list[Any]:
    """The object or list itself."""
    made: dict[str, Any] | list[Any] = read(read_json, as_text(value))
    return made


@transform(
    "array",
    "Reads a JSON list of texts, or a list written with a separator.",
    examples=[('["S8WA00194", "H2WA01054"]', {}, ["S8WA00194", "H2WA01054"]), ("a, b", {"separator": ","}, ["a", "b"])],
    takes=(SEPARATOR,),
)
def array(value: Any, options: Options) -> list[str]:
    """The texts of the list."""
    written = as_text(value)
    separator = options.get("separator")
    if isinstance(separator, str) and separator and not written.lstrip().startswith("["):
        pieces = (item.strip() for item in text(written, options).split(separator))
        items: Any = [item for item in pieces if item]
    else:
        items = read(read_json, written)
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise Unturned("is not a list of texts")
    return items


@transform(
    "template",
    "Puts the values into a text with {names} in braces; a single value is {value}.",
    examples=[
        ("42", {"template": "Ticket {value}"}, "Ticket 42"),
        ({"city": "Bonn", "zip": ""}, {"template": "{zip} {city}"}, "Bonn"),
    ],
    takes=(Option("template", "Text", Widget.TEXT, "The names of the source's fields in braces: {zip} {city}."),),
    certain=True,
)
def template(value: Any, options: Options) -> str | None:
    """The text with every brace filled in; None when it comes out empty."""
    parts = value if isinstance(value, dict) else {"value": value}
    pattern = chosen(options, "template") or "{value}"
    made = PLACEHOLDER.sub(lambda match: as_text(parts.get(match[1])), pattern).strip()
    return text(made, options) or None


@transform(
    "constant",
    "Writes the same value for every record that has one.",
    examples=[("anything", {"value": "Customer.io"}, "Customer.io")],
    takes=(Option("value", "Value", Widget.TEXT, "What every record gets."),),
    certain=True,
)
def constant(value: Any, options: Options) -> Any:
    """The option's value."""
    return _given(options.get("value"))


def _given(made: Any) -> Any:
    """A value that stands in the map, if it can be stored."""
    try:
        good = storable(json.dumps(made, ensure_ascii=False, allow_nan=False)) and "\\u0000" not in json.dumps(made)
    except (ValueError, TypeError, RecursionError):
        good = False
    if not good:
        raise Unturned("cannot be turned: what the map gives for it is nothing that the destination can store")
    return made


@transform(
    "lookup",
    "Gives what stands for the value in a table.",
    examples=[
        ("WA", {"table": {"WA": "Washington"}}, "Washington"),
        ("XX", {"table": {"WA": "Washington"}, "otherwise": "keep"}, "XX"),
    ],
    takes=(
        Option("table", "Table", Widget.TABLE, "What is written for which value."),
        Option(
            "otherwise",
            "Any other value",
            Widget.CHOICE,
            "What becomes of a value that is not in the table.",
            (("", "Is reported"), ("keep", "Is kept as it is")),
        ),
    ),
)
def lookup(value: Any, options: Options) -> Any:
    """The table's entry."""
    entries = table(options, "table")
    written = as_text(value).strip()
    if written in entries:
        return _given(entries[written])
    if chosen(options, "otherwise") == "keep":
        return text(value, options)
    raise Unturned("does not stand in the table")
