"""Proposing without a project: fields with samples in, proposals out, both as JSON (docs/reference.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.catalogue import Catalogue, Field, FieldType, ObjectType
from connectors.naming import Naming
from mapping.profile import ObjectProfile
from mapping.proposer import SourceObject, propose_map
from mapping.proposing.reranking import Reranker
from mapping.rules import FieldRule, MapSpec


class Unreadable(Exception):
    """The input is not what it should be; `str()` is the sentence that says where and what was expected."""


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore")


class AskedField(_Lenient):
    """One field of the source with some of its values."""

    name: str
    samples: list[Any] = []


class AskedObject(_Lenient):
    """One object type of the source."""

    name: str
    label: str = ""
    label_plural: str = ""
    fields: list[AskedField] = []


class Asked(_Lenient):
    """A whole workspace of the source."""

    object_types: list[AskedObject]


class GivenField(_Lenient):
    """One field of the destination's catalogue."""

    name: str
    label: str = ""
    type: str
    description: str = ""
    unique: bool = False
    writable: bool = True
    custom: bool = False
    references: str = ""
    join_column: str = ""


class GivenObject(_Lenient):
    """One object of the destination's catalogue."""

    name: str
    label: str = ""
    label_plural: str = ""
    plural: str = ""
    description: str = ""
    fields: list[GivenField] = []


def read_asked(data: Any) -> Asked:
    """The source as it was given, or Unreadable."""
    if isinstance(data, Mapping) and "object_types" not in data:
        raise Unreadable("The source has no “object_types”. Expected {“object_types”: [{“name”: …, “fields”: […]}]}.")
    asked = _checked(Asked, data, "source")
    for row in asked.object_types:
        names = [field.name for field in row.fields]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise Unreadable(f"The source's object type “{row.name}” names the field “{twice}” twice.")
    return asked


def read_catalogue(data: Any) -> Catalogue:
    """The destination's catalogue: a list of objects, or an object with such a list under `objects`."""
    rows = data.get("objects") if isinstance(data, Mapping) else data
    if not isinstance(rows, list):
        raise Unreadable("The destination is no catalogue. Expected a list of objects with “name” and “fields”.")
    return Catalogue(
        tuple(_object(_checked(GivenObject, row, f"destination's object {n}")) for n, row in enumerate(rows, 1))
    )


Given = TypeVar("Given", bound=BaseModel)


def _checked(kind: type[Given], data: Any, what: str) -> Given:
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the top"
        raise Unreadable(f"The {what} cannot be read at {place}: {first['msg'].lower()}.") from error


def _object(row: GivenObject) -> ObjectType:
    # Types that this version of the product does not know are never written to.
    known = {str(type) for type in FieldType}
    fields = tuple(
        Field(
            name=field.name,
            label=field.label or field.name,
            type=FieldType(field.type),
            description=field.description,
            unique=field.unique,
            writable=field.writable,
            custom=field.custom,
            references=field.references,
            join_column=field.join_column,
        )
        for field in row.fields
        if field.type in known
    )
    label = row.label or row.name
    return ObjectType(
        row.name, label, row.label_plural or label, "id", fields, description=row.description, plural=row.plural
    )


def proposals(
    asked: Asked, destination: Catalogue, naming: Naming, *, country: str = "US", reranker: Reranker | None = None
) -> list[dict[str, Any]]:
    """One proposal for each field that was asked about, in the order of asking."""
    sources = [_source(row) for row in asked.object_types]
    spec = propose_map(sources, destination, naming, default_country=country, reranker=reranker)
    return list(_answers(asked.object_types, spec))


def _source(row: AskedObject) -> SourceObject:
    profile = ObjectProfile.start()
    for field in row.fields:
        profile.add("", {field.name: ""})
    for number in range(max((len(field.samples) for field in row.fields), default=0)):
        values = {field.name: field.samples[number] for field in row.fields if number < len(field.samples)}
        profile.add(str(number), values)
    return SourceObject(row.name, row.label, row.label_plural, profile.field_profiles())


def _answers(asked: Sequence[AskedObject], spec: MapSpec) -> Iterator[dict[str, Any]]:
    for row, rule in zip(asked, spec.objects, strict=True):
        for field in row.fields:
            found = rule.rule_for(field.name)
            if found is None:
                raise AssertionError("Every field of the source has a rule.")
            yield _answer(row.name, field.name, found)


def _answer(object_type: str, field: str, rule: FieldRule) -> dict[str, Any]:
    return {
        "object_type": object_type,
        "field": field,
        "action": str(rule.action),
        "destination": rule.destination,
        "type": str(rule.type) if rule.type else None,
        "confidence": rule.confidence,
        "reason": rule.reason,
        "alternatives": [
            {
                "destination": other.destination,
                "confidence": other.confidence,
                "type": str(other.type) if other.type else None,
                "reason": other.reason,
            }
            for other in rule.alternatives
        ],
    }
