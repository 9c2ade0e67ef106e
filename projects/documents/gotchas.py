"""What the service page warns of on both platforms, each with the numbers of this very workspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.catalogue import ObjectKind
from mapping.activities import EVENT, MESSAGE
from mapping.overlap import IDS, Pointers
from projects.documents.rows import AUTOMATIONS, BROADCAST, CAMPAIGN, TRANSACTIONAL, Configuration, moving_run
from projects.grading import spell_hours
from projects.models import Change, Connection, DeletedProfile, Profile, Project, Record, Run, Watch
from projects.pipeline.discover import PEOPLE
from projects.pipeline.phases import PERSON

EXPORT_LIMIT = 20_000
"""Records that Twenty's own export gives at most."""

ACTIVE = ("event", "message", "comment", "task")
"""What only somebody has who did or was sent something."""

REFUSED_BY_DELETED = ("deleted_owner", "deleted_in_destination")


@dataclass(frozen=True, slots=True)
class Gotcha:
    """One warning. `number` is what was counted here; null where it was not counted, and the sentence says why."""

    side: str
    title: str
    number: int | None
    sentence: str


def gotchas(project: Project, profiles: list[Profile], both: dict[str, Connection], hours: float) -> tuple[Gotcha, ...]:
    """All of them, the source's first."""
    read = Configuration(project)
    found = {profile.object: profile for profile in profiles}
    destination = both.get(Connection.Side.DESTINATION)
    known = (destination.known.get("capabilities") or {}) if destination else {}
    return (
        _deleted(project, found),
        _push(read, found),
        _broadcasts(read, found),
        _inactive(project, found.get(PERSON), [found[name] for name in (EVENT, MESSAGE) if name in found]),
        _redacted(read, found),
        _order(profiles),
        _export(found.get(PERSON)),
        _soft_deleted(project, known),
        _rate(known, hours),
        _sequences(read, found),
    )


def _values(profile: Profile | None, name: str) -> dict[str, int]:
    fields = profile.statistics.field_profiles() if profile else ()
    return next((dict(field.values) for field in fields if field.name == name), {})


def _deleted(project: Project, found: dict[str, Profile]) -> Gotcha:
    title = "Deleted profiles count towards the bill until the cycle ends"
    trace = next((one for one in found.values() if one.kind == ObjectKind.TRACE and _values(one, "type")), None)
    if trace is None:
        return _watched(project, title)
    number = _values(trace, "type").get("profile_delete", 0)
    words = f"{number:,} deletions are in the activity log, which reaches back 30 days. None of them is moved."
    return Gotcha("source", title, number, words)


LATER = "Counted when the production run reads the configuration."


def _watched(project: Project, title: str) -> Gotcha:
    """The deletions that the watch over the source's log has seen, once it has looked."""
    if not Watch.objects.filter(project=project).exclude(polled_at=None).exists():
        return Gotcha("source", title, None, "Not counted by this discovery: the audit before production counts them.")
    number = DeletedProfile.objects.filter(project=project, merged_into="").count()
    words = f"{number:,} deletions were seen in the log since the project began to watch it. None of them is moved."
    return Gotcha("source", title, number, words)


def _push(read: Configuration, found: dict[str, Profile]) -> Gotcha:
    title = "Push needs a new version of the app"
    rows = read.rows(CAMPAIGN)
    if not rows and _held(found, CAMPAIGN):
        return Gotcha("source", title, None, LATER)
    number = sum(step.get("type") == "push" for row in rows for step in _dicts(row.get("actions")))
    words = f"Push steps in campaigns: {number:,}. They need a new version of your app and stay behind."
    return Gotcha("source", title, number, words)


def _held(found: dict[str, Profile], object: str) -> int:
    """How many of a kind discovery saw."""
    profile = found.get(object)
    return max(profile.read, profile.announced or 0) if profile else 0


def _dicts(rows: Any) -> list[dict[str, Any]]:
    return [row for row in rows or () if isinstance(row, dict)]


def _broadcasts(read: Configuration, found: dict[str, Profile]) -> Gotcha:
    number = len(read.rows(BROADCAST)) or _held(found, BROADCAST)
    words = f"Broadcasts here: {number:,}. The limit of one trigger in ten seconds is not touched: nothing is sent."
    return Gotcha("source", "The broadcast API is limited", number, words)


def _inactive(project: Project, person: Profile | None, happened: list[Profile]) -> Gotcha:
    title = "Inactive profiles inflate the bill"
    field = next((f for f in person.statistics.field_profiles() if f.name == "_last_emailed"), None) if person else None
    if person is None or field is None:
        return _silent(project, person, happened, title)
    number = person.read - field.filled
    share = 100 * number / person.read if person.read else 0
    words = (
        f"{number:,} of {person.read:,} people were never sent an e-mail. Leaving them behind would make the "
        f"destination {share:.0f} % smaller; they stay in the source's bill until they are deleted there."
    )
    return Gotcha("source", title, number, words)


