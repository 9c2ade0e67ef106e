"""API keys as signed tokens, and the four ways in which one is refused (contracts/twenty/FACTS.md §1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from dataclasses import dataclass
from typing import Any

from .errors import Refusal, unauthorised
from .workspace import Caller

Json = Any

SECRET = b"fake-twenty"


@dataclass(slots=True)
class ApiKey:
    """A key that an administrator made; revoking it keeps the row."""

    id: str
    name: str
    read_only: bool = False
    revoked: bool = False


class Keyring:
    """The workspace's API keys; a key given by the caller is accepted as it is."""

    def __init__(self, workspace_id: str, *, modern: bool, api_key: str | None) -> None:
        self.workspace_id = workspace_id
        self.modern = modern
        self.keys: dict[str, ApiKey] = {}
        self.plain: dict[str, str] = {}
        first = self._add("importer", read_only=False)
        if api_key is None:
            api_key = self.token(first)
        else:
            self.plain[api_key] = first.id
        self.default_token = api_key
        self.default_id = first.id

    def issue(self, name: str, *, read_only: bool = False, expires_in: float = 3.2e9) -> str:
        """A token for a new key; a negative `expires_in` makes an expired one."""
        return self.token(self._add(name, read_only=read_only), expires_in=expires_in)

    def token(self, key: ApiKey, *, expires_in: float = 3.2e9, workspace_id: str | None = None) -> str:
        workspace = workspace_id or self.workspace_id
        payload = {
            "sub": workspace,
            "type": "API_KEY",
            "workspaceId": workspace,
            "exp": int(time.time() + expires_in),
            "jti": key.id,
        }
        head = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(payload)}"
        return f"{head}.{_signature(head)}"

    def caller(self, header: str | None) -> Caller:
        """Who is calling, or the refusal; the database's expiresAt is not looked at, only the token's own."""
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthorised(403, "Missing authentication token", "FORBIDDEN_EXCEPTION")
        token = token.strip()
        key_id = self.plain.get(token) or self._verified(token)
        key = self.keys.get(key_id)
        if key is None or key.revoked:
            raise unauthorised(403, "This API Key is revoked", "FORBIDDEN_EXCEPTION")
        return Caller(key.name, key.read_only)

    def revoke(self, key_id: str | None = None) -> None:
        self.keys[key_id or self.default_id].revoked = True

    def _add(self, name: str, *, read_only: bool) -> ApiKey:
        key = ApiKey(str(uuid.uuid4()), name, read_only)
        self.keys[key.id] = key
        return key

    def _verified(self, token: str) -> str:
        head, _, signature = token.rpartition(".")
        payload = _decoded(head.partition(".")[2])
        if payload is None:
            raise self._invalid("No payload")
        if not hmac.compare_digest(_signature(head), signature):
            raise self._invalid("Token invalid.")
        if payload["exp"] < time.time():
            raise self._invalid("Token invalid.", modern="Token has expired.")
        if payload["workspaceId"] != self.workspace_id:
            raise unauthorised(401, "Workspace not found", "WORKSPACE_NOT_FOUND")
        return str(payload["jti"])

    def _invalid(self, message: str, modern: str = "Token invalid.") -> Refusal:
        return unauthorised(401, modern if self.modern else message, "UNAUTHENTICATED")


def _encoded(value: Json) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _decoded(part: str) -> dict[str, Json] | None:
    try:
        payload = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return None
    return payload if isinstance(payload, dict) and "jti" in payload else None


def _signature(head: str) -> str:
    digest = hmac.new(SECRET, head.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
