from pathlib import Path

import pytest

import gristmill
from gristmill.errors import BadInputError

TEMPLATE = 'name: tiny\nsteps:\n  - id: line\n    prompt: "Something about {{ name }}"\n'


def test_python_orders_a_dataset_and_reads_it(tmp_path: Path) -> None:
    rows = [{"name": "Lima"}, {"name": "Oslo"}]
    made = gristmill.run(TEMPLATE, records=3, seeds=rows, models="scripted:demo", out=tmp_path / "out")
    records = list(made)
    assert len(made) == len(records) == 3
    assert all(isinstance(record["line"], str) for record in records)
    assert made.summary["status"] == "completed"
    assert made.to_arrow().num_rows == 3
    assert list(made.to_pandas()["line"]) == [record["line"] for record in records]


def test_python_orders_with_several_seed_sets(tmp_path: Path) -> None:
    template = """
name: pairs
vary: {person: {seeds: people}}
steps: [{id: line, prompt: "{{ person.name }} in {{ name }}"}]
record: {pair: "{{ person.name }} in {{ name }}"}
"""
    seeds = {"": [{"name": "Lima"}, {"name": "Oslo"}], "people": [{"name": "Ann"}]}
    made = gristmill.run(template, records=2, seeds=seeds, models="scripted:demo", out=tmp_path / "out")
    assert sorted(str(record["pair"]) for record in made) == ["Ann in Lima", "Ann in Oslo"]


async def test_a_notebook_whose_loop_runs_may_order_too(tmp_path: Path) -> None:
    made = gristmill.run(TEMPLATE, records=1, seeds=[{"name": "Lima"}], models="scripted:demo", out=tmp_path / "out")
    assert len(list(made)) == 1


def test_python_names_formats_and_the_encoding_of_seeds(tmp_path: Path) -> None:
    (tmp_path / "seeds.csv").write_bytes("name\nK\u00f6ln\n".encode("cp1252"))
    made = gristmill.run(
        'name: tiny\nsteps: [{id: line, prompt: "A line"}]\nrecord: {name: "{{ name }}"}\n',
        records=1,
        seeds=tmp_path / "seeds.csv",
        models="scripted:demo",
        out=tmp_path / "out",
        formats="csv",
        encoding="cp1252",
    )
    assert list(made) == [{"name": "K\u00f6ln"}]
    assert (tmp_path / "out" / "dataset.csv").read_text(encoding="utf-8").splitlines() == ["name", "K\u00f6ln"]


def test_an_order_without_a_worker_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="At least one worker"):
        gristmill.run(TEMPLATE, records=1, models="scripted:demo", out=tmp_path / "out", workers=0)


def test_a_template_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="no template"):
        gristmill.run(tmp_path / "none.yaml", records=1)


def test_the_public_face_is_small_and_says_what_it_has() -> None:
    assert dir(gristmill) == ["Dataset", "__version__", "run"]
    with pytest.raises(AttributeError, match="nothing"):
        gristmill.__getattr__("nothing")
