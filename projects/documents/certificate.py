"""The certificate of a production run: what it rests on, signed, with everything in one bundle that opens anywhere."""

from __future__ import annotations

import hashlib
import secrets
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from django.core.files import File
from django.db import transaction
from django.db.models import Max
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format

from connectors.registry import get_connector
from projects import audit, gates, taken_back
from projects.documents import verifier
from projects.documents.evidence import EVIDENCE, Evidence, destination_line, source_line
from projects.documents.kept import keep, on_paper
from projects.documents.pdf import render
from projects.documents.signing import signed, signing_key
from projects.documents.tree import prove
from projects.documents.verifier import FORMAT, PROOF_FORMAT, fingerprint, leaf_hash, root_of
from projects.models import Certificate, Project, Reconciliation, Record, Run, Signature, User
from projects.permissions import Can, can
from projects.pipeline.phases import phase_spec
from projects.pipeline.reconcile import COLUMNS
from projects.services import Refused
from projects.verbs import Verb

README = "index.html"
PROGRAM = "verify.py"


def issue(*, run: Run, by: User) -> Certificate:
    """Makes and signs the certificate of a production run that has ended, with its bundle.

    One pass over the rows, in bounded memory. Raises Refused when there is nothing to certify yet.
    """
    refuse_to_issue(run, by)
    number = (run.project.certificates.aggregate(top=Max("number"))["top"] or 0) + 1
    secret = secrets.token_bytes(32)
    with tempfile.TemporaryFile() as file:
        content = _write_bundle(file, run, secret, _about(run, number, by), by)
        size = file.tell()
        file.seek(0)
        with transaction.atomic():
            made = Certificate(
                project=run.project, run=run, number=number, content=content, secrets={"salt": secret.hex()},
                issued_by=by, issued_at=datetime.fromisoformat(content["issued_at"]),
            )  # fmt: skip
            made.bundle.save(f"{run.project.slug}-certificate-{number}.zip", File(file), save=True)
            audit.record(Verb.CERTIFICATE_ISSUED, run.project, str(run), number=number, bytes=size)
    return made


def refuse_to_issue(run: Run, by: User) -> None:
    """Raises Refused with the sentence that says why, where this person may not certify this run."""
    if not can(by, Can.RUN, run.project) and not can(by, Can.SIGN, run.project):
        raise Refused("As a member of this project you may not issue a certificate.")
    if run.kind != Run.Kind.PRODUCTION or run.state != Run.State.SUCCEEDED:
        raise Refused(f"{run} cannot be certified: only a production run that has ended can.")
    if gone := taken_back.why_not_certified(run):
        raise Refused(gone)


def _about(run: Run, number: int, by: User) -> dict[str, Any]:
    """Everything that the certificate says in words and numbers, before any hash."""
    project, field_map = run.project, run.field_map
    if field_map is None:
        raise Refused(f"{run} has no field map.")
    signed = {view.gate for view in gates.all_gates(project) if view.state == "signed"}
    signatures = {one.gate: one for one in project.signatures.order_by("pk") if one.gate in signed}
    phases = [_phase(books, signatures) for books in _books(run)]
    if not phases:
        raise Refused(f"{run} has no reconciliation yet.")
    systems = {one.side: one for one in project.connections.all()}
    verification = _verification(run)
    return {
        "format": FORMAT,
        "title": f"{project.name}: {run}",
        "number": number,
        "project": {"id": str(project.pk), "name": project.name},
        "run": {"number": run.number, "kind": run.kind, "words": str(run)},
        "source": _system(systems["source"]),
        "destination": _system(systems["destination"]),
        "map": {"number": field_map.number, "digest": field_map.digest},
        "issued_at": timezone.now().isoformat(timespec="seconds"),
        "issued_by": str(by),
        "verdict": " ".join([f"{verdict(_books(run))}{_since(verification)}", *taken_back.sentences(run)]),
        "phases": phases,
        "replay": _replay(run),
        "verification": verification,
    }


def _system(connection: Any) -> str:
    account = connection.identity.get("account", "")
    label = get_connector(connection.connector).label
    return f"{label} “{account}” at {connection.base_url}" if account else f"{label} at {connection.base_url}"


def _books(run: Run) -> list[Reconciliation]:
    """The newest reconciliation of each phase, in order."""
    newest = {one.phase_id: one for one in Reconciliation.objects.filter(phase__run=run).order_by("pk")}
    return [newest[phase.pk] for phase in run.phases.order_by("pk") if phase.pk in newest]


