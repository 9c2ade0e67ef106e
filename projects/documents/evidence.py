"""The rows behind a certificate, as lines of JSON in a fixed order: what its hash trees are built over.

Each line about a record carries a salt, so that nobody who holds a hash can guess the record behind it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from projects.documents.verifier import canonical
from projects.models import Acceptance, Correction, Difference, JournalEntry, Record, Run
from projects.pipeline.extract import digest_of
from projects.taken_back import undone_changes

CHUNK = 2_000
SCHEMA_VERBS = ("create_object", "create_field", "add_options")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One kind of evidence of a run: the file it goes to, what it is, and its lines."""

    name: str
    words: str
    lines: Callable[[Run, bytes], Iterator[bytes]]

    @property
    def file(self) -> str:
        """Where it stands in the bundle."""
        return f"evidence/{self.name}.ndjson"


def salt_of(secret: bytes, tree: str, object: str, key: str) -> str:
    """The salt of one leaf: 128 bits that only this installation can make."""
    return hmac.new(secret, f"{tree}\n{object}\n{key}".encode(), hashlib.sha256).hexdigest()[:32]


def source_line(secret: bytes, object: str, key: str, digest: str) -> bytes:
    """One row as it was read: `digest` is over its fields and what it refers to."""
    return canonical({"digest": digest, "key": key, "object": object, "salt": salt_of(secret, "source", object, key)})


def destination_line(secret: bytes, row: Record) -> bytes:
    """One record as it stands in the destination: `digest` is over every field that was written, and read back."""
    return canonical(
        {
            "digest": digest_of(row.mapped),
            "id": str(row.destination_id),
            "key": row.key,
            "object": row.object,
            "proof": row.proof or "open",
            "salt": salt_of(secret, "destination", row.object, row.key),
        }
    )


def _source(run: Run, secret: bytes) -> Iterator[bytes]:
    rows = Record.objects.filter(run=run).order_by("object", "key").values_list("object", "key", "digest")
    return (source_line(secret, *row) for row in rows.iterator(CHUNK))


def landed(run: Run) -> Iterator[Record]:
    """The rows that stand in the destination, in the order of the evidence; not what was taken back since."""
    rows = Record.objects.filter(run=run, destination_id__isnull=False).landed().order_by("object", "key")
    undone = undone_changes(run)
    if undone.exists():
        rows = rows.exclude(destination_id__in=undone.values("destination_id"))
    return rows.only("object", "key", "mapped", "destination_id", "proof").iterator(CHUNK)


def _destination(run: Run, secret: bytes) -> Iterator[bytes]:
    return (destination_line(secret, row) for row in landed(run))


def _schema(run: Run, secret: bytes) -> Iterator[bytes]:
    entries = JournalEntry.objects.filter(project=run.project, verb__in=SCHEMA_VERBS).order_by("pk")
    for entry in entries.iterator(CHUNK):
        yield canonical({"at": entry.sent_at.isoformat(), "change": entry.detail, "state": entry.state})


def _exceptions(run: Run, secret: bytes) -> Iterator[bytes]:
    """Rows that did not land, with their reason, what was taken back since, and every difference that was found."""
    rows = Record.objects.filter(run=run).exclude(state__in=Record.LANDED).order_by("object", "key")
    for row in rows.only("object", "key", "state", "reason", "detail", "merged_into").iterator(CHUNK):
        yield canonical(
            {
                "detail": row.detail,
                "key": row.key,
                "merged_into": row.merged_into,
                "object": row.object,
                "reason": row.reason,
                "state": row.state,
            }
        )
    undone = undone_changes(run).order_by("pk").values_list("object", "key", "destination_id", "undone__number")
    for object, key, id, rollback in undone.iterator(CHUNK):
        yield canonical({"id": str(id), "key": key, "object": object, "taken_back_by": rollback})
    differences = Difference.objects.filter(run=run).order_by("pk")
    for one in differences.iterator(CHUNK):
        yield canonical(
            {
                "difference": one.kind,
                "expected": one.expected,
                "field": one.field,
                "found": one.found,
                "key": one.key,
                "object": one.object,
            }
        )


def _approvals(run: Run, secret: bytes) -> Iterator[bytes]:
    """Every signature and every rejection of the project, oldest first."""
    for one in run.project.signatures.select_related("signed_by").order_by("pk").iterator(CHUNK):
        yield canonical(
            {
                "account": str(one.signed_by or ""),
                "at": one.signed_at.isoformat(),
                "digest": one.digest,
                "gate": one.gate,
                "name": one.name,
                "note": one.note,
                "shown": one.shown,
            }
        )

    accepted = Acceptance.objects.filter(run__project=run.project).order_by("pk")
    for acceptance in accepted.iterator(CHUNK):
        yield canonical(
            {
                "accepted": acceptance.count,
                "at": acceptance.accepted_at.isoformat(),
                "digest": acceptance.digest,
                "name": acceptance.name,
                "objects": acceptance.objects_named,
                "why": acceptance.why,
            }
        )


def _corrections(run: Run, secret: bytes) -> Iterator[bytes]:
    """Which records people corrected before they landed: the fields' names, not their values."""
    rows = Correction.objects.filter(project=run.project).select_related("made_by").order_by("object", "key")
    for one in rows.iterator(CHUNK):
        yield canonical(
            {
                "at": one.made_at.isoformat(),
                "by": str(one.made_by or ""),
                "fields": sorted(one.fields),
                "key": one.key,
                "object": one.object,
            }
        )


def _identity(run: Run, secret: bytes) -> Iterator[bytes]:
    """The identity map: which record of the destination each source row is."""
    links = run.project.links.order_by("object", "key").values_list(
        "object", "key", "destination", "destination_id", "origin"
    )
    for object, key, destination, destination_id, origin in links.iterator(CHUNK):
        yield canonical(
            {"destination": destination, "id": str(destination_id), "key": key, "object": object, "origin": origin}
        )


EVIDENCE = (
    Evidence("source", "Every row as it was read from the source", _source),
    Evidence("destination", "Every record as it was read back from the destination", _destination),
    Evidence("schema", "Every change of the destination's schema", _schema),
    Evidence(
        "exceptions",
        "Every row that did not land, with its reason, what was taken back, and every difference",
        _exceptions,
    ),
    Evidence("corrections", "Every record that people corrected before it landed", _corrections),
    Evidence("approvals", "Every signature, rejection and accepted difference, with what was shown", _approvals),
    Evidence("identity", "Which record of the destination each source row became", _identity),
)
"""What a certificate's trees stand on; the order is that of the document."""
