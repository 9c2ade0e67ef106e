"""The field map: where each field goes, what will be made, and the signature that confirms it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from connectors.plans import FieldPlan, ObjectPlan
from mapping.rules import Action, MapSpec
from projects import gates, map_services, proposals
from projects.models import Project, Run
from projects.review import findings_of, targets_of
from projects.schema import schema_plan
from projects.views import map_panel
from projects.views.field_rows import NEEDS, TYPE_WORDS
from projects.views.gates import signing
from projects.views.map_relations import absent_owners, relation_rows
from projects.views.map_review import Asked, Review, panel_of, table_of, tabs_of
from projects.views.seat import Request, Seat, page, seat_of, systems_of, told, wants_part


@dataclass(frozen=True, slots=True)
class Made:
    """An object of the destination with what will be made in it."""

    object: str
    plan: ObjectPlan | None
    fields: tuple[tuple[FieldPlan, str], ...]


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


@require_GET
@vary_on_headers("HX-Request")
def field_map(request: Request, slug: str) -> HttpResponse:
    """The newest map, one tab per object type, one row per field."""
    seat = seat_of(request, slug)
    version = seat.project.map_series.latest()
    if version is None:
        return _nothing_yet(request, seat)
    review = Review(seat, version, Asked.of(request.GET))
    if wants_part(request) and review.owner is not None:
        return _panel(request, review)
    context = page(seat, version=version, review=review, **table_of(review))
    context["relations"] = relation_rows(review, review.owner) if review.owner else []
    if context["owner"] is not None and context["row"] is not None:
        context |= map_panel.at_work(review, context["row"], review.asked.do)
    context |= _around(seat, review, context["gates"])
    return render(request, "projects/map.html", context)


def _panel(request: Request, review: Review) -> HttpResponse:
    """The side panel alone, for a row that was chosen in the list."""
    owner = review.owner
    rows = review.stands[owner.source] if owner else []
    stand = next((one for one in rows if one.rule.source == review.asked.field), None)
    if owner is None or stand is None:
        return redirect(f"{reverse('map', args=[review.seat.project.slug])}?{review.asked.query()}")
    context = panel_of(review, owner, stand, review.asked.tab or NEEDS)
    context |= map_panel.at_work(review, context["row"], review.asked.do)
    context |= {"project": review.seat.project, "may": review.seat.mays, "is_asked": True, "row": context["row"]}
    return render(request, "projects/map_panel.html", {**context, **systems_of(review.seat.project)})


def _around(seat: Seat, review: Review, all_gates: list[gates.GateView]) -> dict[str, object]:
    """What stands around the table: the gate, what is wrong, what can be undone."""
    series = seat.project.map_series
    return {
        "gate": next(view for view in all_gates if view.gate == gates.MAP),
        "open_run": seat.project.runs.filter(state__in=Run.OPEN).exclude(kind=Run.Kind.DISCOVERY).first(),
        "problems": findings_of(seat.project, review.spec),
        "last_act": series.acts.filter(by=seat.user, undone=False).order_by("-pk").first(),
        "templates": map_services.templates_for(seat.user),
    }


def _nothing_yet(request: Request, seat: Seat) -> HttpResponse:
    discovered = seat.project.runs.filter(kind=Run.Kind.DISCOVERY, state=Run.State.SUCCEEDED).exists()
    templates = map_services.templates_for(seat.user)
    return render(request, "projects/map_empty.html", page(seat, discovered=discovered, templates=templates))


@require_GET
def confirm(request: Request, slug: str) -> HttpResponse:
    """What will be made, what stays behind, what is still open, and the signature over all of it."""
    seat = seat_of(request, slug)
    version = seat.project.map_series.latest()
    if version is None:
        return redirect("map", slug=slug)
    review = Review(seat, version)
    context = page(seat, version=version, tabs=[replace(tab, selected=False) for tab in tabs_of(review)])
    gate = next(view for view in context["gates"] if view.gate == gates.MAP)
    problems = findings_of(seat.project, review.spec)
    context |= {
        **signing(seat.project, gate),
        "made": made_by(review.spec),
        "left": _left(review),
        "triggers": _triggers(seat.project),
        "blocking": [one for one in problems if one.blocks],
        "warnings": [one for one in problems if not one.blocks],
        "waiting": sum(tab.waiting for tab in context["tabs"]) + review.waiting_objects + review.waiting_streams,
        "waiting_objects": review.waiting_objects,
        "waiting_streams": review.waiting_streams,
        "absent": absent_owners(review),
        "targets_read": targets_of(seat.project)[1],
        "streams": review.spec.activities,
    }
    return render(request, "projects/map_confirm.html", context)


def _triggers(project: Project) -> list[dict[str, str]]:
    known = project.connections.filter(side="destination").values_list("known", flat=True).first() or {}
    found: list[dict[str, str]] = known.get("triggers", [])
    return found


def _left(review: Review) -> list[tuple[str, str, list[str]]]:
    """What stays behind: whole object types, and the fields of those that move."""
    found: list[tuple[str, str, list[str]]]
    found = [(review.label(rule), rule.description, []) for rule in review.spec.objects if rule.action == Action.SKIP]
    for rule in review.live:
        fields = [field.source for field in rule.fields if field.action == Action.SKIP]
        if fields:
            found.append((review.label(rule), "", fields))
    return found


@require_POST
def propose(request: Request, slug: str) -> HttpResponse:
    """Has a map proposed from the newest discovery, with a template's decisions if one was chosen."""
    seat = seat_of(request, slug)
    with told(request):
        template = map_services.template_of(request.user, request.POST.get("template", ""))
        forget = bool(request.POST.get("forget"))
        version = proposals.propose(project=seat.project, by=request.user, template=template, forget=forget)
        taken = f" What “{template}” decides about fields of the same name was taken over." if template else ""
        messages.success(request, f"Map {version} is proposed.{taken} Look through it, then confirm it.")
    return redirect("map", slug=slug)
