"""Text from outside, made fit for a column of any database."""

from __future__ import annotations


def plain(text: str) -> str:
    """The text with NUL and lone surrogates replaced: PostgreSQL refuses them, and SQLite cannot give them back."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def counted(number: int, one: str, many: str) -> str:
    """A number with the words that go with it: `1 issue is`, `2 issues are`."""
    return f"{number:,} {one if number == 1 else many}"
