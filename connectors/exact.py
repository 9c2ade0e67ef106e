"""JSON read without loss: every digit, key and character that came from outside is still there afterwards."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

SURE_DIGITS = 15
"""A double keeps every decimal number of up to so many significant digits."""

LONGEST_INTEGER = 4000
"""Digits; Python refuses to turn much longer ones into numbers."""


def _fraction(text: str) -> float | str:
    """A float that stands for exactly this number, or the text itself where none does (`1e400` too)."""
    number = float(text)
    if len(text) <= SURE_DIGITS and "e" not in text.lower():
        return number
    try:
        return number if Decimal(repr(number)) == Decimal(text) else text
    except InvalidOperation:
        return text


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= LONGEST_INTEGER else text


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a key that comes twice keeps both values, the second as `key (2)`."""
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    made = {}
    for key, value in pairs:
        name, number = key, 1
        while name in made:
            number += 1
            name = f"{key} ({number})"
        made[name] = value
    return made


# NaN and Infinity are no JSON, so they stay the text that they were written as.
_DECODER = json.JSONDecoder(
    parse_float=_fraction, parse_int=_whole, parse_constant=str, object_pairs_hook=_pairs, strict=False
)


def loads(text: str | bytes) -> Any:
    """The value of a JSON text; ValueError if it is none. Whole numbers stay whole however long they are."""
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text), "surrogatepass")
    try:
        return _DECODER.decode(text.removeprefix("\ufeff"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
