"""Every starter template from the shell, as `gristmill init` writes it: lint, run, export, and its records."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gristmill.adapters.embedded import find_model
from gristmill.jobs.export import AnyFormat, default_name
from gristmill.library.starters import STARTERS, Starter
from support.mill_shell import GristmillShell
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


def rows_of(path: Path) -> Sequence[Mapping[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def seeds_of(folder: Path, starter: Starter) -> Sequence[Mapping[str, Any]]:
    return rows_of(folder / starter.seeds[""])


def test_every_template_is_a_starter_with_a_page_and_a_format_and_checks() -> None:
    pages = {path.stem for path in (ROOT / "docs" / "starters").glob("*.md")} - {"README"}
    assert set(NAMES) == set(STARTERS) == set(CHECKS) == set(FORMATS) == pages


@pytest.mark.parametrize("name", NAMES)
def test_a_starter_lints_without_a_word_and_makes_records_that_hold_and_train(name: str, tmp_path: Path) -> None:
    starter, shell = STARTERS[name], GristmillShell(tmp_path, is_measured=False)
    assert shell("init", "--template", name).returncode == 0
    order = (starter.template, *starter.options.split(), "--records", "12", "--format", f"jsonl,{FORMATS[name]}")
    ran = shell("run", *order, *SCRIPTED, *OTHER.get(name, ()))
    assert ran.returncode == 0, ran.stderr
    linted = shell("lint", starter.template, *starter.options.split())
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
    shell = GristmillShell(tmp_path, home, is_measured=False)
    assert shell("init", "--template", name).returncode == 0
    ran = shell("run", starter.template, *starter.options.split(), "--records", "2")
    assert ran.returncode in {0, 5}, ran.stderr
    records = rows_of(tmp_path / "out" / "dataset.jsonl")
    assert records
    rejects = tmp_path / "out" / "rejects.jsonl"
    short = {line["slot"] for line in rows_of(rejects) if line["is_last"]} if rejects.exists() else set()
    check_starter(name, records, seeds_of(tmp_path, starter), short=short)
