"""The repository keeps its own promises: what the documents say is so, and the house stays in order."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib import util
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from django.conf import settings
from django.urls import reverse

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
ROOMS = ("connectors", "mapping", "migrator", "projects", "demo")
LONGEST_FUNCTION = 40


def sources(*rooms: str) -> list[Path]:
    """The Python files of some rooms, migrations left out."""
    found = (path for room in rooms for path in (ROOT / room).rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture(scope="module")
def tables() -> ModuleType:
    spec = util.spec_from_file_location("tables", ROOT / "docs" / "tables.py")
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def make_commands(page: Path) -> set[str]:
    """What a page says to make: in a line of its own, or between backticks."""
    commands = re.findall(r"(?:^|`)make ([^`#\n]+)", page.read_text(), re.MULTILINE)
    words = (word for command in commands for word in command.split())
    return {word for word in words if "=" not in word and not word.startswith("-")}


def test_the_tables_of_the_reference_are_what_the_code_says(tables: ModuleType) -> None:
    page = tables.REFERENCE.read_text()
    assert tables.rendered(page) == page, "Run `make docs`."


def test_every_setting_is_in_the_reference_and_no_other(tables: ModuleType) -> None:
    code = (ROOT / "migrator" / "settings.py").read_text()
    assert set(re.findall(r'(?:env\.\w+|_kept_secret)\(\s*"([A-Z_]+)"', code)) == set(tables.SETTINGS)


def test_every_make_command_in_the_documents_exists() -> None:
    assert {"demo", "test"} <= make_commands(ROOT / "README.md")
    for page in PAGES:
        assert make_commands(page) <= make_targets(), page


def test_the_demo_takes_the_options_that_the_readme_names() -> None:
    arguments = re.findall(r'make demo ARGS=("[^"]+"|\S+)', (ROOT / "README.md").read_text())
    named = {option for one in arguments for option in re.findall(r"--[a-z-]+", one)}
    said = subprocess.run(
        [sys.executable, "-m", "demo", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert named
    assert all(option in said.stdout for option in named)


def test_a_database_without_tables_is_a_sentence_and_not_a_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "migration", "status", "harbour"]
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3"}
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert (said.returncode, said.stderr.strip()) == (
        1,
        "The database has no tables yet. Make them with: manage.py migrate",
    )


def test_the_readme_has_a_map_of_the_whole_house() -> None:
    rows = re.findall(r"^\| (`.+?/`.*?) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    mapped = {name for row in rows for name in re.findall(r"`([\w/]+)/`", row)}
    assert all((ROOT / name).is_dir() for name in mapped)
    rooms = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "." and any(path.iterdir())}
    assert rooms - {"var"} <= mapped


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_the_documents_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"(?<!!)\[[^]]+\]\((?!http)([^)]+)\)", page.read_text()):
        name, _, anchor = target.partition("#")
        linked = (page.parent / name).resolve() if name else page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(), re.MULTILINE)
            assert anchor in {heading.lower().replace(" ", "-") for heading in headings}, target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_in_the_documents_exists(page: Path) -> None:
    for path in re.findall(r"`((?:\.ci|connectors|docs|mapping|migrator|projects|tests)/[\w./]+)`", page.read_text()):
        assert (ROOT / path).exists(), path


def test_one_version_everywhere() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[1] == version  # type: ignore[index]
    assert settings.SPECTACULAR_SETTINGS["VERSION"] == version


def test_one_uv_everywhere() -> None:
    wanted = re.search(r"UV_VERSION := (\S+)", (ROOT / "Makefile").read_text())
    assert wanted
    assert f"uv=={wanted[1]}" in (ROOT / "Dockerfile").read_text()


def test_the_containers_say_only_what_the_settings_know(tables: ModuleType) -> None:
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert set(composed["x-app"]["environment"]) <= set(tables.SETTINGS)
    assert reverse("healthz") in str(composed["services"]["web"]["healthcheck"])


def test_systems_outside_do_not_know_each_other() -> None:
    systems = [path.name for path in (ROOT / "connectors").iterdir() if (path / "connector.py").exists()]
    for system in systems:
        others = tuple(f"connectors.{other}" for other in systems if other != system)
        for path in sources(f"connectors/{system}"):
            assert not [name for name in imports_of(path) if name.startswith(others)], name_of(path)


def imports_of(path: Path) -> list[str]:
    """The modules that a file imports, wherever in it."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def test_functions_fit_on_a_screen() -> None:
    long = [
        f"{name_of(path)}: {node.name}, {length} lines"
        for path in sources(*ROOMS)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not long
