"""Every starter template from the shell, as `gristmill init` writes it: lint, run, export, and its records."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gristmill.adapters.embedded import find_model
from gristmill.cli.starters import STARTERS, Starter
from gristmill.jobs.export import AnyFormat, default_name
from support.starters import CHECKS, check_starter

ROOT = Path(__file__).parents[2]
SCRIPTED = ("--model", "scripted:demo")
# Another writer, for the preferred and the other answer are to differ.
OTHER: Mapping[str, tuple[str, ...]] = {"preferences": ("--model", "cheap=scripted:demo?seed=1")}
NAMES = sorted(path.stem for path in (ROOT / "templates").glob("*.yaml"))
# What each starter is exported as besides plain records: a trainer's format where the fields fit one.
FORMATS: Mapping[str, AnyFormat] = {
    "support-qa": "openai-chat",
    "instructions": "alpaca",
    "classification": "huggingface",
    "preferences": "dpo",
    "dialogue": "sharegpt",
    "retrieval-qa": "openai-chat",
    "text-to-sql": "alpaca",
    "function-calling": "openai-chat",
    "story": "alpaca",
}


def gristmill(folder: Path, *words: str, home: Path | None = None) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GRISTMILL_", "OPENAI_"))}
    own = {"GRISTMILL_HOME": str(home or folder / "home"), "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "gristmill", *words]
    return subprocess.run(command, cwd=folder, env=kept | own, capture_output=True, text=True, timeout=200, check=False)


def rows_of(path: Path) -> Sequence[Mapping[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def run_starter(folder: Path, starter: Starter, records: int, *words: str) -> None:
    assert gristmill(folder, "init", "--template", starter.name).returncode == 0
    order = ("run", starter.template, *starter.options.split(), "--records", str(records), *words)
    ran = gristmill(folder, *order)
    assert ran.returncode == 0, ran.stderr


def seeds_of(folder: Path, starter: Starter) -> Sequence[Mapping[str, Any]]:
    return rows_of(folder / starter.seeds[""])


def test_every_template_is_a_starter_with_a_page_and_a_format_and_checks() -> None:
    pages = {path.stem for path in (ROOT / "docs" / "starters").glob("*.md")} - {"README"}
    assert set(NAMES) == set(STARTERS) == set(CHECKS) == set(FORMATS) == pages


@pytest.mark.parametrize("name", NAMES)
def test_a_starter_lints_without_a_word_and_makes_records_that_hold_and_train(name: str, tmp_path: Path) -> None:
    starter = STARTERS[name]
    run_starter(tmp_path, starter, 12, "--format", f"jsonl,{FORMATS[name]}", *SCRIPTED, *OTHER.get(name, ()))
    linted = gristmill(tmp_path, "lint", starter.template, *starter.options.split())
    assert (linted.returncode, "is fine" in linted.stderr) == (0, True), linted.stderr
    records = rows_of(tmp_path / "out" / "dataset.jsonl")
    assert len(records) == 12
    check_starter(name, records, seeds_of(tmp_path, starter))
    target = tmp_path / "out" / default_name(FORMATS[name])
    assert any(path.stat().st_size for path in (target, *target.rglob("*")) if path.is_file())


@pytest.mark.parametrize("name", [name for name, starter in STARTERS.items() if starter.fits_embedded])
def test_the_embedded_model_is_good_enough_for_a_starter(name: str, tmp_path: Path) -> None:
    """A model of 135 million parameters, pulled by `make test`: some slots run short, the rest keeps the rules."""
    home, starter = ROOT / ".gristmill", STARTERS[name]
    find_model(home)
    assert gristmill(tmp_path, "init", "--template", name).returncode == 0
    ran = gristmill(tmp_path, "run", starter.template, *starter.options.split(), "--records", "3", home=home)
    assert ran.returncode in {0, 5}, ran.stderr
    records = rows_of(tmp_path / "out" / "dataset.jsonl")
    assert len(records) >= 2
    check_starter(name, records, seeds_of(tmp_path, starter))
