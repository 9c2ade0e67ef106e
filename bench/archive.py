"""How fast events of an archive are read, and whether memory stays flat however many there are.

    .venv/bin/python bench/archive.py [EVENTS …] [--formats ndjson,csv,parquet,gz]

Makes archives of so many events in a temporary folder (100,000 and 1,000,000 unless told), reads each in a process
of its own as the engine does, page by page, and prints records per second and the peak of resident memory.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

FORMATS = {"ndjson": "events.ndjson", "csv": "events.csv", "parquet": "events.parquet", "gz": "events.ndjson.gz"}
GROUP = 50_000
"""Rows of a Parquet row group."""


def rows(number: int) -> Iterator[dict[str, Any]]:
    """Events of some 300 bytes, as activities have them."""
    for at in range(number):
        yield {
            "id": f"01F{at:023d}",
            "type": "event",
            "name": ("Call Logged", "Page Viewed", "Order Placed", "Signed Up")[at % 4],
            "timestamp": 1_500_000_000 + at * 60,
            "cio_id": f"03{at % 100_000:06d}",
            "data": {"subject": f"Subject {at}", "amount": at % 1000, "tags": ["a", "b"], "big": 2**63 + at},
        }


def make(path: Path, number: int) -> None:
    """Writes the archive, itself without holding it."""
    if path.suffix == ".parquet":
        return make_parquet(path, number)
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(next(rows(1))))
            writer.writeheader()
            writer.writerows({**row, "data": json.dumps(row["data"])} for row in rows(number))
        return None
    with gzip.open(path, "wt", 3) if path.suffix == ".gz" else path.open("w") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows(number))
    return None


def make_parquet(path: Path, number: int) -> None:
    """Row groups of the usual size."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer, part = None, []
    for row in rows(number):
        part.append({**row, "data": json.dumps(row["data"])})
        if len(part) == GROUP:
            made = pa.Table.from_pylist(part)
            writer = writer or pq.ParquetWriter(path, made.schema)
            writer.write_table(made)
            part = []
    if part:
        made = pa.Table.from_pylist(part)
        writer = writer or pq.ParquetWriter(path, made.schema)
        writer.write_table(made)
    if writer:
        writer.close()


def read(path: Path) -> None:
    """Reads the archive and prints what it took, as JSON."""
    from connectors.customerio.archive import Coverage, EventArchive

    archive, coverage, started = EventArchive([path]), Coverage(), time.perf_counter()
    for page in archive.pages():
        coverage.add(page)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"events": coverage.events, "bad": coverage.unreadable, "seconds": seconds, "peak": peak}))


def measure(name: str, number: int, folder: Path) -> float:
    """Makes and reads one archive; prints a line and gives the peak in MB."""
    path = folder / FORMATS[name]
    # In a process of its own, since a process's children start with the memory that it had.
    for step in ("--make", "--read"):
        command = [sys.executable, __file__, step, str(path), "--number", str(number)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = json.loads(told)
    size = path.stat().st_size / 1e6
    path.unlink()
    if found["events"] != number or found["bad"]:
        raise SystemExit(f"{name}: {found['events']} of {number} read, {found['bad']} bad")
    rate = found["events"] / found["seconds"]
    print(f"{name:8} {number:>10,} events {size:8.1f} MB {rate:>10,.0f} records/s, peak {found['peak']:6.1f} MB")
    return float(found["peak"])


def main() -> None:
    """Runs it and prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("events", nargs="*", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--formats", default=",".join(FORMATS))
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--number", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        return make(options.make, options.number)
    if options.read:
        return read(options.read)
    with tempfile.TemporaryDirectory(prefix="carryover-bench-") as folder:
        for name in options.formats.split(","):
            peaks = [measure(name, number, Path(folder)) for number in options.events]
            print(f"{name:8} peak of the last to the first: {peaks[-1] / peaks[0]:.2f}")
    return None


if __name__ == "__main__":
    main()
