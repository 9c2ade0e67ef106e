"""The documents of a project by kind, for the screens and the command line. A new one is one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from projects.documents import handoff, scope
from projects.documents.pdf import render
from projects.models import Project


@dataclass(frozen=True, slots=True)
class Document:
    """One kind of document: `context` builds it (None where there is nothing to say yet), `to_json` writes it down.

    The PDF is rendered from that JSON by the layout of the same name.
    """

    kind: str
    label: str
    type: type
    context: Callable[[Project], Any]
    to_json: Callable[[Any], dict[str, Any]]
    why_not: str

    def pdf(self, content: dict[str, Any]) -> bytes:
        """The document on paper."""
        return render(self.kind, content)

    def schema(self) -> dict[str, Any]:
        """The JSON schema of what `to_json` writes."""
        made = TypeAdapter(self.type).json_schema(mode="serialization")
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


KINDS = {
    one.kind: one
    for one in (
        Document(
            "scope",
            "Migration scope",
            scope.Scope,
            scope.context,
            scope.to_json,
            "There is nothing to scope yet: run a discovery first.",
        ),
        Document(
            "handoff",
            "Workflow-rebuild handoff",
            handoff.Handoff,
            handoff.context,
            handoff.to_json,
            "There is nothing to hand over yet: run a discovery first.",
        ),
    )
}
"""Kind → document."""
