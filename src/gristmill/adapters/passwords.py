"""Argon2id in threads of its own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

# At most so many hashes at once: each takes its memory, and a flood of logins must not take all there is.
THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Argon2Cost:
    """What one hash costs. The default is the second recommendation of RFC 9106, 4: 64 MiB, three passes."""

    passes: int = 3
    memory_kib: int = 65_536
    lanes: int = 4


RFC_9106_LOW_MEMORY = Argon2Cost()


class Argon2Passwords:
    """`ports.passwords.Passwords` over Argon2id."""

    def __init__(self, cost: Argon2Cost = RFC_9106_LOW_MEMORY) -> None:
        self._hasher = Argon2Hasher(time_cost=cost.passes, memory_cost=cost.memory_kib, parallelism=cost.lanes)
        # Nobody's password: it is checked where there is no account, so that there the time is the same.
        self._nobodys = self._hasher.hash("")
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")

    async def hash(self, password: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def verify(self, password: str, hashed: str | None) -> bool:
        known = self._nobodys if hashed is None else hashed
        is_right = await asyncio.get_running_loop().run_in_executor(self._threads, self._verify, password, known)
        return is_right and hashed is not None

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()

    def _verify(self, password: str, hashed: str) -> bool:
        try:
            return self._hasher.verify(password, hashed)
        except UnknownHashError:
            return False
