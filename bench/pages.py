"""Times every page of a project with two million records, with Django's test client.

    python -m bench.pages [--records 2000000] [--keep FOLDER]

On SQLite in a folder of its own, or on the PostgreSQL in DATABASE_URL (a database to be thrown away: it is filled).
Prints for each page: queries, milliseconds (the best and the worst of five), and whether it is under 300 ms.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

LIMIT_MS = 300
TIMES = 5


def main() -> int:
    """Seeds, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--keep", default="", help="a folder for the database; it is filled once and used again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(options.keep or folder)
        place.mkdir(parents=True, exist_ok=True)
        os.environ |= {"DATA_DIR": str(place), "DJANGO_SETTINGS_MODULE": "migrator.settings", "LOG_LEVEL": "WARNING"}
        os.environ["ALLOWED_HOSTS"] = "testserver"
        import django

        django.setup()
        return _measure(options.records)


def _measure(records: int) -> int:
    from django.core.management import call_command

    from projects.models import Project

    call_command("migrate", verbosity=0)
    if not Project.objects.filter(slug="big").exists():
        from bench.big_project import seed

        began = time.monotonic()
        seed(records)
        print(f"{records:,} records seeded in {time.monotonic() - began:.0f} s")
    slow = 0
    print(f"{'page':<44}{'queries':>8}{'best ms':>9}{'worst ms':>9}{'kB':>7}")
    for name, url in pages():
        queries, best, worst, size = timed(url)
        slow += best > LIMIT_MS
        print(
            f"{name:<44}{queries:>8}{best:>9.0f}{worst:>9.0f}{size / 1000:>7.0f}{'  SLOW' if best > LIMIT_MS else ''}"
        )
    print("every page is under 300 ms" if not slow else f"{slow} pages are over 300 ms")
    return 1 if slow else 0


def timed(url: str) -> tuple[int, float, float, int]:
    """Queries, best and worst milliseconds, and bytes of one page."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from projects.models import User

    client = Client()
    client.force_login(User.objects.get(email="admin@example.com"))
    client.get(url)
    took = []
    size = 0
    for _ in range(TIMES):
        began = time.perf_counter()
        answer = client.get(url)
        size = len(answer.content)
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, (url, answer.status_code)
    with CaptureQueriesContext(connection) as asked:
        client.get(url)
    if os.environ.get("SHOW_QUERIES"):
        for query in sorted(asked.captured_queries, key=lambda one: -float(one["time"]))[:3]:
            print(f"    {query['time']} s  {query['sql'][:300]}")
    return len(asked), min(took), max(took), size


def pages() -> Iterator[tuple[str, str]]:
    """Every page of the project, the heavy corners of them too."""
    from django.urls import reverse

    from projects.models import Link, Record, Run

    run = Run.objects.get(project__slug="big", kind="production")
    sandbox = Run.objects.get(project__slug="big", kind="sandbox")
    verify = Run.objects.get(project__slug="big", kind="verify")
    number = run.number
    for name in (
        "project",
        "connections",
        "discovery",
        "map",
        "sandbox",
        "held",
        "runs",
        "find",
        "certificates",
        "trail",
    ):
        yield name, reverse(name, args=["big"])
    yield "sandbox, at random", reverse("sandbox", args=["big"]) + "?order=random"
    yield "held, doubles", reverse("held", args=["big"]) + "?object=person&reason=duplicate_match_value"
    for one in (sandbox, run, verify):
        yield f"run ({one.kind})", reverse("run", args=["big", one.number])
    for phase in ("people", "companies"):
        yield f"reconciliation, {phase}", reverse("reconciliation", args=["big", number, phase])
    yield "reconciliation of a verification", reverse("reconciliation", args=["big", verify.number, "everything"])
    listed = reverse("records", args=["big", number])
    yield "records", listed
    last = Record.objects.filter(run=run, object="person").order_by("-pk").values_list("pk", flat=True)[0]
    yield "records, the last page", f"{listed}?object=person&before={last}"
    for state in ("created", "held", "excluded", "rejected", "open"):
        yield f"records, {state}", f"{listed}?state={state}"
    yield "records, held by reason", f"{listed}?state=held&object=person&reason=no_match_value"
    row = Record.objects.filter(run=run, object="person", state="created").order_by("-pk")[0]
    yield "record", reverse("record", args=["big", number, row.pk])
    find = reverse("find", args=["big"])
    link = Link.objects.filter(project__slug="big", object="person").order_by("-pk")[0]
    for what, asked in (
        ("e-mail", row.email),
        ("key", row.key),
        ("own id", row.own_id),
        ("destination id", link.destination_id),
        ("nobody", "ghost@example.com"),
    ):
        yield f"find by {what}", f"{find}?q={asked}"
    yield "certificates, proof by e-mail", f"{reverse('certificates', args=['big'])}?q={row.email}"
    yield "api status", reverse("api-status", args=["big"])


if __name__ == "__main__":
    sys.exit(main())
