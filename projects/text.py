"""Text from outside, made fit for a column of any database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOVED = {"retired": "put into the bin"}
"""Outcomes of a delta that have another name for people."""


def plain(text: str) -> str:
    """The text with NUL and lone surrogates replaced: PostgreSQL refuses them, and SQLite cannot give them back."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def counted(number: int, one: str, many: str) -> str:
    """A number with the words that go with it: `1 issue is`, `2 issues are`."""
    return f"{number:,} {one if number == 1 else many}"


def duration(seconds: float) -> str:
    """A length of time in two units at most: `41 s`, `4 m 02 s`, `2 h 05 m`, `6 d 23 h`."""
    whole = round(seconds)
    if whole < 1:
        return "< 1 s"
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02} s"
    if whole < 3 * 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02} m"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def in_quotes(value: Any) -> str:
    """A value of a field in a sentence: `“Ada Lovelace”` for a name of two parts, `nothing` where it is empty."""
    if isinstance(value, dict):
        value = " ".join(str(part) for part in value.values() if part and not isinstance(part, (list, dict)))
    if isinstance(value, list):
        value = ", ".join(str(part) for part in value)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    return "nothing" if value in (None, "") else f"“{str(value)[:120]}”"


def moved_in_words(moved: Mapping[str, int]) -> str:
    """What a delta moved: `3 created, 5 put into the bin`; empty where it moved nothing."""
    return ", ".join(f"{number:,} {MOVED.get(name, name)}" for name, number in moved.items())
