"""What Customer.io answers, checked at the door and forgiving where the vendor is not consistent (FACTS.md §1, §2).

Lists may be null, rows flat or wrapped, `next` empty, null or absent, ids numbers or strings. Citations of
FACTS.md in this package mean contracts/customerio/FACTS.md.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from connectors.errors import AuthFailed, ConnectorError, NotAllowed, Rejected, Terminal
from connectors.http import Answer, Refusal

KEY_HELP = (
    "In Customer.io: Settings → API credentials → App API keys → Create App API key. "
    "A Track API key or a service-account token (sa_live_…) does not work here."
)


class Gone(Rejected):
    """404: what was asked for does not exist (any more)."""


class QuotaUsedUp(ConnectorError):
    """429 of a daily quota: it carries no Retry-After and does not pass within seconds (FACTS.md §1)."""


def _text(value: Any) -> Any:
    """Ids stay text: `03000001` must keep its zero, and one vendor example has them as a number (FACTS.md §2)."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_text)]
Key = Annotated[str, BeforeValidator(_text), Field(min_length=1)]
Traits = Annotated[dict[str, Any], BeforeValidator(lambda value: {} if value is None else value)]
_OrNone = BeforeValidator(lambda value: [] if value is None else value)
T = TypeVar("T")
ListOf = Annotated[list[T], _OrNone]


class Payload(BaseModel):
    """Base of all answers; what a connector does not know it ignores."""

    model_config = ConfigDict(extra="ignore", frozen=True)


P = TypeVar("P", bound=Payload)


class Workspace(Payload):
    """A workspace of the account; its counts may be two hours old (FACTS.md §3)."""

    name: Text = ""
    people: int | None = None
    objects: int | None = None
    object_types: int | None = None


class Workspaces(Payload):
    """All workspaces of the account; nothing says which one is the key's own (FACTS.md §3)."""

    workspaces: Annotated[list[Workspace], _OrNone]


class PersonIds(Payload):
    """How a person is named; only the cio_id is sure to be there (FACTS.md §2)."""

    cio_id: Key
    id: Text = ""
    email: Text = ""


class PeopleFound(Payload):
    """A page of a search or of a segment's members. The `ids` beside it miss people without an id (FACTS.md §2)."""

    identifiers: Annotated[list[PersonIds], _OrNone] = []
    next: Text = ""


def _inside(value: Any, wrapper: str, names: tuple[str, ...]) -> Any:
    """The row without its wrapper, its identifiers completed from its attributes."""
    if not isinstance(value, dict):
        return value
    row = value[wrapper] if isinstance(value.get(wrapper), dict) else value
    told = [part for part in (row.get("identifiers"), row.get("attributes")) if isinstance(part, dict)]
    return {**row, "identifiers": {name: next((p[name] for p in told if p.get(name)), None) for name in names}}


class Profile(Payload):
    """A person with attributes: flat on the live API, inside `customer` in the spec (FACTS.md §4)."""

    identifiers: PersonIds
    attributes: Traits = {}
    timestamps: Traits = {}
    unsubscribed: bool | None = None
    devices: Annotated[list[Any], _OrNone] = []

    @model_validator(mode="before")
    @classmethod
    def _unwrap(cls, value: Any) -> Any:
        return _inside(value, "customer", ("cio_id", "id", "email"))


class Profiles(Payload):
    """Up to 100 profiles; unknown ids are left out without a word (FACTS.md §4)."""

    customers: Annotated[list[Profile], _OrNone] = []


class Segment(Payload):
    """A segment; `conditions` is undocumented and may be missing (FACTS.md §5)."""

    id: int
    name: Text = ""
    description: Text = ""
    type: Text = ""
    state: Text = ""
    progress: Any = None
    tags: Annotated[list[Any], _OrNone] = []
    conditions: Any = None
    created_at: int | None = None
    updated_at: int | None = None


class Segments(Payload):
    """All segments but the archived ones (FACTS.md §5)."""

    segments: Annotated[list[Segment], _OrNone]


class Count(Payload):
    """The number of a segment's members."""

    count: int | None = None


class Uses(Payload):
    """The ids of what names a segment."""

    campaigns: ListOf[int] = []
    draft_newsletters: ListOf[int] = []
    sent_newsletters: ListOf[int] = []


