"""Nobody and nothing is lost to the habits of the API that other readers fall for."""

from __future__ import annotations

import time

from connectors.customerio.fake import FakeCustomerio, Workspace
from tests.connectors.customerio.crowd import EMAIL_ONLY, MESSAGES, OLD, PEOPLE, crowd
from tests.connectors.customerio.sources import keys, source_of, walk


def test_people_without_an_id_and_mail_older_than_half_a_year_are_all_read() -> None:
    workspace = crowd(Workspace(clock=time.time))
    assert sum(person.id is None for person in workspace.people) == EMAIL_ONLY
    half_a_year_ago = time.time() - 6 * 30.5 * 86400
    assert sum(message["created"] < half_a_year_ago for message in workspace.messages) == OLD
    source = source_of(FakeCustomerio(workspace, requests_per_second=None))
    people, messages = keys(walk(source, "person")), keys(walk(source, "message"))
    assert len(people) == len(set(people)) == PEOPLE == 302
    assert len(messages) == len(set(messages)) == MESSAGES == 448
    assert source.count("person") == 302
