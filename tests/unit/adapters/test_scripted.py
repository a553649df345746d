"""The scripted model: values that satisfy schemas, faults by script, and prose that names its subject."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace

import jsonschema_rs
import orjson
import pytest

from gristmill.adapters.scripted import ScriptedModels
from gristmill.adapters.scripted.models import count_input
from gristmill.adapters.scripted.script import Script, read_script
from gristmill.domain.completion import Completion, Message, ModelName, Reply, Sampling, Schema
from gristmill.errors import ModelError, ProviderFaultError, RateLimitedError, UnknownModelError
from support.virtual_time import VirtualClock, run_virtually


def completion(content: str, *, name: str = "scripted:demo", schema: str | None = None, most: int = 500) -> Completion:
    return Completion(
        model=ModelName(name),
        messages=(Message(role="user", content=content),),
        sampling=Sampling(max_tokens=most, timeout_seconds=9),
        schema=Schema(name="q", text=schema) if schema else None,
    )


async def ask(request: Completion) -> Reply:
    return await ScriptedModels().complete(request)


SCHEMAS = [
    {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "minLength": 300}}},
    {"type": "object", "properties": {"a": {"enum": [1, "two", None]}, "b": {"const": [1]}, "c": {"type": "boolean"}}},
    {"type": "array", "items": {"type": "integer", "minimum": 3, "maximum": 7}, "minItems": 5, "maxItems": 9},
    {"type": "array", "uniqueItems": True, "items": {"type": "integer", "minimum": 1, "maximum": 50}, "minItems": 8},
    {
        "type": "array",
        "prefixItems": [{"type": "string"}, {"type": "null"}],
        "items": {"type": "number"},
        "minItems": 3,
    },
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.1},
    {"type": "number", "minimum": -5, "maximum": -4},
    {"type": "integer", "multipleOf": 7, "minimum": 20, "maximum": 40},
    {"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 3},
    {"type": "integer", "minimum": 10**12},
    {"type": ["null", "string"], "maxLength": 12},
    {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    {"allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"required": ["b"]}]},
    {
        "$defs": {"p": {"type": "object", "required": ["x"], "properties": {"x": {"type": "number"}}}},
        "$ref": "#/$defs/p",
    },
    {"type": "string", "format": "date"},
    {"type": "string", "pattern": "^(What|How|Is|Can|Does|Which) [A-Za-z0-9 '-]+[?]$", "minLength": 15},
    {"type": "string", "pattern": "^[a-z]+-[0-9]+$"},
    {"type": "string", "pattern": "^[0-9]{3}$"},
    {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    {"type": "null"},
    {},
]


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_a_value_satisfies_its_schema(schema: dict[str, object]) -> None:
    for number in range(20):
        reply = await ask(completion(f"Write about Lamp {number}.", schema=orjson.dumps(schema).decode()))
        jsonschema_rs.validate(schema, orjson.loads(reply.text))


@pytest.mark.parametrize(
    ("prompt", "subject"),
    [
        ("Product: Walnut Chess Set\nSize: 40 cm\n\nProduct: Fern Plant Pot\nCare: Water it.", "Fern Plant Pot"),
        ("Aurora Desk Lamp: a lamp with a long arm.\n\nHow do I clean it?", "Aurora Desk Lamp"),
        ("Write a question about the Boreal Kettle, please.", "Boreal Kettle"),
        ('Write a question about "tidal energy" for a class.', "tidal energy"),
        ("Rewrite as a question: the size of the Fern Plant Pot", "Fern Plant Pot"),
        ("write a question about photosynthesis", "photosynthesis"),
    ],
)
async def test_a_question_names_what_its_prompt_is_about(prompt: str, subject: str) -> None:
    schema = '{"type":"object","required":["question"],"properties":{"question":{"type":"string"}}}'
    question = orjson.loads((await ask(completion(prompt, schema=schema))).text)["question"]
    assert subject in question
    assert question.endswith("?")


async def test_a_prompt_that_ends_with_a_fact_is_answered_with_it() -> None:
    reply = await ask(completion('Answer "How wide is it?" with this fact: It is 18 centimetres wide.'))
    assert reply.text == "It is 18 centimetres wide."


async def test_a_pattern_that_nothing_meets_harms_nobody() -> None:
    reply = await ask(completion("x", schema='{"type": "string", "pattern": "^q{77}$"}'))
    assert orjson.loads(reply.text)


async def test_a_reply_longer_than_its_limit_is_cut_off_and_says_so() -> None:
    reply = await ask(completion("Write about the Boreal Kettle.", most=5))
    assert reply.finish_reason == "length"
    assert len(reply.text) == 20
    assert reply.usage is not None
    assert (reply.usage.input, reply.usage.output) == (count_input(completion("Write about the Boreal Kettle.")), 5)


def test_tokens_are_counted_by_the_stated_rule() -> None:
    assert count_input(completion("é" * 10)) == 5 + 4
    assert count_input(completion("hello", schema="{}")) == 2 + 4 + 1


async def play(name: str, calls: int) -> list[str]:
    models, ends = ScriptedModels(), []
    for number in range(calls):
        try:
            reply = await models.complete(completion(f"Write about Lamp {number}.", name=name))
        except RateLimitedError as error:
            ends.append(f"{error.status} {error.retry_after}")
        except ProviderFaultError as error:
            ends.append(str(error.status))
        else:
            ends.append("cannot" if reply.text.startswith("Sorry") else reply.finish_reason)
    return ends


def test_faults_come_in_their_shares_and_the_same_each_time() -> None:
    name = "scripted:demo?429=0.2&503=0.1&500=0.1&reset=0.1&garbage=0.1&length=0.1&retry_after=3&seed=5"
    once, again = (run_virtually(lambda _: play(name, 2000)) for _ in range(2))
    assert once == again
    assert once != run_virtually(lambda _: play(name.replace("seed=5", "seed=6"), 2000))
    counts = Counter(once)
    assert set(counts) == {"429 3.0", "503 3.0", "500", "0", "cannot", "length", "stop"}
    assert counts["429 3.0"] == pytest.approx(400, abs=80)


def test_latency_and_stalls_take_their_time() -> None:
    async def main(clock: VirtualClock) -> tuple[float, float]:
        began = clock.seconds
        await ScriptedModels().complete(completion("x", name="scripted:slow"))
        answered = clock.seconds - began
        with pytest.raises(ProviderFaultError):
            await ScriptedModels().complete(completion("x", name="scripted:demo?stall=1"))
        return answered, clock.seconds - began

    answered, both = run_virtually(main)
    assert answered == pytest.approx(1)
    assert both == pytest.approx(10)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("scripted:nobody", "There are demo, slow, flaky"),
        ("scripted:demo?speed=9", "no setting 'speed'"),
        ("scripted:demo?429=2", "from 0 to 1"),
        ("scripted:demo?latency=soon", "latency=soon"),
        ("scripted:demo?latency=-1", "from 0 on"),
        ("scripted:demo?retry_after=nan", "from 0 on"),
        ("scripted:demo?429=nan", "from 0 to 1"),
        ("scripted:demo?429=0.6&500=0.6", "more than all"),
    ],
)
def test_a_name_that_is_no_script_says_what_there_is(name: str, words: str) -> None:
    with pytest.raises(UnknownModelError, match=words):
        read_script(ModelName(name))


def test_settings_go_on_top_of_the_script() -> None:
    assert read_script(ModelName("scripted:slow?latency=0.5&seed=3")) == Script(latency=0.5, seed=3)
    assert read_script(ModelName("scripted:flaky?500=0")).faults["429"] == 0.05


async def test_a_hundred_at_once_do_not_disturb_each_other() -> None:
    models = ScriptedModels()
    asked = [models.complete(completion(f"Write about Lamp {n}.")) for n in range(100)]
    replies = await asyncio.gather(*asked)
    assert replies == [await ask(completion(f"Write about Lamp {n}.")) for n in range(100)]
    assert not any(isinstance(reply, ModelError) for reply in replies)


TABLES = "CREATE TABLE film (id INTEGER PRIMARY KEY, title TEXT);\nINSERT INTO film VALUES (1, 'Dawn');\n"


async def test_sql_is_a_query_that_finds_something_in_the_tables_of_the_prompt() -> None:
    for question in map(str, range(20)):
        schema = '{"type":"object","properties":{"sql":{"type":"string","pattern":"^SELECT"}}}'
        reply = await ask(completion(TABLES + question, schema=schema))
        with closing(sqlite3.connect(":memory:")) as database:
            database.executescript(TABLES)
            assert database.execute(orjson.loads(reply.text)["sql"]).fetchall()


async def test_a_quote_is_a_whole_sentence_of_the_prompt() -> None:
    schema = '{"type":"object","properties":{"quote":{"type":"string"}}}'
    reply = await ask(
        completion("Text: Books are lent for 28 days. Films cost 2.50 euros.\n\nWhich proves it?", schema=schema)
    )
    assert orjson.loads(reply.text)["quote"] in {"Books are lent for 28 days.", "Films cost 2.50 euros."}


async def test_a_call_is_to_the_tool_that_is_named_last_with_arguments_of_its_schema() -> None:
    schema = '{"type":"object","properties":{"name":{"type":"string"},"arguments":{"type":"object"}}}'
    tools = [
        {"name": name, "parameters": {"type": "object", "properties": {key: {"type": "integer"}}}}
        for name, key in (("set_volume", "percent"), ("start_timer", "minutes"))
    ]
    shown = "\n".join(orjson.dumps(tool).decode() for tool in tools)
    messages = (Message(role="system", content=shown), Message(role="user", content="Use start_timer, please."))
    called = orjson.loads((await ask(replace(completion("", schema=schema), messages=messages))).text)
    assert called["name"] == "start_timer"
    assert isinstance(called["arguments"].pop("minutes"), int)
    assert called["arguments"] == {}


async def test_another_seed_is_another_writer() -> None:
    one, other = [
        (await ask(completion("Write about Tea.", name=f"scripted:demo?seed={seed}"))).text for seed in (1, 2)
    ]
    assert one != other
