"""Forms of what comes after production: rollback, audit, cutover, hypercare."""

from __future__ import annotations

from typing import Any

from django import forms

from projects.keeping_up import CHOICES
from projects.labels import labels_of
from projects.models import Integration, Project, Run
from projects.pipeline import phases
from projects.pipeline.scope import Scope

WHAT = (
    ("run", "A run, and all that came after it"),
    ("phase", "A phase, and what came after it"),
    ("object", "One object type, and what hangs on it"),
    ("field", "One field (object.field, as Twenty calls it)"),
    ("person", "One person (by the Customer.io key)"),
)


class RollbackForm(forms.Form):
    """What to take back."""

    what = forms.ChoiceField(label="Take back", choices=WHAT)
    which = forms.CharField(label="Which one", max_length=400)

    def __init__(self, project: Project, data: Any = None) -> None:
        super().__init__(data)
        runs = project.runs.filter(kind__in=[Run.Kind.PRODUCTION, Run.Kind.DELTA]).values_list("number", flat=True)
        listed = ", ".join(str(number) for number in sorted(runs)) or "none yet"
        names = ", ".join(phase.name for phase in phases.PHASES)
        latest, labels = project.map_series.latest(), labels_of(project)
        objects = [f"{rule.source} ({labels[rule.source]})" for rule in latest.spec.objects] if latest else []
        types = f" Object types: {', '.join(objects)}." if objects else ""
        self.fields["which"].help_text = f"Runs: {listed}. Phases: {names}.{types} A field: person.jobTitle."

    def scope(self) -> Scope:
        """The scope that was chosen."""
        what, which = self.cleaned_data["what"], self.cleaned_data["which"].strip()
        return Scope(run=int(which)) if what == "run" else Scope(**{what: which})

    def clean(self) -> dict[str, Any]:
        """A run is a number."""
        given = self.cleaned_data
        if given.get("what") == "run" and not str(given.get("which", "")).strip().isdigit():
            self.add_error("which", "A run is a number, as it stands on the page of runs.")
        return given


class ConfirmForm(forms.Form):
    """The project's name, typed, for what cannot be taken back by a click."""

    typed = forms.CharField(label="Type the name of the project", max_length=200)


class IntegrationForm(forms.Form):
    """Who looks after an integration, and what became of it."""

    name = forms.CharField(label="Integration", max_length=200)
    owner = forms.CharField(label="Who looks after it", max_length=200, required=False)
    state = forms.ChoiceField(label="State", choices=Integration.State.choices)


class FreezeForm(forms.Form):
    """From when on nobody writes to the source."""

    at = forms.DateTimeField(
        label="Nobody writes to Customer.io from",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="In UTC.",
    )


class KeepingUpForm(forms.Form):
    """How often deltas begin by themselves."""

    minutes = forms.TypedChoiceField(label="A delta begins", choices=tuple(CHOICES.items()), coerce=int)


class ConcernForm(forms.Form):
    """An issue on a record, or one field of it."""

    key = forms.CharField(label="Record (Customer.io key or e-mail address)", max_length=400)
    field = forms.CharField(label="Field, if it is about one", max_length=160, required=False)
    text = forms.CharField(label="What is wrong", widget=forms.Textarea(attrs={"rows": 3}), max_length=4000)


class RemarkForm(forms.Form):
    """An answer under an issue."""

    text = forms.CharField(label="Answer", widget=forms.Textarea(attrs={"rows": 2}), max_length=4000)
