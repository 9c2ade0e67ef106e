"""The side panel at work: the picker of a new place, the preview of its values, the options of a select field."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from connectors.catalogue import FieldType, ObjectType
from connectors.naming import Naming
from mapping import retarget
from mapping.checks import unmapped_values
from mapping.choices import counted
from mapping.masking import shape_of
from mapping.matcher import Fit
from mapping.parts import Row, is_locked, with_part
from mapping.profile import FieldProfile
from mapping.rules import Action, Choice, FieldRule, MapSpec, ObjectRule
from projects import map_services
from projects.map_forms import NEW, TargetForm
from projects.map_services import Done
from projects.permissions import Can
from projects.review import naming_of, targets_of
from projects.services import Refused
from projects.views import map_changes
from projects.views.field_rows import TYPE_WORDS, FieldRow, hardest, place_of
from projects.views.map_review import Asked, Review
from projects.views.map_swap import answer
from projects.views.seat import Request, Seat, page, seat_of, told, wants_part

LEAVE = "-"
"""In the drawer: the value gets no option."""

CREATE = "+"
"""In the drawer: the value gets an option of its own."""


def at_work(review: Review, row: FieldRow, do: str) -> dict[str, Any]:
    """What the panel needs besides, when it is changing something."""
    if not review.seat.may(Can.EDIT_MAP) or do not in ("change", "values") or review.owner is None:
        return {"do": ""}
    if do == "values":
        return {"do": do, **_drawer(review, review.owner, row.rule)}
    form = TargetForm(rule=row.rule)
    return {"do": do, **picker(review, review.owner, row.rule, form, form.initial["destination"])}


def picker(review: Review, owner: ObjectRule, rule: FieldRule, form: TargetForm, chosen: str) -> dict[str, Any]:
    """The two lists of places, those that fit first, and the name that a new field would get."""
    project = review.seat.project
    targets, read_at = targets_of(project)
    target = retarget.target_object(owner, targets.object(owner.destination))
    found = retarget.places(owner, rule, target, _profile(review, owner, rule), project.default_country)
    if (
        rule.destination
        and rule.action != Action.SKIP
        and not any(one.destination == rule.destination for one in found)
    ):
        made = retarget.Target(rule.destination, rule.label or rule.field, rule.destination.partition(".")[2],
                               rule.type or FieldType.TEXT, 1.0, "")  # fmt: skip
        found.insert(0, made)
    entries = [(one, place_words(one), TYPE_WORDS.get(one.type, ""), one.destination == chosen) for one in found]
    return {
        "form": form,
        "chosen": chosen,
        "new": NEW,
        "fitting": [entry for entry in entries if entry[0].fits],
        "losing": [(one, words, kind, on, _loss(one, review.masked)) for one, words, kind, on in entries
                   if not one.fits],
        "targets_read": read_at,
        "api_name": _api_name(review, owner, rule, target, str(form["label"].value() or "")),
    }  # fmt: skip


def _loss(place: retarget.Target, masked: bool) -> str:
    return place.loses.partition(", such as")[0] if masked else place.loses


def place_words(place: retarget.Target) -> str:
    """A place as people read it: `Phones › number`."""
    rule = FieldRule(source="", action=Action.MAP, destination=place.destination, label=place.label)
    name, part = place_of(rule)
    if not part and place.type in retarget.WHOLE:
        return f"{name}, split into its parts"
    return f"{name} › {part}" if part else name


def _api_name(review: Review, owner: ObjectRule, rule: FieldRule, target: ObjectType, label: str) -> str:
    naming = naming_of(review.seat.project)
    if naming is None:
        return ""
    return naming.field(label or rule.source, retarget.names_taken(owner, target, rule))


def _profile(review: Review, owner: ObjectRule, rule: FieldRule) -> FieldProfile:
    found = review.profiles(owner).get(rule.source)
    return found if found is not None else FieldProfile.of_values(rule.source, ())


def _reviewed(seat: Seat, asked: Asked) -> tuple[Review, ObjectRule, FieldRule]:
    """The row that a form is about."""
    version = seat.project.map_series.latest()
    if version is None:
        raise Http404
    review = Review(seat, version, asked)
    owner, rule = map_changes.find(review.spec, Row(asked.object, asked.field or ""))
    return review, owner, rule


def _wished(review: Review, owner: ObjectRule, rule: FieldRule, form: TargetForm) -> FieldRule:
    """The rule that the form asks for; refuses what cannot be."""
    project = review.seat.project
    naming = naming_of(project)
    if naming is None:
        raise Refused("Connect the destination first: its rules for names are needed.")
    targets, _ = targets_of(project)
    target = retarget.target_object(owner, targets.object(owner.destination))
    profile = _profile(review, owner, rule)
    try:
        return retarget.retarget(owner, rule, target, profile, naming, form.wish, project.default_country)
    except retarget.Impossible as error:
        raise Refused(str(error)) from error


@require_POST
def target(request: Request, slug: str) -> HttpResponse:
    """Sends a field somewhere else, as the form (or one of the alternatives) says."""
    seat = seat_of(request, slug)
    asked = Asked.of(request.POST)
    done: Done | None = None
    with told(request):
        review, owner, rule = _reviewed(seat, asked)
        form = TargetForm(request.POST, rule=rule)
        if not form.is_valid():
            raise Refused(f"That place could not be read: {_errors(form)} Nothing was changed.")
        if is_locked(owner, rule) and form.wish.destination != rule.destination:
            raise Refused(f"“{rule.source}” stays where it is: by it we recognise the record.")
        row = Row(asked.object, rule.source)
        changed = _wished(review, owner, rule, form).model_copy(update={"decided_by": str(request.user)})
        name, part = place_of(changed)
        done = map_services.decide(
            project=seat.project,
            by=request.user,
            note=f"sent {rule.source} to {name}{f' › {part}' if part else ''}",
            rows=[row],
            change=lambda spec: _put(spec, row, rule, changed),
        )
    return answer(request, seat, asked, done)


def _put(spec: MapSpec, row: Row, seen: FieldRule, changed: FieldRule) -> MapSpec:
    _, now = map_changes.find(spec, row)
    if now != seen:
        raise Refused(f"“{row.source}” was changed by somebody else meanwhile: look at it again.")
    return with_part(spec, row, changed)


def _errors(form: TargetForm) -> str:
    return " ".join(f"{name}: {error}" for name, errors in form.errors.items() for error in errors)


@require_POST
def preview(request: Request, slug: str) -> HttpResponse:
    """What the values would become, before anything is stored; also the options of the chosen transform."""
    seat = seat_of(request, slug)
    asked = Asked.of(request.POST)
    context: dict[str, Any] = {"live": True, "turned": ()}
    try:
        review, owner, rule = _reviewed(seat, asked)
        form = TargetForm(request.POST, rule=rule)
        context["form"] = form
        if not form.is_valid():
            raise Refused(_errors(form))
        changed = _wished(review, owner, rule, form)
        turned = hardest(changed, review.profiles(owner).get(rule.source), masked=review.masked)
        context |= {"changed": changed, "turned": turned}
    except Refused as error:
        context["problem"] = str(error)
    if wants_part(request):
        return render(request, "projects/map_preview.html", context)
    context |= {"form": None, "back": asked.query(field=asked.field), "field": asked.field}
    return render(request, "projects/map_previewed.html", page(seat, **context))


def _drawer(review: Review, owner: ObjectRule, rule: FieldRule) -> dict[str, Any]:
    """Every value of a select field with its count and its option; those without one first."""
    profile = _profile(review, owner, rule)
    counts = counted(rule, profile)
    unmapped = unmapped_values(rule, profile)
    options = _options(review, owner, rule).items()
    rows = [(None if review.masked else text, shape_of(text), count, "") for text, count in unmapped]
    rows += [(choice.source, choice.source, counts.get(choice.source, 0), choice.value) for choice in rule.choices]
    return {
        "values": rows,
        "choices": list(options),
        "unmapped": sum(count for _, count in unmapped),
        "unmapped_values": len(unmapped),
        "create": CREATE,
        "none": LEAVE,
    }


def _options(review: Review, owner: ObjectRule, rule: FieldRule) -> dict[str, str]:
    """Value → label of every option that there is to choose: those of the rule, and those the field has in Twenty."""
    targets, _ = targets_of(review.seat.project)
    standing = retarget.target_object(owner, targets.object(owner.destination)).field(rule.field)
    found = {choice.value: choice.label for choice in rule.choices}
    for option in standing.options if standing else ():
        found.setdefault(option.value, option.label)
    return found


@require_POST
def values(request: Request, slug: str) -> HttpResponse:
    """Says which option each value of a select field becomes."""
    seat = seat_of(request, slug)
    asked = Asked.of(request.POST)
    done: Done | None = None
    with told(request):
        review, owner, rule = _reviewed(seat, asked)
        naming = naming_of(seat.project)
        if naming is None:
            raise Refused("Connect the destination first: its rules for names are needed.")
        choices = _chosen(request, _options(review, owner, rule), naming)
        if not choices:
            raise Refused("At least one value needs an option. To take none of them along, leave the field behind.")
        row = Row(asked.object, rule.source)
        changed = rule.model_copy(update={"choices": choices, "decided_by": str(request.user)})
        changed = _with_room(review, owner, changed, naming)
        done = map_services.decide(
            project=seat.project,
            by=request.user,
            note=f"matched the values of {rule.source}",
            rows=[row],
            change=lambda spec: _put(spec, row, rule, changed),
        )
    if done is None:
        messages.info(request, "Nothing was changed.")
    return answer(request, seat, asked, done)


def _chosen(request: Request, labels: dict[str, str], naming: Naming) -> tuple[Choice, ...]:
    """The options as the drawer sends them: pairs of a value and what becomes of it."""
    made: tuple[Choice, ...] = ()
    fresh: list[str] = []
    for text, to in zip(request.POST.getlist("value"), request.POST.getlist("option"), strict=False):
        if to == CREATE:
            fresh.append(text)
        elif to in labels:
            made = (*made, Choice(source=text, value=to, label=labels[to]))
    return retarget.new_choices(fresh, made, naming)


def _with_room(review: Review, owner: ObjectRule, rule: FieldRule, naming: Naming) -> FieldRule:
    """The rule with the text field beside it, if a value is left without an option."""
    profile = _profile(review, owner, rule)
    targets, _ = targets_of(review.seat.project)
    target = retarget.target_object(owner, targets.object(owner.destination))
    misfits = tuple(text for text, _ in unmapped_values(rule, profile))
    fit = Fit(1.0, misfits, rule.transform)
    return retarget.with_companion(owner, rule, target, naming, fit)
