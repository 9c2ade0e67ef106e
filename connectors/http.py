"""The one HTTP client: bearer auth, a shared request budget, retries, typed errors, masked secrets.

httpx is imported in this file only. What a connector adds is a table from status to error and a reading
of its vendor's error bodies.
"""

from __future__ import annotations

import ipaddress
import logging
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from connectors.budget import Budget, Rate
from connectors.errors import AuthFailed, ConnectorError, NotAllowed, Rejected, Terminal, Transient
from connectors.exact import loads

logger = logging.getLogger(__name__)

LONGEST_WAIT = 20.0
"""Seconds a request may wait inside a worker; a longer wait goes back to the engine, which frees the worker."""

ATTEMPTS = 4
"""Tries of a request that is safe to repeat, the first included."""

FIRST_PAUSE = 0.8
"""Seconds before the second try, on average; each further pause is twice as long."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: its JSON body and headers (names lower-case)."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An unsuccessful answer, as far as it could be read. `body` is None where it was not JSON."""

    status: int
    body: Any
    text: str
    headers: Mapping[str, str]


def check_base_url(url: str, *, allow_private: bool) -> str:
    """Gives the base URL without a trailing slash, or raises Terminal with the sentence that says what is wrong."""
    parts = urlsplit("")
    try:
        parts = urlsplit(url.strip())
        readable = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        readable = False
    if not readable:
        raise Terminal(f"“{url}” is not a web address.", "Expected something like https://api.example.com: check it.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise Terminal(
            f"The address of {parts.hostname} carries more than a host and a path.",
            "Leave out user names, passwords, ? and #: the key has a field of its own.",
        )
    if parts.scheme == "http" and not allow_private:
        raise Terminal(
            f"“{url}” would send the key unencrypted.",
            "Use https://, or set ALLOW_PRIVATE_HOSTS=true for a system on your own network.",
        )
    return url.strip().rstrip("/")


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an address lies on the public internet, whatever other address is wrapped into it."""
    ip = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and (ip in _NAT64 or int(ip) >> 32 == 0):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast


def _resolve(host: str, port: int, *, allow_private: bool) -> str:
    """The address to connect to; refuses private ones so that no form can reach into the server's own network."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Transient(
            f"The host {host} was not found.", "Check the address and the network.", retry_after=15
        ) from error
    addresses = [str(info[4][0]) for info in found]
    if not allow_private:
        for address in addresses:
            if not is_public(address):
                raise Terminal(
                    f"{host} is a private address, and this installation may only reach public ones.",
                    "Set ALLOW_PRIVATE_HOSTS=true if the system runs on your own network.",
                )
    return addresses[0]


class GuardedTransport(httpx.HTTPTransport):
    """Connects to the very address that was checked, so that a second DNS answer cannot differ from the first."""

    def __init__(self, *, allow_private: bool, **options: Any) -> None:
        super().__init__(**options)
        self._allow_private = allow_private

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Resolves, checks and pins the host before handing the request on."""
        host = request.url.host
        port = request.url.port or (443 if request.url.scheme == "https" else 80)
        address = _resolve(host, port, allow_private=self._allow_private)
        if address != host:
            request.extensions = {**request.extensions, "sni_hostname": host}
            request.url = request.url.copy_with(host=address)
        return super().handle_request(request)


def open_guarded(*, allow_private: bool, transport: Any = None, timeout: float = 60.0) -> httpx.Client:
    """A client without a key, for addresses that stand in the customer's data; each redirect is checked anew."""
    return httpx.Client(
        transport=transport or GuardedTransport(allow_private=allow_private),
        timeout=timeout,
        follow_redirects=True,
        max_redirects=5,
        headers={"user-agent": "Carryover"},
    )


@contextmanager
def transfer_errors(host: str) -> Iterator[None]:
    """Errors of the transfer as ours."""
    try:
        yield
    except (httpx.ConnectError, httpx.TimeoutException) as error:
        raise Transient(f"{host} could not be reached ({type(error).__name__}).", retry_after=30) from error
    except (httpx.InvalidURL, httpx.TooManyRedirects, httpx.UnsupportedProtocol) as error:
        raise Terminal(f"The address at {host} leads nowhere ({type(error).__name__}).") from error
    except httpx.HTTPError as error:
        raise Transient(f"{host} broke off ({type(error).__name__}).", retry_after=30) from error


