"""Requests that may be sent twice: what was asked under a key, and what was answered."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from gristmill.domain.ids import UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The request is the caller's to answer. `since` is when its key was first used: a second try has the same."""

    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The request was answered before, with this status and this JSON text."""

    status: int
    answer: str


Claim: TypeAlias = Claimed | Answered


class RequestStore(Protocol):
    """Idempotency keys of each user, for 24 hours."""

    async def claim_request(self, owner: UserId, key: str, digest: str) -> Claim:
        """Take the key for a request with this digest, or say what was answered under it.

        A claim that was neither answered nor given up within a minute is taken over: its server died. Raises
        IdempotencyConflictError when the key stands for another request, or for one that is still being answered.
        """
        ...

    async def answer_request(self, owner: UserId, key: str, status: int, answer: str) -> None:
        """Keep the answer for whoever sends the request again."""
        ...

    async def give_up_request(self, owner: UserId, key: str) -> None:
        """Free the key: the request was refused, and nothing happened."""
        ...
