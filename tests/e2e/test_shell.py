"""What a person does in a shell: real workers, the scripted model, a folder of their own."""

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.mill_shell import GristmillShell
from support.provider import Conduct, serve

if TYPE_CHECKING:
    import subprocess

TEMPLATE = """\
name: tiny
steps:
  - id: line
    prompt: "Something about {{ product.name }}"
    output: {type: object, required: [text], properties: {text: {type: string}}}
"""


@pytest.fixture
def shell(tmp_path: Path) -> "Shell":
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps({"product": {"name": f"P{i}"}}) + "\n" for i in range(7)))
    return Shell(tmp_path)


class Shell(GristmillShell):
    """A folder with a template and seeds."""

    def run(
        self, records: int, *words: str, model: str = "scripted:demo", **own: str
    ) -> "subprocess.CompletedProcess[str]":
        return self(*self.order(records, *words, model=model), **own)

    def order(self, records: int, *words: str, model: str = "scripted:demo") -> tuple[str, ...]:
        order = ("run", "t.yaml", "--seeds", "seeds.jsonl", "--records", str(records), "--model", model)
        return (*order, *words)

    def summary(self) -> dict[str, object]:
        summary: dict[str, object] = json.loads((self.folder / "out" / "summary.json").read_text())
        return summary


def test_a_run_makes_a_dataset_and_the_same_command_again_has_nothing_left_to_do(shell: Shell) -> None:
    first = shell.run(5, "--format", "jsonl,csv,parquet")
    again = shell.run(5)
    assert (first.returncode, again.returncode) == (0, 0), first.stderr
    assert len((shell.folder / "out" / "dataset.jsonl").read_text().splitlines()) == 5
    assert "5 records" in first.stderr
    assert first.stdout == ""
    assert shell.summary()["calls"] == {"made": 5, "retried": 0, "failed": 0, "replayed": 0}


def test_json_prints_one_event_a_line_and_ends_with_the_end(shell: Shell) -> None:
    ran = shell.run(3, "--json")
    events = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 0, ran.stderr
    assert all({"sequence", "at", "job", "type"} <= event.keys() for event in events)
    assert [event["type"] for event in events[-2:]] == ["export", "end"]
    assert events[-1]["status"] == "completed"


def test_an_interrupted_run_leaves_what_it_made_and_goes_on(shell: Shell) -> None:
    with shell.start(*shell.order(60, "--json", "--concurrency", "4", model="scripted:demo?latency=0.3")) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line).get("records", {}).get("accepted"):
                process.send_signal(signal.SIGINT)
                break
        rest = process.stdout.read()
    stopped = json.loads(rest.splitlines()[-1])
    kept = len((shell.folder / "out" / "dataset.jsonl").read_text().splitlines())
    assert process.returncode == 130
    assert stopped["status"] == "paused"
    assert 0 < kept < 60
    more = shell.run(60, "--workers", "2", model="scripted:demo?latency=0.3")
    assert more.returncode == 0, more.stderr
    assert len((shell.folder / "out" / "dataset.jsonl").read_text().splitlines()) == 60


def test_a_budget_that_runs_out_keeps_what_was_made(shell: Shell) -> None:
    ran = shell.run(500, "--budget", "0.02", "--price", "scripted:demo=1/2")
    assert ran.returncode == 3, ran.stderr
    assert "--budget" in ran.stderr
    assert shell.summary()["status"] == "budget_exhausted"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("run", "missing.yaml", "--records", "3"), "There is no template missing.yaml"),
        (("run", "t.yaml", "--records", "3", "--seeds", "none.csv"), "There is no seeds file none.csv"),
        (("run", "t.yaml", "--records", "3", "--model", "cheap"), "PROVIDER:MODEL"),
        (("run", "t.yaml", "--records", "3", "--model", "scripted:demo"), "Add such seeds (--seeds"),
        (("run", "t.yaml", "--records", "3", "--format", "xml"), "no format 'xml'"),
        (("run", "t.yaml", "--records", "3", "--price", "x"), "is no price"),
        (("run", "t.yaml", "--records", "3", "--budget", "much"), "not an amount"),
        (("run", "t.yaml"), "--records"),
        (("jobs", "show", "nothing"), "nothing"),
        (("export", ".", "--format", "csv"), "No job lies in"),
        (("prices", "openai:unheard-of"), "--price"),
        (("models", "pull", "gpt"), "only smollm2"),
    ],
)
def test_bad_input_gets_a_sentence_and_exit_code_2(shell: Shell, words: tuple[str, ...], sentence: str) -> None:
    ran = shell(*words)
    said = " ".join((ran.stderr + ran.stdout).split())
    assert ran.returncode == 2
    assert sentence in said
    assert "Traceback" not in said


def test_a_provider_that_refuses_every_call_fails_the_job_with_its_words(shell: Shell) -> None:
    with serve(Conduct(refuse=401)) as provider:
        own = {"OPENAI_BASE_URL": provider.base_url, "OPENAI_API_KEY": "sk-wrong"}
        ran = shell.run(50, "--budget", "1", "--price", "openai:mine=1/2", model="openai:mine", **own)
    assert ran.returncode == 4, ran.stderr
    assert "401" in ran.stderr
    assert shell.summary()["cost_usd"] == "0.00"


