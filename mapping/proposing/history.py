"""What was confirmed before: the newest decision about a field of the same name and role wins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mapping.lexicon import squeezed
from mapping.proposing.candidates import Weighed
from mapping.rules import Action, MapSpec, ObjectRule


@dataclass(frozen=True, slots=True)
class Confirmed:
    """That a field was mapped so: `destination` is a native path, or empty for a field of its own or none.

    `times` of `projects` earlier projects decided so; `newest` says that the latest of them did.
    """

    role: str
    source: str
    destination: str
    times: int = 1
    projects: int = 1
    newest: bool = True

    @property
    def sentence(self) -> str:
        """The reason that is shown."""
        return f"Mapped so in {self.times} of your {self.projects} earlier project{'s' * (self.projects != 1)}."


def history_of(specs: Iterable[MapSpec]) -> tuple[Confirmed, ...]:
    """The confirmed decisions of earlier maps, given the oldest first; each map counts as one project."""
    seen: dict[tuple[str, str], list[str]] = {}
    names: dict[tuple[str, str], str] = {}
    for spec in specs:
        for rule in spec.objects:
            if rule.action is Action.SKIP:
                continue
            for key, source, destination in _decisions(rule):
                seen.setdefault(key, []).append(destination)
                names[key] = source
    return tuple(
        Confirmed(key[0], names[key], destination, decided.count(destination), len(decided), decided[-1] == destination)
        for key, decided in seen.items()
        for destination in dict.fromkeys(decided)
    )


def _decisions(rule: ObjectRule) -> Iterable[tuple[tuple[str, str], str, str]]:
    role = rule.destination if rule.destination in ("person", "company") else "custom"
    for field in rule.fields:
        native = field.destination if field.action is Action.MAP else ""
        for source in (field.source, *field.also):
            yield (role, squeezed(source)), source, native


def newest(history: Sequence[Confirmed], role: str) -> Mapping[str, Confirmed]:
    """Squeezed source name → the latest decision for objects of that role."""
    found: dict[str, Confirmed] = {}
    for row in history:
        key = squeezed(row.source)
        if row.role == role and (row.newest or key not in found):
            found[key] = row
    return found


CONFIRMED_GAIN, CONFIRMED_LEAST = 3.0, 4.0
"""What a confirmation adds to a candidate, and what it is worth at least where the values do not speak against it."""


def remember(item: Weighed, confirmed: Confirmed | None) -> Weighed:
    """The field with what was decided before: that destination gains, everything else loses."""
    if confirmed is None or (confirmed.destination and not _knows(item, confirmed.destination)):
        return item
    made = []
    for candidate in item.candidates:
        if candidate.destination != confirmed.destination:
            made.append(replace(candidate, utility=min(candidate.utility, 0.0) - CONFIRMED_LEAST))
        elif candidate.features.get("veto"):
            made.append(replace(candidate, utility=candidate.utility + CONFIRMED_GAIN))
        else:
            gained = max(candidate.utility, CONFIRMED_LEAST) + CONFIRMED_GAIN
            made.append(replace(candidate, utility=gained, confirmed=confirmed.sentence))
    ordered = sorted(made, key=lambda candidate: -candidate.utility)
    return replace(item, candidates=tuple(ordered), confirmed="" if confirmed.destination else confirmed.sentence)


def _knows(item: Weighed, destination: str) -> bool:
    return any(candidate.destination == destination for candidate in item.candidates)
