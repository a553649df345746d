"""What a step says to its model: messages, and examples between system and prompt."""

import pytest

from gristmill.domain.completion import Message
from gristmill.domain.ids import Slot
from gristmill.domain.json import JsonObject
from gristmill.domain.scope import Scope
from gristmill.recipes import compile_template, render_messages
from support.templates import findings_of


def sent(step: str, seed: JsonObject) -> list[tuple[str, str]]:
    recipe = compile_template(f"name: a\nsteps:\n  - {{id: q, {step}}}\n")
    messages = render_messages(recipe, recipe.steps[0], Scope(slot=Slot(0), seed=seed))
    assert all(isinstance(message, Message) for message in messages)
    return [(message.role, message.content) for message in messages]


def test_messages_are_sent_in_the_order_written_each_filled_in() -> None:
    step = (
        "messages: [{role: system, content: 'Be {{ tone }}.'}, {role: user, content: 'Hi {{ name }}'},"
        " {role: assistant, content: 'Hello {{ name }}!'}, {role: user, content: Why?}]"
    )
    assert sent(step, {"tone": "kind", "name": "Ann"}) == [
        ("system", "Be kind."),
        ("user", "Hi Ann"),
        ("assistant", "Hello Ann!"),
        ("user", "Why?"),
    ]


def test_examples_stand_between_system_and_prompt() -> None:
    step = "prompt: 'Say {{ x }}', system: S, examples: [{prompt: 'Say', reply: '{{ y }}!'}, {prompt: b, reply: B}]"
    assert sent(step, {"x": "x", "y": "y"}) == [
        ("system", "S"),
        ("user", "Say"),
        ("assistant", "y!"),
        ("user", "b"),
        ("assistant", "B"),
        ("user", "Say x"),
    ]


@pytest.mark.parametrize(
    ("schema", "reply", "written"),
    [
        ("{type: object}", "{b: [1, é], a: null}", '{"b":[1,"é"],"a":null}'),
        ("{type: array}", "[1, {a: {b: 2}}]", '[1,{"a":{"b":2}}]'),
        ("{type: integer}", "7", "7"),
        ("{type: object}", "'{\"a\": 1}'", '{"a": 1}'),
        ("{type: object}", '\'{"a": "{{ x }}"}\'', '{"a": "y"}'),
    ],
)
def test_a_reply_that_is_a_value_is_sent_as_compact_json(schema: str, reply: str, written: str) -> None:
    step = f"prompt: P, output: {schema}, examples: [{{prompt: E, reply: {reply}}}]"
    assert sent(step, {"x": "y"})[1] == ("assistant", written)


def test_what_messages_and_examples_mention_is_checked_like_a_prompt() -> None:
    source = (
        "name: a\nsteps:\n"
        "  - {id: a, messages: [{role: user, content: '{{ steps.b.output }} {{ author.name }}'}]}\n"
        "  - {id: b, prompt: P, examples: [{prompt: '{{ topic }}', reply: x}]}\n"
    )
    recipe = compile_template(source)
    assert [step.id for step in recipe.steps] == ["b", "a"]
    assert [field.path for field in recipe.seed_fields] == [("author", "name"), ("topic",)]
    (finding,) = findings_of(source.replace("steps.b", "steps.c"))
    assert (finding.code, finding.path, finding.line) == ("unknown_step", "steps.a.messages[0].content", 3)
