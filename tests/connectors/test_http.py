from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from connectors.budget import LocalBudget, Rate
from connectors.errors import AuthFailed, ConnectorError, NotAllowed, Rejected, Terminal, Transient
from connectors.http import ATTEMPTS, LONGEST_WAIT, ApiClient, GuardedTransport, Loop, Refusal, check_base_url

KEY = "a-key-that-nobody-may-see"
PUBLIC, OTHER = "93.184.216.34", "93.184.216.35"

Answers = list[httpx.Response | Exception]


class Server:
    """Gives prepared answers, the last one for ever, and remembers what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers: Answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


class Sleep(list[float]):
    """Sleeps in no time and remembers for how long it would have."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def client(server: Callable[[httpx.Request], httpx.Response], **options: Any) -> ApiClient:
    options = {"sleep": Sleep(), **options}
    budget = options.pop("budget", None) or LocalBudget(Rate.unlimited())
    return ApiClient(
        "https://crm.example", KEY, budget, system="Acme", transport=httpx.MockTransport(server), **options
    )


def paced(server: Server, **options: Any) -> tuple[ApiClient, Clock]:
    """A client whose sleeping lets the time of its budget pass."""
    clock = Clock()
    budget = LocalBudget(options.pop("rate", Rate.unlimited()), clock)
    return client(server, budget=budget, sleep=clock.sleep, **options), clock


def good(body: Any = None) -> httpx.Response:
    return httpx.Response(200, json={"ok": True} if body is None else body)


# Addresses. ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["", "crm.example", "ftp://crm.example", "https://", "javascript:alert(1)", "//x.example"]
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(Terminal, match="not a web address"):
        check_base_url(url, allow_private=True)


@pytest.mark.parametrize("extra", ["user@", "user:secret@"])
def test_an_address_with_a_user_name_is_refused_and_the_password_not_repeated(extra: str) -> None:
    with pytest.raises(Terminal) as caught:
        check_base_url(f"https://{extra}crm.example", allow_private=True)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("end", ["?a=b", "#here", "/x?key=1"])
def test_an_address_with_a_query_or_a_fragment_is_refused(end: str) -> None:
    with pytest.raises(Terminal, match="more than a host and a path"):
        check_base_url(f"https://crm.example{end}", allow_private=True)


def test_the_key_is_not_sent_unencrypted_unless_that_is_allowed() -> None:
    with pytest.raises(Terminal, match="unencrypted"):
        check_base_url("http://crm.example", allow_private=False)
    assert check_base_url(" http://crm.example/api/ ", allow_private=True) == "http://crm.example/api"


