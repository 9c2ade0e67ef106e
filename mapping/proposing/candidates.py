"""What each field of an object could mean on the destination, and how much speaks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rapidfuzz import fuzz

from connectors.catalogue import Field, FieldType, ObjectType
from mapping.composites import BLANKS, MAIN_PARTS
from mapping.inference import TRANSFORM_OF, is_identifier
from mapping.lexicon import squeezed
from mapping.matcher import measure
from mapping.profile import FieldProfile
from mapping.proposing.completing import completions
from mapping.proposing.concepts import Alias, Concept, aliases, concepts, parts, word_set
from mapping.proposing.evidence import Evidence, evidence
from mapping.proposing.meaning import between, likenesses
from mapping.proposing.model import utility
from mapping.proposing.names import EXACT, PARTLY, SPELT_LIKE, Match, Reading
from mapping.proposing.shared import stands_for
from mapping.proposing.suits import SUITS
from mapping.proposing.together import readings

TARGETS = frozenset(TRANSFORM_OF) - {FieldType.UUID}
NEVER = frozenset({"id", "createdAt", "updatedAt", "deletedAt", "position", "searchVector", "createdBy", "updatedBy"})
"""Fields that only a concept can mean, never a similar name."""

SURELY = 0.9
SAID = 0.8
HALF = 0.5
VETO = 0.5
ENOUGH_SUIT = 0.8
MOSTLY = 0.8
SAME_NAME, LIKE_NAME = 0.97, 0.85
ALIKE = 90
CLOSE = 0.75
NAME_ENDINGS = ("nm", "nam", "name", "naam", "nom", "bez", "title", "titel")
"""How short forms of the name of something end."""

NAME_BEGINNINGS = frozenset({"nom", "nombre", "nome", "titre", "titulo", "titolo", "intitule"})
"""How names of something begin where the word that says what it is comes first."""

NUMBERS = frozenset(
    "n no nr num number numero nummer ref reference referenz referencia referenza referentie code codigo codice".split()
)
"""Words for the number by which a thing goes."""

UNTOLD = frozenset({"postcode", "coordinate", "linkedin", "handle", "image"})
"""What almost any figures or words could be: a nearness in meaning is not enough for it."""

TELLING = frozenset({"linkedin", "handle", "image"})
"""What values have to show themselves where the name does not say it: any word might be somebody's page."""

NEAR = 0.45
"""From this likeness in meaning on it counts for something; below it, it is noise."""

AMBIGUOUS = frozenset({"name", "nom", "nombre", "nome", "naam", "names", "nombres"})
"""Words for the whole name that mean one half of it where the other half stands beside them."""

SECOND = {"phone": "other_phone", "email": "other_email", "street": "street2"}
PAIR = {"latitude": "longitude", "longitude": "latitude"}
"""What is hardly ever without the other."""

LESS_SURE = 0.85
SECOND_BEST = 0.97


@dataclass(frozen=True, slots=True)
class Candidate:
    """A destination that a field may mean: what speaks for it, and how much (`utility`, against 0 for none)."""

    destination: str
    field: Field
    concept: str
    features: Mapping[str, float]
    utility: float
    match: Match | None = None
    suit: float = 1.0
    confirmed: str = ""

    @property
    def named(self) -> float:
        """How surely the name means it."""
        return self.features.get("named", 0.0)


@dataclass(frozen=True, slots=True)
class Weighed:
    """One field with everything that was found out about it; candidates with the likeliest first."""

    profile: FieldProfile
    reading: Reading
    evidence: Evidence
    candidates: tuple[Candidate, ...]
    homeless: Match | None = None
    likeness: Mapping[str, float] = field(default_factory=dict)
    confirmed: str = ""
    """That the customer gave it a field of its own before, as a sentence."""


def home_of(concept: Concept, role: str, target: ObjectType) -> tuple[str, Field] | None:
    """Where that concept lives on this destination, or None where its catalogue has no room for it."""
    for path in concept.homes.get(role, ()):
        name, _, part = path.partition(".")
        found = target.field(name)
        if found is None or not found.writable or found.type not in TARGETS:
            continue
        if not part or (found.type in BLANKS and part in BLANKS[found.type]()):
            return path, found
    return None


