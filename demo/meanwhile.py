"""Lets life go on in the demo while it is migrated: `. var/demo/env && .venv/bin/python -m demo.meanwhile`.

At the source, through its write API as the customer's own systems would: five people change, three are new, three are
deleted of whom one comes back through a shop, two become one, four do something. In Twenty three records are edited by
hand, one of them in the field that the source changed too. Then a delta has something to carry over, and an audit
something to tell.
"""

from __future__ import annotations

import os
import random
import sys
from typing import Any

import httpx

from connectors.customerio.fake.app import TRACK_KEY

JOB, BY_HAND = "Changed at the source", "Changed by hand"


def happen(source: httpx.Client, twenty: httpx.Client, chance: random.Random) -> list[str]:
    """Makes it all happen; gives a sentence for each thing. `source` writes, `twenty` has an API key."""
    people = chance.sample(_landed(twenty), 16)
    changed, (gone, back, lost), (kept, merged), doers = people[:5], people[5:8], people[8:10], people[10:14]
    said = [_change(source, person) for person in changed]
    new = chance.randrange(10**6)
    for number in range(3):
        address = f"new-{new}-{number}@meanwhile.example"
        names = {"first_name": "New", "last_name": f"Person {number}"}
        _write(source, "identify", {"email": address}, attributes=names)
        said.append(f"{address} is new in Customer.io")
    for person in (gone, back, lost):
        _write(source, "delete", {"cio_id": person["customerioId"]})
        said.append(f"{_name(person)} was deleted in Customer.io")
    same = {"email": back["emails"]["primaryEmail"]}
    _write(source, "identify", same, attributes={"first_name": back["name"]["firstName"]})
    _write(source, "event", same, name="Shopify Order Placed", attributes={"integration": "Shopify"})
    said.append(f"{_name(back)} came back through a shop")
    ends = {"primary": {"cio_id": kept["customerioId"]}, "secondary": {"cio_id": merged["customerioId"]}}
    _write(source, "merge", None, **ends)
    said.append(f"{_name(merged)} went into {_name(kept)} in Customer.io")
    for person in doers:
        _write(source, "event", {"cio_id": person["customerioId"]}, name="webinar_attended", attributes={"minutes": 45})
        said.append(f"{_name(person)} attended a webinar")
    for person in (changed[0], *people[14:]):
        twenty.patch(f"/rest/people/{person['id']}", json={"jobTitle": BY_HAND}).raise_for_status()
        said.append(f"somebody wrote “{BY_HAND}” into the job title of {_name(person)} in Twenty")
    return said


def _landed(twenty: httpx.Client) -> list[dict[str, Any]]:
    """People of the migration, as they stand in Twenty."""
    answer = twenty.get("/rest/people", params={"limit": 60, "filter": "customerioId[is]:NOT_NULL"})
    answer.raise_for_status()
    return [person for person in answer.json()["data"]["people"] if person["emails"]["primaryEmail"]]


def _change(source: httpx.Client, person: dict[str, Any]) -> str:
    _write(source, "identify", {"cio_id": person["customerioId"]}, attributes={"job_title": JOB})
    return f"the job title of {_name(person)} is “{JOB}” in Customer.io now"


def _write(source: httpx.Client, action: str, identifiers: dict[str, str] | None, **body: Any) -> None:
    named = {"identifiers": identifiers} if identifiers else {}
    answer = source.post("/api/v2/entity", json={"type": "person", "action": action, **named, **body})
    answer.raise_for_status()


def _name(person: dict[str, Any]) -> str:
    return f"{person['name']['firstName']} {person['name']['lastName']}"


def main() -> int:
    """Makes it happen in the demo that runs here; gives the exit status."""
    try:
        source_url, twenty_url = os.environ["DEMO_SOURCE_URL"], os.environ["DEMO_DESTINATION_URL"]
        key = os.environ["MIGRATION_DESTINATION_KEY"]
    except KeyError as missing:
        print(f"{missing} is not set: run `. var/demo/env` first, while the demo is up.", file=sys.stderr)
        return 2
    with (
        httpx.Client(base_url=source_url, auth=httpx.BasicAuth(*TRACK_KEY)) as source,
        httpx.Client(base_url=twenty_url, headers={"Authorization": f"Bearer {key}"}) as twenty,
    ):
        for sentence in happen(source, twenty, random.Random()):
            print(f"  {sentence}")
    print("\nNow start a delta on its page, or: .venv/bin/python manage.py migration delta congress")
    return 0


if __name__ == "__main__":
    sys.exit(main())
