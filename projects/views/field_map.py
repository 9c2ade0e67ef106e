"""The field map: where each field goes, what will be made, and the signature that confirms it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from connectors.contract import FieldPlan, ObjectPlan
from mapping.profile import FieldProfile
from mapping.rules import Action, MapSpec, ObjectRule
from projects import gates, proposals, services
from projects.forms import ChangeForm
from projects.models import Project, Run
from projects.schema import schema_plan
from projects.views import map_changes
from projects.views.field_rows import TYPE_WORDS, FieldRow, field_row, hardest
from projects.views.gates import signing
from projects.views.seat import Request, Seat, page, seat_of, systems_of, told, wants_part

SHOWS = (("all", "All"), ("check", "Look at these"), ("sure", "Sure"), ("left", "Left behind"))


@dataclass(frozen=True, slots=True)
class Tab:
    """One object type of the map."""

    rule: ObjectRule
    label: str
    goes_to: str
    fields: int
    selected: bool


@dataclass(frozen=True, slots=True)
class Made:
    """An object of the destination with what will be made in it."""

    object: str
    plan: ObjectPlan | None
    fields: tuple[tuple[FieldPlan, str], ...]


def _labels(project: Project) -> dict[str, str]:
    labels = dict(project.profiles.order_by("run_id").values_list("object", "label_plural"))
    return labels | {"person": labels.get("person", "People")}


def _tabs(spec: MapSpec, labels: dict[str, str], selected: str) -> list[Tab]:
    return [
        Tab(
            rule=rule,
            label=labels.get(rule.source, rule.label or rule.source),
            goes_to=rule.label or rule.destination,
            fields=sum(field.action != Action.SKIP for field in rule.fields),
            selected=rule.source == selected,
        )
        for rule in spec.objects
        if rule.action != Action.SKIP
    ]


def made_by(spec: MapSpec) -> list[Made]:
    """Everything the map needs that is not the destination's own, object by object."""
    plan = schema_plan(spec)
    objects = {made.name: made for made in plan.objects}
    names = dict.fromkeys([*objects, *(field.object for field in plan.fields)])
    return [
        Made(
            name,
            objects.get(name),
            tuple((field, TYPE_WORDS.get(field.type, "")) for field in plan.fields if field.object == name),
        )
        for name in names
    ]


def _profiles(project: Project, object: str) -> dict[str, FieldProfile]:
    """The newest finished statistics of one object type, by field."""
    found = project.profiles.filter(object=object, run__state=Run.State.SUCCEEDED).order_by("-run_id").first()
    return {field.name: field for field in found.statistics.field_profiles()} if found else {}


def _table(request: Request, project: Project, spec: MapSpec, labels: dict[str, str]) -> dict[str, Any]:
    """The tab, the rows and the side panel of one object type."""
    live = [rule for rule in spec.objects if rule.action != Action.SKIP]
    owner = next((rule for rule in live if rule.source == request.GET.get("object")), live[0] if live else None)
    if owner is None:
        return {"tabs": [], "owner": None}
    known = _profiles(project, owner.source)
    rows = [field_row(owner, rule, known.get(rule.source)) for rule in owner.fields]
    show = request.GET.get("show", "all")
    asked = request.GET.get("field", "")
    listed = [row for row in rows if show in ("all", row.group)]
    selected = next((row for row in rows if row.rule.source == asked), None) or _default(listed)
    return {
        "owner": owner,
        "tabs": _tabs(spec, labels, owner.source),
        "label": labels.get(owner.source, owner.label or owner.source),
        "rows": listed,
        "show": show,
        "shows": [(name, label, sum(name in ("all", row.group) for row in rows)) for name, label in SHOWS],
        "selected": selected,
        "asked": bool(asked),
        "profile": known.get(selected.rule.source) if selected else None,
        "turned": hardest(selected.rule, known.get(selected.rule.source)) if selected else (),
    }


def _default(rows: list[FieldRow]) -> FieldRow | None:
    """What the side panel shows unasked: the first row that wants a look."""
    return next((row for row in rows if row.group == "check"), rows[0] if rows else None)


@require_GET
@vary_on_headers("HX-Request")
def field_map(request: Request, slug: str) -> HttpResponse:
    """The newest map, one tab per object type."""
    seat = seat_of(request, slug)
    version = seat.project.map_series.latest()
    if version is None:
        return _nothing_yet(request, seat)
    spec = version.spec
    labels = _labels(seat.project)
    table = _table(request, seat.project, spec, labels)
    if wants_part(request):
        context = {"project": seat.project, "may": seat.mays, "version": version, **systems_of(seat.project), **table}
        return render(request, "projects/map.html#object", context)
    context = page(seat, version=version, **table)
    gate = next(view for view in context["gates"] if view.gate == gates.MAP)
    known = seat.project.connections.filter(side="destination").values_list("known", flat=True).first() or {}
    left = [(labels.get(rule.source, rule.source), rule) for rule in spec.objects if rule.action == Action.SKIP]
    context |= {
        **signing(seat.project, gate),
        "made": made_by(spec),
        "left": left,
        "triggers": known.get("triggers", []),
        "open_run": seat.project.runs.filter(state__in=Run.OPEN).exclude(kind=Run.Kind.DISCOVERY).first(),
    }
    return render(request, "projects/map.html", context)


def _nothing_yet(request: Request, seat: Seat) -> HttpResponse:
    discovered = seat.project.runs.filter(kind=Run.Kind.DISCOVERY, state=Run.State.SUCCEEDED).exists()
    return render(request, "projects/map_empty.html", page(seat, discovered=discovered))


@require_POST
def propose(request: Request, slug: str) -> HttpResponse:
    """Has a map proposed from the newest discovery."""
    seat = seat_of(request, slug)
    with told(request):
        version = proposals.propose(project=seat.project, by=request.user)
        messages.success(request, f"Map {version} is proposed. Look through it, then confirm it.")
    return redirect("map", slug=slug)


@require_POST
def change(request: Request, slug: str) -> HttpResponse:
    """Leaves one field behind, or takes it again: stored as the next version of the map."""
    seat = seat_of(request, slug)
    form = ChangeForm(request.POST)
    series = seat.project.map_series
    version = series.latest()
    if not form.is_valid() or version is None:
        messages.error(request, "That change could not be read. Nothing was changed.")
        return redirect("map", slug=slug)
    object, field, to = (form.cleaned_data[name] for name in ("object", "field", "to"))
    with told(request):
        if to == "leave":
            spec, note = map_changes.leave(version.spec, object, field, str(request.user)), f"left {field} behind"
        else:
            earlier = (older.spec for older in series.versions.order_by("-number").iterator())
            spec, note = (
                map_changes.take(version.spec, object, field, str(request.user), earlier),
                f"took {field} again",
            )
        was_signed = gates.is_signed(seat.project, gates.MAP)
        changed = services.save_map(project=seat.project, spec=spec, by=request.user, note=note[:200])
        void = " The signature under the former map is void." if was_signed and changed.pk != version.pk else ""
        messages.success(request, f"This is map v{changed.number} now: {note}.{void}")
    query = urlencode({"object": object, "field": field})
    return redirect(f"{reverse('map', args=[slug])}?{query}")
