"""Misconfiguration said at start-up, with a hint."""

from __future__ import annotations

from typing import Any

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


@register()
def credential_keys_are_fernet_keys(**kwargs: Any) -> list[CheckMessage]:
    """CREDENTIAL_KEYS must be usable before anyone stores a key with it."""
    try:
        for key in settings.CREDENTIAL_KEYS:
            Fernet(key.encode())
    except ValueError:
        hint = 'Make one: python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
        return [Error("CREDENTIAL_KEYS holds something that is not a Fernet key.", hint=hint, id="projects.E001")]
    return []


@register(deploy=True)
def workers_can_be_reached(**kwargs: Any) -> list[CheckMessage]:
    """Without Redis the browser's buttons would queue work that no worker sees."""
    if settings.REDIS_URL:
        return []
    hint = "Set REDIS_URL, e.g. redis://localhost:6379/0, and start a worker."
    return [Warning("There is no REDIS_URL: runs started in the browser will wait.", hint=hint, id="projects.W001")]
