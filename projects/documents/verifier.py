#!/usr/bin/env python3
"""Checks a Carryover certificate without Carryover: Python 3.9 or newer and the package `cryptography`, nothing else.

    python verify.py BUNDLE.zip                        everything that the certificate covers
    python verify.py certificate.json FOLDER           the same, unpacked
    python verify.py certificate.json --proof P.json   that one record is covered; needs nothing else of the bundle
    … --fingerprint HEX                                and that this installation's key signed it

Exit status 0: all of it holds. 1: something does not, and the lines say what. 2: it could not be read.

A certificate is JSON with a detached signature (Ed25519, RFC 8032) over its canonical form: all keys but `signature`,
sorted, without blanks, UTF-8. `files` are SHA-256 digests. `trees` are the roots of hash trees (RFC 6962 section 2.1)
whose leaves are the lines of a file, each without its line feed.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "carryover-certificate/1"
PROOF_FORMAT = "carryover-proof/1"
CERTIFICATE = "certificate.json"
EMPTY = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""

CHUNK = 1 << 20
LONGEST = 16 << 20
"""Bytes of a certificate, a proof or one line of evidence; anything longer is none."""

Opener = Callable[[str], "IO[bytes]"]


class Unreadable(Exception):
    """What was given is no certificate, bundle or proof; `str()` says why."""


def canonical(value: Any) -> bytes:
    """The one way to write a JSON value down for a signature or a digest."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def written(value: Any) -> bytes:
    """The one way in which a certificate stands in its file: sorted, indented by two, ending in a line feed."""
    return (json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode()


def fingerprint(public_key: str) -> str:
    """How a key is told to people: SHA-256 of the 32 bytes, as hex."""
    return hashlib.sha256(base64.b64decode(public_key)).hexdigest()


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of one row."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes: Iterable[bytes]) -> tuple[bytes, int]:
    """The root over leaf hashes in their order, and how many there were; memory for one hash per level."""
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


def is_under(leaf: bytes, index: int, count: int, path: list[bytes], root: bytes) -> bool:
    """Whether the leaf at `index` of `count`, combined along the path, gives the root."""
    if not 0 <= index < count:
        return False
    place, last, hashed = index, count - 1, leaf_hash(leaf)
    for beside in path:
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


def lines_of(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file without their line feeds. Raises Unreadable where one has none, or is longer than any is."""
    while line := file.readline(LONGEST + 1):
        if not line.endswith(b"\n"):
            raise Unreadable("a line in it is too long" if len(line) > LONGEST else "its last line is cut short")
        yield line[:-1]


def read_certificate(content: bytes) -> dict[str, Any]:
    """The certificate as JSON. Raises Unreadable."""
    found = _json(content, "certificate")
    if found.get("format") != FORMAT:
        raise Unreadable(f"This is no certificate of the form {FORMAT}.")
    if written(found) != content:
        raise Unreadable("It does not stand there as it was written: somebody has touched the file.")
    return found


def read_proof(content: bytes) -> dict[str, Any]:
    """A proof as JSON. Raises Unreadable."""
    return _json(content, "proof")


def _json(content: bytes, what: str) -> dict[str, Any]:
    if len(content) > LONGEST:
        raise Unreadable(f"The {what} is too long to be one.")
    try:
        found = json.loads(content, object_pairs_hook=_pairs)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"The {what} is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise Unreadable(f"The {what} is not a JSON object.")
    return found


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands there twice")
    return made


def signature_problems(certificate: dict[str, Any], expected: str = "") -> list[str]:
    """What is wrong with the signature; empty when it holds (and `expected` is the fingerprint of its key)."""
    try:
        body = {key: value for key, value in certificate.items() if key != "signature"}
        raw, signature = base64.b64decode(certificate["public_key"]), base64.b64decode(certificate["signature"])
        if base64.b64encode(signature).decode() != certificate["signature"]:
            return ["The signature is not written as it was."]
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, canonical(body))
        found = fingerprint(certificate["public_key"])
    except InvalidSignature:
        return ["The signature does not fit: the certificate was changed after it was signed."]
    except (KeyError, ValueError, TypeError) as error:
        return [f"The signature cannot be read: {error}"]
    if expected and found != expected.replace(":", "").lower():
        return [f"It was signed with another key: {found}."]
    return []


def content_problems(certificate: dict[str, Any], open_file: Opener) -> list[str]:
    """What of the covered files is missing or not as it was; empty when everything holds."""
    problems = []
    try:
        files = dict(certificate["files"])
        trees = {str(tree["file"]): (tree["root"], tree["count"]) for tree in certificate["trees"].values()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [f"The certificate does not say what it covers: {error!r}"]
    for name in sorted([*files, *trees]):
        try:
            with open_file(name) as file:
                if name in trees:
                    root, count = root_of(leaf_hash(line) for line in lines_of(file))
                    holds = (root.hex(), count) == trees[name]
                else:
                    holds = _digest(file) == files[name]
        except (OSError, KeyError, zipfile.BadZipFile, EOFError) as error:
            problems.append(f"{name} cannot be read: {error}")
            continue
        except Unreadable as error:
            problems.append(f"{name} was changed: {error}.")
            continue
        if not holds:
            problems.append(f"{name} was changed: it is not what the certificate was made over.")
    return problems


def _tree_files(certificate: dict[str, Any]) -> list[str]:
    return [str(tree["file"]) for tree in certificate.get("trees", {}).values()]


def _digest(file: IO[bytes]) -> str:
    made = hashlib.sha256()
    while block := file.read(CHUNK):
        made.update(block)
    return made.hexdigest()


def proof_problems(certificate: dict[str, Any], proof: dict[str, Any]) -> list[str]:
    """Why a proof does not show that its record is covered; empty when it does.

    `record`, where it is given, must be the very content whose digest the leaf carries.
    """
    try:
        if proof["format"] != PROOF_FORMAT:
            return [f"This is no proof of the form {PROOF_FORMAT}."]
        problems = []
        for part in proof["parts"]:
            tree = certificate["trees"][part["tree"]]
            leaf = str(part["leaf"]).encode()
            path = [bytes.fromhex(beside) for beside in part["path"]]
            known = part["count"] == tree["count"]
            if not known or not is_under(leaf, part["index"], part["count"], path, bytes.fromhex(tree["root"])):
                problems.append(f"The record is not in the {part['tree']} that the certificate covers.")
            elif "record" in part and hashlib.sha256(ascii_form(part["record"])).hexdigest() != _leaf_digest(leaf):
                problems.append(f"The content shown is not the one that stands in the {part['tree']}.")
    except (KeyError, TypeError, ValueError) as error:
        return [f"The proof cannot be read: {error!r}"]
    return problems if proof["parts"] else ["The proof says nothing."]


def ascii_form(value: Any) -> bytes:
    """The form over which Carryover digests a row: canonical, with everything but ASCII escaped."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _leaf_digest(leaf: bytes) -> str:
    return str(json.loads(leaf)["digest"])


def main(words: list[str] | None = None) -> int:
    """The command; gives its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("certificate", help="the bundle (.zip), or certificate.json")
    parser.add_argument("folder", nargs="?", help="where the bundle was unpacked")
    parser.add_argument("--proof", help="a proof for one record")
    parser.add_argument("--fingerprint", default="", help="the fingerprint of the key that must have signed it")
    options = parser.parse_args(words)
    try:
        certificate, problems = _checked(options)
    except (Unreadable, OSError, zipfile.BadZipFile) as error:
        _say(f"It cannot be checked: {error}", file=sys.stderr)
        return 2
    for problem in problems:
        _say(f"NOT AS CERTIFIED  {problem}")
    if not problems:
        _say(f"HOLDS  {certificate.get('title', 'The certificate')}")
        _say(f"       issued {certificate.get('issued_at')}, key {fingerprint(certificate['public_key'])}")
    return 1 if problems else 0


def certificate_in(bundle: zipfile.ZipFile) -> dict[str, Any]:
    """The certificate that stands in a bundle. Raises Unreadable."""
    if CERTIFICATE not in bundle.namelist():
        raise Unreadable(f"There is no {CERTIFICATE} in it.")
    if bundle.getinfo(CERTIFICATE).file_size > LONGEST:
        raise Unreadable("The certificate is too long to be one.")
    return read_certificate(bundle.read(CERTIFICATE))


def listing_problems(certificate: dict[str, Any], bundle: zipfile.ZipFile) -> list[str]:
    """What stands in a bundle and is not covered, or stands there twice."""
    names = bundle.namelist()
    strange = set(names) - {CERTIFICATE, *certificate.get("files", ()), *_tree_files(certificate)}
    twice = [name for name, number in Counter(names).items() if number > 1]
    problems = [f"{name} is not covered by the certificate." for name in sorted(strange)]
    return problems + [f"{name} stands in the bundle twice." for name in sorted(twice)]


def _checked(options: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    path = Path(options.certificate)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as bundle:
            certificate = certificate_in(bundle)
            problems = signature_problems(certificate, options.fingerprint) + listing_problems(certificate, bundle)
            return certificate, problems + _rest(certificate, options, bundle.open)
    if path.stat().st_size > LONGEST:
        raise Unreadable("The certificate is too long to be one.")
    certificate = read_certificate(path.read_bytes())
    problems = signature_problems(certificate, options.fingerprint)
    if not options.folder and not options.proof:
        raise Unreadable("Say where the covered files are: the folder, or the bundle itself.")
    folder = Path(options.folder or ".").resolve()
    return certificate, problems + _rest(certificate, options, lambda name: _inside(folder, name).open("rb"))


def _rest(certificate: dict[str, Any], options: argparse.Namespace, open_file: Opener) -> list[str]:
    if options.proof:
        return proof_problems(certificate, read_proof(Path(options.proof).read_bytes()))
    return content_problems(certificate, open_file)


def _inside(folder: Path, name: str) -> Path:
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        raise Unreadable(f"{name} points out of the folder.")
    return path


def _say(line: str, file: Any = None) -> None:
    (file or sys.stdout).write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())
