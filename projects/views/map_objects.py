"""Which object type lands where, and what the events count as: shown, accepted, changed, left behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from connectors.catalogue import Catalogue, ObjectType
from mapping.checks import moved_fields
from mapping.fixed import NEW_OBJECT
from mapping.models import RowDecision
from mapping.parts import Row, part_digest, with_part
from mapping.retarget import resettled
from mapping.rules import Action, ActivityRule, MapSpec, ObjectRule
from projects import gates, map_services
from projects.map_forms import NEW, ObjectForm, StreamForm
from projects.map_services import Change, Done
from projects.models import Project
from projects.pipeline.phases import COMPANY, PERSON
from projects.review import Known, is_link, known_of, naming_of, targets_of
from projects.services import Refused
from projects.views import map_changes
from projects.views.map_review import Review, tabs_of
from projects.views.map_swap import sentence_of
from projects.views.seat import Request, Seat, page, seat_of, told

NOWHERE = "-"


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One object type: how many there are, where they land, who decided it."""

    rule: ObjectRule
    label: str
    count: int
    lands: str
    fields: int
    decided: str
    locked: str
    comments: int


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One stream of happenings: what it counts as, where it lands, who decided it."""

    rule: ActivityRule
    number: int
    name: str
    count: int | None
    sure: str
    tone: str
    decided: str
    form: StreamForm


def _decider(decision: RowDecision | None, digest: str, decided_by: str) -> str:
    if decision is not None and decision.digest == digest:
        return str(decision.by) if decision.by else "somebody"
    return decided_by if decided_by != "Carryover" else ""


def _head(seat: Seat, review: Review, **more: Any) -> dict[str, Any]:
    """What every page of the map shows above its content."""
    context = page(seat, version=review.version, review=review, tabs=tabs_of(review), **more)
    context["gate"] = next(view for view in context["gates"] if view.gate == gates.MAP)
    context["last_act"] = seat.project.map_series.acts.filter(by=seat.user, undone=False).order_by("-pk").first()
    return context


def _review(request: Request, slug: str) -> Review | None:
    seat = seat_of(request, slug)
    version = seat.project.map_series.latest()
    return Review(seat, version) if version else None


@require_GET
def objects(request: Request, slug: str) -> HttpResponse:
    """Every object type of the source with where it lands."""
    review = _review(request, slug)
    if review is None:
        return redirect("map", slug=slug)
    targets, _ = targets_of(review.seat.project)
    rows = [_object_row(review, rule) for rule in review.spec.objects]
    context = _head(review.seat, review, rows=rows, places=_places(targets), new=NEW, nowhere=NOWHERE)
    return render(request, "projects/map_objects.html", context)


def _places(targets: Catalogue) -> list[ObjectType]:
    """The destination's objects that records can be sent to."""
    helpers = ("Target", "Member", "timelineActivity", "attachment", "messageList", "messageCampaign")
    return [one for one in targets.objects if one.enabled and not one.name.endswith(helpers[:2])
            and one.name not in helpers[2:]]  # fmt: skip


def _object_row(review: Review, rule: ObjectRule) -> ObjectRow:
    known: Known | None = review.known.get(rule.source)
    decision = review.decisions.get((rule.source, ""))
    return ObjectRow(
        rule=rule,
        label=review.label(rule),
        count=known.count if known else 0,
        lands="" if rule.action == Action.SKIP else rule.label_plural or rule.label or rule.destination,
        fields=len(moved_fields(rule)),
        decided=_decider(decision, part_digest(rule), rule.decided_by),
        locked=_locked(rule, known),
        comments=review.comments.get((rule.source, ""), 0),
    )


def _locked(rule: ObjectRule, known: Known | None) -> str:
    """Why nobody chooses where an object type lands."""
    if rule.source == PERSON:
        return "People always land on people."
    return "It follows what it belongs to." if is_link(known) else ""


@require_POST
def change(request: Request, slug: str) -> HttpResponse:
    """Sends an object type somewhere else, or accepts where it goes."""
    seat = seat_of(request, slug)
    with told(request):
        form = ObjectForm(request.POST)
        if not form.is_valid():
            raise Refused("That change could not be read. Nothing was changed.")
        source, to = form.cleaned_data["object"], form.cleaned_data["destination"]
        work, note = _sending(seat.project, source, form.cleaned_data, to, str(request.user))
        done = map_services.decide(project=seat.project, by=request.user, note=note, rows=[Row(source)], change=work)
        _say(request, done)
    return redirect("map-objects", slug=slug)


def _say(request: Request, done: Done) -> None:
    (messages.warning if done.voided else messages.success)(request, sentence_of(done))


def _sending(project: Project, source: str, given: dict[str, str], to: str, by: str) -> tuple[Change, str]:
    """The change that a form asks for, and its note."""

    def work(spec: MapSpec) -> MapSpec:
        rule = map_changes.find_object(spec, source)
        if not to or to == _standing(rule):
            return spec
        if source == PERSON:
            raise Refused("People always land on people: everything else hangs on them.")
        return with_part(spec, Row(source), _sent(project, spec, rule, given, to, by))

    words = {"": f"accepted where {source} goes", NOWHERE: f"left {source} behind", NEW: f"made {source} a new object"}
    return work, words.get(to, f"sent {source} to {to}")