def weigh(
    profiles: Sequence[FieldProfile],
    role: str,
    label: str,
    target: ObjectType,
    country: str = "US",
    unknown: frozenset[str] = frozenset(),
) -> list[Weighed]:
    """All fields of one object; they are read together, since `name` beside `first name` is the last name.

    `unknown` are names that are to be read as if no list had them.
    """
    seen = [evidence(profile) for profile in profiles]
    given, called = readings([profile.name for profile in profiles], role, label, unknown)
    given = _called_by(given, called, seen, role, label)
    read_so = _in_company(given, seen, role)
    near = likenesses([" ".join(parts(name)) for name in called])
    filling = completions(read_so, seen, role)
    homes = {key: home_of(concept, role, target) for key, concept in concepts().items() if role in concept.roles}
    return [
        _weigh_one(profile, looks, reading, likeness, fills, homes, target, country)
        for profile, looks, reading, likeness, fills in zip(profiles, seen, read_so, near, filling, strict=True)
    ]


def _called_by(
    readings: Sequence[Reading], called: Sequence[str], seen: Sequence[Evidence], role: str, label: str
) -> list[Reading]:
    """Where no field is the name of a company or thing: one called like the object itself, or short for a name."""
    key = {"company": "company_name", "custom": "record_name"}.get(role, "")
    made = list(readings)
    suits = SUITS[concepts()[key].values] if key else None
    if suits is None or any(
        key in reading.matches and reading.matches[key].score > SURELY and suits(looks)[0] >= VETO
        for reading, looks in zip(readings, seen, strict=True)
    ):
        return made
    alias = next(alias for alias in aliases() if alias.concept == key)
    found = _numbered(called, seen, label) if role == "custom" else None
    for place, (name, looks) in enumerate(zip(called, seen, strict=True)):
        words = parts(name)
        itself = bool(words) and set(words) <= set(parts(label))
        short = bool(words) and not made[place].against
        short = short and (words[-1].endswith(NAME_ENDINGS) or words[0] in NAME_BEGINNINGS)
        if (itself or short) and suits(looks)[0] >= ENOUGH_SUIT and looks.varied >= MOSTLY:
            made[place] = replace(made[place], matches={key: Match(SAME_NAME, alias, PARTLY)}, against={})
            return made
    number = "record_number"
    if found is not None and not any(_may_say(reading, number) for reading in readings):
        alias = next(alias for alias in aliases() if alias.concept == number)
        made[found] = replace(made[found], matches={number: Match(SAME_NAME, alias, PARTLY)}, against={})
    return made


def _numbered(called: Sequence[str], seen: Sequence[Evidence], label: str) -> int | None:
    """The place of the number of a thing that has no name: `shift_ref` of a shift, each a different one."""
    for place, (name, looks) in enumerate(zip(called, seen, strict=True)):
        words = parts(name)
        numbers = [word for word in words if word in NUMBERS]
        rest = [word for word in words if word not in NUMBERS and word not in word_set("stop")]
        its_own = all(word in parts(label) or stands_for(word, label) for word in rest)
        if numbers and its_own and looks.varied >= MOSTLY and SUITS["label"](looks)[0] >= ENOUGH_SUIT:
            return place
    return None


