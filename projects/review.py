"""What the review of a map stands on: the destination's fields, what discovery learned, and what is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from pydantic import TypeAdapter

from connectors.catalogue import Catalogue, ObjectKind
from connectors.naming import Naming
from connectors.registry import get_connector
from mapping.activities import EVENT
from mapping.checks import Finding, findings
from mapping.happenings import Happenings
from mapping.models import FieldMap, RowDecision, Targets
from mapping.parts import BY_ITSELF, Row, digest_of, is_locked, relation_row
from mapping.profile import FieldProfile
from mapping.rules import Action, MapSpec
from projects.models import Connection, Profile, Project, Run, Signature, User
from projects.pipeline.phases import PERSON

CATALOGUE = TypeAdapter(Catalogue)


@dataclass(frozen=True, slots=True)
class Known:
    """What the newest discovery says of one object type, without its statistics: these are read when asked for."""

    pk: int
    object: str
    label: str
    label_plural: str
    kind: str
    count: int
    stamp: str

    @property
    def fields(self) -> Mapping[str, FieldProfile]:
        """The statistics by field, remembered between requests: a finished discovery never changes."""
        return _field_profiles(self.pk, self.stamp)

    @property
    def properties(self) -> Mapping[str, Mapping[str, int]]:
        """Of what happens: the properties by name of the happening, each with how often it was filled."""
        return _properties(self.pk, self.stamp)


@lru_cache(maxsize=4)
def _properties(pk: int, stamp: str) -> Mapping[str, Mapping[str, int]]:
    data = Profile.objects.values_list("data", flat=True).get(pk=pk)
    return {stream.name: stream.properties for stream in Happenings.from_json(data.get("streams")).streams(EVENT)}


@lru_cache(maxsize=12)
def _field_profiles(pk: int, stamp: str) -> Mapping[str, FieldProfile]:
    profile = Profile.objects.get(pk=pk)
    return {field.name: field for field in profile.statistics.field_profiles()}


def known_of(project: Project) -> dict[str, Known]:
    """The newest finished discovery, by object type."""
    rows = project.profiles.filter(run__state=Run.State.SUCCEEDED, run__kind=Run.Kind.DISCOVERY).order_by("run_id")
    names = ("pk", "object", "label", "label_plural", "kind", "read", "announced", "run_id", "run__ended_at")
    found: dict[str, Known] = {}
    for pk, object, label, plural, kind, read, announced, run, ended in rows.values_list(*names):
        plural = plural or label or object
        if object == PERSON:
            plural = plural if plural != PERSON else "People"
        found[object] = Known(pk, object, label, plural, kind, read or announced or 0, f"{run} {read} {ended}")
    return found


def is_link(known: Known | None) -> bool:
    """Whether an object type is a relationship between others, which has no rows of its own to decide."""
    return known is not None and known.kind == ObjectKind.LINK


def targets_of(project: Project) -> tuple[Catalogue, datetime | None]:
    """The destination's objects and fields, and when they were read; None: these are what a new account has."""
    stored = Targets.objects.filter(series=project.map_series_id).first()
    if stored is not None:
        return CATALOGUE.validate_python(stored.content), stored.read_at
    connector = _destination(project)
    declared = get_connector(connector) if connector else None
    return (declared.stock() if declared and declared.stock else Catalogue(())), None


def keep_targets(project: Project, catalogue: Catalogue) -> None:
    """Remembers what the destination has, so that no page has to ask it."""
    content = CATALOGUE.dump_python(catalogue, mode="json")
    Targets.objects.update_or_create(series=project.map_series, defaults={"content": content})


def naming_of(project: Project) -> Naming | None:
    """The destination's rules for names that we make up."""
    connector = _destination(project)
    return get_connector(connector).naming if connector else None


def _destination(project: Project) -> str:
    side = project.connections.filter(side=Connection.Side.DESTINATION)
    return side.values_list("connector", flat=True).first() or ""


def conflicts_of(project: Project) -> list[str]:
    """Why the newest map cannot be signed: two fields that overwrite each other, a value that would be lost."""
    latest = project.map_series.latest()
    return [one.sentence for one in findings_of(project, latest.spec) if one.blocks] if latest else []


