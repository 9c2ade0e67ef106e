"""Customer.io, declared."""

from __future__ import annotations

from pydantic import Field, SecretStr

from connectors.budget import Rate
from connectors.contract import Connector, Credentials
from connectors.customerio.payloads import KEY_HELP
from connectors.customerio.source import REGIONS, CustomerioSource


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
    key_help=KEY_HELP,
)
