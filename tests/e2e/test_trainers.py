"""What somebody who trains a model does in a shell: an order, its formats, and a folder for the Hub."""

import json
from pathlib import Path

import datasets
import pytest

from support.mill_shell import GristmillShell
from support.trl import type_and_format

STEPS = """\
name: pairs
steps:
  - id: q
    prompt: "A question about {{ slot }} with `code` in it"
    output:
      type: object
      required: [ask, good, bad]
      properties: {ask: {type: string}, good: {type: string}, bad: {type: string}}
record: {ask: "{{ steps.q.output.ask }}", good: "{{ steps.q.output.good }}", bad: "{{ steps.q.output.bad }}"}
"""
EXPORT = """\
export:
  openai-chat: {messages: [{role: user, content: "{{ record.ask }}"}, {role: assistant, content: "{{ record.good }}"}]}
  dpo: {prompt: "{{ record.ask }}", chosen: "{{ record.good }}", rejected: "{{ record.bad }}"}
"""
ORDER = ("run", "t.yaml", "--records", "20", "--model", "scripted:demo")


@pytest.fixture
def shell(tmp_path: Path) -> GristmillShell:
    (tmp_path / "t.yaml").write_text(STEPS)
    return GristmillShell(tmp_path)


def test_a_format_that_nothing_maps_is_refused_before_anything_is_made(shell: GristmillShell) -> None:
    ended = shell(*ORDER, "--format", "jsonl,dpo")

    assert ended.returncode == 2
    assert "have the fields ask, good, bad, from which no convention makes dpo" in ended.stderr
    assert "export:\n    dpo: {prompt:" in ended.stderr
    assert not (shell.folder / "out" / "dataset.jsonl").exists()
    assert not list(shell.folder.glob("out/.gristmill/*"))


def test_an_order_is_delivered_in_every_format_with_its_card(shell: GristmillShell) -> None:
    (shell.folder / "t.yaml").write_text(STEPS + EXPORT)
    ended = shell(*ORDER, "--format", "openai-chat,dpo,huggingface", "--splits", "train=0.7,test=0.3")
    out = shell.folder / "out"
    summary = json.loads((out / "summary.json").read_text())
    back = datasets.load_dataset(str(out / "huggingface"), cache_dir=str(shell.folder / "cache"))
    card = (out / "huggingface" / "README.md").read_text()

    assert ended.returncode == 0, ended.stderr
    assert [(one["format"], one["path"]) for one in summary["exports"]] == [
        ("openai-chat", "dataset.openai-chat.train.jsonl"),
        ("openai-chat", "dataset.openai-chat.test.jsonl"),
        ("dpo", "dataset.dpo.train.jsonl"),
        ("dpo", "dataset.dpo.test.jsonl"),
        ("huggingface", "huggingface"),
    ]
    for split in ("train", "test"):
        pairs = [json.loads(line) for line in (out / f"dataset.dpo.{split}.jsonl").read_text().splitlines()]
        assert {type_and_format(pair) for pair in pairs} == {("preference", "standard")}
        assert [pair["prompt"] for pair in pairs] == back[split]["ask"][:]
    for told in (summary["template"]["digest"], "scripted:demo", "| ask | 20 |", EXPORT, "| 20 | 20 | 0 |"):
        assert told in card


def test_an_export_key_written_later_counts_for_what_was_made_before(shell: GristmillShell) -> None:
    assert shell(*ORDER).returncode == 0
    (shell.folder / "t.yaml").write_text(STEPS + EXPORT)

    assert shell("export", "out", "--format", "dpo").returncode == 2
    ended = shell("export", "out", "--format", "dpo", "--template", "t.yaml", "--out", "pairs.jsonl")
    assert ended.returncode == 0, ended.stderr
    assert len((shell.folder / "pairs.jsonl").read_text().splitlines()) == 20
    assert shell(*ORDER, "--format", "openai-chat").returncode == 0
    assert (shell.folder / "out" / "dataset.openai-chat.jsonl").exists()
    (shell.folder / "t.yaml").write_text(STEPS.replace("A question", "Two questions"))
    assert "makes other records" in shell("export", "out", "--format", "csv", "--template", "t.yaml").stderr


def test_a_record_that_does_not_fit_is_named_and_all_else_is_delivered(shell: GristmillShell) -> None:
    (shell.folder / "t.yaml").write_text(STEPS + "export: {alpaca: {instruction: '{{ record.ask }}', output: 3}}\n")
    ended = shell(*ORDER, "--format", "alpaca,jsonl")

    assert ended.returncode == 2
    assert "The record of slot 0 cannot be written as alpaca: output must be a text, not a number." in ended.stderr
    assert [one["format"] for one in json.loads((shell.folder / "out" / "summary.json").read_text())["exports"]] == [
        "jsonl"
    ]
