import pytest

from gristmill.domain.addresses import check_public_address, check_web_address, is_public
from gristmill.errors import BadInputError

PRIVATE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1",
    "192.0.0.8", "192.0.2.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.88.99.1",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
    "64:ff9b:1::808:808", "3fff::1", "100::1", "not an address", "",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "::ffff:8.8.8.8", "2606:4700:4700::1111", "2001:4860:4860::8888", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_within_a_network_is_not_public_in_any_form(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public_in_any_form(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        *(f"[{address}]" if ":" in address else address for address in PRIVATE if address and " " not in address),
        "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1.", "017700000001", "0", "0x",
        "1.2.3.4.5",
        "localhost", "LOCALHOST.", "db.localhost", "printer.local", "metadata.google.internal", "router.home.arpa",
        "１２７.0.0.1", "ⓛocalhost", "a..b", "-a.example.org", "a_b.example.org", "[::1", "127。0。0。1",
        "%31%32%37.0.0.1",
    ],
)  # fmt: skip
def test_a_url_that_leads_inside_or_hides_where_it_leads_is_refused(host: str) -> None:
    with pytest.raises(BadInputError):
        check_public_address(f"http://{host}:8000/v1")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org", "file:///etc/passwd", "gopher://example.org", "//example.org", "example.org", "http://",
        "",
        "http://user@example.org", "http://8.8.8.8@127.0.0.1/", "http://127.0.0.1\\@8.8.8.8/", "http://example.org:99999",
        "http://example.org/v1?x=1", "http://example.org/v1#x", "http://exa mple.org", "http://example.org/\r\nHost: a",
        "http://example.org:port", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_what_is_no_plain_web_address_is_refused_even_where_private_ones_are_allowed(url: str) -> None:
    for check in (check_web_address, check_public_address):
        with pytest.raises(BadInputError):
            check(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.org/v1", "http://8.8.8.8:8000/v1", "https://[2606:4700:4700::1111]/v1", "https://xn--bcher-kva.ch",
        "https://3com.example", "https://a-b.c1.example.org.:443/",
    ],
)  # fmt: skip
def test_a_public_address_is_taken_as_it_is(url: str) -> None:
    assert check_public_address(url) == url
