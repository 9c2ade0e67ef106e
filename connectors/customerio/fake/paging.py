"""Pages: the window on a list, and the opaque `next` that leads to the following one (FACTS.md §1)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from connectors.customerio.fake.calls import Call, bad_request
from connectors.customerio.fake.quirks import LastPage
from connectors.customerio.fake.records import Row

T = TypeVar("T")

EMPTY_PAGE_FOLLOWS = 1
"""The first number of a cursor says whether the empty page in front of this offset is still to come."""


def encode(offset: int, phase: int = 0) -> str:
    """A cursor like the vendor's `MDox`: base64 with its padding, so it has to be URL-encoded."""
    return base64.b64encode(f"{phase}:{offset}".encode()).decode()


def decode(token: str) -> tuple[int, int]:
    """The offset and phase of a cursor; a cursor that was changed on its way is refused."""
    try:
        phase, offset = base64.b64decode(token, validate=True).decode().split(":")
        return int(offset), int(phase)
    except (ValueError, binascii.Error):
        bad_request("start is not a valid cursor")


def page(
    call: Call,
    rows: Sequence[T],
    *,
    listing: str,
    default: int = 50,
    most: int = 1000,
    repeats: bool = False,
    with_gaps: bool = False,
) -> tuple[list[T], Row]:
    """The rows of this page, and the part of the answer that says how to go on."""
    limit = call.between("limit", default=default, most=most)
    offset, phase = decode(call.text("start")) if call.text("start") else (0, 0)
    if with_gaps and phase == EMPTY_PAGE_FOLLOWS:
        return [], {"next": encode(offset)}
    first = offset - 1 if repeats and call.quirks.repeated_rows and offset and limit > 1 else offset
    end = first + limit
    if end < len(rows):
        following = encode(end, EMPTY_PAGE_FOLLOWS if with_gaps and call.quirks.empty_pages else 0)
        return list(rows[first:end]), {"next": following}
    # A short page ends the list for whoever gave a limit, or the public Singer tap could not read it.
    full = listing in call.quirks.trailing_full_page and (not call.text("limit") or end == len(rows))
    if full or listing in call.quirks.trailing_page:
        return list(rows[offset:end]), {"next": encode(max(len(rows), offset))}
    return list(rows[first:end]), last_page(call, listing)


def last_page(call: Call, listing: str) -> Row:
    """How this listing says that it is at its end."""
    form = call.quirks.last_page
    if form is LastPage.LIVE:
        return {"next": None if listing == "newsletters" else ""}
    return {} if form is LastPage.ABSENT else {"next": None if form is LastPage.NULL else ""}
