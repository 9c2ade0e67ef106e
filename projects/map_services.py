"""What people do on the review screen, as verbs: decide rows, take a decision back, talk, save a template."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from mapping.checks import contradictions, map_problems
from mapping.models import FieldMap, MapAct, MapComment, MapSeries, RowDecision
from mapping.parts import Row, digest_of, load_part, part_of, whole_digest, with_part
from mapping.reuse import as_template, with_targets
from mapping.rules import MapSpec
from projects import audit, gates
from projects.models import Project, User
from projects.permissions import Can
from projects.review import put_decisions, targets_of
from projects.services import Refused, allow
from projects.verbs import Verb

Change = Callable[[MapSpec], MapSpec]


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an act: the newest map, whether it is another one now, and whether a signature went void."""

    version: FieldMap
    changed: bool
    voided: bool
    rows: tuple[Row, ...] = ()
    note: str = ""


def locked(project: Project) -> FieldMap:
    """The newest map, held until the transaction ends: of two people who change it at once, one waits."""
    MapSeries.objects.select_for_update().get(pk=project.map_series_id)
    latest = project.map_series.latest()
    if latest is None:
        raise Refused("There is no field map yet: discover, then propose one.")
    return latest


@transaction.atomic
def decide(*, project: Project, by: User, note: str, rows: Sequence[Row], change: Change = lambda spec: spec) -> Done:
    """Decides rows, changing the map on the way or not; what stood there before is kept, so it can be undone."""
    allow(by, Can.EDIT_MAP, project)
    version = locked(project)
    before = version.spec
    after = change(before)
    done = _store(project, version, before, after, by, note)
    standing = {(one.object, one.source): one for one in project.map_series.decisions.select_related("by")}
    kept: list[dict[str, Any]] = []
    fresh: list[RowDecision] = []
    for row in rows:
        digest = digest_of(after, row)
        was, now = part_of(before, row), part_of(after, row)
        old = standing.get((row.object, row.source))
        kept.append(
            {
                "object": row.object,
                "source": row.source,
                "before": was.model_dump(mode="json") if was and was != now else None,
                "decided": {"digest": old.digest, "by": old.by_id} if old else None,
                "after": whole_digest(now) if was != now else digest,
            }
        )
        fresh.append(RowDecision(series=project.map_series, object=row.object, source=row.source, digest=digest, by=by))
    put_decisions(fresh)
    MapAct.objects.create(series=project.map_series, by=by, note=note[:200], rows=kept)
    if not done.changed:
        audit.record(Verb.MAP_REVIEWED, project, note)
    return Done(done.version, done.changed, done.voided, tuple(rows), note)


def _store(project: Project, version: FieldMap, before: MapSpec, after: MapSpec, by: User, note: str) -> Done:
    """Stores a changed map. Conflicts may stand in it until it is signed; what contradicts itself may not."""
    if after is before or after.digest() == version.digest:
        return Done(version, changed=False, voided=False)
    if problems := contradictions(after):
        raise Refused(" ".join(problem.sentence for problem in problems))
    was_signed = gates.is_signed(project, gates.MAP)
    stored = project.map_series.add(after, by=by, note=note[:200])
    audit.record(Verb.MAP_CHANGED, project, str(stored), note=note)
    return Done(stored, changed=True, voided=was_signed)


@transaction.atomic
def undo(*, project: Project, by: User) -> Done:
    """Takes back what this member did last, unless somebody has changed the same rows since."""
    allow(by, Can.EDIT_MAP, project)
    version = locked(project)
    act = project.map_series.acts.filter(by=by, undone=False).order_by("-pk").first()
    if act is None:
        raise Refused("You have done nothing here that could be undone.")
    before = after = version.spec
    rows = tuple(Row(one["object"], one["source"]) for one in act.rows)
    for row, one in zip(rows, act.rows, strict=True):
        changed = one["before"] is not None
        if one["after"] != (whole_digest(part_of(before, row)) if changed else digest_of(before, row)):
            raise Refused(f"“{row}” was changed since, so “{act.note}” cannot be undone by itself.")
        if changed:
            after = with_part(after, row, load_part(row, one["before"]))
    done = _store(project, version, before, after, by, f"undid: {act.note}")
    _restore(project, act)
    act.undone = True
    act.save(update_fields=["undone"])
    return Done(done.version, done.changed, done.voided, rows, act.note)


