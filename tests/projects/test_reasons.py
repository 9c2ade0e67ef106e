"""No page shows a raw code: every reason for which the pipeline keeps a record back has words."""

from __future__ import annotations

import pytest

from mapping.drafting import NO_TIME
from projects.pipeline import configuration, extract, files, happenings, load, relate, sending, settle, tags, transform
from projects.reasons import REASONS, reason_label

CODES = (
    NO_TIME,
    configuration.KEPT_FOR_HANDOFF,
    extract.NOT_DELIVERED,
    files.UNREADABLE,
    happenings.LEFT_IN_MAP,
    happenings.BECAME_TARGET,
    load.TAKEN_TWICE,
    relate.NO_MEMBER,
    sending.REFUSED,
    settle.NO_MATCH,
    settle.DUPLICATE,
    settle.DELETED_OWNER,
    settle.DELETED_THERE,
    settle.PARENT_HELD,
    settle.UNKNOWN_PERSON,
    settle.LEFT_BY_DECISION,
    settle.MERGED_BY_DECISION,
    tags.UNFINISHED,
    tags.NOT_IN_MAP,
)


@pytest.mark.parametrize("code", CODES)
def test_a_reason_has_words_of_its_own(code: str) -> None:
    assert code in REASONS
    assert reason_label(code) != code.replace("_", " ")


@pytest.mark.parametrize("code", [f"{transform.REFUSED_VALUE}:phones", "unturned:birthday"])
def test_a_reason_about_a_value_names_its_field(code: str) -> None:
    assert code.partition(":")[2] in reason_label(code)
    assert "_" not in reason_label(code)
