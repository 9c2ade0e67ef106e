"""The hash tree is the one of RFC 6962, and a proof convinces only of what it is about."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.documents.tree import Proof, prove
from projects.documents.verifier import EMPTY, is_under, leaf_hash, node_hash, root_of


def plain_root(leaves: list[bytes]) -> bytes:
    """The root as the RFC writes it down: by recursion over the whole list."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + plain_root(leaves[:half]) + plain_root(leaves[half:])).digest()


def holds(leaf: bytes, proof: Proof, root: bytes) -> bool:
    return is_under(leaf, proof.index, proof.count, list(proof.path), root)


LEAVES = st.lists(st.binary(max_size=8), max_size=70)


@given(LEAVES)
def test_one_pass_gives_the_root_that_the_rfc_defines(leaves: list[bytes]) -> None:
    assert root_of(map(leaf_hash, leaves)) == (plain_root(leaves), len(leaves))


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert root_of([]) == (EMPTY, 0)


@given(LEAVES.filter(bool), st.data())
def test_every_leaf_can_be_proved(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    hashes = list(map(leaf_hash, leaves))
    proof = prove(iter(hashes), index, len(hashes))
    assert holds(leaves[index], proof, root_of(hashes)[0])
    assert len(proof.path) <= (len(leaves) - 1).bit_length()


@given(LEAVES.filter(bool), st.data())
def test_another_leaf_place_or_path_convinces_nobody(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    hashes = list(map(leaf_hash, leaves))
    root = root_of(hashes)[0]
    proof = prove(hashes, index, len(hashes))
    assert not holds(leaves[index] + b"!", proof, root)
    assert not holds(leaves[index], Proof(len(leaves), len(leaves), proof.path), root)
    assert not holds(leaves[index], Proof(index, len(leaves), (*proof.path, root)), root)
    if proof.path:
        broken = (node_hash(proof.path[0], b""), *proof.path[1:])
        assert not holds(leaves[index], Proof(index, len(leaves), broken), root)
        assert not holds(leaves[index], Proof(index, len(leaves), proof.path[1:]), root)


@pytest.mark.parametrize("count", [1, 4])
def test_rows_that_changed_in_number_give_no_proof(count: int) -> None:
    hashes = [leaf_hash(bytes([number])) for number in range(3)]
    with pytest.raises(ValueError, match="leaves"):
        prove(hashes, 0, count)


def test_a_proof_for_a_leaf_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no leaf 5 among 3"):
        prove([], 5, 3)
