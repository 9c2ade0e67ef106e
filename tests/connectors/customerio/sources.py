"""How the tests open the source on a fake Customer.io, and read it as the engine does: one page per call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import httpx

from connectors.budget import Budget, LocalBudget, Rate
from connectors.contract import Access, Cursor, Page, SourceRecord
from connectors.customerio.fake import API_KEY, FakeCustomerio
from connectors.customerio.source import CustomerioSource

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

US = "https://api.customer.io"
EU = "https://api-eu.customer.io"


def no_sleep(seconds: float) -> None:
    """Waits for nothing."""


def wsgi(fake: FakeCustomerio) -> httpx.WSGITransport:
    """The fake as a transport; httpx leaves paths in Unicode where WSGI has them in Latin-1."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return fake({**environ, "PATH_INFO": environ["PATH_INFO"].encode().decode("latin-1")}, start_response)

    return httpx.WSGITransport(app=app)


def source_of(
    served: FakeCustomerio | httpx.BaseTransport,
    url: str = US,
    *,
    key: str = API_KEY,
    budget: Budget | None = None,
    sleep: Callable[[float], None] = no_sleep,
) -> CustomerioSource:
    """A source on a fake or on any other transport."""
    transport = wsgi(served) if isinstance(served, FakeCustomerio) else served
    access = Access(url, {"api_key": key}, budget or LocalBudget(Rate.unlimited()), transport=transport)
    return CustomerioSource(access, sleep=sleep)


def answering(answer: Callable[[httpx.Request], Any]) -> httpx.MockTransport:
    """A server that says whatever a test wants: JSON, or a whole response."""

    def handle(request: httpx.Request) -> httpx.Response:
        body = answer(request)
        return body if isinstance(body, httpx.Response) else httpx.Response(200, json=body)

    return httpx.MockTransport(handle)


def walk(source: CustomerioSource, object: str, cursor: Cursor | None = None) -> list[Page]:
    """All pages from a cursor on, each by a call of its own as after a commit or a crash."""
    pages = [next(iter(source.pages(object, cursor)))]
    while (cursor := pages[-1].cursor) is not None:
        pages.append(next(iter(source.pages(object, cursor))))
    return pages


def keys(pages: Iterable[Page]) -> list[str]:
    """The keys of all records on these pages, doubles included."""
    return [record.key for page in pages for record in page.records]


def one(source: CustomerioSource, object: str) -> SourceRecord:
    """The only record of an object type."""
    (record,) = (record for page in source.pages(object) for record in page.records)
    return record
