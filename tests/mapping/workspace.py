"""A small hand-made Twenty workspace and naming: enough of the destination to propose maps against."""

from __future__ import annotations

from collections.abc import Collection

from connectors.catalogue import Catalogue, Field, FieldType, ObjectType
from mapping.lexicon import words

RESERVED = frozenset({"address", "type", "object", "event", "field", "link", "index", "user", "role", "search", "name"})


class WorkspaceNaming:
    """Legal names as Twenty wants them, in the simplest way."""

    def field(self, source_name: str, taken: Collection[str]) -> str:
        """The name in camelCase, with `Field` or a number behind it where it would collide."""
        first, *rest = words(source_name) or ["field"]
        name = first + "".join(word.capitalize() for word in rest)
        name = f"{name}Field" if name in RESERVED or name in taken else name
        return self._free(name, taken)

    def fields(self, source_names: Collection[str], taken: Collection[str]) -> dict[str, str]:
        """The names in alphabetical order, one after the other."""
        made: dict[str, str] = {}
        for source in sorted(source_names):
            made[source] = self.field(source, {*taken, *made.values()})
        return made

    def object(self, label: str, label_plural: str, taken: Collection[str]) -> tuple[str, str]:
        """Singular and plural in camelCase."""
        return self.field(label, taken), self.field(label_plural, taken)

    def option(self, label: str, taken: Collection[str]) -> str:
        """The label in capitals with underscores."""
        return self._free("_".join(words(label)).upper() or "OPTION", taken)

    def options(self, labels: Collection[str], taken: Collection[str]) -> dict[str, str]:
        """The values in alphabetical order of the labels, one after the other."""
        made: dict[str, str] = {}
        for label in sorted(labels):
            made[label] = self.option(label, {*taken, *made.values()})
        return made

    def option_label(self, label: str) -> str:
        """The label without commas."""
        return label.replace(",", " ")

    def _free(self, name: str, taken: Collection[str]) -> str:
        number = 2
        made = name
        while made in taken:
            made, number = f"{name}{number}", number + 1
        return made


def system_fields() -> tuple[Field, ...]:
    """The fields that every object has."""
    return (
        Field("id", "Id", FieldType.UUID, writable=False),
        Field("createdAt", "Creation date", FieldType.DATE_TIME),
        Field("updatedAt", "Last update", FieldType.DATE_TIME, writable=False),
        Field("createdBy", "Created by", FieldType.ACTOR),
        Field("position", "Position", FieldType.POSITION),
    )


def workspace(*extra: ObjectType, person: tuple[Field, ...] = ()) -> Catalogue:
    """People and companies of an untouched 2.x workspace, and whatever else a test needs."""
    people = ObjectType(
        "person",
        "Person",
        "People",
        "id",
        (
            Field("name", "Name", FieldType.FULL_NAME),
            Field("emails", "Emails", FieldType.EMAILS, unique=True),
            Field("phones", "Phones", FieldType.PHONES),
            Field("jobTitle", "Job Title", FieldType.TEXT),
            Field("linkedinLink", "Linkedin", FieldType.LINKS),
            Field("avatarUrl", "Avatar", FieldType.TEXT),
            Field("company", "Company", FieldType.RELATION, references="company", join_column="companyId"),
            *system_fields(),
            *person,
        ),
        plural="people",
    )
    companies = ObjectType(
        "company",
        "Company",
        "Companies",
        "id",
        (
            Field("name", "Name", FieldType.TEXT),
            Field("domainName", "Domain Name", FieldType.LINKS, unique=True),
            Field("address", "Address", FieldType.ADDRESS),
            Field("linkedinLink", "Linkedin", FieldType.LINKS),
            Field("annualRevenue", "Annual Revenue", FieldType.CURRENCY),
            *system_fields(),
        ),
        plural="companies",
    )
    return Catalogue((people, companies, *extra))
