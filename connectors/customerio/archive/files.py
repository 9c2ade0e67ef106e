"""Rows of NDJSON, CSV and Parquet files, one after the other, each with the place to go on from.

Nothing here holds more than a row, a line or a batch, so a file may be larger than memory. A row that cannot be
read comes with a sentence instead of values; it never ends the reading.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa  # type: ignore[import-untyped]  # has no stubs
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from connectors.customerio.archive.values import plain
from connectors.errors import Terminal
from connectors.exact import loads

LONGEST_LINE = 32 * 1024 * 1024
"""Bytes; a longer line is no event, and would not fit into memory with its neighbours."""

BATCH = 1000
"""Rows of a Parquet file held at once."""

FORMATS = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}
DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its values, or the problem with it. `line` counts from 1; `then` is where the next row begins."""

    line: int
    then: dict[str, int]
    values: dict[str, Any] | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file of an archive, by its name within it."""

    name: str
    path: Path

    @property
    def format(self) -> str:
        """`ndjson`, `csv`, `parquet`, or empty where the name says none of them."""
        found = FORMATS.get(Path(self.path.name.removesuffix(".gz")).suffix.lower(), "")
        # Parquet compresses itself and is read from its end, which a compressed file does not offer.
        return "" if found == "parquet" and self.zipped else found

    @property
    def zipped(self) -> bool:
        """Whether it is compressed as a whole."""
        return self.path.suffix.lower() == ".gz"


def files_in(paths: Iterable[Path | str]) -> list[File]:
    """All files under these paths by name, folders and hidden files left out. Terminal where there is nothing."""
    found: dict[str, File] = {}
    for given in paths:
        path = Path(given)
        if path.is_dir():
            for inner in path.rglob("*"):
                name = inner.relative_to(path).as_posix()
                if inner.is_file() and not any(part.startswith(".") for part in Path(name).parts):
                    found[f"{path.name}/{name}" if name in found else name] = File(name, inner)
        elif path.is_file():
            found[path.as_posix() if path.name in found else path.name] = File(path.name, path)
        else:
            raise Terminal(f"There is no file or folder {path}.", "Check the path; it is read on the server itself.")
    return [File(name, file.path) for name, file in sorted(found.items())]


def rows_of(file: File, at: dict[str, int] | None = None) -> Iterator[Row]:
    """The rows from a place on. A file that breaks off ends with a row that says so."""
    read = {"ndjson": _lines, "csv": _table, "parquet": _batches}[file.format]
    last = at or {}
    try:
        for row in read(file, at or {}):
            last = row.then
            yield row
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        line = last.get("line", last.get("row", 0)) + 1
        yield Row(line, last, problem=f"the file cannot be read from here on ({_short(error)})")


def _open(file: File) -> gzip.GzipFile | IO[bytes]:
    return gzip.GzipFile(file.path, "rb") if file.zipped else file.path.open("rb")


def _lines(file: File, at: dict[str, int]) -> Iterator[Row]:
    """One JSON object a line; empty lines are no rows."""
    with _open(file) as stream:
        offset, line = at.get("offset", 0), at.get("line", 0)
        stream.seek(offset)
        while text := stream.readline(LONGEST_LINE):
            offset, line = offset + len(text), line + 1
            if len(text) == LONGEST_LINE and not text.endswith(b"\n"):
                offset += _skip_line(stream)
                yield Row(line, {"offset": offset, "line": line}, problem="is longer than 32 MB")
                continue
            text = text.strip()
            if text and text != b"\xef\xbb\xbf":
                values, problem = _object(text)
                yield Row(line, {"offset": offset, "line": line}, values, problem)


def _skip_line(stream: gzip.GzipFile | IO[bytes]) -> int:
    """Reads on to the end of the line; gives the number of bytes."""
    skipped = 0
    while text := stream.readline(LONGEST_LINE):
        skipped += len(text)
        if text.endswith(b"\n"):
            break
    return skipped


def _object(text: bytes) -> tuple[dict[str, Any] | None, str]:
    try:
        value = loads(text)
    except UnicodeDecodeError:
        return None, "is not UTF-8"
    except ValueError as error:
        return None, f"is not JSON ({_short(error)})"
    if isinstance(value, dict):
        return value, ""
    return None, "is JSON but not an object; one object a line is expected"


class _Counted(Iterator[str]):
    """Lines as text for the CSV reader, counting what was taken; bytes that are no UTF-8 become lone surrogates."""

    def __init__(self, stream: gzip.GzipFile | IO[bytes], offset: int, line: int) -> None:
        self._stream, self.offset, self.line = stream, offset, line

    def __next__(self) -> str:
        text = self._stream.readline(LONGEST_LINE)
        if not text:
            raise StopIteration
        self.line += 1
        start = 3 if self.offset == 0 and text.startswith(b"\xef\xbb\xbf") else 0
        self.offset += len(text)
        return text[start:].decode("utf-8", "surrogateescape")


def _table(file: File, at: dict[str, int]) -> Iterator[Row]:
    """Rows below a header; the delimiter is the one that the header has most of."""
    csv.field_size_limit(LONGEST_LINE)
    with _open(file) as stream:
        head = _Counted(stream, 0, 0)
        delimiter = _delimiter(file)
        header, problem = _cells(csv.reader(head, delimiter=delimiter))
        if not header:
            if problem or head.offset:
                yield Row(1, {"offset": head.offset, "line": 1}, problem=problem or "has no header")
            return
        if at.get("offset"):
            stream.seek(at["offset"])
            head.offset, head.line = at["offset"], at["line"]
        reader = csv.reader(head, delimiter=delimiter)
        while True:
            first = head.line + 1
            cells, problem = _cells(reader)
            if cells is None and not problem:
                return
            if cells == []:
                continue
            values = None if problem or cells is None else dict(zip(header, cells, strict=False))
            problem = problem or _wrong_cells(header, cells or [])
            yield Row(first, {"offset": head.offset, "line": head.line}, None if problem else values, problem)


def _delimiter(file: File) -> str:
    with _open(file) as stream:
        line = stream.readline(LONGEST_LINE).decode("utf-8", "replace")
    return max(DELIMITERS, key=line.count)


def _cells(reader: Iterator[list[str]]) -> tuple[list[str] | None, str]:
    """The next row, None at the end, or the problem with it."""
    try:
        return next(reader), ""
    except StopIteration:
        return None, ""
    except csv.Error as error:
        return None, f"is not CSV ({_short(error)})"


def _wrong_cells(header: Sequence[str], cells: Sequence[str]) -> str:
    if len(cells) != len(header):
        return f"has {len(cells)} cells where the header has {len(header)}"
    if any(not cell.isascii() and any("\udc80" <= char <= "\udcff" for char in cell) for cell in cells):
        return "is not UTF-8"
    return ""


def _batches(file: File, at: dict[str, int]) -> Iterator[Row]:
    """Rows of one row group after the other; of a group that was begun, what was read is passed over."""
    with pq.ParquetFile(file.path, buffer_size=1 << 20, pre_buffer=False) as table:
        line, begun = at.get("row", 0), at.get("group", 0)
        for group in range(begun, table.num_row_groups):
            passed = at.get("within", 0) if group == begun else 0
            within = 0
            for batch in table.iter_batches(batch_size=BATCH, row_groups=[group], use_threads=False):
                skip = min(batch.num_rows, max(0, passed - within))
                within += skip
                for values in _plain_rows(batch.slice(skip)):
                    within, line = within + 1, line + 1
                    yield Row(line, {"group": group, "within": within, "row": line}, values)


def _plain_rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """The rows of a batch as JSON values; times finer than a microsecond are cut there, as Python has no finer."""
    columns = []
    for column in batch.columns:
        if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
            column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
        columns.append(column.to_pylist())
    for row in zip(*columns, strict=True):
        yield {name: plain(value) for name, value in zip(batch.schema.names, row, strict=True)}


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__
