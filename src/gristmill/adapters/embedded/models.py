"""The embedded model as one of the providers."""

from importlib.util import find_spec
from pathlib import Path

from gristmill.adapters import openai
from gristmill.adapters.embedded.pull import find_model
from gristmill.adapters.embedded.server import EmbeddedServer
from gristmill.adapters.embedded.smollm2 import SMOLLM2
from gristmill.adapters.openai import Endpoint, Endpoints
from gristmill.domain.completion import Completion, ModelName, Reply
from gristmill.errors import UnknownModelError


class EmbeddedModels:
    """Answers `local:smollm2` with a model process of its own, which the first call starts.

    A crash of that process is a ProviderFaultError of the calls in flight, and the next call starts it again.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._server: EmbeddedServer | None = None
        self._models: tuple[Endpoint, openai.OpenAiModels] | None = None

    def check(self, name: ModelName) -> None:
        """Raise UnknownModelError, with the command to run, when the model, its engine or its file is not there."""
        if name != SMOLLM2:
            raise UnknownModelError(f"There is no embedded model {name!r}: the one there is goes by {SMOLLM2}.")
        if find_spec("xllamacpp") is None:
            raise UnknownModelError(f"{name} runs by an optional package. Run: pip install 'gristmill[local]'")
        find_model(self._home)

    async def complete(self, request: Completion) -> Reply:
        """See Models. Raises UnknownModelError as `check` does."""
        self.check(request.model)
        models = await self._connect()
        return await models.complete(request)

    async def close(self) -> None:
        """Close every connection, and end the model's process."""
        if self._models is not None:
            await self._models[1].close()
            self._models = None
        if self._server is not None:
            await self._server.close()
            self._server = None

    async def _connect(self) -> "openai.OpenAiModels":
        if self._server is None:
            self._server = EmbeddedServer(find_model(self._home), self._home / "logs" / "smollm2.log")
        endpoint = await self._server.start()
        if self._models is None or self._models[0] != endpoint:
            before, self._models = self._models, (endpoint, openai.OpenAiModels(Endpoints(default=endpoint)))
            if before is not None:
                await before[1].close()
        return self._models[1]
