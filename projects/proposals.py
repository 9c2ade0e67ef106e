"""Makes a field map out of what discovery found, and adds what only the project knows: segments as tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction

from connectors.catalogue import Catalogue, FieldType, ObjectKind
from connectors.naming import Naming
from connectors.registry import get_connector
from mapping.activities import EVENT, MESSAGE, propose_activities
from mapping.models import FieldMap, MapSeries
from mapping.proposer import SourceObject, propose_map
from mapping.proposing.history import Confirmed, history_of
from mapping.reuse import with_decided, with_template
from mapping.rules import Action, Choice, FieldRule, MapSpec, ObjectRule
from projects import audit
from projects.connections import open_destination
from projects.landing import streams_of, with_objects, workspace_members
from projects.models import Connection, Profile, Project, Run, User
from projects.permissions import Can, can
from projects.pipeline.phases import PERSON, RELATIONSHIP, SEGMENT
from projects.pipeline.tags import TAGS
from projects.review import decided_rows, earlier_maps, keep_targets
from projects.services import Refused
from projects.verbs import Verb

MOST_OPTIONS = 200
"""Above this many segments the tags become a free list: a select with hundreds of options helps nobody."""


def propose(*, project: Project, by: User, template: MapSeries | None = None, forget: bool = False) -> FieldMap:
    """Proposes a map from the newest finished discovery and stores it as the next version.

    With a template, fields of the same name do what it says, and only the rest is proposed. What people decided in
    the map before stays, unless they want it forgotten.
    """
    if not can(by, Can.EDIT_MAP, project):
        raise Refused("As a member of this project you may not edit the map.")
    run = project.runs.filter(kind=Run.Kind.DISCOVERY, state=Run.State.SUCCEEDED).order_by("-number").first()
    if run is None:
        raise Refused("Discover first: a map is proposed from what the source holds.")
    connection = project.connections.get(side=Connection.Side.DESTINATION)
    naming = get_connector(connection.connector).naming
    if naming is None:
        raise Refused(f"{connection.connector} has no rules for names.")
    with open_destination(project) as destination:
        catalogue = destination.catalogue()
        members = workspace_members(destination, catalogue)
    history = history_of(earlier_maps(project, by))
    spec = build(list(run.profiles.all()), catalogue, naming, project.default_country, members, history)
    note = "proposed"
    if template is not None and (chosen := template.latest()) is not None:
        spec, note = with_template(spec, chosen.spec, f"“{template.name}”"), f"proposed with {template.name}"[:200]
    with transaction.atomic():
        keep_targets(project, catalogue)
        before = project.map_series.latest()
        if before is not None and not forget:
            spec = with_decided(spec, before.spec, decided_rows(project, before.spec))
        version = project.map_series.add(spec, by=by, note=note)
        audit.record(Verb.MAP_PROPOSED, project, str(version))
    return version


def read_targets(*, project: Project, by: User) -> int:
    """Reads the destination's fields again, for the picker and the checks; gives the number of its object types."""
    if not can(by, Can.EDIT_MAP, project):
        raise Refused("As a member of this project you may not edit the map.")
    if not project.connections.filter(side=Connection.Side.DESTINATION).exists():
        raise Refused("Connect the destination first.")
    with open_destination(project) as destination:
        catalogue = destination.catalogue()
    keep_targets(project, catalogue)
    return len(catalogue.objects)


def build(
    profiles: list[Profile],
    catalogue: Catalogue,
    naming: Naming,
    default_country: str,
    members: Mapping[str, str] | None = None,
    history: Sequence[Confirmed] = (),
) -> MapSpec:
    """The map for these profiles; `members` are the destination's: e-mail address → name.

    `history` is what was confirmed before.
    """
    records = [p for p in profiles if p.kind == ObjectKind.RECORD and (p.read or p.object == PERSON)]
    spec = propose_map(
        [_source(p) for p in records], catalogue, naming, default_country=default_country, history=history
    )
    segments = next((profile for profile in profiles if profile.object == SEGMENT), None)
    objects = [_with_tags(rule, segments, naming) for rule in spec.objects]
    links = [p for p in profiles if p.kind == ObjectKind.LINK and p.object != RELATIONSHIP]
    objects = with_objects(objects, profiles, links, catalogue, naming, default_country, members or {})
    streaming = [profile.object for profile in profiles if profile.object in (EVENT, MESSAGE)]
    activities = propose_activities(streams_of(profiles), streaming)
    return spec.model_copy(update={"objects": tuple(objects), "activities": tuple(activities)})


def _source(profile: Profile) -> SourceObject:
    return SourceObject(profile.object, profile.label, profile.label_plural, profile.statistics.field_profiles())


def _with_tags(rule: ObjectRule, segments: Profile | None, naming: Naming) -> ObjectRule:
    if rule.source == PERSON and segments is not None and segments.data.get("rows"):
        return rule.model_copy(update={"fields": (*rule.fields, segments_rule(segments.data["rows"], naming))})
    return rule


def segments_rule(rows: list[dict[str, object]], naming: Naming) -> FieldRule:
    """One tag per segment, as the service page promises; the handoff keeps full names and criteria."""
    choices: list[Choice] = []
    many = len(rows) > MOST_OPTIONS
    for row in rows:
        name = str(row.get("name") or f"Segment {row['key']}")
        taken, labels = {choice.value for choice in choices}, {choice.label for choice in choices}
        label = naming.option_label(name)
        if label in labels:
            label = naming.option_label(f"{name} (segment {row['key']})")
        value = label if many else naming.option(name, taken)
        choices.append(Choice(source=str(row["key"]), value=value, label=label))
    changed = [row.get("name") for row, choice in zip(rows, choices, strict=True) if choice.label != row.get("name")]
    reason = "Each segment becomes a tag; membership is a snapshot of the moment it was read."
    if changed:
        shown = ", ".join(f"“{name}”" for name in changed[:5]) + (" …" if len(changed) > 5 else "")
        reason += f" {len(changed)} are written a little differently, because of commas, breaks or doubles: {shown}."
    return FieldRule(
        source=TAGS,
        action=Action.CREATE,
        destination="tags",
        type=FieldType.ARRAY if many else FieldType.MULTI_SELECT,
        label="Tags",
        description="Customer.io segments of this person when the migration read them.",
        transform="multi_select",
        choices=tuple(choices),
        confidence=1.0,
        reason=reason,
        decided_by="Carryover",
    )
