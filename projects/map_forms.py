"""Forms of the review screen: one decision, a new place for a field, the options of a select field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import phonenumbers
from django import forms

from connectors.catalogue import FieldType
from mapping.engagements import PARTS
from mapping.lexicon import title
from mapping.registry import Option, Transform, Widget
from mapping.retarget import MAKEABLE, Wish
from mapping.rules import Action, ActivityRule, FieldRule, Home, Kind, OnError
from mapping.transforms import TRANSFORMS
from projects.forms import Form

NEW = "+new"
"""The choice that stands for a field to be made; no API name begins with a plus."""

KIND_WORDS = {
    Kind.EVENT: "Event", Kind.EMAIL: "E-mail", Kind.CALL: "Call", Kind.MEETING: "Meeting", Kind.NOTE: "Note",
    Kind.TASK: "Task",
}  # fmt: skip

HOME_WORDS = {
    Home.ACTIVITY: "Activity", Home.COMMENT: "Note on the timeline", Home.TASK: "Task of Twenty",
}  # fmt: skip

ON_ERROR = (
    (OnError.KEEP_RAW, "Keep it as text in a field beside it"),
    (OnError.HOLD, "Hold the record until somebody decides"),
    (OnError.EMPTY, "Leave the field empty and list it"),
)


class RowForm(Form):
    """Names one row and says what is done with it."""

    object = forms.CharField(required=False, max_length=200)
    field = forms.CharField(required=False, max_length=2000, strip=False)
    to = forms.ChoiceField(
        choices=[(word, word) for word in ("accept", "leave", "take", "create", "map")], required=False
    )
    seen = forms.CharField(required=False, max_length=64)


class CommentForm(Form):
    """What somebody says about a row."""

    text = forms.CharField(label="Comment", max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class TemplateForm(Form):
    """A name under which a map can be used again."""

    name = forms.CharField(label="Name of the template", max_length=200)


class ImportForm(Form):
    """A map as a file."""

    file = forms.FileField(label="A map as JSON or CSV", widget=forms.FileInput(attrs={"accept": ".json,.csv"}))


class ObjectForm(Form):
    """Where an object type lands: on one that is there, on a new one, or nowhere."""

    object = forms.CharField(max_length=200, widget=forms.HiddenInput)
    destination = forms.CharField(required=False, max_length=200)
    label = forms.CharField(required=False, max_length=60)
    label_plural = forms.CharField(required=False, max_length=60)


class RelationForm(Form):
    """What becomes of a relation: accepted, left behind, made again, or called something else."""

    object = forms.CharField(max_length=200)
    relation = forms.CharField(max_length=2000, strip=False)
    to = forms.ChoiceField(choices=[(word, word) for word in ("accept", "leave", "take", "rename")])
    label = forms.CharField(required=False, max_length=60)


PART_WORDS = {
    "title": "Title", "body": "Text", "start": "Begins", "end": "Ends", "duration": "How long it took",
    "disposition": "How it ended", "location": "Place", "attendees": "Who attends", "due": "Due", "status": "Status",
    "assignee": "Assigned to", "author": "Written by (address)", "author_name": "Written by (name)",
    "recording": "Recording", "attachments": "Attached files",
}  # fmt: skip
"""Part of a happening → what it is called on the screen."""


class StreamForm(Form):
    """What a stream of happenings counts as, where it lands, and which property plays which part."""

    key = forms.CharField(max_length=2000, strip=False, widget=forms.HiddenInput)
    to = forms.ChoiceField(choices=[(word, word) for word in ("accept", "yes", "change", "leave")])
    kind = forms.ChoiceField(label="Counts as", choices=[(one.value, KIND_WORDS[one]) for one in Kind], required=False)
    home = forms.ChoiceField(label="Lands as", choices=list(HOME_WORDS.items()), required=False)
    with_parts = forms.CharField(required=False, widget=forms.HiddenInput)
    columns = forms.BooleanField(label="Begin, end, due date and place get fields of their own", required=False)

    def __init__(self, data: Any = None, *, rule: ActivityRule, properties: Mapping[str, int], **kwargs: Any) -> None:
        """`properties`: those of this stream, each with how often it was filled."""
        initial = {"key": rule.key, "kind": rule.kind, "home": rule.home, "columns": rule.columns, "with_parts": "yes"}
        super().__init__(data, initial=initial, auto_id="stream_%s", **kwargs)
        known = sorted({*properties, *rule.parts.values()}, key=lambda path: (-properties.get(path, 0), path))
        choices = [("", "nothing"), *((path, _filled(path, properties)) for path in known)]
        for part in PARTS if known else ():
            self.fields[f"part_{part}"] = forms.ChoiceField(
                label=PART_WORDS[part], choices=choices, required=False, initial=rule.parts.get(part, "")
            )

    @property
    def part_fields(self) -> Sequence[forms.BoundField]:
        """A select for each part."""
        return [self[name] for name in self.fields if name.startswith("part_")]

    @property
    def parts(self) -> dict[str, str] | None:
        """The parts that were chosen; None where the form did not ask for them."""
        if not self.cleaned_data["with_parts"]:
            return None
        chosen = {part: self.cleaned_data.get(f"part_{part}") for part in PARTS}
        return {part: path for part, path in chosen.items() if path}


def _filled(path: str, properties: Mapping[str, int]) -> str:
    number = properties.get(path)
    return f"{path} ({number:,})" if number else path


class ArchiveForm(Form):
    """Files beside the source's API: what they hold, and where they lie on the server."""

    object = forms.ChoiceField(label="What they hold")
    path = forms.CharField(label="File or folder", max_length=400, widget=forms.TextInput(
        attrs={"list": "archive-paths", "autocomplete": "off", "spellcheck": "false"}
    ))  # fmt: skip

    def __init__(self, *args: Any, kinds: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        """`kinds`: the object types that can be read from files, each with its name."""
        super().__init__(*args, auto_id="archive_%s", **kwargs)
        self.fields["object"].choices = kinds  # type: ignore[attr-defined]


class ColumnsForm(Form):
    """Which column of an archive is what."""

    def __init__(
        self, data: Any = None, *, columns: Mapping[str, str], headers: Sequence[str], object: str, **kwargs: Any
    ) -> None:
        super().__init__(data, auto_id=f"columns_{object}_%s", **kwargs)
        choices = [(name, name) for name in dict.fromkeys([*headers, *filter(None, columns.values())])]
        for part, column in columns.items():
            self.fields[part] = forms.ChoiceField(
                label=COLUMN_WORDS.get(part, _words(part)), choices=[("", "none"), *choices], required=False,
                initial=column,
            )  # fmt: skip


COLUMN_WORDS = {
    "name": "Name of the event", "timestamp": "When it happened", "id": "Id of the event",
    "cio_id": "Person, by cio_id", "customer_id": "Person, by your own id", "email": "Person, by e-mail address",
    "data": "Properties (none: all other columns)", "type": "Type of activity",
}  # fmt: skip


def options_of(transform: Transform) -> tuple[Option, ...]:
    """The options that a form asks for; those of a select field have a drawer of their own."""
    return tuple(option for option in transform.takes if option.name != "choices")


def option_field(option: Option, value: Any) -> forms.Field:
    """The input for one option of a transform, filled in with what is set."""
    common: dict[str, Any] = {"label": option.label, "required": False, "help_text": option.help}
    if option.widget is Widget.FLAG:
        return forms.BooleanField(initial=value is True, **common)
    if option.widget is Widget.CHOICE:
        empty = () if any(not choice for choice, _ in option.choices) else (("", "(not set)"),)
        return forms.ChoiceField(choices=[*empty, *option.choices], initial=value or "", **common)
    if option.widget is Widget.TABLE:
        return TableField(initial=value, **common)
    if option.widget is Widget.WORDS:
        written = ", ".join(map(str, value)) if isinstance(value, list) else value
        return forms.CharField(max_length=500, initial=written or "", **common)
    if option.widget in (Widget.COUNTRY, Widget.CURRENCY):
        length = 2 if option.widget is Widget.COUNTRY else 3
        return CodeField(min_length=length, max_length=length, initial=value or "", **common)
    return forms.CharField(max_length=500, strip=False, initial=value if value is not None else "", **common)


class CodeField(forms.CharField):
    """A country or a currency by its code, in capitals."""

    def clean(self, value: Any) -> str:
        """The code, or nothing."""
        code = str(super().clean(value)).upper()
        if code and not code.isalpha():
            raise forms.ValidationError(f"“{code}” is no code. Expected letters, such as DE or EUR.")
        if len(code) == 2 and code not in phonenumbers.SUPPORTED_REGIONS:
            raise forms.ValidationError(f"“{code}” is no country code. Germany is DE, the United Kingdom GB.")
        return code


class TableField(forms.CharField):
    """A table of values, one line each: `value = result`."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        """The table as lines."""
        return "\n".join(f"{key} = {result}" for key, result in value.items()) if isinstance(value, Mapping) else value

    def clean(self, value: Any) -> Any:
        """The lines as a table; None when there is none."""
        table: dict[str, str] = {}
        for number, line in enumerate(str(super().clean(value)).splitlines(), 1):
            if not line.strip():
                continue
            key, sign, result = line.partition("=")
            if not sign:
                raise forms.ValidationError(f"Line {number}: found “{line[:40]}”, expected “value = result”.")
            table[key.strip()] = result.strip()
        return table or None


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


class TargetForm(Form):
    """Where one field goes and how: a place, or a new field; a transform with its options; what if it fails."""

    destination = forms.CharField(required=False, max_length=200)
    label = forms.CharField(label="Label", required=False, max_length=60)
    type = forms.ChoiceField(label="Type", required=False)
    transform = forms.ChoiceField(label="How the value is turned", required=False)
    on_error = forms.ChoiceField(
        label="A value that cannot be turned", choices=ON_ERROR, widget=forms.RadioSelect, required=False
    )

    def __init__(self, data: Any = None, *, rule: FieldRule, **kwargs: Any) -> None:
        left = rule.action == Action.SKIP
        here = rule.transform if not left else ""
        super().__init__(
            data,
            auto_id="target_%s",
            initial={
                "destination": rule.destination if not left else NEW,
                "label": rule.label if rule.action in (Action.CREATE, Action.COMBINE) else title(rule.source),
                "type": rule.type or FieldType.TEXT,
                "transform": here,
                "on_error": rule.on_error,
            },
            **kwargs,
        )
        self.fields["type"].choices = [(one.value, TYPE_NAMES[one]) for one in MAKEABLE]  # type: ignore[attr-defined]
        usual = [("", "The usual way for its values")]
        self.fields["transform"].choices = usual + [(name, _words(name)) for name in sorted(TRANSFORMS)]  # type: ignore[attr-defined]
        chosen = str((data or {}).get("transform", here))
        self.turning = TRANSFORMS.get(chosen)
        self.takes = options_of(self.turning) if self.turning else ()
        for option in self.takes:
            value = rule.options.get(option.name) if chosen == here else None
            self.fields[f"option_{option.name}"] = option_field(option, value)

    @property
    def option_fields(self) -> Sequence[forms.BoundField]:
        """The options of the chosen transform, as bound fields."""
        return [self[f"option_{option.name}"] for option in self.takes]

    @property
    def wish(self) -> Wish:
        """What was asked for."""
        given = self.cleaned_data
        destination = given["destination"]
        options = {option.name: given[f"option_{option.name}"] for option in self.takes}
        return Wish(
            destination="" if destination == NEW else destination,
            label=given["label"],
            type=FieldType(given["type"]) if given["type"] else None,
            transform=given["transform"],
            options=options if self.takes else None,
            on_error=OnError(given["on_error"] or OnError.KEEP_RAW),
        )


TYPE_NAMES = {
    FieldType.TEXT: "Text",
    FieldType.NUMBER: "Number",
    FieldType.BOOLEAN: "Yes or no",
    FieldType.DATE: "Date",
    FieldType.DATE_TIME: "Date and time",
    FieldType.SELECT: "Select (one of several options)",
    FieldType.MULTI_SELECT: "Multi-select (several options)",
    FieldType.ARRAY: "List of texts",
    FieldType.LINKS: "Links",
    FieldType.EMAILS: "E-mail addresses",
    FieldType.PHONES: "Phone numbers",
    FieldType.ADDRESS: "Address",
    FieldType.CURRENCY: "Amount of money",
    FieldType.RAW_JSON: "JSON, unchanged",
}
