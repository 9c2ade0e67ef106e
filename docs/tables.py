"""Writes the tables of docs/reference.md from the code: `make docs`. A test fails when they are stale."""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference.md"

SETTINGS = {
    "DATA_DIR": "Where SQLite and the keys of this installation are kept when the environment names neither.",
    "ARCHIVE_DIR": "Where archives lie that may be added in the browser: a folder for each project, called like it.",
    "DATABASE_URL": "The database; PostgreSQL for more than one machine.",
    "REDIS_URL": "Broker and shared request budgets. Without it, work runs with `--foreground` only.",
    "CELERY_BROKER_URL": "Another broker than Redis.",
    "SECRET_KEY": "Signs sessions and links.",
    "CREDENTIAL_KEYS": "Fernet keys for stored credentials, separated by commas: the first encrypts, all decrypt.",
    "PUBLIC_URL": "The address under which people reach this installation; used in invitation links.",
    "ALLOWED_HOSTS": "Host names that are answered.",
    "CSRF_TRUSTED_ORIGINS": "Origins with another scheme or port that may post forms.",
    "BEHIND_PROXY": "Believe the proxy's `X-Forwarded-Proto`.",
    "SECURE_TLS": "Redirect to https, secure cookies, HSTS.",
    "ALLOW_PRIVATE_HOSTS": "Whether connections may point at private or loopback addresses and plain http.",
    "TIME_ZONE": "The zone in which times are shown.",
    "DEBUG": "Django's debug pages. Never in production.",
    "LOG_LEVEL": "How much is logged.",
    "TICK_SECONDS": "How often the beat looks for runs that want work.",
    "WATCH_SECONDS": "How often the beat reads the sources' logs and sees whether a delta is due.",
    "RUN_LEASE_SECONDS": "How long a worker may be silent before its step is given to another one.",
    "RUN_SLICE_SECONDS": "How long one task works on a step before it hands the turn on.",
    "SETTLE_SECONDS": "How long the destination's own queue is given before paused workflows are put back.",
}

DEFAULTS = {
    "ARCHIVE_DIR": "`archives/` in `DATA_DIR`",
    "CELERY_BROKER_URL": "`REDIS_URL`",
    "CREDENTIAL_KEYS": "made on first use, kept in `DATA_DIR`",
    "DATABASE_URL": "SQLite in `DATA_DIR`",
    "DATA_DIR": "`var/`",
    "SECRET_KEY": "made on first use, kept in `DATA_DIR`",
    "SECURE_TLS": "on when `PUBLIC_URL` is https",
}
"""Defaults that are computed, in words; all others are read from the code."""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def settings() -> str:
    """Every name that the settings read from the environment."""
    rows = []
    for node in ast.walk(ast.parse((ROOT / "migrator" / "settings.py").read_text())):
        if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
            continue
        called = ast.unparse(node.func)
        if called.startswith("env.") or called == "_kept_secret":
            name = str(node.args[0].value)
            default = DEFAULTS.get(name) or f"`{_shown(node.args[1])}`"
            rows.append((f"`{name}`", "" if default == "``" else default, SETTINGS[name]))
    order = list(SETTINGS)
    return table(("name", "default", "what it does"), sorted(rows, key=lambda row: order.index(row[0].strip("`"))))


def _shown(default: ast.expr) -> str:
    """A default as it would be written into the environment."""
    value = ast.literal_eval(default)
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, list) else str(value)


def connectors() -> str:
    """Every system that is declared."""
    from connectors.registry import all_connectors

    return table(
        ("system", "slug", "reads", "writes", "asks for", "requests a minute", "vendor's documentation"),
        [
            (
                connector.label,
                f"`{connector.slug}`",
                "yes" if connector.source else "no",
                "yes" if connector.destination else "no",
                ", ".join(str(field.title) for field in connector.credentials.model_fields.values()),
                f"{connector.rate.per_minute:.0f}" if connector.rate.is_limited else "no limit",
                f"<{connector.docs_url}>",
            )
            for connector in all_connectors()
        ],
    )


def phases() -> str:
    """The order of a run, with the stages of each step."""
    from mapping.activities import EVENT, MESSAGE, catch_all
    from mapping.rules import ActivityRule, Home, MapSpec, ObjectRule, RelationRule
    from projects.models import Run
    from projects.pipeline.phases import COMPANY, DISCOVERY, PHASES

    companies = ObjectRule(source="object:1", label="Companies", destination=COMPANY)
    parent = RelationRule(source="parent_id", to="object:2", by="object_id", destination="parent")
    customs = ObjectRule(source="object:2", label="Projects", destination="project", relations=(parent,))
    links = tuple(
        ObjectRule(source=f"relationship:{number}", destination=f"{name}Association")
        for number, name in ((1, "company"), (2, "project"))
    )
    notes = ActivityRule(source=EVENT, name="note_added", home=Home.COMMENT)
    happened = (notes, catch_all(EVENT), catch_all(MESSAGE))
    run = Run(kind=Run.Kind.PRODUCTION)
    spec = MapSpec(objects=(companies, customs, *links), activities=happened)
    return table(
        ("phase", "step", "lands on", "stages", "in the balance", "signed"),
        [
            (
                phase.label if not number else "",
                f"`{step.name}`",
                f"`{step.destination}`" if step.destination else "",
                " → ".join(step.stages),
                "yes" if step.counts else "",
                ("yes" if phase.needs_approval else "no") if not number else "",
            )
            for phase in (DISCOVERY, *PHASES)
            for number, step in enumerate(phase.steps(run, spec))
        ],
    )


def permissions() -> str:
    """Who may do what."""
    from projects.permissions import ALLOWED, Role

    return table(
        ("", *(str(label) for label in Role.labels)),
        [
            (action.value.replace("_", " "), *("yes" if role in allowed else "" for role in Role.values))
            for action, allowed in ALLOWED.items()
        ],
    )


def verbs() -> str:
    """The verbs of `manage.py migration`."""
    from projects.management.commands.migration import VERBS

    return table(("verb", "what it does"), [(f"`{name}`", verb[0]) for name, verb in VERBS.items()])


def make_rules() -> str:
    """What the Makefile says that it can make."""
    found = re.findall(r"^([a-z]+):.*?## (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return table(("command", "what it does"), [(f"`make {name}`", text) for name, text in found])


TABLES: dict[str, Callable[[], str]] = {
    "make": make_rules,
    "verbs": verbs,
    "settings": settings,
    "permissions": permissions,
    "phases": phases,
    "connectors": connectors,
}


def rendered(text: str) -> str:
    """The page with every table made anew between its two marks."""
    for name, make in TABLES.items():
        begin, end = f"<!-- table {name} -->\n", f"\n<!-- end {name} -->"
        before, rest = text.split(begin)
        text = before + begin + make() + end + rest.split(end)[1]
    return text


def schemas() -> dict[Path, str]:
    """The JSON schema of each document of a project, by the file it is published in."""
    from projects.documents.kinds import KINDS

    folder = ROOT / "docs" / "schemas"
    return {
        folder / f"{kind}.schema.json": json.dumps(document.schema(), indent=1) + "\n"
        for kind, document in KINDS.items()
    }


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migrator.settings")
    django.setup()
    REFERENCE.write_text(rendered(REFERENCE.read_text()))
    for path, text in schemas().items():
        path.write_text(text)
