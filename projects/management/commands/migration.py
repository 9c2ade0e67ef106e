"""`manage.py migration <verb> <project>`: everything the browser does, for scripts.

Exit status: 0 done, 1 failed, 2 usage, 3 waits for a person.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection, transaction

from connectors.errors import ConnectorError
from connectors.registry import all_connectors
from projects import archives, audit, cutover, gates, members, selectors, services
from projects.management import maps, papers, verbs_back
from projects.management.waiting import Failed, Outcome, wait_for
from projects.models import Connection, Decision, Project, Run, User

KEYS = {"source": "MIGRATION_SOURCE_KEY", "destination": "MIGRATION_DESTINATION_KEY"}

Verb = Callable[[BaseCommand, Project, User, dict[str, Any]], Outcome]


class Command(BaseCommand):
    """Runs one verb of a migration."""

    help = "Runs one verb of a migration. Exit status: 0 done, 1 failed, 2 usage, 3 waits for a person."

    def add_arguments(self, parser: CommandParser) -> None:
        """One sub-parser per verb."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb")
        for name, (help_text, add, _verb) in VERBS.items():
            sub = verbs.add_parser(name, help=help_text, description=help_text)
            sub.add_argument("project", help="The project's short name.")
            sub.add_argument("--json", action="store_true", help="Print one JSON object.")
            sub.add_argument("--as", dest="email", default="", help="The user on whose behalf this is done.")
            add(sub)

    def handle(self, *args: Any, **options: Any) -> None:
        """Carries the verb out and ends with its exit status."""
        outcome = self._outcome(options)
        if options["json"]:
            self.stdout.write(json.dumps(outcome.data, indent=2, default=str))
        elif outcome.text:
            (self.stderr if outcome.code == 1 else self.stdout).write(outcome.text)
        if outcome.code:
            sys.exit(outcome.code)

    def _outcome(self, options: dict[str, Any]) -> Outcome:
        verb = options["verb"]
        try:
            user = _user(options["email"])
            with audit.acting_as(user):
                if verb == "create":
                    return create(user, options)
                project = Project.objects.visible_to(user).filter(slug=options["project"]).first()
                if project is None:
                    raise Failed(f"There is no project “{options['project']}” that {user} may see.")
                return VERBS[verb][2](self, project, user, options)
        except (Failed, services.Refused, ConnectorError, KeyError) as error:
            sentence = str(error.args[0]) if isinstance(error, KeyError) else str(error)
            return Outcome({"error": sentence}, sentence, 1)
        except DatabaseError:
            if User._meta.db_table in connection.introspection.table_names():
                raise
            sentence = "The database has no tables yet. Make them with: manage.py migrate"
            return Outcome({"error": sentence}, sentence, 1)


def _user(email: str) -> User:
    found = User.objects.filter(email=email.strip().lower()) if email else User.objects.filter(is_superuser=True)
    user = found.order_by("pk").first()
    if user is None:
        who = f"There is no user {email}." if email else "There is no user yet."
        raise Failed(f"{who} Make one with: manage.py createsuperuser")
    return user


@transaction.atomic
def create(user: User, options: dict[str, Any]) -> Outcome:
    """Makes a project with both connections, or, where any of it is refused, changes nothing."""
    project = Project.objects.filter(slug=options["project"]).first()
    if project is None:
        project = services.create_project(name=options["project"], by=user, default_country=options["country"])
    elif not Project.objects.visible_to(user).filter(pk=project.pk).exists():
        raise Failed(f"The name “{options['project']}” is taken: choose another one.")
    for side in ("source", "destination"):
        services.save_connection(
            project=project,
            side=side,
            connector=options[side],
            base_url=options[f"{side}_url"],
            credentials={"api_key": os.environ.get(KEYS[side], "")},
            requests_per_minute=options[f"{side}_rate"],
            by=user,
        )
    for address, role in options["members"]:
        member = User.objects.filter(email=address.lower()).first()
        if member is None:
            raise Failed(f"There is no user {address}.")
        members.add_member(project=project, user=member, role=role, by=user)
    return Outcome({"project": project.slug}, f"Project {project.slug} is there, with both connections.")


