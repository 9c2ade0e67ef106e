"""Verbs of the command line for what comes after production: rollback, audit, delta, cutover, hypercare."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import OutputWrapper
from django.utils import timezone

from projects import audits, cutover, deltas, gates, hypercare, keeping_up, rollback, services
from projects.management.waiting import FAILED, WAITS, Outcome, wait_for
from projects.models import Project, Run, User
from projects.pipeline import delta, phases
from projects.pipeline.scope import Scope
from projects.text import moved_in_words


def rollback_options(parser: argparse.ArgumentParser) -> None:
    """What to take back."""
    parser.add_argument("--run", type=int, default=0, help="This run and all that came after it.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--phase", default="", choices=[phase.name for phase in phases.PHASES])
    what.add_argument("--object", default="", help="One object type of the source, and what hangs on it.")
    what.add_argument("--field", default="", metavar="O.F", help="One field, as Twenty calls it: person.jobTitle.")
    what.add_argument("--person", default="", metavar="KEY", help="One person, by the source's key or the address.")
    sure = parser.add_mutually_exclusive_group()
    sure.add_argument("--plan", action="store_true", help="Only say what would happen, and what would stay.")
    sure.add_argument("--yes", action="store_true", help="In a terminal: carry the plan out without asking.")
    parser.add_argument("--foreground", action="store_true", help="Work in this process: no broker, no worker.")


def roll_back(project: Project, user: User, options: dict[str, Any], stream: OutputWrapper) -> Outcome:
    """Plans, then (without --plan) carries the plan out; an interrupted one goes on where it stopped.

    Whoever sits at a terminal is shown the plan and types the project's short name first; a script is not asked.
    """
    names = ("run", "phase", "object", "field", "person")
    scope = Scope(**{name: options[name] for name in names if options[name]})
    found = project.runs.filter(kind=Run.Kind.ROLLBACK, state__in=Run.OPEN).first()
    run = found or rollback.start(project=project, scope=scope, by=user)
    if found is not None and run.scope != scope.to_json() and scope.to_json():
        raise services.Refused(f"{run} is open and takes back {Scope.of(run)}: let it end, or cancel it first.")
    if run.state == Run.State.PAUSED:
        services.resume_run(run=run, by=user)
        run.refresh_from_db()
    outcome = _wait(run, options, stream)
    plan = rollback.view(run)
    if plan.waits and options["plan"]:
        services.cancel_run(run=run, by=user, why="Only planned.")
        return Outcome({"run": run.number, "plan": plan.to_json()}, _text(plan))
    if plan.waits and not options["yes"] and not _agreed(project, plan, stream):
        if found is None:
            services.cancel_run(run=run, by=user, why="Not confirmed.")
        return Outcome({"error": "Nothing was changed.", "run": run.number}, "Nothing was changed.", FAILED)
    if plan.waits:
        rollback.confirm(run=run, typed=project.name, by=user)
        run.refresh_from_db()
        outcome = _wait(run, options, stream)
        run.refresh_from_db()
        plan = rollback.view(run)
    code = outcome.code if outcome.code in (FAILED, WAITS) else 0
    books = run.phases.get(name=phases.UNDO.name).reconciliations.order_by("-pk").first()
    text = "\n".join([books.verdict if books else outcome.text, _text(plan)])
    return Outcome({**outcome.data, "rollback": plan.to_json()}, text, code)


def _agreed(project: Project, plan: rollback.PlanView, stream: OutputWrapper) -> bool:
    """Whether the plan may be carried out: at a terminal only once the project's short name was typed."""
    if sys.stdin is None or not sys.stdin.isatty():
        return True
    # Beside the outcome, which may go into a file.
    stream.write(_text(plan))
    stream.write(f"This destroys records. To go on, type the project's short name, {project.slug}: ", ending="")
    stream.flush()
    try:
        return input().strip() == project.slug
    except (EOFError, KeyboardInterrupt):
        return False


def delta_options(parser: argparse.ArgumentParser) -> None:
    """How to read."""
    parser.add_argument("--full", action="store_true", help="Read everything: the fall-back, and the last proof.")
    parser.add_argument("--lag", action="store_true", help="Only say how far behind Twenty is.")
    parser.add_argument(
        "--every",
        type=int,
        metavar="MINUTES",
        help=f"Only say how often deltas begin by themselves: {', '.join(map(str, keeping_up.CHOICES))} (0: never).",
    )
    parser.add_argument("--foreground", action="store_true", help="Work in this process: no broker, no worker.")


