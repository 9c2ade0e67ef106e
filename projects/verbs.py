"""What can happen in a project, each with the sentence that the trail shows."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from projects.reasons import reason_label


class Verb(Enum):
    """What can happen, with the sentence that the trail shows: `{actor}`, `{subject}` and keys of the data."""

    PROJECT_CREATED = "{actor} created the project"
    MEMBER_ADDED = "{actor} made {subject} {role} of the project"
    MEMBER_INVITED = "{actor} invited {subject} as {role}"
    INVITATION_ACCEPTED = "{actor} accepted the invitation"
    CONNECTION_SAVED = "{actor} saved the connection to {subject}"
    CONNECTION_TESTED = "{actor} tested the connection to {subject}: {outcome}"
    ARCHIVE_ADDED = "{actor} added an archive of {subject}: {paths}"
    ARCHIVE_REMOVED = "{actor} took the archive of {subject} off the project"
    MAP_PROPOSED = "{actor} had map {subject} proposed"
    MAP_CHANGED = "{actor} changed the map to {subject}"
    MAP_REVIEWED = "{actor} looked through the map: {subject}"
    MAP_COMMENTED = "{actor} commented on {subject} in the map"
    MAP_SAVED_AS_TEMPLATE = "{actor} saved the map as the template {subject}"
    VALUES_SHOWN = "{actor} let engineers see values in the field map"
    VALUES_HIDDEN = "{actor} hid values in the field map from engineers"
    RUN_STARTED = "{actor} started {subject}"
    RUN_PAUSED = "{actor} paused {subject}: {why}"
    RUN_RESUMED = "{actor} resumed {subject}"
    RUN_CANCELLED = "{actor} cancelled {subject}: {why}"
    RUN_ENDED = "{subject} ended"
    PHASE_RECONCILED = "{subject}: {verdict}"
    GATE_SIGNED = "{actor} signed {subject} as {name}"
    GATE_REJECTED = "{actor} rejected {subject}: {why}"
    HELD_DECIDED = "{actor} decided {count} held {label} ({reason}): {verdict}"
    RECORDS_CORRECTED = "{actor} corrected {count} held {object}, from {subject}"
    DIFFERENCES_ACCEPTED = "{actor} accepted {count} differences of {subject} as {name}: {why}"
    DIFFERENCES_RECHECKED = "{actor} had {count} differences of {subject} read back again: {mended} are mended"
    SAMPLE_LOOKED_AT = "{actor} on {subject} in the sample: {word}"
    SCHEMA_CHANGED = "{actor} made {subject} in the destination"
    CERTIFICATE_ORDERED = "{actor} ordered a certificate over {subject}"
    CERTIFICATE_FAILED = "The certificate over {subject} could not be made: {why}"
    CERTIFICATE_ISSUED = "{actor} issued certificate {number} over {subject}"
    HANDOFF_CHANGED = "{actor} marked the {kind} {subject} as {state}"
    VIEWS_MADE = "{actor} made {count} views in the destination"
    REBUILD_STOPPED = "Views, lists and drafts of workflows are not all made: {why}"
    REBUILT = "{actor} had {views} views, {lists} lists and {drafts} drafts of workflows made in the destination"
    ROLLBACK_CONFIRMED = "{actor} confirmed {subject}: {what}"
    KEEPS_UP = "{actor} had deltas begin by themselves: {subject}"
    AUDIT_MADE = "The audit found {deleted} deleted people, {back} of whom came back"
    READMITTED = "{actor} let {subject} in although they were deleted at the source"
    INTEGRATION_SETTLED = "{actor} marked the integration {subject} as {state}"
    FREEZE_ANNOUNCED = "{actor} announced the freeze of the source from {at}"
    CUT_OVER = "{subject} is the system of record from now on"
    CUTOVER_UNDONE = "{subject} is not the system of record any more: {run} takes back what was migrated"
    HYPERCARE_SET = "{actor} set hypercare to {days} days from the cutover on"
    CONCERN_RAISED = "{actor} raised {subject}"
    CONCERN_ANSWERED = "{actor} answered {subject}"
    CONCERN_CHECKED = "{subject} was checked in both systems: {outcome}"
    CONCERN_RESOLVED = "{actor} resolved {subject}"
    TRIGGER_PAUSED = "The workflow “{subject}” was paused for the run"
    TRIGGER_RESTORED = "The workflow “{subject}” was put back"


def sentence(verb: str, actor: str, subject: str, data: Mapping[str, Any]) -> str:
    """The line as people read it; a verb or a key that is no longer known never breaks the page."""
    template = Verb[verb].value if verb in Verb.__members__ else "{actor}: " + verb
    # Lines from before labels were kept say the code, as they always did.
    said = {"label": data.get("object", ""), **data, "actor": actor, "subject": subject}
    if "reason" in said:
        said["reason"] = reason_label(str(said["reason"]))
    return template.format_map(_Forgiving(said))


class _Forgiving(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"