def _phase(books: Reconciliation, signatures: dict[str, Signature]) -> dict[str, Any]:
    name = books.phase.name
    approval = signatures.get(name)
    # Only signatures that hold; and one over an older reconciliation says nothing about this one.
    approved = approval is not None and approval.shown.get("reconciliation") == books.digest
    return {
        "phase": name,
        "label": phase_spec(name).label,
        "balance": {column: books.balance[column] for column in ("read", *COLUMNS)},
        "records": books.records,
        "values": books.values,
        "differences": books.differences,
        "unexplained": books.unexplained,
        "points": list(books.open_points),
        "verdict": books.verdict,
        "digest": books.digest,
        "approved": f"{approval.name}, {approval.signed_at:%Y-%m-%d %H:%M} UTC" if approved and approval else "",
    }


def verdict(books: list[Reconciliation]) -> str:
    """The one line: how many values of how many records were compared, and how many differ."""
    values, records = sum(one.values for one in books), sum(one.records for one in books)
    differences, explained = sum(one.unexplained for one in books), sum(one.explained for one in books)
    held = sum(one.balance["held"] for one in books)
    differ = f"{differences:,} unexplained"
    differ += f", {explained:,} mended or accepted by name" if explained else ""
    rest = f" Held back, each with its reason: {held:,}." if held else ""
    close = "" if all(one.closes for one in books) else " The books do not close."
    return f"{records:,} records read back, {values:,} values compared, {differ}.{rest}{close}"


def _replay(run: Run) -> dict[str, Any] | None:
    """What the newest replay after the run and after every rollback would still have written; None without one."""
    later = run.project.runs.filter(kind=Run.Kind.REPLAY, state=Run.State.SUCCEEDED, number__gt=run.number)
    replay = later.order_by("-number").first()
    rollback = taken_back.newest_rollback(run.project)
    if replay is None or (rollback is not None and rollback.number > replay.number):
        return None
    planned = Record.objects.filter(run=replay, state__in=["created", "updated"]).count()
    return {"run": replay.number, "would_write": planned}


def _verification(run: Run) -> dict[str, Any] | None:
    """What the newest verification after the run found; None when everything was read back only once."""
    later = run.project.runs.filter(kind=Run.Kind.VERIFY, state=Run.State.SUCCEEDED, number__gt=run.number)
    verification = later.order_by("-number").first()
    books = _books(verification) if verification else []
    if verification is None or not books:
        return None
    at = verification.ended_at.isoformat(timespec="seconds") if verification.ended_at else ""
    return {"run": verification.number, "at": at, "verdict": books[0].verdict, "unexplained": books[0].unexplained}


def _since(verification: dict[str, Any] | None) -> str:
    """What the verdict has to add where something differs that did not differ then."""
    if not verification or not verification["unexplained"]:
        return ""
    return f" Verification run {verification['run']} found {verification['unexplained']:,} unexplained since."


def _write_bundle(file: IO[bytes], run: Run, secret: bytes, about: dict[str, Any], by: User) -> dict[str, Any]:
    """Writes the whole bundle and gives the signed certificate that stands in it."""
    files: dict[str, str] = {}
    trees: dict[str, Any] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as bundle:

        def put(name: str, body: bytes) -> None:
            bundle.writestr(name, body)
            files[name] = hashlib.sha256(body).hexdigest()

        for kind in EVIDENCE:
            trees[kind.name] = _write_tree(bundle, kind, run, secret)
        put("map.json", verifier.written(run.field_map.content if run.field_map else {}))
        put("reconciliations.json", verifier.written([_full(books) for books in _books(run)]))
        _put_handoff(put, run.project, by)
        put(PROGRAM, Path(verifier.__file__).read_bytes())
        unsigned = {**about, "trees": trees, "files": files}
        put("certificate.pdf", pdf(unsigned))
        put(README, render_to_string("documents/bundle.html", {"certificate": unsigned, **_names(files)}).encode())
        content = signed(unsigned)
        bundle.writestr(verifier.CERTIFICATE, verifier.written(content))
    return content


def _put_handoff(put: Callable[[str, bytes], None], project: Project, by: User) -> None:
    """The workflow-rebuild handoff as things stand, as one of its numbered versions."""
    try:
        paper = keep(project=project, kind="handoff", by=by)
    except Refused:
        return
    put("handoff.json", verifier.written(paper.content))
    put("handoff.pdf", on_paper(paper))


WORDS = {
    "certificate.pdf": "The certificate on paper",
    verifier.CERTIFICATE: "The certificate, signed: what the program checks",
    "handoff.json": "What has to be rebuilt, for scripts",
    "handoff.pdf": "What has to be rebuilt: segments, campaigns, messages, with their criteria and their state",
    "map.json": "The field map that was confirmed: where each object and each field went",
    PROGRAM: "The program that checks this bundle; it needs Python and the package cryptography",
    "reconciliations.json": "The books of every phase: balance, fields, first look, differences, verdict",
}
"""File of the bundle → what it is, for whoever opens it without us."""


