"""Models that speak OpenAI's chat completions, over one pool of connections."""

import errno
import math
import os
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

import aiohttp

from gristmill.adapters.openai.endpoints import PREFIX, Endpoint, Endpoints
from gristmill.adapters.openai.guard import open_public_socket
from gristmill.adapters.openai.replies import OK, read_error, read_reply
from gristmill.adapters.openai.requests import Form, encode_body, first_form, next_form
from gristmill.domain.completion import Completion, ModelName, Reply
from gristmill.errors import BadInputError, CallRefusedError, FormRefusedError, ModelError, ProviderFaultError

# A reply of 100,000 tokens is below 1 MiB: what is longer than this is no reply.
LARGEST_ANSWER = 64 * 1024 * 1024
# Shorter than the idle time after which common servers hang up, so that a call seldom meets a closed connection.
KEEP_IDLE_SECONDS = 15.0
CONNECT_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """All that is the same for every call to a model."""

    model: str
    url: str
    headers: Mapping[str, str]
    proxy: str | None
    secret: str
    is_guarded: bool


class OpenAiModels:
    """Sends each call once. It remembers, for as long as it lives, which form of a call each model takes.

    Proxies come from the environment (`HTTPS_PROXY`, `NO_PROXY` and their kin), certificate authorities from
    `SSL_CERT_FILE` or `REQUESTS_CA_BUNDLE` where one is set; making it raises BadInputError when that cannot be read.
    Redirects are not followed: a key goes to no other host.
    """

    def __init__(self, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._trusted = _trusted(os.environ)
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._lines: dict[ModelName, _Line] = {}
        self._forms: dict[tuple[ModelName, str], Form] = {}

    def check(self, name: ModelName) -> None:
        """Raise UnknownModelError when the model's address or key is missing; nothing is sent."""
        self._endpoints.check(name)

    async def complete(self, request: Completion) -> Reply:
        """See Models. Raises FormRefusedError besides, when the same call may go again in another form."""
        line = self._lines.get(request.model) or self._open_line(request.model)
        form = self._form_of(request)
        try:
            body = encode_body(line.model, request, form)
        except TypeError as error:
            raise CallRefusedError(f"The prompt cannot be sent: {error}.") from error
        try:
            answer = await self._post(line, body, request.sampling.timeout_seconds)
        except ModelError as error:
            raise self._learn(request, form, error) from error.__cause__
        return read_reply(answer)

    async def close(self) -> None:
        """Close every connection."""
        while self._sessions:
            await self._sessions.popitem()[1].close()

    async def _post(self, line: _Line, body: bytes, timeout_seconds: float) -> bytes:
        session = self._sessions.get(line.is_guarded) or self._open_session(line.is_guarded)
        try:
            async with session.post(
                line.url,
                data=body,
                headers=line.headers,
                timeout=_timeout(timeout_seconds),
                proxy=line.proxy,
                allow_redirects=False,
            ) as response:
                content = await _read(response)
                if response.status == OK:
                    return content
                raise _without_key(read_error(response.status, content, response.headers), line.secret)
        except aiohttp.ClientConnectorError as error:
            if line.is_guarded and error.os_error.errno == errno.EACCES:
                raise CallRefusedError(f"{line.url} is not called: {error.os_error}.", hopeless=True) from error
            raise ProviderFaultError(f"No connection to {line.url}: {error}", sent=False) from error
        except aiohttp.InvalidURL as error:
            raise CallRefusedError(f"{line.url} is no address: {error}.", hopeless=True) from error
        except TimeoutError as error:
            raise ProviderFaultError(f"The provider gave no answer within {timeout_seconds:g} s.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise ProviderFaultError(f"The connection to the provider broke: {error!r}") from error

    def _form_of(self, request: Completion) -> Form:
        # By schema too: a provider may take most schemas and refuse one.
        known = self._forms.get((request.model, request.schema.text if request.schema else ""))
        return known or first_form(request.model.removeprefix(PREFIX))

    def _learn(self, request: Completion, form: Form, error: ModelError) -> ModelError:
        if error.status not in (400, 422):
            return error
        known = self._form_of(request)
        better = next_form(form, str(error)) if known == form else known
        if better is None:
            return error
        self._forms[request.model, request.schema.text if request.schema else ""] = better
        return FormRefusedError(str(error), status=error.status)

    def _open_line(self, name: ModelName) -> _Line:
        endpoint = self._endpoints.endpoint_of(name)
        headers = {"Content-Type": "application/json", "User-Agent": "gristmill"}
        if endpoint.api_key:
            headers["Authorization"] = f"Bearer {endpoint.api_key}"
        line = _Line(
            model=name.removeprefix(PREFIX),
            url=endpoint.url,
            headers=headers,
            proxy=_proxy_for(endpoint),
            secret=endpoint.api_key,
            is_guarded=endpoint.is_guarded,
        )
        self._lines[name] = line
        return line

    def _open_session(self, is_guarded: bool) -> aiohttp.ClientSession:  # noqa: FBT001 - it is the key as well
        # No limit of its own: the pace is the limit.
        connector = aiohttp.TCPConnector(
            limit=0,
            ssl=self._trusted,
            keepalive_timeout=KEEP_IDLE_SECONDS,
            socket_factory=open_public_socket if is_guarded else None,
        )
        session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        self._sessions[is_guarded] = session
        return session


@lru_cache(maxsize=64)
def _timeout(seconds: float) -> aiohttp.ClientTimeout:
    # aiohttp rounds long timeouts up to whole seconds unless told otherwise; ours is a promise.
    return aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS, ceil_threshold=math.inf)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    if (response.content_length or 0) > LARGEST_ANSWER:
        raise ProviderFaultError(f"The provider's answer has {response.content_length} bytes.", status=response.status)
    if response.content_length is not None:
        return await response.read()
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > LARGEST_ANSWER:
            raise ProviderFaultError("The provider's answer has no end.", status=response.status)
    return bytes(content)


def _without_key(error: ModelError, secret: str) -> ModelError:
    # Some providers repeat the key they refuse.
    if secret:
        error.args = tuple(str(said).replace(secret, "***") for said in error.args)
    return error


def _proxy_for(endpoint: Endpoint) -> str | None:
    # Once for each model: aiohttp's trust_env reads the environment again for every call.
    parts = urlsplit(endpoint.url)
    # A proxy would resolve the name itself, out of the guard's sight.
    if (
        endpoint.is_direct
        or endpoint.is_guarded
        or parts.hostname is None
        or urllib.request.proxy_bypass(parts.hostname)
    ):
        return None
    return urllib.request.getproxies().get(parts.scheme)


def _trusted(environment: Mapping[str, str]) -> ssl.SSLContext:
    bundle = environment.get("SSL_CERT_FILE") or environment.get("REQUESTS_CA_BUNDLE")
    try:
        return ssl.create_default_context(cafile=bundle)
    except OSError as error:
        raise BadInputError(f"The certificates in {bundle!r} cannot be read: {error}.") from error
