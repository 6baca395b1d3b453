"""Where webhooks go: what a URL may be, and what it says of whom to call."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any, Final, NamedTuple

from supportcases.domain.addresses import Address, Network, is_public
from supportcases.domain.fields import CHARACTERS

LONGEST: Final = 2_000
PORTS: Final = {"http": 80, "https": 443}
LOWEST_PORT: Final = 1_024  # below stand mail, SSH and the like, which take no webhooks
USER: Final = re.compile(r"[^:/?#]*://[^/?#]*@")
URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f.]*:[0-9a-f:.]*\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>(?:[/?](?:[a-z0-9._~:/?@!$&'()*+,;=-]|%[0-9a-f]{2})*)?)",
    re.ASCII | re.IGNORECASE,
)
LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
NAME: Final = re.compile(rf"(?=.{{1,253}}$){LABEL}(?:\.{LABEL})+", re.ASCII)
NUMBERS: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)  # a host that some take for an IP address
LOCALHOST: Final = "localhost"


class Reach(NamedTuple):
    """Where webhooks may go: to public addresses, over https.

    Attributes:
        denied: Networks to which they may not go all the same.
        http_loopback: Whether they may also go to this machine, over http: for development.
    """

    denied: tuple[Network, ...] = ()
    http_loopback: bool = False

    @classmethod
    def of(cls, deny: Iterable[str], *, http_loopback: bool = False) -> "Reach":
        """Read the networks that are denied, each written as "198.51.100.0/24", "2001:db8::/32" or one address.

        Raises:
            ValueError: One of them is no network; the sentence names it.
        """
        networks = []
        for one in [deny] if isinstance(deny, str) else deny:
            try:
                networks.append(ip_network(str(one)))
            except ValueError:
                raise ValueError(f"Must be networks such as '198.51.100.0/24', not {one!r}.") from None
        return cls(tuple(networks), http_loopback)


PUBLIC: Final = Reach()


class Destination(NamedTuple):
    """Whom a URL calls.

    Attributes:
        scheme: `https`, or `http`.
        host: A name, or an IP address without brackets; in lower case.
        port: The one that the URL names, or its scheme's.
        target: The path and the query as the request has them.
        address: The IP address, where that is what the URL has.
    """

    scheme: str
    host: str
    port: int
    target: str
    address: Address | None

    @property
    def authority(self) -> str:
        """The host and the port as the request has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL in its usual writing, as a browser shows it."""
        return f"{self.scheme}://{self.authority}{self.target}"

    def may_be_at(self, address: Address, reach: Reach) -> bool:
        """Tell whether it may be called at an address."""
        if self.scheme == "http":
            return address.is_loopback
        return is_public(address, reach.denied)


def destination(url: str, reach: Reach) -> Destination:
    """Return whom a URL calls; a name may turn out to lead elsewhere than it may.

    Raises:
        ValueError: It may not be called; with a sentence that says what is allowed.
    """
    if len(url) > LONGEST:
        raise ValueError(f"Must be up to {LONGEST:,} characters long, not {len(url):,}.")
    read = URL.fullmatch(url)
    if not read:
        raise ValueError(_fault(url))
    scheme, host, target = read["scheme"].lower(), read["host"].lower().strip("[]"), read["target"]
    port = int(read["port"] or PORTS[scheme])
    path = target if target.startswith("/") else f"/{target}"
    called = Destination(scheme, host, port, path, _address_in(host))
    if scheme == "http" and not (reach.http_loopback and _is_this_machine(called)):
        raise ValueError(f"Must begin with https://{' unless it is of this machine' if reach.http_loopback else ''}.")
    if port != PORTS[scheme] and not LOWEST_PORT <= port <= 65_535:
        raise ValueError(f"Must have no port, {PORTS[scheme]}, or one from {LOWEST_PORT} to 65535.")
    if called.address and not called.may_be_at(called.address, reach):
        raise ValueError(f"Must lead to a public address, which {host} is not.")
    if not called.address and not (NAME.fullmatch(host) or scheme == "http"):
        raise ValueError("Must have a full name, such as shop.example.com, or an IP address.")
    return called


class UrlRule(NamedTuple):
    """The URL of a webhook, which leads out of the operator's network; where a name leads is seen at each call."""

    reach: Reach = PUBLIC

    def clean(self, value: Any) -> str:
        """Return the URL in its usual writing."""
        url = destination(CHARACTERS.clean(value).strip(), self.reach).url
        return destination(url, self.reach).url  # which may be longer by a slash


def _fault(url: str) -> str:
    """Return what is wrong with the way in which a URL is written."""
    if USER.match(url):
        return "Must have no user name and no password."
    if "#" in url:
        return "Must have no fragment (#...), which nobody is sent."
    return (
        "Must be a URL such as https://shop.example.com/hooks: without spaces, its host in ASCII (xn--...), and what "
        "else is no ASCII percent-encoded."
    )


def _address_in(host: str) -> Address | None:
    """Return the address that a host is; ValueError for one in another writing than the usual."""
    if ":" in host:
        try:
            return IPv6Address(host)
        except ValueError:
            raise ValueError(
                "Must have an IPv6 address as eight groups, or shortened by one ::, in brackets."
            ) from None
    if not NUMBERS.fullmatch(host):
        return None
    try:
        return IPv4Address(host)
    except ValueError:
        raise ValueError("Must have an IP address as four numbers from 0 to 255 with dots between.") from None


def _is_this_machine(called: Destination) -> bool:
    return called.address.is_loopback if called.address else called.host == LOCALHOST