def test_a_run_that_is_terminated_stops_as_by_hand_and_a_second_run_finds_the_folder_taken(shell: Shell) -> None:
    model = "scripted:demo?latency=0.3"
    with shell.start(*shell.order(500, "--json", "--concurrency", "4", model=model)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        second = shell.run(500, model=model)
        process.send_signal(signal.SIGTERM)
        process.stdout.read()
    assert second.returncode == 2
    assert "in use by process" in second.stderr
    assert process.returncode == 130
    assert shell.summary()["status"] == "paused"


def test_changed_inputs_are_refused_with_a_diff(shell: Shell) -> None:
    shell.run(3)
    ran = shell.run(3, "--random-seed", "5")
    assert ran.returncode == 2
    assert "random seed: 0 is now 5" in ran.stderr


def test_the_starter_lints_previews_and_estimates_without_a_call(shell: Shell) -> None:
    order = ("templates/support-qa.yaml", "--seeds", "examples/products.jsonl")
    assert shell("init").returncode == 0
    assert shell("lint", *order).returncode == 0
    shown = shell("preview", *order, "-n", "2", "--no-call", "--json")
    guess = shell("estimate", *order, "--records", "1000", "--json")
    made = shell("run", *order, "--records", "20", "--model", "scripted:demo")
    assert (made.returncode, "20 records" in made.stderr) == (0, True), made.stderr
    assert [item["slot"] for item in json.loads(shown.stdout)["items"]] == [0, 1]
    assert json.loads(guess.stdout)["records"] == 1000
    assert shell("init").returncode == 2


def test_a_lint_names_file_line_and_column(shell: Shell) -> None:
    (shell.folder / "bad.yaml").write_text(TEMPLATE.replace("prompt:", "promt:"))
    ran = shell("lint", "bad.yaml")
    assert ran.returncode == 2
    assert "bad.yaml:4:5: " in ran.stderr


def test_jobs_are_listed_shown_and_exported(shell: Shell) -> None:
    shell.run(3)
    [job] = json.loads(shell("jobs", "list", "--json").stdout)
    shown = json.loads(shell("jobs", "show", job["id"], "--json").stdout)
    assert shown["records"] == {"asked": 3, "accepted": 3, "rejected": 0, "in_flight": 0}
    assert "completed" in shell("jobs", "list").stdout
    assert "3 of 3 accepted" in shell("jobs", "show", job["id"]).stdout
    assert shell("jobs", "pause", job["id"]).returncode == 2
    assert shell("export", "out", "--format", "csv", "--out", "some.csv").returncode == 0
    assert len((shell.folder / "some.csv").read_text().splitlines()) == 4


def test_a_preview_with_calls_shows_replies_and_keeps_nothing(shell: Shell) -> None:
    ran = shell("preview", "t.yaml", "--seeds", "seeds.jsonl", "-n", "1", "--model", "scripted:demo")
    assert ran.returncode == 0, ran.stderr
    assert "reply: " in ran.stdout
    assert '{"product":{"name":"P0"}}' in ran.stdout
    assert not (shell.folder / "out").exists()


def test_help_version_schema_and_doctor_answer(shell: Shell) -> None:
    assert shell("--version").stdout.strip() == "0.1.0"
    assert "gristmill init demo" in shell("--help").stdout
    assert "Example: gristmill run" in shell("run", "--help").stdout
    assert json.loads(shell("schema").stdout)["type"] == "object"
    assert "GRISTMILL_HOME" in shell("doctor").stdout
    assert "local:smollm2" in shell("models", "list").stdout
    assert "local:smollm2" in shell("prices").stdout


def test_a_model_is_tried_with_one_question(shell: Shell) -> None:
    ran = shell("models", "test", "scripted:demo")
    assert ran.returncode == 0, ran.stderr
    assert "scripted:demo" in ran.stdout


def test_templates_are_kept_by_version_and_lend_to_others(shell: Shell) -> None:
    style = "name: style\nfragment: |\n  {% macro about(name) %}Something about {{ name }}{% endmacro %}\n"
    (shell.folder / "style.yaml").write_text(style)
    taking = """{% from "style@1" import about %}{{ about(product.name) }}"""
    (shell.folder / "t.yaml").write_text(TEMPLATE.replace('"Something about {{ product.name }}"', f"'{taking}'"))
    before = shell("lint", "t.yaml")
    assert (before.returncode, "There is no template 'style@1'" in before.stderr) == (2, True)
    assert [shell("templates", "push", "style.yaml").returncode for _ in range(2)] == [0, 0]
    assert "style     1" in shell("templates", "list").stdout
    assert shell("templates", "pull", "style").stdout == style
    ran = shell.run(3)
    assert ran.returncode == 0, ran.stderr
    assert len((shell.folder / "out" / "dataset.jsonl").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("pull", "style"), "There is no template style."),
        (("pull", "style@x"), "Write NAME or NAME@VERSION"),
        (("history", "style"), "No template 'style' is kept"),
        (("push", "missing.yaml"), "There is no template missing.yaml"),
    ],
)
def test_what_the_library_does_not_have_is_said(shell: Shell, words: tuple[str, ...], refusal: str) -> None:
    said = shell("templates", *words)
    assert said.returncode == 2
    assert refusal in said.stderr.replace("\n", " ")
    assert "Traceback" not in said.stderr
