"""How many requests a migration needs, and how much of what Twenty allows it uses while it is limited.

    .venv/bin/python bench/request_budget.py [PEOPLE]

Runs the product in this process against both fakes: Twenty's with its stock limits (100 requests at once,
then 100 a minute, counted as contracts/twenty/FACTS.md section 11 says), Customer.io's without limit. The
share compares the counted requests of loading and reading back with what the server would have let through
in the same time: the full bucket at the start and one request every 0.6 s.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
FOLDER = tempfile.mkdtemp(prefix="carryover-bench-")
os.environ.update(DATA_DIR=FOLDER, DJANGO_SETTINGS_MODULE="migrator.settings", SETTLE_SECONDS="0", LOG_LEVEL="WARNING")
os.environ.pop("REDIS_URL", None)

import django  # noqa: E402

django.setup()

import httpx  # noqa: E402
from django.core.management import call_command  # noqa: E402

from connectors.customerio.fake import FakeCustomerio, Workspace  # noqa: E402
from connectors.twenty.fake import FakeTwenty  # noqa: E402
from projects import connections, gates, proposals, services  # noqa: E402
from projects.models import Connection, Project, Run, Step, User  # noqa: E402
from projects.pipeline import engine  # noqa: E402

SOURCE, DESTINATION = "https://customerio.test", "https://twenty.test"


def workspace(people: int) -> Workspace:
    """People with seven attributes each and one segment."""
    made = Workspace()
    for number in range(people):
        attributes = {
            "first_name": f"First{number}",
            "last_name": f"Last{number}",
            "city": "Rome",
            "plan": ("free", "pro")[number % 2],
            "score": str(number),
            "job_title": "Engineer",
            "created_at": str(1_600_000_000 + number),
        }
        made.add_person(id=f"u{number}", email=f"u{number}@example.com", attributes=attributes)
    made.add_segment("Everyone", members=[person.cio_id for person in made.people])
    return made


def project(source: FakeCustomerio, destination: FakeTwenty) -> tuple[Project, User]:
    """A project connected to both fakes, with the usual limits of Twenty."""
    connections.transports[SOURCE] = httpx.WSGITransport(app=source)
    connections.transports[DESTINATION] = httpx.WSGITransport(app=destination)
    admin = User.objects.create_superuser("bench@example.com", "not-used-anywhere")
    made = services.create_project(name="Bench", by=admin)
    for side, slug, url, key, rate in (
        (Connection.Side.SOURCE, "customerio", SOURCE, source.api_key, 6_000_000),
        (Connection.Side.DESTINATION, "twenty", DESTINATION, destination.api_key, None),
    ):
        services.save_connection(
            project=made,
            side=side,
            connector=slug,
            base_url=url,
            credentials={"api_key": key},
            requests_per_minute=rate,
            by=admin,
        )
    return made, admin


def run(made: Project, admin: User, kind: str) -> Run:
    """Starts a run and works on it until it rests."""
    return engine.drive(services.start_run(project=made, kind=kind, by=admin, sample_size=20).pk)


def main() -> None:
    """Runs it and prints the figures."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 12_000
    call_command("migrate", verbosity=0)
    destination = FakeTwenty(prefilled=False)
    made, admin = project(FakeCustomerio(workspace(people), requests_per_second=None), destination)
    run(made, admin, "discovery")
    proposals.propose(project=made, by=admin)
    services.sign(project=made, gate=gates.MAP, by=admin, name="Bench")
    run(made, admin, "sandbox")
    services.sign(project=made, gate=gates.SANDBOX, by=admin, name="Bench")
    time.sleep(61)  # the bucket is full again, so that the run's share can be told
    production = run(made, admin, "production")
    step = Step.objects.get(run=production, name="person")
    calls = {name.removeprefix("calls.destination."): n for name, n in step.tally.items() if "destination" in name}
    counted = calls.get("read", 0) + calls.get("write", 0) - calls.get("refused", 0)
    seconds = (step.tally["ms.load"] + step.tally["ms.verify"]) / 1000
    allowed = 100 + seconds / 0.6
    print(f"{people:,} people: {production.get_state_display()}, {step.tally}")
    print(f"write calls per 1,000 people: {1000 * calls['write'] / people:.2f}")
    print(f"counted calls per 1,000 people, looking up and reading back included: {1000 * counted / people:.2f}")
    print(f"load and read back: {seconds:.1f} s, {counted} counted calls, {calls.get('refused', 0)} refused")
    print(f"allowed in that time: {allowed:.0f}; share used: {counted / allowed:.1%}")


if __name__ == "__main__":
    try:
        main()
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
