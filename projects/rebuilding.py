"""Puts what can be rebuilt by a key into the destination: views, lists of people, drafts of workflows.

Only on request, journalled before each request, and taken back as it was made (`pipeline/unbuild.py`).
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from celery import shared_task
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from connectors.errors import ConnectorError, Rejected, Transient
from connectors.rebuild import ListPlan, Plan, Rebuilder, Thing, ViewPlan, WorkflowPlan
from projects import audit
from projects.connections import open_rebuilder
from projects.documents.audience import audience_of
from projects.documents.automations import Automation
from projects.documents.checklist import LIST
from projects.documents.handoff import Handoff, context
from projects.documents.rows import BROADCAST, CAMPAIGN
from projects.documents.segments import RECEIVES, SegmentItem
from projects.models import HandoffItem, JournalEntry, Project, Run, User
from projects.permissions import Can, can
from projects.pipeline import unbuild
from projects.pipeline.phases import PERSON, SEGMENT
from projects.services import Refused
from projects.verbs import Verb

COLUMNS = ("name", "emails")
SEGMENT_EVENT = "person.updated"
VERB_OF = {thing: verb for verb, thing in unbuild.VERBS.items()}
NAMES = {Thing.VIEW: "views", Thing.LIST: "lists", Thing.WORKFLOW: "drafts"}
BUSY_SECONDS = 600
TOO_EARLY = "Lists are made once production has ended: the people of the sandbox are taken back before."

State = JournalEntry.State


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to make. `kind` and `key` name its line of the checklist.

    `plan` gives, for an id and when its turn has come, the plan and a note for that line.
    """

    thing: Thing
    kind: str
    key: str
    name: str
    plan: Callable[[str], tuple[Plan, str]]


@dataclass(slots=True)
class Outcome:
    """What came of it: numbers of `views`, `lists` and `drafts`, what was refused, and whether more is left."""

    made: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    more: bool = False

    def __str__(self) -> str:
        """What was made, and why something was not, in sentences."""
        made = ", ".join(f"{self.made[name]:,} {word}" for name, word in WORDS.items())
        return " ".join([f"Made: {made}.", *dict.fromkeys(self.refused)])


WORDS = {"views": "views", "lists": "lists", "drafts": "drafts of workflows"}


def ask(*, project: Project, by: User) -> Outcome | None:
    """Has everything made: by a worker where there is one (then None), else at once."""
    _may(project, by)
    if not settings.REDIS_URL:
        return build(project=project, by=by)
    go_on.delay(str(project.pk), str(by.pk))
    return None


@shared_task(name="projects.rebuilding.go_on")
def go_on(project_id: str, user_id: str) -> None:
    """Makes things for a slice, then hands the turn on. What stops it stands in the trail, in a sentence."""
    project, by = Project.objects.get(pk=project_id), User.objects.get(pk=user_id)
    with audit.acting_as(by):
        try:
            more = build(project=project, by=by, seconds=settings.RUN_SLICE_SECONDS).more
        except (Refused, ConnectorError) as error:
            audit.record(Verb.REBUILD_STOPPED, project, "", why=str(error))
            return
        if more:
            go_on.delay(project_id, user_id)


def build(*, project: Project, by: User, seconds: float = float("inf")) -> Outcome:
    """Makes what is not there yet, for about so long; what the server does not take is left out and said.

    Raises Refused, and the connector's error where nothing can be made any more.
    """
    _may(project, by)
    made = context(project)
    if made is None:
        raise Refused("There is nothing to rebuild yet: run a discovery first.")
    if not cache.add(f"rebuild:{project.pk}", 1, BUSY_SECONDS):
        raise Refused("It is being made already: look again in a minute.")
    try:
        with open_rebuilder(project) as rebuilder:
            outcome = _build(project, rebuilder, made, by, time.monotonic() + seconds)
    finally:
        cache.delete(f"rebuild:{project.pk}")
    if any(outcome.made.values()):
        audit.record(Verb.REBUILT, project, "", **{name: outcome.made[name] for name in WORDS})
    return outcome


def _may(project: Project, by: User) -> None:
    if not can(by, Can.RUN, project):
        raise Refused("As a member of this project you may not change the destination.")
    if project.runs.filter(kind=Run.Kind.ROLLBACK, state__in=Run.OPEN).exists():
        raise Refused("A rollback is open: it would not take back what is made beside it. Wait until it has ended.")


def _build(project: Project, rebuilder: Rebuilder, made: Handoff, by: User, until: float) -> Outcome:
    outcome, refusals = Outcome(), dict(rebuilder.refusals())
    if not project.runs.filter(kind=Run.Kind.PRODUCTION, state=Run.State.SUCCEEDED).exists():
        refusals.setdefault(Thing.LIST, TOO_EARLY)
    known = set(HandoffItem.objects.filter(project=project).exclude(link="").values_list("kind", "key"))
    earlier = _attempts(project)
    for job in _jobs(project, made):
        if (job.kind, job.key) in known:
            continue
        if job.thing in refusals:
            outcome.refused.append(refusals[job.thing])
            continue
        if time.monotonic() >= until:
            outcome.more = True
            break
        try:
            made_one = _make(project, rebuilder, job, by, earlier[job.thing, job.kind, job.key])
        except Rejected as refusal:
            outcome.refused.append(f"“{job.name}” was refused: {refusal}")
        else:
            outcome.made.update([NAMES[job.thing]] if made_one else [])
    return outcome


