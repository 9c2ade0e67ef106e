"""Files: attachments whose address can be read are put into the destination, each hanging on its record.

What cannot be fetched (a private host, an expired link, too large a file) is held with the reason, beside the
record that named it. A file is fetched again only where it has not landed yet.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

from connectors.download import download
from connectors.errors import Rejected
from mapping.drafting import ATTACHMENT
from mapping.rules import Home
from projects.connections import transports
from projects.models import Record
from projects.pipeline.context import Context, Progress
from projects.pipeline.extract import digest_of, linked
from projects.pipeline.intent import OWNER, person_of
from projects.pipeline.phases import COMMENT, TASK, activity_sources
from projects.pipeline.rows import save_rows, store
from projects.text import plain

PAGE = 2_000
"""Records looked through at once for files."""

AT_ONCE = 5
"""Files fetched on a page: each may take half a minute."""

UNREADABLE = "file_not_readable"


def page(context: Context) -> Progress:
    """One row for each attachment that a landed record names by an address."""
    sources = [*activity_sources(context.spec, Home.ACTIVITY), COMMENT, TASK]
    landed = Record.objects.filter(run=context.run, object__in=sources).landed()
    after = context.step.cursor.get("after", 0)
    found = list(landed.filter(pk__gt=after).order_by("pk").only("object", "key", "mapped", "notes", "refs")[:PAGE])
    if not found:
        return Progress(None)
    rows = [
        _row(context, of, str(note["raw"]))
        for of in found
        for note in of.notes
        if note["code"] == ATTACHMENT and str(note["raw"]).startswith("http")
    ]
    return Progress({"after": found[-1].pk}, done=len(rows), save=lambda: store(rows))


def _row(context: Context, of: Record, url: str) -> Record:
    """The file of a record, and whose it is, so that one person can be taken back with their files."""
    refs = {"record": [of.object, of.key]}
    return Record(
        run=context.run,
        object=context.step.object,
        key=f"{of.object}:{of.key}:{digest_of(url)[:16]}"[-400:],
        raw={"url": url, "createdAt": (of.mapped or {}).get("createdAt")},
        refs=refs,
        meta={OWNER: person_of(of)},
        digest=digest_of([url, refs]),
    )


def fetch(context: Context) -> Progress:
    """Fetches the next files and puts them into the destination."""
    rows = list(
        Record.objects.of(context.run, context.step.object).filter(state=Record.State.READ).order_by("id")[:AT_ONCE]
    )
    if not rows:
        return Progress(None)
    links = linked(context, {context.step.object: {row.key for row in rows}})
    for row in rows:
        row.state = Record.State.READY
        link = links.get((row.object, row.key))
        if link is not None:
            row.mapped = {name: value for name, value in link.written.items() if name in KEPT}
        elif context.run.writes:
            _fetch(context, row)
        else:
            row.mapped = {"name": row.raw["url"][:200]}
    fields = ["mapped", "state", "reason", "detail"]
    return Progress({"after": rows[-1].pk}, done=len(rows), save=lambda: save_rows(rows, fields))


KEPT = frozenset({"name", "file", "fullPath", "fileCategory", "createdAt"})
"""What names a file that has landed; the columns of its record are filled in anew."""


def _fetch(context: Context, row: Record) -> None:
    parts = urlsplit(row.raw["url"])
    transport = transports.get(f"{parts.scheme}://{parts.netloc}")
    try:
        file = download(row.raw["url"], allow_private=settings.ALLOW_PRIVATE_HOSTS, transport=transport)
        row.mapped = context.destination.upload(file.name, file.content, file.type)
    except Rejected as refusal:
        row.state, row.reason, row.detail = Record.State.HELD, UNREADABLE, plain(str(refusal))
        return
    if row.raw["createdAt"]:
        row.mapped["createdAt"] = row.raw["createdAt"]
