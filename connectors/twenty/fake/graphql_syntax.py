"""A GraphQL parser for queries and mutations, with graphql-js's wording for syntax errors."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

Json = Any

TOKEN = re.compile(
    r"(?P<skip>[\s,﻿]+|#[^\n\r]*)|(?P<spread>\.\.\.)|(?P<punct>[!$&()\[\]{}:=@|])"
    r'|(?P<block>"""(?:[^"\\]|\\.|"(?!""))*""")|(?P<string>"(?:[^"\\\n]|\\.)*")'
    r"|(?P<float>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)|-?\d+\.\d+)|(?P<int>-?\d+)|(?P<name>[_A-Za-z]\w*)"
)


class SyntaxProblem(Exception):
    """The document cannot be read; the place is counted from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message = f"Syntax Error: {message}"
        self.location = {"line": line, "column": column}


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    line: int
    column: int

    def shown(self) -> str:
        if self.kind == "end":
            return "<EOF>"
        if self.kind == "name":
            return f'Name "{self.text}"'
        return f'"{self.text}"'


@dataclass(frozen=True, slots=True)
class Enum:
    """A bare word in the document, as opposed to a string."""

    name: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Variable:
    name: str


@dataclass(slots=True)
class Selection:
    """One field with its alias, arguments and sub-selections."""

    name: str
    alias: str
    arguments: dict[str, Json]
    selections: list[Selection]
    line: int
    column: int

    @property
    def location(self) -> dict[str, int]:
        return {"line": self.line, "column": self.column}


@dataclass(slots=True)
class Document:
    """The first operation of a document with its fragments resolved."""

    operation: str = "query"
    selections: list[Selection] = field(default_factory=list)


def parse(source: str) -> Document:
    """Read a document; raises `SyntaxProblem`."""
    return _Parser(_tokens(source)).document()


def _tokens(source: str) -> list[Token]:
    tokens, position, line, start = [], 0, 1, 0
    while position < len(source):
        match = TOKEN.match(source, position)
        if match is None:
            column = position - start + 1
            raise SyntaxProblem(f"Unexpected character: {json.dumps(source[position])}.", line, column)
        kind = match.lastgroup or ""
        if kind != "skip":
            tokens.append(Token(kind, match.group(), line, position - start + 1))
        text = match.group()
        if "\n" in text:
            line += text.count("\n")
            start = position + text.rindex("\n") + 1
        position = match.end()
    tokens.append(Token("end", "", line, position - start + 1))
    return tokens


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.place = 0
        self.fragments: dict[str, list[Selection]] = {}
        self.spreads: list[tuple[list[Selection], int, str]] = []

    @property
    def token(self) -> Token:
        return self.tokens[self.place]

    def take(self, text: str) -> bool:
        if self.token.text == text and self.token.kind in ("punct", "spread", "name"):
            self.place += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.take(text):
            raise self.problem(f'Expected "{text}", found {self.token.shown()}.')

    def name(self) -> Token:
        token = self.token
        if token.kind != "name":
            raise self.problem(f"Expected Name, found {token.shown()}.")
        self.place += 1
        return token

    def problem(self, message: str) -> SyntaxProblem:
        return SyntaxProblem(message, self.token.line, self.token.column)

    def document(self) -> Document:
        found = Document()
        seen = False
        while self.token.kind != "end":
            if self.take("fragment"):
                name = self.name().text
                self.expect("on")
                self.name()
                self.fragments[name] = self.selection_set()
                continue
            operation = "query"
            if self.token.text in ("query", "mutation", "subscription"):
                operation = self.name().text
                if self.token.kind == "name":
                    self.name()
                self.variable_definitions()
            elif self.token.text != "{":
                raise self.problem(f"Unexpected {self.token.shown()}.")
            selections = self.selection_set()
            if not seen:
                found, seen = Document(operation, selections), True
        for selections, index, name in reversed(self.spreads):
            selections[index:index] = self.fragments.get(name, [])
        return found

    def variable_definitions(self) -> None:
        if not self.take("("):
            return
        while not self.take(")"):
            self.expect("$")
            self.name()
            self.expect(":")
            self.type_reference()
            if self.take("="):
                self.value()

    def type_reference(self) -> None:
        if self.take("["):
            self.type_reference()
            self.expect("]")
        else:
            self.name()
        self.take("!")

    def selection_set(self) -> list[Selection]:
        self.expect("{")
        selections: list[Selection] = []
        while not self.take("}"):
            if self.take("..."):
                if self.take("on"):
                    self.name()
                    selections.extend(self.selection_set())
                elif self.token.text == "{":
                    selections.extend(self.selection_set())
                else:
                    self.spreads.append((selections, len(selections), self.name().text))
                continue
            selections.append(self.field())
        return selections

    def field(self) -> Selection:
        first = self.name()
        name = first
        if self.take(":"):
            name = self.name()
        arguments: dict[str, Json] = {}
        if self.take("("):
            while not self.take(")"):
                key = self.name().text
                self.expect(":")
                arguments[key] = self.value()
        while self.take("@"):
            self.name()
            if self.take("("):
                while not self.take(")"):
                    self.name()
                    self.expect(":")
                    self.value()
        selections = self.selection_set() if self.token.text == "{" else []
        return Selection(name.text, first.text, arguments, selections, first.line, first.column)

    def value(self) -> Json:
        token = self.token
        if self.take("$"):
            return Variable(self.name().text)
        if self.take("["):
            items = []
            while not self.take("]"):
                items.append(self.value())
            return items
        if self.take("{"):
            content = {}
            while not self.take("}"):
                key = self.name().text
                self.expect(":")
                content[key] = self.value()
            return content
        self.place += 1
        if token.kind == "string":
            return json.loads(token.text)
        if token.kind == "block":
            return token.text[3:-3]
        if token.kind == "int":
            return int(token.text)
        if token.kind == "float":
            return float(token.text)
        if token.kind == "name":
            words: dict[str, Json] = {"true": True, "false": False, "null": None}
            return words[token.text] if token.text in words else Enum(token.text, token.line, token.column)
        self.place -= 1
        raise self.problem(f"Unexpected {token.shown()}.")


def resolved(value: Json, variables: dict[str, Json]) -> Json:
    """An argument with its variables filled in and its enums as plain strings."""
    if isinstance(value, Variable):
        return variables.get(value.name)
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, list):
        return [resolved(item, variables) for item in value]
    if isinstance(value, dict):
        return {key: resolved(item, variables) for key, item in value.items()}
    return value
