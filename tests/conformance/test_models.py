"""Every Models is the same thing: asked once, it answers once, in time, with usage, or raises what its port says."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace

import jsonschema_rs
import orjson
import pytest

from gristmill.adapters.openai import Endpoint, Endpoints, OpenAiModels
from gristmill.adapters.routing import CheckedModels, RoutedModels
from gristmill.adapters.scripted import ScriptedModels
from gristmill.domain.completion import Completion, Message, ModelName, Reply, Sampling, Schema
from gristmill.domain.money import NanoUsd
from gristmill.domain.pricing import Price, Rates, cost_of, worst_input_tokens
from gristmill.errors import ProviderFaultError, RateLimitedError, UnknownModelError
from support.provider import Conduct, serve

SCHEMA = Schema(
    name="question",
    text='{"properties":{"question":{"minLength":10,"type":"string"},"score":{"maximum":5,"minimum":1,"type":"integer"}},'
    '"required":["question","score"],"type":"object"}',
)


ASKED = "Write a question about the Aurora Lamp."


def completion(
    model: str, *, schema: Schema | None = None, text: str = "Write a question about the Aurora Lamp."
) -> Completion:
    return Completion(
        model=ModelName(model),
        messages=(Message(role="system", content="You are brief."), Message(role="user", content=text)),
        sampling=Sampling(max_tokens=200, temperature=0.5, timeout_seconds=5.0),
        schema=schema,
    )


@dataclass(frozen=True, slots=True)
class Case:
    """Models, and the name of a model of theirs."""

    models: CheckedModels
    name: str


@asynccontextmanager
async def opened(kind: str, fault: str = "") -> AsyncIterator[Case]:
    with provider_for(kind, fault) as case:
        before = asyncio.all_tasks()
        yield case
        await case.models.close()
        assert asyncio.all_tasks() == before


@contextmanager
def provider_for(kind: str, fault: str) -> Iterator[Case]:
    if kind == "scripted":
        yield Case(ScriptedModels(), f"scripted:demo?retry_after=2&{fault}=1" if fault else "scripted:demo")
        return
    conduct = Conduct(faults={fault: 1.0} if fault else {}, retry_after="2", reply_tokens=40)
    with serve(conduct) as provider:
        endpoints = Endpoints(default=Endpoint(base_url=provider.base_url, api_key="secret"))
        models: CheckedModels = OpenAiModels(endpoints)
        yield Case(RoutedModels({"openai": lambda: models}) if kind == "routed" else models, "openai:any")


@pytest.fixture(params=["openai", "scripted", "routed"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def _text_reply(kind: str) -> None:
    async with opened(kind) as case:
        reply = await case.models.complete(completion(case.name))
        assert reply.text
        assert reply.finish_reason == "stop"
        assert reply.usage is not None
        assert 0 < reply.usage.input <= worst_input_tokens(completion(case.name))
        assert 0 < reply.usage.output <= 200


def test_a_text_call_brings_text_and_usage_within_the_bound(kind: str) -> None:
    asyncio.run(_text_reply(kind))


async def _schema_reply(kind: str) -> None:
    async with opened(kind) as case:
        reply = await case.models.complete(completion(case.name, schema=SCHEMA))
        jsonschema_rs.validate(orjson.loads(SCHEMA.text), orjson.loads(reply.text))


def test_a_call_with_a_schema_brings_a_value_that_satisfies_it(kind: str) -> None:
    asyncio.run(_schema_reply(kind))


async def _same_reply(kind: str) -> None:
    async with opened(kind) as case:
        once, again = [await case.models.complete(completion(case.name)) for _ in range(2)]
        other = await case.models.complete(completion(case.name, text="Write a question about the Boreal Kettle."))
        assert once == again
        assert once.text != other.text


def test_the_same_call_brings_the_same_reply_and_another_another(kind: str) -> None:
    asyncio.run(_same_reply(kind))


async def _rate_limit(kind: str) -> None:
    async with opened(kind, "429") as case:
        with pytest.raises(RateLimitedError) as refused:
            await case.models.complete(completion(case.name))
        assert (refused.value.status, refused.value.retry_after) == (429, 2.0)


def test_a_429_says_how_long_to_wait(kind: str) -> None:
    asyncio.run(_rate_limit(kind))


async def _faults(kind: str, fault: str) -> None:
    async with opened(kind, fault) as case:
        with pytest.raises(ProviderFaultError):
            await case.models.complete(completion(case.name))


@pytest.mark.parametrize("fault", ["500", "reset"])
def test_a_failing_provider_is_a_fault_of_the_provider(kind: str, fault: str) -> None:
    asyncio.run(_faults(kind, fault))


async def _stall(kind: str) -> None:
    async with opened(kind, "stall") as case:
        request = completion(case.name)
        hasty = replace(request, sampling=replace(request.sampling, timeout_seconds=0.05))
        started = asyncio.get_running_loop().time()
        with pytest.raises(ProviderFaultError):
            await case.models.complete(hasty)
        assert asyncio.get_running_loop().time() - started < 2


def test_a_call_ends_at_its_timeout(kind: str) -> None:
    asyncio.run(_stall(kind))


async def _many(kind: str) -> None:
    async with opened(kind) as case:
        requests = [completion(case.name, text=f"Write a question about Lamp Number {n}.") for n in range(100)]
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(case.models.complete(request)) for request in requests]
        assert len({task.result().text for task in asked}) == 100


def test_a_hundred_calls_at_once_are_a_hundred_answers(kind: str) -> None:
    asyncio.run(_many(kind))


async def _bill() -> None:
    price = Price(table="own", rates=Rates(input=NanoUsd(123_456_789), output=NanoUsd(987_654_321)))
    faults = {"429": 0.1, "500": 0.1, "error_body": 0.1}
    conduct = Conduct(reply_tokens=0, faults=faults, input_price=price.rates.input, output_price=price.rates.output)
    with serve(conduct) as provider:
        models = OpenAiModels(Endpoints(default=Endpoint(base_url=provider.base_url)))
        requests = [completion("openai:any", text=f"Write {'more ' * n}.") for n in range(200)]
        ends = await asyncio.gather(*map(models.complete, requests), return_exceptions=True)
        await models.close()
        usages = [end.usage for end in ends if isinstance(end, Reply) and end.usage]
        assert sum(cost_of(price, usage) for usage in usages) == provider.stats()["billed_nano"]
        assert 100 < len(usages) == provider.stats()["billed_calls"] < 200


def test_what_the_provider_bills_is_what_its_usage_costs() -> None:
    asyncio.run(_bill())


def test_a_name_nobody_answers_to_is_refused_before_anything_starts() -> None:
    routed = RoutedModels({"scripted": ScriptedModels})
    with pytest.raises(UnknownModelError, match="there are scripted:"):
        routed.check(ModelName("bedrock:claude"))
    with pytest.raises(UnknownModelError, match="There are demo, slow, flaky"):
        routed.check(ModelName("scripted:nobody"))
