"""What the URL of a webhook may be, when it is made and whenever it is called."""

import re
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supportcases.domain.webhooks import PUBLIC, Destination, Reach, UrlRule, destination

OF_DEVELOPMENT = Reach(http_loopback=True)

KEPT = {
    "https://shop.example.com/hooks": "https://shop.example.com/hooks",
    "HTTPS://Shop.Example.COM": "https://shop.example.com/",
    " https://shop.example.com/a\n": "https://shop.example.com/a",
    "https://shop.example.com?a=b&c=%20": "https://shop.example.com/?a=b&c=%20",
    "https://shop.example.com:443/": "https://shop.example.com/",
    "https://shop.example.com:8443/A/../b;c@d:e": "https://shop.example.com:8443/A/../b;c@d:e",
    "https://xn--bcher-kva.example/": "https://xn--bcher-kva.example/",
    "https://_hooks.a-b.example/": "https://_hooks.a-b.example/",
    "https://93.184.216.34/": "https://93.184.216.34/",
    "https://[2606:4700:4700::1111]:8443/": "https://[2606:4700:4700::1111]:8443/",
    "https://a.0xzz/": "https://a.0xzz/",
    f"https://{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}/": f"https://{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}/",
    f"https://a.example/{'x' * 1_982}": f"https://a.example/{'x' * 1_982}",
}

WRITTEN = (
    "Must be a URL such as https://shop.example.com/hooks: without spaces, its host in ASCII (xn--...), and what "
    "else is no ASCII percent-encoded."
)
NAMED = "Must have a full name, such as shop.example.com, or an IP address."
FOUR = "Must have an IP address as four numbers from 0 to 255 with dots between."
SIX = "Must have an IPv6 address as eight groups, or shortened by one ::, in brackets."
USER = "Must have no user name and no password."
FRAGMENT = "Must have no fragment (#...), which nobody is sent."
HTTPS = "Must begin with https://."
PORT = "Must have no port, 443, or one from 1024 to 65535."


def public(host):
    return f"Must lead to a public address, which {host} is not."


REFUSED = {
    "": WRITTEN,
    "shop.example.com": WRITTEN,
    "ftp://shop.example.com/": WRITTEN,
    "javascript:alert(1)": WRITTEN,
    "file:///etc/passwd": WRITTEN,
    "https:/shop.example.com/": WRITTEN,
    "https:///hooks": WRITTEN,
    "https://": WRITTEN,
    "https://:8443/": WRITTEN,
    "https://shop.example.com:/": WRITTEN,
    "https://shop.example.com:44b/": WRITTEN,
    "https://shop.example.com:-1/": WRITTEN,
    "https://shop.example.com:4444444/": WRITTEN,
    "https://shop.example.com/a b": WRITTEN,
    "https://shop.example.com/a\r\nHost: x": WRITTEN,
    "https://shop.example.com\r\n.example/": WRITTEN,
    "https://shop.exa\tmple.com/": WRITTEN,
    "https://shop.example.com\\@10.0.0.1/": USER,
    "https://shop.example.com\\.10.0.0.1/": WRITTEN,
    "https://shop.example.com/%zz": WRITTEN,
    "https://shop.example.com/%": WRITTEN,
    "https://shop.example.com/ü": WRITTEN,
    "https://bücher.example/": WRITTEN,
    "https://１２７.0.0.1/": WRITTEN,  # fullwidth digits
    "https://127。0。0。1/": WRITTEN,  # ideographic full stops
    "https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/": WRITTEN,
    "https://\u212aelvin.example/": WRITTEN,  # the sign, which is a K in lower case
    "https://127.0.0.1%2f@shop.example.com/": USER,
    "https://shop.example.com%00.example/": WRITTEN,
    "https://[fe80::1%25eth0]/": WRITTEN,
    "https://[fe80::1%eth0]/": WRITTEN,
    "https://[127.0.0.1]/": WRITTEN,
    "https://[]/": WRITTEN,
    "https://[::1/": WRITTEN,
    "https://::1/": WRITTEN,
    "https://user@shop.example.com/": USER,
    "https://user:word@shop.example.com/": USER,
    "https://@shop.example.com/": USER,
    "https://shop.example.com/#top": FRAGMENT,
    "https://shop.example.com#": FRAGMENT,
    "http://shop.example.com/": HTTPS,
    "http://127.0.0.1/": HTTPS,
    "http://localhost:8000/": HTTPS,
    "http://shop.example.com:22/": HTTPS,
    "https://shop.example.com:0/": PORT,
    "https://shop.example.com:22/": PORT,
    "https://shop.example.com:80/": PORT,
    "https://shop.example.com:1023/": PORT,
    "https://shop.example.com:65536/": PORT,
    "https://localhost/": NAMED,
    "https://redis/": NAMED,
    "https://shop.example.com./": NAMED,
    "https://localhost./": NAMED,
    "https://127.0.0.1./": NAMED,
    "https://.example.com/": NAMED,
    "https://shop..example.com/": NAMED,
    "https://-shop.example.com/": NAMED,
    "https://shop-.example.com/": NAMED,
    f"https://{'a' * 64}.example/": NAMED,
    f"https://{'a.' * 126}bb/": NAMED,  # 254 characters
    "https://2130706433/": FOUR,
    "https://0x7f.1/": FOUR,
    "https://0x7f000001/": FOUR,
    "https://127.1/": FOUR,
    "https://0177.0.0.1/": FOUR,
    "https://127.0.0.0x1/": FOUR,
    "https://0x/": FOUR,
    "https://1.2.3.4.5/": FOUR,
    "https://1.2.3.256/": FOUR,
    "https://shop.example.1/": FOUR,
    "https://[1::2::3]/": SIX,
    "https://[:]/": SIX,
    "https://[::1.2.3]/": SIX,
    "https://127.0.0.1/": public("127.0.0.1"),
    "https://10.0.0.1:8443/": public("10.0.0.1"),
    "https://169.254.169.254/latest/meta-data/": public("169.254.169.254"),
    "https://0.0.0.0/": public("0.0.0.0"),
    "https://[::1]/": public("::1"),
    "https://[::]/": public("::"),
    "https://[::FFFF:127.0.0.1]/": public("::ffff:127.0.0.1"),
    "https://[::ffff:7f00:1]/": public("::ffff:7f00:1"),
    "https://[64:ff9b::10.0.0.1]/": public("64:ff9b::10.0.0.1"),
    f"https://a.example/{'x' * 1_983}": "Must be up to 2,000 characters long, not 2,001.",
}


