"""Forms. The one for a connection is made from the connector's declaration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import phonenumbers
from django import forms
from django.contrib.auth.forms import AuthenticationForm
from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from connectors.contract import Connector
from projects.models import Connection, Membership, User

ANOTHER = "another"
"""The choice of an address that is not one of the vendor's own."""


class Form(forms.Form):
    """A form whose labels stand above their fields, so that they need no colon."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})


class LoginForm(AuthenticationForm):
    """E-mail address and password."""

    def __init__(self, request: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **{"label_suffix": "", **kwargs})
        self.fields["username"].widget = forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
        self.fields["username"].label = "E-mail address"


class AcceptForm(Form):
    """The invited person's name, asked of those who have no account yet."""

    name = forms.CharField(label="Your name", max_length=200, help_text="It stands under what you sign.", strip=True)

    def __init__(self, *args: Any, known: User | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        if known is not None and known.name:
            del self.fields["name"]


class ProjectForm(Form):
    """A new project."""

    name = forms.CharField(label="Name", max_length=200, help_text="The company that moves, for example.")
    default_country = forms.CharField(
        label="Country",
        max_length=2,
        min_length=2,
        initial="US",
        help_text="Two letters (US, GB, DE …): where telephone numbers without a country code are from.",
    )

    def clean_default_country(self) -> str:
        """A country that telephone numbers can be read for."""
        code = str(self.cleaned_data["default_country"]).upper()
        if code not in phonenumbers.SUPPORTED_REGIONS:
            raise forms.ValidationError(f"“{code}” is no country code. Germany is DE, the United Kingdom GB.")
        return code


class InviteForm(Form):
    """Whom to invite, as what."""

    email = forms.EmailField(label="E-mail address")
    role = forms.ChoiceField(label="As", choices=Membership.Role.choices)


class SignForm(Form):
    """A signature: the typed name over the digest of what the page showed."""

    digest = forms.CharField(widget=forms.HiddenInput)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(label="Type your name to sign", max_length=200)
    note = forms.CharField(
        label="Note (optional)", required=False, widget=forms.Textarea(attrs={"rows": 2}), max_length=2000
    )

    def __init__(self, *args: Any, explains: bool = False, **kwargs: Any) -> None:
        """`explains`: something is open or differs, and the signer has to say why that is accepted."""
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        if explains:
            self.fields["note"].required = True
            self.fields["note"].label = "Why you accept what differs"


class ReasonForm(Form):
    """Why: for a rejection, a pause or a cancellation."""

    why = forms.CharField(label="Why", max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class SandboxForm(Form):
    """How many records of each object type the sandbox run takes."""

    sample_size = forms.IntegerField(label="Records of each kind", min_value=10, max_value=1000, initial=100)


class ConnectionForm(Form):
    """How one side is reached: address and credentials as the connector declares them.

    A stored key is never sent to the page; an empty field keeps it, unless the address changes: a key
    must not follow to a host it was not given for.
    """

    def __init__(self, data: Any = None, *, side: str, declaration: Connector, stored: Connection | None) -> None:
        super().__init__(data, auto_id=f"id_{side}_%s")
        self.declaration = declaration
        self.stored = stored if stored and stored.connector == declaration.slug else None
        self._add_address(self.stored.base_url if self.stored else declaration.default_url)
        for name, info in declaration.credentials.model_fields.items():
            self.fields[name] = self._credential(name, info)
        self.fields["requests_per_minute"] = forms.IntegerField(
            label="Requests a minute (optional)",
            required=False,
            min_value=1,
            max_value=6000,
            initial=self.stored.requests_per_minute if self.stored else None,
            help_text="Only if you know a limit other than the vendor's usual one.",
        )

    def _add_address(self, here: str) -> None:
        hosts = self.declaration.hosts
        listed = here in hosts.values()
        if hosts:
            choices = [(url, f"{region} ({url.removeprefix('https://')})") for region, url in hosts.items()]
            self.fields["host"] = forms.ChoiceField(
                label="Where your account is",
                choices=[*choices, (ANOTHER, "Another address")],
                widget=forms.RadioSelect,
                initial=here if listed else ANOTHER,
            )
        self.fields["base_url"] = forms.CharField(
            label="Another address" if hosts else "Address",
            required=not hosts,
            max_length=400,
            initial="" if listed else here,
            widget=forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://", "autocomplete": "off"}),
        )

    def _credential(self, name: str, info: FieldInfo) -> forms.Field:
        kept = bool(self.stored and self.stored.secrets.get(name))
        secret = info.annotation is SecretStr or SecretStr in get_args(info.annotation)
        widget = forms.PasswordInput(render_value=False) if secret else forms.TextInput()
        widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
        note = "A key is stored. Leave this empty to keep it." if kept and secret else ""
        initial = self.stored.secrets.get(name, "") if self.stored and not secret else None
        return forms.CharField(
            label=info.title or name.replace("_", " ").capitalize(),
            help_text=" ".join(text for text in (note, info.description or "") if text),
            required=info.is_required() and not kept,
            widget=widget,
            initial=initial,
        )

    @property
    def url(self) -> str:
        """The address that was chosen or typed."""
        host = self.cleaned_data.get("host", ANOTHER)
        return str(self.cleaned_data.get("base_url", "") if host == ANOTHER else host).strip().rstrip("/")

    @property
    def credentials(self) -> dict[str, str]:
        """What was typed; empty where the stored key stays."""
        return {name: self.cleaned_data.get(name) or "" for name in self.declaration.credentials.model_fields}

    def clean(self) -> dict[str, Any]:
        """The address and the credentials together."""
        if not self.url:
            self.add_error("base_url", "Type the address.")
        stays = self.stored is not None and self.stored.base_url == self.url
        kept: Mapping[str, str] = self.stored.secrets if self.stored and stays else {}
        given = {**kept, **{name: value for name, value in self.credentials.items() if value}}
        for name, info in self.declaration.credentials.model_fields.items():
            if info.is_required() and name not in given and not self.errors.get(name):
                self.add_error(name, "The address changed: enter the key again, it does not follow by itself.")
        if not self.errors:
            self._validate(given)
        return self.cleaned_data

    def _validate(self, given: Mapping[str, str]) -> None:
        try:
            self.declaration.credentials.model_validate(dict(given))
        except ValidationError as error:
            for problem in error.errors(include_input=False, include_context=False, include_url=False):
                name = str(problem["loc"][0]) if problem["loc"] else ""
                self.add_error(name if name in self.fields else None, str(problem["msg"]))
