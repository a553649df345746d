"""Where a model's calls go, and with which key."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from gristmill.domain.completion import ModelName
from gristmill.errors import UnknownModelError

PREFIX = "openai:"
OPENAI_URL = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """An OpenAI-compatible address with its version (`http://127.0.0.1:8000/v1`), and its key, if it wants one."""

    base_url: str
    api_key: str = field(default="", repr=False)
    # No proxy is asked, whatever the environment says.
    is_direct: bool = False
    # A stranger gave the address: no connection is made to one that is not of the public internet.
    is_guarded: bool = False

    @property
    def url(self) -> str:
        """Where chat completions are asked for."""
        return f"{self.base_url.rstrip('/')}/chat/completions"

    @property
    def is_openai(self) -> bool:
        """Whether OpenAI itself answers there."""
        return urlsplit(self.base_url).hostname == "api.openai.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """The endpoint of each `openai:` model: its own where settings give it one, otherwise the default."""

    default: Endpoint
    own: Mapping[ModelName, Endpoint] = field(default_factory=dict)

    @staticmethod
    def from_environment(
        environment: Mapping[str, str], own: Mapping[ModelName, Endpoint] | None = None
    ) -> "Endpoints":
        """The default is `OPENAI_BASE_URL`, or OpenAI, with the key in `OPENAI_API_KEY`."""
        default = Endpoint(
            base_url=environment.get("OPENAI_BASE_URL") or OPENAI_URL,
            api_key=environment.get("OPENAI_API_KEY", ""),
        )
        return Endpoints(default=default, own=own or {})

    def endpoint_of(self, name: ModelName) -> Endpoint:
        """Where calls to the model go."""
        return self.own.get(name, self.default)

    def address_of(self, name: ModelName) -> str:
        """The base URL of an `openai:` model, and "" for any other: what prices are looked up by."""
        return self.endpoint_of(name).base_url if name.startswith(PREFIX) else ""

    def check(self, name: ModelName) -> None:
        """Raise UnknownModelError when the model cannot be called: an address or the key is missing. Sends nothing."""
        if not name.removeprefix(PREFIX):
            raise UnknownModelError(f"{name!r} names no model. Write openai:MODEL, such as openai:gpt-4.1-mini.")
        endpoint = self.endpoint_of(name)
        if urlsplit(endpoint.base_url).scheme not in ("http", "https"):
            raise UnknownModelError(
                f"The address of {name}, {endpoint.base_url!r}, is not one. Write http:// or https:// and a host."
            )
        if endpoint.is_openai and not endpoint.api_key:
            raise UnknownModelError(
                f"{name} is answered by OpenAI, which wants a key, and there is none. Set OPENAI_API_KEY,"
                " or OPENAI_BASE_URL for another OpenAI-compatible server."
            )
