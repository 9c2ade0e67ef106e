"""Who did what: verbs with their sentence, and the actor carried by a context instead of by parameters."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import Enum
from typing import Any

from django.http import HttpRequest, HttpResponse

from projects.models import Event, Project, User


class Verb(Enum):
    """What can happen, with the sentence that the trail shows: `{actor}`, `{subject}` and keys of the data."""

    PROJECT_CREATED = "{actor} created the project"
    MEMBER_ADDED = "{actor} made {subject} {role} of the project"
    MEMBER_INVITED = "{actor} invited {subject} as {role}"
    INVITATION_ACCEPTED = "{actor} accepted the invitation"
    CONNECTION_SAVED = "{actor} saved the connection to {subject}"
    CONNECTION_TESTED = "{actor} tested the connection to {subject}: {outcome}"
    MAP_PROPOSED = "{actor} had map {subject} proposed"
    MAP_CHANGED = "{actor} changed the map to {subject}"
    RUN_STARTED = "{actor} started {subject}"
    RUN_PAUSED = "{actor} paused {subject}: {why}"
    RUN_RESUMED = "{actor} resumed {subject}"
    RUN_CANCELLED = "{actor} cancelled {subject}: {why}"
    RUN_ENDED = "{subject} ended"
    PHASE_RECONCILED = "{subject}: {verdict}"
    GATE_SIGNED = "{actor} signed {subject} as {name}"
    GATE_REJECTED = "{actor} rejected {subject}: {why}"
    HELD_DECIDED = "{actor} decided {count} held {object} ({reason}): {verdict}"
    SCHEMA_CHANGED = "{actor} made {subject} in the destination"
    TRIGGER_PAUSED = "The workflow “{subject}” was paused for the run"
    TRIGGER_RESTORED = "The workflow “{subject}” was put back"


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


def sentence(event: Event) -> str:
    """The line as people read it; a verb or a key that is no longer known never breaks the page."""
    template = Verb[event.verb].value if event.verb in Verb.__members__ else "{actor}: " + event.verb
    words = {**event.data, "actor": event.actor_label, "subject": event.subject}
    return template.format_map(_Forgiving(words))


class _Forgiving(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


class ActorMiddleware:
    """Makes the logged-in user the actor of the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answers the request as its user."""
        user = request.user if request.user.is_authenticated else None
        with acting_as(user):
            return self.get_response(request)