def carry_over(project: Project, user: User, options: dict[str, Any], stream: OutputWrapper) -> Outcome:
    """Carries over what changed at the source since the last run; goes on with one that was interrupted."""
    if options["lag"]:
        lag = deltas.lag(project, look=True)
        return Outcome(lag.to_json(), f"{sum(lag.waiting.values()):,} changes wait, of {lag.people:,} people.")
    if options["every"] is not None:
        keeping_up.choose(project=project, minutes=options["every"], by=user)
        told = f"A delta begins {keeping_up.CHOICES[project.keeps_up_minutes]}."
        return Outcome({"keeps_up_minutes": project.keeps_up_minutes}, told)
    run = project.runs.filter(kind=Run.Kind.DELTA, state__in=Run.OPEN).first()
    run = run or deltas.start(project=project, by=user, full=options["full"])
    if run.state == Run.State.PAUSED:
        services.resume_run(run=run, by=user)
        run.refresh_from_db()
    outcome = _wait(run, options, stream)
    run.refresh_from_db()
    moved = dict(delta.moved(run))
    data = {**outcome.data, "mode": run.scope.get("mode"), "moved": moved}
    return Outcome(data, f"{outcome.text}\nMoved: {moved_in_words(moved) or 'nothing'}.", outcome.code)


def audit_options(parser: argparse.ArgumentParser) -> None:
    """Integrations may be settled on the way."""
    parser.add_argument(
        "--integration",
        dest="integrations",
        nargs=3,
        action="append",
        default=[],
        metavar=("NAME", "STATE", "OWNER"),
        help="What became of an integration: open, paused, redirected or harmless. May be repeated.",
    )
    parser.add_argument("--readmit", action="append", default=[], metavar="KEY", help="Let in who came back.")


def make_audit(project: Project, user: User, options: dict[str, Any], stream: OutputWrapper) -> Outcome:
    """Says who was deleted, who came back and by what, and which integrations are not settled."""
    audits.make(project=project, by=user)
    for name, state, owner in options["integrations"]:
        audits.settle_integration(project=project, name=name, owner=owner, state=state, by=user)
    for key in options["readmit"]:
        audits.readmit(project=project, key=key, by=user)
    newest = project.audit_reports.latest()
    content = newest.content
    lines = [f"{content['counts']['deleted']:,} people deleted, {content['counts']['returned']:,} came back."]
    lines += [
        f"  {one['email'] or one['cio_id']}: back as {one['returned_as']}: {one['trace']}"
        for one in content["deleted"]
        if one["returned_as"]
    ]
    lines += [f"  {one['name']}: {one['state']}" for one in content["integrations"]]
    return Outcome({"digest": newest.digest, **content}, "\n".join(lines))


def cutover_options(parser: argparse.ArgumentParser) -> None:
    """The freeze."""
    parser.add_argument("--freeze", action="store_true", help="The source is frozen from now on.")
    parser.add_argument("--foreground", action="store_true", help="Work in this process: no broker, no worker.")


def cut_over(project: Project, user: User, options: dict[str, Any], stream: OutputWrapper) -> Outcome:
    """Ticks the checklist; after the freeze also runs what is missing: a replay, deltas until two move nothing."""
    if options["freeze"] and project.freeze_at is None:
        cutover.announce(project=project, at=timezone.now(), by=user)
    checks = cutover.checks(project)
    frozen = project.freeze_at is not None and project.cut_over_at is None
    if frozen and not project.runs.filter(state__in=Run.OPEN).exists():
        if problem := _last_runs(project, user, options, stream):
            return problem
        checks = cutover.checks(project)
    data = {
        "checks": [{"check": one.name, "passed": one.passed, "found": one.sentence} for one in checks],
        "ready": all(one.passed for one in checks),
        "cut_over_at": project.cut_over_at.isoformat() if project.cut_over_at else None,
    }
    lines = [f"{'ok  ' if one.passed else 'open'}  {one.sentence} {'' if one.passed else one.remedy}" for one in checks]
    if project.cut_over_at is not None:
        return Outcome(data, f"Twenty is the system of record since {project.cut_over_at}.")
    ready = f"Ready: migration sign {project.slug} cutover" if data["ready"] else "Not ready yet."
    return Outcome(data, "\n".join([*lines, ready]), WAITS)


