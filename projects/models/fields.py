"""A model field for credentials that cannot be read off a stolen database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

if TYPE_CHECKING:
    TextField = models.TextField[Any, Any]
else:
    TextField = models.TextField


def _cipher() -> MultiFernet:
    return MultiFernet([Fernet(key.encode()) for key in settings.CREDENTIAL_KEYS])


class EncryptedJSONField(TextField):
    """JSON, encrypted with the first of CREDENTIAL_KEYS; any of them decrypts, so that keys can be rotated."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Any:
        """Decrypts; a wrong key says so instead of giving an empty value."""
        if value is None:
            return None
        try:
            return json.loads(_cipher().decrypt(value.encode()))
        except InvalidToken as error:
            raise ImproperlyConfigured(
                "A stored credential cannot be decrypted: CREDENTIAL_KEYS lacks the key it was stored with. "
                "Add the old key after the new one, separated by a comma."
            ) from error

    def get_prep_value(self, value: Any) -> str | None:
        """Encrypts."""
        return None if value is None else _cipher().encrypt(json.dumps(value).encode()).decode()
