"""Drafts of activities, comments and tasks out of what happened, as one confirmed rule has them.

Nothing is flattened and nothing dropped: the properties stand in a JSON field as they came. Where that field
could not keep them to the letter (Twenty rounds whole numbers beyond 2**53 and stores no NUL), the numbers stand
in it as text, and the exact JSON text beside it in a text field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

from mapping.apply import Note
from mapping.exact import SAFE_INTEGER, as_text, is_empty
from mapping.happenings import at_path
from mapping.lexicon import squeezed, title
from mapping.registry import Unturned
from mapping.rules import ActivityRule, Home, Kind
from mapping.transforms import turn

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MARKUP = re.compile(
    r"</?(?:p|div|br|b|i|u|em|strong|span|ul|ol|li|a|h[1-6]|table|tr|td|img|blockquote)\b[^<>]*>", re.IGNORECASE
)
EMAIL = re.compile(r"[^\s@\"<>,;]{1,64}@[^\s@\"<>,;]{1,255}")
ADDRESS = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)

DONE = frozenset("completed complete closed done finished true yes 1 completedsuccessfully isclosed resolved".split())
OPEN = frozenset("open notstarted new created todo assigned pending waiting deferred false no 0 due planned".split())
DOING = frozenset("inprogress started working".split())

NAME_LENGTH = 500
NO_TIME = "no_time"
RECORDING, ATTACHMENT = "recording_link", "attachment"
"""Codes of notes: what cannot be imported is listed for the handoff with its record."""

CHANGED_JSON = "numbers_as_text"


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened. `at` as the source has it; `properties` untouched; `status` where it tells one."""

    key: str
    source: str
    name: str
    at: Any
    properties: Any
    title: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft, what is to be said about it, and who is named: `assignee`, `author` by address where there is one."""

    fields: dict[str, Any]
    notes: tuple[Note, ...] = ()
    hold: str = ""
    assignee: str = ""
    author: str = ""
    author_name: str = ""
    links: tuple[str, ...] = field(default=())
    """Addresses of files that hang on it."""


def draft(rule: ActivityRule, happened: Happening) -> Drafted:
    """The draft of one happening under its rule."""
    parts = {part: at_path(happened.properties, path) for part, path in rule.parts.items()}
    known = {part: value for part, value in parts.items() if not is_empty(value)} if rule.kind is not Kind.EVENT else {}
    notes: list[Note] = []
    moment = _moment(happened.at) or _moment(known.get("start"))
    if moment is None:
        note = Note("timestamp", NO_TIME, "It does not say when it happened.", happened.at)
        return Drafted({}, (note,), hold=NO_TIME)
    properties, exact = storable_json(happened.properties)
    fields: dict[str, Any] = {"customerioId": happened.key, "createdAt": moment}
    fields |= _properties(rule.home, properties, happened.properties, exact)
    if not exact:
        sentence = "Numbers or characters that Twenty would change: the exact text stands beside the properties."
        notes.append(Note("properties", CHANGED_JSON, sentence, None))
    make = {Home.ACTIVITY: _activity, Home.COMMENT: _comment, Home.TASK: _task}[rule.home]
    fields |= make(rule, happened, known, moment)
    links = _files(known, notes)
    return Drafted(
        fields,
        tuple(notes),
        assignee=_person(known.get("assignee")),
        author=_person(known.get("author")),
        author_name=_line(known.get("author_name")) if isinstance(known.get("author_name"), str) else "",
        links=links,
    )


def _properties(home: Home, properties: Any, raw: Any, exact: bool) -> dict[str, Any]:
    prefix = "properties" if home is Home.ACTIVITY else "customerioProperties"
    made = {prefix: properties} if properties else {}
    return made if exact else {**made, f"{prefix}Raw": json.dumps(raw, ensure_ascii=True, separators=(",", ":"))}


def _activity(rule: ActivityRule, happened: Happening, known: Mapping[str, Any], moment: str) -> dict[str, Any]:
    made = {
        "name": _line(known.get("title") or happened.title or happened.name) or rule.kind.value,
        "kind": OPTIONS[rule.kind],
        "happenedAt": moment,
    }
    status = status_of(rule.kind, happened, known)
    if status:
        made["status"] = status
    if rule.columns:
        made |= {
            column: value
            for column, part in (("startsAt", "start"), ("endsAt", "end"), ("dueAt", "due"))
            if (value := _moment(known.get(part))) is not None
        }
        if not is_empty(known.get("location")):
            made["location"] = clean(as_text(known["location"]))
    return made


def _comment(rule: ActivityRule, happened: Happening, known: Mapping[str, Any], moment: str) -> dict[str, Any]:
    made: dict[str, Any] = {"title": _line(known.get("title") or _called(happened.name))}
    return made | _body(known)


def _task(rule: ActivityRule, happened: Happening, known: Mapping[str, Any], moment: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "title": _line(known.get("title") or _called(happened.name)),
        "status": NATIVE_STATUS[status_of(Kind.TASK, happened, known)],
    }
    if due := _moment(known.get("due")):
        made["dueAt"] = due
    return made | _body(known)


def _body(known: Mapping[str, Any]) -> dict[str, Any]:
    text = plain_text(as_text(known["body"])) if "body" in known else ""
    return {"bodyV2": {"markdown": text}} if text else {}


OPTIONS: Mapping[Kind, str] = {kind: kind.value.upper() for kind in Kind}
"""Kind → value of the `kind` field."""

NATIVE_STATUS = {"completed": "DONE", "in progress": "IN_PROGRESS", "open": "TODO"}


def status_of(kind: Kind, happened: Happening, known: Mapping[str, Any]) -> str:
    """The status as text: what became of a call or a message; of a task whether it is done."""
    if kind is Kind.TASK:
        return _completion(known.get("status"), happened.name)
    value = known.get("disposition", known.get("status")) if kind is not Kind.EMAIL else happened.status
    return _line(value) if not is_empty(value) else ""


def _completion(value: Any, name: str) -> str:
    """Done, under way or open: by the status, else by what the event says has happened."""
    said = squeezed(as_text(value)) if not is_empty(value) else ""
    if said in DONE:
        return "completed"
    if said in DOING:
        return "in progress"
    if not said and re.search(r"complet|closed|done|finished", name, re.IGNORECASE):
        return "completed"
    return "open"


def storable_json(value: Any) -> tuple[Any, bool]:
    """The value as a JSON field keeps it, always an object or a list; false where that is not to the letter."""
    lossy: list[bool] = []

    def walk(part: Any) -> Any:
        if isinstance(part, Mapping):
            return {walk(str(key)): walk(item) for key, item in part.items()}
        if isinstance(part, list):
            return [walk(item) for item in part]
        if isinstance(part, str) and UNSTORABLE.search(part):
            lossy.append(True)
            return clean(part)
        if isinstance(part, int) and not isinstance(part, bool) and abs(part) > SAFE_INTEGER:
            lossy.append(True)
            return str(part)
        return part

    made = walk(value)
    if made is None:
        return {}, True
    return (made if isinstance(made, dict | list) else {"value": made}), not lossy


def clean(text: str) -> str:
    """The text without characters that no database keeps."""
    return UNSTORABLE.sub("\ufffd", text)


def _line(value: Any) -> str:
    return " ".join(clean(as_text(value)).split())[:NAME_LENGTH] if not is_empty(value) else ""


def _called(name: str) -> str:
    return title(name) or name


def _moment(value: Any) -> str | None:
    """The time in UTC; None where there is none or it cannot be read."""
    if is_empty(value):
        return None
    if isinstance(value, float):
        value = round(value * 1000) if value < 1e11 else round(value)
        return _milliseconds(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _milliseconds(value * 1000 if abs(value) < 10**11 else value)
    try:
        return str(turn("datetime", value))
    except Unturned as problem:
        return str(problem.part) if problem.part else None


def _milliseconds(value: int) -> str | None:
    """A Unix time of any age: early ones have too few digits to be told from counts by their look."""
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)
    except OverflowError:
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z" if moment.year >= 1000 else None


def _person(value: Any) -> str:
    """Who is named: an e-mail address where there is one, else the text."""
    if isinstance(value, Mapping):
        chosen = next((value[name] for name in ("email", "name", "id") if not is_empty(value.get(name))), None)
        return _person(chosen)
    if is_empty(value):
        return ""
    text = _line(value)
    found = EMAIL.search(text)
    return found.group(0).lower() if found else text


def _files(known: Mapping[str, Any], notes: list[Note]) -> tuple[str, ...]:
    """Notes about recordings and attachments; gives the addresses of attachments."""
    links: list[str] = []
    for part, code, what in (("recording", RECORDING, "A recording"), ("attachments", ATTACHMENT, "An attachment")):
        if part not in known:
            continue
        found = [link.rstrip(".,;)") for link in ADDRESS.findall(json.dumps(known[part], ensure_ascii=False))]
        for link in dict.fromkeys(found) or [None]:
            sentence = f"{what} is named here" + ("." if link else ", without an address.")
            notes.append(Note(part, code, sentence, link or as_text(known[part])))
        if code == ATTACHMENT:
            links += dict.fromkeys(found)
    return tuple(links)


class _Text(HTMLParser):
    """Gathers the text of a piece of HTML, with a line for each block."""

    BLOCKS = frozenset("p div br li tr h1 h2 h3 h4 h5 h6 blockquote ul ol table".split())

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.made: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self.silent += 1
        if tag in self.BLOCKS:
            self.made.append("\n")
        if tag == "li":
            self.made.append("- ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self.silent = max(0, self.silent - 1)
        if tag in self.BLOCKS and tag != "br":
            self.made.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.made.append(data)


def plain_text(text: str) -> str:
    """The text of a note: HTML, as CRMs keep notes, becomes lines of text; anything else stays as it is."""
    if not MARKUP.search(text):
        return clean(text)
    parser = _Text()
    parser.feed(text)
    parser.close()
    lines = [" ".join(line.split()) for line in "".join(parser.made).split("\n")]
    return clean(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip())