def _standing(rule: ObjectRule) -> str:
    return NOWHERE if rule.action == Action.SKIP else NEW if rule.create else rule.destination


def _sent(project: Project, spec: MapSpec, rule: ObjectRule, given: dict[str, str], to: str, by: str) -> ObjectRule:
    """The rule of an object type that goes somewhere else; its fields keep the places that are there too."""
    if to == NOWHERE:
        return rule.model_copy(update={"action": Action.SKIP, "create": False, "decided_by": by})
    targets, _ = targets_of(project)
    if to == NEW:
        made = rule.model_copy(update=_new_names(project, spec, rule, given, targets) | {"decided_by": by})
        return _resettled(project, made, NEW_OBJECT)
    target = targets.object(to)
    if target is None:
        raise Refused(f"The destination has no object “{to}”: choose one from the list.")
    sent = rule.model_copy(update={
        "action": Action.MAP, "create": False, "destination": to, "plural": "", "label": target.label,
        "label_plural": target.label_plural, "match_on": _match(rule, target), "hold_without_match": False,
        "decided_by": by,
    })  # fmt: skip
    return _resettled(project, sent, target)


def _resettled(project: Project, rule: ObjectRule, target: ObjectType) -> ObjectRule:
    """The rule with its fields in places that the object has."""
    naming, known = naming_of(project), known_of(project).get(rule.source)
    if naming is None:
        raise Refused("Connect the destination first: its rules for names are needed.")
    return resettled(rule, target, known.fields if known else {}, naming, project.default_country)


def _match(rule: ObjectRule, target: ObjectType) -> str:
    """The field by which a record is found again: a company's domain, else the field that is made for our id."""
    key = "domainName.primaryLinkUrl"
    if target.name == COMPANY and any(field.destination == key for field in rule.fields):
        return key
    return next((field.destination for field in rule.fields if field.unique), "")


def _new_names(
    project: Project, spec: MapSpec, rule: ObjectRule, given: dict[str, str], targets: Catalogue
) -> dict[str, Any]:
    naming = naming_of(project)
    label = given["label"].strip() or rule.label
    if naming is None or not label:
        raise Refused("A new object needs a label.")
    plural = given["label_plural"].strip() or rule.label_plural or f"{label}s"
    taken = {name for one in targets.objects for name in (one.name, one.plural)}
    taken |= {name for one in spec.objects if one is not rule and one.create for name in (one.destination, one.plural)}
    name, plural_name = naming.object(label, plural, taken - {""})
    return {
        "action": Action.CREATE, "create": True, "destination": name, "plural": plural_name, "label": label,
        "label_plural": plural, "match_on": next((field.destination for field in rule.fields if field.unique), ""),
        "description": rule.description or f"Customer.io object type {label}",
    }  # fmt: skip


@require_GET
def events(request: Request, slug: str) -> HttpResponse:
    """Every stream of happenings with what it counts as and where it lands."""
    review = _review(request, slug)
    if review is None:
        return redirect("map", slug=slug)
    rows = [_stream_row(review, number, rule) for number, rule in enumerate(review.spec.activities)]
    context = _head(review.seat, review, rows=rows, has_streams=True)
    return render(request, "projects/map_events.html", context)


def _stream_row(review: Review, number: int, rule: ActivityRule) -> StreamRow:
    digest = part_digest(rule)
    decided = _decider(review.decisions.get(("", rule.key)), digest, rule.decided_by)
    known = review.known.get(rule.source)
    sure, tone = ("Decided", "ok") if decided else ("Sure", "ok") if rule.confidence >= 0.85 else ("Check", "wait")
    if rule.action == Action.SKIP and decided:
        sure, tone = "Left behind", "mute"
    form = StreamForm(initial={"key": rule.key, "kind": rule.kind, "home": rule.home}, auto_id=f"stream_{number}_%s")
    label = rule.name or (known.label_plural if known else rule.source)
    name = f"{label} where {rule.where} is {rule.equals}" if rule.where else label
    return StreamRow(rule, number, name, known.count if known and not rule.name else None, sure, tone, decided, form)


@require_POST
def change_event(request: Request, slug: str) -> HttpResponse:
    """Says what a stream counts as and where it lands, accepts it, or leaves it behind."""
    seat = seat_of(request, slug)
    with told(request):
        form = StreamForm(request.POST)
        if not form.is_valid():
            raise Refused("That change could not be read. Nothing was changed.")
        given = form.cleaned_data
        key, to = given["key"], given["to"]

        def work(spec: MapSpec) -> MapSpec:
            rule = map_changes.find_stream(spec, key)
            if to == "accept":
                return spec
            if to == "leave":
                update: dict[str, Any] = {"action": Action.SKIP}
            else:
                update = {"action": Action.MAP, "kind": given["kind"] or rule.kind, "home": given["home"] or rule.home}
            changed = ActivityRule.model_validate(rule.model_dump() | update | {"decided_by": str(request.user)})
            return with_part(spec, Row("", key), changed)

        note = {"accept": f"accepted {key}", "leave": f"left {key} behind"}.get(to, f"changed {key}")
        done = map_services.decide(project=seat.project, by=request.user, note=note, rows=[Row("", key)], change=work)
        _say(request, done)
    return redirect("map-events", slug=slug)
