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
    ("person", "One person (by Customer.io key or e-mail address)"),
)


class RollbackForm(forms.Form):
    """What to take back."""

    what = forms.ChoiceField(label="Take back", choices=WHAT)
    which = forms.CharField(label="Which one", max_length=400)

    def __init__(self, project: Project, data: Any = None) -> None:
        super().__init__(data)
        runs = project.runs.filter(kind__in=Run.MOVING).order_by("number")
        latest, labels = project.map_series.latest(), labels_of(project)
        rules = latest.spec.objects if latest else ()
        self._names = {
            "phase": {phase.label.casefold(): phase.name for phase in phases.PHASES},
            "object": {labels[rule.source].casefold(): rule.source for rule in rules},
        }
        offered = {
            "Runs": [f"{run.number} ({run.get_kind_display().lower()})" for run in runs] or ["none yet"],
            "Phases": [phase.label for phase in phases.PHASES],
            "Object types": [labels[rule.source] for rule in rules] or ["none yet"],
        }
        listed = " ".join(f"{what}: {', '.join(names)}." for what, names in offered.items())
        self.fields["which"].help_text = f"{listed} A field: person.jobTitle. A person: the key or the e-mail address."

    def scope(self) -> Scope:
        """The scope that was chosen; phases and object types go by their label too."""
        what, which = self.cleaned_data["what"], self.cleaned_data["which"].strip()
        name = self._names.get(what, {}).get(which.casefold(), which)
        return Scope(run=int(which)) if what == "run" else Scope(**{what: name})

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
    since = forms.DateTimeField(
        label="Since when",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="In UTC; left empty: now.",
    )


class FreezeForm(forms.Form):
    """From when on nobody writes to the source."""

    at = forms.DateTimeField(
        label="Nobody writes to Customer.io from",
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
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
