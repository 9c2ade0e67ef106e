"""Everything that changes something, as verbs: the browser, the API and the command line call these.

Each checks the permission, does the work in one transaction and leaves a line in the audit trail.
"""

from __future__ import annotations

from collections.abc import Mapping

import phonenumbers
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.text import slugify

from connectors.contract import Identity
from connectors.errors import ConnectorError
from connectors.http import check_base_url
from connectors.registry import get_connector
from mapping.models import MapSeries
from projects import audit, gates, late_gates
from projects.connections import open_destination, open_source
from projects.labels import in_a_sentence, labels_of
from projects.models import (
    Connection,
    Decision,
    Membership,
    Phase,
    Project,
    Record,
    Run,
    Signature,
    Step,
    User,
)
from projects.order import map_for, obstacle
from projects.permissions import Can, can
from projects.pipeline import engine
from projects.pipeline.departed import DELETED
from projects.pipeline.threeway import BOTH_SIDES
from projects.review import accept_all, conflicts_of
from projects.schema import ensure_schema
from projects.verbs import Verb


class Refused(Exception):
    """The request makes no sense now or is not this member's to make; `str()` is the sentence for the user."""


def allow(user: User, action: Can, project: Project) -> None:
    """Raises Refused where the user may not do this."""
    if not can(user, action, project):
        raise Refused(f"As a member of this project you may not {action.value.replace('_', ' ')}.")


def may_create(user: User) -> bool:
    """Whoever is only a customer somewhere starts no projects."""
    roles = set(user.memberships.values_list("role", flat=True))
    return user.is_superuser or roles != {Membership.Role.CUSTOMER}


@transaction.atomic
def create_project(*, name: str, by: User, default_country: str = "US") -> Project:
    """A new project with its creator as admin."""
    if not may_create(by):
        raise Refused("As a customer you see the project you were invited to; ask an admin for another one.")
    if default_country not in phonenumbers.SUPPORTED_REGIONS:
        raise Refused(f"“{default_country}” is no country: expected two letters, like US or DE.")
    slug = slugify(name)[:70] or "project"
    if Project.objects.filter(slug=slug).exists():
        raise Refused(f"There is a project “{slug}” already: choose another name.")
    series = MapSeries.objects.create(name=name)
    project = Project.objects.create(name=name, slug=slug, default_country=default_country, map_series=series)
    Membership.objects.create(project=project, user=by, role=Membership.Role.ADMIN)
    audit.record(Verb.PROJECT_CREATED, project)
    return project


@transaction.atomic
def save_connection(
    *,
    project: Project,
    side: str,
    connector: str,
    base_url: str,
    credentials: Mapping[str, str],
    by: User,
    requests_per_minute: int | None = None,
) -> Connection:
    """Stores how one side is reached; an empty credential keeps the one that is stored."""
    allow(by, Can.CONNECT, project)
    declaration = get_connector(connector)
    if (declaration.source if side == Connection.Side.SOURCE else declaration.destination) is None:
        raise Refused(f"{declaration.label} cannot be the {side} of a migration.")
    try:
        url = check_base_url(base_url or declaration.default_url, allow_private=settings.ALLOW_PRIVATE_HOSTS)
    except ConnectorError as error:
        raise Refused(str(error)) from error
    _keep_the_system(project, side, connector, url)
    known = project.connections.filter(side=side, connector=connector).first()
    kept = known.secrets if known and known.base_url == url else {}
    connection, _ = Connection.objects.update_or_create(
        project=project,
        side=side,
        defaults={
            "connector": connector,
            "base_url": url,
            "secrets": {**kept, **{name: value for name, value in credentials.items() if value}},
            "requests_per_minute": requests_per_minute,
            "identity": {},
            "known": {},
            "checked_at": None,
            "problem": "",
        },
    )
    audit.record(Verb.CONNECTION_SAVED, project, declaration.label, side=side, host=url)
    return connection


def _keep_the_system(project: Project, side: str, connector: str, url: str) -> None:
    """Neither side is exchanged under a run, nor the destination once records of the project stand in it."""
    stored = project.connections.filter(side=side).first()
    if stored is None or (stored.connector, stored.base_url) == (connector, url):
        return
    if project.runs.filter(state__in=Run.OPEN).exists():
        raise Refused(f"A run is open: the {side} cannot be exchanged under it. Wait for its end, or cancel it.")
    if side == Connection.Side.DESTINATION and project.links.exists():
        raise Refused(
            f"Records of this project stand in {stored.base_url}: another destination needs a project of its own."
        )