def _in_company(readings: Sequence[Reading], seen: Sequence[Evidence], role: str) -> list[Reading]:
    """Settles what only the other fields can tell: which half of a name `name` is, and which is the second."""
    firsts = any(_says(reading, "first_name") for reading in readings)
    lasts = any(_says(reading, "last_name") for reading in readings)
    half = "first_name" if lasts and not firsts else "last_name" if firsts and not lasts else ""
    called = any(_says(reading, "record_name") for reading in readings)
    made_on = any(_says(reading, "created") for reading in readings)
    alone = {key for key, other in PAIR.items() if not any(_may_say(reading, other) for reading in readings)}
    made = []
    for reading, looks in zip(readings, seen, strict=True):
        matches = dict(reading.matches)
        if called and "record_number" in matches:
            # A number only stands for the name where there is none.
            matches["record_number"] = replace(matches["record_number"], score=matches["record_number"].score * VETO)
        if made_on and "signed_up" in matches and "created" not in matches:
            # A record was made when it says so; when somebody joined is a second-best answer.
            matches["signed_up"] = replace(matches["signed_up"], score=matches["signed_up"].score * SECOND_BEST)
        for key in alone & matches.keys():
            matches[key] = replace(matches[key], score=matches[key].score * VETO)
        whole = matches.get("person_name")
        is_half = looks.share("full name") < VETO and looks.share("two words") < MOSTLY
        one = half == "first_name" and looks.share("one word") >= ENOUGH_SUIT
        if role == "person" and half and is_half and whole and (one or _is_ambiguous(whole.alias)):
            matches[half] = Match(whole.score, whole.alias, whole.how)
            matches["person_name"] = replace(whole, score=whole.score * VETO)
        if reading.number > 1:
            matches = {key: _as_second(match) for key, match in matches.items()}
        for first, second in SECOND.items():
            later = reading.number > 1 or (reading.group in ("other", "home", "hq") and first != "street")
            if later and first in matches and second not in matches:
                matches[second] = matches[first]
                matches[first] = replace(matches[first], score=matches[first].score * LESS_SURE)
        made.append(replace(reading, matches=matches))
    return made


def _as_second(match: Match) -> Match:
    """`name 2` stands behind `name 1`, unless the number belongs to what it is called: `address 2`."""
    return (
        match
        if match.alias.parts[-1:] and match.alias.parts[-1][-1].isdigit()
        else replace(match, score=match.score * SECOND_BEST)
    )


def _may_say(reading: Reading, concept: str) -> bool:
    match = reading.matches.get(concept)
    return match is not None and match.score > VETO


def _says(reading: Reading, concept: str) -> bool:
    match = reading.matches.get(concept)
    return match is not None and match.score > SURELY and not _is_ambiguous(match.alias)


def _is_ambiguous(alias: Alias) -> bool:
    """Whether a usual name says no more than “name”, perhaps with whose it is: `name`, `nom du contact`."""
    rest = set(alias.parts) - word_set("stop") - word_set("owners", "person")
    return len(rest) == 1 and rest <= AMBIGUOUS


Homes = Mapping[str, tuple[str, Field] | None]


def _weigh_one(
    profile: FieldProfile,
    seen: Evidence,
    reading: Reading,
    likeness: Mapping[str, float],
    fills: Mapping[str, float],
    homes: Homes,
    target: ObjectType,
    country: str,
) -> Weighed:
    homeless = _homeless(reading, seen, homes)
    away = max((near for key, near in likeness.items() if key in homes and homes[key] is None), default=0.0)
    best: dict[str, Candidate] = {}
    offers = [
        _of_concept(concepts()[key], home, reading, seen, homeless, likeness.get(key, 0.0), away, fills.get(key, 0.0))
        for key, home in homes.items()
        if home is not None
    ]
    known = {home[1].name for home in homes.values() if home is not None}
    offers += _of_fields(profile, reading, seen, target, known, country)
    for offer in offers:
        standing = best.get(offer.destination)
        if standing is None or offer.utility > standing.utility:
            best[offer.destination] = offer
    ordered = sorted(best.values(), key=lambda candidate: -candidate.utility)
    return Weighed(profile, reading, seen, tuple(ordered), homeless, likeness)


def _homeless(reading: Reading, seen: Evidence, homes: Homes) -> Match | None:
    """The surest thing without a home that the name can mean and the values do not rule out."""
    found = [match for key, match in reading.matches.items() if key in homes and homes[key] is None]
    found = [match for match in found if not _is_ruled_out(concepts()[match.alias.concept], seen)]
    return max(found, key=lambda match: match.score, default=None)


def _is_ruled_out(concept: Concept, seen: Evidence) -> bool:
    """Whether values cannot be that thing: `nome utente` is a user's name if it holds first and last names."""
    return not concept.homes and concept.values in SUITS and seen.filled > 0 and SUITS[concept.values](seen)[0] < VETO


