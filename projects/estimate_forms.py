"""The forms of the public estimator: numbers as people type them, and who wants to know."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from projects.estimator import QUESTIONS
from projects.forms import Form
from projects.grading import rules
from projects.quotes import form_token

SEPARATORS = re.compile(r"(?<=\d)[ ,'\u00a0\u202f](?=\d{3}(?:\D|$))")
"""What people put between thousands; a point is left out, it may be a decimal one."""


class CountField(forms.CharField):
    """A whole number of things; empty is none."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": "40"})

    def clean(self, value: Any) -> int:
        """The number, or a sentence about what was typed instead."""
        text = str(super().clean(value) or "").strip()
        if not text:
            return 0
        shown = text if len(text) <= 30 else f"{text[:30]}…"
        plain = SEPARATORS.sub("", text)
        if not re.fullmatch(r"[+-]?[0-9]+", plain, re.ASCII):
            raise forms.ValidationError(f"“{shown}” is not a whole number. Write digits only, like 12000.")
        if plain.startswith("-") and plain.strip("-0"):
            raise forms.ValidationError("There cannot be fewer than none. Write 0 or leave it empty.")
        most = int(rules()["limits"]["typed"])
        digits = plain.lstrip("+-").lstrip("0")
        if len(digits) > len(str(most)) or int(digits or 0) > most:
            raise forms.ValidationError(f"“{shown}” is more than any account holds. Is there a digit too many?")
        return int(digits or 0)


class CountsForm(Form):
    """How much there is of everything."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for question in QUESTIONS:
            self.fields[question.name] = CountField(label=question.label, help_text=question.help, required=False)

    def clean(self) -> dict[str, Any]:
        """At least one record, and no more people without an address than there are people."""
        data: dict[str, Any] = super().clean() or {}
        if self.errors:
            return data
        if not any(data[name] for name in ("people", "companies", "custom_records", "history")):
            raise forms.ValidationError("Say how many records there are: people at least.")
        if data["no_address"] > data["people"]:
            self.add_error("no_address", f"There are only {data['people']:,} people.")
        return data


class DoorForm(Form):
    """A form that people without an account may send: a signed token, and a field that only machines fill in."""

    token = forms.CharField(widget=forms.HiddenInput, max_length=400)
    website = forms.CharField(
        label="Leave this empty",
        required=False,
        widget=forms.TextInput(attrs={"tabindex": "-1", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["token"].initial = form_token
        for name, complete in (("name", "name"), ("email", "email"), ("company", "organization"), ("phone", "tel")):
            if name in self.fields:
                self.fields[name].widget.attrs["autocomplete"] = complete
        self.order_fields([*(name for name in self.fields if name not in ("website", "token")), "website", "token"])

    @property
    def is_machine(self) -> bool:
        """Whether the field that nobody sees was filled in."""
        return bool(self.data.get("website"))


class QuoteForm(DoorForm):
    """For whom the quote is written."""

    name = forms.CharField(label="Your name", max_length=200)
    email = forms.EmailField(label="E-mail address")
    company = forms.CharField(label="Company (optional)", max_length=200, required=False)


class CallForm(DoorForm):
    """Who is to be called."""

    name = forms.CharField(label="Your name", max_length=200)
    email = forms.EmailField(label="E-mail address")
    phone = forms.CharField(label="Telephone (optional)", max_length=60, required=False)
    message = forms.CharField(
        label="What should we know? (optional)",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
