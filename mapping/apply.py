"""Applies an object's rule to a source record. Nothing is dropped: what does not land is noted with its raw value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.catalogue import FieldType
from mapping.composites import BLANKS, MAIN_PARTS, put
from mapping.exact import as_text, is_empty, raw_text
from mapping.rules import Action, FieldRule, ObjectRule, OnError
from mapping.transforms import TRANSFORMS, Transform, Unturned

Fields = Mapping[str, Any]
Body = dict[str, Any]

KEPT_RAW = "kept_raw"
"""The value stands, as it was, in the companion field."""
NOT_KEPT = "not_kept"
"""The value did not land and there is no companion field: it is in the source record and this note only."""
EMPTIED = "emptied"
"""The map says to leave the field empty."""
HELD = "held"
"""The map says to hold the record back."""
UNMAPPED = "unmapped"
"""The field came up after the map was made."""
LEFT_BEHIND = frozenset({NOT_KEPT, EMPTIED, UNMAPPED})
"""What leaves a value out of the destination while its record goes there."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something about one field of one record that a person may have to know."""

    field: str
    code: str
    sentence: str
    raw: Any


@dataclass(frozen=True, slots=True)
class Mapped:
    """A record as the map has it: the destination's body, what is to be said about it, and why it is held.

    Fields without a value are left out of the body; composites that are there are whole.
    """

    fields: Body
    notes: tuple[Note, ...] = ()
    hold: str = ""

    @property
    def left_behind(self) -> Counter[str]:
        """What of the record is not in its body, as `<code>.<field>`: for the lists under a reconciliation."""
        return Counter(f"{note.code}.{note.field}" for note in self.notes if note.code in LEFT_BEHIND)


@dataclass(frozen=True, slots=True)
class _Step:
    """A field rule made ready: what to read, how to turn it and where it goes."""

    rule: FieldRule
    transform: Transform
    options: Mapping[str, Any]
    field: str
    part: str
    blank: Callable[[], Body] | None
    alone: bool
    plain: bool
    """Whether the destination is a text field, which takes nothing but text."""

    def values(self, fields: Fields) -> Any:
        """All values that a `combine` rule reads, by name; None when all of them are empty."""
        values = {name: fields.get(name) for name in (self.rule.source, *self.rule.also)}
        return values if any(not is_empty(value) for value in values.values()) else None

    def place(self, body: Body, value: Any) -> bool:
        """Writes the turned value; false when another rule has put a different one there."""
        if self.blank is not None:
            composite = body.get(self.field)
            if composite is None:
                composite = body[self.field] = self.blank()
            return put(composite, self.part, value)
        if self.alone:
            body[self.field] = value
            return True
        return bool(body.setdefault(self.field, value) == value)


def _step(rule: FieldRule, shared: Counter[str]) -> _Step:
    options = dict(rule.options)
    if rule.choices:
        options["choices"] = {choice.source: choice.value for choice in rule.choices}
    if rule.transform not in TRANSFORMS:
        raise ValueError(f"The rule for “{rule.source}” names the transform “{rule.transform}”, which does not exist.")
    if rule.also and rule.action is not Action.COMBINE:
        raise ValueError(f"The rule for “{rule.source}” reads several fields, which only “combine” does.")
    field, _, part = rule.destination.partition(".")
    blank = BLANKS.get(rule.type) if rule.type else None
    if blank and rule.type:
        part = part or MAIN_PARTS[rule.type]
        if part not in blank():
            raise ValueError(f"The rule for “{rule.source}” writes to “{rule.destination}”, which {rule.type} has not.")
    elif part:
        raise ValueError(f"The rule for “{rule.source}” writes to a part of “{field}”, which has no parts.")
    return _Step(
        rule, TRANSFORMS[rule.transform], options, field, part, blank, shared[field] == 1, rule.type is FieldType.TEXT
    )


class _Record:
    """The body, notes and hold of one record while its fields are being turned."""

    __slots__ = ("body", "hold", "notes")

    def __init__(self) -> None:
        self.body: Body = {}
        self.notes: list[Note] = []
        self.hold = ""

    def fail(self, step: _Step, raw: Any, reason: str, part: Any = None) -> None:
        """Deals with a value that did not turn (or not whole) as its rule says."""
        rule = step.rule
        partly = part is not None and step.place(self.body, part)
        sentence = f"This value {reason}" + ("; the rest of it is written." if partly else ".")
        code, after = EMPTIED, " The map says to leave it out."
        if rule.on_error is OnError.HOLD and not partly:
            code, after = HELD, ""
            self.hold = self.hold or f"unturned:{rule.source}"
        elif rule.on_error is not OnError.EMPTY:
            code, after = NOT_KEPT, " The map names no field that keeps it, so it did not land."
            if rule.raw_destination:
                code, after = KEPT_RAW, ""
                self._keep(rule.raw_destination, raw)
        self.notes.append(Note(rule.source, code, sentence + after, raw))

    def _keep(self, field: str, raw: Any) -> None:
        text = raw_text(raw)
        standing = self.body.get(field)
        self.body[field] = text if standing in (None, text) else f"{standing}\n{text}"


def _work(record: _Record, step: _Step, value: Any) -> None:
    try:
        turned = step.transform.function(value, step.options)
    except Unturned as problem:
        part = None if step.plain and isinstance(problem.part, dict | list) else problem.part
        record.fail(step, value, problem.reason, part)
        return
    if step.plain and turned.__class__ is not str and turned is not None:
        if isinstance(turned, dict | list):
            record.fail(step, value, "has several parts, for which a text field has no place")
            return
        turned = as_text(turned)
    if turned is not None and not step.place(record.body, turned):
        record.fail(step, value, f"differs from what another field has put into “{step.rule.destination}”")


def compile_rule(rule: ObjectRule) -> Callable[[Fields], Mapped]:
    """A function that maps records of one object type. Raises ValueError when the rule contradicts itself."""
    written = [field for field in rule.fields if field.action is not Action.SKIP]
    shared = Counter(field.field for field in written)
    shared.update(field.raw_destination for field in written if field.raw_destination)
    steps = [_step(field, shared) for field in written]
    known = {name for field in rule.fields for name in (field.source, *field.also)}
    # The first value stays in a destination that several rules share, so the map's order is kept here.
    # A rule that reads one field gives its value to the transform; one that reads several gives them all by name.
    ordered = [(None if step.rule.also else step.rule.source, step) for step in steps]

    def run(fields: Fields) -> Mapped:
        record = _Record()
        for source, step in ordered:
            value = fields.get(source) if source is not None else step.values(fields)
            if value is None or (value.__class__ is str and (not value or value.isspace())):
                continue
            _work(record, step, value)
        _note_unmapped(record, fields, known)
        return Mapped(record.body, tuple(record.notes), record.hold)

    return run


def _note_unmapped(record: _Record, fields: Fields, known: set[str]) -> None:
    if fields.keys() <= known:
        return
    for name in fields.keys() - known:
        if not is_empty(fields[name]):
            sentence = "The field map has no rule for this field: it came up after the map was made."
            record.notes.append(Note(name, UNMAPPED, sentence, fields[name]))


def apply(rule: ObjectRule, fields: Fields) -> Mapped:
    """Maps one record; for many records of one type, `compile_rule` once is faster."""
    return compile_rule(rule)(fields)
