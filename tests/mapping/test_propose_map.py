"""`manage.py propose_map` answers in the form that docs/reference.md promises, or says what is wrong."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

SOURCE = {
    "object_types": [
        {
            "name": "person",
            "fields": [
                {"name": "plan", "samples": ["pro"]},
                {"name": "first_name", "samples": ["Ada", None, ""]},
                {"name": "cio_id", "samples": ["0a"]},
                {"name": "id", "samples": ["7"]},
                {"name": "created_at", "samples": [1672704000]},
                {"name": "empty"},
            ],
        },
        {"name": "object:1", "label": "Company", "fields": [{"name": "name", "samples": ["Acme"]}]},
    ]
}


def run(tmp_path: Path, data: Any, *more: str) -> Any:
    path = tmp_path / "source.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    out = io.StringIO()
    call_command("propose_map", "--source", str(path), "--json", *more, stdout=out)
    return json.loads(out.getvalue())["proposals"]


def test_there_is_one_proposal_for_each_field_in_order(tmp_path: Path) -> None:
    found = run(tmp_path, SOURCE)
    asked = [(row["name"], field["name"]) for row in SOURCE["object_types"] for field in row["fields"]]  # type: ignore[index, attr-defined]
    assert [(row["object_type"], row["field"]) for row in found] == asked
    assert [row["destination"] for row in found][1:5] == [
        "name.firstName",
        "customerioId",
        "customerioUserId",
        "createdAt",
    ]
    assert found[0]["action"] == "create"
    assert found[-1]["destination"] == "name"


def test_each_proposal_has_every_part(tmp_path: Path) -> None:
    for row in run(tmp_path, SOURCE):
        assert row.keys() == {
            "object_type", "field", "action", "destination", "type", "confidence", "reason", "alternatives",
        }  # fmt: skip
        assert row["action"] in ("map", "create", "combine", "skip")
        assert 0 <= row["confidence"] <= 1
        assert all(other["destination"] and 0 <= other["confidence"] <= 1 for other in row["alternatives"])


def test_a_catalogue_may_be_given(tmp_path: Path) -> None:
    person = {
        "name": "person",
        "fields": [{"name": "city", "label": "City", "type": "TEXT"}, {"name": "odd", "label": "Odd", "type": "NEW"}],
    }
    (tmp_path / "catalogue.json").write_text(json.dumps([person]))
    asked = {"object_types": [{"name": "person", "fields": [{"name": "ville", "samples": ["Lyon"]}]}]}
    found = run(tmp_path, asked, "--destination", str(tmp_path / "catalogue.json"))
    assert (found[0]["action"], found[0]["destination"], found[0]["type"]) == ("map", "city", "TEXT")


def test_the_country_decides_how_telephone_numbers_are_read(tmp_path: Path) -> None:
    asked = {"object_types": [{"name": "person", "fields": [{"name": "Telefon", "samples": ["030 22732152"]}]}]}
    assert "does not turn" not in run(tmp_path, asked, "--country", "DE")[0]["reason"]
    assert "does not turn" in run(tmp_path, asked, "--country", "US")[0]["reason"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("{", "is not JSON"),
        ("{}", "has no “object_types”"),
        ("[]", "cannot be read at the top"),
        ({"object_types": [{"fields": []}]}, "cannot be read at object_types.0.name"),
        ({"object_types": [{"name": "person", "fields": [{"name": "a"}, {"name": "a"}]}]}, "names the field “a” twice"),
    ],
)
def test_what_cannot_be_read_is_said_and_ends_with_2(
    tmp_path: Path, data: Any, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(tmp_path, data)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


def test_a_file_that_is_not_there_and_a_country_that_is_none_end_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["--source", str(tmp_path / "none.json")], ["--source", "-", "--country", "Bonn"]):
        with pytest.raises(SystemExit) as ended:
            call_command("propose_map", *arguments)
        assert ended.value.code == 2
    assert "No such file" in capsys.readouterr().err


def test_the_source_may_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(SOURCE)))
    out = io.StringIO()
    call_command("propose_map", "--source", "-", stdout=out)
    assert "person.first_name: map name.firstName (FULL_NAME" in out.getvalue()
