"""What the service promises whatever the fields look like: keys, audit fields and where each role lands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.catalogue import Field, FieldType, ObjectType
from mapping.lexicon import COMPANY_NAMES, PERSON_NAMES, squeezed, words


@dataclass(frozen=True, slots=True)
class Role:
    """What an object type of the source is to a CRM, and where the service page lands it.

    `destination` is the standard object, or the name of the object that is made where that name is fixed.
    """

    key: str
    destination: str = ""
    match_on: str = ""
    plural: str = ""
    label: str = ""
    label_plural: str = ""
    guesses: bool = True
    """Whether fields may land on standard fields; if not, each gets a field of its own."""

    def noun(self, label: str) -> str:
        """What the source's record is called in the description of a field."""
        return {"person": "person", "relationship": "relationship"}.get(self.key, label.lower())

    def description(self, label: str) -> str:
        """The description of an object that is made; it is how the object is recognised later."""
        if self.key == "relationship":
            return "Customer.io relationships between people and companies"
        return f"Customer.io object type {label}"


PERSON = Role("person", "person", "emails.primaryEmail")
COMPANY = Role("company", "company", "domainName.primaryLinkUrl")
CUSTOM = Role("custom")
RELATIONSHIP = Role(
    "relationship",
    "companyAssociation",
    "customerioId",
    "companyAssociations",
    "Company Association",
    "Company Associations",
    guesses=False,
)


COMPANY_ENDINGS = ("firma", "firmen", "unternehmen", "betrieb", "bedrijf", "bedrijven", "organisatie", "organisation")


def role_of(name: str, label: str = "", label_plural: str = "") -> Role:
    """The role of an object type by its name, or for `object:<id>` by what the customer calls it."""
    if squeezed(name) in PERSON_NAMES:
        return PERSON
    if name == "relationship":
        return RELATIONSHIP
    said = [word for text in (name, label, label_plural) for word in words(text)]
    # German and Dutch compounds end in what the thing is: a `Kundenfirma` is a company.
    if any(word in COMPANY_NAMES or word.endswith(COMPANY_ENDINGS) for word in said):
        return COMPANY
    return CUSTOM


@dataclass(frozen=True, slots=True)
class Fixed:
    """A source field whose home is not a matter of guessing. `always`: its rule stands even before any value."""

    source: str
    destination: str
    type: FieldType
    transform: str
    reason: str
    label: str = ""
    unique: bool = False
    always: bool = True
    create: bool = True


EMAIL = Fixed(
    "email",
    "emails.primaryEmail",
    FieldType.EMAILS,
    "email",
    "The e-mail address is the key by which people are recognised.",
    create=False,
)
CREATED = Fixed(
    "created_at",
    "createdAt",
    FieldType.DATE_TIME,
    "datetime",
    "The record keeps the time at which it came to be in Customer.io.",
    always=False,
    create=False,
)
UNSUBSCRIBED = Fixed(
    "unsubscribed",
    "customerioUnsubscribed",
    FieldType.BOOLEAN,
    "boolean",
    "Consent must not be lost: whether the person has unsubscribed from everything in Customer.io.",
    "Customer.io Unsubscribed",
    always=False,
)


def _identity(source: str, why: str) -> Fixed:
    return Fixed(source, "customerioId", FieldType.TEXT, "text", why, "Customer.io ID", unique=True)


def _audit(source: str, destination: str, label: str) -> Fixed:
    why = "The customer's own id in Customer.io, kept so that every record can be traced back."
    return Fixed(source, destination, FieldType.TEXT, "text", why, label)


NEVER_CHANGES = "The one id in Customer.io that never changes; it makes each record findable again."
OBJECT_KEYS = (
    _identity("cio_object_id", NEVER_CHANGES),
    _audit("object_id", "customerioObjectId", "Customer.io Object ID"),
)

FIXED: Mapping[str, tuple[Fixed, ...]] = {
    "person": (
        _identity("cio_id", NEVER_CHANGES),
        _audit("id", "customerioUserId", "Customer.io User ID"),
        EMAIL,
        CREATED,
        UNSUBSCRIBED,
    ),
    "company": (*OBJECT_KEYS, CREATED),
    "custom": (*OBJECT_KEYS, CREATED),
    "relationship": (_identity("key", "Person, object type and object together name a relationship."),),
}


COMPANION = "What could not be turned, as Customer.io had it, of "


def companion_description(source: str) -> str:
    """The description of the text field that takes what of `source` cannot be turned; it is found again by it."""
    return f"{COMPANION}“{source}”."


NEW_OBJECT = ObjectType(
    name="",
    label="",
    label_plural="",
    key="id",
    fields=(
        Field("name", "Name", FieldType.TEXT),
        Field("createdAt", "Creation date", FieldType.DATE_TIME),
    ),
)
"""What every object that is made has from the start and may be written."""

BUILT_IN = frozenset(
    {
        "id",
        "name",
        "createdAt",
        "updatedAt",
        "deletedAt",
        "createdBy",
        "updatedBy",
        "position",
        "searchVector",
        "favorites",
        "noteTargets",
        "taskTargets",
        "attachments",
        "timelineActivities",
    }
)
RESERVED = frozenset(
    {
        "activities",
        "companies",
        "company",
        "companyAssociations",
        "companyId",
        "parent",
        "people",
        "person",
        "personId",
        "tags",
    }
)
"""Names that the migration itself gives to relations and tags, so no attribute may take them."""
