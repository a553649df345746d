"""The connection itself is checked: whatever a name resolved to, and when, no private address is ever called."""

import errno
import socket
from typing import Any

from gristmill.domain.addresses import is_public

_REFUSED = "the address is of a private network, which this server does not call for its users"


def open_public_socket(address: tuple[Any, ...]) -> socket.socket:
    """A socket for one resolved address, as asyncio would make it. Raises OSError for an address that is not public.

    Every connection of a guarded session is made through it, also to literal addresses, which no resolver sees, and to
    names that resolve to something else than a moment ago.
    """
    family, kind, protocol, _, target = address
    if not is_public(target[0]):
        raise PermissionError(errno.EACCES, _REFUSED)
    return socket.socket(family=family, type=kind, proto=protocol)
