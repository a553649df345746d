"""What lint finds only where settings and seeds are known."""

import sys
from datetime import UTC, datetime

import pytest

from gristmill.adapters.prices import open_prices
from gristmill.adapters.renderer.process import ChildRenderer
from gristmill.domain.completion import ModelName
from gristmill.domain.json import JsonObject
from gristmill.domain.model import Limits
from gristmill.jobs.lint import find_long_prompts, find_unknown_models, known_models
from gristmill.recipes import compile_template

ALIASES = {"cheap": ModelName("scripted:small"), "premium": ModelName("openai:large")}
PROVIDERS = ("openai", "scripted", "local")
TEMPLATE = """\
name: a
defaults: {model: cheap, max_tokens: 100}
steps:
  - {id: first, prompt: "{{ text }}"}
  - id: second
    model: MODEL
    prompt: "Short: {{ steps.first.output }}"
"""


class Rows(list[JsonObject]):
    """Seed rows as a list."""

    @property
    def rows(self) -> int:
        return len(self)

    def row(self, index: int) -> JsonObject:
        return self[index]


@pytest.mark.parametrize(
    ("model", "severity", "words"),
    [
        ("premum", "warning", "Did you mean 'premium'?"),
        ("mine", "warning", "--model mine=PROVIDER:MODEL"),
        ("openia:gpt-9", "error", "Did you mean 'openai:gpt-9'?"),
        ("elsewhere:gpt-9", "error", "there are openai:, scripted:, local:."),
    ],
)
def test_a_model_that_nobody_answers_for_is_found_where_it_stands(model: str, severity: str, words: str) -> None:
    recipe = compile_template(TEMPLATE.replace("MODEL", model))
    (finding,) = find_unknown_models(recipe, ALIASES, PROVIDERS)
    assert (finding.code, finding.severity, finding.line, finding.column) == ("unknown_model", severity, 6, 12)
    assert finding.path == "steps.second.model"
    assert words in finding.suggestion


def test_a_model_of_the_defaults_is_found_there() -> None:
    recipe = compile_template(TEMPLATE.replace("cheap", "cheep").replace("MODEL", "openai:mine"))
    (finding,) = find_unknown_models(recipe, ALIASES, PROVIDERS)
    assert (finding.line, finding.column) == (2, 19)


def test_a_known_alias_and_a_model_of_a_known_provider_are_fine() -> None:
    recipe = compile_template(TEMPLATE.replace("MODEL", "openai:mine"))
    assert find_unknown_models(recipe, ALIASES, PROVIDERS) == ()


@pytest.mark.parametrize(("longest", "codes"), [(1_000, []), (5_000, ["exceeds_context"])])
async def test_a_prompt_that_is_too_long_with_the_longest_row_is_found(longest: int, codes: list[str]) -> None:
    recipe = compile_template(TEMPLATE.replace("MODEL", "scripted:other"))
    prices = open_prices(
        own={},
        limits={ALIASES["cheap"]: Limits(context=1_000)},
        address_of=lambda _: "",
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
    rows = Rows([{"text": "short"}, {"text": "x" * longest}, {"text": "short"}])
    models = known_models(recipe, ALIASES, prices)
    found = await find_long_prompts(recipe, rows, {}, models, ChildRenderer())
    assert [finding.code for finding in found] == codes
    for finding in found:
        assert (finding.line, finding.column, finding.path) == (4, 25, "steps.first.prompt")
        assert "row 2" in finding.message
        assert "1,250 tokens" in finding.message
        assert "scripted:small takes 1,000" in finding.message


async def test_prompts_that_take_too_much_to_render_are_a_finding() -> None:
    recipe = compile_template(TEMPLATE.replace("MODEL", "scripted:other"))
    dying = ChildRenderer(command=(sys.executable, "-c", "import os; print('ready', flush=True); os.abort()"))
    (finding,) = await find_long_prompts(recipe, Rows([{"text": "short"}]), {}, {}, dying)
    assert (finding.code, finding.severity) == ("too_expensive", "warning")
    assert finding.message.startswith("With row 1, the longest: Rendering these prompts takes more than 2.5 seconds")
