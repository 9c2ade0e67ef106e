"""Names that we make up in a destination: an optional part of the contract."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class Naming(Protocol):
    """The destination's rules for names that we make up: deterministic, legal, and never colliding."""

    def field(self, source_name: str, taken: Collection[str]) -> str:
        """A legal API name for a new field; the same input gives the same name. Avoids reserved words and `taken`."""
        ...

    def fields(self, source_names: Collection[str], taken: Collection[str]) -> dict[str, str]:
        """Names for several new fields of one object, by source name: the same in whatever order they are given."""
        ...

    def object(self, label: str, label_plural: str, taken: Collection[str]) -> tuple[str, str]:
        """Legal API names (singular, plural) for a new object type."""
        ...

    def option(self, label: str, taken: Collection[str]) -> str:
        """A legal value for a new select option."""
        ...

    def options(self, labels: Collection[str], taken: Collection[str]) -> dict[str, str]:
        """Values for several new select options, by label: the same in whatever order they are given."""
        ...

    def option_label(self, label: str) -> str:
        """The label as the destination allows it."""
        ...
