"""What strangers do to the shell: odd words, odd files, and readers who leave. No traceback ever reaches them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gristmill.cli.boundary import run_command
from gristmill.cli.terminal import OUT

TEMPLATE = """\
name: tiny
steps:
  - id: line
    prompt: "Something about {{ product.name }}"
"""
FAILING = TEMPLATE + "checks: [{expect: '{{ record.line | length > 5000 }}', reason: far too short}]\n"
ORDER = ("t.yaml", "--seeds", "seeds.jsonl", "--model", "scripted:demo")
SOURCE = str(Path(__file__).parents[2] / "src")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps({"product": {"name": f"P{i}"}}) + "\n" for i in range(7)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRISTMILL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", SOURCE)
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What the shell says, on one line, of words it refuses."""
    status = run_command(words)
    said = capsys.readouterr()
    assert (status, said.out) == (2, "")
    return " ".join(said.err.split())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("runn",), 'Did you mean "run"?'),
        (("run", "t.yaml", "more", "--records", "3"), "Nothing takes more here. See: gristmill run --help"),
        (("run", *ORDER, "--records", "3", "--records", "4"), "--records specified multiple times"),
        (("run", *ORDER, "--records", "3", "--buget", "1"), "Did you mean --budget?"),
        (("run", *ORDER, "--records", "3", "--concurrency", "0"), "--concurrency. Must be >= 1"),
        (("run", *ORDER, "--records", "9" * 20), "at most 100,000,000 records"),
        (("run", *ORDER, "--records", "3", "--random-seed", "9" * 20), "at most 63 bits"),
        (("run", *ORDER, "--records", "3", "--budget", "1e400"), "the most there is room for"),
        (("run", *ORDER, "--records", "3", "--price", "scripted:demo=1e300/1"), "is no price"),
        (("run", *ORDER, "--records", "3", "--out", "t.yaml"), "t.yaml is no folder"),
        (("run", ".", "--records", "3"), "it is a folder"),
        (("models", "test", "nonsense"), "'nonsense' is no model"),
        (("worker", "--job", "x", "--dir", "nowhere"), "No job lies in nowhere"),
        (("doctor", "--dir", "nowhere"), "No job lies in nowhere"),
        (("jobs", "list", "--dir", "t.yaml"), "No job lies in t.yaml"),
    ],
)
def test_odd_words_get_a_sentence(
    capsys: pytest.CaptureFixture[str], here: Path, words: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refused(capsys, *words)
    assert not (here / "nowhere").exists()


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ('{"product": {"name": "a"}}\n{oops\n', "seeds.jsonl:2:2: row 2 is not JSON"),
        ("[1]\n", "seeds.jsonl:1: row 1 is an array"),
        ('{"product": {}}\n', "t.yaml:4:33: product.name: seed row 1 has no 'product.name'."),
    ],
)
@pytest.mark.parametrize("verb", [("lint", *ORDER[:3]), ("preview", *ORDER, "--no-call")])
def test_what_is_wrong_with_seeds_is_told_with_its_own_place(
    capsys: pytest.CaptureFixture[str], here: Path, verb: tuple[str, ...], content: str, place: str
) -> None:
    (here / "seeds.jsonl").write_text(content)
    assert place in refused(capsys, *verb)


def test_wrong_settings_are_not_blamed_on_the_template(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "gristmill.toml").write_text("stroe = 1")
    said = refused(capsys, "run", *ORDER, "--records", "1")
    assert "gristmill.toml" in said
    assert "t.yaml" not in said


def test_a_narrow_terminal_breaks_no_word_of_a_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OUT, "_width", 20)
    assert run_command(["prices", "openai:gpt-4.1-mini"]) == 0
    assert "openai:gpt-4.1-mini" in capsys.readouterr().out


def test_a_preview_shows_numbers_of_any_length(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "seeds.jsonl").write_text('{"product": {"name": 123456789012345678901234567890}}\n')
    assert run_command(["preview", *ORDER, "-n", "1", "--no-call"]) == 0
    assert "123456789012345678901234567890" in capsys.readouterr().out


def test_what_could_not_be_made_is_listed_and_later_inputs_are_compared(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    (here / "t.yaml").write_text(FAILING)
    order = ["run", *ORDER, "--records", "2"]
    assert run_command([*order, "--concurrency", "2"]) == 5
    said = capsys.readouterr().err
    rejects = [json.loads(line) for line in (here / "out" / "rejects.jsonl").read_text().splitlines()]
    assert "far too short" in said
    assert "out/rejects.jsonl" in said
    assert {line["slot"] for line in rejects if line["is_last"]} == {0, 1}
    assert {line["reason"] for line in rejects} == {"far too short"}
    assert all(line["reply"] for line in rejects)
    # The same job again, asked for another pace; and then with another template.
    run_command([*order, "--concurrency", "3"])
    assert "goes on so" in capsys.readouterr().err
    (here / "t.yaml").write_text(FAILING.replace("5000", "5"))
    assert "record.line | length > 5 }}" in refused(capsys, *order)
    assert run_command(["export", "out", "--format", "csv", "--out", "."]) == 0
    assert (here / "dataset.csv").is_file()


def test_a_reader_who_leaves_stops_the_run_and_everything_is_kept(here: Path) -> None:
    words = [sys.executable, "-m", "gristmill", "run", *ORDER[:4], "scripted:demo?latency=0.3", "--records", "300"]
    with subprocess.Popen([*words, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()
    assert process.returncode == 130, said
    assert "stopping as by Ctrl-C" in said
    assert json.loads((here / "out" / "summary.json").read_text())["status"] == "paused"


def test_streams_that_are_closed_harm_nothing() -> None:
    command = [sys.executable, "-m", "gristmill", "lint", "t.yaml"]
    closed = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *command]
    assert subprocess.run(closed, check=False).returncode == 0
