"""What a destination may be asked to make beside records: an optional part of the contract.

A connector that can do it names its Rebuilder; what a server does not allow is probed and said, not tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class Thing(StrEnum):
    """What can be made."""

    VIEW = "view"
    LIST = "list"
    WORKFLOW = "workflow"


@dataclass(frozen=True, slots=True)
class ViewPlan:
    """A view to be made: `filter` is a tree of `{operator, parts}` and `{field, sub, operand, value}`."""

    id: str
    name: str
    object: str
    filter: Mapping[str, Any]
    columns: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ListPlan:
    """A list of people to be made; `members` are ids of records of the destination."""

    id: str
    name: str
    members: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class WorkflowPlan:
    """A workflow to be made as a draft that does nothing.

    `trigger` is the kind of its trigger (DATABASE_EVENT, WEBHOOK, MANUAL, CRON; empty: none) and `event` the record
    event of the first kind.
    """

    id: str
    name: str
    trigger: str = ""
    event: str = ""


Plan = ViewPlan | ListPlan | WorkflowPlan


class Rebuilder(Protocol):
    """Makes views, lists and workflow drafts in one system. Every method may raise a ConnectorError."""

    def refusals(self) -> Mapping[Thing, str]:
        """What this server does not take, each with the reason in a sentence; looks and writes nothing."""
        ...

    def make(self, plan: Plan) -> str:
        """Makes it and gives its id. Where it breaks off, `remove` takes away what is half made."""
        ...

    def look(self, thing: Thing, id: str) -> str:
        """A fingerprint of everything that a person may have changed of it; empty where it is gone."""
        ...

    def remove(self, thing: Thing, id: str) -> None:
        """Removes it with its parts; one that is not there is no error."""
        ...

    def address(self, thing: Thing, id: str) -> str:
        """Where a person opens it in the browser."""
        ...

    def close(self) -> None:
        """Lets go of the connection."""
        ...
