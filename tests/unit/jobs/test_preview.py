from pathlib import Path

import pytest

from gristmill.domain.money import NanoUsd
from gristmill.jobs.create import plan_order
from gristmill.jobs.estimate import estimate_json, estimate_order
from gristmill.jobs.preview import preview_json, preview_slots
from gristmill.recipes import compile_template, placeholder
from support.orders import PRICED_MODEL, TEMPLATE, a_request, open_ports


async def test_a_preview_shows_seeds_draws_and_prompts_with_placeholders_for_answers(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        request = await a_request(ports, tmp_path)
        recipe = compile_template(request.template)
        previews = await preview_slots(recipe, plan_order(recipe, request, ports), request, ports, n=4)
    first, last = preview_json(previews[0]), preview_json(previews[3])
    assert first["seed"] == last["seed"] == {"city": {"name": "Lima"}}
    assert [call.step for call in previews[0].calls] == ["question", "answer"]
    question, answer = previews[0].calls
    tone = previews[0].values["tone"]
    assert question.messages[0].content == f"A {tone} question about Lima."
    assert answer.messages[0].content == "Answer: ‹question.text›"


@pytest.mark.parametrize("prompt", ["{{ 1 // (city.name | length - 4) }}", "{{ city.name | center(20000000) }}"])
async def test_a_preview_of_a_prompt_that_cannot_be_rendered_says_why(tmp_path: Path, prompt: str) -> None:
    template = TEMPLATE.replace("about {{ city.name }}", prompt)
    async with open_ports(tmp_path) as ports:
        request = await a_request(ports, tmp_path, template=template)
        recipe = compile_template(request.template)
        previews = await preview_slots(recipe, plan_order(recipe, request, ports), request, ports, n=1)
        guess = await estimate_order(recipe, plan_order(recipe, request, ports), request, ports)
    assert previews[0].calls[0].problem
    assert "could not be rendered" in guess.warnings[0]


async def test_an_estimate_grows_from_low_to_worst_and_scales_with_the_records(tmp_path: Path) -> None:
    async with open_ports(tmp_path) as ports:
        request = await a_request(ports, tmp_path, records=1000, aliases={"cheap": PRICED_MODEL}, budget=NanoUsd(10**9))
        recipe = compile_template(request.template)
        order = plan_order(recipe, request, ports)
        guess = await estimate_order(recipe, order, request, ports)
    shown = estimate_json(guess)
    assert guess.load.calls.low == 2000
    assert guess.load.cost.low < guess.load.cost.likely < guess.load.cost.high < guess.worst
    assert guess.seconds.low < guess.seconds.likely < guess.seconds.high
    assert shown["records"] == 1000
    assert shown["acceptance"] == {"rate": 0.9, "low": 0.6, "high": 1.0, "from": "assumed"}


def test_a_placeholder_has_the_shape_of_its_schema() -> None:
    schema = """{type: object, properties: {
        name: {type: string}, age: {type: integer, minimum: 18}, tags: {type: array, items: {type: string}},
        kind: {enum: [a, b]}, sure: {type: boolean}, is: {const: 7}}}"""
    recipe = compile_template(f"name: t\nsteps:\n  - id: who\n    prompt: Hi\n    output: {schema}\n")
    assert placeholder(recipe.steps[0]) == {
        "name": "‹who.name›",
        "age": 18,
        "tags": ["‹who.tags[]›"],
        "kind": "a",
        "sure": True,
        "is": 7,
    }
