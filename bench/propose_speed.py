"""How long it takes to profile and propose a thousand fields with a thousand values each, and in how much memory.

    .venv/bin/python bench/propose_speed.py [FIELDS] [VALUES]

Profiles are built record by record, as in production. Names and values are drawn by a seeded generator.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from connectors.twenty.catalogue import stock
from connectors.twenty.names import TwentyNaming
from mapping.profile import ObjectProfile
from mapping.proposer import SourceObject, propose_map

THINGS = (
    "email phone first_name last_name plan score city country signed_up_at last_seen_at is_active revenue website bio"
    " lead_source order_total birthday device_type zip mobile Vorname Firma téléphone correo tags utm_campaign"
).split()
WORDS = "amber birch cedar delta ember fjord grove heath inlet jetty knoll lagoon meadow notch orchard".split()

Draw = Callable[[random.Random, int], str]
VALUES: tuple[Draw, ...] = (
    lambda r, n: f"{r.choice(WORDS)}.{n}@{r.choice(WORDS)}.example",
    lambda r, n: f"+49 30 {r.randrange(10**6, 10**7)}",
    lambda r, n: r.choice(WORDS).capitalize(),
    lambda r, n: f"20{r.randrange(10, 26)}-0{r.randrange(1, 10)}-1{r.randrange(10)}T10:00:00Z",
    lambda r, n: str(r.randrange(10**5)),
    lambda r, n: r.choice(("true", "false")),
    lambda r, n: f"https://{r.choice(WORDS)}.example/{n}",
    lambda r, n: " ".join(r.choices(WORDS, k=12)),
    lambda r, n: f"{r.randrange(10**4)}.{r.randrange(100):02}",
)


def main(fields: int, values: int) -> None:
    """Profiles and proposes, and prints seconds and megabytes."""
    chance = random.Random(7)
    names = [f"{chance.choice(WORDS)}_{chance.choice(THINGS)}_{number}" for number in range(fields)]
    draws = [chance.choice(VALUES) for _ in names]
    records = [
        {name: draw(chance, number) for name, draw in zip(names, draws, strict=True)} for number in range(values)
    ]
    given = _megabytes()
    start, started = time.perf_counter(), time.process_time()
    profile = ObjectProfile.start(("email",))
    for number, record in enumerate(records):
        profile.add(str(number), record)
    profiled = time.perf_counter()
    source = SourceObject("person", "Person", "People", profile.field_profiles())
    spec = propose_map([source], stock(), TwentyNaming())
    done, worked = time.perf_counter(), time.process_time() - started
    print(f"{fields:,} fields × {values:,} values: {len(spec.objects[0].fields):,} rules")
    print(f"profiled in {profiled - start:.2f} s, proposed in {done - profiled:.2f} s")
    print(f"together {done - start:.2f} s on the clock, {worked:.2f} s of work")
    print(f"at most {_megabytes():.0f} MB, of which {given:.0f} MB were the interpreter and the values themselves")


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(*(int(text) for text in [*sys.argv[1:], "1000", "1000"][:2]))
