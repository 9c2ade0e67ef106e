"""Which column of an archive is what: told by the user, proposed from the names and the first rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Self

from connectors.customerio.activities import known
from connectors.customerio.archive.files import File, files_in, rows_of
from connectors.customerio.archive.values import moment
from connectors.exact import loads

LOOKED_AT = 50
"""Rows of a file that a guess looks at."""

FILES = 5
"""Files that a guess looks at."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The column for each part of an event; a dot leads into nested JSON. An empty `data`: all other columns.

    A person is known by `cio_id`, else by `customer_id` (the customer's own id), else by `email`.
    """

    name: str = ""
    timestamp: str = ""
    id: str = ""
    cio_id: str = ""
    customer_id: str = ""
    email: str = ""
    data: str = ""
    type: str = ""

    def to_json(self) -> dict[str, str]:
        """For the caller to keep."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, str]) -> Self:
        """As it was kept; parts of another version are ignored."""
        return cls(**{name: str(kept[name]) for name in cls.__slots__ if name in kept})

    def problems(self) -> list[str]:
        """What keeps these columns from being read, as sentences."""
        found = [] if self.name else ["No column is chosen for the name of the event."]
        return found if self.timestamp else [*found, "No column is chosen for the time of the event."]


@dataclass(frozen=True, slots=True)
class Guess:
    """Proposed columns, why, what there is to choose from, and some values of each."""

    columns: Columns
    reasons: Mapping[str, str]
    headers: tuple[str, ...]
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


NAMES: Mapping[str, Sequence[str]] = {
    "timestamp": (
        "timestamp original_timestamp occurred_at happened_at event_time event_timestamp time ts sent_at created_at "
        "received_at datetime date"
    ).split(),
    "id": "activity_id event_id message_id id uuid insert_id".split(),
    "cio_id": "cio_id customer_identifiers.cio_id identifiers.cio_id internal_customer_id".split(),
    "customer_id": (
        "customer_identifiers.id identifiers.id customer_id user_id external_id distinct_id profile_id "
        "person_id contact_id"
    ).split(),
    "email": (
        "customer_identifiers.email identifiers.email email user_email email_address customer_email "
        "context.traits.email"
    ).split(),
    "data": "data properties event_properties event_data props attributes payload".split(),
    "type": ["type", "activity_type"],
    "name": "event_name event_text event name action".split(),
}
"""Part → usual names of its column, the likeliest first; compared without case and separators."""


def value_at(row: Mapping[str, Any], path: str) -> Any:
    """The value under a column's name, or inside nested JSON by a path with dots; None where there is none."""
    if not path:
        return None
    if path in row:
        return row[path]
    found: Any = row
    for part in path.split("."):
        if not isinstance(found, Mapping) or part not in found:
            return None
        found = found[part]
    return found


def guess_columns(paths: Iterable[Path | str]) -> Guess:
    """A mapping for these files, from their headers and first rows, each choice with its reason."""
    rows = list(_first_rows([file for file in files_in(paths) if file.format]))
    headers = tuple(dict.fromkeys(name for row in rows for name in _names(row)))
    chosen: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for part, names in NAMES.items():
        plain_names = {_plain(name): name for name in reversed(headers) if name not in chosen.values()}
        for name in names:
            header = plain_names.get(_plain(name))
            reason = _fits(part, header, rows) if header else ""
            if header and reason:
                chosen[part], reasons[part] = header, reason
                break
    if "data" not in chosen:
        reasons["data"] = "no column holds JSON objects, so all other columns together become the properties"
    columns = Columns(**chosen)
    samples = {name: tuple(_shown(rows, name)) for name in headers}
    problems = columns.problems() if rows else ["No row of these files could be read."]
    return Guess(columns, reasons, headers, samples, tuple(problems))


def _first_rows(files: Sequence[File]) -> Iterable[dict[str, Any]]:
    for file in files[:FILES]:
        for row in islice(rows_of(file), LOOKED_AT):
            if row.values is not None:
                yield row.values


def _names(row: Mapping[str, Any], before: str = "") -> Iterable[str]:
    """Names of columns, and of what is inside them down to two levels."""
    for name, value in row.items():
        yield before + name
        if isinstance(value, Mapping) and before.count(".") < 2:
            yield from _names(value, f"{before}{name}.")


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def _fits(part: str, header: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Why the column's values are those of this part; empty where they are not."""
    values = [value for row in rows if (value := value_at(row, header)) not in (None, "")]
    if not values:
        return ""
    if part == "id":
        different = len({str(value) for value in values})
        fits = different * 10 >= len(values) * 9
        return f"“{header}” has {different} different values in {len(values)} rows" if fits else ""
    test, words = TESTS[part]
    fitting = sum(test(value) for value in values)
    return f"“{header}” {words} in {fitting} of {len(values)} rows" if fitting * 10 >= len(values) * 9 else ""


def _is_object(value: Any) -> bool:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            return isinstance(loads(value), dict)
        except ValueError:
            return False
    return isinstance(value, Mapping)


def _is_short(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 200


TESTS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "timestamp": (lambda value: moment(value) is not None, "reads as a time"),
    "cio_id": (lambda value: isinstance(value, str | int) and "@" not in str(value), "is an id"),
    "customer_id": (lambda value: isinstance(value, str | int), "is an id"),
    "email": (lambda value: "@" in str(value), "is an e-mail address"),
    "data": (_is_object, "is a JSON object"),
    "type": (lambda value: known(str(value)), "is a type of activity that Customer.io knows"),
    "name": (_is_short, "is a short text"),
}
"""Part → whether a value fits it, and how that is said."""


def _shown(rows: Sequence[Mapping[str, Any]], name: str) -> Iterable[str]:
    """The first few different values of a column, shortened."""
    texts = dict.fromkeys(str(value)[:80] for row in rows if (value := value_at(row, name)) not in (None, ""))
    return islice(texts, 3)
