"""Columns that the destination keeps and does not show: the targets of attachments on Twenty 1.x."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.catalogue import ObjectType
from connectors.contract import Destination, Existing


def with_hidden_columns(
    destination: Destination, target: ObjectType, meant: Iterable[Mapping[str, Any]], there: dict[str, Existing]
) -> dict[str, Existing]:
    """Fills in columns of relations that no answer shows, by asking who has the value that is meant.

    One request for each such value, and none where everything is shown.
    """
    shown = {name for found in there.values() for name in found.fields}
    hidden = {field.join_column for field in target.fields if field.join_column} - shown
    asked = {(name, fields[name]) for fields in meant for name in hidden & fields.keys() if fields[name]}
    if not there or not asked:
        return there
    filled = {id: dict(found.fields) for id, found in there.items()}
    for name, value in sorted(asked):
        for found in destination.find(target.name, keys={name: [value]}):
            if found.id in filled:
                filled[found.id][name] = value
    return {id: Existing(id, fields) for id, fields in filled.items()}
