"""Forms of the review screen: one decision, a new place for a field, the options of a select field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import phonenumbers
from django import forms

from connectors.catalogue import FieldType
from mapping.lexicon import title
from mapping.registry import Option, Transform, Widget
from mapping.retarget import MAKEABLE, Wish
from mapping.rules import Action, FieldRule, Home, Kind, OnError
from mapping.transforms import TRANSFORMS
from projects.forms import Form

NEW = "+new"
"""The choice that stands for a field to be made; no API name begins with a plus."""

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


class StreamForm(Form):
    """What a stream of happenings counts as, and where it lands."""

    key = forms.CharField(max_length=2000, strip=False, widget=forms.HiddenInput)
    to = forms.ChoiceField(choices=[("accept", "Accept"), ("change", "Change"), ("leave", "Leave behind")])
    kind = forms.ChoiceField(choices=[(one.value, one.value.capitalize()) for one in Kind], required=False)
    home = forms.ChoiceField(
        choices=[(Home.ACTIVITY, "Activity"), (Home.COMMENT, "Note on the timeline"), (Home.TASK, "Task of Twenty")],
        required=False,
    )


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
