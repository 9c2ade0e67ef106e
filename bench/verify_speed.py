"""How many records a second are compared when the network is taken out, and how much memory that takes.

    python -m bench.verify_speed [--records 400000] [--fields 63]

Rows are made page by page, as a destination gives them, from a small set of telling values: equal to the letter, equal
by rule (a phone number, a link, an address in capitals), and a few that differ. Only the comparison is timed.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Mapping
from typing import Any

from connectors.catalogue import Field, FieldType
from connectors.twenty.values import canonical
from projects.pipeline.comparing import Comparer

PAGE = 200
LEAST = 50_000
FLAT_MB = 10

FIXED = (
    ("emails", FieldType.EMAILS, {"primaryEmail": "ana@example.com", "additionalEmails": []}, None),
    ("name", FieldType.FULL_NAME, {"firstName": "Ana", "lastName": "Alves"}, None),
    (
        "phones",
        FieldType.PHONES,
        {"primaryPhoneNumber": "3012345678", "primaryPhoneCallingCode": "+49", "primaryPhoneCountryCode": "DE"},
        {"additionalPhones": None},
    ),
    ("since", FieldType.DATE_TIME, "2024-05-01T10:00:00Z", "2024-05-01T10:00:00.000Z"),
    ("tags", FieldType.MULTI_SELECT, ["A", "B"], None),
    ("score", FieldType.NUMBER, 12.5, None),
    ("vip", FieldType.BOOLEAN, True, None),
)
"""Name, type, what was meant, and what comes back where that is written otherwise."""


def table(fields: int) -> list[Field]:
    """The fields of the object."""
    fixed = [Field(name, name, type) for name, type, _meant, _found in FIXED]
    return fixed + [Field(f"trait{n}", f"Trait {n}", FieldType.TEXT) for n in range(fields - len(FIXED))]


def rows(page: int, fields: int, forms: bool) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """One page of records: meant and found; each value an object of its own, as JSON gives it."""
    made = []
    for n in range(page * PAGE, (page + 1) * PAGE):
        texts = {f"trait{k}": f"value {n} {k}" for k in range(fields - len(FIXED))}
        meant = {name: _own(value) for name, _type, value, _found in FIXED} | texts
        again = {f"trait{k}": f"value {n} {k}" for k in range(fields - len(FIXED))}
        found = {name: _own(value) for name, _type, value, _found in FIXED} | again
        if forms:
            found |= {name: _form(value, other) for name, _type, value, other in FIXED if other is not None}
        if n % 1_000 == 0:
            found["trait1"] = "somebody changed it"
        made.append((meant, {"id": str(n), "createdAt": "2026-01-01T00:00:00Z", **found}))
    return made


def _own(value: Any) -> Any:
    return type(value)(value) if isinstance(value, dict | list) else value


def _form(value: Any, other: Any) -> Any:
    return {**value, **other} if isinstance(value, dict) else other


def measure(records: int, fields: int, forms: bool) -> float:
    """Records a second of CPU."""
    comparer = Comparer(table(fields), canonical)
    spent, unequal, start = 0.0, 0, 0.0
    for page in range(records // PAGE):
        made = rows(page, fields, forms)
        if page == 20:
            start = memory()
        began = time.process_time()
        for meant, found in made:
            unequal += len(comparer.compare(meant, found))
        spent += time.process_time() - began
    grown = memory() - start
    counts = comparer.counts()
    assert unequal == records // 1_000, (unequal, records)
    assert sum(row["compared"] for row in counts.values()) == records * fields
    speed = records / spent
    form = "three fields in another form" if forms else "equal to the letter"
    print(
        f"{records:,} records × {fields} fields, {form}: {speed:,.0f} records/s of CPU, "
        f"{speed * fields / 1e6:.1f} million values/s, memory +{grown:.1f} MB"
    )
    return speed if grown < FLAT_MB else 0.0


def memory() -> float:
    """The most memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Both cases; 1 where one is slower than it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=400_000)
    parser.add_argument("--fields", type=int, default=63)
    options = parser.parse_args()
    speeds = [measure(options.records, options.fields, forms) for forms in (False, True)]
    return 0 if min(speeds) >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
