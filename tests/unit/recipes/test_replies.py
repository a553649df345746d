"""From replies to outputs, and the words that ask for a better one."""

import pytest

from gristmill.domain.completion import Message
from gristmill.recipes import Parsed, Step, Unparsable, compile_template, parse_reply, repair_messages
from support.templates import SUPPORT_QA, one_step

QUESTION = {"question": "What is its size?"}
JSON_REPLY = '{"question": "What is its size?"}'


@pytest.fixture(scope="module")
def question() -> Step:
    return compile_template(SUPPORT_QA).steps[0]


@pytest.mark.parametrize(
    "reply",
    [
        JSON_REPLY,
        f"\n {JSON_REPLY} \n",
        f"Sure! Here it is:\n```json\n{JSON_REPLY}\n```\nAnything else?",
        f"```\n{JSON_REPLY}\n```",
        f"Here: {JSON_REPLY} Enjoy [it].",
        f"<think>Maybe {{}} or {{'a'}}?</think>{JSON_REPLY}",
        f"I use {{braces}} and [brackets: {JSON_REPLY}",
    ],
)
def test_json_is_found_where_models_put_it(question: Step, reply: str) -> None:
    assert parse_reply(question, reply) == Parsed(QUESTION)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("", "the reply was empty"),
        ("no idea", "not valid JSON"),
        ('{"question": "What', "not valid JSON"),
        ('{"question": "Eh"}', 'at question: "Eh" is shorter than 10 characters'),
        ("{}", '"question" is a required property'),
        ('{"question": NaN}', "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("{" * 1000 + '"' * 1001, "not valid JSON"),
    ],
)
def test_a_reply_that_cannot_be_used_says_why(question: Step, reply: str, why: str) -> None:
    outcome = parse_reply(question, reply)
    assert isinstance(outcome, Unparsable)
    assert why in outcome.why


def test_the_words_stay_short_however_long_the_reply(question: Step) -> None:
    outcome = parse_reply(question, f'{{"question": [{"1," * 9999}1]}}')
    assert isinstance(outcome, Unparsable)
    assert outcome.why.endswith('is not of type "string"')
    assert len(outcome.why) < 250


def test_a_text_reply_is_itself_without_space_around_it() -> None:
    step = compile_template(one_step()).steps[0]
    assert parse_reply(step, "  [not json \n") == Parsed("[not json")
    assert isinstance(parse_reply(step, " \n"), Unparsable)


def test_formats_and_patterns_of_a_schema_count() -> None:
    output = "    output: {type: object, properties: {day: {format: date}, code: {pattern: '^(a+)+$'}}}"
    step = compile_template(one_step() + output).steps[0]
    assert isinstance(parse_reply(step, '{"day": "2024-02-30"}'), Unparsable)
    assert isinstance(parse_reply(step, f'{{"code": "{"a" * 50_000}!"}}'), Unparsable)
    assert isinstance(parse_reply(step, '{"day": "2024-02-29", "code": "aa"}'), Parsed)


def test_a_repair_goes_on_with_the_same_conversation() -> None:
    asked = (Message(role="user", content="Ask."),)
    conversation = repair_messages(asked, "bad", "it was bad")
    assert conversation[:1] == asked
    assert conversation[1] == Message(role="assistant", content="bad")
    assert conversation[2].role == "user"
    assert "it was bad" in conversation[2].content
    assert repair_messages(asked, "", "empty")[1].content
