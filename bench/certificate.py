"""How long a certificate over two million rows takes, and how much memory; then a proof, and the check of the bundle.

    python -m bench.certificate [--records 2000000] [--keep FOLDER]

On the project that `bench.pages` seeds, in the same folder or database. Memory is told at every fifth of the rows:
the hash trees, the bundle and its check are streams, so it must not grow with them.

Measured on two shared cores at a load of 6 to 9: 5,960,204 lines, a bundle of 279 MB. PostgreSQL: 376 s, 89 s of CPU,
110 MB after a fifth of the source, 135 MB at the end. SQLite: 556 s, 100 s of CPU, 102 MB and 194 MB, of which its
page cache is a part. The program in the bundle checked it in 36 s.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FLAT_MB = 60
"""What the largest file may add to the memory between its first fifth and its end."""


def main() -> int:
    """Seeds where nothing is seeded yet, then measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--keep", default="", help="a folder for the database; it is filled once and used again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(options.keep or folder)
        place.mkdir(parents=True, exist_ok=True)
        os.environ |= {"DATA_DIR": str(place), "DJANGO_SETTINGS_MODULE": "migrator.settings", "LOG_LEVEL": "WARNING"}
        import django

        django.setup()
        return _measure(options.records)


def _measure(records: int) -> int:
    from django.core.management import call_command

    from bench.big_project import seed
    from projects.documents import certificate, verifier
    from projects.models import Project, Run, User

    call_command("migrate", verbosity=0)
    if not Project.objects.filter(slug="big").exists():
        seed(records)
    run = Run.objects.get(project__slug="big", kind="production")
    before = memory()
    marks: list[float] = []
    _watch(marks)
    made = _timed("issue", lambda: certificate.issue(run=run, by=User.objects.get(email="admin@example.com")))
    counts = {name: tree["count"] for name, tree in made.content["trees"].items()}
    lines = sum(counts.values())
    print(f"{lines:,} lines in {len(counts)} trees, the bundle has {made.bundle.size / 1e6:,.0f} MB")
    print(f"memory {before:.0f} MB before, {marks[0]:.0f} after a fifth of the source, {memory():.0f} at the end")
    row = run.records.filter(object="person", state="created").order_by("-pk")[0]
    proof = _timed("proof of the last person", lambda: certificate.proof_of(made, "person", row.key))
    print(f"its way up has {len(proof['parts'][0]['path'])} hashes; memory {memory():.0f} MB")
    flat = memory() - marks[0] < FLAT_MB
    words = [sys.executable, str(verifier.__file__), made.bundle.path]
    checked = _timed("check of the bundle by the program in it", lambda: subprocess.run(words, check=False))
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"its memory {used:.0f} MB, its answer {checked.returncode}")
    return 0 if flat and checked.returncode == 0 else 1


def _watch(marks: list[float]) -> None:
    """Notes the memory once a fifth of the source's lines have gone by."""
    from projects.documents import certificate

    counted = [0]
    leaf_hash = certificate.leaf_hash

    def noted(line: bytes) -> bytes:
        counted[0] += 1
        if counted[0] == 400_000 or not marks:
            marks[:] = [memory()]
        return leaf_hash(line)

    certificate.leaf_hash = noted  # type: ignore[assignment]


def _timed(what: str, work: Callable[[], Any]) -> Any:
    began, cpu = time.monotonic(), time.process_time()
    done = work()
    print(f"{what}: {time.monotonic() - began:.0f} s, {time.process_time() - cpu:.0f} s of CPU")
    return done


def memory() -> float:
    """The most memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
