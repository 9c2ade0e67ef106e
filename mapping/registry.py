"""The registry of transforms: pure functions that turn a value completely, or say why they cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from mapping.exact import is_empty

Options = Mapping[str, Any]
Function = Callable[[Any, Options], Any]
F = TypeVar("F", bound=Function)
Example = tuple[Any, Options, Any]


class Unturned(Exception):
    """A value that a transform could not turn, or not without losing something.

    `reason` completes the sentence “This value …”. `part` is what could be turned, if anything: it is
    written, and the value as it stood is kept beside it.
    """

    def __init__(self, reason: str, part: Any = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.part = part


@dataclass(frozen=True, slots=True)
class Transform:
    """A named transform; `doc` and `examples` are its help text, and the examples are its tests too.

    An example is (input, options, output). A transform gives None for every empty value.
    """

    name: str
    doc: str
    examples: tuple[Example, ...]
    function: Function

    def __call__(self, value: Any, options: Options) -> Any:
        """Turns one value. Raises Unturned and nothing else."""
        return None if is_empty(value) else self.function(value, options)


TRANSFORMS: dict[str, Transform] = {}


def transform(name: str, doc: str, *, examples: list[Example]) -> Callable[[F], F]:
    """Registers the function under a name that field rules refer to."""

    def register(function: F) -> F:
        if name in TRANSFORMS:
            raise ValueError(f"There are two transforms called {name}.")
        TRANSFORMS[name] = Transform(name, doc, tuple(examples), function)
        return function

    return register
