"""Making and taking back objects, fields and options (contracts/twenty/FACTS.md section 8).

Every change can be repeated: what is there already is left alone, and after a lost answer the schema is read
again before anything is sent a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from connectors.catalogue import Field, FieldType, ObjectType, Option
from connectors.errors import Rejected, Transient
from connectors.plans import FieldPlan, ObjectPlan, SchemaChange, SchemaPlan
from connectors.twenty.api import TwentyApi, result_of
from connectors.twenty.catalogue import Schema, read_schema
from connectors.twenty.names import camel

Json = Any
Journal = Callable[[SchemaChange], None]

ATTEMPTS = 3
MOST_FILES = 10
"""How many files a new FILES field holds; the number has to be given (contracts/twenty/FACTS-2.x.md section 7)."""

COLOURS = ("sky", "turquoise", "green", "yellow", "orange", "red", "pink", "purple", "blue", "gray")
GENERIC = "Multiple validation errors occurred"
OBJECT_MUTATION = "mutation($i:CreateOneObjectInput!){createOneObject(input:$i){id}}"
FIELD_MUTATION = "mutation($i:CreateOneFieldMetadataInput!){createOneField(input:$i){id}}"


class SchemaEditor:
    """Changes the schema of one workspace; `fresh` is told each new reading of it, and None when the last one aged."""

    def __init__(self, api: TwentyApi, fresh: Callable[[Schema | None], None]) -> None:
        self._api = api
        self._fresh = fresh

    def _read(self) -> Schema:
        schema = read_schema(self._api)
        self._fresh(schema)
        return schema

    def plan_missing(self, plan: SchemaPlan) -> SchemaPlan:
        """See `Destination.plan_missing`; of a select field that lacks options, only the lacking ones are left."""
        return missing(plan, self._read())

    def ensure(self, plan: SchemaPlan, journal: Journal) -> None:
        """See `Destination.ensure`."""
        schema = self._read()
        todo = missing(plan, schema)
        for wanted in todo.objects:
            self._make_object(wanted, journal)
        if todo.objects:
            schema = self._read()
        for field in todo.fields:
            if schema.object(field.object).field(field.name) is None:
                self._make_field(schema, field, journal)
            else:
                self._add_options(field, journal)
            if field.type is FieldType.RELATION:
                schema = self._read()  # the inverse field is new, too
        self._fresh(None)

    def drop(self, change: SchemaChange) -> None:
        """See `Destination.drop`; what is gone already is no error, what Twenty brought along is never dropped."""
        schema = self._read()
        object = schema.catalogue.object(change.object)
        if change.verb == "create_object":
            if object is not None:
                self._delete("objects", object.id, object.custom, object.label)
        elif (field := object.field(change.name) if object else None) is None:
            return
        elif change.verb == "create_field":
            self._delete("fields", change.id or field.id, field.custom, field.label)
        elif change.verb == "add_options":
            added = set(change.before.get("added", ()))
            self._send_options(field.id, [option for option in field.options if option.value not in added])
        self._fresh(None)

    def _delete(self, kind: str, id: str, custom: bool, label: str) -> None:
        if not custom:
            raise Rejected(f"{label} belongs to Twenty itself and is not dropped.")
        for _ in range(ATTEMPTS):
            try:
                self._api.metadata("DELETE", f"{kind}/{id}")
                return
            except Transient as error:
                if not error.maybe_done or not self._is_there(id):
                    return

    def _is_there(self, id: str) -> bool:
        objects = self._read().catalogue.objects
        return any(id in (object.id, *(field.id for field in object.fields)) for object in objects)

    def _make_object(self, wanted: ObjectPlan, journal: Journal) -> None:
        body = {
            "nameSingular": wanted.name,
            "namePlural": wanted.plural,
            "labelSingular": wanted.label,
            "labelPlural": wanted.label_plural,
            "description": wanted.description,
            "icon": "IconBox",
        }
        change = SchemaChange("create_object", wanted.name, wanted.plural)

        def found() -> str:
            object = self._read().catalogue.object(wanted.name)
            return object.id if object else ""

        self._make(change, journal, lambda: self._create("objects", body, OBJECT_MUTATION, "object"), found)

    def _make_field(self, schema: Schema, wanted: FieldPlan, journal: Journal) -> None:
        body = field_body(schema, wanted)
        change = SchemaChange("create_field", wanted.object, wanted.name)

        def found() -> str:
            object = self._read().catalogue.object(wanted.object)
            field = object.field(wanted.name) if object else None
            return field.id if field and field.type is wanted.type else ""

        self._make(change, journal, lambda: self._create("fields", body, FIELD_MUTATION, "field"), found)

    def _make(self, change: SchemaChange, journal: Journal, send: Callable[[], str], found: Callable[[], str]) -> None:
        """Sends one creation until it is certain that it stands, and journals it before and after."""
        journal(change)
        id = ""
        for attempt in count(1):
            try:
                id = send()
            except (Transient, Rejected) as error:
                # Lost answers and another worker that was faster look the same from here: it is there by now.
                id = found()
                if id:
                    break
                if isinstance(error, Rejected) or not error.maybe_done or attempt == ATTEMPTS:
                    raise
            else:
                break
        journal(replace(change, id=id, done=True))

    def _create(self, kind: str, body: Mapping[str, Json], mutation: str, wrapper: str) -> str:
        """Creates by REST. 1.x hides there why it refuses, so GraphQL is asked the same again (section 8)."""
        try:
            return str(result_of(self._api.metadata("POST", kind, dict(body)))["id"])
        except Rejected as error:
            if not error.sentence.removeprefix("Twenty refused this: ").startswith(GENERIC):
                raise
        data = self._api.metadata_graphql(mutation, {"i": {wrapper: dict(body)}}, safe=False)
        return str(next(iter(data.values()))["id"])

    def _add_options(self, wanted: FieldPlan, journal: Journal) -> None:
        """Adds options by sending all of them again WITH their ids.

        Without the ids Twenty takes them for new ones and wipes the field in every record (section 8).
        """
        field = self._field(wanted)
        new = _lacking(wanted, field)
        if not new:
            return
        before = {
            "options": [{"id": o.id, "value": o.value, "label": o.label, "color": o.color} for o in field.options],
            "added": [option.value for option in new],
        }
        change = SchemaChange("add_options", wanted.object, wanted.name, id=field.id, before=before)
        journal(change)
        for attempt in count(1):
            try:
                self._send_options(field.id, [*field.options, *new])
                break
            except Transient as error:
                field = self._field(wanted)
                new = _lacking(wanted, field)
                if not new:
                    break
                if not error.maybe_done or attempt == ATTEMPTS:
                    raise
        journal(replace(change, done=True))

    def _field(self, wanted: FieldPlan) -> Field:
        field = self._read().object(wanted.object).field(wanted.name)
        if field is None:
            raise Rejected(f"The field {wanted.object}.{wanted.name} is gone.", "Run the schema step again.")
        return field

    def _send_options(self, id: str, options: Sequence[Option]) -> None:
        body = [_option_body(option, position) for position, option in enumerate(options)]
        self._api.metadata("PATCH", f"fields/{id}", {"options": body})


def _option_body(option: Option, position: int) -> dict[str, Json]:
    body: dict[str, Json] = {
        "value": option.value,
        "label": option.label,
        "color": option.color,
        "position": position,
    }
    return {**body, "id": option.id} if option.id else body


def missing(plan: SchemaPlan, schema: Schema) -> SchemaPlan:
    """The part of the plan that the schema lacks; Rejected where the two contradict each other."""
    objects = tuple(wanted for wanted in plan.objects if not _object_stands(wanted, schema))
    new = {wanted.name for wanted in objects}
    fields: list[FieldPlan] = []
    for wanted in plan.fields:
        if wanted.object in new:
            fields.append(wanted)
        elif left := _field_left(wanted, schema):
            fields.append(left)
    return SchemaPlan(objects, tuple(fields))


def _object_stands(wanted: ObjectPlan, schema: Schema) -> bool:
    if wanted.name in schema.inactive:
        raise Rejected(
            f"The object “{wanted.name}” exists in Twenty but is deactivated.",
            "Activate it under Settings → Data model, or choose another name.",
        )
    for one in schema.catalogue.objects:
        if one.name == wanted.name:
            if one.plural == wanted.plural:
                return True
            raise Rejected(f"Twenty has “{one.name}” already, with the plural “{one.plural}”.", "Choose another name.")
        if one.plural == wanted.plural:
            raise Rejected(f"“{one.plural}” is the plural of Twenty's “{one.name}”.", "Choose another name.")
    return False


def _field_left(wanted: FieldPlan, schema: Schema) -> FieldPlan | None:
    """The field itself where it lacks, with its lacking options where only those lack, None where all is there."""
    if f"{wanted.object}.{wanted.name}" in schema.inactive:
        raise Rejected(
            f"The field “{wanted.name}” of {wanted.object} exists in Twenty but is deactivated.",
            "Activate it under Settings → Data model, or choose another name in the map.",
        )
    field = schema.object(wanted.object).field(wanted.name)
    if field is None:
        return wanted
    there = f"Twenty's {wanted.object} has a field “{wanted.name}” already"
    if field.type is not wanted.type:
        raise Rejected(f"{there}, of the type {field.type}, not {wanted.type}.", "Choose another name in the map.")
    if wanted.target and field.references and field.references != wanted.target:
        raise Rejected(f"{there}, pointing to {field.references}, not to {wanted.target}.", "Choose another name.")
    if wanted.unique and not field.unique:
        raise Rejected(f"{there}, but its values need not be unique.", "Make it unique in Twenty, or rename ours.")
    lacking = _lacking(wanted, field)
    return replace(wanted, options=lacking) if lacking else None


def _lacking(wanted: FieldPlan, field: Field) -> tuple[Option, ...]:
    standing = {option.value for option in field.options}
    return tuple(option for option in wanted.options if option.value not in standing)


def field_body(schema: Schema, wanted: FieldPlan) -> dict[str, Json]:
    """The request that makes the field."""
    kind = schema.rich_text_type if wanted.type is FieldType.RICH_TEXT else wanted.type.value
    body: dict[str, Json] = {
        "objectMetadataId": schema.object(wanted.object).id,
        "name": wanted.name,
        "label": wanted.label,
        "type": kind,
        "description": wanted.description,
        "isNullable": True,
    }
    if wanted.unique:
        body["isUnique"] = True
    if wanted.type in (FieldType.SELECT, FieldType.MULTI_SELECT):
        body["options"] = [_option_body(option, position) for position, option in enumerate(wanted.options)]
    if wanted.type is FieldType.FILES:
        body["settings"] = {"maxNumberOfValues": MOST_FILES}
    if wanted.type is FieldType.RELATION:
        target = schema.object(wanted.target)
        body["relationCreationPayload"] = {
            "type": "MANY_TO_ONE",
            "targetObjectMetadataId": target.id,
            "targetFieldLabel": _inverse_label(wanted, target, schema.object(wanted.object)),
            "targetFieldIcon": "IconLink",
        }
    return body


def _inverse_label(wanted: FieldPlan, target: ObjectType, source: ObjectType) -> str:
    """A label for the inverse field whose name, which Twenty derives from it, is free on the target."""
    label = wanted.inverse_label or source.label_plural
    taken = {name for field in target.fields for name in (field.name, field.join_column)}
    for number in count(1):
        candidate = label if number == 1 else f"{label} {number}"
        if camel(candidate, "related") not in taken:
            return candidate
    raise AssertionError("numbers never end")
