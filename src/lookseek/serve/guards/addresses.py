"""Which internet addresses are public: anything else is somebody's own network, and never fetched from."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

__all__ = ["Address", "client_of", "public"]

Address = IPv4Address | IPv6Address

# Written out, since what `is_global` says has changed between releases of Python.
# Source: the IANA registries of special-purpose addresses, for IPv4 and IPv6.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this machine
        "10.0.0.0/8",
        "100.64.0.0/10",  # behind a provider; 100.100.100.200 tells secrets in one cloud
        "127.0.0.0/8",
        "168.63.129.16/32",  # looks public, and tells secrets of machines in another cloud
        "169.254.0.0/16",  # this wire; 169.254.169.254 tells secrets in most clouds
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

# Of IPv6 only this part is given out. Beyond it are ::1, ::ffff:127.0.0.1 and ::127.0.0.1 (IPv4 in disguise),
# 64:ff9b::/96 and 64:ff9b:1::/48 (translated to IPv4), fc00::/7, fe80::/10, fec0::/10 and ff00::/8.
_GIVEN_OUT = IPv6Network("2000::/3")
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


def public(address: Address) -> bool:
    """Whether an address belongs to the public internet.

    >>> public(ip_address("9.9.9.9")), public(ip_address("::ffff:127.0.0.1"))
    (True, False)
    """
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in network for network in _NOT_PUBLIC_4)
    if address.scope_id is not None or address not in _GIVEN_OUT:
        return False
    return address.is_global and not any(address in network for network in _NOT_PUBLIC_6)


def client_of(host: str | None) -> str:
    """The name under which a client is counted: its address, of IPv6 the /64 that one customer gets.

    >>> client_of("2001:4860:1:2:3:4:5:6"), client_of("::ffff:9.9.9.9"), client_of(None)
    ('2001:4860:1:2::/64', '9.9.9.9', 'unknown')
    """
    try:
        address = ip_address(host or "")
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address)
