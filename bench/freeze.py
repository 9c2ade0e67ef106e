"""How long a freeze lasts: `python -m bench.freeze [FOLDER]` against the fakes, in one process.

Migrates the workspace of the demo, lets people change, come, go and merge at the source and three records be edited
by hand in Twenty, and then cuts over: a delta that moves something and two that move nothing. Prints seconds, requests
to both sides, and the same for 100,000 people at the usual limits (10 a second to read, 100 a minute to write).
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

READ_PER_SECOND = 10
WRITE_PER_MINUTE = 100
MEMBERSHIPS_PER_PAGE = 1000


def main(folder: Path) -> None:
    """Runs the journey and prints the figures."""
    data = tempfile.mkdtemp(prefix="bench-freeze-")
    os.environ |= {"DATA_DIR": data, "DATABASE_URL": f"sqlite:///{data}/bench.sqlite3", "SETTLE_SECONDS": "0"}
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migrator.settings")
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from connectors.customerio.fake import FakeCustomerio, Workspace
    from connectors.twenty.fake import FakeTwenty
    from projects import deltas
    from projects.models import Run
    from projects.pipeline import delta, engine
    from tests.journey.conftest import make_migration

    source = Workspace.load(folder)
    destination = FakeTwenty(line="2.x", long_limit=None, short_limit=None, prefilled=False)
    migration = make_migration(FakeCustomerio(source, requests_per_second=None), destination)
    migration.to_sandbox(size=60)
    migration.production()
    keys = [person.cio_id for person in source.people][:12]
    for key in keys[:5]:
        source.change_attributes(key, {"job_title": "Changed"})
    for number in range(3):
        source.add_person(id=f"new{number}", email=f"new{number}@x.example")
    source.delete_person(keys[5])
    source.merge_people(keys[6], keys[7])
    for key in keys[8:12]:
        source.add_event(key, "visit", {"late": True})
    people = {row["customerioId"]: row for row in destination.records("person")}
    for key, change in ((keys[0], "jobTitle"), (keys[9], "jobTitle"), (keys[10], "jobTitle")):
        destination.edit("person", people[key]["id"], {change: "By hand"})
    total = 0.0
    for _ in range(3):
        began = time.monotonic()
        run: Run = deltas.start(project=migration.project, by=migration.admin)
        run = engine.drive(run.pk)
        seconds = time.monotonic() - began
        total += seconds
        calls: Counter[str] = Counter()
        for step in run.steps.all():
            for name, number in step.tally.items():
                if name.startswith("calls."):
                    calls[name.removeprefix("calls.")] += number
        held = dict(run.records.filter(state="held").exclude(object="segment").values_list("key", "reason"))
        print(f"{run}: {run.state}, moved {dict(delta.moved(run))} in {seconds:.1f} s; {dict(calls)}; held {held}")
    print(f"freeze, from its beginning to “system of record”: {total:.0f} s of work here")
    replay = migration.run("replay")
    books = [phase.reconciliations.latest().balance for phase in replay.phases.all()]
    print("replay:", {name: sum(one[name] for one in books) for name in ("created", "updated")})
    print(_computed(people=100_000, segments=20, share=0.1, touched=500))


def _computed(*, people: int, segments: int, share: float, touched: int) -> str:
    """The freeze at the vendor's limits, where so many people were touched since the delta before it."""
    membership = segments * -(-int(people * share) // MEMBERSHIPS_PER_PAGE)
    first = membership + -(-touched // 100) * 2 + touched + 10
    reads = first + 2 * (membership + 10)
    writes = 3 * -(-touched // 200) + 3 * 6
    seconds = reads / READ_PER_SECOND + writes / WRITE_PER_MINUTE * 60
    return (
        f"computed for {people:,} people, {segments} segments with {share:.0%} of them each, {touched} people touched: "
        f"{reads:,} reads and {writes:,} requests to Twenty, {seconds / 60:.1f} min"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("demo/workspace"))