def check(command: BaseCommand, project: Project, user: User, options: dict[str, Any]) -> Outcome:
    """Tests both connections."""
    found: dict[str, Any] = {}
    code = 0
    for side in (Connection.Side.SOURCE, Connection.Side.DESTINATION):
        try:
            identity = services.test_connection(project=project, side=side, by=user)
            found[side.value] = {"ok": True, "account": identity.account, "facts": dict(identity.facts)}
        except ConnectorError as error:
            found[side.value] = {"ok": False, "problem": str(error)}
            code = 1
    lines = [f"{side}: {state.get('account') or state['problem']}" for side, state in found.items()]
    return Outcome(found, "\n".join(lines), code)


def _run(kind: str) -> Verb:
    def verb(command: BaseCommand, project: Project, user: User, options: dict[str, Any]) -> Outcome:
        if not options["foreground"] and not settings.REDIS_URL:
            raise Failed("There is no REDIS_URL, so no worker can be reached: add --foreground, or set it.")
        run = _current(project, kind, user, options)
        if run.state in (Run.State.QUEUED, Run.State.RUNNING) and not options["foreground"]:
            services.enqueue(run)
        return wait_for(run, foreground=options["foreground"], quiet=options["json"], stream=command.stderr)

    return verb


def _current(project: Project, kind: str, user: User, options: dict[str, Any]) -> Run:
    """The run that this verb is about: the open one of its kind (resumed when paused), else a new one."""
    run = project.runs.filter(kind=kind, state__in=Run.OPEN).first()
    if run is None and kind == Run.Kind.PRODUCTION:
        done = project.runs.filter(kind=kind, state=Run.State.SUCCEEDED).order_by("-number").first()
        if done is not None and done.field_map == project.map_series.latest():
            return done
    if run is None:
        return services.start_run(
            project=project,
            kind=kind,
            by=user,
            sample_size=options.get("size"),
            stops_at_preflight=options.get("stop_at_preflight", False),
        )
    if run.state == Run.State.PAUSED and run.field_map and run.field_map != project.map_series.latest():
        raise Failed(
            f"{run} is paused under map {run.field_map}, and the map is another one now. "
            f"Cancel it first: migration cancel {project.slug}"
        )
    if run.state == Run.State.PAUSED:
        services.resume_run(run=run, by=user)
        run.refresh_from_db()
    return run


def sign(command: BaseCommand, project: Project, user: User, options: dict[str, Any]) -> Outcome:
    """Signs a gate."""
    name = options["name"] or str(user)
    cutover.look_before_signing(project, options["gate"])
    signature = services.sign(project=project, gate=options["gate"], by=user, name=name, note=options["note"])
    return Outcome(
        {"gate": signature.gate, "digest": signature.digest}, f"{gates.label_of(signature.gate)} is signed by {name}."
    )


def schema(command: BaseCommand, project: Project, user: User, options: dict[str, Any]) -> Outcome:
    """Makes the missing objects and fields in the destination."""
    changes = services.make_schema(project=project, by=user)
    return Outcome({"changes": changes}, f"{changes} changes made; everything the map needs is there.")


