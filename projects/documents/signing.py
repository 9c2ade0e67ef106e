"""The key of this installation: made on first use, kept encrypted, signs what is handed out."""

from __future__ import annotations

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import transaction

from projects.documents.verifier import canonical
from projects.models import SigningKey


@transaction.atomic
def signing_key() -> SigningKey:
    """The newest key, or a new one where there is none."""
    found = SigningKey.objects.order_by("-pk").first()
    if found is not None:
        return found
    private = Ed25519PrivateKey.generate()
    public = base64.b64encode(private.public_key().public_bytes_raw()).decode()
    secret = base64.b64encode(private.private_bytes_raw()).decode()
    return SigningKey.objects.create(public_key=public, secrets={"private_key": secret})


def signed(content: dict[str, Any]) -> dict[str, Any]:
    """The content with the public key and the signature over both."""
    key = signing_key()
    body = {**content, "public_key": key.public_key}
    private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(key.secrets["private_key"]))
    return {**body, "signature": base64.b64encode(private.sign(canonical(body))).decode()}
