"""Options of select fields that a rule makes of the values: all of them stand in the rule before a run begins."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from connectors.catalogue import FieldType
from connectors.naming import Naming
from mapping.profile import FieldProfile
from mapping.rules import Choice, FieldRule

CHOOSING = frozenset({"select", "multi_select"})
"""The transforms that turn values into options."""

MOST = 300
"""Twenty takes as many options in one field (contracts/twenty/FACTS.md section 8)."""


def entries(rule: FieldRule, profile: FieldProfile) -> tuple[str, ...]:
    """The different entries of a select or multi-select field as they were found, in alphabetical order."""
    return tuple(sorted(counted(rule, profile)))


def counted(rule: FieldRule, profile: FieldProfile) -> dict[str, int]:
    """Each entry of a select or multi-select field with the number of records that have it, the most frequent first."""
    found: Counter[str] = Counter()
    for text, count in profile.values:
        for entry in dict.fromkeys(_split(rule, text)):
            found[entry] += count
    return dict(found.most_common())


def _split(rule: FieldRule, text: str) -> Iterable[str]:
    if rule.type is not FieldType.MULTI_SELECT:
        return [text]
    separator = rule.options.get("separator")
    if text.lstrip().startswith("["):
        try:
            items = json.loads(text)
        except (ValueError, RecursionError):
            return []
        return [item.strip() for item in items if isinstance(item, str)] if isinstance(items, list) else []
    if isinstance(separator, str) and separator:
        return [item.strip() for item in text.split(separator) if item.strip()]
    return []


def completed(rule: FieldRule, profile: FieldProfile, naming: Naming) -> FieldRule:
    """The rule with an option for each entry that was found and has none, if its option `create` asks for that.

    A value that comes up later is not turned and says so: the schema is made before the run, from the rule.
    """
    if rule.options.get("create") is not True:
        return rule
    known = {choice.source for choice in rule.choices}
    missing = [text for text in entries(rule, profile) if text.strip() and text not in known]
    room = MOST - len({choice.value for choice in rule.choices})
    values = naming.options(missing[: max(0, room)], {choice.value for choice in rule.choices})
    made = [
        Choice(source=text, value=values[text], label=naming.option_label(text)) for text in missing if text in values
    ]
    return rule.model_copy(update={"choices": (*rule.choices, *made)})