def hold(command: BaseCommand, project: Project, user: User, options: dict[str, Any]) -> Outcome:
    """Lists held records by reason, or decides them."""
    if not options["decide"]:
        groups = [
            {"object": group.object, "reason": group.reason, "count": group.count, "verdict": group.verdict or None}
            for group in selectors.held_groups(project)
        ]
        lines = [f"{group['count']:>8}  {group['object']}  {group['reason']}" for group in groups]
        return Outcome({"held": groups}, "\n".join(lines) or "Nothing is held.")
    if not options["reason"]:
        raise Failed(f"Say which reason: --reason R. `migration hold {project.slug}` lists them.")
    wanted = [
        group
        for group in selectors.held_groups(project)
        if group.reason == options["reason"] and options["object"] in ("", group.object)
    ]
    if not wanted:
        raise Failed(f"Nothing is held for “{options['reason']}”. `migration hold {project.slug}` lists the reasons.")
    number = 0
    for group in wanted:
        number += services.decide_held(
            project=project,
            object=group.object,
            reason=group.reason,
            verdict=options["decide"],
            keys=options["key"] or None,
            by=user,
        )
    if not number:
        raise Failed("No held record has that key and reason.")
    return Outcome({"decided": number, "verdict": options["decide"]}, f"{number} records: {options['decide']}.")


def cancel(command: BaseCommand, project: Project, user: User, options: dict[str, Any]) -> Outcome:
    """Ends the open run for good; what landed stays and is in the identity map."""
    run = project.runs.filter(state__in=Run.OPEN).first()
    if run is None:
        raise Failed("No run is open.")
    services.cancel_run(run=run, by=user, why=options["why"])
    return Outcome({"cancelled": run.number}, f"{run} is cancelled.")


def _back(work: Callable[..., Outcome]) -> Verb:
    """A verb of what comes after production."""
    return lambda command, project, user, options: work(project, user, options, command.stderr)


def reject(command: BaseCommand, project: Project, user: User, options: dict[str, Any]) -> Outcome:
    """Says no to a gate, with the reason."""
    services.reject(project=project, gate=options["gate"], by=user, why=options["why"])
    return Outcome({"rejected": options["gate"]}, f"{gates.label_of(options['gate'])} is rejected.")


def status(command: BaseCommand, project: Project, user: User, options: dict[str, Any]) -> Outcome:
    """Where the project stands."""
    data = selectors.status(project)
    lines = [f"{project.name}: {data['stage']}"]
    lines += [f"  gate {gate['gate']}: {gate['state']}" for gate in data["gates"]]
    for run in data["runs"]:
        lines.append(f"  run {run['run']} {run['kind']}: {run['state']} {run['problem'] or ''}")
        for phase in run["phases"]:
            counts = ", ".join(f"{number} {name}" for name, number in phase["balance"].items() if number)
            lines.append(f"    {phase['phase']} ({phase['state']}): {counts or 'nothing yet'}")
    return Outcome(data, "\n".join(lines))


def archive(command: BaseCommand, project: Project, user: User, options: dict[str, Any]) -> Outcome:
    """Puts files beside the source's API: older events, or messages of a data-warehouse sync."""
    given = {"event": options["events"], "message": options["messages"]}
    if not any(given.values()):
        raise Failed("Say which files: --events PATH or --messages PATH.")
    columns = dict(pair.partition("=")[::2] for pair in options["column"] or ())
    found = {
        object: archives.add_archive(project=project, object=object, paths=paths, columns=columns, by=user)
        for object, paths in given.items()
        if paths
    }
    lines = [f"The archive of {object}s is there; its first page holds {number:,}." for object, number in found.items()]
    return Outcome({"archives": found}, "\n".join(lines))


def _archive_options(parser: argparse.ArgumentParser) -> None:
    for name, what in (
        ("events", "Events as NDJSON, CSV or Parquet"),
        ("messages", "Folders of a data-warehouse sync"),
    ):
        parser.add_argument(f"--{name}", action="append", metavar="PATH", help=f"{what}; may be repeated.")
    parser.add_argument(
        "--column", action="append", metavar="PART=COLUMN", help="Which column is what, if not guessed."
    )


def _none(parser: argparse.ArgumentParser) -> None:
    """A verb without options of its own."""


