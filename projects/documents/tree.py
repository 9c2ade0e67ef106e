"""Proofs out of a hash tree: that one row is under a root, without showing any other row.

The tree itself is in `verifier`, as the program that checks certificates on its own has to know it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from projects.documents.verifier import root_of


@dataclass(frozen=True, slots=True)
class Proof:
    """That one leaf is under a root: its place, and the hashes beside its way up. They tell nothing of other rows."""

    index: int
    count: int
    path: tuple[bytes, ...]


def prove(hashes: Iterable[bytes], index: int, count: int) -> Proof:
    """The proof for the leaf at `index` of `count`. Raises ValueError when there are not as many leaves as said."""
    if not 0 <= index < count:
        raise ValueError(f"There is no leaf {index} among {count}.")
    first, size = 0, count
    parts: list[tuple[int, int]] = []
    while size > 1:
        half = 1 << (size - 1).bit_length() - 1
        left = index < first + half
        parts.append((first + half, size - half) if left else (first, half))
        first, size = (first, half) if left else (first + half, size - half)
    # The parts beside the way lie before or behind the leaf: each is read once, in order.
    found = dict(_roots(iter(hashes), sorted(parts), count))
    return Proof(index, count, tuple(found[start] for start, _size in reversed(parts)))


def _roots(rows: Iterator[bytes], parts: list[tuple[int, int]], count: int) -> Iterator[tuple[int, bytes]]:
    """The root of each part (first leaf, size) while the rows go by."""
    at = 0
    for start, size in parts:
        at += _skip(rows, start - at)
        root, read = root_of(islice(rows, size))
        at += read
        yield start, root
    at += _skip(rows, count - at)
    if at != count or next(rows, None) is not None:
        raise ValueError(f"There are not {count} leaves.")


def _skip(rows: Iterator[bytes], number: int) -> int:
    return sum(1 for _ in islice(rows, number))
