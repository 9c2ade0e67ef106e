"""Certificates in the browser and on the command line: issued by members, checked by anybody."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from projects.documents import checking, verifier
from projects.models import Certificate
from tests.journey.conftest import Migration


@pytest.fixture
def browser(migrated: Migration) -> Client:
    client = Client()
    client.force_login(migrated.admin)
    return client


def hand_in(content: bytes, proof: bytes = b"", name: str = "bundle.zip") -> Any:
    files = {"certificate": SimpleUploadedFile(name, content)}
    if proof:
        files["proof"] = SimpleUploadedFile("proof.json", proof)
    return Client(enforce_csrf_checks=True).post(reverse("verify"), files)


def bundle_of(certificate: Certificate) -> bytes:
    return Path(certificate.bundle.path).read_bytes()


def repacked(certificate: Certificate, name: str, body: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(certificate.bundle.path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for one in old.namelist():
            new.writestr(one, body if one == name else old.read(one))
    return out.getvalue()


def test_a_member_issues_a_certificate_and_takes_it_along(browser: Client, migrated: Migration) -> None:
    slug = migrated.project.slug
    page = browser.post(reverse("issue-certificate", args=[slug]), follow=True).content.decode()
    assert "Certificate 1 is issued and signed." in page
    made = Certificate.objects.get()
    assert made.content["verdict"] in page
    for file, start in (("bundle.zip", b"PK"), ("certificate.pdf", b"%PDF-"), ("certificate.json", b"{")):
        answer = browser.get(reverse("certificate-file", args=[slug, 1, file]))
        assert answer.getvalue().startswith(start)
        assert "attachment" in answer["Content-Disposition"]
    assert browser.get(reverse("certificate-file", args=[slug, 1, "salt"])).status_code == 404


def test_the_proof_for_one_person_is_found_by_their_address(
    browser: Client, migrated: Migration, certificate: Certificate
) -> None:
    url = reverse("certificates", args=[migrated.project.slug])
    page = browser.get(url, {"q": " ADA@example.org "}).content.decode()
    assert "Download the proof" in page
    assert "Ben" not in page
    ada = next(person for person in migrated.source.workspace.people if person.id == "ada")
    url = reverse("proof", args=[migrated.project.slug, certificate.number])
    proof = browser.get(url, {"object": "person", "key": ada.cio_id}).content
    answer = hand_in(verifier.written(certificate.content), proof, "certificate.json").content.decode()
    assert "HOLDS" in answer
    assert "Ada" in answer
    changed = proof.replace(b"Ada", b"Ida")
    assert "DOES NOT HOLD" in hand_in(verifier.written(certificate.content), changed).content.decode()


def test_anybody_checks_a_bundle_without_an_account(certificate: Certificate) -> None:
    page = hand_in(bundle_of(certificate)).content.decode()
    assert "HOLDS" in page
    assert "signed by <b>this installation</b>" in page
    assert certificate.content["verdict"] in page
    assert verifier.fingerprint(certificate.content["public_key"]) in page


def test_a_changed_bundle_does_not_hold_and_the_file_is_named(certificate: Certificate) -> None:
    page = hand_in(repacked(certificate, "map.json", b"{}\n")).content.decode()
    assert "DOES NOT HOLD" in page
    assert "map.json was changed" in page


def test_a_certificate_of_another_key_says_so(certificate: Certificate) -> None:
    stranger = Ed25519PrivateKey.generate()
    body = {name: value for name, value in certificate.content.items() if name != "signature"}
    body["public_key"] = base64.b64encode(stranger.public_key().public_bytes_raw()).decode()
    body["signature"] = base64.b64encode(stranger.sign(verifier.canonical(body))).decode()
    page = hand_in(verifier.written(body), name="certificate.json").content.decode()
    assert "not one of this installation" in page
    assert "signed by <b>this installation</b>" not in page


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as bundle, bundle.open("certificate.json", "w") as file:
        for _ in range(checking.LARGEST_UNPACKED // (1 << 20) + 1):
            file.write(bytes(1 << 20))
    return out.getvalue()


JUNK = {
    "nothing": b"",
    "words": b"hello",
    "another JSON": b"[1, 2, 3]",
    "nested": b"[" * 100_000,
    "a format and nothing else": verifier.written({"format": verifier.FORMAT}),
    "an empty bundle": b"PK\x05\x06" + bytes(18),
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_what_is_no_certificate_is_told_in_a_sentence(junk: bytes, db: None) -> None:
    answer = hand_in(junk)
    assert answer.status_code in (200, 422)
    assert "HOLDS" not in answer.content.decode()


def test_a_bomb_is_not_unpacked(db: None) -> None:
    assert "larger than 500 MB" in hand_in(bomb()).content.decode()


def test_a_line_without_an_end_is_not_read_into_memory(certificate: Certificate) -> None:
    long = repacked(certificate, "evidence/source.ndjson", b"x" * (verifier.LONGEST + 2))
    page = hand_in(long).content.decode()
    assert "evidence/source.ndjson was changed: a line in it is too long" in page


def test_an_upload_that_is_too_large_is_refused_before_it_is_read(db: None) -> None:
    length = checking.LARGEST_UPLOAD * 2
    answer = Client().generic("POST", reverse("verify"), b"x", "multipart/form-data; boundary=x", CONTENT_LENGTH=length)
    assert answer.status_code == 413


def test_the_program_is_handed_out(db: None) -> None:
    answer = Client().get(reverse("verify-program"))
    assert answer.content == Path(verifier.__file__).read_bytes()


def test_the_command_line_issues_a_certificate_once_for_a_run(
    migrated: Migration, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paper, data = tmp_path / "c.pdf", tmp_path / "c.json"
    words = ["migration", "report", migrated.project.slug, "--kind", "certificate", "--pdf", str(paper)]
    call_command(*words, "--data", str(data), "--json")
    call_command(*words)
    assert Certificate.objects.count() == 1
    assert paper.read_bytes().startswith(b"%PDF-")
    assert json.loads(data.read_text()) == Certificate.objects.get().content
    capsys.readouterr()
    call_command("migration", "certify", migrated.project.slug, "--bundle", str(tmp_path / "b.zip"))
    assert "Fingerprint of the key" in capsys.readouterr().out
    assert verifier.main([str(tmp_path / "b.zip")]) == 0
