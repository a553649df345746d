"""A loopback OpenAI-compatible provider that keeps its own books: the witness of every money, crash and pace test.

It imports nothing of Gristmill. A call is counted and billed when it is accepted, before its latency, so a client that
dies or hangs up is billed all the same. Bills are integer nano-dollars.

In a thread: `with serve(Conduct(latency=0.05)) as provider: provider.base_url`.
As a process: `python -m support.provider --latency 0.05`, which prints one JSON line with its port and runs until it
is ended. `GET /stats` tells its books, `GET /last` the last call's headers and body, `GET /prompts` how often each
prompt was asked, `POST /conduct` changes how it behaves from now on, `POST /reset` opens new books.
"""

import argparse
import asyncio
import hashlib
import json
import random
import socket
import ssl
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any, cast

import orjson
import uvloop

PROSE = (
    "the steady harbour lamp keeps a careful watch over every small boat and each quiet morning brings new weather "
    "from beyond the grey hills where old mills turn slowly and people share bread stories and plain good advice "
)

# What each fault does to the bill: True is an accepted call that costs money though no good answer arrives.
BILLS = {
    "429": False,
    "500": False,
    "503": False,
    "reset": False,
    "error_body": False,
    "drop": True,
    "stall": True,
    "truncated": True,
    "malformed": True,
    "no_usage": True,
}

REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """How the provider behaves.

    `faults` are shares of calls by name (see BILLS). `reply_tokens` 0 bills a random number from 1 to `max_tokens`.
    `bytes_per_token` 1 is the worst tokenizer there is. Prices are nano-dollars for a million tokens.
    `most_in_flight` and `calls_per_second` answer 429 above them. `refuse` answers every call with that status.
    """

    latency: float = 0.0
    jitter: float = 0.0
    reply_tokens: int = 100
    bytes_per_token: int = 4
    input_price: int = 0
    output_price: int = 0
    faults: Mapping[str, float] = field(default_factory=dict)
    retry_after: str = ""
    stall_seconds: float = 3600.0
    most_in_flight: int = 0
    calls_per_second: float = 0.0
    refuse: int = 0
    takes_schema: bool = True
    wants_completion_tokens: bool = False
    is_fickle: bool = False
    random_seed: int = 0


@dataclass(slots=True)
class Books:
    """What was asked and what it cost."""

    calls: int = 0
    billed_calls: int = 0
    billed_nano: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    prompts: Counter[str] = field(default_factory=Counter)
    last: dict[str, Any] = field(default_factory=dict)

    def report(self) -> dict[str, Any]:
        """The books as JSON, prompts summed up."""
        left_out = ("prompts", "last")
        told = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in left_out}
        most = max(self.prompts.values(), default=0)
        return {**told, "distinct_prompts": len(self.prompts), "most_calls_for_a_prompt": most}


@dataclass(frozen=True, slots=True)
class Answer:
    """Bytes to send: after `delay` seconds, and then hang up if `closes`. Nothing is ever sent when `body` is None."""

    body: bytes | None
    delay: float
    closes: bool = False


