"""A model field for JSON that is kept to the letter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.db import models

_encode = json.JSONEncoder(separators=(",", ":")).encode
"""Made once: `json.dumps` makes a new encoder for each value."""

if TYPE_CHECKING:
    TextField = models.TextField[Any, Any]
else:
    TextField = models.TextField


class ExactJSONField(TextField):
    """JSON as text, to the letter: for what came from outside and is never queried inside.

    A jsonb column refuses NUL and lone surrogates, rounds big numbers and forgets the order of keys; a
    customer's record may have all four, and none of them may stop a run or change on the way.
    """

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Any:
        """Reads the JSON."""
        return None if value is None else json.loads(value)

    def get_prep_value(self, value: Any) -> str | None:
        """Writes plain ASCII, so that every character survives every database."""
        return None if value is None else _encode(value)
