"""`gristmill lint --seeds` says everything about the seeds at once, to people and to programs."""

import json
from pathlib import Path

import pytest

from gristmill.cli.boundary import run_command

TEMPLATE = """\
name: t
steps:
  - id: q
    prompt: "{{ product.name }} {{ extra | default('') }}"
checks: [{unique: q}]
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "t.yaml"
    path.write_text(TEMPLATE)
    return path


def write(template: Path, name: str, content: str) -> str:
    (template.parent / name).write_text(content)
    return str(template.parent / name)


def test_bad_rows_lacking_fields_and_unused_columns_are_all_said_in_one_pass(
    template: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    seeds = write(template, "s.jsonl", '{"product":{"name":"a"},"spare":1,"extra":2}\n7\n{"product":{"nam":"b"}}\n')

    assert run_command(["lint", str(template), "--seeds", seeds, "--json"]) == 2
    shown = capfd.readouterr()
    found = json.loads(shown.out)["findings"]
    assert shown.err == ""
    assert [(one["file"], one["severity"], one["code"]) for one in found] == [
        (seeds, "error", "bad_row"),
        (seeds, "warning", "unused_column"),
        (str(template), "error", "missing_field"),
    ]
    assert [one["message"] for one in found] == [
        "row 2 is a number; a seed is an object with named fields.",
        "no prompt uses the column 'spare'.",
        "seed row 3 has no 'product.name'.",
    ]
    assert (found[0]["line"], found[2]["line"], found[2]["path"]) == (2, 4, "product.name")
    assert json.loads(shown.out)["needs"] == {"": ["product.name"]}

    assert run_command(["lint", str(template), "--seeds", seeds]) == 2
    words = capfd.readouterr().err
    assert f"{seeds}:2: row 2 is a number" in words
    assert f"3 rows of {seeds} read." in words
    assert "2 errors, 1 warning." in words


def test_more_bad_rows_than_are_listed_are_counted(template: Path, capfd: pytest.CaptureFixture[str]) -> None:
    seeds = write(template, "s.jsonl", "7\n" * 50)

    assert run_command(["lint", str(template), "--seeds", seeds, "--json"]) == 2
    found = json.loads(capfd.readouterr().out)["findings"]
    assert len(found) == 21
    assert found[-1]["message"] == "50 of 50 rows cannot be used; the first 20 are listed."


def test_an_unused_column_is_no_error_and_an_unreadable_file_is(
    template: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    good = write(template, "s.jsonl", '{"product":{"name":"a"},"spare":1}\n')
    broken = write(template, "s.json", '[{"product":{"name":"a"}},')

    assert run_command(["lint", str(template), "--seeds", good]) == 0
    assert "warning: no prompt uses the column 'spare'." in capfd.readouterr().err
    assert run_command(["lint", str(template), "--seeds", broken, "--json"]) == 2
    [finding] = json.loads(capfd.readouterr().out)["findings"]
    assert (finding["code"], "row 2 cannot be read as JSON" in finding["message"]) == ("invalid_seeds", True)


def test_a_template_that_reads_the_whole_row_uses_every_column(
    template: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    template.write_text(TEMPLATE.replace("{{ product.name }}", "{{ seed | tojson }}"))
    seeds = write(template, "s.jsonl", '{"spare":1}\n')

    assert run_command(["lint", str(template), "--seeds", seeds, "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == {"findings": [], "needs": {}}


def test_an_encoding_that_nobody_knows_is_refused(template: Path, capfd: pytest.CaptureFixture[str]) -> None:
    seeds = write(template, "s.jsonl", '{"product":{"name":"a"}}\n')

    for encoding in ("klingon", "base64"):
        assert run_command(["lint", str(template), "--seeds", seeds, "--encoding", encoding]) == 2
        assert f"{encoding!r} is no encoding of text" in capfd.readouterr().err


def test_what_every_row_needs_is_said_of_each_seed_set(template: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source = TEMPLATE.replace(
        "{{ product.name }}", "{{ p.town }} {% for part in product.parts %}{{ part.name }}{% endfor %}"
    )
    template.write_text(f"{source}vary: {{p: {{seeds: people}}}}\n")

    assert run_command(["lint", str(template)]) == 0
    words = capfd.readouterr().err
    assert "Every row of the seeds needs product.parts[].name." in words
    assert "Every row of the seeds 'people' needs town." in words
