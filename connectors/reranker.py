"""A second opinion on a field map from any OpenAI-compatible endpoint: it sees names and types, never a value.

Whatever goes wrong (no answer, a slow one, nonsense) ends in fewer answers and one line in the log, not in an error.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from connectors.budget import LocalBudget, Rate
from connectors.errors import ConnectorError
from connectors.http import ApiClient

logger = logging.getLogger(__name__)

BATCH = 40
"""Fields in one request."""

TIMEOUT = 15.0
"""Seconds for one request, and twice as many for all of them."""

TASK = (
    "You match fields of a marketing system with fields of a CRM. For each question choose the one of its choices that"
    " the field means; “none” stands for a new field. Answer with one JSON object: field name to choice."
)


class _Message(BaseModel):
    content: str


class _Choice(BaseModel):
    message: _Message


class _Completion(BaseModel):
    choices: list[_Choice]


class LanguageModel:
    """Asks a chat completion endpoint. `base_url` is that of the API, such as https://api.example.com/v1."""

    def __init__(
        self, base_url: str, key: str, model: str, *, allow_private: bool = False, timeout: float = TIMEOUT
    ) -> None:
        self.model = model
        self.timeout = timeout
        self._client = ApiClient(
            base_url,
            key,
            LocalBudget(Rate.unlimited()),
            system="The language model",
            allow_private=allow_private,
            timeout=timeout,
            sleep=lambda seconds: None,  # nobody waits for a second opinion
        )

    def choose(self, questions: Sequence[Mapping[str, object]]) -> Mapping[str, str]:
        """Field name → the choice made for it; what was not answered is left out. Never raises."""
        answers: dict[str, str] = {}
        end = time.monotonic() + 2 * self.timeout
        for start in range(0, len(questions), BATCH):
            if time.monotonic() > end:
                logger.warning("The language model is slow: the remaining fields keep our own order.")
                break
            try:
                answers |= self._ask(questions[start : start + BATCH])
            except (ConnectorError, ValidationError, ValueError) as problem:
                logger.warning("No second opinion from the language model: %s", type(problem).__name__)
                break
        return answers

    def _ask(self, questions: Sequence[Mapping[str, object]]) -> dict[str, str]:
        body = {
            "model": self.model,
            "temperature": 0,
            "messages": [
                {"role": "system", "content": TASK},
                {"role": "user", "content": json.dumps(questions, ensure_ascii=False)},
            ],
        }
        answer = self._client.send("POST", "chat/completions", kind="rerank", safe=False, metered=False, json=body)
        text = _Completion.model_validate(answer.body).choices[0].message.content if answer.body else ""
        found: Any = json.loads(text[text.index("{") : text.rindex("}") + 1])
        offered = {str(row["field"]): row["choices"] for row in questions}
        return {name: choice for name, choice in found.items() if _is_among(choice, offered.get(name))}


def _is_among(choice: object, choices: object) -> bool:
    return isinstance(choice, str) and isinstance(choices, list) and choice in choices
