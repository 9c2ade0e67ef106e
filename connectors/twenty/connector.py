"""The declaration of Twenty CRM: a destination, on the vendor's cloud or self-hosted."""

from __future__ import annotations

from pydantic import Field as FormField
from pydantic import SecretStr

from connectors.contract import Connector, Credentials
from connectors.twenty.catalogue import stock
from connectors.twenty.destination import TwentyDestination
from connectors.twenty.names import TwentyNaming
from connectors.twenty.rebuilding import TwentyRebuilder
from connectors.twenty.refusals import DEFAULT_RATE


class TwentyCredentials(Credentials):
    """What opens a Twenty workspace."""

    api_key: SecretStr = FormField(
        title="API key",
        description="From Settings → APIs & Webhooks, with a role that may edit records and data model.",
    )


CONNECTOR = Connector(
    slug="twenty",
    label="Twenty CRM",
    category="CRM",
    docs_url="https://docs.twenty.com/developers/extend/api",
    credentials=TwentyCredentials,
    rate=DEFAULT_RATE,
    hosts={"Cloud": "https://api.twenty.com"},
    destination=TwentyDestination,
    naming=TwentyNaming(),
    rebuilder=TwentyRebuilder,
    stock=stock,
    key_help=(
        "In Twenty: Settings → APIs & Webhooks → Create key. "
        "Give it a role that may edit all records and the data model."
    ),
)
