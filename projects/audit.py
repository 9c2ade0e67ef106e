"""Who did what: verbs with their sentence, and the actor carried by a context instead of by parameters."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest, HttpResponse

from projects.models import Event, Project, User
from projects.verbs import Verb

SYSTEM = "Carryover"

_actor: ContextVar[User | None] = ContextVar("actor", default=None)
_request_id: ContextVar[uuid.UUID | None] = ContextVar("request_id", default=None)


@contextmanager
def acting_as(user: User | None) -> Iterator[None]:
    """Everything recorded inside was done by this user (None: by the product itself), in one go."""
    actor, request = _actor.set(user), _request_id.set(uuid.uuid4())
    try:
        yield
    finally:
        _actor.reset(actor)
        _request_id.reset(request)


def current_actor() -> User | None:
    """The user on whose behalf this code runs."""
    return _actor.get()


def record(verb: Verb, project: Project | None, subject: str = "", **data: Any) -> Event:
    """Appends a line to the trail, inside the caller's transaction."""
    user = _actor.get()
    return Event.objects.create(
        project=project,
        actor=user,
        actor_label=str(user) if user else SYSTEM,
        verb=verb.name,
        subject=subject[:200],
        data=data,
        request_id=_request_id.get() or uuid.uuid4(),
    )


class ActorMiddleware:
    """Makes the logged-in user the actor of the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answers the request as its user."""
        user = request.user if request.user.is_authenticated else None
        with acting_as(user):
            return self.get_response(request)
