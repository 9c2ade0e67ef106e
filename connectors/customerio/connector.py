"""Customer.io, declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field, SecretStr

from connectors.budget import Rate
from connectors.contract import Archive, ArchivePlace, Connector, Credentials
from connectors.customerio.archive import Columns, EventArchive, Warehouse, guess_columns
from connectors.customerio.catalogue import EVENT, MESSAGE
from connectors.customerio.payloads import KEY_HELP
from connectors.customerio.source import REGIONS, CustomerioSource


def _events(place: ArchivePlace) -> Archive:
    return EventArchive(place.paths, Columns.from_json(place.columns) if place.columns else None)


def _messages(place: ArchivePlace) -> Archive:
    return Warehouse(place.paths, place.scratch, place.names)


def _guessed(paths: Sequence[str]) -> Mapping[str, str]:
    return guess_columns(paths).columns.to_json()


class CustomerioCredentials(Credentials):
    """What opens a workspace for reading."""

    api_key: SecretStr = Field(title="App API key", min_length=1)


CONNECTOR = Connector(
    slug="customerio",
    label="Customer.io",
    category="Marketing automation",
    docs_url="https://docs.customer.io/api/app/",
    credentials=CustomerioCredentials,
    # The vendor allows 10 requests in any second to the whole workspace (FACTS.md §1). A burst, or exactly
    # ten, runs into refusals that cost a second each; and the customer's own systems need some of it too.
    rate=Rate(capacity=1, interval=0.104, steady=True),
    default_url=REGIONS["US"],
    hosts=REGIONS,
    source=CustomerioSource,
    archives={EVENT: _events, MESSAGE: _messages},
    archive_columns={EVENT: _guessed},
    key_help=KEY_HELP,
)
