"""Which IP addresses are public: those that a server anywhere on the Internet may have, and nothing nearer."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

UNICAST: Final = IPv6Network("2000::/3")  # IPv6's only public one; outside it is ::a.b.c.d and ::ffff:a.b.c.d too
NAT64: Final = IPv6Network("64:ff9b::/96")  # how a host that has IPv6 alone reaches an address of IPv4
# IANA's special-purpose registries, whole, whatever `is_global` of this Python makes of them: it takes multicast and
# 6to4 for global. Some are anycast, and lead to whoever is nearest: to the network of the operator, maybe.
SPECIAL: Final = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
            *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4"),  # multicast; reserved
            "168.63.129.16/32",  # Azure's own, which its machines find their configuration at
            *("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"),  # Teredo, 6to4, examples
        ),
    )
)


def is_public(address: Address, denied: Iterable[Network] = ()) -> bool:
    """Tell whether an address is public, and in no network that is denied.

    One of IPv4 that NAT64 reaches counts as itself. A NAT64 prefix of the operator's own, or an address of this machine
    that others cannot reach as this machine does, is for the operator to deny.
    """
    reached = _behind_nat64(address)
    if isinstance(reached, IPv6Address) and (reached not in UNICAST or reached.scope_id):
        return False
    return not any(one in network for network in (*SPECIAL, *denied) for one in (address, reached))


def _behind_nat64(address: Address) -> Address:
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in NAT64 else address
