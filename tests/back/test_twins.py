"""The audit beside people who share an address: who was there all along did not come back."""

from __future__ import annotations

from projects import audits
from tests.back.conftest import DAY, landed
from tests.back.test_delta import carry_over, people
from tests.journey.conftest import Migration


def test_the_twin_of_a_deleted_person_was_there_before_and_stays(small: Migration) -> None:
    source = small.source.workspace
    long_ago = source.now() - 200 * DAY
    kept = source.add_person(id="a", email="both@x.example", attributes={"city": "Rome"}, at=long_ago).cio_id
    landed(small)
    twin = source.add_person(id="b", email="both@x.example", at=long_ago).cio_id
    source.delete_person(twin)
    counts = audits.make(project=small.project, by=small.admin).content["counts"]
    assert (counts["deleted"], counts["returned"], counts["expected"]) == (1, 0, 13)
    carry_over(small, full=True)
    assert kept in people(small)


def test_who_came_back_and_was_deleted_again_is_counted_once(small: Migration) -> None:
    source = small.source.workspace
    small.to_map()
    source.delete_person("00000009", at=source.now() - 3000)
    again = source.add_person(id="u9", email="p9@company2.example", at=source.now() - 2000).cio_id
    audits.make(project=small.project, by=small.admin)
    source.delete_person(again)
    third = source.add_person(id="u9", email="p9@company2.example").cio_id
    content = audits.make(project=small.project, by=small.admin).content
    assert {row["cio_id"]: row["returned_as"] for row in content["deleted"]} == {"00000009": again, again: third}
    counts = content["counts"]
    assert (counts["deleted"], counts["people"], counts["billable"], counts["expected"]) == (2, 12, 14, 11)
