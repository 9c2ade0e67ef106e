"""Certificates: issued and handed out inside a project, checked by anybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from projects import certifying, taken_back
from projects.documents import certificate as documents
from projects.documents import checking, verifier
from projects.documents.verifier import fingerprint
from projects.labels import labels_of
from projects.lookups import find_records
from projects.models import Certificate
from projects.permissions import Can
from projects.services import Refused
from projects.views.pairs import title_of
from projects.views.seat import Request, Seat, page, seat_of, told

ROOM = 1 << 20
"""Bytes that a form with files may have besides the files themselves."""


@require_GET
def certificates(request: Request, slug: str) -> HttpResponse:
    """Every certificate of the project, the button for the next one, and the search for a proof."""
    seat = seat_of(request, slug)
    listed = list(seat.project.certificates.select_related("run", "issued_by").defer("secrets").order_by("-number"))
    run = documents.newest_certifiable(seat.project)
    context = page(
        seat,
        certificates=listed,
        fingerprints={one.content["public_key"]: fingerprint(one.content["public_key"]) for one in listed},
        run=run,
        gone=taken_back.why_not_certified(run) if run else "",
        ordered=certifying.under_way(seat.project),
        may_issue=run is not None and (seat.may(Can.RUN) or seat.may(Can.SIGN)),
        covered=run is not None and any(one.run_id == run.pk for one in listed),
    )
    return render(request, "projects/certificates.html", context | _search(request, seat, listed))


def _search(request: Request, seat: Seat, listed: list[Certificate]) -> dict[str, Any]:
    """Records of the newest certified run that go by what was typed."""
    asked = request.GET.get("q", "").strip()
    if not asked or not listed:
        return {"asked": asked}
    labels = labels_of(seat.project)
    found = find_records(seat.project, asked, runs=[listed[0].run_id])
    return {"asked": asked, "found": [(row, title_of(row), labels[row.object]) for row in found]}


@require_POST
def issue(request: Request, slug: str) -> HttpResponse:
    """Issues a certificate over the newest production run that has ended."""
    seat = seat_of(request, slug)
    with told(request):
        run = documents.newest_certifiable(seat.project)
        if run is None:
            raise Refused("There is nothing to certify yet: no production run has ended.")
        made = certifying.order(run=run, by=request.user)
        if made is None:
            messages.success(request, "The certificate is being made. Over so many rows that takes some minutes.")
        else:
            messages.success(request, f"Certificate {made.number} is issued and signed.")
    return redirect("certificates", slug=slug)


@require_GET
def certificate_file(request: Request, slug: str, number: int, file: str) -> HttpResponseBase:
    """The bundle, the certificate as JSON, or the paper."""
    seat = seat_of(request, slug)
    found = get_object_or_404(Certificate, project=seat.project, number=number)
    name = f"{slug}-certificate-{number}"
    if file == "bundle.zip":
        return FileResponse(found.bundle.open(), as_attachment=True, filename=f"{name}.zip")
    if file == "certificate.json":
        return _attached(verifier.written(found.content), f"{name}.json", "application/json")
    if file == "certificate.pdf":
        return _attached(documents.paper_of(found), f"{name}.pdf", "application/pdf")
    raise Http404


@require_GET
def proof(request: Request, slug: str, number: int) -> HttpResponse:
    """The proof that one record is covered, as a file; it tells nothing of anybody else."""
    seat = seat_of(request, slug)
    found = get_object_or_404(Certificate, project=seat.project, number=number)
    object, key = request.GET.get("object", ""), request.GET.get("key", "")
    with told(request):
        made = documents.proof_of(found, object, key)
        name = "".join(c for c in f"{slug}-proof-{object}-{key}" if c.isalnum() or c in "-_")[:150]
        return _attached(verifier.written(made), f"{name}.json", "application/json")
    return redirect("certificates", slug=slug)


def _attached(content: bytes, name: str, kind: str) -> HttpResponse:
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@login_not_required
@csrf_exempt  # It changes nothing, and the length is looked at before a byte of the body is read.
@never_cache
@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Checks a certificate for whoever holds one; needs no account."""
    if request.method == "GET":
        return render(request, "documents/verify.html")
    if int(request.META.get("CONTENT_LENGTH") or 0) > checking.LARGEST_UPLOAD + verifier.LONGEST + ROOM:
        return _told(request, f"It is larger than {checking.LARGEST_UPLOAD >> 20} MB: check it with the program.", 413)
    given, shown = request.FILES.get("certificate"), request.FILES.get("proof")
    if given is None:
        return _told(request, "Choose the bundle or the certificate.json first.", 422)
    if (given.size or 0) > checking.LARGEST_UPLOAD or (shown is not None and (shown.size or 0) > verifier.LONGEST):
        return _told(request, f"It is larger than {checking.LARGEST_UPLOAD >> 20} MB: check it with the program.", 413)
    finding = checking.check(given, shown)
    return render(request, "documents/verify.html", {"finding": finding}, status=422 if finding.holds is None else 200)


def _told(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    finding = checking.Finding(None, (sentence,))
    return render(request, "documents/verify.html", {"finding": finding}, status=status)


@login_not_required
@require_GET
def program(request: HttpRequest) -> HttpResponse:
    """The program that checks a certificate without Carryover."""
    return _attached(Path(verifier.__file__).read_bytes(), "verify.py", "text/x-python; charset=utf-8")
