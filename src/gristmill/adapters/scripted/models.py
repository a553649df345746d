"""Scripted models: replies that depend on the request alone, with scripted usage, latency and faults."""

import asyncio
import hashlib
import random

import orjson

from gristmill.adapters.scripted.prose import Writer, fact_of
from gristmill.adapters.scripted.script import Script, read_script
from gristmill.adapters.scripted.shown import Shown
from gristmill.adapters.scripted.values import Filler
from gristmill.domain.completion import Completion, ModelName, Reply
from gristmill.domain.usage import Usage
from gristmill.errors import ModelError, ProviderFaultError, RateLimitedError

# The token rule: 4 bytes of UTF-8 are a token, and each message has 4 more.
BYTES_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 4


class ScriptedModels:
    """Answers `scripted:` models. The same messages, schema and script's seed always bring the same reply.

    Which calls fail follows from the script's seed and the number of calls to that model before it, and nothing else.
    """

    def __init__(self) -> None:
        self._parts: dict[ModelName, _Part] = {}

    def check(self, name: ModelName) -> None:
        """Raise UnknownModelError when no script has this name."""
        read_script(name)

    async def complete(self, request: Completion) -> Reply:
        """See Models."""
        part = self._parts.get(request.model)
        if part is None:
            part = self._parts[request.model] = _Part(read_script(request.model))
        return await part.play(request)

    async def close(self) -> None:
        """Nothing is open."""


class _Part:
    """One scripted model as it plays: its script and the chance of its faults."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._chance = random.Random(script.seed)  # noqa: S311 - a script, not a secret

    async def play(self, request: Completion) -> Reply:
        fault = self._draw_fault()
        timeout = request.sampling.timeout_seconds
        if fault == "stall" or self._script.latency > timeout:
            await asyncio.sleep(timeout)
            raise ProviderFaultError(f"The provider gave no answer within {timeout:g} s.")
        if self._script.latency:
            await asyncio.sleep(self._script.latency)
        if fault in ("429", "500", "503", "reset"):
            raise self._error(fault)
        return _reply(request, fault, self._script.seed)

    def _draw_fault(self) -> str:
        point = self._chance.random()
        for name, share in self._script.faults.items():
            point -= share
            if point < 0:
                return name
        return ""

    def _error(self, fault: str) -> ModelError:
        match fault:
            case "429" | "503":
                said = f"The provider answered {fault}: slow down."
                return RateLimitedError(said, status=int(fault), retry_after=self._script.retry_after)
            case "500":
                return ProviderFaultError("The provider answered 500: it had an error.", status=500)
            case _:
                return ProviderFaultError("The connection to the provider broke.")


def _reply(request: Completion, fault: str, seed: int) -> Reply:
    text = "Sorry, I {cannot" if fault == "garbage" else write_reply(request, seed)
    encoded = text.encode()
    most = request.max_tokens * BYTES_PER_TOKEN
    if fault == "length":
        most = min(most, len(encoded) // 2)
    cut = encoded[:most].decode("utf-8", "ignore")
    usage = Usage(input=count_input(request), output=_tokens(cut))
    return Reply(text=cut, finish_reason="length" if len(encoded) > most else "stop", usage=usage)


def write_reply(request: Completion, seed: int = 0) -> str:
    """The reply as text: prose, or JSON that satisfies the request's schema. Another seed is another writer."""
    chance = random.Random(_digest(request, seed))  # noqa: S311 - the same for the same request is what is wanted
    writer = Writer(request.messages, chance)
    if request.schema is None:
        fact = fact_of(request.messages[-1].content)
        if fact is not None:
            return fact
        asks = "question" in request.messages[-1].content.lower() and "?" not in request.messages[-1].content
        return writer.question() if asks else writer.sentences(3)
    shown = Shown("\n".join(message.content for message in request.messages), request.messages[-1].content)
    return orjson.dumps(Filler(orjson.loads(request.schema.text), writer, shown, chance).fill()).decode()


def count_input(request: Completion) -> int:
    """The tokens of a request by the token rule."""
    content = sum(_tokens(message.content) + TOKENS_PER_MESSAGE for message in request.messages)
    return content + (_tokens(request.schema.text) if request.schema else 0)


def _tokens(text: str) -> int:
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)


def _digest(request: Completion, seed: int) -> bytes:
    said = [(message.role, message.content) for message in request.messages]
    whole = repr((said, request.schema.text if request.schema else None, *([seed] if seed else [])))
    return hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).digest()