# Where a request really goes. ---------------------------------------------------------------------------------------


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Says what a host name resolves to."""

    def answer(*addresses: str) -> None:
        found = [(socket.AF_INET6 if ":" in one else socket.AF_INET, 1, 6, "", (one, 443)) for one in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    return answer


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    """The requests that would have left this machine."""
    left: list[httpx.Request] = []

    def leave(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        left.append(request)
        return httpx.Response(200, json={})

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", leave)
    return left


def ask(url: str, *, allow_private: bool = False) -> httpx.Response:
    return GuardedTransport(allow_private=allow_private).handle_request(httpx.Request("GET", url))


PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_into_the_own_network_is_refused(
    address: str, dns: Callable[..., None], connected: list[httpx.Request]
) -> None:
    dns(address)
    with pytest.raises(Terminal, match="private address") as caught:
        ask("https://crm.example/")
    assert "ALLOW_PRIVATE_HOSTS" in caught.value.advice
    assert connected == []


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0", "2130706433", "0x7f.1", "localhost"])
def test_a_private_address_in_any_spelling_is_refused(host: str, connected: list[httpx.Request]) -> None:
    with pytest.raises(ConnectorError):
        ask(f"https://{host}/")
    assert connected == []


@pytest.mark.parametrize("answers", [(PUBLIC, "10.0.0.1"), ("10.0.0.1", PUBLIC), (PUBLIC, "::1")])
def test_one_private_answer_among_public_ones_is_enough_to_refuse(
    answers: tuple[str, ...], dns: Callable[..., None], connected: list[httpx.Request]
) -> None:
    dns(*answers)
    with pytest.raises(Terminal):
        ask("https://crm.example/")
    assert connected == []


def test_the_connection_goes_to_the_very_address_that_was_checked(
    dns: Callable[..., None], connected: list[httpx.Request]
) -> None:
    dns(PUBLIC, OTHER)
    ask("https://crm.example:8443/rest/people?limit=1")
    sent = connected[0]
    assert sent.url.host == PUBLIC
    assert sent.url.port == 8443
    assert sent.url.raw_path == b"/rest/people?limit=1"
    assert sent.headers["host"] == "crm.example:8443"
    assert sent.extensions["sni_hostname"] == "crm.example"


def test_the_name_is_resolved_and_checked_for_each_request(
    dns: Callable[..., None], connected: list[httpx.Request]
) -> None:
    dns(PUBLIC)
    ask("https://crm.example/")
    dns("127.0.0.1")
    with pytest.raises(Terminal):
        ask("https://crm.example/")
    assert len(connected) == 1


def test_private_addresses_are_reached_where_that_is_allowed(
    dns: Callable[..., None], connected: list[httpx.Request]
) -> None:
    dns("192.168.1.1")
    ask("http://crm.example/", allow_private=True)
    assert connected[0].url.host == "192.168.1.1"


def test_a_host_that_is_not_found_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: Any, **__: Any) -> Any:
        raise socket.gaierror("no such host")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    with pytest.raises(Transient, match="not found") as caught:
        ask("https://crm.example/")
    assert not caught.value.maybe_done


def test_a_client_without_a_transport_of_its_own_is_guarded(
    dns: Callable[..., None], connected: list[httpx.Request]
) -> None:
    dns("10.0.0.1")
    with pytest.raises(Terminal, match="private"):
        ApiClient("https://crm.example", KEY, LocalBudget(Rate.unlimited()), system="Acme").get("/x")
    assert connected == []


def test_the_environment_s_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://10.0.0.1:3128")
    api = ApiClient("https://crm.example", KEY, LocalBudget(Rate.unlimited()), system="Acme")
    assert isinstance(api._client._transport_for_url(httpx.URL("https://crm.example/x")), GuardedTransport)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    server = Server(httpx.Response(status, headers={"location": "https://evil.example/"}))
    with pytest.raises(Terminal, match="elsewhere"):
        client(server).get("/x")
    assert len(server.requests) == 1


# Answers. -----------------------------------------------------------------------------------------------------------


def test_a_request_carries_the_key_and_gives_the_body() -> None:
    server = Server(httpx.Response(201, json={"id": 1}, headers={"X-Total": "7"}))
    answer = client(server).send("POST", "/x", kind="write", safe=False, json={"a": "ü"}, params={"p": "1"})
    sent = server.requests[0]
    assert (answer.status, answer.body, answer.headers["x-total"]) == (201, {"id": 1}, "7")
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert str(sent.url) == "https://crm.example/x?p=1"
    assert json.loads(sent.content) == {"a": "ü"}


def test_an_empty_answer_has_no_body() -> None:
    assert client(Server(httpx.Response(204))).get("/x").body is None


@pytest.mark.parametrize(
    ("status", "error", "tries"),
    [
        (400, Rejected, 1),
        (401, AuthFailed, 1),
        (403, NotAllowed, 1),
        (404, Rejected, 1),
        (409, Rejected, 1),
        (422, Rejected, 1),
        (408, Transient, ATTEMPTS),
        (425, Transient, ATTEMPTS),
        (500, Transient, ATTEMPTS),
        (502, Transient, ATTEMPTS),
        (503, Transient, ATTEMPTS),
        (504, Transient, ATTEMPTS),
    ],
)
def test_what_each_status_means(status: int, error: type[ConnectorError], tries: int) -> None:
    server = Server(httpx.Response(status, text="no"))
    with pytest.raises(error) as caught:
        client(server).get("/x")
    assert type(caught.value) is error
    assert caught.value.sentence.startswith("Acme")
    assert len(server.requests) == tries


def test_a_connector_s_own_reading_of_a_refusal_comes_first() -> None:
    seen: list[Refusal] = []

    def explain(refusal: Refusal) -> ConnectorError:
        seen.append(refusal)
        return Rejected("The name is taken.")

    with pytest.raises(Rejected, match="taken"):
        client(Server(httpx.Response(500, json={"why": "taken"})), explain=explain).get("/x")
    assert [(refusal.status, refusal.body) for refusal in seen] == [(500, {"why": "taken"})]


@pytest.mark.parametrize("content", [b"<html>", b'{"half":', b"\xff\xfe"])
def test_half_an_answer_may_have_been_carried_out(content: bytes) -> None:
    with pytest.raises(Transient, match="not JSON") as caught:
        client(Server(httpx.Response(200, content=content))).send("POST", "/x", kind="write", safe=False)
    assert caught.value.maybe_done


# Again and again. ---------------------------------------------------------------------------------------------------


def test_a_safe_request_is_repeated_with_growing_pauses() -> None:
    sleep = Sleep()
    server = Server(httpx.Response(503), httpx.ReadTimeout("slow"), httpx.ConnectError("down"), good())
    api = client(server, sleep=sleep)
    assert api.get("/x").body == {"ok": True}
    assert len(sleep) == 3
    assert sleep[0] < sleep[1] < sleep[2]
    assert api.calls == {"read": 4, "retried": 3}


def test_at_last_a_safe_request_gives_up() -> None:
    server = Server(httpx.ReadTimeout("slow"))
    with pytest.raises(Transient):
        client(server).get("/x")
    assert len(server.requests) == ATTEMPTS


@pytest.mark.parametrize(
    "lost", [httpx.Response(502), httpx.ReadTimeout("slow"), httpx.RemoteProtocolError("cut"), httpx.ReadError("gone")]
)
def test_an_unsafe_request_whose_answer_was_lost_is_never_repeated(lost: httpx.Response | Exception) -> None:
    server = Server(lost)
    with pytest.raises(Transient) as caught:
        client(server).send("POST", "/x", kind="write", safe=False)
    assert caught.value.maybe_done
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError("down"), httpx.ConnectTimeout("far"), httpx.PoolTimeout("busy")]
)
def test_an_unsafe_request_that_never_left_is_repeated(failure: Exception) -> None:
    server = Server(failure, good())
    assert client(server).send("POST", "/x", kind="write", safe=False).status == 200
    assert len(server.requests) == 2


def test_a_request_that_never_left_did_nothing() -> None:
    with pytest.raises(Transient, match="could not be reached") as caught:
        client(Server(httpx.ConnectError("down"))).send("POST", "/x", kind="write", safe=False)
    assert not caught.value.maybe_done


@pytest.mark.parametrize(("header", "waited"), [("3", 3.0), ("0.3", 0.3), ("", 1.0), ("soon", 1.0), ("0", 0.2)])
@pytest.mark.parametrize("safe", [True, False])
def test_a_429_is_waited_out_as_long_as_it_says(header: str, waited: float, safe: bool) -> None:
    server = Server(httpx.Response(429, headers={"retry-after": header} if header else {}), good())
    api, clock = paced(server)
    assert api.send("POST", "/x", kind="write", safe=safe).status == 200
    assert clock.now == pytest.approx(waited)
    assert api.calls["refused"] == 1
    assert "retried" not in api.calls


def test_a_long_retry_after_frees_the_worker_and_is_handed_on() -> None:
    server = Server(httpx.Response(429, headers={"retry-after": "3600"}))
    api, clock = paced(server)
    for _ in range(2):
        with pytest.raises(Transient) as caught:
            api.get("/x")
        assert caught.value.retry_after == pytest.approx(3600)
        assert not caught.value.maybe_done
    assert clock.now == 0
    assert len(server.requests) == 1, "the second call knows from the budget"


def test_a_server_that_always_says_429_is_left_alone_after_a_while() -> None:
    server = Server(httpx.Response(429))
    api, _ = paced(server)
    with pytest.raises(Transient, match="no more requests"):
        api.get("/x")
    assert len(server.requests) == 8


def test_the_limit_that_a_429_names_becomes_the_budget_s() -> None:
    server = Server(httpx.Response(429, text="5 per 10 s"), good())
    api, clock = paced(server, read_limit=lambda refusal: Rate(5, 2.0) if "5 per 10" in refusal.text else None)
    api.get("/x")
    assert api.rate == Rate(5, 2.0)
    assert clock.now == pytest.approx(2.0)


def test_requests_wait_for_the_budget_and_unmetered_ones_do_not() -> None:
    api, clock = paced(Server(good()), rate=Rate(2, 5.0))
    for _ in range(3):
        api.get("/x")
    assert clock.now == pytest.approx(5.0)
    assert api.calls["waited_ms"] == 5000
    for _ in range(10):
        api.get("/x", metered=False)
    assert clock.now == pytest.approx(5.0)


def test_a_wait_that_is_too_long_for_a_worker_goes_back_to_the_engine() -> None:
    api, clock = paced(Server(good()), rate=Rate(1, LONGEST_WAIT + 1))
    api.get("/x")
    with pytest.raises(Transient) as caught:
        api.get("/x")
    assert caught.value.retry_after == pytest.approx(LONGEST_WAIT + 1)
    assert clock.now == 0


def test_a_limit_inside_a_good_answer_is_counted_and_pauses_the_budget() -> None:
    api, clock = paced(Server(good()))
    api.limit_reached_in_body(Rate(100, 0.6))
    api.get("/x")
    assert clock.now == pytest.approx(1.0)
    assert api.calls["refused"] == 1


# Secrets and circles. -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 429, 500])
@pytest.mark.parametrize("as_json", [True, False])
def test_the_key_is_masked_wherever_the_other_side_repeats_it(status: int, as_json: bool) -> None:
    said = f"cannot accept {KEY}"
    answer = httpx.Response(status, json={"message": said}) if as_json else httpx.Response(status, text=said)
    seen: list[Refusal] = []

    def explain(refusal: Refusal) -> None:
        seen.append(refusal)

    api, _ = paced(Server(answer), explain=explain)
    with pytest.raises(ConnectorError) as caught:
        api.get("/x")
    for shown in (caught.value, vars(caught.value), caught.value.args, api, [(one.text, one.body) for one in seen]):
        assert KEY not in f"{shown!s} {shown!r}"


def test_a_key_in_the_address_of_a_failed_request_stays_secret() -> None:
    with pytest.raises(ConnectorError) as caught:
        client(Server(httpx.ConnectError(f"cannot reach with {KEY}"))).get("/x")
    assert KEY not in f"{caught.value!s} {caught.value!r}"


def test_without_a_key_nothing_is_masked() -> None:
    api = ApiClient("https://crm.example", "", LocalBudget(Rate.unlimited()), system="Acme")
    assert api.mask("as it is") == "as it is"


def test_a_cursor_that_comes_twice_is_a_loop() -> None:
    loop = Loop("people")
    for cursor in ("a", "b", ("c", 1)):
        loop.see(cursor)
    with pytest.raises(Terminal, match="Loop detected while reading people"):
        loop.see("b")
