"""IP addresses, as sockets, servers and proxies write them."""

from ipaddress import IPv4Address, IPv6Address, ip_address

Address = IPv4Address | IPv6Address

NO_CLIENT = ("", "unix:")  # in an `X-Forwarded-For`: nothing, and what nginx writes for whoever came by a Unix socket


def address_of(text: str) -> Address | None:
    """Return the address in `text`, without its port, if there is one; one of IPv4 within one of IPv6 is itself."""
    host = text.strip(' \t"')
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:  # a Unix socket has none
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def last_forwarded(header: str) -> Address | None:
    """Return who asked the proxy that wrote the end of this `X-Forwarded-For`, if it is an address."""
    hops = [hop for hop in map(str.strip, header.split(",")) if hop not in NO_CLIENT]
    return address_of(hops[-1]) if hops else None
