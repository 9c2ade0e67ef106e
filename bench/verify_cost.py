"""What reading everything back costs in requests, beside what loading costs, at 200 records a page.

    python -m bench.verify_cost [--people 6000]

Runs the product in this process against both stand-ins, without limits. People with a company each and events, so that
every kind of step is among them. Counted are requests about records, as Twenty counts them; the schema is not limited.
Measured with 2,000 people: production reads back with 27 requests what took 115 to load, a share of 0.235. A whole
verification reads page by page, 200 records each, and has two requests for each object besides: 42, a share of 0.365,
which falls with the number of records towards 0.3.

The figure that must hold: reading back, the first looks included, costs at most 0.35 of what loading costs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from typing import Any

MOST = 0.35

LOADING = ("load", "merge", "clear")
READING = ("look", "verify", "reread")


def main() -> int:
    """Runs it and prints the figures; 1 where reading back costs too much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=6_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "migrator.settings", "LOG_LEVEL": "WARNING"}
        os.environ["SETTLE_SECONDS"] = "0"
        os.environ.pop("REDIS_URL", None)
        import django

        django.setup()
        return _measure(options.people)


def _measure(people: int) -> int:
    from django.core.management import call_command

    from connectors.customerio.fake import FakeCustomerio
    from connectors.twenty.fake import FakeTwenty
    from tests.journey.conftest import make_migration

    call_command("migrate", verbosity=0)
    source = FakeCustomerio(_workspace(people), requests_per_second=None)
    migration = make_migration(source, FakeTwenty("2.x", long_limit=None, short_limit=None, prefilled=False))
    migration.to_sandbox(size=20)
    counted = _counting()
    migration.production()
    loading, reading = _sum(counted, LOADING), _sum(counted, READING)
    for (step, stage), number in sorted(counted.items()):
        print(f"{step:<24}{stage:<10}{number:>7,}")
    print(f"production of {people:,} people: {loading:,} requests to load, {reading:,} to read back")
    print(f"share: {reading / loading:.3f} (at most {MOST})")
    counted.clear()
    verification = migration.run("verify")
    again = _sum(counted, READING)
    print(
        f"{verification}: {again:,} requests, {again / loading:.3f} of the load's; {verification.get_state_display()}"
    )
    return 0 if max(reading, again) / loading <= MOST else 1


def _workspace(people: int) -> Any:
    from connectors.customerio.fake import Workspace

    made = Workspace()
    kind = made.add_object_type("Companies", "Company")["id"]
    for number in range(people // 10):
        made.add_object(kind, f"c{number}", {"name": f"Company {number}", "domain": f"c{number}.example.com"})
    for number in range(people):
        attributes = {"first_name": f"First{number}", "plan": ("free", "pro")[number % 2], "score": str(number)}
        person = made.add_person(id=f"u{number}", email=f"u{number}@example.com", attributes=attributes).cio_id
        made.relate(person, (kind, f"c{number // 10}"), {"role": "friend"})
        made.add_event(person, "order_placed", {"number": number}, activity_id=f"order-{number}")
    return made


def _counting() -> Counter[tuple[str, str]]:
    """Step and stage → requests about records, from now on."""
    from projects.pipeline import stages

    counted: Counter[tuple[str, str]] = Counter()

    def noted(name: str, work: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def page(context: Any) -> Any:
            before = _records(context)
            progress = work(context)
            counted[context.step.name, name] += _records(context) - before
            return progress

        return page

    stages.STAGES.update({name: noted(name, work) for name, work in stages.STAGES.items()})
    return counted


def _records(context: Any) -> int:
    calls: Counter[str] = context.calls()
    return calls["destination.read"] + calls["destination.write"]


def _sum(counted: Counter[tuple[str, str]], stages: tuple[str, ...]) -> int:
    return sum(number for (_step, stage), number in counted.items() if stage in stages)


if __name__ == "__main__":
    sys.exit(main())