def _of_concept(
    concept: Concept,
    home: tuple[str, Field],
    reading: Reading,
    seen: Evidence,
    homeless: Match | None,
    near: float,
    away: float,
    fills: float,
) -> Candidate:
    path, found = home
    match = reading.matches.get(concept.key)
    named = match.score if match else 0.0
    suit, giveaway = SUITS[concept.values](seen) if seen.filled else (0.0, 0.0)
    if named < HALF and concept.values in TELLING:
        suit = giveaway
    if 0 < named < SAID and concept.values == "image":
        giveaway *= HALF if named > HALF else 0.0  # `site_photo` is a picture, but hardly of the person
    features = _features(named, suit, giveaway, reading, seen, homeless.score if homeless else 0.0)
    features["fills a gap"] = fills
    said = homeless.score if homeless else 0.0
    noise = concept.values in UNTOLD or (near < NEAR and near > away)
    if named < SURELY and not reading.cryptic and not noise and not reading.against and said < SAID:
        features["meaning"] = max(-0.5, min(0.5, near - away)) * (1 - named)
    return Candidate(path, found, concept.key, features, utility(features), match, suit)


def _features(
    named: float, suit: float, giveaway: float, reading: Reading, seen: Evidence, homeless: float
) -> dict[str, float]:
    filled = seen.filled > 0
    if homeless >= SAID and named < HALF:
        named *= HALF * HALF  # `rss_url` is a feed, whatever `url` alone may mean
    # A few values that do not fit are usual; they must not decide which of two fields is the better one.
    centred = min(1.0, 2 * suit / ENOUGH_SUIT - 1) if filled else 0.0
    return {
        "bias": 1.0,
        "named": named,
        "named surely": float(named > SURELY),
        "homeless": homeless,
        "against": max(reading.against.values(), default=0.0),
        "named and suits": named * centred,
        "veto": float(filled and suit < VETO),
        # Where the name says it, values that could be nothing else must not decide which field is the better one.
        # And where the name speaks of somebody else, it is their address, however much it looks like one.
        "giveaway": 0.0 if reading.against or homeless >= SAID else giveaway * (1 - named),
        "cryptic giveaway": giveaway if reading.cryptic else 0.0,
        "unseen": float(not filled),
    }


def _of_fields(
    profile: FieldProfile, reading: Reading, seen: Evidence, target: ObjectType, known: set[str], country: str
) -> Iterator[Candidate]:
    """Fields of the destination that no concept speaks of, such as the customer's own, by name or description."""
    others = [f for f in target.fields if f.writable and f.type in TARGETS and f.name not in NEVER | known]
    described = [f"{f.label} {f.description}".strip() for f in others]
    near = between(" ".join(parts(profile.name)), described) if others and not reading.cryptic else [0.0] * len(others)
    for found, nearness in zip(others, near, strict=True):
        named = _likeness(profile.name, found)
        if not named and nearness >= CLOSE and not is_identifier(profile.name):
            named = nearness * LESS_SURE
        if not named:
            continue
        path = _main_path(found)
        fit = measure(profile, path, found, country).share if seen.filled else 0.0
        # Where the destination has a field of that name, nothing else that the name can mean counts against it.
        features = _features(named, fit, 0.0, Reading({}), seen, 0.0)
        match = Match(named, Alias("", found.label, "", 0, ()), EXACT if named == SAME_NAME else SPELT_LIKE)
        yield Candidate(path, found, "", features, utility(features), match, fit)


def _likeness(name: str, found: Field) -> float:
    if squeezed(name) in (squeezed(found.name), squeezed(found.label)):
        return SAME_NAME
    if is_identifier(name):
        return 0.0
    spelt = " ".join(parts(name))
    likeness = max(fuzz.token_sort_ratio(spelt, " ".join(parts(text))) for text in (found.name, found.label))
    return LIKE_NAME * likeness / 100 if likeness >= ALIKE else 0.0


def _main_path(found: Field) -> str:
    part = MAIN_PARTS.get(found.type)
    return f"{found.name}.{part}" if part and found.type is not FieldType.FULL_NAME else found.name