def test_connection(*, project: Project, side: str, by: User) -> Identity:
    """Proves one side with a cheap request and remembers the outcome; raises the connector's error."""
    allow(by, Can.CONNECT, project)
    opener = open_source if side == Connection.Side.SOURCE else open_destination
    connection = project.connections.filter(side=side)
    name = connection.values_list("connector", flat=True).first() or side
    try:
        with opener(project) as system:
            identity = system.check()
    except ConnectorError as error:
        connection.update(problem=str(error), checked_at=timezone.now())
        audit.record(Verb.CONNECTION_TESTED, project, name, outcome=error.sentence)
        raise
    connection.update(identity={"account": identity.account, **identity.facts}, problem="", checked_at=timezone.now())
    audit.record(Verb.CONNECTION_TESTED, project, name, outcome=identity.account)
    return identity


def start_run(
    *,
    project: Project,
    kind: str,
    by: User,
    sample_size: int | None = None,
    stops_at_preflight: bool = False,
    scope: Mapping[str, object] | None = None,
) -> Run:
    """Starts a run, or says what has to come first. `scope`: what a delta reads, or a rollback takes back."""
    allow(by, Can.RUN, project)
    return open_run(
        project=project, kind=kind, by=by, sample_size=sample_size, stops_at_preflight=stops_at_preflight, scope=scope
    )


def open_run(
    *,
    project: Project,
    kind: str,
    by: User | None = None,
    sample_size: int | None = None,
    stops_at_preflight: bool = False,
    scope: Mapping[str, object] | None = None,
) -> Run:
    """Opens a run whoever it is for; `by` is None where the product begins it by itself."""
    try:
        with transaction.atomic():
            if why_not := obstacle(project, kind):
                raise Refused(why_not)
            number = (project.runs.aggregate(top=Max("number"))["top"] or 0) + 1
            if kind == Run.Kind.DISCOVERY:
                # What an earlier visit found may have changed: discovery looks again.
                project.connections.update(known={})
            run = Run.objects.create(
                project=project,
                number=number,
                kind=kind,
                field_map=map_for(project, kind),
                sample_size=sample_size,
                stops_at_preflight=stops_at_preflight,
                scope=dict(scope or {}),
                started_by=by,
            )
            engine.begin(run)
            audit.record(Verb.RUN_STARTED, project, str(run))
    except IntegrityError as error:
        raise Refused("A run of this project is still open: wait for its end, or cancel it.") from error
    return run


def enqueue(run: Run) -> None:
    """Hands a run to the workers once the transaction it was changed in is committed.

    A broker that is down loses nothing: the beat finds the run by its row when it is back.
    """
    from projects.tasks import advance_run

    if settings.REDIS_URL:
        transaction.on_commit(lambda: advance_run.delay(run.pk), robust=True)


def wake() -> None:
    """Frees what dead workers held and hands every quiet run to the workers again."""
    for run in Run.objects.filter(pk__in=engine.reap()):
        enqueue(run)


@transaction.atomic
def pause_run(*, run: Run, by: User, why: str) -> None:
    """Stops a run after its current page."""
    allow(by, Can.RUN, run.project)
    engine.pause(run, why or "Paused by hand.")


@transaction.atomic
def resume_run(*, run: Run, by: User) -> None:
    """Goes on where the run stopped."""
    allow(by, Can.RUN, run.project)
    if not Run.objects.filter(pk=run.pk, state=Run.State.PAUSED).update(state=Run.State.RUNNING, problem=""):
        raise Refused(f"{run} is not paused.")
    Step.objects.filter(run=run, state=Step.State.PENDING).update(not_before=None, waiting_for="", failures=0)
    audit.record(Verb.RUN_RESUMED, run.project, str(run))


@transaction.atomic
def cancel_run(*, run: Run, by: User, why: str) -> None:
    """Ends a run for good; what landed stays and is in the identity map."""
    allow(by, Can.RUN, run.project)
    changed = Run.objects.filter(pk=run.pk, state__in=Run.OPEN).update(
        state=Run.State.CANCELLED, ended_at=timezone.now(), problem=why
    )
    if not changed:
        raise Refused(f"{run} has ended already.")
    audit.record(Verb.RUN_CANCELLED, run.project, str(run), why=why)


@transaction.atomic
def sign(*, project: Project, gate: str, by: User, name: str, note: str = "", digest: str = "") -> Signature:
    """Signs a gate over exactly what stands there now. `digest`: what the signer was shown, if it came from a page."""
    allow(by, Can.SIGN, project)
    if gate not in gates.GATES:
        raise Refused(f"There is no gate “{gate}”. There are: {', '.join(gates.GATES)}.")
    view = gates.Standing(project).gate(gate)
    if not view.ready:
        raise Refused(view.why_not)
    if digest and digest != view.digest:
        raise Refused("What you were shown has changed meanwhile: look at it again before you sign.")
    if not name.strip():
        raise Refused("Type your name to sign.")
    if gate == gates.MAP and (conflicts := conflicts_of(project)):
        raise Refused(" ".join(["The map has conflicts to be solved first.", *conflicts[:5]]))
    if not note.strip() and (doubt := gates.doubt(project, gate)):
        raise Refused(f"{doubt} Say in the note why you accept it.")
    signature = Signature.objects.create(
        project=project, gate=gate, digest=view.digest, shown=view.shown, name=name.strip(), note=note, signed_by=by
    )
    audit.record(Verb.GATE_SIGNED, project, view.label, name=name, digest=view.digest)
    if gate == gates.MAP:
        accept_all(project, by)
    _approve_phase(project, gate)
    return signature


