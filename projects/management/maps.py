"""The verbs of the field map: propose it, take it out and in, sign it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from mapping import exchange
from mapping.rules import Action, FieldRule, ObjectRule
from projects import gates, map_services, proposals, services
from projects.management.waiting import Failed, Outcome
from projects.models import Project, User


def map_options(parser: argparse.ArgumentParser) -> None:
    """What `map` takes."""
    parser.add_argument("--export", dest="export_file", default="", metavar="FILE", help="JSON, or CSV by its ending.")
    parser.add_argument("--import", dest="import_file", default="", metavar="FILE", help="JSON, or CSV by its ending.")


def name_options(parser: argparse.ArgumentParser) -> None:
    """The name that stands under a signature."""
    parser.add_argument("--name", default="", help="The name to sign with; else the user's.")


def propose(command: BaseCommand, project: Project, user: User, options: dict[str, Any]) -> Outcome:
    """Proposes a field map from the newest discovery."""
    version = proposals.propose(project=project, by=user)
    return Outcome({"map": version.number, "digest": version.digest}, f"Map {version} is proposed.")


def show(command: BaseCommand, project: Project, user: User, options: dict[str, Any]) -> Outcome:
    """Shows, exports or imports the field map."""
    if options["import_file"]:
        path = Path(options["import_file"])
        try:
            spec = exchange.read(path.name, path.read_bytes())
        except (OSError, exchange.Unreadable) as error:
            raise Failed(f"{path} cannot be read as a field map. {error}") from error
        version = map_services.import_map(project=project, spec=spec, by=user)
        return Outcome({"map": version.number, "digest": version.digest}, f"Map {version} is stored.")
    latest = project.map_series.latest()
    if latest is None:
        raise Failed("There is no field map yet: discover, then propose one.")
    if options["export_file"]:
        path = Path(options["export_file"])
        write = exchange.to_csv if path.suffix.lower() == ".csv" else exchange.to_json
        path.write_text(write(latest.spec), encoding="utf-8", newline="")
    data = {"map": latest.number, "digest": latest.digest, "content": latest.content}
    lines = [
        f"{rule.source}.{field.source} → {_lands(rule, field)}  {field.reason}"
        for rule in latest.spec.objects
        for field in rule.fields
    ]
    return Outcome(data, "\n".join([f"Map {latest}", *lines]))


def _lands(rule: ObjectRule, field: FieldRule) -> str:
    left = Action.SKIP in (rule.action, field.action) or not field.destination
    return "(left behind)" if left else f"{rule.destination}.{field.destination}"


def confirm(command: BaseCommand, project: Project, user: User, options: dict[str, Any]) -> Outcome:
    """Signs the gate `map`; this is also the consent to pause the workflows that the answer lists."""
    shown = gates.content(project, gates.MAP) or {}
    signature = services.sign(project=project, gate=gates.MAP, by=user, name=options["name"] or str(user))
    paused = [trigger["name"] for trigger in shown.get("triggers", [])]
    text = f"Map v{shown.get('number')} is confirmed ({signature.digest[:12]})."
    if paused:
        text += f"\nWhile records are written, these workflows are paused: {', '.join(paused)}."
    return Outcome({"gate": "map", "digest": signature.digest, "pauses": paused}, text)
