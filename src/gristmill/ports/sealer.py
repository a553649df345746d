"""Secrets that must be read again, such as keys of models."""

from typing import Protocol


class Sealer(Protocol):
    """Encrypts under the server's secret, so that a stolen store gives no key away."""

    def seal(self, text: str) -> str:
        """The text, encrypted and authenticated; twice the same text gives two different seals."""
        ...

    def unseal(self, sealed: str) -> str:
        """What was sealed. Raises BadInputError when it was changed, or sealed under another secret."""
        ...
