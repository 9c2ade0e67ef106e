"""A certificate holds for what was migrated, and for nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from projects import services
from projects.documents import verifier
from projects.documents.certificate import issue, pdf, proof_of
from projects.models import Certificate, Link, Record, Run, Signature
from tests.journey.conftest import NAMES, Migration


def files_of(certificate: Certificate) -> dict[str, bytes]:
    with zipfile.ZipFile(certificate.bundle.path) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def pack(folder: Path, files: dict[str, bytes]) -> Path:
    path = folder / "bundle.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        for name, body in files.items():
            bundle.writestr(name, body)
    return path


def test_a_stranger_checks_it_with_the_program_of_the_bundle_alone(certificate: Certificate, tmp_path: Path) -> None:
    (tmp_path / "verify.py").write_bytes(files_of(certificate)["verify.py"])
    key = verifier.fingerprint(certificate.content["public_key"])
    command = [sys.executable, "-I", "verify.py", certificate.bundle.path, "--fingerprint", key]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("HOLDS  Congress: ")


def test_a_certificate_signed_by_another_key_is_not_the_one_that_was_asked_for(certificate: Certificate) -> None:
    assert verifier.main([certificate.bundle.path, "--fingerprint", "00" * 32]) == 1


def test_one_changed_byte_of_any_file_is_noticed(certificate: Certificate, tmp_path: Path) -> None:
    files = files_of(certificate)
    assert {"map.json", "certificate.pdf", "evidence/source.ndjson", "certificate.json"} <= set(files)
    for name, body in files.items():
        if not body:
            continue
        for place in {0, len(body) // 3, len(body) - 1}:
            changed = bytearray(body)
            changed[place] ^= 1
            packed = pack(tmp_path, {**files, name: bytes(changed)})
            assert verifier.main([str(packed)]) in (1, 2), f"{name}, byte {place}"


def test_a_missing_a_shortened_and_an_added_file_are_noticed(
    certificate: Certificate, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = files_of(certificate)
    without = {name: body for name, body in files.items() if name != "map.json"}
    assert verifier.main([str(pack(tmp_path, without))]) == 1
    assert "map.json cannot be read" in capsys.readouterr().out
    shortened = files | {"evidence/source.ndjson": files["evidence/source.ndjson"][:-1]}
    assert verifier.main([str(pack(tmp_path, shortened))]) == 1
    assert "its last line is cut short" in capsys.readouterr().out
    assert verifier.main([str(pack(tmp_path, files | {"evidence/more.ndjson": b"{}\n"}))]) == 1
    assert "evidence/more.ndjson is not covered" in capsys.readouterr().out


def test_the_numbers_are_those_of_the_rows(certificate: Certificate) -> None:
    run, content = certificate.run, certificate.content
    counts = {name: tree["count"] for name, tree in content["trees"].items()}
    rows = Record.objects.filter(run=run)
    assert counts["source"] == rows.count()
    assert counts["destination"] == rows.landed().exclude(destination_id=None).count()
    assert counts["exceptions"] == rows.exclude(state__in=Record.LANDED).count() == 1
    assert counts["approvals"] == Signature.objects.filter(project=run.project).count()
    assert counts["identity"] == Link.objects.filter(project=run.project).count()
    people = next(phase for phase in content["phases"] if phase["phase"] == "people")
    assert people["balance"]["created"] == rows.filter(object="person", state="created").count() == len(NAMES)
    assert people["approved"].startswith("Ada Admin, ")
    assert "Held back, each with its reason: 1." in content["verdict"]


def test_one_person_can_be_shown_without_showing_anybody_else(
    certificate: Certificate, migrated: Migration, tmp_path: Path
) -> None:
    ada = next(person for person in migrated.source.workspace.people if person.id == "ada")
    proof = proof_of(certificate, "person", ada.cio_id)
    assert [part["tree"] for part in proof["parts"]] == ["source", "destination"]
    assert proof["parts"][0]["record"][0]["first_name"] == "Ada"
    text = json.dumps(proof)
    assert not any(name in text for name in NAMES if name != "Ada")
    (tmp_path / "proof.json").write_text(text)
    (tmp_path / "certificate.json").write_bytes(files_of(certificate)["certificate.json"])
    command = [str(tmp_path / "certificate.json"), "--proof", str(tmp_path / "proof.json")]
    assert verifier.main(command) == 0
    proof["parts"][1]["record"]["name"]["firstName"] = "Ida"
    (tmp_path / "proof.json").write_text(json.dumps(proof))
    assert verifier.main(command) == 1


def test_a_proof_is_no_longer_given_when_the_rows_are_not_those_that_were_certified(
    certificate: Certificate, migrated: Migration
) -> None:
    row = Record.objects.filter(run=certificate.run, object="person", state="created").first()
    assert row is not None
    Record.objects.filter(pk=row.pk).update(digest="0" * 64)
    with pytest.raises(services.Refused, match="not in the source that the certificate covers"):
        proof_of(certificate, "person", row.key)


def test_only_a_production_run_that_has_ended_is_certified(migrated: Migration) -> None:
    sandbox = migrated.project.runs.get(kind=Run.Kind.SANDBOX)
    with pytest.raises(services.Refused, match="only a production run that has ended"):
        issue(run=sandbox, by=migrated.admin)


def test_the_private_key_and_the_credentials_are_nowhere_in_the_bundle(
    certificate: Certificate, migrated: Migration
) -> None:
    from projects.models import SigningKey

    secrets = [SigningKey.objects.get().secrets["private_key"], certificate.secrets["salt"]]
    secrets += [migrated.source.api_key, migrated.destination.api_key]
    everything = b"".join(files_of(certificate).values()).decode(errors="replace")
    assert not any(secret in everything for secret in secrets)


def test_the_paper_is_a_tagged_pdf(certificate: Certificate) -> None:
    made = pdf(certificate.content)
    assert made.startswith(b"%PDF-")
    assert b"StructTreeRoot" in made
