"""A stand-in server of either line with a destination that talks to it in this process."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID, uuid5

import httpx

from connectors.budget import Budget, LocalBudget, Rate
from connectors.contract import Access, Draft
from connectors.plans import SchemaChange
from connectors.twenty.destination import TwentyDestination
from connectors.twenty.fake import FakeTwenty

Line = Literal["1.x", "2.x"]
LINES: tuple[Line, ...] = ("1.x", "2.x")


def connect(fake: FakeTwenty, key: str = "", budget: Budget | None = None) -> TwentyDestination:
    """A destination for that server; without a key it uses the one that the server accepts."""
    access = Access(
        "http://twenty.test",
        {"api_key": key or fake.api_key},
        budget or LocalBudget(Rate.unlimited()),
        transport=httpx.WSGITransport(app=fake),
    )
    return TwentyDestination(access)


def unlimited(line: Line, **options: Any) -> FakeTwenty:
    """A server whose limits are lifted."""
    return FakeTwenty(line, long_limit=None, short_limit=None, **options)


def id_of(name: str) -> str:
    """Our id for a record of that name."""
    return str(uuid5(UUID(int=0x5EED), name))


def draft(name: str, /, **fields: Any) -> Draft:
    """A record under our own id."""
    return Draft(id_of(name), fields)


def people(number: int, *, start: int = 0) -> list[Draft]:
    """Drafts of people with an e-mail each."""
    return [
        draft(
            f"p{index}", name={"firstName": f"P{index}", "lastName": ""}, emails={"primaryEmail": f"P{index}@x.example"}
        )
        for index in range(start, start + number)
    ]


class Journal(list[SchemaChange]):
    """Remembers what was about to be changed and what was."""

    def __call__(self, change: SchemaChange) -> None:
        self.append(change)
