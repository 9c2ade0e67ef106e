"""Model fields: credentials that cannot be read off a stolen database, and values copied out to be found by."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from projects.text import plain

if TYPE_CHECKING:
    TextField = models.TextField[Any, Any]
    CharField = models.CharField[str, str]
else:
    TextField = models.TextField
    CharField = models.CharField


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


class FromRaw(CharField):
    """A copy of one value of a record's `raw`, in lower case, so that an index finds the record by it."""

    def __init__(self, name: str = "", **kwargs: Any) -> None:
        self.of = name
        super().__init__(**{"max_length": 200, "blank": True, "default": "", "editable": False, **kwargs})

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        """What a migration writes down."""
        name, path, _args, kwargs = super().deconstruct()
        return name, path, [self.of], kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Copies the value when the row is made."""
        if add:
            raw = getattr(model_instance, "raw", None) or {}
            value = raw.get(self.of)
            text = plain(str(value).strip().lower())[:200] if isinstance(value, str | int) else ""
            setattr(model_instance, self.attname, text)
        return getattr(model_instance, self.attname)