def _silent(project: Project, person: Profile | None, happened: list[Profile], title: str) -> Gotcha:
    """People without any event or message in what was read: by the newest production run, else by discovery."""
    run = project.runs.filter(kind=Run.Kind.PRODUCTION, state=Run.State.SUCCEEDED).order_by("-number").first()
    if run is not None:
        people = Record.objects.filter(run=run, object=PERSON).landed().count()
        done = Change.objects.filter(run=run, object__in=ACTIVE).exclude(person="").values("person").distinct().count()
        return _idle(title, people, max(0, people - done), "")
    share = _share_active(person, happened)
    if person is None or share is None:
        return Gotcha("source", title, None, "Customer.io does not say when somebody was last active.")
    nameless = any(row.data.get("coverage", {}).get("nameless") for row in happened)
    about = "At most " if nameless else "" if person.read <= IDS else "About "
    return _idle(title, person.read, round(person.read * (1 - share)), about)


def _idle(title: str, people: int, number: int, about: str) -> Gotcha:
    if not number:
        return Gotcha("source", title, 0, f"Each of {people:,} people has an event or a message in what was read.")
    words = (
        f"{about}{number:,} of {people:,} people have no event and no message in what was read. Leaving them behind "
        f"makes the destination {100 * number / people:.0f} % smaller; they stay in the source's bill until they are "
        "deleted there."
    )
    return Gotcha("source", title, number, words)


def _share_active(person: Profile | None, happened: list[Profile]) -> float | None:
    """How many of the people something happened to, by the sketches of discovery; None where it kept none."""
    ids = Pointers.from_json(person.data.get("pointers")).ids.get("cio_id") if person else None
    seen = [Pointers.from_json(row.data.get("ids")).ids.get(PEOPLE) for row in happened]
    known = [sketch for sketch in seen if sketch is not None]
    if ids is None or not known:
        return None
    limit = min(sketch.complete_to for sketch in (ids, *known))
    compared = [hashed for hashed in ids.counts if hashed <= limit]
    return sum(any(hashed in one.counts for one in known) for hashed in compared) / len(compared) if compared else None


def _redacted(read: Configuration, found: dict[str, Profile]) -> Gotcha:
    rows = read.rows(TRANSACTIONAL)
    if not rows and _held(found, TRANSACTIONAL):
        return Gotcha("source", "Text of transactional messages may be redacted", None, LATER)
    number = sum(bool(row.get("hide_message_body")) for row in rows)
    words = f"{number:,} of {len(rows):,} transactional messages hide their text: it cannot be read."
    return Gotcha("source", "Text of transactional messages may be redacted", number, words)


def _order(profiles: list[Profile]) -> Gotcha:
    kinds = (ObjectKind.RECORD, ObjectKind.LINK, ObjectKind.HAPPENING)
    number = sum(one.kind in kinds and one.read > 0 for one in profiles)
    words = f"{number:,} object types depend on each other and are loaded in the order given here."
    return Gotcha("destination", "The order of import is enforced", number, words)


def _export(person: Profile | None) -> Gotcha:
    number = person.read if person else 0
    over = "more than its export gives" if number > EXPORT_LIMIT else "which its export would still give"
    words = f"{number:,} people will be there, {over} ({EXPORT_LIMIT:,} records). Proof is read back through the API."
    return Gotcha("destination", "The export is limited to 20,000 records and visible columns", number, words)


def _soft_deleted(project: Project, known: dict[str, Any]) -> Gotcha:
    title = "Deleted records go on owning their unique values"
    run = moving_run(project)
    if not known.get("soft_deleted_own_unique", True):
        return Gotcha("destination", title, 0, "Not on this server: deleted records give their values free.")
    if run is None:
        return Gotcha("destination", title, None, "Counted by the sandbox run, which looks before it writes.")
    number = Record.objects.filter(run=run, reason__in=REFUSED_BY_DELETED).count()
    words = f"{number:,} records of {run} wait because a deleted record owns their value. None is restored unasked."
    return Gotcha("destination", title, number, words)


def _rate(known: dict[str, Any], hours: float) -> Gotcha:
    rate = known.get("rate") or {}
    title = "The API limits requests"
    if not rate.get("interval"):
        return Gotcha("destination", title, None, f"No limit was met here. Predicted: {spell_hours(hours)} in all.")
    number = round(60 / rate["interval"])
    return Gotcha("destination", title, number, f"{number:,} a minute here. Predicted: {spell_hours(hours)} in all.")


def _sequences(read: Configuration, found: dict[str, Profile]) -> Gotcha:
    number = sum(len(read.rows(name)) or _held(found, name) for name in AUTOMATIONS)
    words = f"{number:,} campaigns, broadcasts and templates have no counterpart that sends e-mails in series."
    return Gotcha("destination", "There are no native e-mail sequences", number, words)
