"""Messages out of a data-warehouse sync (contracts/customerio/FACTS.md §15)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.contract import Page
from connectors.customerio.archive import Warehouse
from connectors.customerio.archive import warehouse as module
from connectors.errors import Terminal

NAMES = {("campaign", "4"): "Welcome", ("newsletter", "7"): "Weekly"}


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)


def delivery(number: int, **fields: Any) -> dict[str, Any]:
    usual = {"delivery_id": f"d{number}", "delivery_type": "email", "created_at": 1_600_000_000 + number}
    return {
        **usual,
        "internal_customer_id": f"c{number}",
        "campaign_id": 4,
        "newsletter_id": 0,
        "subject_id": "",
        **fields,
    }


def metric(id: str, name: str, at: int, reason: str = "") -> dict[str, Any]:
    return {"delivery_id": id, "metric": name, "created_at": at, "reason": reason}


@pytest.fixture
def sync(tmp_path: Path) -> Path:
    folder = tmp_path / "sync"
    write(
        folder / "deliveries" / "deliveries_v4_1.parquet",
        [
            delivery(1),
            delivery(2, newsletter_id=7, campaign_id=0),
            delivery(3, internal_customer_id="", campaign_id=0, subject_id="s9"),
            delivery(4, campaign_id=99),
        ],
    )
    write(folder / "deliveries" / "deliveries_v4_2.parquet", [delivery(number) for number in range(5, 30)])
    write(
        folder / "metrics" / "metrics_v4_1.parquet",
        [metric("d1", "sent", 10), metric("d1", "opened", 30), metric("d2", "bounced", 40, "550 no such user")],
    )
    write(folder / "metrics" / "metrics_v4_2.parquet", [metric("d1", "opened", 20), metric("d4", "drafted", 5)])
    write(folder / "subjects_v4_1.parquet", [{"subject_id": "s9", "internal_customer_id": "c77", "campaign_id": 4}])
    write(folder / "outputs_v4_1.parquet", [{"output_id": "o"}])
    return folder


def walk(folder: Path, scratch: Path, cursor: Any = None) -> list[Page]:
    pages = [next(iter(Warehouse([folder], scratch, NAMES).pages(cursor)))]
    while (cursor := pages[-1].cursor) is not None:
        pages.append(next(iter(Warehouse([folder], scratch, NAMES).pages(json.loads(json.dumps(cursor))))))
    return pages


def test_deliveries_metrics_and_journeys_become_messages(sync: Path, tmp_path: Path) -> None:
    pages = walk(sync, tmp_path)
    found = {record.key: record for page in pages for record in page.records}
    assert len(found) == 28
    one = found["d1"]
    assert (one.fields["title"], one.fields["status"], one.fields["created"]) == ("Welcome", "delivered", 1_600_000_001)
    assert one.fields["metrics"] == {"sent": 10, "opened": 20}
    assert one.refs == {"person": ("person", "c1")}
    assert (found["d2"].fields["title"], found["d2"].fields["status"]) == ("Weekly", "bounced")
    assert found["d2"].fields["failure_message"] == "550 no such user"
    assert (found["d3"].fields["cio_id"], found["d3"].fields["title"]) == ("c77", "Welcome")
    assert [dict(page.left_out) for page in pages if page.left_out] == [{"draft": 1}]


def test_reading_goes_on_from_any_page(sync: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS", 4)
    whole = list(Warehouse([sync], tmp_path, NAMES).pages())
    assert walk(sync, tmp_path) == whole
    assert len(whole) == 8


def test_the_index_is_built_once_and_anew_for_other_files(
    sync: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    walk(sync, scratch)
    (index,) = scratch.iterdir()
    before = index.stat().st_mtime_ns
    walk(sync, scratch)
    assert index.stat().st_mtime_ns == before
    write(sync / "metrics" / "metrics_v4_3.parquet", [metric("d9", "clicked", 50)])
    found = {record.key: record for page in walk(sync, scratch) for record in page.records}
    assert found["d9"].fields["clicked_at"] == 50
    assert len(list(scratch.iterdir())) == 2


def test_an_index_that_was_never_finished_is_built_again(sync: Path, tmp_path: Path) -> None:
    first = walk(sync, tmp_path)
    (index,) = tmp_path.glob("*.sqlite3")
    index.write_bytes(b"half of an index")
    assert walk(sync, tmp_path) == first


def test_rows_that_cannot_be_read_are_listed(sync: Path, tmp_path: Path) -> None:
    write(sync / "metrics" / "metrics_v4_3.parquet", [metric("", "clicked", 50)])
    write(sync / "deliveries" / "deliveries_v4_3.parquet", [delivery(0, delivery_id=None), delivery(50)])
    (sync / "metrics" / "metrics_v4_4.parquet").write_bytes(b"not parquet")
    pages = walk(sync, tmp_path)
    missing = [place for page in pages for place in page.missing]
    assert missing == [
        "metrics/metrics_v4_3.parquet:1",
        "metrics/metrics_v4_4.parquet:1",
        "deliveries/deliveries_v4_3.parquet:1",
    ]
    assert all(page.reasons[place] for page in pages for place in page.missing)
    assert "d50" in [record.key for page in pages for record in page.records]


def test_deliveries_alone_are_enough(tmp_path: Path) -> None:
    write(tmp_path / "deliveries.parquet", [{"delivery_id": "d1", "recipient": "a@example.com"}])
    (page,) = walk(tmp_path, tmp_path / "scratch")
    (record,) = page.records
    assert (record.fields["recipient"], record.fields["status"], record.fields["created"]) == (
        "a@example.com",
        "",
        None,
    )


def test_a_folder_without_deliveries_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "metrics.parquet", [metric("d1", "sent", 1)])
    with pytest.raises(Terminal, match="no deliveries"):
        Warehouse([tmp_path], tmp_path)
