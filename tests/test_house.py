"""The house keeps its word: what the files at the root promise is so."""

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import pytest

import gristmill
from gristmill.cli.app import build_app

ROOT = Path(__file__).parents[1]
LISTS = sorted((ROOT / "requirements").glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def read(name: str) -> str:
    return (ROOT / name).read_text()


def table_words(page: str) -> set[str]:
    cells = re.findall(r"^\| ([^|]+) \|", page, flags=re.MULTILINE)
    return {word.strip().lower() for cell in cells for word in cell.split(",")}


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_every_pinned_package_has_a_hash_and_no_list_names_an_address(path: Path) -> None:
    text = path.read_text()
    entries = [entry for entry in text.replace("\\\n", " ").splitlines() if entry and not entry.startswith("#")]
    assert len(entries) > 20
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)
    assert not re.search(r"://|--index|--extra-index|--find-links|--trusted-host", text)


def test_every_pinned_script_has_a_hash_and_the_list_names_no_address() -> None:
    lock = json.loads(read("frontend/package-lock.json"))
    packages = [package for name, package in lock["packages"].items() if name]
    assert len(packages) > 10
    assert all("integrity" in package and "resolved" not in package for package in packages)


def test_what_tests_install_holds_all_that_runs_at_the_same_versions() -> None:
    run, test = (
        set(re.findall(r"^\S+==\S+", read(f"requirements/{name}.txt"), re.MULTILINE)) for name in ("run", "test")
    )
    assert run < test


def test_every_dependency_is_pinned() -> None:
    project = PROJECT["project"]
    groups = PROJECT["dependency-groups"]
    wanted = chain(project["dependencies"], *project["optional-dependencies"].values(), *groups.values())
    pinned = set(re.findall(r"^([\w.-]+)(?:\[[\w,-]+\])?==", read("requirements/test.txt"), re.MULTILINE))
    assert {re.split(r"[<>=;\[ ]", need)[0] for need in wanted} <= pinned


def test_the_version_is_said_once() -> None:
    assert version("gristmill") == PROJECT["project"]["version"]
    assert getattr(gristmill, "__version__", version("gristmill")) == version("gristmill")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_command_and_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    text = page.read_text()
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets
    links = re.findall(r"\]\(([^)#]+)\)", text)
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def shell_lines(page: Path) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [line.split(" && ")[0] for block in blocks for line in block.splitlines() if line.startswith("gristmill ")]


@pytest.mark.parametrize("line", shell_lines(ROOT / "README.md"))
def test_every_command_of_the_readme_is_one(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    command, bound, _ = build_app().parse_args(words, exit_on_error=False, print_error=False)
    assert callable(command)
    assert bound.signature is not None


def test_a_wheel_carries_the_starters_the_migrations_the_pages_and_the_licence(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("src", "templates", "examples"):
        shutil.copytree(
            ROOT / name, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
        )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", tmp_path, source], check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    carried = {Path(name).name for name in zipfile.ZipFile(wheel).namelist()}
    migrations = {path.name for path in (ROOT / "src").glob("gristmill/adapters/sql/migrations/**/*.py")}
    starters = {path.name for folder in ("templates", "examples") for path in (ROOT / folder).iterdir()}
    pages = {"style.css", "base.html", "begin.js", "pages.js", "editor.js", "charts.js"}
    assert {"py.typed", "LICENSE"} | starters | migrations | pages <= carried
    assert len(migrations) > 2


def test_the_glossary_has_every_noun_of_the_domain() -> None:
    words = """template recipe step seeds record slot attempt job shard lease epoch position worker executor journal
        segment manifest budget block purse hold cost usage ledger provider model alias check reject event export"""
    assert set(words.split()) <= table_words(read("docs/glossary.md"))


def test_every_decision_is_listed() -> None:
    pages = {page.name for page in (ROOT / "docs/decisions").glob("0*.md")}
    assert pages
    assert pages == set(re.findall(r"\((0[\w-]+\.md)\)", read("docs/decisions/README.md")))


def test_no_test_mocks_or_may_be_left_out() -> None:
    forbidden = {"mock", "skip", "skipif", "xfail", "importorskip", "MagicMock", "SkipTest"}
    used = {
        (path.name, name)
        for path in (ROOT / "tests").rglob("*.py")
        for name in names_in(ast.parse(path.read_text()))
        if name in forbidden
    }
    assert used == set()


def names_in(tree: ast.AST) -> set[str]:
    names = set[str]()
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name) | ast.Name(id=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names.update(part for alias in aliases for part in alias.name.split("."))
                if isinstance(node, ast.ImportFrom):
                    names.update((node.module or "").split("."))
            case _:
                pass
    return names


def test_continuous_integration_runs_what_a_person_runs() -> None:
    workflow = read(".github/workflows/ci.yml")
    assert "exec make test" in read(".ci/run")
    assert {"make check", "make test"} <= set(re.findall(r"run: (make \w+)", workflow))
    assert all(f'"3.{minor}"' in workflow for minor in (11, 12, 13))
