"""Checks a certificate that somebody hands in, in words; made for files of strangers: nothing in them is believed."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from typing import IO, Any

from projects.documents import verifier
from projects.documents.verifier import Unreadable, fingerprint
from projects.models import SigningKey

LARGEST_UPLOAD = 50 << 20
LARGEST_UNPACKED = 500 << 20
MOST_FILES = 1_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. `holds` None: it could not be read, and `problems` says why."""

    holds: bool | None
    problems: tuple[str, ...]
    checked: tuple[str, ...] = ()
    fingerprint: str = ""
    ours: bool = False
    title: str = ""
    says: tuple[tuple[str, str], ...] = ()
    record: str = ""


def check(given: IO[bytes], proof: IO[bytes] | None = None) -> Finding:
    """Checks a bundle or a `certificate.json`, and a proof for one record where there is one."""
    try:
        return _check(given, proof)
    except (Unreadable, zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        return Finding(None, (f"It cannot be checked: {str(error) or 'it is damaged.'}",))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return Finding(None, ("It cannot be checked: it is not written as a certificate is.",))


def _check(given: IO[bytes], proof: IO[bytes] | None) -> Finding:
    if zipfile.is_zipfile(given):
        with zipfile.ZipFile(given) as bundle:
            _refuse_bombs(bundle)
            certificate = verifier.certificate_in(bundle)
            problems = verifier.signature_problems(certificate) + verifier.listing_problems(certificate, bundle)
            problems += verifier.content_problems(certificate, bundle.open)
            checked = ["The signature", f"All {len(bundle.namelist()) - 1} files of the bundle, byte for byte"]
    else:
        given.seek(0)
        certificate = verifier.read_certificate(given.read(verifier.LONGEST + 1))
        problems, checked = verifier.signature_problems(certificate), ["The signature"]
    shown = ""
    if proof is not None:
        content = verifier.read_proof(proof.read(verifier.LONGEST + 1))
        problems += verifier.proof_problems(certificate, content)
        shown = _record_of(content)
        checked.append("That the record of the proof is covered")
    mark = fingerprint(str(certificate.get("public_key", "")))
    ours = SigningKey.objects.filter(public_key=certificate.get("public_key")).exists()
    says = _says(certificate) if not problems else ()
    title = str(certificate.get("title", ""))[:200]
    return Finding(
        not problems, tuple(problems), tuple(checked), mark, ours, title, says, shown if not problems else ""
    )


def _refuse_bombs(bundle: zipfile.ZipFile) -> None:
    """Looks at what the directory announces; reading stops there too, so that nothing gets longer than it says."""
    entries = bundle.infolist()
    if len(entries) > MOST_FILES:
        raise Unreadable(f"it holds {len(entries):,} files, and a bundle has a handful.")
    if sum(entry.file_size for entry in entries) > LARGEST_UNPACKED:
        raise Unreadable(
            f"unpacked it would be larger than {LARGEST_UNPACKED >> 20} MB. Use the program for it: it has no limit."
        )


def _says(certificate: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """What the certificate says, as pairs of words."""
    issued = f"{certificate['issued_at']} by {certificate['issued_by']}"
    field_map = certificate["map"]
    pairs = [
        ("Verdict", certificate["verdict"]),
        ("Run", certificate["run"]["words"]),
        ("From", certificate["source"]),
        ("To", certificate["destination"]),
        ("Field map", f"v{field_map['number']}, {field_map['digest'][:12]}…"),
        ("Issued", issued),
    ]
    for phase in certificate["phases"]:
        approved = phase.get("approved") or "not approved over these books"
        pairs.append((phase["label"], f"{phase['verdict']} Approved: {approved}."))
    return tuple((str(name)[:80], str(words)[:600]) for name, words in pairs)


def _record_of(proof: dict[str, Any]) -> str:
    """The record that a proof shows, for reading."""
    parts = [part.get("record") for part in proof["parts"]]
    return json.dumps(parts, indent=2, ensure_ascii=False)[:20_000]