def _restore(project: Project, act: MapAct) -> None:
    """Puts the decisions back that stood before an act, and takes those away that it made."""
    series = project.map_series
    for one in act.rows:
        row = series.decisions.filter(object=one["object"], source=one["source"])
        if one["decided"] is None:
            row.delete()
        else:
            row.update(digest=one["decided"]["digest"], by=one["decided"]["by"])


@transaction.atomic
def comment(*, project: Project, by: User, row: Row, text: str) -> MapComment:
    """Says something about one row; whoever may look may speak."""
    allow(by, Can.LOOK, project)
    latest = project.map_series.latest()
    if latest is None or part_of(latest.spec, row) is None:
        raise Refused(f"The map has no row “{row}”. It may have been changed meanwhile.")
    if not text.strip():
        raise Refused("The comment is empty: write what you want to say.")
    made = MapComment.objects.create(
        series=project.map_series, object=row.object, source=row.source, author=by, text=text.strip()[:2000]
    )
    audit.record(Verb.MAP_COMMENTED, project, str(row))
    return made


@transaction.atomic
def settle_comment(*, project: Project, by: User, comment: MapComment, resolved: bool) -> None:
    """Marks a comment as settled, or as open again."""
    allow(by, Can.LOOK, project)
    project.map_series.comments.filter(pk=comment.pk).update(resolved=resolved)


@transaction.atomic
def show_values(*, project: Project, by: User, shown: bool) -> None:
    """Says whether engineers see values in the field map: the customer's data, so the customer's decision."""
    allow(by, Can.DECIDE, project)
    if Project.objects.filter(pk=project.pk).exclude(engineers_see_values=shown).update(engineers_see_values=shown):
        audit.record(Verb.VALUES_SHOWN if shown else Verb.VALUES_HIDDEN, project)


@transaction.atomic
def save_map(*, project: Project, spec: MapSpec, by: User, note: str = "") -> FieldMap:
    """Stores a changed map as the next version; a signature over the former one is void from now on."""
    allow(by, Can.EDIT_MAP, project)
    if problems := map_problems(spec):
        raise Refused(" ".join(problems))
    version = project.map_series.add(spec, by=by, note=note)
    audit.record(Verb.MAP_CHANGED, project, str(version), note=note)
    return version


@transaction.atomic
def import_map(*, project: Project, spec: MapSpec, by: User) -> FieldMap:
    """Stores a map that came as a file: the whole of it, or with every reason nothing."""
    allow(by, Can.EDIT_MAP, project)
    latest = project.map_series.latest()
    targets, read_at = targets_of(project)
    adopted = with_targets(spec, latest.spec if latest else None, targets if read_at else None)
    if problems := [*adopted.problems, *map_problems(adopted.spec)]:
        raise Refused(" ".join(["Nothing was imported.", *problems[:20]]))
    version = project.map_series.add(adopted.spec, by=by, note="imported")
    audit.record(Verb.MAP_CHANGED, project, str(version), note="imported")
    return version


@transaction.atomic
def save_template(*, project: Project, by: User, name: str) -> MapSeries:
    """Keeps what the newest map decides under a name, for other projects of this one's members."""
    allow(by, Can.EDIT_MAP, project)
    if not name.strip():
        raise Refused("Give the template a name.")
    latest = project.map_series.latest()
    if latest is None:
        raise Refused("There is no field map yet: discover, then propose one.")
    template = MapSeries.objects.create(name=name.strip()[:200], origin=project.map_series, made_by=by)
    template.add(as_template(latest.spec), by=by, note=f"from {latest}")
    audit.record(Verb.MAP_SAVED_AS_TEMPLATE, project, template.name)
    return template


def templates_for(user: User) -> QuerySet[MapSeries]:
    """The templates this user may know of: those from projects where the user is a member."""
    templates = MapSeries.objects.filter(project=None, versions__isnull=False)
    if not user.is_superuser:
        templates = templates.filter(origin__project__memberships__user=user)
    return templates.order_by("name", "-pk").distinct()


def template_of(user: User, pk: str) -> MapSeries | None:
    """The template of that number; None when none was chosen. Refuses one that the user may not know of."""
    if not pk:
        return None
    found = templates_for(user).filter(pk=pk).first() if pk.isdecimal() and len(pk) < 19 else None
    if found is None:
        raise Refused("There is no such template.")
    return found
