"""Puts what can be rebuilt by a key into the destination: views for segments, drafts of workflows for campaigns.

Only on request, journalled before each request, and taken back as it was made.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils import timezone

from connectors.errors import ConnectorError
from connectors.twenty.views import TwentyViews, ViewPlan
from projects import audit
from projects.connections import access
from projects.documents.automations import Automation
from projects.documents.handoff import context
from projects.documents.rows import CAMPAIGN
from projects.documents.segments import SegmentItem
from projects.models import Connection, HandoffItem, JournalEntry, Project, User
from projects.permissions import Can, can
from projects.pipeline.phases import PERSON, SEGMENT
from projects.services import Refused
from projects.verbs import Verb

CREATE_VIEW, CREATE_WORKFLOW = "create_view", "create_workflow"
COLUMNS = ("name", "emails")
SEGMENT_EVENT = "person.updated"

Done = JournalEntry.State.DONE


@contextmanager
def _opened(project: Project) -> Iterator[TwentyViews]:
    connection = project.connections.filter(side=Connection.Side.DESTINATION, connector="twenty").first()
    if connection is None:
        raise Refused("Only Twenty can be given views: connect it first.")
    opened = TwentyViews(access(connection))
    try:
        yield opened
    finally:
        opened.close()


def build(*, project: Project, by: User) -> dict[str, int]:
    """Makes what is not there yet: a view per segment that translates exactly, a draft per campaign.

    Gives the numbers made. Raises Refused, and the connector's error where the server does not allow it.
    """
    if not can(by, Can.RUN, project):
        raise Refused("As a member of this project you may not change the destination.")
    made = context(project)
    if made is None:
        raise Refused("There is nothing to rebuild yet: run a discovery first.")
    known = set(HandoffItem.objects.filter(project=project).exclude(link="").values_list("kind", "key"))
    with _opened(project) as twenty:
        views = sum(_view(project, twenty, item, by) for item in made.segments if _is_new(known, SEGMENT, item))
        drafts = sum(_draft(project, twenty, item, by) for item in made.campaigns if (CAMPAIGN, item.key) not in known)
    audit.record(Verb.VIEWS_MADE, project, "", count=views, drafts=drafts)
    return {"views": views, "drafts": drafts}


def _is_new(known: set[tuple[str, str]], kind: str, item: SegmentItem) -> bool:
    return item.how == "exactly" and (kind, item.key) not in known


def _view(project: Project, twenty: TwentyViews, item: SegmentItem, by: User) -> int:
    id = _free_id(project, "view", CREATE_VIEW, item.key)
    plan = ViewPlan(id, item.name, PERSON, item.view_filter or {}, COLUMNS)
    with _journalled(project, CREATE_VIEW, id, item.key, item.name) as detail:
        id = detail["id"] = twenty.make(plan)
    _keep_link(project, SEGMENT, item.key, f"/objects/people?viewId={id}", by)
    return 1


def _draft(project: Project, twenty: TwentyViews, item: Automation, by: User) -> int:
    id = _free_id(project, "workflow", CREATE_WORKFLOW, item.key)
    event = SEGMENT_EVENT if item.trigger.startswith("when somebody comes into the segment") else ""
    with _journalled(project, CREATE_WORKFLOW, id, item.key, item.name):
        twenty.stub(id, item.name, event)
    _keep_link(project, CAMPAIGN, item.key, f"/object/workflow/{id}", by, state=HandoffItem.State.OPEN)
    return 1


def _free_id(project: Project, kind: str, verb: str, key: str) -> str:
    """The id for the next one: Twenty only bins what is deleted, and what lies in the bin keeps its id."""
    made = JournalEntry.objects.filter(project=project, verb=verb, state=Done).values_list("detail", flat=True)
    before = sum(detail["key"] == key for detail in made.iterator())
    return str(project.destination_id(kind, f"{key}#{before}" if before else key))


@contextmanager
def _journalled(project: Project, verb: str, id: str, key: str, name: str) -> Iterator[dict[str, str]]:
    """Writes down what is about to be made, then how it went."""
    detail = {"id": id, "key": key, "name": name}
    entry = JournalEntry.objects.create(project=project, verb=verb, object=PERSON, count=1, detail=detail)
    try:
        yield detail
    except ConnectorError as error:
        JournalEntry.objects.filter(pk=entry.pk).update(
            state=JournalEntry.State.REFUSED, answer=str(error), answered_at=timezone.now()
        )
        raise
    JournalEntry.objects.filter(pk=entry.pk).update(state=Done, detail=detail, answered_at=timezone.now())


def _keep_link(
    project: Project, kind: str, key: str, path: str, by: User, state: str = HandoffItem.State.BUILT
) -> None:
    base = project.connections.get(side=Connection.Side.DESTINATION).base_url.rstrip("/")
    item, fresh = HandoffItem.objects.get_or_create(
        project=project, kind=kind, key=key, defaults={"state": state, "changed_by": by, "link": f"{base}{path}"}
    )
    if not fresh:
        HandoffItem.objects.filter(pk=item.pk).update(link=f"{base}{path}")


def take_back(*, project: Project, by: User) -> int:
    """Removes every view and draft that was made here, newest first; gives how many. For the rollback."""
    if not can(by, Can.RUN, project):
        raise Refused("As a member of this project you may not change the destination.")
    entries = JournalEntry.objects.filter(project=project, verb__in=[CREATE_VIEW, CREATE_WORKFLOW]).order_by("-pk")
    number = 0
    with _opened(project) as twenty:
        for entry in entries:
            (twenty.remove if entry.verb == CREATE_VIEW else twenty.remove_stub)(entry.detail["id"])
            kind = SEGMENT if entry.verb == CREATE_VIEW else CAMPAIGN
            HandoffItem.objects.filter(project=project, kind=kind, key=entry.detail["key"]).update(link="")
            number += entry.state == Done
    return number
