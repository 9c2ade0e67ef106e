"""Tries the values of a source field on a destination field: how they are turned, and which do not turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.catalogue import Field, FieldType
from mapping.inference import MISFITS, share
from mapping.kinds import WEB
from mapping.lexicon import NETWORKS, network_of, squeezed
from mapping.profile import FieldProfile
from mapping.reading import reading_of
from mapping.rules import Choice
from mapping.transforms import Unturned, turn


@dataclass(frozen=True, slots=True)
class Fit:
    """How well the values suit a destination: the share that turns, some that do not, and the way to turn them."""

    share: float
    misfits: tuple[str, ...]
    transform: str
    options: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()


def measure(profile: FieldProfile, destination: str, found: Field, country: str) -> Fit:
    """Tries the values at hand on the destination; each kind of value weighs as much as it is frequent."""
    transform, options = _transform(profile, destination, found, country)
    choices = _choices(profile, found)
    given = {**options, "choices": {choice.source: choice.value for choice in choices}} if choices else options
    turned, misfits = 0.0, []
    for kind, texts in profile.examples.items():
        tried = [_try(transform, text, given) for text in texts]
        turned += profile.kinds.get(kind, 0) * sum(good for good, _ in tried) / max(1, len(tried))
        misfits += [text for text, (_, whole) in zip(texts, tried, strict=True) if not whole]
    return Fit(turned / max(1, profile.filled), tuple(misfits[:MISFITS]), transform, options, choices)


def _try(transform: str, text: str, options: Mapping[str, Any]) -> tuple[bool, bool]:
    try:
        turn(transform, text, options)
    except Unturned as problem:
        return problem.part is not None, False
    return True, True


def _transform(profile: FieldProfile, destination: str, found: Field, country: str) -> tuple[str, dict[str, Any]]:
    part = destination.partition(".")[2]
    network = network_of(profile.name) or ({"xLink": "x", "linkedinLink": "linkedin"}.get(found.name, ""))
    if found.name == "domainName":
        return "domain", {}
    if found.type is FieldType.LINKS and network and share(profile, WEB) < 1:
        return "handle", dict(NETWORKS[network])
    if part in ("addressLat", "addressLng"):
        return "number", {}
    if found.type is FieldType.ADDRESS:
        return ("address", {"default_country": country}) if part in ("", "addressStreet1") else ("trim", {})
    if found.type is FieldType.FULL_NAME:
        return ("trim", {}) if part else ("full_name", {})
    reading = reading_of(profile, found.type, country)
    return reading.transform, dict(reading.options)


def _choices(profile: FieldProfile, found: Field) -> tuple[Choice, ...]:
    if found.type not in (FieldType.SELECT, FieldType.MULTI_SELECT):
        return ()
    options = {squeezed(name): option for option in found.options for name in (option.value, option.label)}
    matched = ((text, options.get(squeezed(text))) for text, _ in profile.values)
    return tuple(Choice(source=text, value=o.value, label=o.label) for text, o in matched if o is not None)
