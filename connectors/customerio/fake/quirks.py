"""Which of Customer.io's habits the fake shows; the defaults are what the live API does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class LastPage(Enum):
    """How a listing says that nothing follows; all are real (contracts/customerio/FACTS.md §1)."""

    LIVE = "live"
    EMPTY = ""
    NULL = "null"
    ABSENT = "absent"


class EmptyLists(Enum):
    """Where an empty list is answered as null (contracts/customerio/FACTS.md §1)."""

    LIVE = "where it was observed"
    EVERYWHERE = "everywhere"
    NEVER = "never"


@dataclass
class Quirks:
    """One switch per surprise; change a field at any time, the next answer follows it."""

    wrapped_profiles: bool = False
    """Rows of `POST /v1/customers/attributes` as `{"customer": {…}}`, as in the spec; live rows are flat."""
    last_page: LastPage = LastPage.LIVE
    empty_lists: EmptyLists = EmptyLists.LIVE
    repeated_rows: bool = True
    """Later pages of objects and of a person's relationships begin with the last row of the page before."""
    empty_pages: bool = False
    """An empty page that still carries `next` before each later page of people and members."""
    trailing_full_page: frozenset[str] = frozenset({"sender_identities"})
    """Listings whose `next` stays set after the last row where the page is full or had no limit."""
    trailing_page: frozenset[str] = frozenset()
    """Listings whose `next` always stays set after the last row; the page behind it is empty."""
    plain_errors: bool = False
    """Errors as an HTML page instead of JSON; many documented errors declare no body at all."""
    error_references: bool = True
    """Details of errors end with `(reference …)`, so nobody can compare them literally."""
    object_match_all: frozenset[str] = frozenset({"object_id", "cio_object_id"})
    """Pseudo fields which the object search can match; neither is documented (FACTS.md §6)."""
    used_by_as_spec: bool = False
    """`segment_id` beside `used_by`; live it sits inside."""
    segment_conditions: bool = True
    """Listed segments carry the undocumented `conditions`."""
    string_action_ids: bool = True
    """Action ids are strings in an action list although the campaign names them as integers."""
    json_string_filters: bool = True
    """Filters and triggers of campaigns as JSON inside a string."""
    hidden_senders_only: bool = True
    """`hidden=true` shows hidden senders only, not all."""
    deleted_narrows: bool = False
    """`deleted=true` returns deleted people's activities only, as the spec says; live it narrows nothing."""
    activity_days: int = 30
    omitted_identifiers: bool = True
    """`customer_identifiers` of activities leave out the keys that are null."""
    prefixed_optouts: bool = True
    """`/v1/optouts` gives `cio_<cio_id>` where every other answer gives the bare id."""
    string_topic_ids: bool = False
    odd_export_answer: bool = False
    """A new export's id as the string `"111,"`, as one vendor example has it."""
    export_seconds: float = 1.0
    """How long an export stays pending."""
    counts_cached_seconds: float = 7200.0
    """How long `/v1/workspaces` repeats the counts it gave before."""
