"""Tells public internet addresses from those of private networks, which are never fetched from."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

__all__ = ["Address", "is_public"]

Address = IPv4Address | IPv6Address

# Written out, since `is_global` has changed between releases of Python.
# Source: the IANA registries of special-purpose addresses, for IPv4 and IPv6.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this machine
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; 100.100.100.200 is the metadata service of one cloud
        "127.0.0.0/8",
        "168.63.129.16/32",  # looks public, and is the metadata service of another cloud
        "169.254.0.0/16",  # link-local; 169.254.169.254 is the metadata service of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # relays from IPv6, which reach anywhere
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)

# Only this part of IPv6 is allocated. Outside of it are ::1, ::ffff:127.0.0.1 and ::127.0.0.1 (IPv4 in IPv6),
# 64:ff9b::/96 and 64:ff9b:1::/48 (translated to IPv4), fc00::/7, fe80::/10, fec0::/10 and ff00::/8.
_ALLOCATED_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocols; 2001::/32, Teredo, holds an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4 holds an IPv4 address
        "3ffe::/16",
        "3fff::/20",
    )
)


def is_public(address: Address) -> bool:
    """Return whether an address belongs to the public internet.

    >>> is_public(IPv4Address("9.9.9.9")), is_public(IPv6Address("::ffff:127.0.0.1"))
    (True, False)
    """
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in network for network in _NOT_PUBLIC_4)
    if address.scope_id is not None or address not in _ALLOCATED_6:
        return False
    return address.is_global and not any(address in network for network in _NOT_PUBLIC_6)
