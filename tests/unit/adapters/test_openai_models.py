"""OpenAiModels against a loopback provider: forms learned, keys kept, proxies and certificates from the environment."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest
import trustme

from gristmill.adapters.openai import Endpoint, Endpoints, OpenAiModels
from gristmill.domain.completion import Completion, Message, ModelName, Sampling, Schema
from gristmill.errors import (
    BadInputError,
    CallRefusedError,
    FormRefusedError,
    ProviderFaultError,
    UnknownModelError,
)
from support.provider import Conduct, serve

SCHEMA = Schema(name="q", text='{"type":"object","required":["a"],"properties":{"a":{"type":"string"}}}')
ANY = ModelName("openai:any")
KEY = "sk-secret"


def completion(*, schema: Schema | None = None, content: str = "hello") -> Completion:
    messages = (Message(role="user", content=content),)
    return Completion(model=ANY, messages=messages, sampling=Sampling(max_tokens=50, timeout_seconds=5), schema=schema)


@asynccontextmanager
async def models_at(base_url: str, key: str = KEY) -> AsyncIterator[OpenAiModels]:
    models = OpenAiModels(Endpoints(default=Endpoint(base_url=base_url, api_key=key)))
    try:
        yield models
    finally:
        await models.close()


@asynccontextmanager
async def answering(content: bytes) -> AsyncIterator[str]:
    """A server that answers anything with these bytes and hangs up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(content)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


async def test_a_refused_response_format_is_tried_once_and_never_again() -> None:
    with serve(Conduct(takes_schema=False, reply_tokens=20)) as provider:
        async with models_at(provider.base_url) as models:
            with pytest.raises(FormRefusedError):
                await models.complete(completion(schema=SCHEMA))
            assert provider.stats()["calls"] == 1
            for content in ("hello", "again"):
                reply = await models.complete(completion(schema=SCHEMA, content=content))
                assert "a" in orjson.loads(reply.text)
            assert provider.stats()["calls"] == 3
            assert provider.stats()["billed_calls"] == 2


async def test_calls_in_flight_while_a_form_is_learned_go_again_too() -> None:
    with serve(Conduct(takes_schema=False)) as provider:
        async with models_at(provider.base_url) as models:
            calls = (models.complete(completion(schema=SCHEMA)) for _ in range(10))
            ends = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(end) for end in ends} == {FormRefusedError}
            assert (await models.complete(completion(schema=SCHEMA))).text


async def test_max_completion_tokens_is_learned_from_the_refusal() -> None:
    with serve(Conduct(wants_completion_tokens=True)) as provider:
        async with models_at(provider.base_url) as models:
            with pytest.raises(FormRefusedError):
                await models.complete(completion())
            assert (await models.complete(completion())).usage
            assert orjson.loads(provider.last()["body"])["max_completion_tokens"] == 50


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_refusal_of_every_call_is_hopeless_and_in_the_providers_words(status: int) -> None:
    with serve(Conduct(refuse=status)) as provider:
        async with models_at(provider.base_url) as models:
            with pytest.raises(CallRefusedError, match=f"refuses all calls with {status}") as refused:
                await models.complete(completion())
            assert refused.value.hopeless


async def test_a_key_that_the_provider_repeats_is_not_repeated_by_us() -> None:
    words = orjson.dumps({"error": {"message": f"Incorrect API key provided: {KEY}"}})
    head = f"HTTP/1.1 401 Unauthorized\r\nContent-Length: {len(words)}\r\n\r\n".encode()
    async with answering(head + words) as url, models_at(url) as models:
        with pytest.raises(CallRefusedError, match=r"provided: \*\*\*") as refused:
            await models.complete(completion())
        assert KEY not in repr(refused.value)
    assert KEY not in repr(Endpoint(base_url=url, api_key=KEY))


async def test_a_key_is_sent_only_where_there_is_one() -> None:
    with serve() as provider:
        for key, sent in ((KEY, True), ("", False)):
            async with models_at(provider.base_url, key) as models:
                await models.complete(completion())
            assert (f"bearer {KEY}" in provider.last()["headers"].lower()) is sent


async def test_a_redirect_is_not_followed() -> None:
    moved = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    async with answering(moved) as url, models_at(url) as models:
        with pytest.raises(CallRefusedError, match="307"):
            await models.complete(completion())


@pytest.mark.parametrize(
    "content",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"no HTTP at all\r\n\r\n",
        b"",
    ],
)
async def test_an_answer_that_is_none_is_a_fault(content: bytes) -> None:
    async with answering(content) as url, models_at(url) as models:
        with pytest.raises(ProviderFaultError) as fault:
            await models.complete(completion())
        assert fault.value.sent


async def test_what_never_connected_was_never_sent() -> None:
    async with answering(b"") as url:
        pass
    async with models_at(url) as models:
        with pytest.raises(ProviderFaultError) as fault:
            await models.complete(completion())
        assert not fault.value.sent


async def test_connections_are_used_again() -> None:
    opened = 0

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        body = b'{"choices":[{"message":{"content":"hello"}}]}'
        while head := await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b"":
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            if b"last" in head:
                break

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with models_at(f"http://127.0.0.1:{port}/v1") as models:
            for _ in range(5):
                await models.complete(completion())
    assert opened == 1


async def test_a_proxy_of_the_environment_gets_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve() as proxy:
        monkeypatch.setenv("http_proxy", proxy.base_url.removesuffix("/v1"))
        monkeypatch.setenv("no_proxy", "direct.invalid")
        async with models_at("http://far.invalid/v1") as models:
            await models.complete(completion())
        assert proxy.last()["headers"].startswith("POST http://far.invalid/v1/chat/completions")
        async with models_at("http://direct.invalid/v1") as models:
            with pytest.raises(ProviderFaultError):
                await models.complete(completion())


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
async def test_a_certificate_authority_of_the_environment_is_trusted(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for other in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(other, raising=False)
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with serve(tls=tls) as provider:
        async with models_at(provider.base_url) as models:
            with pytest.raises(ProviderFaultError, match="certificate"):
                await models.complete(completion())
        monkeypatch.setenv(variable, str(tmp_path / "ca.pem"))
        async with models_at(provider.base_url) as models:
            assert (await models.complete(completion())).text


def test_certificates_that_are_none_are_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    with pytest.raises(BadInputError, match=r"/nowhere\.pem"):
        OpenAiModels(Endpoints.from_environment({}))


async def test_half_a_surrogate_pair_is_refused_and_nothing_is_sent() -> None:
    with serve() as provider:
        async with models_at(provider.base_url) as models:
            with pytest.raises(CallRefusedError):
                await models.complete(completion(content="\ud800"))
        assert provider.stats()["calls"] == 0


def test_openai_without_a_key_is_refused_before_anything_starts() -> None:
    with pytest.raises(UnknownModelError, match="OPENAI_API_KEY"):
        Endpoints.from_environment({}).check(ANY)
    Endpoints.from_environment({"OPENAI_API_KEY": KEY}).check(ANY)
    Endpoints.from_environment({"OPENAI_BASE_URL": "http://127.0.0.1:8000/v1"}).check(ANY)
    own = Endpoints.from_environment({}, {ANY: Endpoint(base_url="http://127.0.0.1:1/v1/")})
    own.check(ANY)
    assert own.endpoint_of(ANY).url == "http://127.0.0.1:1/v1/chat/completions"
    with pytest.raises(UnknownModelError, match="names no model"):
        own.check(ModelName("openai:"))
    with pytest.raises(UnknownModelError, match="http://"):
        Endpoints.from_environment({"OPENAI_BASE_URL": "127.0.0.1:8000"}).check(ANY)
