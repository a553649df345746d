"""CPU of one call by HTTP client: aiohttp, pyreqwest and pycurl, plain and with TLS, at 64 and 256 in flight.

`python bench/http_clients.py` prints microseconds of CPU in this process for each call, and ratios to aiohttp. The
provider runs in a process of its own. The rounds of all clients alternate, so that noise meets them alike.
Needs `pip install pyreqwest pycurl trustme` besides what tests need.
"""

import argparse
import asyncio
import json
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pycurl  # type: ignore[import-untyped]
import trustme
import uvloop

BODY = orjson.dumps(
    {
        "model": "any",
        "messages": [{"role": "user", "content": "Write about one small mill by the grey hills. " * 35}],
        "max_tokens": 100,
    }
)
HEADERS = {"Content-Type": "application/json", "Authorization": "Bearer none"}
ROUNDS = 5

Post = Callable[[], Awaitable[bytes]]
Client = Callable[[str, str | None], Any]


@asynccontextmanager
async def with_aiohttp(url: str, ca: str | None) -> AsyncIterator[Post]:
    trusted = ssl.create_default_context(cafile=ca)
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, ssl=trusted)) as session:

        async def post() -> bytes:
            async with session.post(url, data=BODY, headers=HEADERS, timeout=timeout, allow_redirects=False) as answer:
                return await answer.read()

        yield post


def read_file(path: str) -> bytes:
    return Path(path).read_bytes()


@asynccontextmanager
async def with_pyreqwest(url: str, ca: str | None) -> AsyncIterator[Post]:
    from pyreqwest.client import ClientBuilder  # noqa: PLC0415 - not among what the project needs

    trusted = read_file(ca) if ca else b""
    builder = ClientBuilder().no_proxy()
    if trusted:
        builder = builder.add_root_certificate_pem(trusted)
    async with builder.build() as client:

        async def post() -> bytes:
            request = client.post(url).headers(HEADERS).body_bytes(BODY).build()
            answer = await request.send()
            return bytes(await answer.bytes())

        yield post


@asynccontextmanager
async def with_pycurl(url: str, ca: str | None) -> AsyncIterator[Post]:
    driver = CurlDriver(url, ca)
    yield driver.post
    driver.close()


class CurlDriver:
    """A pycurl multi handle driven by the event loop's readers, writers and timers."""

    def __init__(self, url: str, ca: str | None) -> None:
        self._url, self._ca = url, ca
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)
        self._multi.setopt(pycurl.M_MAXCONNECTS, 1024)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._idle: list[Any] = []
        self._waiting: dict[Any, tuple[asyncio.Future[bytes], BytesIO]] = {}

    async def post(self) -> bytes:
        handle = self._idle.pop() if self._idle else self._new_handle()
        answer: asyncio.Future[bytes] = self._loop.create_future()
        into = BytesIO()
        handle.setopt(pycurl.WRITEDATA, into)
        self._waiting[handle] = (answer, into)
        self._multi.add_handle(handle)
        try:
            return await answer
        finally:
            self._idle.append(handle)

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._multi.close()

    def _new_handle(self) -> pycurl.Curl:
        handle = pycurl.Curl()
        handle.setopt(pycurl.URL, self._url)
        handle.setopt(pycurl.POSTFIELDS, BODY)
        handle.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in HEADERS.items()])
        handle.setopt(pycurl.TIMEOUT, 60)
        if self._ca:
            handle.setopt(pycurl.CAINFO, self._ca)
        return handle

    def _watch(self, what: int, fd: int, *_: object) -> None:
        self._loop.remove_reader(fd)
        self._loop.remove_writer(fd)
        if what in (pycurl.POLL_IN, pycurl.POLL_INOUT):
            self._loop.add_reader(fd, self._act, fd, pycurl.CSELECT_IN)
        if what in (pycurl.POLL_OUT, pycurl.POLL_INOUT):
            self._loop.add_writer(fd, self._act, fd, pycurl.CSELECT_OUT)

    def _set_timer(self, milliseconds: int) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if milliseconds >= 0:
            self._timer = self._loop.call_later(milliseconds / 1000, self._act, pycurl.SOCKET_TIMEOUT, 0)

    def _act(self, fd: int, events: int) -> None:
        self._multi.socket_action(fd, events)
        _, done, failed = self._multi.info_read()
        for handle in done:
            self._multi.remove_handle(handle)
            answer, into = self._waiting.pop(handle)
            answer.set_result(into.getvalue())
        for handle, code, words in failed:
            self._multi.remove_handle(handle)
            self._waiting.pop(handle)[0].set_exception(OSError(code, words))


CLIENTS: dict[str, Client] = {"aiohttp": with_aiohttp, "pyreqwest": with_pyreqwest, "pycurl": with_pycurl}


async def measure(client: Client, url: str, ca: str | None, in_flight: int, calls: int) -> float:
    """Microseconds of CPU for each call, connections already open."""
    async with client(url, ca) as post:

        async def ask(count: int) -> None:
            for _ in range(count):
                assert b"choices" in await post()

        await asyncio.gather(*(ask(2) for _ in range(in_flight)))
        began = time.process_time()
        await asyncio.gather(*(ask(calls // in_flight) for _ in range(in_flight)))
        return (time.process_time() - began) / (calls // in_flight * in_flight) * 1e6


@contextmanager
def provider(tls: tuple[str, str] | None) -> Iterator[str]:
    tests = Path(__file__).parent.parent / "tests"
    command = [sys.executable, "-m", "support.provider", "--latency", "0.05", *(("--tls", *tls) if tls else ())]
    with subprocess.Popen(command, cwd=tests, stdout=subprocess.PIPE) as running:
        assert running.stdout
        port = json.loads(running.stdout.readline())["port"]
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{port}/v1/chat/completions"
        finally:
            running.terminate()


def compare(url: str, ca: str | None, in_flight: int, calls: int) -> dict[str, float]:
    """The median over rounds, each round with every client in turn."""
    seen: dict[str, list[float]] = {name: [] for name in CLIENTS}
    for _ in range(ROUNDS):
        for name, client in CLIENTS.items():
            seen[name].append(uvloop.run(measure(client, url, ca, in_flight, calls)))
    return {name: statistics.median(figures) for name, figures in seen.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=3000)
    calls = parser.parse_args().calls
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / name) for name in ("ca.pem", "cert.pem", "key.pem")]
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1")
        authority.cert_pem.write_to_path(files[0])
        for blob in certificate.cert_chain_pems:
            blob.write_to_path(files[1], append=True)
        certificate.private_key_pem.write_to_path(files[2])
        for tls in (None, (files[1], files[2])):
            with provider(tls) as url:
                for in_flight in (64, 256):
                    figures = compare(url, files[0] if tls else None, in_flight, calls)
                    told = ", ".join(
                        f"{name} {us:.0f} µs ({us / figures['aiohttp']:.2f})" for name, us in figures.items()
                    )
                    print(f"{'TLS  ' if tls else 'plain'} {in_flight:3d} in flight: {told}", flush=True)


if __name__ == "__main__":
    main()
