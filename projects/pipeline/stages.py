"""Which function works which stage of a step; each handles one bounded page."""

from __future__ import annotations

from collections.abc import Callable

from projects.pipeline import (
    clear,
    configuration,
    correct,
    delta,
    discover,
    extract,
    files,
    gone,
    happenings,
    load,
    preflight,
    relate,
    reverify,
    settle,
    tags,
    targets,
    transform,
    undo,
    undo_schema,
    verify,
)
from projects.pipeline.context import Context, Progress

STAGES: dict[str, Callable[[Context], Progress]] = {
    "catalogue": discover.catalogue,
    "profile": discover.profile,
    "schema": discover.schema,
    "log": delta.read_log,
    "gone": gone.page,
    "clear": clear.page,
    "survey": undo.survey,
    "undo": undo.page,
    "undo_schema": undo_schema.page,
    "prove": undo.prove,
    "extract": delta.page,
    "members": extract.members,
    "relationships": delta.relationships,
    "primary_company": extract.primary_company,
    "relate": relate.page,
    "configuration": configuration.read,
    "keep": configuration.keep,
    "happenings": happenings.read,
    "draft": happenings.page,
    "attach": happenings.attach,
    "targets": targets.page,
    "files": files.page,
    "fetch": files.fetch,
    "tags": tags.page,
    "correct": correct.page,
    "transform": transform.page,
    "settle": settle.page,
    "preflight": preflight.page,
    "load": load.page,
    "merge": load.merged,
    "verify": verify.page,
    "reread": reverify.page,
}
