"""Customer.io's App API as a source. Reads only: no request of this module changes anything at the vendor."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from urllib.parse import urlsplit

from connectors.catalogue import Catalogue
from connectors.contract import Access, Cursor, Identity, Page
from connectors.customerio import catalogue
from connectors.customerio.activities import History
from connectors.customerio.automations import Automations
from connectors.customerio.catalogue import (
    AUTOMATIONS,
    COUNTED,
    EVENT,
    HISTORY,
    MEMBERSHIP,
    MESSAGE,
    OBJECT,
    PERSON,
    RELATIONSHIP,
    SEGMENT,
    SETTINGS,
    SUPPRESSION,
)
from connectors.customerio.changes import DELETED, Changes
from connectors.customerio.messages import Bodies, Body, Deliveries
from connectors.customerio.payloads import (
    KEY_HELP,
    CustomType,
    CustomTypes,
    Gone,
    Workspace,
    Workspaces,
    explain,
    quota,
)
from connectors.customerio.reading import Reading, together
from connectors.customerio.settings import SettingsReading
from connectors.errors import AuthFailed, ConnectorError, NotAllowed, Rejected, Terminal
from connectors.http import ApiClient

REGIONS: Mapping[str, str] = {"US": "https://api.customer.io", "EU": "https://api-eu.customer.io"}
"""A key is known in its own region only, and a wrong region answers 401 like a wrong key (FACTS.md §1)."""

LATE = 180
"""Days in which a message's metrics go on arriving: opens and clicks are recorded for six months (FACTS.md §8)."""

NAMES = (SEGMENT, MEMBERSHIP, PERSON, RELATIONSHIP, EVENT, MESSAGE, HISTORY, SUPPRESSION, *COUNTED)

LISTED_ONLY = (MEMBERSHIP, EVENT, HISTORY, SUPPRESSION)
"""What cannot be asked for by its key."""


