"""Forms of the review screen: one decision, a new place for a field, the options of a select field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from connectors.catalogue import FieldType
from mapping.lexicon import title
from mapping.registry import Transform
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

TABLES = ("table", "choices")
"""Options that hold a table of values; they have screens of their own."""


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


@dataclass(frozen=True, slots=True)
class OptionSpec:
    """One option of a transform, as a form asks for it."""

    name: str
    label: str
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()


def option_specs(transform: Transform) -> list[OptionSpec]:
    """The options that a transform describes; where it describes none, those that its examples use."""
    described = getattr(transform, "options", ())
    if isinstance(described, Mapping):
        described = [_described(name, one) for name, one in described.items()]
    if described:
        return [spec for one in described if (spec := _spec(one)).name not in TABLES]
    names = dict.fromkeys(name for _, options, _ in transform.examples for name in options)
    return [OptionSpec(name, _words(name)) for name in names if name not in TABLES]


def _described(name: str, one: Any) -> Any:
    return OptionSpec(name, _words(name), one) if isinstance(one, str) else one


def _spec(one: Any) -> OptionSpec:
    choices = getattr(one, "choices", ()) or ()
    pairs = tuple((str(c), str(c)) if isinstance(c, str) else (str(c[0]), str(c[1])) for c in choices)
    help_text = getattr(one, "help", "") or getattr(one, "doc", "")
    return OptionSpec(one.name, getattr(one, "label", "") or _words(one.name), str(help_text), pairs)


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
        self.specs = option_specs(self.turning) if self.turning else []
        for spec in self.specs:
            value = rule.options.get(spec.name, "") if chosen == here else ""
            self.fields[f"option_{spec.name}"] = _option_field(spec, value)

    @property
    def option_fields(self) -> Sequence[forms.BoundField]:
        """The options of the chosen transform, as bound fields."""
        return [self[f"option_{spec.name}"] for spec in self.specs]

    @property
    def wish(self) -> Wish:
        """What was asked for."""
        given = self.cleaned_data
        destination = given["destination"]
        options = {spec.name: given[f"option_{spec.name}"] for spec in self.specs}
        return Wish(
            destination="" if destination == NEW else destination,
            label=given["label"],
            type=FieldType(given["type"]) if given["type"] else None,
            transform=given["transform"],
            options=options if self.specs else None,
            on_error=OnError(given["on_error"] or OnError.KEEP_RAW),
        )


def _option_field(spec: OptionSpec, value: Any) -> forms.Field:
    kind = {"label": spec.label, "required": False, "help_text": spec.help, "initial": value}
    if spec.choices:
        return forms.ChoiceField(choices=[("", "(not set)"), *spec.choices], **kind)
    return forms.CharField(max_length=500, strip=False, **kind)


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
