"""Who asks, and what they may do."""

from dataclasses import dataclass
from typing import Literal

from gristmill.domain.ids import LOCAL, UserId

Role = Literal["user", "admin"]

# What a key may do: look; order, change and spend; and, for an admin's key, see to other users.
Scope = Literal["read", "write", "admin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who a credential stands for. `session` is set when it is a login's, `key` when it is an API key's."""

    user: UserId
    role: Role = "user"
    scopes: frozenset[Scope] = frozenset({"read", "write"})
    session: str | None = None
    key: str | None = None

    @property
    def is_admin(self) -> bool:
        """Whether other users' accounts may be seen to."""
        return self.role == "admin" and "admin" in self.scopes


# The one person there is where no account is asked for.
SOLE = Principal(user=LOCAL, role="admin", scopes=frozenset({"read", "write", "admin"}))