class Provider:
    """The rules: a request in, an answer out, the books kept."""

    def __init__(self, conduct: Conduct) -> None:
        self.conduct = conduct
        self.books = Books()
        self._random = random.Random(conduct.random_seed)
        self._allowance = 0.0
        self._refilled = time.monotonic()

    def change(self, **changes: Any) -> None:
        """Behave otherwise from now on."""
        self.conduct = replace(self.conduct, **changes)

    def reset(self) -> None:
        """Open new books; calls in flight stay counted."""
        self.books = Books(in_flight=self.books.in_flight)

    def answer(self, body: bytes, headers: str) -> Answer:  # noqa: PLR0911 - one line an outcome
        """Take a call: refuse it, fail it, or bill it and answer."""
        conduct, books = self.conduct, self.books
        books.calls += 1
        request = orjson.loads(body)
        books.last = {"body": body, "headers": headers}
        prompt = hashlib.blake2b(orjson.dumps(request["messages"]), digest_size=8)
        books.prompts[prompt.hexdigest()] += 1
        if refusal := self._refusal(request):
            return self._failure(*refusal)
        if self._is_limited():
            return self._failure(429, "rate_limit_exceeded", "Rate limit reached. Slow down.")
        fault = self._draw_fault()
        if fault:
            books.faults[fault] += 1
        if fault and not BILLS[fault]:
            return self._unbilled(fault)
        usage = self._bill(request, prompt.digest())
        delay = conduct.latency + (self._random.random() * conduct.jitter if conduct.jitter else 0.0)
        books.statuses["200"] += 1
        if fault == "stall":
            return Answer(None, conduct.stall_seconds, closes=True)
        if fault == "drop":
            return Answer(None, delay, closes=True)
        draw = str(books.calls) if conduct.is_fickle else ""
        text = "Sorry, I {cannot" if fault == "malformed" else write_reply(request, prompt.hexdigest() + draw, usage[1])
        whole = _reply_body(request["model"], text, None if fault == "no_usage" else usage)
        if fault == "truncated":
            return Answer(_http(200, whole[: len(whole) // 2]), delay)
        return Answer(_http(200, whole), delay)

    def _refusal(self, request: dict[str, Any]) -> tuple[int, str, str] | None:
        conduct = self.conduct
        if conduct.refuse:
            return (
                conduct.refuse,
                f"refused_{conduct.refuse}",
                f"This provider refuses all calls with {conduct.refuse}.",
            )
        if not conduct.takes_schema and "response_format" in request:
            return (
                400,
                "unsupported_parameter",
                "Invalid parameter: 'response_format' is not supported with this model.",
            )
        if conduct.wants_completion_tokens and "max_tokens" in request:
            return (
                400,
                "unsupported_parameter",
                (
                    "Unsupported parameter: 'max_tokens' is not supported with this model. "
                    "Use 'max_completion_tokens' instead."
                ),
            )
        return None

    def _is_limited(self) -> bool:
        conduct = self.conduct
        if conduct.most_in_flight and self.books.in_flight >= conduct.most_in_flight:
            return True
        if not conduct.calls_per_second:
            return False
        now = time.monotonic()
        # A tenth of a second's calls may come at once; the rest must come in step.
        burst = max(conduct.calls_per_second / 10, 1.0)
        earned = (now - self._refilled) * conduct.calls_per_second
        self._allowance, self._refilled = min(self._allowance + earned, burst), now
        if self._allowance < 1:
            return True
        self._allowance -= 1
        return False

    def _draw_fault(self) -> str:
        if not self.conduct.faults:
            return ""
        point = self._random.random()
        for name, share in self.conduct.faults.items():
            point -= share
            if point < 0:
                return name
        return ""

    def _unbilled(self, fault: str) -> Answer:
        match fault:
            case "reset":
                return Answer(None, 0.0, closes=True)
            case "error_body":
                error = {"error": {"code": 502, "message": "The upstream provider failed."}}
                return Answer(_http(200, orjson.dumps(error)), self.conduct.latency)
            case "429":
                return self._failure(429, "rate_limit_exceeded", "Rate limit reached. Slow down.")
            case _:
                return self._failure(int(fault), "server_error", "The server had an error.")

    def _failure(self, status: int, code: str, words: str) -> Answer:
        self.books.statuses[str(status)] += 1
        error = {"error": {"message": words, "type": "error", "code": code}}
        wait = self.conduct.retry_after if status in (429, 503) else ""
        return Answer(_http(status, orjson.dumps(error), f"Retry-After: {wait}\r\n" if wait else ""), 0.0)

    def _bill(self, request: dict[str, Any], digest: bytes) -> tuple[int, int]:
        conduct, books = self.conduct, self.books
        used = count_input(request, conduct.bytes_per_token)
        most = request.get("max_completion_tokens") or request["max_tokens"]
        # From the prompt alone, so that a run disturbed and one undisturbed are billed the same for the same prompt.
        given = min(conduct.reply_tokens, most) or 1 + int.from_bytes(digest, "big") % most
        books.billed_calls += 1
        books.input_tokens += used
        books.output_tokens += given
        books.billed_nano += -(-(used * conduct.input_price + given * conduct.output_price) // 1_000_000)
        return used, given


def count_input(request: dict[str, Any], bytes_per_token: int) -> int:
    """Tokens of a call: its contents and its schema at so many bytes a token, and 4 for each message."""
    size = sum(len(message["content"].encode()) for message in request["messages"])
    if form := request.get("response_format"):
        size += len(orjson.dumps(form["json_schema"]["schema"]))
    return -(-size // bytes_per_token) + 4 * len(request["messages"])


def write_reply(request: dict[str, Any], digest: str, tokens: int) -> str:
    """A reply that depends on the prompt alone: prose, or a value of the schema asked for; about `tokens` long."""
    form = request.get("response_format")
    schema = form["json_schema"]["schema"] if form else _schema_in(request["messages"])
    if schema is None:
        return _words(digest, tokens * 4)
    strings = max(str(schema).count("'string'"), 1)
    value = fill(schema, digest, max(tokens * 4 // strings - 30, 20))
    return orjson.dumps(value).decode()


def fill(schema: Mapping[str, Any], digest: str, size: int) -> Any:  # noqa: PLR0911 - one line a type
    """A value that satisfies a plain schema, its strings about `size` bytes long."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][int(digest[:8], 16) % len(schema["enum"])]
    match schema.get("type"):
        case "object":
            return {name: fill(part, digest, size) for name, part in schema.get("properties", {}).items()}
        case "array":
            return [fill(schema.get("items", {}), digest, size)] * max(schema.get("minItems", 1), 1)
        case "integer" | "number":
            return schema.get("minimum", schema.get("maximum", int(digest[:4], 16)))
        case "boolean":
            return int(digest[:1], 16) % 2 == 0
        case "null":
            return None
        case _:
            return _words(digest, max(size, schema.get("minLength", 0)))[: schema.get("maxLength")]


def _schema_in(messages: list[dict[str, str]]) -> Any:
    # A caller without response_format writes the schema as the last line of its last or first message.
    for message in (messages[-1], messages[0]):
        line = message["content"].rsplit("\n", 1)[-1]
        if line.startswith("{"):
            try:
                return orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
    return None


def _words(digest: str, size: int) -> str:
    start = PROSE.index(" ", int(digest[:2], 16) % 128) + 1
    prose = PROSE[start:] + PROSE[:start]
    return f"{digest} {prose * (size // len(prose) + 1)}"[:size].rstrip()


def _reply_body(model: str, text: str, usage: tuple[int, int] | None) -> bytes:
    reply: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
    }
    if usage:
        used, given = usage
        reply["usage"] = {"prompt_tokens": used, "completion_tokens": given, "total_tokens": used + given}
    return orjson.dumps(reply)


def _http(status: int, body: bytes, headers: str = "") -> bytes:
    reason = REASONS.get(status, "Error")
    head = (
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    )
    return head.encode() + body


class Connection(asyncio.Protocol):
    """One client's connection: requests one after another, as HTTP/1.1 has them."""

    def __init__(self, provider: Provider, connections: set["Connection"]) -> None:
        self._provider = provider
        self._connections = connections
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._call: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._connections.discard(self)
        if self._call is not None:
            # Billed it is; but nobody waits for it, so it takes no place any more.
            self._call.cancel()
            self._provider.books.in_flight -= 1

    def abort(self) -> None:
        """Hang up at once."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].decode("latin-1")
        size = _content_length(head)
        if len(self._buffer) < end + 4 + size:
            return
        body = self._buffer[end + 4 : end + 4 + size]
        self._buffer = self._buffer[end + 4 + size :]
        method, path, _ = head.split(" ", 2)
        if path.endswith("/chat/completions"):
            self._take_call(body, head)
        else:
            self._write(_http(200, self._tell(method, path, body)), closes=False)

    def _take_call(self, body: bytes, head: str) -> None:
        answer = self._provider.answer(body, head)
        if answer.delay <= 0:
            self._write(answer.body, closes=answer.closes)
            return
        books = self._provider.books
        books.in_flight += 1
        books.most_in_flight = max(books.most_in_flight, books.in_flight)
        self._call = asyncio.get_running_loop().call_later(answer.delay, self._end_call, answer)

    def _end_call(self, answer: Answer) -> None:
        self._call = None
        self._provider.books.in_flight -= 1
        self._write(answer.body, closes=answer.closes)

    def _write(self, content: bytes | None, *, closes: bool) -> None:
        if self._transport is None:
            return
        if content is not None:
            self._transport.write(content)
        if closes:
            self._transport.abort()

    def _tell(self, method: str, path: str, body: bytes) -> bytes:
        match method, path:
            case "POST", "/conduct":
                self._provider.change(**orjson.loads(body))
            case "POST", "/reset":
                self._provider.reset()
            case "GET", "/prompts":
                return orjson.dumps(self._provider.books.prompts)
            case "GET", "/last":
                last = self._provider.books.last
                return orjson.dumps({"body": last["body"].decode(), "headers": last["headers"]})
            case _:
                pass
        return orjson.dumps(self._provider.books.report())


def _content_length(head: str) -> int:
    lowered = head.lower()
    start = lowered.find("\r\ncontent-length:")
    return int(lowered[start + 17 :].split("\r\n", 1)[0]) if start >= 0 else 0


@dataclass(frozen=True, slots=True)
class Running:
    """A provider that runs, wherever it runs: its address, and its books."""

    base_url: str

    def stats(self) -> dict[str, Any]:
        """What was asked and what it cost."""
        return self._ask("/stats")

    def prompts(self) -> dict[str, int]:
        """How often each prompt was asked, by digest."""
        return self._ask("/prompts")

    def last(self) -> dict[str, str]:
        """Headers and body of the last call."""
        return self._ask("/last")

    def change(self, **changes: Any) -> None:
        """Behave otherwise from now on."""
        self._ask("/conduct", orjson.dumps(changes))

    def reset(self) -> None:
        """Open new books."""
        self._ask("/reset", b"{}")

    def _ask(self, path: str, body: bytes | None = None) -> dict[str, Any]:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.base_url.removesuffix("/v1") + path, data=body, timeout=10) as answer:
            return dict(json.loads(answer.read()))


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(1024)
    return listener


async def _serve(
    provider: Provider, listener: socket.socket, stop: asyncio.Event, tls: ssl.SSLContext | None = None
) -> None:
    loop = asyncio.get_running_loop()
    connections: set[Connection] = set()
    server = await loop.create_server(lambda: Connection(provider, connections), sock=listener, ssl=tls)
    await stop.wait()
    server.close()
    for connection in tuple(connections):
        connection.abort()
    await server.wait_closed()


@contextmanager
def serve(conduct: Conduct | None = None, *, port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Running]:
    """A provider in a thread of this process, until the block ends."""
    provider = Provider(conduct or Conduct())
    listener = _listen(port)
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(
        target=lambda: loop.run_until_complete(_serve(provider, listener, stop, tls)), daemon=True
    )
    thread.start()
    scheme = "https" if tls else "http"
    try:
        yield Running(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/v1")
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=10)
        loop.close()


def _conduct_from(arguments: list[str]) -> tuple[Conduct, argparse.Namespace]:
    parser = argparse.ArgumentParser(prog="support.provider", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--conduct", default="{}", help="fields of Conduct as JSON")
    for one in fields(Conduct):
        if one.type in (int, float, str):
            parser.add_argument(f"--{one.name.replace('_', '-')}", type=one.type, dest=one.name)
    asked = parser.parse_args(arguments)
    given = {f.name: value for f in fields(Conduct) if (value := getattr(asked, f.name, None)) is not None}
    return Conduct(**{**json.loads(asked.conduct), **given}), asked


def _run(arguments: list[str]) -> None:
    conduct, asked = _conduct_from(arguments)
    tls = None
    if asked.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*asked.tls)
    listener = _listen(asked.port)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)  # noqa: T201 - the parent reads it
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(Provider(conduct), listener, asyncio.Event(), tls))


if __name__ == "__main__":
    _run(sys.argv[1:])