class CustomerioSource:
    """Reads one workspace. Without an address, or with “auto”, the region that knows the key is taken."""

    def __init__(
        self, access: Access, *, sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.time
    ) -> None:
        self._access = access
        self._sleep = sleep
        self._clock = clock
        self._counted: Counter[str] = Counter()
        self.calls: Mapping[str, int] = self._counted
        self._opened: list[ApiClient] = []
        url = access.base_url.strip().rstrip("/").removesuffix("/v1")
        self._given = None if url.lower() in ("", "auto") else self._open(url)

    def __repr__(self) -> str:
        return f"<CustomerioSource {self._given.base_url if self._given else 'auto'} key=•••>"

    def close(self) -> None:
        """Gives the connections back."""
        for client in self._opened:
            client.close()

    def check(self) -> Identity:
        """Proves the key, and for a key of the other region says which address to use instead."""
        try:
            workspaces = self._workspaces()
        except AuthFailed as error:
            raise self._unknown_key(error) from error
        except Gone as error:
            raise Terminal(
                f"There is no Customer.io App API at {self._api.base_url}.",
                f"Use {REGIONS['US']} for the US region or {REGIONS['EU']} for the EU region.",
            ) from error
        region = _region(self._api.base_url)
        facts = {"Address": self._api.base_url, **({"Region": region} if region else {})}
        if len(workspaces) == 1:
            held = {"People": workspaces[0].people, "Objects": workspaces[0].objects}
            facts |= {label: f"{number:,}" for label, number in held.items() if number is not None}
        else:
            facts["Workspaces"] = f"{len(workspaces)}; Customer.io does not say which of them the key belongs to."
        return Identity(", ".join(row.name for row in workspaces), facts)

    def catalogue(self) -> Catalogue:
        """All object types: one per custom type (disabled ones too); the rest is the same in every workspace."""
        counts = dict(zip(COUNTED, together(self._listed, COUNTED), strict=True))
        return catalogue.build(self._workspaces(), self._types(), len(self._reading.segment_list()), counts)

    def count(self, object: str) -> int | None:
        """How many there are, where the vendor tells: not for members, relationships, events and messages."""
        kind, type_id = _split(object)
        if kind in COUNTED:
            return self._listed(kind)
        if kind == SEGMENT:
            return len(self._reading.segment_list())
        if kind == PERSON:
            return catalogue.people_of(self._workspaces())
        if type_id:
            return catalogue.objects_of(self._workspaces(), self._types())
        return None

    def pages(self, object: str, cursor: Cursor | None = None) -> Iterator[Page]:
        """All records from `cursor` on; every page is cut to a few seconds of requests."""
        kind, type_id = _split(object)
        if type_id:
            return self._reading.objects(type_id, cursor)
        if kind in AUTOMATIONS:
            return self._automations.pages(kind, cursor)
        if kind in SETTINGS:
            return self._settings.pages(kind, cursor)
        readers = {
            SEGMENT: self._reading.segments,
            MEMBERSHIP: self._reading.membership,
            PERSON: self._reading.people,
            RELATIONSHIP: self._reading.relationships,
            EVENT: self._history.events,
            HISTORY: self._history.others,
            MESSAGE: self._deliveries.messages,
            SUPPRESSION: self._settings.suppressions,
        }
        return readers[kind](cursor)

    def fetch(self, object: str, keys: Sequence[str]) -> Page:
        """The records with these keys. For `relationship` the keys are those of people."""
        kind, type_id = _split(object)
        if type_id:
            return self._reading.objects_with(type_id, keys)
        if kind in AUTOMATIONS:
            return self._automations.with_ids(kind, keys)
        if kind in SETTINGS:
            return self._settings.with_keys(kind, keys)
        if kind in LISTED_ONLY:
            raise Terminal(f"Customer.io does not give a {kind} by its key.", "Read them page by page.")
        readers = {
            SEGMENT: self._reading.segments_with,
            PERSON: self._reading.people_with,
            RELATIONSHIP: self._reading.relationships_of,
            MESSAGE: self._deliveries.with_ids,
        }
        return readers[kind](keys)

    def of_people(self, object: str, people: Sequence[str]) -> Page:
        """What these people have of an object type; of messages only the last six months, which is one request each."""
        readers = {
            RELATIONSHIP: self._reading.relationships_of,
            EVENT: self._history.of_people,
            MESSAGE: self._deliveries.of_people,
        }
        if object not in readers:
            raise Terminal(f"Customer.io does not tell by person what there is of “{object}”.", "Read all of it.")
        return readers[object](people)

    def recent_messages(self, cursor: Cursor | None = None, *, days: int = LATE) -> Iterator[Page]:
        """The messages of the last so many days once more, for metrics that came late; goes on from a cursor."""
        return self._deliveries.messages(cursor or self._deliveries.since(days))

    def changes(self, since: float, cursor: Cursor | None = None, *, types: Sequence[str] = ()) -> Iterator[Page]:
        """See `Source.changes`; the vendor keeps 30 days of it."""
        return Changes(self._reading).since(since, cursor, types)

    def deleted(self, since: float, cursor: Cursor | None = None) -> Iterator[Page]:
        """See `Source.deleted`."""
        return self.changes(since, cursor, types=DELETED)

    def changes_of(self, person: str) -> Page:
        """See `Source.changes_of`."""
        return Changes(self._reading).of_person(person)

    def archived_body(self, id: str) -> Body:
        """One message with its text, of which the vendor gives a hundred a day; the answer says when there are more."""
        return self._bodies.read(id)

    @cached_property
    def _api(self) -> ApiClient:
        """The client of the given address, or of the region that knows the key."""
        if self._given:
            return self._given
        for url in REGIONS.values():
            client = self._open(url)
            try:
                client.get("/v1/workspaces")
            except AuthFailed:
                continue
            return client
        raise _in_no_region()

    @cached_property
    def _reading(self) -> Reading:
        return Reading(self._api)

    @cached_property
    def _history(self) -> History:
        return History(self._reading)

    @cached_property
    def _automations(self) -> Automations:
        return Automations(self._reading)

    @cached_property
    def _settings(self) -> SettingsReading:
        return SettingsReading(self._reading)

    @cached_property
    def _deliveries(self) -> Deliveries:
        return Deliveries(self._reading, lambda: self._automations.names, self._clock)

    @cached_property
    def _bodies(self) -> Bodies:
        return Bodies(self._api, self._clock)

    def _listed(self, kind: str) -> int | None:
        """How many rows a list has; None where the key may not read it, which is no reason to tell nothing."""
        try:
            return self._automations.count(kind) if kind in AUTOMATIONS else self._settings.count(kind)
        except (NotAllowed, Rejected):
            return None

    def _open(self, url: str) -> ApiClient:
        client = ApiClient(
            url,
            self._access.credentials.get("api_key", "").strip(),
            self._access.budget,
            system="Customer.io",
            explain=explain,
            quota=quota,
            allow_private=self._access.allow_private,
            transport=self._access.transport,
            sleep=self._sleep,
        )
        client.calls = self._counted
        self._opened.append(client)
        return client

    def _workspaces(self) -> list[Workspace]:
        return self._reading.get(Workspaces, "/v1/workspaces").workspaces

    def _types(self) -> list[CustomType]:
        return self._reading.get(CustomTypes, "/v1/object_types").types

    def _unknown_key(self, error: AuthFailed) -> AuthFailed:
        """What a 401 means: at the vendor's own hosts it may be the region, so the other one is asked."""
        if self._given is None or not _region(self._given.base_url):
            return error
        for region, url in REGIONS.items():
            if region == _region(self._given.base_url):
                continue
            try:
                self._open(url).get("/v1/workspaces")
            except AuthFailed:
                continue
            except NotAllowed:
                pass  # known there, and limited in what it may do or from where
            except ConnectorError:
                return error
            return AuthFailed(f"This key belongs to the {region} region: change the address to {url}.")
        return _in_no_region()


def _in_no_region() -> AuthFailed:
    return AuthFailed("Customer.io knows this key neither in the US nor in the EU region.", KEY_HELP)


def _region(url: str) -> str:
    """The vendor's region behind an address; empty for any other host."""
    host = urlsplit(url).hostname
    return next((region for region, known in REGIONS.items() if urlsplit(known).hostname == host), "")


def _split(object: str) -> tuple[str, str]:
    """`object:1` → (`object`, `1`), `person` → (`person`, ``); anything else is no object type of Customer.io."""
    kind, _, type_id = object.partition(":")
    if (kind == OBJECT and type_id) or object in NAMES:
        return kind, type_id
    raise Terminal(f"Customer.io has no object type “{object}”.", "Discover the source again.")
