"""`manage.py propose_map`: proposes a field map for fields with samples, without a project and without a network.

Exit status: 0 done, 2 the input cannot be read.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser

from connectors.errors import ConnectorError
from connectors.registry import get_connector
from mapping.asking import Unreadable, proposals, read_asked, read_catalogue

KEY = "RERANKER_KEY"


class Command(BaseCommand):
    """Proposes a field map."""

    help = "Proposes a field map for fields with samples. Exit status: 0 done, 2 the input cannot be read."

    def add_arguments(self, parser: CommandParser) -> None:
        """Files in, JSON out."""
        parser.add_argument("--source", required=True, metavar="FILE", help="Object types with samples; - for stdin.")
        parser.add_argument("--destination", metavar="FILE", help="The catalogue; a stock Twenty 2.x if left out.")
        parser.add_argument("--country", default="US", help="Where telephone numbers without a country are from.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object instead of lines.")
        parser.add_argument("--reranker-url", metavar="URL", help="An OpenAI-compatible endpoint for a second opinion.")
        parser.add_argument("--reranker-model", metavar="NAME", default="", help=f"Its model; the key is in {KEY}.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Reads, proposes and prints."""
        twenty = get_connector("twenty")
        naming = twenty.naming
        if naming is None or twenty.stock is None:
            raise AssertionError("Twenty declares its names and its stock catalogue.")
        country = options["country"].strip().upper()
        if not re.fullmatch("[A-Z]{2}", country):
            self._refuse(f"“{options['country']}” is no country: expected two letters such as US or DE.")
        try:
            asked = read_asked(self._load(options["source"]))
            given = options["destination"]
            destination = read_catalogue(self._load(given)) if given else twenty.stock()
            found = proposals(asked, destination, naming, country=country, reranker=_reranker(options))
        except (Unreadable, ConnectorError) as problem:
            self._refuse(str(problem))
        if options["json"]:
            self.stdout.write(json.dumps({"proposals": found}, indent=2, ensure_ascii=False))
            return
        for row in found:
            self.stdout.write(
                f"{row['object_type']}.{row['field']}: {row['action']} {row['destination']} ({row['type']},"
                f" {row['confidence']:.2f}). {row['reason']}"
            )

    def _load(self, name: str) -> Any:
        try:
            text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeError) as error:
            raise Unreadable(f"“{name}” cannot be read: {getattr(error, 'strerror', None) or error}.") from error
        try:
            return json.loads(text)
        except ValueError as error:
            raise Unreadable(f"“{name}” is not JSON: {error}.") from error

    def _refuse(self, sentence: str) -> NoReturn:
        self.stderr.write(sentence)
        sys.exit(2)


def _reranker(options: dict[str, Any]) -> Any:
    if not options["reranker_url"]:
        return None
    from connectors.reranker import LanguageModel  # nobody else needs an HTTP client here

    return LanguageModel(
        options["reranker_url"], os.environ.get(KEY, ""), options["reranker_model"], allow_private=True
    )
