"""What the API does not hold any more, from files: events of any age, and messages of a data-warehouse sync."""

from __future__ import annotations

from connectors.customerio.archive.columns import Columns, Guess, guess_columns
from connectors.customerio.archive.coverage import Coverage
from connectors.customerio.archive.events import EventArchive
from connectors.customerio.archive.warehouse import Warehouse

__all__ = ["Columns", "Coverage", "EventArchive", "Guess", "Warehouse", "guess_columns"]
