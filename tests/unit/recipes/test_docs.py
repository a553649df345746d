"""What docs/templates.md says is so."""

import re
from pathlib import Path

import pytest
import yaml

from gristmill.recipes.filters import FILTERS, REMOVED
from gristmill.recipes.findings import Code
from gristmill.recipes.prose import PROSE_FILTERS
from gristmill.recipes.random_filters import RANDOM_FILTERS
from gristmill.recipes.texts import SANDBOX
from support.templates import findings_of

PAGE = (Path(__file__).parents[3] / "docs" / "templates.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
TEMPLATES = [block for block in BLOCKS if re.search(r"^steps:", block, re.MULTILINE)]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: yaml.safe_load(template)["name"])
def test_an_example_lints_clean(template: str) -> None:
    assert findings_of(template) == findings_of(template, "warning") == []


def test_there_are_examples_of_every_section() -> None:
    assert len(TEMPLATES) >= 7


def test_every_filter_is_named_and_none_that_is_not_there() -> None:
    ours, theirs = PAGE.split("\n## Checks")[0].split("### Of Gristmill")[1].split("### Of Jinja2")
    known = set(SANDBOX.filters)
    listed = set(re.findall(r"^\| `(\w+)", ours, re.MULTILINE))
    kept, removed = theirs.split("Left out are")
    assert listed == {*FILTERS, *RANDOM_FILTERS, *PROSE_FILTERS} & listed
    assert listed | set(re.findall(r"`(\w+)`", kept)) == known
    assert set(re.findall(r"`(\w+)`", removed)) - {"random_choice"} == set(REMOVED)


def test_every_code_of_a_finding_is_told() -> None:
    table = PAGE.split("## What `lint` finds")[1]
    told = set(
        re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|")))
    )
    source = Path(__file__).parents[3] / "src" / "gristmill"
    # What HTTP alone refuses is told in its own documentation.
    sources = [path for path in source.rglob("*.py") if not path.is_relative_to(source / "api")]
    written = {code for path in sources for code in re.findall(r'\bcode="(\w+)"', path.read_text(encoding="utf-8"))}
    assert told == {code.value for code in Code} | written - {"bad_setting", "unknown_setting"}