class Users(Payload):
    """Who uses a segment; the segment's own id stands here or there (FACTS.md §5)."""

    used_by: Annotated[Uses, BeforeValidator(lambda value: value or {})] = Uses()


class CustomType(Payload):
    """A type of custom objects; its id is a number written as a string (FACTS.md §6)."""

    id: Key
    name: Text = ""
    singular_name: Text = ""
    enabled: bool | None = True


class CustomTypes(Payload):
    """All types of custom objects, disabled ones too."""

    types: Annotated[list[CustomType], _OrNone]


class ObjectIds(Payload):
    """How a custom object is named: the customer's id, and Customer.io's own that never changes."""

    object_id: Text = ""
    cio_object_id: Text = ""

    @property
    def key(self) -> str:
        """The id that never changes, or the customer's own where the other was not told."""
        return self.cio_object_id or self.object_id

    @model_validator(mode="after")
    def _named(self) -> ObjectIds:
        if not self.key:
            raise ValueError("an object without any id")
        return self


class ObjectsFound(Payload):
    """A page of an object search; later pages may repeat objects (FACTS.md §6)."""

    identifiers: Annotated[list[ObjectIds], _OrNone] = []
    next: Text = ""


class CustomObject(Payload):
    """An object with attributes, inside `object`."""

    identifiers: ObjectIds
    attributes: Traits = {}
    timestamps: Traits = {}

    @model_validator(mode="before")
    @classmethod
    def _unwrap(cls, value: Any) -> Any:
        return _inside(value, "object", ("object_id", "cio_object_id"))


class Tie(Payload):
    """A person's relationship to an object, with its own attributes (FACTS.md §6)."""

    object_type_id: Key
    identifiers: ObjectIds
    attributes: Traits = {}
    timestamps: Traits = {}


class Ties(Payload):
    """A page of one person's relationships; later pages may repeat them."""

    cio_relationships: Annotated[list[Tie], _OrNone] = []
    next: Text = ""


def parse(model: type[P], answer: Answer) -> P:
    """The answer as this model, or Terminal naming the fields that do not fit; never their values."""
    try:
        return model.model_validate(answer.body)
    except ValidationError as error:
        places = {".".join(map(str, problem["loc"])) or "the whole" for problem in error.errors()[:5]}
        raise Terminal(
            f"Customer.io gave an answer of an unknown form ({model.__name__}: {', '.join(sorted(places))}).",
            "Check that the address is that of the App API; if it is, report this with the text above.",
        ) from None


def explain(refusal: Refusal) -> ConnectorError | None:
    """The error behind a refusal; None leaves it to the table that holds for everyone."""
    if refusal.status == 401:
        return AuthFailed("Customer.io does not accept this key; it may have been deleted.", KEY_HELP)
    if refusal.status == 403:
        return NotAllowed(
            "Customer.io knows the key but does not allow this.",
            "Check the scope of the key, and whether it is limited to certain IP addresses.",
        )
    if refusal.status == 404:
        return Gone("Customer.io has nothing at this address (404).", "It may have been deleted in the meantime.")
    if 400 <= refusal.status < 500 and (detail := _detail(refusal.body)):
        return Rejected(f"Customer.io refused the request ({refusal.status}): {detail}")
    return None


def quota(refusal: Refusal) -> ConnectorError | None:
    """The error behind a 429 of a daily quota; None for the usual limit of requests per second."""
    if "retry-after" in refusal.headers or "per day" not in _detail(refusal.body):
        return None
    return QuotaUsedUp(
        "Customer.io gives no more of this today.", "It counts anew each day; the rest goes on as usual."
    )


def _detail(body: Any) -> str:
    """What `errors[].detail` or `meta.error` says; many errors have no JSON body at all (FACTS.md §1)."""
    if not isinstance(body, dict):
        return ""
    errors, meta = body.get("errors"), body.get("meta")
    told = [row.get("detail") for row in errors if isinstance(row, dict)] if isinstance(errors, list) else []
    told.append(meta.get("error") if isinstance(meta, dict) else None)
    return "; ".join(text for text in told if isinstance(text, str))[:300]
