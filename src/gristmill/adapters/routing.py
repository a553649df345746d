"""One Models out of several: the provider's prefix of a model's name chooses."""

from collections.abc import Mapping
from typing import Protocol

from gristmill.domain.completion import Completion, ModelName, Reply
from gristmill.errors import UnknownModelError
from gristmill.ports.models import Models


class CheckedModels(Models, Protocol):
    """Models that can tell before anything starts whether a model can be called at all."""

    def check(self, name: ModelName) -> None:
        """Raise UnknownModelError, with what to set, when no call to the model could be answered. Sends nothing."""
        ...


class RoutedModels:
    """Sends each call to the models of its prefix: `openai`, `scripted`, `local`."""

    def __init__(self, providers: Mapping[str, CheckedModels]) -> None:
        self._providers = providers

    def check(self, name: ModelName) -> None:
        """Raise UnknownModelError when nobody answers to the name, or its setting is missing."""
        self._provider_of(name).check(name)

    async def complete(self, request: Completion) -> Reply:
        """See Models. Raises UnknownModelError for a name that `check` refuses."""
        return await self._provider_of(request.model).complete(request)

    async def close(self) -> None:
        """Close every connection of every provider."""
        for provider in self._providers.values():
            await provider.close()

    def _provider_of(self, name: ModelName) -> CheckedModels:
        prefix = name.partition(":")[0]
        provider = self._providers.get(prefix)
        if provider is None:
            known = ", ".join(f"{one}:" for one in self._providers)
            raise UnknownModelError(f"{name!r} names no known provider. A model is PROVIDER:MODEL; there are {known}.")
        return provider
