"""Why a record did not land, in the customer's words."""

from __future__ import annotations

REASONS = {
    "no_match_value": "No e-mail address",
    "duplicate_match_value": "Same address or web host as another",
    "unknown_person": "The person is unknown, deleted or did not land",
    "no_member": "The owner has no account in Twenty yet",
    "no_time": "It does not say when it happened",
    "left_in_map": "Left behind by the map",
    "kept_for_handoff": "Kept for the handoff",
    "file_not_readable": "The file could not be fetched",
    "became_link": "Became a link of a comment or task",
    "deleted_owner": "A deleted record in Twenty owns this value",
    "deleted_in_destination": "Was deleted in Twenty",
    "parent_not_migrated": "What it belongs to did not land",
    "not_delivered": "Customer.io lists it but did not give it",
    "segment_unfinished": "Customer.io is still building the segment",
    "segment_not_in_map": "The segment is not in the confirmed map",
    "taken_by_another_row": "Another record took its place",
    "refused": "Twenty refused it",
    "edited_on_both_sides": "Changed in Customer.io and in Twenty",
    "deleted_at_source": "Deleted in Customer.io",
    "merged_at_source": "Went into another one in Customer.io",
    "left_by_decision": "Left behind, as decided",
    "merged_by_decision": "Merged, as decided",
}


def reason_label(reason: str) -> str:
    """A reason code in the customer's words."""
    code, _, field = reason.partition(":")
    if code == "refused_value":
        return f"Twenty would refuse its {field}"
    if code == "unturned":
        return f"Its {field} cannot be turned"
    return REASONS.get(reason, reason.replace("_", " "))