def _create_options(parser: argparse.ArgumentParser) -> None:
    for side in ("source", "destination"):
        able = [connector.slug for connector in all_connectors() if getattr(connector, side)]
        parser.add_argument(f"--{side}", choices=able, required=True)
        parser.add_argument(f"--{side}-url", default="", help="Empty: the vendor's own address.")
        parser.add_argument(f"--{side}-rate", type=int, default=None, help="Requests a minute, if you know better.")
    parser.add_argument("--country", default="US", help="Country of phone numbers without a prefix, as two letters.")
    parser.add_argument(
        "--member",
        dest="members",
        nargs=2,
        action="append",
        default=[],
        metavar=("EMAIL", "ROLE"),
        help="An existing user and a role: customer, engineer or admin. May be repeated.",
    )


def _run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--foreground", action="store_true", help="Work in this process: no broker, no worker.")


def _production_options(parser: argparse.ArgumentParser) -> None:
    _run_options(parser)
    parser.add_argument("--stop-at-preflight", action="store_true", help="Pause where preflight needs decisions.")


def _sandbox_options(parser: argparse.ArgumentParser) -> None:
    _run_options(parser)
    parser.add_argument("--size", type=int, default=100, help="How many records of each kind, about.")


def _sign_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("gate", choices=gates.GATES)
    maps.name_options(parser)
    parser.add_argument("--note", default="")


def _why_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--why", required=True, help="The reason; it stands in the trail.")


def _reject_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("gate", choices=gates.GATES)
    _why_options(parser)


def _hold_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", default="")
    parser.add_argument("--object", default="", help="Only this object type.")
    parser.add_argument("--key", action="append", help="Only this record; may be repeated.")
    parser.add_argument("--decide", choices=Decision.Verdict.values)


VERBS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None], Verb]] = {
    "create": ("Make a project with both connections; keys come from the environment.", _create_options, status),
    "check": ("Test both connections.", _none, check),
    "archive": ("Add files of older events or messages.", _archive_options, archive),
    "discover": ("Read what the source holds.", _run_options, _run(Run.Kind.DISCOVERY)),
    "propose": ("Propose a field map.", _none, maps.propose),
    "map": ("Show, export or import the field map.", maps.map_options, maps.show),
    "confirm": ("Sign the field map.", maps.name_options, maps.confirm),
    "schema": ("Make the missing objects and fields in the destination.", _none, schema),
    "sandbox": ("Migrate a sample and read it back.", _sandbox_options, _run(Run.Kind.SANDBOX)),
    "sign": ("Sign a gate.", _sign_options, sign),
    "production": ("Migrate everything, phase by phase.", _production_options, _run(Run.Kind.PRODUCTION)),
    "replay": ("Plan everything once more and write nothing.", _run_options, _run(Run.Kind.REPLAY)),
    "audit": ("Say who was deleted and who came back.", verbs_back.audit_options, _back(verbs_back.make_audit)),
    "cutover": ("Tick the checklist of the cutover.", verbs_back.cutover_options, _back(verbs_back.cut_over)),
    "hypercare": ("Raise, answer and check issues.", verbs_back.hypercare_options, _back(verbs_back.care)),
    "delta": ("Carry over what changed since.", verbs_back.delta_options, _back(verbs_back.carry_over)),
    "rollback": ("Take back what runs did.", verbs_back.rollback_options, _back(verbs_back.roll_back)),
    "verify": ("Read everything back once more, and compare.", _run_options, _run(Run.Kind.VERIFY)),
    "reject": ("Say no to a gate, with the reason.", _reject_options, reject),
    "cancel": ("End the open run for good.", _why_options, cancel),
    "hold": ("List or decide held records.", _hold_options, hold),
    "report": ("Write a document of the project.", papers.report_options, papers.report),
    "rebuild": ("Make views, lists and drafts of workflows from the handoff.", _none, papers.rebuild),
    "certify": ("Issue a signed certificate over the newest production run.", papers.certify_options, papers.certify),
    "status": ("Say where the project stands.", _none, status),
}
