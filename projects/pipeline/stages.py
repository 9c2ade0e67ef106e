"""Which function works which stage of a step; each handles one bounded page."""

from __future__ import annotations

from collections.abc import Callable

from projects.pipeline import (
    clear,
    correct,
    discover,
    extract,
    load,
    reverify,
    settle,
    tags,
    transform,
    verify,
)
from projects.pipeline.context import Context, Progress

STAGES: dict[str, Callable[[Context], Progress]] = {
    "catalogue": discover.catalogue,
    "profile": discover.profile,
    "schema": discover.schema,
    "clear": clear.page,
    "extract": extract.page,
    "members": extract.members,
    "relationships": extract.relationships,
    "primary_company": extract.primary_company,
    "tags": tags.page,
    "correct": correct.page,
    "transform": transform.page,
    "settle": settle.page,
    "load": load.page,
    "merge": load.merged,
    "verify": verify.page,
    "reread": reverify.page,
}