def _approve_phase(project: Project, gate: str) -> None:
    """A signed phase lets its run go on."""
    if gate == late_gates.CUTOVER:
        late_gates.stamp(project)
    if gate in (gates.MAP, gates.SANDBOX, *late_gates.LATE):
        return
    phase = (
        Phase.objects.filter(run__project=project, run__kind=Run.Kind.PRODUCTION, name=gate)
        .select_related("run")
        .order_by("-run__number")
        .first()
    )
    waits = Phase.objects.filter(pk=phase.pk, state=Phase.State.RECONCILED) if phase else Phase.objects.none()
    if phase is None or not waits.update(state=Phase.State.APPROVED):
        return
    Run.objects.filter(pk=phase.run_id, state=Run.State.WAITING).update(state=Run.State.RUNNING)
    enqueue(phase.run)


@transaction.atomic
def reject(*, project: Project, gate: str, by: User, why: str) -> None:
    """Says no to a gate, with the reason; a signature that was there is void."""
    allow(by, Can.SIGN, project)
    if not why.strip():
        raise Refused("Say what is wrong: the engineers read it.")
    audit.record(Verb.GATE_REJECTED, project, gates.label_of(gate), why=why)
    # What was rejected: once something else stands there, the rejection is answered.
    shown = {"rejected": why, "digest": gates.Standing(project).gate(gate).digest}
    Signature.objects.create(project=project, gate=gate, digest="", shown=shown, name=str(by), note=why, signed_by=by)


@transaction.atomic
def decide_held(
    *, project: Project, object: str, reason: str, verdict: str, by: User, keys: list[str] | None = None
) -> int:
    """A verdict on held records, for all with this reason or for named ones; gives how many it concerns now."""
    allow(by, Can.DECIDE, project)
    if verdict not in Decision.Verdict.values:
        raise Refused(f"“{verdict}” is no decision. There are: {', '.join(Decision.Verdict.values)}.")
    moving = project.runs.filter(kind__in=[Run.Kind.SANDBOX, Run.Kind.PRODUCTION, Run.Kind.DELTA])
    run = moving.exclude(state=Run.State.CANCELLED).order_by("-number").first()
    held = Record.objects.filter(run=run, object=object, reason=reason, state=Record.State.HELD)
    if keys:
        held = held.filter(key__in=keys)
    number = held.count()
    if reason in (BOTH_SIDES, DELETED):
        # Such a verdict is about what was seen: no later case goes by it.
        keys = list(held.values_list("key", flat=True))
    for key in [""] if keys is None else keys:
        Decision.objects.update_or_create(
            project=project,
            object=object,
            reason=reason,
            key=key,
            defaults={"verdict": verdict, "decided_by": by},
        )
    said = {"object": object, "label": in_a_sentence(labels_of(project)[object]), "reason": reason}
    audit.record(Verb.HELD_DECIDED, project, **said, verdict=verdict, count=number)
    if run is not None and number:
        carry_out(run, object)
    return number


def carry_out(run: Run, object: str) -> None:
    """Lets an open run carry the decision out: at once where it waits for people, else before its books close."""
    phase = Phase.objects.filter(run=run, steps__object=object).exclude(state=Phase.State.APPROVED).first()
    if phase is None or not run.is_open:
        return
    row = Phase.objects.filter(pk=phase.pk)
    if not row.filter(state=Phase.State.RECONCILED).update(state=Phase.State.RUNNING, ended_at=None):
        row.exclude(state=Phase.State.APPROVED).update(decided=True)
        return
    engine.reopen(phase)
    Run.objects.filter(pk=run.pk, state=Run.State.WAITING).update(state=Run.State.RUNNING)
    enqueue(run)


def make_schema(*, project: Project, by: User) -> int:
    """Makes in the destination what the confirmed map needs; gives the number of changes made."""
    allow(by, Can.RUN, project)
    if not gates.is_signed(project, gates.MAP):
        raise Refused("The field map is not confirmed (or was changed since): confirm it first.")
    latest = project.map_series.latest()
    if latest is None:
        raise Refused("There is no field map yet.")
    return ensure_schema(project, latest.spec)
