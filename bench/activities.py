"""How fast events of an archive become drafts, and whether memory stays flat however many there are.

    .venv/bin/python bench/activities.py [EVENTS …] [--profile]

For each number (100,000 and 1,000,000 unless told) a process of its own makes an archive in a temporary folder and a
SQLite database beside it, and works the stages that read and draft as the engine does: page by page, results and
cursor in one transaction. Both systems are the fakes, in the same process. Prints records per second of each stage
and the peak of resident memory; the last number's peak must be at most 1.2 times the first one's.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

if TYPE_CHECKING:
    from projects.models import Run

PEOPLE = 20_000
"""People that the events belong to: every fifth event names one who did not land."""

FLAT = 1.2
SOURCE, DESTINATION = "https://customerio.test", "https://twenty.test"


def prepare(folder: Path, archive: Path) -> Run:
    """A project on both fakes whose people have landed, with the archive beside it; gives its open run."""
    import httpx
    from django.core.management import call_command

    from connectors.customerio.fake import FakeCustomerio, Workspace
    from connectors.twenty.fake import FakeTwenty
    from mapping.activities import catch_all
    from mapping.models import FieldMap
    from mapping.rules import MapSpec
    from projects import connections, services
    from projects.models import Record, Run, User
    from projects.pipeline import engine
    from projects.schema import ensure_schema

    call_command("migrate", verbosity=0)
    source = FakeCustomerio(Workspace(), requests_per_second=None)
    destination = FakeTwenty("2.x", long_limit=None, short_limit=None, prefilled=False)
    connections.transports[SOURCE] = httpx.WSGITransport(app=source)
    connections.transports[DESTINATION] = httpx.WSGITransport(app=destination)
    admin = User.objects.create_superuser("admin@example.com", "a-long-password")
    project = services.create_project(name="Bench", by=admin)
    for side, connector, url, key in (
        ("source", "customerio", SOURCE, source.api_key),
        ("destination", "twenty", DESTINATION, destination.api_key),
    ):
        services.save_connection(
            project=project,
            side=side,
            connector=connector,
            base_url=url,
            credentials={"api_key": key},
            requests_per_minute=6_000_000,
            by=admin,
        )
    project.archives.create(object="event", paths=[str(archive)], columns={})
    spec = MapSpec(activities=(catch_all("event"),))
    ensure_schema(project, spec)
    stored = spec.model_dump(mode="json")
    field_map = FieldMap.objects.create(series=project.map_series, number=1, digest=spec.digest(), content=stored)
    run = Run.objects.create(
        project=project, number=1, kind=Run.Kind.PRODUCTION, state=Run.State.RUNNING, field_map=field_map
    )
    engine.begin(run)
    people = (
        Record(run=run, object="person", key=f"03{number:06d}", raw={}, state=Record.State.CREATED)
        for number in range(PEOPLE)
    )
    Record.objects.bulk_create(people, batch_size=2000)
    return run


def work(run: Run, name: str, stage: str) -> int:
    """Works one stage of one step to its end; gives the number of records."""
    from projects.pipeline import engine, stages
    from projects.pipeline.context import Context

    step = run.steps.get(name=name)
    attempt = engine.claim(step)
    if attempt is None:
        raise LookupError(f"{step} cannot be claimed.")
    step = run.steps.select_related("run__project", "run__field_map", "phase").get(name=name)
    done = 0
    with Context(step, attempt) as context:
        while step.stage == stage and step.state == step.State.RUNNING:
            progress = stages.STAGES[stage](context)
            done += progress.done
            engine.commit(context, progress, context.calls(), 0.0)
    return done


def measure(number: int, profile: bool) -> None:
    """Makes, reads and drafts so many events in this process; prints what it took, as JSON."""
    with tempfile.TemporaryDirectory(prefix="carryover-bench-") as folder:
        os.environ.update(
            DATA_DIR=folder,
            DATABASE_URL=f"sqlite:///{folder}/bench.sqlite3",
            DJANGO_SETTINGS_MODULE="migrator.settings",
            REDIS_URL="",
            ALLOW_PRIVATE_HOSTS="true",
        )
        import django

        django.setup()
        from archive import make

        archive = Path(folder) / "events.ndjson"
        make(archive, number)
        run = prepare(Path(folder), archive)
        told: dict[str, float] = {"events": number}
        watched = cProfile.Profile()
        for name, stage in (("event.read", "happenings"), ("event", "draft")):
            started, began = time.perf_counter(), time.process_time()
            if profile:
                watched.enable()
            done = work(run, name, stage)
            watched.disable()
            told[stage] = done / (time.perf_counter() - started)
            told[f"{stage}.cpu"] = done / (time.process_time() - began)
            told[f"{stage}.done"] = done
        told["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        if profile:
            pstats.Stats(watched, stream=sys.stderr).sort_stats("tottime").print_stats(45)
        print(json.dumps(told))


def told_by(number: int, profile: bool) -> dict[str, float]:
    """Measures in a process of its own, so that nothing is left over from the one before; prints a line."""
    command = [sys.executable, __file__, "--measure", str(number), *(["--profile"] if profile else [])]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, float] = json.loads(out)
    if found["draft.done"] != number:
        raise LookupError(f"{found['draft.done']:,.0f} of {number:,} events were drafted.")
    print(
        f"{number:>9,} events: read {found['happenings']:>7,.0f}/s ({found['happenings.cpu']:,.0f} per CPU second), "
        f"drafted {found['draft']:>7,.0f}/s ({found['draft.cpu']:,.0f} per CPU second), peak {found['peak']:.0f} MB",
        flush=True,
    )
    return found


def main() -> int:
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("events", nargs="*", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure, options.profile)
        return 0
    peaks = [told_by(number, options.profile)["peak"] for number in options.events]
    print(f"Peak of the last to the first: {peaks[-1] / peaks[0]:.2f} (at most {FLAT})")
    return 0 if peaks[-1] <= FLAT * peaks[0] else 1


if __name__ == "__main__":
    sys.exit(main())