class Loop:
    """Notices a system whose paging runs in a circle: `see` raises when a cursor comes a second time."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._seen: set[Hashable] = set()

    def see(self, cursor: Hashable) -> None:
        """Remembers the cursor, or raises Terminal when it was there before."""
        if cursor in self._seen:
            raise Terminal(
                f"Loop detected while reading {self._what}: the page marker “{cursor}” came a second time.",
                "Nothing is lost. Try again; if it happens again, report it to the system's vendor.",
            )
        self._seen.add(cursor)


class ApiClient:
    """Speaks JSON over HTTP to one base URL with one key.

    `explain` turns a refusal (any status of 400 and up except 429) into the error to raise; what it leaves
    to None gets the common table. `quota` does so for a 429 that does not pass within seconds. `calls` counts
    requests by kind, plus `refused`, `retried` and `waited_ms`. Safe for threads.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        budget: Budget,
        *,
        system: str,
        explain: Callable[[Refusal], ConnectorError | None] = lambda refusal: None,
        read_limit: Callable[[Refusal], Rate | None] = lambda refusal: None,
        quota: Callable[[Refusal], ConnectorError | None] = lambda refusal: None,
        allow_private: bool = False,
        transport: Any = None,
        timeout: float = 60.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base_url = check_base_url(base_url, allow_private=allow_private or transport is not None)
        self.system = system
        self.calls: Counter[str] = Counter()
        if not token.isascii() or (token and not token.isprintable()):
            raise AuthFailed(
                f"The key for {system} holds characters that no key has.", "Copy it once more, without anything else."
            )
        self._token = token
        self._budget = budget
        self._explain = explain
        self._read_limit = read_limit
        self._quota = quota
        self._sleep = sleep
        self._counting = threading.Lock()
        self._client = httpx.Client(
            base_url=self.base_url,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json", "User-Agent": "Carryover"},
            transport=transport or GuardedTransport(allow_private=allow_private, retries=0),
            timeout=httpx.Timeout(timeout, connect=10.0),
            follow_redirects=False,
            trust_env=False,
        )

    def __repr__(self) -> str:
        return f"<ApiClient {self.system} {self.base_url} key=•••>"

    @property
    def rate(self) -> Rate:
        """The request rate now in force for this connection."""
        return self._budget.rate

    def close(self) -> None:
        """Gives the connections back."""
        self._client.close()

    def mask(self, text: str) -> str:
        """The text without our key in it."""
        return text.replace(self._token, "•••") if self._token else text

    def get(self, path: str, *, kind: str = "read", metered: bool = True, **options: Any) -> Answer:
        """A GET, repeated when it failed in passing."""
        return self.send("GET", path, kind=kind, metered=metered, safe=True, **options)

    def send(
        self,
        method: str,
        path: str,
        *,
        kind: str,
        safe: bool,
        metered: bool = True,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        files: Any = None,
    ) -> Answer:
        """Sends one request and gives its answer.

        `safe`: may be repeated without harm. What is not safe is repeated only when it certainly did not
        arrive (no connection, 429); otherwise Transient(maybe_done=True) tells the caller to look first.
        `metered`: counts against the request budget.
        """
        refusals = failures = 0
        while True:
            if metered:
                self._wait_for_budget()
            self._count(kind)
            try:
                answer = self._once(method, path, params=params, json=json, files=files)
                if metered:
                    self._budget.passed()
                return answer
            except _Refused as refused:
                refusals += 1
                self._count("refused")
                self._budget.refused(refused.wait, refused.rate)
                if refused.wait > LONGEST_WAIT or refusals >= 8:
                    raise self._limit_reached(refused.wait) from None
            except Transient as error:
                failures += 1
                if (error.maybe_done and not safe) or failures >= ATTEMPTS:
                    raise
                self._count("retried")
                self._sleep(min(LONGEST_WAIT, FIRST_PAUSE * 2 ** (failures - 1)) * (0.75 + random.random() / 2))  # noqa: S311 (no secret)

    def _count(self, kind: str, number: int = 1) -> None:
        with self._counting:
            self.calls[kind] += number

    def _limit_reached(self, wait: float) -> Transient:
        return Transient(
            f"{self.system} allows no more requests for now.",
            f"The run goes on by itself in {wait:.0f} s.",
            retry_after=wait,
        )

    def _wait_for_budget(self) -> None:
        while (wait := self._budget.take()) > 0:
            if wait > LONGEST_WAIT:
                raise self._limit_reached(wait)
            self._count("waited_ms", round(wait * 1000))
            self._sleep(wait)

    def _once(self, method: str, path: str, *, params: Any, json: Any, files: Any) -> Answer:
        try:
            response = self._client.request(method, path, params=params, json=json, files=files)
            content = response.content
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Transient(
                f"{self.system} at {self.base_url} could not be reached ({type(error).__name__}).",
                "Check the address and whether the server is up; the run goes on by itself once it answers.",
                retry_after=15,
            ) from error
        except httpx.HTTPError as error:
            raise Transient(
                f"{self.system} broke off in the middle of its answer ({type(error).__name__}).",
                "This usually passes; the run tries again by itself.",
                maybe_done=True,
            ) from error
        except httpx.InvalidURL as error:
            raise Terminal(f"The address of {self.system} is not usable.", "Check it in the connection.") from error
        return self._read(response, content)

    def _read(self, response: httpx.Response, content: bytes) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        # What is refused may end in a sentence for the user, so nothing of it may repeat our key.
        text = self.mask(response.text) if response.status_code >= 300 else ""
        try:
            body = loads(text or content) if content else None
        except ValueError:
            body = None
        refusal = Refusal(response.status_code, body, text[:2000], headers)
        if response.status_code == 429:
            raise self._quota(refusal) or self._refused_by(refusal)
        if response.status_code >= 300:
            raise self._explain(refusal) or self._common(refusal)
        if content and body is None:
            raise Transient(
                f"{self.system} answered with something that is not JSON, or with half of it.",
                "This usually passes; if not, check that the address is that of the API.",
                maybe_done=True,
            )
        return Answer(response.status_code, body, headers)

    def _refused_by(self, refusal: Refusal) -> _Refused:
        try:
            wait = float(refusal.headers.get("retry-after", ""))
        except ValueError:
            # No Retry-After: Twenty never sends one, and Customer.io leaves it out for its daily quotas.
            wait = 1.0
        # NaN and infinity are numbers to `float`, and no time to wait.
        wait = min(max(wait, 0.2), 3600.0) if wait == wait else 1.0
        return _Refused(wait, self._read_limit(refusal))

    def limit_reached_in_body(self, rate: Rate | None = None) -> None:
        """For servers that report their limit inside a 200 answer: counts it and pauses the budget."""
        self._count("refused")
        self._budget.refused(1.0, rate)

    def _common(self, refusal: Refusal) -> ConnectorError:
        """The status table that holds for everyone."""
        status = refusal.status
        if status == 401:
            return AuthFailed(
                f"{self.system} does not accept the key.", "Check the key, or make a new one, in the connection."
            )
        if status == 403:
            return NotAllowed(
                f"{self.system} knows the key but does not allow this.", "Give the key's role the permission."
            )
        if 300 <= status < 400:
            return Terminal(
                f"{self.system} sends us elsewhere ({status}).", "Check the address: it should be that of the API."
            )
        if status in (408, 425) or status >= 500:
            return Transient(
                f"{self.system} had an internal error ({status}).",
                "This usually passes; the run tries again by itself.",
                maybe_done=True,
            )
        if status == 404:
            return Rejected(f"{self.system} has nothing at this address (404).", "It may have been deleted.")
        return Rejected(f"{self.system} refused the request ({status}): {refusal.text[:300]}")


class _Refused(Exception):
    """429: wait, then ask again. Never leaves the client."""

    def __init__(self, wait: float, rate: Rate | None) -> None:
        super().__init__(wait)
        self.wait = wait
        self.rate = rate
