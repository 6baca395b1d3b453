"""No way into the operator's network: which addresses are public, one by one and at each edge."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from supportcases.domain.addresses import NAT64, SPECIAL, UNICAST, is_public

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::",
    "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db9::",
    "2001:4860:4860::8888",
    "2003::",
    "2606:4700:4700::1111",
    "64:ff9b::8.8.8.8",  # an address of IPv4, from a host without
]
NOT_PUBLIC = [
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.100.100.200",  # Alibaba's metadata
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",  # Azure's
    "169.254.0.0",
    "169.254.169.254",  # everybody else's metadata
    "169.254.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.192",  # Oracle's metadata
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",  # as SIIT writes it
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::8.8.8.8",
    "64:ff9b:1:a9fe:a9:fe00::",  # 169.254.169.254 behind a prefix of 48 bits
    "100::1",
    "2001::1",  # Teredo
    "2001:0:808:808::f5ff:fffe",  # Teredo of 10.0.0.1
    "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
    "2002:808:808::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",  # Amazon's metadata
    "fd20:ce::254",  # Google's
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700:4700::1111%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address(text):
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_an_address_that_is_not_public(text):
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("network", SPECIAL, ids=str)
def test_each_special_network_ends_where_it_ends(network):
    first, last = network[0], network[-1]
    assert not is_public(first)
    assert not is_public(last)
    if isinstance(first, IPv4Address):
        assert not is_public(NAT64[int(first)])
        assert not is_public(NAT64[int(last)])


EMBEDDINGS = {  # bits that an address of IPv4 stands above the end
    "::": 0,
    "::ffff:0:0": 0,
    "::ffff:0:0:0": 0,
    "64:ff9b::": 0,
    "64:ff9b:1::": 0,
    "2002::": 80,
    "fe80::5efe:0:0": 0,
}
ANY_V4 = st.integers(0, 2**32 - 1).map(IPv4Address)
ANY_V6 = st.one_of(st.integers(0, 2**128 - 1), st.integers(int(UNICAST[0]), int(UNICAST[-1]))).map(IPv6Address)
NEAR_AN_EDGE = st.tuples(st.sampled_from(SPECIAL), st.booleans(), st.integers(-2, 2)).map(
    lambda drawn: type(drawn[0][0])(max(0, min(int(drawn[0][-1 if drawn[1] else 0]) + drawn[2], _highest(drawn[0]))))
)


def _highest(network) -> int:
    return 2**network.max_prefixlen - 1


@given(st.one_of(ANY_V4, ANY_V6, NEAR_AN_EDGE))
def test_what_is_public_is_nothing_that_python_takes_for_something_else(address):
    if is_public(address) and address not in NAT64:
        assert address.is_global
        kinds = ("multicast", "reserved", "loopback", "unspecified", "link_local", "private")
        assert [kind for kind in kinds if getattr(address, f"is_{kind}")] == []


@given(st.one_of(ANY_V4, NEAR_AN_EDGE.filter(lambda address: address.version == 4)))
@example(IPv4Address("127.0.0.1"))
@example(IPv4Address("8.8.8.8"))
def test_an_address_of_ipv4_gets_nowhere_within_one_of_ipv6_that_it_does_not_get_itself(address):
    for prefix, bits in EMBEDDINGS.items():
        within = IPv6Address(int(IPv6Address(prefix)) | int(address) << bits)
        assert not is_public(within) or (prefix == "64:ff9b::" and is_public(address))


def test_networks_may_be_denied():
    denied = (ip_network("8.8.8.0/24"), ip_network("2606:4700::/32"))
    for text in ("8.8.8.0", "8.8.8.255", "64:ff9b::8.8.8.8", "2606:4700::1"):
        assert is_public(ip_address(text))
        assert not is_public(ip_address(text), denied)
    for text in ("8.8.7.255", "8.8.9.0", "64:ff9b::8.8.9.0", "2606:4701::1"):
        assert is_public(ip_address(text), denied)
    assert not is_public(ip_address("64:ff9b::8.8.8.8"), [ip_network("64:ff9b::/96")])
