"""One Models out of several: the provider's prefix of a model's name chooses."""

from collections.abc import Callable, Mapping
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
    """Sends each call to the models of its prefix: `openai`, `scripted`, `local`; each is opened when first asked."""

    def __init__(self, providers: Mapping[str, Callable[[], CheckedModels]]) -> None:
        self._providers = providers
        self._open: dict[str, CheckedModels] = {}

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The providers there are."""
        return tuple(self._providers)

    def check(self, name: ModelName) -> None:
        """Raise UnknownModelError when nobody answers to the name, or its setting is missing."""
        self._provider_of(name).check(name)

    async def complete(self, request: Completion) -> Reply:
        """See Models. Raises UnknownModelError for a name that `check` refuses."""
        return await self._provider_of(request.model).complete(request)

    async def close(self) -> None:
        """Close every connection of every provider."""
        while self._open:
            await self._open.popitem()[1].close()

    def _provider_of(self, name: ModelName) -> CheckedModels:
        prefix = name.partition(":")[0]
        if prefix not in self._providers:
            known = ", ".join(f"{one}:" for one in self._providers)
            raise UnknownModelError(f"{name!r} names no known provider. A model is PROVIDER:MODEL; there are {known}.")
        if prefix not in self._open:
            self._open[prefix] = self._providers[prefix]()
        return self._open[prefix]


class LentModels:
    """Somebody else's models: closing it closes nothing."""

    def __init__(self, models: CheckedModels) -> None:
        self._models = models

    def check(self, name: ModelName) -> None:
        """See CheckedModels."""
        self._models.check(name)

    async def complete(self, request: Completion) -> Reply:
        """See Models."""
        return await self._models.complete(request)

    async def close(self) -> None:
        """Leave them open: whoever lent them closes them."""
