"""What is to be made in a destination's schema before the first record, and what was: planned, and journalled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.catalogue import FieldType, Option


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """A field to be made (or found already made) on `object`; `target` and the inverse label for relations."""

    object: str
    name: str
    label: str
    type: FieldType
    description: str = ""
    unique: bool = False
    options: tuple[Option, ...] = ()
    target: str = ""
    inverse_label: str = ""


@dataclass(frozen=True, slots=True)
class ObjectPlan:
    """An object type to be made: API names in camelCase, singular and plural different."""

    name: str
    plural: str
    label: str
    label_plural: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class SchemaPlan:
    """Everything that must exist before the first record is written."""

    objects: tuple[ObjectPlan, ...] = ()
    fields: tuple[FieldPlan, ...] = ()


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One change of the destination's schema, for the journal.

    `verb` is `create_object`, `create_field` or `add_options`; `before` holds what stood there (the options).
    `done` is false when the change is about to be tried and true once the server confirmed it.
    """

    verb: str
    object: str
    name: str
    id: str = ""
    done: bool = False
    before: Mapping[str, Any] = field(default_factory=dict)
