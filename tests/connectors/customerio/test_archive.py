"""Events from files: whole, in the API's own shape, and resumable anywhere."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.contract import Page
from connectors.customerio.archive import Columns, Coverage, EventArchive, guess_columns
from connectors.customerio.archive import events as archive_events
from connectors.customerio.archive.values import moment
from connectors.customerio.fake import FakeCustomerio, Workspace
from connectors.errors import Terminal
from tests.connectors.customerio.asking import NOW
from tests.connectors.customerio.sources import source_of

Rows = Sequence[dict[str, Any]]


def rows(number: int) -> list[dict[str, Any]]:
    """Events in the shape of activities, with properties that are easily spoilt."""
    return [
        {
            "id": f"01A{at:05}",
            "type": "event",
            "name": f"event {at % 7}",
            "timestamp": 1_600_000_000 + at * 3600,
            "customer_identifiers": {"cio_id": f"c{at % 11}", "id": str(at % 11), "email": f"p{at % 11}@example.com"},
            "data": {"n": at, "big": 2**63 + at, "text": 'naïve "quoted", 🦊\nsecond line', "list": [[1], []]},
        }
        for at in range(number)
    ]


def flat(row: dict[str, Any]) -> dict[str, str]:
    who = row["customer_identifiers"]
    named = {"cio_id": who["cio_id"], "customer_id": who["id"], "email": who["email"]}
    return {
        **{name: str(row[name]) for name in ("id", "type", "name", "timestamp")},
        **named,
        "data": json.dumps(row["data"], ensure_ascii=False),
    }


def ndjson(path: Path, made: Rows) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in made), encoding="utf-8")
    return path


def zipped(path: Path, made: Rows) -> Path:
    path.write_bytes(gzip.compress(ndjson(path, made).read_bytes()))
    return path


def table(path: Path, made: Rows) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, flat(made[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(flat(row) for row in made)
    return path


def parquet(path: Path, made: Rows) -> Path:
    pq.write_table(pa.Table.from_pylist([flat(row) for row in made]), path, row_group_size=130)
    return path


FORMATS: dict[str, tuple[str, Callable[[Path, Rows], Path]]] = {
    "ndjson": ("events.ndjson", ndjson),
    "gz": ("events.ndjson.gz", zipped),
    "csv": ("events.csv", table),
    "parquet": ("events.parquet", parquet),
}
formats = pytest.mark.parametrize(("name", "write"), list(FORMATS.values()), ids=list(FORMATS))


def walk(archive: EventArchive, cursor: Any = None) -> list[Page]:
    """Every page by a reader of its own, as after a crash; the cursor has gone through JSON."""
    pages = [next(iter(archive.pages(cursor)))]
    while (cursor := pages[-1].cursor) is not None:
        pages.append(next(iter(archive.pages(json.loads(json.dumps(cursor))))))
    return pages


def keys(pages: Sequence[Page]) -> list[str]:
    return [record.key for page in pages for record in page.records]


@formats
def test_each_format_gives_the_records_of_the_api(
    tmp_path: Path,
    name: str,
    write: Callable[[Path, Rows], Path],
    fake: FakeCustomerio,
    workspace: Workspace,
) -> None:
    made = rows(5)
    for row in made:
        who = row["customer_identifiers"]
        person = workspace.add_person(cio_id=who["cio_id"], id=who["id"], email=who["email"])
        row["timestamp"] += NOW - 1_600_100_000
        workspace.add_event(person.cio_id, row["name"], row["data"], at=row["timestamp"], activity_id=row["id"])
    told = {record.key: record for page in source_of(fake).pages("event") for record in page.records}
    archive = EventArchive([write(tmp_path / name, made)])
    found = {record.key: record for page in archive.pages() for record in page.records}
    assert set(found) == set(told) == {row["id"] for row in made}
    for key, record in found.items():
        assert (record.fields, record.refs) == (told[key].fields, told[key].refs)


@formats
def test_reading_goes_on_from_any_row(
    tmp_path: Path, name: str, write: Callable[[Path, Rows], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_events, "ROWS", 7)
    made = rows(300)
    archive = EventArchive([write(tmp_path / name, made)])
    whole = list(archive.pages())
    assert keys(whole) == [row["id"] for row in made]
    assert walk(archive) == whole
    assert max(len(page.records) for page in whole) == 7


def test_a_folder_is_read_file_by_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_events, "ROWS", 10)
    made = rows(90)
    (tmp_path / "2024").mkdir()
    ndjson(tmp_path / "2024" / "b.ndjson", made[:30])
    zipped(tmp_path / "c.jsonl.gz", made[30:60])
    ndjson(tmp_path / "a.ndjson", made[60:])
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / ".hidden.ndjson").write_text("no")
    archive = EventArchive([tmp_path])
    assert [file.name for file in archive.files] == ["2024/b.ndjson", "a.ndjson", "c.jsonl.gz"]
    assert archive.ignored == ["_SUCCESS"]
    pages = walk(archive)
    assert sorted(keys(pages)) == [row["id"] for row in made]
    assert pages == list(archive.pages())


def test_an_event_in_two_files_has_one_key(tmp_path: Path) -> None:
    ndjson(tmp_path / "a.ndjson", rows(10))
    parquet(tmp_path / "b.parquet", rows(10))
    columns = guess_columns([tmp_path / "a.ndjson"]).columns
    assert set(keys(walk(EventArchive([tmp_path / "a.ndjson"], columns)))) == set(
        keys(walk(EventArchive([tmp_path / "b.parquet"])))
    )


GOOD = {"id": "1", "name": "a", "timestamp": 5, "cio_id": "c1"}
BAD: dict[str, tuple[bytes, str]] = {
    "half": (b'{"id": "2", "na', "is not JSON"),
    "list": (b"[1, 2]", "not an object"),
    "bytes": (b'{"id": "\xff\xfe"}', "is not UTF-8"),
    "no time": (b'{"id": "2", "name": "a", "timestamp": "soon"}', "no time that can be read"),
    "no name": (b'{"id": "2", "name": null, "timestamp": 5}', "no name of the event"),
}


@pytest.mark.parametrize(("line", "problem"), list(BAD.values()), ids=list(BAD))
def test_a_bad_line_is_listed_with_its_place_and_the_rest_is_read(tmp_path: Path, line: bytes, problem: str) -> None:
    good = json.dumps(GOOD).encode()
    (tmp_path / "e.ndjson").write_bytes(good + b"\n\n" + line + b"\n" + good.replace(b'"1"', b'"3"'))
    columns = Columns(id="id", name="name", timestamp="timestamp", cio_id="cio_id")
    (page,) = EventArchive([tmp_path], columns).pages()
    assert (keys([page]), page.missing) == (["1", "3"], ("e.ndjson:3",))
    assert page.reasons["e.ndjson:3"].startswith("Line 3 of e.ndjson ")
    assert problem in page.reasons["e.ndjson:3"]


def test_bad_rows_of_a_table_are_listed_with_their_line(tmp_path: Path) -> None:
    text = b'id,name,timestamp,note\n1,a,5,"two\nlines"\n2,a\n3,a,5,x,y\n4,a,5,ok\n' + b"5,\xff,5,x\n"
    (tmp_path / "e.csv").write_bytes(text)
    (page,) = EventArchive([tmp_path]).pages()
    assert keys([page]) == ["1", "4"]
    assert page.records[0].fields["data"] == {"note": "two\nlines"}
    assert {place: reason.split(" of e.csv ")[1] for place, reason in page.reasons.items()} == {
        "e.csv:4": "has 2 cells where the header has 4.",
        "e.csv:5": "has 5 cells where the header has 4.",
        "e.csv:7": "is not UTF-8.",
    }


@formats
def test_a_file_that_breaks_off_gives_what_it_holds_and_says_where(
    tmp_path: Path, name: str, write: Callable[[Path, Rows], Path]
) -> None:
    path = write(tmp_path / name, rows(400))
    columns = guess_columns([path]).columns
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    ndjson(tmp_path / "z.ndjson", [{**GOOD, "id": "last"}])
    pages = walk(EventArchive([tmp_path], columns))
    assert sum(len(page.missing) for page in pages) == 1
    assert keys(pages)[-1] == "last"
    assert len(keys(pages)) > (100 if name != "events.parquet" else 0)


def test_other_activities_in_an_archive_are_counted_and_are_no_events(tmp_path: Path) -> None:
    made = rows(6)
    for row, kind in zip(made, ("event", "page", "screen", "attribute_change", "mystery", "mystery"), strict=True):
        row["type"] = kind
    ndjson(tmp_path / "e.ndjson", made)
    columns = Columns.from_json({**guess_columns([tmp_path]).columns.to_json(), "type": "type"})
    (page,) = EventArchive([tmp_path], columns).pages()
    assert (len(page.records), page.left_out) == (3, {"attribute_change": 1, "mystery": 2})


def test_rows_without_an_id_get_the_same_one_from_every_format(tmp_path: Path) -> None:
    made = [{name: value for name, value in row.items() if name != "id"} for row in rows(20)]
    ndjson(tmp_path / "a.ndjson", made)
    with (tmp_path / "b.csv").open("w", encoding="utf-8", newline="") as file:
        flats = [{name: value for name, value in flat({**row, "id": ""}).items() if name != "id"} for row in made]
        writer = csv.DictWriter(file, flats[0])
        writer.writeheader()
        writer.writerows(flats)
    first, second = (walk(EventArchive([tmp_path / name])) for name in ("a.ndjson", "b.csv"))
    assert keys(first) == keys(second)
    assert len(set(keys(first))) == 20
    assert all(record.meta["made_id"] for page in first for record in page.records)


def test_columns_are_guessed_with_reasons_from_a_warehouse_export(tmp_path: Path) -> None:
    text = "event_id,user_id,event,original_timestamp,plan,amount\n"
    text += "".join(f"e{n},u{n % 3},Order Placed,2024-03-0{n + 1} 10:00:00 UTC,pro,{n}\n" for n in range(5))
    (tmp_path / "tracks.csv").write_text(text)
    guess = guess_columns([tmp_path])
    assert guess.columns == Columns(
        id="event_id", name="event", timestamp="original_timestamp", customer_id="user_id", data=""
    )
    assert guess.headers == ("event_id", "user_id", "event", "original_timestamp", "plan", "amount")
    assert "reads as a time in 5 of 5 rows" in guess.reasons["timestamp"]
    assert "all other columns" in guess.reasons["data"]
    assert guess.samples["event"] == ("Order Placed",)
    record = next(iter(EventArchive([tmp_path]).pages())).records[1]
    assert record.fields["data"] == {"plan": "pro", "amount": "1"}
    assert record.fields["timestamp"] == int(datetime(2024, 3, 2, 10, tzinfo=UTC).timestamp())
    assert (record.fields["customer_id"], dict(record.refs)) == ("u1", {})


def test_a_persons_name_is_not_taken_for_the_events(tmp_path: Path) -> None:
    ndjson(tmp_path / "e.ndjson", [{"name": "Ada", "event": "Signed up", "ts": 5, "user_id": "1"}])
    assert guess_columns([tmp_path]).columns == Columns(name="event", timestamp="ts", customer_id="user_id")


def test_columns_whose_values_do_not_fit_are_not_guessed(tmp_path: Path) -> None:
    ndjson(tmp_path / "e.ndjson", [{"id": "same", "name": "a", "date": "soon", "email": "nobody"} for _ in range(5)])
    guess = guess_columns([tmp_path])
    assert guess.columns == Columns(name="name")
    assert guess.problems == ("No column is chosen for the time of the event.",)
    with pytest.raises(Terminal, match="time of the event"):
        EventArchive([tmp_path])


def test_a_map_of_columns_is_kept_as_json() -> None:
    columns = Columns(name="event", timestamp="ts", data="properties")
    assert Columns.from_json({**columns.to_json(), "later": "x"}) == columns


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(Terminal, match="no file or folder"):
        EventArchive([tmp_path / "gone"])
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(Terminal, match="no NDJSON, CSV or Parquet"):
        EventArchive([tmp_path])


def test_a_file_that_went_away_is_said(tmp_path: Path) -> None:
    ndjson(tmp_path / "a.ndjson", rows(3))
    with pytest.raises(Terminal, match=r"gone\.ndjson is not there any more"):
        next(iter(EventArchive([tmp_path]).pages({"file": "gone.ndjson"})))


def test_what_an_archive_covers_is_counted_and_can_be_kept(tmp_path: Path) -> None:
    made = [
        {**GOOD, "id": str(at), "timestamp": stamp, "cio_id": who}
        for at, (stamp, who) in enumerate([(158889600, "c1"), (1_700_000_000, ""), (1_700_000_500.25, "c2")])
    ]
    path = ndjson(tmp_path / "e.ndjson", made)
    path.write_text(path.read_text() + "no json\n")
    columns = Columns(id="id", name="name", timestamp="timestamp", cio_id="cio_id")
    found = EventArchive([tmp_path], columns).coverage()
    assert (found.events, found.first, found.last) == (3, 158889600, 1_700_000_500.25)
    assert (found.months, found.names) == ({"1975-01": 1, "2023-11": 2}, {"a": 3})
    assert (found.without_person, found.unreadable, list(found.problems)) == (1, 1, ["e.ndjson:4"])
    assert Coverage.from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (158889600, 158889600),
        (-86400, -86400),
        (1_700_000_000_123, 1_700_000_000.123),
        (1_700_000_000_000_000, 1_700_000_000),
        (1_700_000_000_000_000_000, 1_700_000_000),
        ("1700000000", 1_700_000_000),
        ("1700000000.5", 1_700_000_000.5),
        ("20240229", 1_709_164_800),
        ("2024-02-29", 1_709_164_800),
        ("2024-02-29T01:00:00+01:00", 1_709_164_800),
        ("2024-02-29T00:00:00.250Z", 1_709_164_800.25),
        ("2024-02-29 00:00:00 UTC", 1_709_164_800),
        ("2024-02-29 02:30:00 +0230", 1_709_164_800),
        ("2024-02-29 00:00:00", 1_709_164_800),
        ("soon", None),
        ("", None),
        (None, None),
        (True, None),
        (float("inf"), None),
        (10**40, None),
    ],
)
def test_a_time_is_read_in_its_usual_forms(told: Any, seconds: float | None) -> None:
    found = moment(told)
    assert (found, type(found)) == (seconds, type(seconds))


def test_a_parquet_files_own_types_become_json(tmp_path: Path) -> None:
    made = pa.table(
        {
            "id": ["1"],
            "name": ["a"],
            "time": pa.array([1_700_000_000_123_456_789], pa.timestamp("ns", "UTC")),
            "big": pa.array([2**63 - 1], pa.int64()),
            "price": pa.array(["1.10"], pa.string()).cast(pa.decimal128(10, 2)),
            "day": pa.array([19000], pa.date32()),
            "tags": [["a", "b"]],
            "nested": [{"x": [{"y": 1.5}]}],
            "raw": [b"\xff\x00"],
            "none": pa.array([float("nan")]),
        }
    )
    pq.write_table(made, tmp_path / "e.parquet")
    record = next(iter(EventArchive([tmp_path]).pages())).records[0]
    assert record.fields["timestamp"] == 1_700_000_000.123
    assert record.fields["data"] == {
        "big": 2**63 - 1,
        "price": "1.10",
        "day": "2022-01-08",
        "tags": ["a", "b"],
        "nested": {"x": [{"y": 1.5}]},
        "raw": "/wA=",
        "none": "nan",
    }
    json.dumps(dict(record.fields), allow_nan=False)


PROPERTIES = st.dictionaries(
    st.text(),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    st.lists(PROPERTIES, min_size=1, max_size=12),
    st.integers(1, 5),
    st.sampled_from(["ndjson", "gz", "parquet", "csv"]),
)
def test_any_properties_come_whole_from_any_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: list[dict[str, Any]], size: int, kind: str
) -> None:
    monkeypatch.setattr(archive_events, "ROWS", size)
    told = [{**row, "data": data} for row, data in zip(rows(len(made)), made, strict=True)]
    name, write = FORMATS[kind]
    for row in told:
        row["data"] = json.loads(json.dumps(row["data"]).replace("\\ud", "\\ue"))  # CSV and Parquet are UTF-8
    columns = Columns(
        id="id",
        name="name",
        timestamp="timestamp",
        cio_id="cio_id" if kind in ("csv", "parquet") else "customer_identifiers.cio_id",
        data="data",
    )
    pages = walk(EventArchive([write(tmp_path / name, told)], columns))
    assert [record.fields["data"] for page in pages for record in page.records] == [row["data"] for row in told]
    assert not [reason for page in pages for reason in page.reasons.values()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["e.ndjson", "e.csv", "e.parquet", "e.ndjson.gz"]))
def test_no_file_whatever_is_in_it_ends_a_reading(tmp_path: Path, content: bytes, name: str) -> None:
    for old in tmp_path.iterdir():
        old.unlink()
    (tmp_path / name).write_bytes(content)
    columns = Columns(id="id", name="name", timestamp="timestamp")
    pages = walk(EventArchive([tmp_path], columns))
    assert pages[-1].cursor is None
    for page in pages:
        assert set(page.reasons) == set(page.missing)
