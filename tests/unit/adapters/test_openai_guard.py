"""Endpoints that users bring lead nowhere inside, whatever a name says and however late it says it."""

import asyncio
import socket
from typing import Any

import pytest

from gristmill.adapters.openai import Endpoint, Endpoints, OpenAiModels
from gristmill.domain.completion import Completion, Message, ModelName, Sampling
from gristmill.errors import CallRefusedError
from support.provider import Conduct, serve

ANY, OURS = ModelName("openai:any"), ModelName("openai:ours")


async def ask(models: OpenAiModels, name: ModelName = ANY) -> None:
    messages = (Message(role="user", content="hello"),)
    request = Completion(model=name, messages=messages, sampling=Sampling(max_tokens=50, timeout_seconds=5))
    await models.complete(request)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "127.1", "0.0.0.0"])
async def test_no_connection_is_made_into_this_machine(host: str) -> None:
    with serve(Conduct()) as provider:
        endpoint = Endpoint(base_url=provider.base_url.replace("127.0.0.1", host), is_guarded=True)
        models = OpenAiModels(Endpoints(default=endpoint))
        with pytest.raises(CallRefusedError, match=r"private network|is no address") as refusal:
            await ask(models)
        await models.close()
        assert refusal.value.hopeless
        assert provider.stats()["calls"] == 0


async def test_a_name_that_turns_private_after_it_was_looked_at_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(Conduct()) as provider:
        port = int(provider.base_url.rsplit(":", 1)[1].split("/")[0])
        resolve = socket.getaddrinfo

        def rebound(host: str, *rest: Any, **more: Any) -> Any:
            return resolve("127.0.0.1" if host == "models.example.org" else host, *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", rebound)
        endpoint = Endpoint(base_url=f"http://models.example.org:{port}/v1", is_guarded=True)
        models = OpenAiModels(Endpoints(default=endpoint))
        with pytest.raises(CallRefusedError, match="private network"):
            await ask(models)
        await models.close()
        assert provider.stats()["calls"] == 0


async def test_no_proxy_is_asked_on_behalf_of_a_users_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(Conduct()) as proxy:
        monkeypatch.setenv("http_proxy", proxy.base_url)
        models = OpenAiModels(Endpoints(default=Endpoint(base_url="http://10.255.255.1/v1", is_guarded=True)))
        with pytest.raises(CallRefusedError):
            await ask(models)
        await models.close()
        assert proxy.stats()["calls"] == 0


async def test_the_server_owners_endpoints_beside_them_are_trusted() -> None:
    with serve(Conduct()) as provider:
        theirs, ours = (Endpoint(base_url=provider.base_url, is_guarded=guarded) for guarded in (True, False))
        models = OpenAiModels(Endpoints(default=theirs, own={OURS: ours}))
        ends = await asyncio.gather(ask(models), ask(models, OURS), return_exceptions=True)
        await models.close()
        assert [type(end) for end in ends] == [CallRefusedError, type(None)]
        assert provider.stats()["calls"] == 1
