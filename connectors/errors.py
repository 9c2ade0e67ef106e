"""What can go wrong between us and another system, each with the sentence that the user reads."""

from __future__ import annotations

from collections.abc import Mapping


class ConnectorError(Exception):
    """Base of all errors raised by a connector; `str(error)` is a full sentence for the user.

    `advice` says what to do about it. Neither ever holds a credential: the HTTP client masks its own
    key in every text that comes back from the other side.
    """

    def __init__(self, sentence: str, advice: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.sentence} {self.advice}".strip()


class Transient(ConnectorError):
    """Worth trying again by itself after `retry_after` seconds.

    `maybe_done` is true when the request may have been carried out although its answer was lost:
    a write must then be looked up before it is repeated.
    """

    def __init__(self, sentence: str, advice: str = "", *, retry_after: float = 5.0, maybe_done: bool = False) -> None:
        super().__init__(sentence, advice)
        self.retry_after = retry_after
        self.maybe_done = maybe_done


class Terminal(ConnectorError):
    """Will not mend itself: somebody has to change something before it is tried again."""


class AuthFailed(Terminal):
    """The other system does not know the key (or knows it no longer)."""


class NotAllowed(Terminal):
    """The key is known but may not do this."""


class Rejected(ConnectorError):
    """The other system read the request and refused its content; `fields` names what it complained of."""

    def __init__(self, sentence: str, advice: str = "", *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence, advice)
        self.fields: dict[str, str] = dict(fields or {})