def accept_all(project: Project, by: User) -> None:
    """A signature over the map is a yes to every row of it; what is changed later needs a look again, and only that."""
    latest = project.map_series.latest()
    spec = latest.spec if latest else MapSpec()
    rows = [Row("", stream.key) for stream in spec.activities]
    for rule in spec.objects:
        rows += [Row(rule.source), *(Row(rule.source, field.source) for field in rule.fields)]
        rows += [relation_row(rule, relation) for relation in rule.relations]
    standing = {(one.object, one.source): one.digest for one in project.map_series.decisions.all()}
    found = ((row, digest_of(spec, row)) for row in rows)
    put_decisions(
        RowDecision(series=project.map_series, object=row.object, source=row.source, digest=digest, by=by)
        for row, digest in found
        if standing.get((row.object, row.source)) != digest
    )


def decided_rows(project: Project, spec: MapSpec) -> set[Row]:
    """The rows that somebody said yes to as they stand, or has changed."""
    standing = project.map_series.decisions.values_list("object", "source", "digest")
    accepted = ((Row(object, source), digest) for object, source, digest in standing)
    found = {row for row, digest in accepted if digest_of(spec, row) == digest}
    found |= {Row(rule.source) for rule in spec.objects if rule.decided_by not in ("", BY_ITSELF)}
    found |= {
        Row(rule.source, field.source)
        for rule in spec.objects
        for field in rule.fields
        if field.decided_by not in ("", BY_ITSELF)
    }
    found |= {relation_row(rule, one) for rule in spec.objects for one in rule.relations if one.decided_by}
    return found | {Row("", rule.key) for rule in spec.activities if rule.decided_by not in ("", BY_ITSELF)}


def progress_of(project: Project, latest: FieldMap) -> tuple[int, int]:
    """How many rows of the newest map are decided, of how many that somebody has to decide. Two queries."""
    linked = {known.object for known in known_of(project).values() if is_link(known)}
    standing = project.map_series.decisions.values_list("object", "source", "digest")
    said = {Row(object, source): digest for object, source, digest in standing}
    spec = latest.spec
    rows = _rows_to_decide(spec, linked)
    decided = sum(settled or (row in said and said[row] == digest_of(spec, row)) for row, settled in rows)
    return decided, len(rows)


def _rows_to_decide(spec: MapSpec, linked: Collection[str]) -> list[tuple[Row, bool]]:
    """The rows of a map, each with whether it is settled by what the map says itself.

    Where people and links between others land is nobody's choice, so these are no rows to decide.
    """
    rows = [(Row("", stream.key), bool(stream.decided_by)) for stream in spec.activities]
    for rule in spec.objects:
        fixed = rule.source in linked
        if rule.source != PERSON and not fixed:
            rows.append((Row(rule.source), bool(rule.decided_by)))
        if rule.action == Action.SKIP:
            continue
        rows += [(Row(rule.source, one.source), bool(one.decided_by) or is_locked(rule, one)) for one in rule.fields]
        rows += [(relation_row(rule, one), bool(one.decided_by)) for one in rule.relations if not fixed]
    return rows


def put_decisions(decisions: Iterable[RowDecision]) -> None:
    """Stores decisions in place of those that stood for the same rows."""
    # Two rules may read one field, and are one row. PostgreSQL refuses to put one row in place twice.
    once = {(one.series_id, one.object, one.source): one for one in decisions}
    RowDecision.objects.bulk_create(
        once.values(),
        update_conflicts=True,
        unique_fields=["series", "object", "source"],
        update_fields=["digest", "by", "at"],
        batch_size=200,
    )


def earlier_maps(project: Project, by: User) -> list[MapSpec]:
    """The maps that were confirmed in other projects this user is a member of, the oldest first.

    Of each project the map that was signed last counts: what it says is what this organisation decided before.
    """
    others = Project.objects.visible_to(by).exclude(pk=project.pk)
    signed = Signature.objects.filter(project__in=others, gate="map").exclude(digest="").order_by("pk")
    newest: dict[UUID, str] = {}
    for owner, shown in signed.values_list("project_id", "shown"):
        newest.pop(owner, None)
        newest[owner] = str(shown.get("map", ""))
    found = FieldMap.objects.filter(series__project__in=newest, digest__in=newest.values())
    specs = {version.digest: version.spec for version in found}
    return [specs[digest] for digest in newest.values() if digest in specs]


def findings_of(project: Project, spec: MapSpec) -> list[Finding]:
    """What is wrong with a map, with all that is known of both systems."""
    targets, read_at = targets_of(project)
    known = known_of(project)
    moved = {rule.source for rule in spec.objects}
    profiles = {name: one.fields for name, one in known.items() if name in moved}
    return findings(spec, targets if read_at else None, profiles)
