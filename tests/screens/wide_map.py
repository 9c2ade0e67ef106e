"""A project whose map has as many fields as a test wants, made of rows; used by the screen and the browser tests."""

from __future__ import annotations

from django.utils import timezone

from connectors.catalogue import FieldType, ObjectKind
from mapping.profile import ObjectProfile
from mapping.rules import Action, Alternative, Choice, FieldRule, MapSpec, ObjectRule
from projects.models import Profile, Project, Run, User
from projects.pipeline import engine

PEOPLE = 50


def rule_of(number: int) -> FieldRule:
    """The proposal for one field: every third is not sure."""
    if number % 5 == 4:
        return FieldRule(
            source=f"plan_{number}",
            action=Action.CREATE,
            destination=f"plan{number}",
            type=FieldType.SELECT,
            label=f"Plan {number}",
            transform="select",
            choices=(Choice(source="pro", value="PRO", label="pro"), Choice(source="free", value="FREE", label="free")),
            raw_destination=f"plan{number}Raw",
            confidence=0.75,
            reason="Two values make a select, such as “pro”.",
        )
    return FieldRule(
        source=f"trait_{number}",
        action=Action.CREATE,
        destination=f"trait{number}",
        type=FieldType.TEXT,
        label=f"Trait {number}",
        confidence=0.6 if number % 3 else 0.95,
        reason="Free text, such as “Zoë”.",
        alternatives=(Alternative(destination="jobTitle", confidence=0.4),),
    )


def spec_of(fields: int) -> MapSpec:
    """People with an e-mail address, a phone number and that many fields more or less sure."""
    keys = (
        FieldRule(
            source="email",
            action=Action.MAP,
            destination="emails.primaryEmail",
            type=FieldType.EMAILS,
            transform="email",
            confidence=0.99,
        ),
        FieldRule(
            source="phone",
            action=Action.MAP,
            destination="phones.primaryPhoneNumber",
            type=FieldType.PHONES,
            label="Phones",
            transform="phone",
            options={"default_country": "US"},
            raw_destination="phoneRaw",
            confidence=0.97,
            reason="Most values parse as phone numbers.",
        ),
    )
    rules = tuple(rule_of(number) for number in range(fields - len(keys)))
    person = ObjectRule(source="person", destination="person", match_on="emails.primaryEmail", fields=(*keys, *rules))
    return MapSpec(objects=(person,))


def value_of(rule: FieldRule, number: int) -> object:
    """What one person has in one field; the hardest values are among the first."""
    if rule.source == "email":
        return f"p{number}@example.com"
    if rule.source == "phone":
        return ["+1 202 224 3441", "call the office", "(202) 225-4365"][number % 3]
    if rule.choices:
        return "enterprise" if number == 0 and rule.source == "plan_9" else "pro" if number % 2 else "free"
    if rule.source == "trait_0" and number:
        return None
    return ["Zoë", "x" * 150, "Ada", "", "Böb"][number % 5]


def make(project: Project, engineer: User, fields: int) -> MapSpec:
    """A finished discovery and a proposed map of that many fields."""
    spec = spec_of(fields)
    run = Run.objects.create(
        project=project,
        number=1,
        kind=Run.Kind.DISCOVERY,
        state=Run.State.SUCCEEDED,
        started_by=engineer,
        started_at=timezone.now(),
        ended_at=timezone.now(),
    )
    engine.begin(run)
    statistics = ObjectProfile.start(seed="x")
    for number in range(PEOPLE):
        statistics.add(f"p{number}", {rule.source: value_of(rule, number) for rule in spec.objects[0].fields})
    Profile.objects.create(
        project=project,
        run=run,
        object="person",
        label="Person",
        label_plural="People",
        kind=ObjectKind.RECORD,
        announced=PEOPLE,
        read=PEOPLE,
        data={"profile": statistics.to_json()},
        finished_at=timezone.now(),
    )
    project.map_series.add(spec, by=engineer, note="proposed")
    return spec