def _jobs(project: Project, made: Handoff) -> Iterator[Job]:
    """A view per segment that translates exactly; a list for the others and for who gets a newsletter; drafts."""
    for segment in made.segments:
        if segment.how == "exactly":
            yield Job(Thing.VIEW, SEGMENT, segment.key, segment.name, _view(segment))
    for segment in made.segments:
        if segment.members and (segment.how != "exactly" or any(one.startswith(RECEIVES) for one in segment.used_by)):
            yield Job(Thing.LIST, LIST, segment.key, segment.name, _list(project, segment))
    for kind, items in ((CAMPAIGN, made.campaigns), (BROADCAST, made.broadcasts)):
        for item in items:
            yield Job(Thing.WORKFLOW, kind, item.key, item.name, _draft(item))


def _view(item: SegmentItem) -> Callable[[str], tuple[Plan, str]]:
    return lambda id: (ViewPlan(id, item.name, PERSON, item.view_filter or {}, COLUMNS), "")


def _list(project: Project, item: SegmentItem) -> Callable[[str], tuple[Plan, str]]:
    def plan(id: str) -> tuple[Plan, str]:
        audience = audience_of(project, item.key)
        return ListPlan(id, item.name, audience.members), audience.sentence

    return plan


def _draft(item: Automation) -> Callable[[str], tuple[Plan, str]]:
    event = SEGMENT_EVENT if item.trigger.startswith("when somebody comes into the segment") else ""
    return lambda id: (WorkflowPlan(id, item.name, item.twenty_trigger_type, event), "")


Attempts = defaultdict[tuple[Thing, str, str], list[JournalEntry]]


def _attempts(project: Project) -> Attempts:
    """What the journal knows of earlier attempts, by thing and line of the checklist."""
    found: Attempts = defaultdict(list)
    for entry in JournalEntry.objects.filter(project=project, verb__in=unbuild.VERBS):
        found[unbuild.VERBS[entry.verb], entry.detail.get("kind", SEGMENT), entry.detail["key"]].append(entry)
    return found


def _make(project: Project, rebuilder: Rebuilder, job: Job, by: User, earlier: list[JournalEntry]) -> bool:
    """Writes down what is about to be made, makes it, then writes down how it went and where it stands.

    Gives whether there was anything to make: a list of nobody is none.
    """
    verb = VERB_OF[job.thing]
    id = _free_id(project, rebuilder, job, earlier)
    plan, note = job.plan(id)
    if isinstance(plan, ListPlan) and not plan.members:
        return False
    detail = {"id": id, "kind": job.kind, "key": job.key, "name": job.name}
    entry = JournalEntry.objects.create(project=project, verb=verb, object=PERSON, count=1, detail=detail)
    try:
        id = detail["id"] = rebuilder.make(plan)
        detail["as_made"] = rebuilder.look(job.thing, id)
        address = rebuilder.address(job.thing, id)
    except ConnectorError as error:
        _close(entry, detail, _clean_up(rebuilder, job.thing, id, error), str(error))
        raise
    _close(entry, detail, State.DONE)
    state = HandoffItem.State.OPEN if job.thing == Thing.WORKFLOW else HandoffItem.State.BUILT
    defaults = {"state": state, "changed_by": by, "note": note}
    item, _ = HandoffItem.objects.get_or_create(project=project, kind=job.kind, key=job.key, defaults=defaults)
    HandoffItem.objects.filter(pk=item.pk).update(link=address)
    return True


def _clean_up(rebuilder: Rebuilder, thing: Thing, id: str, error: ConnectorError) -> State:
    """Takes away what a refused request left half made.

    Where that fails too, or the server may carry out the request after we looked, the next attempt and the rollback
    look for it once more.
    """
    try:
        rebuilder.remove(thing, id)
    except ConnectorError:
        return State.LOST
    return State.LOST if isinstance(error, Transient) and error.maybe_done else State.REFUSED


def _close(entry: JournalEntry, detail: dict[str, str], state: State, answer: str = "") -> None:
    JournalEntry.objects.filter(pk=entry.pk).update(
        state=state, detail=detail, answer=answer, answered_at=timezone.now()
    )


def _free_id(project: Project, rebuilder: Rebuilder, job: Job, earlier: list[JournalEntry]) -> str:
    """The id for the next attempt, after what an earlier one may have left behind is removed.

    Each attempt has its own: where a view only goes into the bin, it keeps its id there.
    """
    for entry in earlier:
        if entry.state in (State.INTENDED, State.LOST):
            rebuilder.remove(job.thing, entry.detail["id"])
            unbuild.gone(entry)
    name = job.key if job.kind != BROADCAST else f"{BROADCAST}:{job.key}"
    return str(project.destination_id(job.thing, f"{name}#{len(earlier)}" if earlier else name))


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in the destination of what was made here: numbers in words, and what was last refused."""

    words: str
    refused: tuple[str, ...]


def standing(project: Project) -> Standing | None:
    """For the page; None where nothing was asked for yet."""
    entries = JournalEntry.objects.filter(project=project, verb__in=unbuild.VERBS)
    if not entries.exists():
        return None
    stands = entries.filter(state=State.DONE).values_list("verb", flat=True)
    done = Counter(NAMES[unbuild.VERBS[verb]] for verb in stands)
    failed = entries.filter(state__in=[State.REFUSED, State.LOST])
    refused = failed.order_by("-pk").values_list("answer", flat=True)[:200]
    words = ", ".join(f"{done[name]:,} {word}" for name, word in WORDS.items() if done[name])
    return Standing(words or "nothing", tuple(dict.fromkeys(refused))[:3])
