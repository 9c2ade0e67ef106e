"""A hash tree over rows, built in one pass with memory for one hash per level.

The shape and the prefixes are those of RFC 6962 section 2.1: a leaf is SHA-256 of a zero byte and the leaf's bytes, a
node SHA-256 of a one byte and its two children, and a tree of n leaves splits at the largest power of two below n.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

EMPTY = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of one row."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes: Iterable[bytes]) -> tuple[bytes, int]:
    """The root over leaf hashes in their order, and how many there were."""
    stack: list[bytes] = []
    count = 0
    for hashed in hashes:
        count += 1
        stack.append(hashed)
        # As often as the count ends in a zero bit, two subtrees of one size stand side by side.
        for _ in range((count & -count).bit_length() - 1):
            right = stack.pop()
            stack.append(node_hash(stack.pop(), right))
    if not stack:
        return EMPTY, 0
    root = stack.pop()
    while stack:
        root = node_hash(stack.pop(), root)
    return root, count


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
    rows = iter(hashes)
    path: list[bytes] = []
    first, size, parts = 0, count, []
    while size > 1:
        half = 1 << (size - 1).bit_length() - 1
        left = index < first + half
        parts.append((first + half, size - half) if left else (first, half))
        first, size = (first, half) if left else (first + half, size - half)
    # The parts beside the way lie before or behind the leaf: each is read once, in order.
    found = dict(_roots(rows, sorted(parts), count))
    path = [found[start] for start, _size in reversed(parts)]
    return Proof(index, count, tuple(path))


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


def is_under(leaf: bytes, proof: Proof, root: bytes) -> bool:
    """Whether the leaf's hash, combined along the proof, gives the root."""
    if not 0 <= proof.index < proof.count:
        return False
    place, last, hashed = proof.index, proof.count - 1, leaf_hash(leaf)
    for beside in proof.path:
        if not last:
            return False
        if place % 2 or place == last:
            hashed = node_hash(beside, hashed)
            while not place % 2 and place:
                place, last = place >> 1, last >> 1
        else:
            hashed = node_hash(hashed, beside)
        place, last = place >> 1, last >> 1
    return not last and hashed == root