@pytest.mark.parametrize(("written", "kept"), KEPT.items())
def test_a_url_that_leads_out(written, kept):
    assert UrlRule().clean(written) == kept
    assert UrlRule().clean(kept) == kept


@pytest.mark.parametrize(("written", "problem"), REFUSED.items())
def test_a_url_that_may_not_be_called(written, problem):
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}$"):
        UrlRule().clean(written)


@pytest.mark.parametrize("value", [None, 7, b"https://shop.example.com/", ["https://shop.example.com/"]])
def test_what_is_no_text(value):
    with pytest.raises(ValueError, match=r"^Must be a string\.$"):
        UrlRule().clean(value)


@pytest.mark.parametrize(
    "url", ["http://localhost:8000/", "http://127.0.0.1:8000/", "http://127.9.9.9/", "http://[::1]:8000/a?b"]
)
def test_in_development_http_goes_to_this_machine(url):
    assert UrlRule(OF_DEVELOPMENT).clean(url) == url


@pytest.mark.parametrize(
    "url", ["http://shop.example.com/", "http://10.0.0.1/", "http://localhost.example/", "http://0.0.0.0:8000/"]
)
def test_and_to_no_other(url):
    with pytest.raises(ValueError, match=r"^Must begin with https:// unless it is of this machine\.$"):
        UrlRule(OF_DEVELOPMENT).clean(url)


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://[::1]/"])
def test_https_never_goes_to_this_machine(url):
    with pytest.raises(ValueError, match=r"^Must lead to a public address, which \S+ is not\.$"):
        UrlRule(OF_DEVELOPMENT).clean(url)


def test_networks_may_be_denied():
    reach = Reach(denied=(ip_network("93.184.0.0/16"),))
    with pytest.raises(ValueError, match=r"^Must lead to a public address, which 93\.184\.216\.34 is not\.$"):
        UrlRule(reach).clean("https://93.184.216.34/")
    assert UrlRule(reach).clean("https://93.185.216.34/") == "https://93.185.216.34/"


def test_what_a_url_says_of_whom_to_call():
    assert destination("https://Shop.example.com:8443?a", PUBLIC) == Destination(
        "https", "shop.example.com", 8443, "/?a", None
    )
    called = destination("https://[2606:4700::1]/", PUBLIC)
    assert called == Destination("https", "2606:4700::1", 443, "/", ip_address("2606:4700::1"))
    assert called.authority == "[2606:4700::1]"


@given(st.text(st.sampled_from("htps:/@#?[]%.-_\\ \r\n\t\x00aA0x17fé。"), max_size=40), st.booleans())
def test_whatever_is_kept_is_one_line_of_ascii_that_says_the_same_when_it_is_read_again(tail, with_scheme):
    try:
        url = UrlRule().clean(f"https://{tail}" if with_scheme else tail)
    except ValueError:
        return
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url
    assert destination(url, PUBLIC).url == url
