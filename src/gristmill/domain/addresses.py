"""Which addresses a stranger may have this machine call: those of the public internet, and no others."""

import ipaddress
import re
from typing import TypeAlias
from urllib.parse import urlsplit

from gristmill.errors import BadInputError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_GLOBAL = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Addresses in which another one hides, or that lead through a relay: nobody serves a model there.
_ODD = tuple(
    map(
        ipaddress.ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\.?")
_LOCAL_NAMES = re.compile(r"(.*\.)?(localhost|local|localdomain|internal|home\.arpa)\.?")
# What WHATWG calls a host that ends in a number: resolvers read 0x7f.1, 0177.1 and 2130706433 as IPv4 addresses.
_NUMERIC = re.compile(r"(.*\.)?(\d+|0x[0-9a-f]*)\.?")


def is_public(text: str) -> bool:
    """Whether an address, as a resolver gives it, is one of the public internet."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return _is_public(address)


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        if address in _NAT64:
            return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        if address not in _GLOBAL:
            return False
    return address.is_global and not address.is_multicast and not any(address in odd for odd in _ODD)


def check_web_address(url: str) -> str:
    """An http or https URL with a host and nothing hidden in it. Raises BadInputError."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise BadInputError(f"{url!r} is not an address: {error}.") from error
    if parts.scheme not in ("http", "https") or not host or not url.isprintable() or "\\" in url or " " in url:
        raise BadInputError(f"{url!r} is not an address: write http:// or https:// and a host.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise BadInputError("An address of a model has no user name, no ? and no #.")
    return url


def check_public_address(url: str) -> str:
    """A web address that does not plainly lead into a private network. Raises BadInputError.

    A name may still resolve to a private address, now or later: the connection is checked besides, when it is made.
    """
    host = (urlsplit(check_web_address(url)).hostname or "").lower()
    if not (is_public(host) if _is_literal(host) else _is_public_name(host)):
        raise BadInputError(
            f"{url!r} leads into a private network, or hides where it leads: this server calls no such."
        )
    return url


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_public_name(host: str) -> bool:
    return bool(_NAME.fullmatch(host)) and not _LOCAL_NAMES.fullmatch(host) and not _NUMERIC.fullmatch(host)
