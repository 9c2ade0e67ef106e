"""How many requests a rollback takes: `python -m bench.rollback [PEOPLE]` against the fakes, in one process.

Prints requests to the destination per 1,000 records for the plan, for carrying it out and for the proof.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter


def main(people: int) -> None:
    """Migrates so many people, then takes everything back and counts."""
    folder = tempfile.mkdtemp(prefix="bench-rollback-")
    os.environ |= {"DATA_DIR": folder, "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3", "SETTLE_SECONDS": "0"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migrator.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from connectors.customerio.fake import FakeCustomerio, Workspace
    from connectors.twenty.fake import FakeTwenty
    from projects import rollback
    from projects.models import Step
    from projects.pipeline import engine
    from projects.pipeline.scope import Scope
    from tests.journey.conftest import make_migration

    source = Workspace()
    for number in range(people):
        source.add_person(id=f"u{number}", email=f"p{number}@x.example", attributes={"first_name": f"First{number}"})
    destination = FakeTwenty(line="2.x", long_limit=None, short_limit=None, prefilled=False)
    migration = make_migration(FakeCustomerio(source, requests_per_second=None), destination)
    migration.to_sandbox(size=50)
    migration.production()
    run = engine.drive(rollback.start(project=migration.project, scope=Scope(), by=migration.admin).pk)
    began = time.monotonic()
    rollback.confirm(run=run, typed=migration.project.name, by=migration.admin)
    run = engine.drive(run.pk)
    seconds = time.monotonic() - began
    records = run.reversals.count()
    print(f"{records:,} records taken back in {seconds:.0f} s ({records / seconds * 60:,.0f} a minute without a limit)")
    for step in Step.objects.filter(run=run).order_by("phase__order", "order"):
        calls: Counter[str] = Counter()
        for name, number in step.tally.items():
            if name.startswith("calls.destination."):
                calls[name.rpartition(".")[2]] += number
        per_thousand = {name: round(number * 1000 / records, 1) for name, number in sorted(calls.items())}
        print(f"  {step.name}: {dict(calls)} = {per_thousand} per 1,000 records")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
