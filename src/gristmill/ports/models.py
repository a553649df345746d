"""Who answers calls, and what they charge."""

from typing import Protocol

from gristmill.domain.completion import Completion, ModelName, Reply
from gristmill.domain.model import Model


class Models(Protocol):
    """Sends calls to models. It makes no second try of its own: its caller holds, journals and settles every one."""

    async def complete(self, request: Completion) -> Reply:
        """Ask once, and return within `request.sampling.timeout_seconds`.

        Sends the request's messages, its schema at most once, `max_tokens`, and at most 512 bytes of its own. Raises
        RateLimitedError and FormRefusedError (nothing billed, may go again), CallRefusedError (nothing billed, of no
        use to repeat) and ProviderFaultError (may have been billed if it was `sent`).
        """
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class Prices(Protocol):
    """Resolves a model's price and limits, once for each job."""

    def find_model(self, name: ModelName) -> Model:
        """The model with its price as of now. Raises UnknownModelError and UnknownPriceError."""
        ...
