"""The store's verbs for what a server adds to jobs: marks, exports, workers that live, and requests sent twice."""

from gristmill.adapters.sql import requests
from gristmill.adapters.sql.connected import Connected
from gristmill.domain.ids import UserId
from gristmill.ports.requests import Claim


class ServiceVerbs(Connected):
    """`ports.requests.RequestStore`; what each verb promises stands there."""

    async def claim_request(self, owner: UserId, key: str, digest: str) -> Claim:
        return await self._write(requests.claim_request, owner, key, digest)

    async def answer_request(self, owner: UserId, key: str, status: int, answer: str) -> None:
        await self._write(requests.answer_request, owner, key, status, answer)

    async def give_up_request(self, owner: UserId, key: str) -> None:
        await self._write(requests.give_up_request, owner, key)