def _names(files: dict[str, str]) -> dict[str, Any]:
    listed = [(name, WORDS[name]) for name in sorted({*files, verifier.CERTIFICATE})]
    return {"files": listed, "evidence": EVIDENCE, "fingerprint": fingerprint(signing_key().public_key)}


def _full(books: Reconciliation) -> dict[str, Any]:
    return {
        "phase": books.phase.name,
        "at": books.created_at.isoformat(),
        "balance": books.balance,
        "objects": books.objects_table,
        "fields": books.fields_table,
        "rules": books.rules_table,
        "open_points": books.open_points,
        "first_look": books.first_look,
        "records": books.records,
        "values": books.values,
        "differences": books.differences,
        "mended_or_accepted": books.explained,
        "verdict": books.verdict,
        "digest": books.digest,
    }


def _write_tree(bundle: zipfile.ZipFile, kind: Evidence, run: Run, secret: bytes) -> dict[str, Any]:
    """Writes one file of evidence line by line while its tree grows."""
    with bundle.open(kind.file, "w", force_zip64=True) as file:

        def written() -> Iterator[bytes]:
            for line in kind.lines(run, secret):
                file.write(line + b"\n")
                yield leaf_hash(line)

        root, count = root_of(written())
    return {"file": kind.file, "words": kind.words, "root": root.hex(), "count": count}


def pdf(content: dict[str, Any]) -> bytes:
    """The certificate on paper."""
    issued = datetime.fromisoformat(content["issued_at"])
    phases = [
        {**phase, "cells": [f"{number:,}" for number in phase["balance"].values()]} for phase in content["phases"]
    ]
    context = {
        **content,
        "heading": "Certificate of migration",
        "subtitle": content["title"],
        "issued_at": date_format(issued, "j F Y, H:i") + " UTC",
        "map": {**content["map"], "short": content["map"]["digest"][:8]},
        "phases": phases,
        "trees": [{**tree, "count": f"{tree['count']:,}"} for tree in content["trees"].values()],
        "fingerprint": fingerprint(content.get("public_key") or signing_key().public_key),
    }
    return render("certificate", context)


def paper_of(certificate: Certificate) -> bytes:
    """The certificate on paper, as it stands in the bundle and is covered by the signature."""
    with certificate.bundle.open() as file, zipfile.ZipFile(file) as bundle:
        return bundle.read("certificate.pdf")


def proof_of(certificate: Certificate, object: str, key: str) -> dict[str, Any]:
    """That one record is covered: its lines, and the hashes beside them, which tell nothing of anybody else.

    Raises Refused when the run has no such record, or when its rows are no longer those that were certified.
    """
    secret = bytes.fromhex(certificate.secrets["salt"])
    row = Record.objects.filter(run=certificate.run, object=object, key=key).first()
    if row is None:
        raise Refused(f"The certified run has no record {object} {key}.")
    if (rollback := taken_back.rollback_of(row)) is not None:
        raise Refused(f"{rollback} took this record back: there is nothing to prove any more.")
    line = source_line(secret, row.object, row.key, row.digest)
    parts = [_part(certificate, "source", line, [row.raw, row.refs])]
    if row.state in Record.LANDED and row.destination_id is not None:
        parts.append(_part(certificate, "destination", destination_line(secret, row), row.mapped))
    return {"format": PROOF_FORMAT, "certificate": certificate.number, "parts": parts}


def _part(certificate: Certificate, tree: str, line: bytes, record: Any) -> dict[str, Any]:
    """The line with its way to the root, out of the bundle itself: it holds what was signed, whatever the rows say."""
    about = certificate.content["trees"][tree]
    with certificate.bundle.open() as file, zipfile.ZipFile(file) as bundle:
        index = next((n for n, one in enumerate(_lines(bundle, about["file"])) if one == line), None)
        if index is None:
            raise Refused(
                f"As it stands now, the record is not in the {tree} that the certificate covers: it has changed since. "
                "Issue a new certificate."
            )
        proof = prove((leaf_hash(one) for one in _lines(bundle, about["file"])), index, about["count"])
    part = {"tree": tree, "leaf": line.decode(), "index": index, "count": about["count"], "record": record}
    part["path"] = [beside.hex() for beside in proof.path]
    if found := verifier.proof_problems(certificate.content, {"format": PROOF_FORMAT, "parts": [part]}):
        raise Refused(" ".join(found))
    return part


def _lines(bundle: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    with bundle.open(name) as file:
        yield from verifier.lines_of(file)


def newest_certifiable(project: Project) -> Run | None:
    """The newest production run that has ended."""
    ended = project.runs.filter(kind=Run.Kind.PRODUCTION, state=Run.State.SUCCEEDED)
    return ended.order_by("-number").first()
