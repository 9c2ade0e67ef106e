"""Rows that share one unique value: held, merged, imported or dropped, as people decide."""

from __future__ import annotations

from projects.models import Record
from projects.pipeline.settle import settle_group

EMAIL = "emails.primaryEmail"


def row(key: str, **mapped: object) -> Record:
    body = {"emails": {"primaryEmail": "ana@example.com", "additionalEmails": []}, **mapped}
    return Record(object="person", key=key, match_key="ana@example.com", mapped=body, state=Record.State.READY)


def states(group: list[Record]) -> list[str]:
    return [member.state for member in group]


def test_doubles_without_a_decision_are_all_held() -> None:
    group = [row("1"), row("2")]
    settle_group(group, {}, EMAIL)
    assert states(group) == ["held", "held"]
    assert group[0].detail == "2 records share “ana@example.com”."


def test_merged_doubles_become_one_record_that_lacks_nothing() -> None:
    group = [row("1", jobTitle="CEO", tags=["A"]), row("2", jobTitle="Boss", city="Rome", tags=["A", "B"])]
    settle_group(group, {"": "merge"}, EMAIL)
    assert states(group) == ["ready", "merged"]
    assert group[1].merged_into == "1"
    assert group[0].mapped is not None
    assert (group[0].mapped["jobTitle"], group[0].mapped["city"]) == ("CEO", "Rome")
    assert group[0].mapped["tags"] == ["A", "B"]


def test_dropped_doubles_leave_the_first_one() -> None:
    group = [row("1"), row("2"), row("3")]
    settle_group(group, {"": "drop"}, EMAIL)
    assert states(group) == ["ready", "excluded", "excluded"]


def test_the_one_that_a_person_keeps_need_not_be_the_first() -> None:
    group = [row("1"), row("2")]
    settle_group(group, {"1": "drop"}, EMAIL)
    assert states(group) == ["excluded", "ready"]


def test_imported_doubles_keep_the_address_where_the_destination_allows_it_twice() -> None:
    group = [row("1"), row("2")]
    settle_group(group, {"": "import"}, EMAIL)
    assert states(group) == ["ready", "ready"]
    assert group[0].mapped is not None
    assert group[1].mapped is not None
    assert group[0].mapped["emails"]["primaryEmail"] == "ana@example.com"
    assert group[1].mapped["emails"] == {"primaryEmail": "", "additionalEmails": ["ana@example.com"]}
