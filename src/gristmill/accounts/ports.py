"""What the use cases of this room need from outside, and what the server's owner decided."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gristmill.domain.account import NO_LIMITS, UserLimits
from gristmill.ports.accounts import AccountStore
from gristmill.ports.clock import Clock
from gristmill.ports.mailer import Mailer
from gristmill.ports.passwords import Passwords
from gristmill.ports.sealer import Sealer

Auth = Literal["local", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRules:
    """What the server's owner decided.

    With `auth` "none" whoever asks is the one person there is. `public_url` begins the links in mails, `limits` are a
    new user's. `is_signup_open` false lets only the very first user sign up.
    """

    auth: Auth = "local"
    is_signup_open: bool = True
    public_url: str
    limits: UserLimits = NO_LIMITS
    allow_private_models: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPorts:
    """The ports accounts are kept through; `entropy` gives so many unpredictable bytes."""

    store: AccountStore
    mailer: Mailer
    passwords: Passwords
    sealer: Sealer
    clock: Clock
    entropy: Callable[[int], bytes]
    rules: AccountRules
