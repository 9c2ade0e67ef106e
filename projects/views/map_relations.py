"""Relations of an object type: what an attribute points to, shown with the proof, accepted, renamed, left behind."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from mapping.masking import shape_of, without_quotes
from mapping.parts import Row, relation_row, with_part
from mapping.relations import MEMBER, renamed
from mapping.rules import Action, MapSpec, ObjectRule, RelationRule
from projects import map_services
from projects.map_forms import RelationForm
from projects.models import Project
from projects.review import naming_of, targets_of
from projects.services import Refused
from projects.views import map_changes
from projects.views.field_rows import how_sure
from projects.views.map_actions import back_to
from projects.views.map_changes import Change
from projects.views.map_objects import say
from projects.views.map_review import Asked, Review
from projects.views.seat import Request, seat_of, told

SHOWN_OWNERS = 20


@dataclass(frozen=True, slots=True)
class RelationRow:
    """One relation in words. `absent` are owners that have no account yet, `more` how many of them are not shown."""

    rule: RelationRule
    number: int
    points_to: str
    reason: str
    sure: str
    tone: str
    decided: str
    is_fixed: bool
    is_left: bool
    absent: tuple[str, ...]
    more: int


def relation_rows(review: Review, owner: ObjectRule) -> list[RelationRow]:
    """The relations of an object type; those of a link are what the link is, so nobody has to decide them."""
    return [_relation_row(review, owner, number, rule) for number, rule in enumerate(owner.relations)]


def _relation_row(review: Review, owner: ObjectRule, number: int, rule: RelationRule) -> RelationRow:
    fixed = review.is_fixed(owner)
    decided = review.decider(relation_row(owner, rule), rule, owner.destination)
    left = rule.action == Action.SKIP
    sure, tone = how_sure(rule)
    if decided or fixed:
        sure, tone = ("Left behind", "mute") if left else ("Settled" if fixed else "Decided", "ok")
    absent = rule.absent[:SHOWN_OWNERS]
    return RelationRow(
        rule=rule,
        number=number,
        points_to=_points_to(review, rule),
        reason=without_quotes(rule.reason) if review.masked else rule.reason,
        sure=sure,
        tone=tone,
        decided=decided,
        is_fixed=fixed,
        is_left=left,
        absent=tuple(shape_of(address) for address in absent) if review.masked else absent,
        more=len(rule.absent) - len(absent),
    )


def _points_to(review: Review, rule: RelationRule) -> str:
    if rule.to == MEMBER:
        return "a member of the workspace, by e-mail address"
    other = review.spec.object(rule.to)
    label = review.label(other) if other else rule.to
    return f"{label}, by {rule.by}"


def absent_owners(review: Review) -> list[tuple[str, tuple[str, ...]]]:
    """Owners that have no account at the destination, by the object type whose records they own."""
    found = []
    for owner in review.live:
        rows = [row for row in relation_rows(review, owner) if row.absent and not row.is_left]
        addresses = tuple(dict.fromkeys(address for row in rows for address in row.absent))
        if addresses:
            found.append((review.label(owner), addresses))
    return found


@require_POST
def change(request: Request, slug: str) -> HttpResponse:
    """Accepts a relation, leaves it behind, makes it again, or calls it something else."""
    seat = seat_of(request, slug)
    asked = Asked.of(request.POST)
    with told(request):
        form = RelationForm(request.POST)
        if not form.is_valid():
            raise Refused("That change could not be read. Nothing was changed.")
        given = form.cleaned_data
        owner = ObjectRule(source=given["object"], destination="")
        row = relation_row(owner, RelationRule(source=given["relation"], to="", by="", destination=""))
        work = _work(seat.project, row, given["to"], given["label"].strip(), str(request.user))
        name = given["relation"]
        notes = {"accept": f"accepted the relation by {name}", "leave": f"left the relation by {name} behind",
                 "take": f"took the relation by {name} again", "rename": f"renamed the relation by {name}"}  # fmt: skip
        done = map_services.decide(
            project=seat.project, by=request.user, note=notes[given["to"]], rows=[row], change=work
        )
        say(request, done)
    return back_to(seat, asked)


def _work(project: Project, row: Row, to: str, label: str, by: str) -> Change:
    def accept(spec: MapSpec) -> MapSpec:
        map_changes.find_relation(spec, row)
        return spec

    def leave(spec: MapSpec) -> MapSpec:
        _, rule = map_changes.find_relation(spec, row)
        return with_part(spec, row, rule.model_copy(update={"action": Action.SKIP, "decided_by": by}))

    def take(spec: MapSpec) -> MapSpec:
        map_changes.find_relation(spec, row)
        earlier = (older.spec for older in project.map_series.versions.order_by("-number").iterator())
        return map_changes.take_relation(spec, row, by, earlier)

    def rename(spec: MapSpec) -> MapSpec:
        owner, rule = map_changes.find_relation(spec, row)
        return with_part(spec, row, _renamed(project, owner, rule, label).model_copy(update={"decided_by": by}))

    return {"accept": accept, "leave": leave, "take": take, "rename": rename}[to]


def _renamed(project: Project, owner: ObjectRule, rule: RelationRule, label: str) -> RelationRule:
    naming = naming_of(project)
    if not label:
        raise Refused("A relation needs a name: type one.")
    if rule.action != Action.CREATE:
        raise Refused(f"“{rule.destination}” is there already in the destination: its name stays as it is.")
    if naming is None:
        raise Refused("Connect the destination first: its rules for names are needed.")
    return renamed(owner, rule, label, targets_of(project)[0], naming)
