"""Where a server listens: bound before anything else starts, so that a port in use starts nothing."""

import ipaddress
import os
import socket
from contextlib import suppress

from gristmill.errors import BadInputError

BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on an address; port 0 takes a free one. Raises BadInputError with what is in the way."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, place = found[0]
        return socket.create_server((str(place[0]), port), family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        raise BadInputError(f"Nothing can be served on {host}:{port}: {_why(error)}. Choose another.") from error


def url_of(listener: socket.socket) -> str:
    """What a browser on this machine opens to reach a server that listens there."""
    host, port = listener.getsockname()[:2]
    with suppress(ValueError):
        if (address := ipaddress.ip_address(host)).is_unspecified:
            host = "127.0.0.1" if address.version == 4 else "::1"  # noqa: PLR2004
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _why(error: Exception) -> str:
    if not isinstance(error, OSError):
        return str(error)
    # Numbers of name look-ups are negative, and not the system's.
    return os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)
