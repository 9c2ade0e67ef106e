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
    "many_fields": "More than 150 fields on one object",
}

ADVICE = {
    "no_match_value": "Import them without it, or leave them behind.",
    "duplicate_match_value": "Merge them, import them side by side, or leave some behind.",
    "deleted_owner": "Restore and update the deleted record, remove it for good, or leave ours behind.",
    "deleted_in_destination": "Restore it, or leave it behind.",
    "unknown_person": "Import them without a person, or leave them behind.",
    "parent_not_migrated": "Decide about what they belong to: they follow it. Or leave them behind.",
    "no_time": "Mend the time at the source and run again, or leave them behind.",
    "not_delivered": "Read the sentence on the record, mend it at the source and run again, or leave them behind.",
    "many_fields": "Twenty's forms become hard to use: leave fields behind in the map. Above 350 it is refused.",
    "refused_value": "Mend the value at the source or choose another transform in the map; else leave them behind.",
    "unturned": "Choose in the map what becomes of values that do not turn, or leave the records behind.",
    "unique_taken": "Mend the value at the source, or make the field not unique in Twenty; else leave them behind.",
    "not_kept": "Choose a text field in the map that keeps them, or go on without these values.",
    "emptied": "The map says so: nothing to do, unless the map is to change.",
    "unmapped": "Discover again and confirm a new map, or go on without these values.",
}
"""What people can do about a reason that preflight finds."""


def reason_label(reason: str) -> str:
    """A reason code in the customer's words."""
    code, _, field = reason.partition(":")
    if code == "refused_value":
        return f"Twenty would refuse its {field}"
    if code == "unique_taken":
        return f"Another record has the same {field}, which is unique in Twenty"
    if code == "not_kept":
        return f"Values of {field} cannot be turned and have no place in the map"
    if code == "emptied":
        return f"Values of {field} cannot be turned and are left out, as the map says"
    if code == "unmapped":
        return f"{field} came up after the map was made"
    if code == "unturned":
        return f"Its {field} cannot be turned"
    return REASONS.get(reason, reason.replace("_", " "))


def advice(reason: str) -> str:
    """What to do about it, in a sentence."""
    return ADVICE.get(
        reason.partition(":")[0], "Look at the records, then leave them behind or mend them and run again."
    )
