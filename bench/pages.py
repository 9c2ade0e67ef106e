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
from typing import Any

LIMIT_MS = 300

LEFT_OUT = frozenset(
    """records-csv held-csv audit-csv audit-pdf verify-program healthz proof start logout login map-target map-preview
    map-values schema""".split()
)
"""Downloads, which are streams; what leads elsewhere; and parts of the map that need more of an address than a name."""

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
    from django.db import connection

    from projects.models import Project

    call_command("migrate", verbosity=0)
    if not Project.objects.filter(slug="big").exists():
        from bench.big_project import seed

        began = time.monotonic()
        seed(records)
        print(f"{records:,} records seeded in {time.monotonic() - began:.0f} s")
    slow = 0
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{connection.vendor}, load of the machine {load}")
    print(f"{'page':<44}{'queries':>8}{'best ms':>9}{'worst ms':>9}{'CPU ms':>8}{'kB':>7}")
    for name, url in pages():
        figures = timed(url)
        if figures is None:
            continue
        queries, best, worst, cpu, size = figures
        slow += best > LIMIT_MS
        mark = "  SLOW" if best > LIMIT_MS else ""
        print(f"{name:<44}{queries:>8}{best:>9.0f}{worst:>9.0f}{cpu:>8.0f}{size / 1000:>7.0f}{mark}")
    print("every page is under 300 ms" if not slow else f"{slow} pages are over 300 ms")
    return 1 if slow else 0


def timed(url: str) -> tuple[int, float, float, float, int] | None:
    """Queries, best and worst milliseconds, those of our CPU, and bytes of one page; None where it only takes forms."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from projects.models import User

    client = Client()
    client.force_login(User.objects.get(email="admin@example.com"))
    if client.get(url).status_code == 405:
        return None
    took: list[float] = []
    cpu: list[float] = []
    size = 0
    for _ in range(TIMES):
        began, used = time.perf_counter(), time.process_time()
        answer = client.get(url)
        size = len(answer.content)
        took.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - used) * 1000)
        assert answer.status_code == 200, (url, answer.status_code)
    with CaptureQueriesContext(connection) as asked:
        client.get(url)
    if os.environ.get("SHOW_QUERIES"):
        for query in sorted(asked.captured_queries, key=lambda one: -float(one["time"]))[:3]:
            print(f"    {query['time']} s  {query['sql'][:300]}")
    return len(asked), min(took), max(took), min(cpu), size


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
    yield from every_other({**_arguments(run.number), "pk": row.pk})


def _arguments(number: int) -> dict[str, Any]:
    """What addresses need, by the name it has in them."""
    return {
        "slug": "big", "number": number, "phase": "people", "object": "person", "side": "source", "gate": "map",
        "kind": "scope",
    }  # fmt: skip


def every_other(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every address that the application knows, once more or for the first time: a new screen is measured by itself.

    What only takes a form answers 405 and is left out where it is timed.
    """
    from django.urls import reverse

    from projects.urls import urlpatterns

    for pattern in urlpatterns:
        name = getattr(pattern, "name", None)
        wanted = set(pattern.pattern.converters)
        if name and name not in LEFT_OUT and wanted <= values.keys():
            yield f"/{name}", reverse(name, kwargs={one: values[one] for one in wanted})


if __name__ == "__main__":
    sys.exit(main())
