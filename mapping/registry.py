"""The registry of transforms: pure functions that turn a value completely, or say why they cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from mapping.exact import as_text, is_empty

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


class Widget(StrEnum):
    """How a person sets an option: `TABLE` is rows of value → result, `WORDS` a list with commas."""

    TEXT = "text"
    FLAG = "flag"
    CHOICE = "choice"
    COUNTRY = "country"
    CURRENCY = "currency"
    TABLE = "table"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Option:
    """An option that a transform takes, described well enough to build a form from it.

    `choices` are (value, label); an empty value stands for leaving the option out.
    """

    name: str
    label: str
    widget: Widget
    help: str
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Transform:
    """A named transform; `doc` and `examples` are its help text, and the examples are its tests too.

    An example is (input, options, output). A transform gives None for every empty value. `certain` means that
    it turns every text that a database can hold, so that a rule with it needs no companion field.
    """

    name: str
    doc: str
    examples: tuple[Example, ...]
    function: Function
    takes: tuple[Option, ...] = ()
    certain: bool = False

    def __call__(self, value: Any, options: Options) -> Any:
        """Turns one value. Raises Unturned and nothing else."""
        return None if is_empty(value) else self.function(value, options)


TRANSFORMS: dict[str, Transform] = {}


def transform(
    name: str, doc: str, *, examples: list[Example], takes: tuple[Option, ...] = (), certain: bool = False
) -> Callable[[F], F]:
    """Registers the function under a name that field rules refer to."""

    def register(function: F) -> F:
        if name in TRANSFORMS:
            raise ValueError(f"There are two transforms called {name}.")
        TRANSFORMS[name] = Transform(name, doc, tuple(examples), function, takes, certain)
        return function

    return register


def chosen(options: Options, name: str) -> str:
    """An option as text without white space around it; empty when it is not set."""
    value = options.get(name)
    return "" if value is None or isinstance(value, dict | list) else as_text(value).strip()


def table(options: Options, name: str) -> Mapping[str, Any]:
    """An option that is a table; an empty one when it is not set or something else."""
    value = options.get(name)
    return value if isinstance(value, Mapping) else {}


def listed(options: Options, name: str) -> frozenset[str]:
    """An option that is a list of words, given as a list or with commas; in lower case."""
    value = options.get(name)
    words = value if isinstance(value, list) else as_text(value).split(",")
    return frozenset(word for word in (as_text(each).strip().lower() for each in words) if word)


def flag(options: Options, name: str) -> bool:
    """An option that is on or off; only true turns it on."""
    return options.get(name) is True


def read(reader: Callable[..., Any], *given: Any) -> Any:
    """What a reader makes of the value, its ValueError as Unturned."""
    try:
        return reader(*given)
    except ValueError as error:
        reason = str(error)
        # Python's own complaint ("day is out of range for month") speaks of a part of the value.
        good = reason.startswith(("is ", "has ", "lies ", "holds ", "names ", "cannot ", "may "))
        raise Unturned(reason if good else "names a day or time that does not exist") from error


DEFAULT_COUNTRY = Option(
    "default_country",
    "Default country",
    Widget.COUNTRY,
    "What a value that names no country is read by; as a rule the country of the project.",
)
