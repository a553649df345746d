"""How a call is written, and how another form of it is learned."""

import random
import re

import orjson
import pytest

from gristmill.adapters.openai.requests import Form, encode_body, first_form, is_strict, next_form
from gristmill.domain.completion import Completion, Message, ModelName, Sampling, Schema
from gristmill.domain.pricing import worst_input_tokens

OPEN = '{"type":"object","required":["a"],"properties":{"a":{"type":"string"}}}'
CLOSED = '{"additionalProperties":false,"type":"object","required":["a"],"properties":{"a":{"type":"string"}}}'


def completion(*contents: str, schema: str | None = None, **sampling: object) -> Completion:
    return Completion(
        model=ModelName("openai:any"),
        messages=tuple(Message(role="user", content=content) for content in contents),
        sampling=Sampling(max_tokens=50, **sampling),  # type: ignore[arg-type]
        schema=Schema(name="a step", text=schema) if schema else None,
    )


def test_only_what_was_asked_for_is_sent() -> None:
    sent = orjson.loads(encode_body("any", completion("hello"), Form(limit_word="max_tokens")))
    assert sent == {"model": "any", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 50}
    whole = completion("hello", temperature=0.5, top_p=0.9, stop=("END",))
    sent = orjson.loads(encode_body("any", whole, Form(limit_word="max_completion_tokens")))
    assert (sent["temperature"], sent["top_p"], sent["stop"]) == (0.5, 0.9, ["END"])
    assert (sent["max_completion_tokens"], "max_tokens" in sent) == (50, False)


def test_a_schema_goes_as_response_format_and_strict_only_where_openai_takes_it() -> None:
    for schema, strict in ((OPEN, None), (CLOSED, True)):
        sent = orjson.loads(encode_body("any", completion("hello", schema=schema), Form(limit_word="max_tokens")))
        described = sent["response_format"]["json_schema"]
        assert described["schema"] == orjson.loads(schema)
        assert described.get("strict") is strict
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", described["name"])


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (CLOSED, True),
        (OPEN, False),
        ('{"type":"array","items":{"type":"string"}}', False),
        ('{"type":"object","additionalProperties":false,"properties":{"a":{"type":"string"}}}', False),
        (CLOSED.replace('{"type":"string"}', '{"type":"string","minLength":3}'), False),
        (CLOSED.replace('{"type":"string"}', '{"type":"array","items":' + OPEN + "}"), False),
        (CLOSED.replace('{"type":"string"}', '{"type":"array","items":' + CLOSED + "}"), True),
        ("true", False),
    ],
)
def test_strict_is_said_of_no_schema_that_openai_would_refuse(schema: str, *, strict: bool) -> None:
    assert is_strict(orjson.loads(schema)) is strict


@pytest.mark.parametrize("model", ["o3", "o4-mini", "gpt-5", "gpt-5.4-mini"])
def test_reasoning_models_are_known_by_their_names(model: str) -> None:
    assert first_form(model).limit_word == "max_completion_tokens"


@pytest.mark.parametrize("model", ["gpt-4.1-mini", "llama-3", "openai/gpt-4o", "olmo-2", "gpt-oss-20b"])
def test_others_get_max_tokens(model: str) -> None:
    assert first_form(model).limit_word == "max_tokens"


def test_forms_are_learned_from_a_refusal_and_end_after_two() -> None:
    form: Form | None = first_form("any")
    words = "'response_format' of type 'json_schema' and 'max_tokens' are not supported. Use 'max_completion_tokens'."
    learned = 0
    while form := next_form(form, words):  # type: ignore[arg-type]
        learned += 1
        last = form
    assert (learned, last) == (2, Form(limit_word="max_completion_tokens", takes_schema=False))
    assert next_form(first_form("any"), "The context is too long.") is None


def test_without_response_format_the_schema_is_the_last_line_of_the_prompt() -> None:
    form = Form(limit_word="max_tokens", takes_schema=False)
    sent = orjson.loads(encode_body("any", completion("first", "hello", schema=OPEN), form))
    assert "response_format" not in sent
    assert sent["messages"][0]["content"] == "first"
    assert sent["messages"][1]["content"].startswith("hello\n")
    assert sent["messages"][1]["content"].rsplit("\n", 1)[1] == OPEN


@pytest.mark.parametrize("takes_schema", [True, False])
def test_no_tokenizer_can_count_more_than_the_worst_case(*, takes_schema: bool) -> None:
    chance = random.Random(1)
    texts = ["", "plain", '\n\t"\\', "é" * 40, "漢字" * 30, "\ufdfa" * 20, "👩‍👩‍👧" * 9]
    for _ in range(200):
        contents = chance.choices(texts, k=chance.randint(1, 9))
        request = completion(*contents, schema=chance.choice((None, OPEN, CLOSED)), temperature=0.123456789)
        sent = orjson.loads(encode_body("any", request, Form(limit_word="max_tokens", takes_schema=takes_schema)))
        said = sum(len(f"{message['role']}{message['content']}".encode()) for message in sent["messages"])
        frame = len(orjson.dumps(sent.get("response_format", "")))
        assert said + frame <= worst_input_tokens(request)


def test_half_a_surrogate_pair_is_refused_before_it_is_sent() -> None:
    with pytest.raises(TypeError):
        encode_body("any", completion("\ud800"), Form(limit_word="max_tokens"))
