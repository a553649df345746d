"""Passwords, of which only hashes are kept."""

from typing import Protocol


class Passwords(Protocol):
    """Hashes that take long on purpose; they are made apart, so that nothing else waits."""

    async def hash(self, password: str) -> str:
        """A salted hash with its parameters in it."""
        ...

    async def verify(self, password: str, hashed: str | None) -> bool:
        """Whether the hash is the password's. None is nobody's: it takes as long as any other, and is False."""
        ...
