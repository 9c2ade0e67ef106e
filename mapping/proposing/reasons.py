"""Why a field goes where it goes, in sentences for the person who decides."""

from __future__ import annotations

from mapping.inference import percent
from mapping.lexicon import title
from mapping.proposing.candidates import VETO, Candidate
from mapping.proposing.choosing import Settled
from mapping.proposing.concepts import LANGUAGES, concepts, parts
from mapping.proposing.names import ABOUT, EXACT, OTHERS, SPELT_LIKE, Match
from mapping.proposing.suits import PLAIN_WORDS, called

ENOUGH_SAID = 0.5
NO_HOME = "No standard field means this, so it gets its own."


def field_called(candidate: Candidate) -> str:
    """The destination in the words of its labels: Phones (Primary Phone Number)."""
    part = candidate.destination.partition(".")[2]
    return f"{candidate.field.label} ({title(part)})" if part else candidate.field.label


def _named(name: str, match: Match, meaning: str) -> str:
    alias = match.alias
    if match.how == SPELT_LIKE:
        return f"“{name}” is spelt much like “{alias.name}”, a name for {meaning}."
    if "".join(parts(name)) == "".join(parts(meaning)):
        return f"It is called {meaning}."
    if alias.language in LANGUAGES and alias.language != "en":
        return f"“{alias.name}” is {LANGUAGES[alias.language]} for {meaning}."
    if match.how == EXACT:
        return f"“{name}” is a usual name for {meaning}."
    return f"“{name}” says “{alias.name}”, a usual name for {meaning}."


def why_mapped(settled: Settled, candidate: Candidate) -> str:
    """Why this candidate: what the name says, and what the values say to it."""
    if candidate.confirmed:
        return candidate.confirmed
    name = settled.weighed.profile.name
    values = _values(settled, candidate)
    match = candidate.match
    if not candidate.concept:
        if match is not None and match.how == EXACT:
            return f"{candidate.field.label} has the same name. {values}"
        return f"“{name}” is much like {candidate.field.label}, which is there already. {values}"
    meaning = concepts()[candidate.concept].label
    if match is not None and match.score >= ENOUGH_SAID:
        return f"{_named(name, match, meaning)} {values}"
    if candidate.features.get("giveaway", 0.0) >= ENOUGH_SAID:
        return f"The name does not say it, but the values do. {values}"
    return f"“{name}” is near to {meaning} in meaning. {values}"


def _values(settled: Settled, candidate: Candidate) -> str:
    profile = settled.weighed.profile
    if not profile.filled:
        return "No value was seen."
    if not candidate.concept:
        return f"{_most(candidate.suit, profile.filled)} suit it."
    return f"{_most(candidate.suit, profile.filled)} look like {PLAIN_WORDS[concepts()[candidate.concept].values]}."


def _most(share: float, filled: int) -> str:
    if share >= 1:
        return f"All {filled:,} values" if filled > 1 else "The values"
    return f"{percent(share).capitalize()} of the {filled:,} values" if share > 0 else "None of the values"


def why_created(settled: Settled) -> str:
    """Why nothing native fits: the values, another field, what the name says instead."""
    weighed = settled.weighed
    if weighed.confirmed:
        return weighed.confirmed
    nearest = next((c for c, _ in settled.others if c.named >= ENOUGH_SAID), None)
    if nearest is not None and weighed.profile.filled and nearest.suit < VETO:
        what, share = called(weighed.evidence)
        most = "all values are" if share >= 1 else f"{percent(share)} of the values are"
        return f"Named like {field_called(nearest)}, but {most} {what}."
    if settled.blocked is not None:
        return f"{field_called(settled.blocked)} would suit, but another field suits it better, so this gets its own."
    if ABOUT in weighed.reading.against:
        return "It is a fact about something and not the thing itself, so it gets its own field."
    if OTHERS in weighed.reading.against:
        return "It speaks of somebody or something else than the record itself, so it gets its own field."
    if weighed.homeless is not None and weighed.homeless.score >= ENOUGH_SAID:
        about = concepts()[weighed.homeless.alias.concept].about
        return f"It is about {about}; there is no standard field for that, so it gets its own."
    return NO_HOME


def why_other(settled: Settled, candidate: Candidate) -> str:
    """Why a candidate that was not chosen is worth a look."""
    if settled.weighed.profile.filled and candidate.suit < VETO and candidate.named >= ENOUGH_SAID:
        return (
            f"Named like it, but only {percent(candidate.suit)} of the values suit."
            if candidate.suit
            else ("Named like it, but none of the values suits.")
        )
    return why_mapped(settled, candidate)
