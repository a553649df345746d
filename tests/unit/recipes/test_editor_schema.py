"""The schema for editors agrees with the compiler."""

import jsonschema_rs
import pytest
import yaml

from gristmill.recipes import limits, template_schema
from support.templates import SUPPORT_QA, codes_of, one_step

VALIDATOR = jsonschema_rs.validator_for(dict(template_schema()))


def is_valid(source: str) -> bool:
    return VALIDATOR.is_valid(yaml.safe_load(source))


@pytest.mark.parametrize(
    "source",
    [
        SUPPORT_QA,
        one_step(),
        one_step() + "    output: text\n    stop: x\n    top_p: 0.5\ndefaults: {timeout: 5}",
        one_step() + "    examples: [{prompt: a, reply: b}]\nvary: {p: {seeds: people, weight: n}}",
        "name: a\nsteps: [{id: a, messages: [{role: system, content: x}, {role: user, content: y}]}]",
        one_step() + "record: {a: [1, {b: '{{ steps.q.output }}'}]}\nchecks: [{unique: [a]}]\nattempts: {}",
    ],
)
def test_a_template_that_compiles_is_valid(source: str) -> None:
    assert codes_of(source) == []
    assert is_valid(source)


@pytest.mark.parametrize(
    "source",
    [
        "{}",
        "name: A b\nsteps: [{id: a, prompt: x}]",
        "name: a\nsteps: []",
        "name: a\nsteps: [{id: a}]",
        "name: a\nsteps: [{id: a, messages: []}]",
        "name: a\nsteps: [{id: a, messages: [{role: x, content: y}]}]",
        one_step() + "    messages: [{role: user, content: y}]",
        one_step() + "    examples: [{prompt: x}]",
        one_step() + "vary: {a: {seeds: p.csv}}",
        one_step() + "vary: {a: {choice: [1], weight: w}}",
        one_step() + "more: 1",
        one_step() + "    promt: x",
        one_step() + "    when: x == 1",
        one_step() + "    top_p: 3",
        one_step() + "    output: 3",
        one_step() + "vary: {a: []}",
        one_step() + "vary: {a: {integer: [1]}}",
        one_step() + "vary: {a: {integer: [1, 2], round: 2}}",
        one_step() + "checks: [{}]",
        one_step() + "checks: [{unique: q, reason: x}]",
        one_step() + "attempts: {repair: 99}",
        one_step() + "record: {}",
    ],
)
def test_a_template_it_refuses_does_not_compile(source: str) -> None:
    assert codes_of(source) != []
    assert not is_valid(source)


def test_it_knows_the_keys_that_the_compiler_knows() -> None:
    schema = template_schema()
    properties = schema["properties"]
    assert isinstance(properties, dict)
    assert tuple(properties) == limits.TEMPLATE_KEYS
    assert set(properties["steps"]["items"]["properties"]) == set(limits.STEP_KEYS)
    assert set(properties["attempts"]["properties"]) == set(limits.ATTEMPTS_KEYS)
    assert set(properties["defaults"]["properties"]) == {"model", *limits.SAMPLING_KEYS}
    checks = {key for kind in properties["checks"]["items"]["oneOf"] for key in kind["properties"]}
    assert checks == {key for kind, others in limits.CHECK_KEYS.items() for key in (kind, *others)}
