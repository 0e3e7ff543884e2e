"""Which addresses may be connected to for a stranger: what a post or a feed links to is somebody else's wish.

Asked of every address a name resolves to, right before the connection, by whoever fetches such links.
"""

from __future__ import annotations

import ipaddress

#: Blocks that reach inside or lead on to somewhere else, beyond what `ipaddress` calls private.
_BLOCKED = tuple(
    ipaddress.ip_network(block)
    for block in ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4")
)
_BLOCKED_6 = tuple(
    ipaddress.ip_network(block)
    for block in ("::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "fec0::/10", "5f00::/16")
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet, also after unwrapping what embeds an IPv4 address."""
    try:
        ip = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ipaddress.IPv4Address(ip.packed[-4:]) if ip in _NAT64 else None)
        if inner is not None:
            return is_public(str(inner))
        if any(ip in block for block in _BLOCKED_6) or "%" in address:
            return False
    elif any(ip in block for block in _BLOCKED):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_link_local or ip.is_loopback)