def _last_runs(
    project: Project, user: User, options: dict[str, Any], stream: OutputWrapper, most: int = 4
) -> Outcome | None:
    """What is missing: a replay where none is fresh, then deltas until two move nothing; the first that fails."""
    for full in (False, True):
        if _passed(project, "replay"):
            break
        outcome = _wait(deltas.start(project=project, by=user, full=full), options, stream)
        if outcome.code:
            return outcome
        # A replay finds what the log does not show, such as an event that was dated back: then everything is read.
        outcome = _wait(_replay(project, user), options, stream)
        if outcome.code and full:
            return outcome
    for _ in range(most):
        if _passed(project, "deltas"):
            break
        outcome = _wait(deltas.start(project=project, by=user), options, stream)
        if outcome.code:
            return outcome
    return None


def _replay(project: Project, user: User) -> Run:
    return services.start_run(project=project, kind=Run.Kind.REPLAY, by=user)


def _passed(project: Project, name: str) -> bool:
    return any(one.passed for one in gates.Standing(project).checks if one.name == name)


def hypercare_options(parser: argparse.ArgumentParser) -> None:
    """Issues on records."""
    parser.add_argument("--raise", dest="key", default="", metavar="KEY", help="Raise an issue on this record.")
    parser.add_argument("--field", default="")
    parser.add_argument("--text", default="", help="What is wrong, or the answer.")
    parser.add_argument("--answer", type=int, default=0, metavar="N")
    parser.add_argument("--check", type=int, default=0, metavar="N", help="Look at the record in both systems.")
    parser.add_argument("--resolve", type=int, default=0, metavar="N")
    parser.add_argument("--again", type=int, default=0, metavar="N", help="Raise a resolved issue again.")
    parser.add_argument("--days", type=int, default=None, help="How long hypercare is open from the cutover on.")


def care(project: Project, user: User, options: dict[str, Any], stream: OutputWrapper) -> Outcome:
    """Raises, answers, checks and resolves issues; says where hypercare stands."""
    if options["days"] is not None:
        hypercare.set_days(project=project, days=options["days"], by=user)
    if options["key"]:
        hypercare.raise_concern(
            project=project, key=options["key"], field=options["field"], text=options["text"], by=user
        )
    for name in ("answer", "check", "resolve", "again"):
        if not options[name]:
            continue
        concern = project.concerns.filter(number=options[name]).first()
        if concern is None:
            raise services.Refused(f"There is no issue {options[name]}.")
        if name == "answer":
            hypercare.answer(concern=concern, text=options["text"], by=user)
        elif name == "check":
            hypercare.check(concern=concern, by=user)
        elif name == "again":
            hypercare.raise_again(concern=concern, text=options["text"], by=user)
        else:
            hypercare.resolve(concern=concern, by=user)
    report = hypercare.report(project)
    lines = [
        f"{one['number']:>4}  {one['state']}  {one['label']} {one['key']}: {one['text']}" for one in report["issues"]
    ]
    return Outcome(report, "\n".join([f"Hypercare until {report['ends_at'] or 'the cutover is done'}.", *lines]))


def _wait(run: Run, options: dict[str, Any], stream: OutputWrapper) -> Outcome:
    if not options["foreground"] and not settings.REDIS_URL:
        raise services.Refused("There is no REDIS_URL, so no worker can be reached: add --foreground, or set it.")
    if run.is_active and not options["foreground"]:
        services.enqueue(run)
    return wait_for(run, foreground=options["foreground"], quiet=options["json"], stream=stream)


def _text(plan: rollback.PlanView) -> str:
    counts = plan.counts
    lines = [
        f"Rollback of {plan.what}:",
        f"{counts['destroy']:>8,}  records that were made here: destroyed",
        f"{counts['restore']:>8,}  records that stay: their old values back",
        f"{counts['bin'] + counts['unbin']:>8,}  records into or out of the bin",
        f"{counts['kept'] + counts['parts']:>8,}  records with changes by people since: these stay",
        f"{plan.schema:>8,}  objects, fields and options: dropped where nothing uses them",
    ]
    if not plan.waits:
        lines.append(f"{plan.lines:>8,}  lines of Twenty's own timeline that told of them: destroyed")
    if plan.lines_left:
        lines.append(f"{plan.lines_left:>8,}  lines stay on timelines of records that stood before: maybe not ours")
    lines += [f"          stays: {one.object} {one.key} {one.label}  {one.detail}" for one in plan.stays[:20]]
    return "\n".join([*lines, *plan.kept_schema])
