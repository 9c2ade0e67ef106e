"""Finds the destination fields that a source field could mean: by its name, then weighed by its values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz import fuzz

from connectors.catalogue import Field, FieldType, ObjectType
from mapping.composites import BLANKS, MAIN_PARTS
from mapping.inference import MISFITS, TRANSFORM_OF, is_identifier, percent, share
from mapping.kinds import WEB, Kind
from mapping.lexicon import HOMELESS, HOMELESS_FIRST, NETWORKS, OWNERS, alias_index, network_of, squeezed, title, words
from mapping.profile import FieldProfile
from mapping.rules import Choice
from mapping.transforms import Unturned, turn

SUREST = 0.98
PER_RANK = 0.004
SAME_NAME = 0.95
OWNER_PENALTY = 0.03
WHOLE_PENALTY = 0.02
"""A whole name gives way to first and last name where both are there."""

UNSEEN_PENALTY = 0.05
ALIKE = 88
"""From this similarity (of 100) on a spelling may be meant; below it is only worth a mention."""

MENTION = 75
VETO = 0.5
FULL = FieldType.FULL_NAME
TARGETS = frozenset(TRANSFORM_OF) - {FieldType.UUID}
NEVER = frozenset({"id", "createdAt", "updatedAt", "deletedAt", "position", "searchVector", "createdBy", "updatedBy"})
"""Fields that only a usual name can mean, never a similar one."""

WORDY = frozenset({"name", "firstName", "lastName", "jobTitle", "city", "addressCity", "addressCountry"})
"""Destinations that hold words: addresses, numbers and JSON in them are a misunderstanding."""

SALUTATIONS = frozenset({"mr", "mrs", "ms", "miss", "dr", "prof", "herr", "frau", "sir"})
WORDS = frozenset({Kind.TEXT, Kind.DOMAIN, Kind.BOOLEAN})


@dataclass(frozen=True, slots=True)
class Fit:
    """How well the values suit a destination: the share that turns, some that do not, and the way to turn them."""

    share: float
    misfits: tuple[str, ...]
    transform: str
    options: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A destination that a source field may mean. A confidence of 0 says that the values speak against it.

    `named` tells a usual name from a mere likeness in spelling.
    """

    destination: str
    type: FieldType
    confidence: float
    reason: str
    fit: Fit
    named: bool


@dataclass(frozen=True, slots=True)
class _Offer:
    """A destination suggested by the name alone."""

    destination: str
    field: Field
    confidence: float
    why: str
    named: bool = True


def candidates(
    profile: FieldProfile, object_name: str, target: ObjectType, country: str = "US"
) -> tuple[Candidate, ...]:
    """What the field could mean on that object, the likeliest first; each destination once."""
    best: dict[str, Candidate] = {}
    for offer in _offers(profile.name, object_name, target):
        candidate = _weigh(profile, offer, measure(profile, offer.destination, offer.field, country))
        standing = best.get(offer.destination)
        if standing is None or candidate.confidence > standing.confidence:
            best[offer.destination] = candidate
    return tuple(sorted(best.values(), key=lambda candidate: -candidate.confidence))


def _offers(name: str, object_name: str, target: ObjectType) -> Iterator[_Offer]:
    writable = {found.name: found for found in target.fields if found.writable and found.type in TARGETS}
    index = alias_index(object_name)
    for spelling, penalty in _spellings(name):
        path, rank = index.get(spelling, ("", 0))
        found = writable.get(path.split(".")[0])
        if found is not None:
            confidence = (
                SUREST - rank * PER_RANK - penalty - (WHOLE_PENALTY if found.type is FULL and path == "name" else 0)
            )
            yield _Offer(path, found, confidence, f"“{name}” is a usual name for {_called(path, found)}.")
    for found in writable.values():
        if found.name not in NEVER and squeezed(name) in (squeezed(found.name), squeezed(found.label)):
            yield _Offer(_main_path(found), found, SAME_NAME, f"{found.label} has the same name.")
    if not _is_homeless(name):
        yield from _similar(name, object_name, writable)


def _spellings(name: str) -> Iterator[tuple[str, float]]:
    network = network_of(name)
    yield squeezed(name), 0.0
    if network:
        yield network, OWNER_PENALTY
    named = words(name)
    if len(named) > 1 and named[0] in OWNERS:
        yield "".join(named[1:]), OWNER_PENALTY


def _is_homeless(name: str) -> bool:
    named = words(name)
    return squeezed(name) in HOMELESS or bool(set(named[:1]) & HOMELESS_FIRST) or is_identifier(name)


def _main_path(found: Field) -> str:
    part = MAIN_PARTS.get(found.type)
    return f"{found.name}.{part}" if part and found.type is not FULL else found.name


def _similar(name: str, object_name: str, writable: Mapping[str, Field]) -> Iterator[_Offer]:
    spelt = " ".join(words(name))
    names = [(alias, path) for alias, (path, _) in alias_index(object_name).items()]
    names += [(squeezed(found.label), _main_path(found)) for found in writable.values() if found.name not in NEVER]
    for alias, path in names:
        found = writable.get(path.split(".")[0])
        if found is None or found.name in NEVER:
            continue
        likeness = fuzz.ratio(squeezed(name), alias)
        if path == _main_path(found):
            likeness = max(likeness, fuzz.token_sort_ratio(spelt, " ".join(words(found.label))))
        if likeness >= MENTION:
            confidence = 0.6 + (likeness - ALIKE) / 60 if likeness >= ALIKE else likeness / 200
            yield _Offer(path, found, confidence, f"“{name}” is spelt much like {_called(path, found)}.", named=False)


def _called(path: str, found: Field) -> str:
    part = path.partition(".")[2]
    return f"{found.label} ({title(part)})" if part else found.label


def _weigh(profile: FieldProfile, offer: _Offer, fit: Fit) -> Candidate:
    found = offer.field
    likely = min(fit.share, _plausible(profile, offer.destination))
    if not profile.filled:
        confidence, reason = offer.confidence - UNSEEN_PENALTY, f"{offer.why} No value was seen."
    elif likely < VETO:
        what = f"only {percent(likely)} of the values suit" if likely else "none of the values suits"
        confidence, reason = 0.0, f"Named like {_called(offer.destination, found)}, but {what} it."
    else:
        confidence = offer.confidence * (0.6 + 0.4 * likely) + (0.01 if likely >= 1 and found.type in BLANKS else 0)
        reason = f"{offer.why} {percent(fit.share).capitalize()} of its {profile.filled:,} values suit it."
    return Candidate(offer.destination, found.type, round(min(confidence, 0.99), 3), reason, fit, offer.named)


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
    if found.type is FieldType.PHONES:
        return "phone", {"default_country": country}
    return TRANSFORM_OF[found.type], {}


def _choices(profile: FieldProfile, found: Field) -> tuple[Choice, ...]:
    if found.type not in (FieldType.SELECT, FieldType.MULTI_SELECT):
        return ()
    options = {squeezed(name): option for option in found.options for name in (option.value, option.label)}
    matched = ((text, options.get(squeezed(text))) for text, _ in profile.values)
    return tuple(Choice(source=text, value=o.value, label=o.label) for text, o in matched if o is not None)


def _plausible(profile: FieldProfile, destination: str) -> float:
    part = destination.rsplit(".", maxsplit=1)[-1]
    if part == "avatarUrl":
        return share(profile, WEB)
    if part not in WORDY:
        return 1.0
    if part == "jobTitle" and {squeezed(text) for text in profile.samples} <= SALUTATIONS:
        return 0.0
    return share(profile, WORDS)
