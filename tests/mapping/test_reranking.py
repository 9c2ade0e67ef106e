"""A second opinion may reorder our own candidates; it never sees a value, and nothing depends on it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from werkzeug import Request, Response
from werkzeug.serving import make_server

from connectors.reranker import LanguageModel
from connectors.twenty.catalogue import stock
from connectors.twenty.names import TwentyNaming
from mapping.profile import FieldProfile
from mapping.proposer import SourceObject, propose
from mapping.proposing.reranking import Reranker
from mapping.rules import Action, FieldRule

VALUES = ["Zwischenfall Rotbarsch", "Quellkode Nebelhorn"]


class Endpoint:
    """An OpenAI-compatible endpoint that remembers what it was sent."""

    def __init__(self, answer: str, status: int = 200, wait: float = 0.0) -> None:
        self.answer, self.status, self.wait = answer, status, wait
        self.requests: list[str] = []

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        self.requests.append(f"{dict(request.headers)} {request.get_data(as_text=True)}")
        time.sleep(self.wait)
        body = json.dumps({"choices": [{"message": {"content": self.answer}}]})
        return Response(body, self.status, content_type="application/json")(environ, start_response)


@contextmanager
def serving(endpoint: Endpoint, timeout: float = 5.0) -> Iterator[LanguageModel]:
    server = make_server("127.0.0.1", 0, endpoint, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.port}/v1"
        yield LanguageModel(url, "key-1", "small", allow_private=True, timeout=timeout)
    finally:
        server.shutdown()
        thread.join()


def proposed(reranker: Reranker | None) -> FieldRule:
    profiles = (FieldProfile.of_values("what_they_do", VALUES), FieldProfile.of_values("Stellung", VALUES))
    rule = propose(SourceObject("person", "", "", profiles), stock(), TwentyNaming(), reranker=reranker)
    made = rule.rule_for("Stellung")
    assert made is not None
    return made


def test_it_sees_names_and_types_and_never_a_value() -> None:
    endpoint = Endpoint('{"what_they_do": "jobTitle"}')
    with serving(endpoint) as model:
        model.choose([{"object": "person", "field": "x", "type": "TEXT", "choices": ["jobTitle", "none"]}])
        proposed(model)
    assert endpoint.requests
    assert "key-1" in endpoint.requests[0]
    assert not [word for text in endpoint.requests for value in VALUES for word in value.split() if word in text]


class Opinion:
    """Always of the same opinion."""

    def __init__(self, choice: str) -> None:
        self.choice = choice

    def choose(self, questions: Any) -> dict[str, str]:
        return {row["field"]: self.choice for row in questions}


def test_it_only_chooses_among_what_it_was_offered() -> None:
    with serving(Endpoint('{"x": "annualRevenue", "y": 3, "z": "none"}')) as model:
        choices = ["jobTitle", "none"]
        asked = [{"field": name, "choices": choices} for name in "xyz"]
        assert model.choose(asked) == {"z": "none"}
    assert proposed(Opinion("made.up")) == proposed(None)


@pytest.mark.parametrize("answer", ["", "no JSON at all", "{broken", '["a list"]'])
def test_nonsense_changes_nothing(answer: str) -> None:
    with serving(Endpoint(answer)) as model:
        assert proposed(model) == proposed(None)


def test_errors_and_slowness_change_nothing() -> None:
    with serving(Endpoint("{}", status=500)) as model:
        assert proposed(model) == proposed(None)
    with serving(Endpoint("{}", wait=1.0), timeout=0.2) as model:
        assert model.choose([{"field": "x", "choices": ["a"]}]) == {}
    gone = LanguageModel("http://127.0.0.1:9", "", "small", allow_private=True, timeout=0.2)
    assert gone.choose([{"field": "x", "choices": ["a"]}]) == {}


def test_a_close_call_is_settled_by_it() -> None:
    ours = proposed(None)
    other = "none" if ours.action is Action.MAP else "jobTitle"
    made = proposed(Opinion(other))
    assert made.action in (Action.MAP, Action.CREATE)
    assert made.confidence <= max(ours.confidence, 0.99)
