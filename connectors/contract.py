"""What every connector declares and does: the types that cross from the systems outside into the product.

A new system is one package under `connectors/` whose `connector.py` ends in `CONNECTOR = Connector(…)`.
From that declaration come the credentials form, "Test connection", the catalogue, the estimator's lists
and the contract tests. Vendor payloads are checked inside the package; what leaves it is frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import BaseModel

from connectors.budget import Budget, Rate
from connectors.catalogue import Catalogue, Field, FieldType
from connectors.naming import Naming
from connectors.plans import SchemaChange, SchemaPlan
from connectors.rebuild import Rebuilder

Cursor = dict[str, Any]
"""Where to go on reading, as JSON: kept in a row, handed back unchanged, opaque to everyone but its connector."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are on the other side, shown after "Test connection"; `facts` are label → value lines."""

    account: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One row of the source.

    `fields` is what the field map speaks about; `meta` is kept as evidence (per-attribute times, devices);
    `refs` names other source rows: role → (object type, key).
    """

    key: str
    fields: Mapping[str, Any]
    meta: Mapping[str, Any] = field(default_factory=dict)
    refs: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows and where to go on; `cursor` is None on the last page.

    `missing` are keys that the system announced and then did not deliver (for example people deleted
    between two calls): they are counted and listed, never dropped in silence. `reasons` says why, by key, where
    the connector knows. `left_out` counts rows that are no records of this object type, by what they are.
    """

    records: tuple[SourceRecord, ...]
    cursor: Cursor | None
    missing: tuple[str, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """A record as it is to stand in the destination. `id` is ours (uuid5), chosen before the first attempt."""

    id: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Existing:
    """A record as the destination holds it now; `fields` is its REST body. `deleted`: only soft-deleted."""

    id: str
    fields: Mapping[str, Any]
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Figures:
    """One column over many records: how many have a value, and where the type has them least, greatest and sum."""

    filled: int
    least: float | str | None = None
    greatest: float | str | None = None
    sum: float | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """What a destination says of many records at once; `columns` has the fields of which it tells figures."""

    count: int
    columns: Mapping[str, Figures]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this server can do, found by reading its schema and by probing; never asked as a version number.

    `batch` and `page` are in records, `body_limit` in bytes. `facts` says in words what was found, and how.
    """

    batch: int = 200
    page: int = 200
    body_limit: int = 9_000_000
    rate: Rate | None = None
    soft_deleted_own_unique: bool = True
    emails_validated: bool = True
    note_target_column: str = "targetPersonId"
    rich_text_type: str = "RICH_TEXT"
    metadata_paged: bool = True
    version: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Echo:
    """A line that the destination wrote by itself because a record was written: one of its timeline.

    `about` is the record (empty where the server does not tell), `changed` the fields that it says were changed,
    `by_hand` whether it names a member.
    """

    object: str
    id: str
    about: str
    verb: str
    """`created`, `updated`, `deleted` or `restored`."""
    changed: frozenset[str]
    by_hand: bool
    at: str


@dataclass(frozen=True, slots=True)
class Trigger:
    """An active automation of the destination that our writes would set off."""

    id: str
    name: str
    event: str
    object: str
    consequence: str
    """What it would do to imported records, in a sentence."""


class Source(Protocol):
    """Reads one system. Every method may raise a ConnectorError."""

    calls: Mapping[str, int]
    """Requests made so far by kind: `read`, `refused` (429), `retried`."""

    def check(self) -> Identity:
        """Proves the key with one cheap request and says whose account it opens."""
        ...

    def catalogue(self) -> Catalogue:
        """The object types of this account in reading order; counts where the system tells them."""
        ...

    def count(self, object: str) -> int | None:
        """How many records the system says it holds (may be cached there), or None when it does not say."""
        ...

    def pages(self, object: str, cursor: Cursor | None = None) -> Iterator[Page]:
        """All records of an object type from `cursor` on. Raises Terminal when the paging runs in a loop."""
        ...

    def fetch(self, object: str, keys: Sequence[str]) -> Page:
        """The records with these keys; those that no longer exist are named in `missing`."""
        ...

    def changes(self, since: float, cursor: Cursor | None = None, *, types: Sequence[str] = ()) -> Iterator[Page]:
        """The system's own log, newest line first, from a unix time on. `fields`: type, name, timestamp, data.

        `refs` says what a line is about (`person`, `object`, and `secondary` for who went into whom), and
        `meta["writer"]` what seems to have written it. The log may reach back less far than asked.
        """
        ...

    def deleted(self, since: float, cursor: Cursor | None = None) -> Iterator[Page]:
        """The lines of that log that say who was deleted, who went into another one, and who is new."""
        ...

    def changes_of(self, person: str) -> Page:
        """The newest lines of the log about one person, also of one who was deleted."""
        ...

    def recent_messages(self, cursor: Cursor | None = None, *, days: int = 30) -> Iterator[Page]:
        """Messages of the last so many days once more, as what became of them is told late."""
        ...

    def of_people(self, object: str, people: Sequence[str]) -> Page:
        """What these people (by key) have of an object type, for a sample. Terminal where nothing is told by person."""
        ...


class Archive(Protocol):
    """What a system's API does not hold any more, read from files, as the records that the API would give."""

    def pages(self, cursor: Cursor | None = None) -> Iterator[Page]:
        """All records from a cursor on; what cannot be read is `missing`, with its reason."""
        ...


@dataclass(frozen=True, slots=True)
class ArchivePlace:
    """Where an archive lies and how it is read: files or folders, column by part, and what a reader may need.

    `scratch` is a folder for an index that may be deleted; `names` are titles that the files do not tell, by kind
    and id.
    """

    paths: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    scratch: str = ""
    names: Mapping[tuple[str, str], str] = field(default_factory=dict)


class Destination(Protocol):
    """Reads and writes one system. Every method may raise a ConnectorError."""

    calls: Mapping[str, int]
    """Requests made so far by kind: `read`, `write`, `metadata`, `refused` (429), `retried`."""

    def check(self) -> Identity:
        """Proves the key with one cheap request and says which workspace it opens."""
        ...

    def capabilities(self) -> Capabilities:
        """What this server can do; probes at most once per instance and writes nothing."""
        ...

    def catalogue(self) -> Catalogue:
        """Objects and fields as the server's own schema tells them."""
        ...

    def plan_missing(self, plan: SchemaPlan) -> SchemaPlan:
        """The part of the plan that is not there yet. Raises Rejected when what is there contradicts the plan."""
        ...

    def ensure(self, plan: SchemaPlan, journal: Callable[[SchemaChange], None]) -> None:
        """Makes what is missing; safe to repeat. Tells `journal` before and after each change."""
        ...

    def drop(self, change: SchemaChange) -> None:
        """Takes one journalled schema change back."""
        ...

    def find(
        self, object: str, *, ids: Sequence[str] = (), keys: Mapping[str, Sequence[str]] | None = None
    ) -> list[Existing]:
        """Records with one of these ids or values (`{"emails.primaryEmail": […]}`), soft-deleted ones too.

        A path may also be the column of a relation (`targetPersonId`).
        """
        ...

    def write(self, object: str, drafts: Sequence[Draft]) -> list[str]:
        """Creates all drafts in one request or none; gives their ids. At most `capabilities().batch` of them.

        Raises Rejected when the server refuses (nothing was written), Transient(maybe_done=True) when the
        answer was lost.
        """
        ...

    def update(self, object: str, drafts: Sequence[Draft]) -> list[str]:
        """Changes existing, not soft-deleted records by id; only the fields given. Not atomic."""
        ...

    def read(self, object: str, ids: Sequence[str]) -> list[Existing]:
        """The records with these ids, soft-deleted ones left out; missing ones are simply absent."""
        ...

    def pages(self, object: str, cursor: Cursor | None = None) -> Iterator[tuple[list[Existing], Cursor | None]]:
        """All live records of an object, page by page."""
        ...

    def deleted(self, object: str, cursor: Cursor | None = None) -> Iterator[tuple[list[Existing], Cursor | None]]:
        """All soft-deleted records of an object, page by page: they still own their unique values."""
        ...

    def restore(self, object: str, ids: Sequence[str]) -> None:
        """Takes soft-deleted records out of the bin; ids that are not there are no error."""
        ...

    def count(self, object: str) -> int:
        """How many live records there are."""
        ...

    def aggregate(self, object: str, fields: Sequence[str], author: tuple[str, str]) -> Totals | None:
        """Figures of all live records that were made under this author (source and name), by one request.

        None where this server does not tell them for such records.
        """
        ...

    def weight(self, type: FieldType, value: Any) -> float | str | bool | None:
        """What a value adds to `aggregate`: None where it counts as empty, its number or moment, else True."""
        ...

    def upload(self, name: str, content: bytes, type: str) -> dict[str, Any]:
        """Puts a file into the workspace; gives the fields by which an attachment names it. Safe to repeat."""
        ...

    def remove(self, object: str, ids: Sequence[str]) -> None:
        """Destroys records for good; ids that are not there are no error."""
        ...

    def retire(self, object: str, ids: Sequence[str]) -> None:
        """Soft-deletes live records: `restore` brings them back as they were; others are left as they are."""
        ...

    def echoes(self, object: str, ids: Sequence[str]) -> list[Echo]:
        """What the destination wrote by itself about these records; nothing where it keeps no such lines."""
        ...

    def hush(self, object: str, ids: Sequence[str]) -> int:
        """Destroys what the destination wrote by itself about these records; gives how many lines that was.

        To be called before they are destroyed: afterwards such a line may stay and tell of nobody.
        """
        ...

    def canonical(self, type: FieldType, value: Any) -> tuple[Any, str]:
        """The form in which two values of this type are compared, and the name of the rule that changed it.

        The rule is empty where the value is compared as it is. `None` stands for every form of empty.
        """
        ...

    def problem(self, field: Field, value: Any) -> str:
        """Why the server would refuse this value for this field, as a sentence; empty when it would take it."""
        ...

    def triggers(self, objects: Sequence[str]) -> list[Trigger]:
        """Active automations that creating or updating these objects would start."""
        ...

    def listeners(self, objects: Sequence[str]) -> list[str]:
        """Addresses that the destination tells about every record of these objects that we write."""
        ...

    def pause(self, trigger_id: str) -> None:
        """Stops one automation in a way that `resume` takes back; safe to repeat."""
        ...

    def resume(self, trigger_id: str) -> None:
        """Puts a paused automation back; safe to repeat."""
        ...


class Credentials(BaseModel):
    """Base of a connector's credentials: SecretStr fields are encrypted, never shown and never logged."""


@dataclass(frozen=True, slots=True)
class Access:
    """What a connector needs to open a connection."""

    base_url: str
    credentials: Mapping[str, str] = field(repr=False)
    budget: Budget
    allow_private: bool = False
    transport: Any = None
    """An httpx transport that replaces the network: tests hand in a WSGI app."""
    known: Mapping[str, Any] = field(default_factory=dict)
    """What an earlier visit found out (capabilities as JSON), to spare the probing."""


@dataclass(frozen=True, slots=True)
class Connector:
    """The declaration of one system: everything the product shows or does about it starts here."""

    slug: str
    label: str
    category: str
    docs_url: str
    credentials: type[Credentials]
    rate: Rate
    default_url: str = ""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Where the vendor itself runs it: region → base URL; empty for self-hosted systems."""
    source: Callable[[Access], Source] | None = None
    destination: Callable[[Access], Destination] | None = None
    naming: Naming | None = None
    rebuilder: Callable[[Access], Rebuilder] | None = None
    """Who makes views, lists and drafts in it on request; None where it takes nothing but records."""
    stock: Callable[[], Catalogue] | None = None
    """The catalogue of a new, untouched account, for proposing a map before anything is connected."""
    archives: Mapping[str, Callable[[ArchivePlace], Archive]] = field(default_factory=dict)
    """Object types that can be read from files too: name → who opens the files."""
    archive_columns: Mapping[str, Callable[[Sequence[str]], Mapping[str, str]]] = field(default_factory=dict)
    """Where the columns of these files can be chosen: name → who guesses part → column from the files."""
    archive_headers: Mapping[str, Callable[[Sequence[str]], Sequence[str]]] = field(default_factory=dict)
    """What there is to choose from: name → who reads the columns of the files."""
    key_help: str = ""
    """Where a user finds the key, in a sentence."""
