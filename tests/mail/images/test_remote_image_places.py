"""Where a picture may be fetched from: public places alone, and what is judged is what is asked."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.images.public_addresses import IPAddress, is_public
from mail.images.remote import ImageRefused, Network, Reason, fetch, public_network
from mail.images.remote_url import parse
from tests.mail.strangers import PNG, Road, moved, ok, refusal, stranger

INSIDE = [
    "http://localhost/",
    "http://localhost./",
    "http://127.0.0.1/",
    "http://127.0.0.1./",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://127.0.0.0x1/",
    "http://１２７.０.０.１/",
    "http://127。0。0。1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://10.1.2.3/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/latest/meta-data/",
    "http://172.31.255.255/",
    "http://192.168.1.1/",
    "http://192.0.0.192/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::10.0.0.1]/",
    "http://[2002:7f00:1::]/",
    "http://[2002:a00:1::]/",
    "http://[2001:0:7f00:1::]/",
    "http://[2001:db8::1]/",
    "http://[fc00::1]/",
    "http://[fd12:3456::1]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
]
MALFORMED = [
    ("", Reason.SCHEME),
    ("//pictures.test/a.png", Reason.SCHEME),
    ("file:///etc/passwd", Reason.SCHEME),
    ("ftp://pictures.test/a.png", Reason.SCHEME),
    ("gopher://pictures.test/_x", Reason.SCHEME),
    ("data:image/png;base64,AAAA", Reason.SCHEME),
    ("javascript:alert(1)", Reason.SCHEME),
    ("http://", Reason.URL),
    ("http:///a.png", Reason.URL),
    ("http://[::1", Reason.URL),
    ("http://[fe80::1%25eth0]/", Reason.URL),
    ("http://[v1.x]/", Reason.URL),
    ("http://a..test/", Reason.URL),
    ("http://%31%32%37.0.0.1/", Reason.URL),
    ("http://127.0.0.1\\@pictures.test/", Reason.URL),
    ("http://pictures.test/a\r\nX-Evil: 1", Reason.URL),
    ("http://pic\ttures.test/", Reason.URL),
    ("http://pictures.test/a b", Reason.URL),
    ("http://pictures.test:80a/", Reason.URL),
    ("http://pictures.test/" + "a" * 9000, Reason.URL),
    ("http://" + "a" * 64 + ".test/", Reason.URL),
    ("http://ana@pictures.test/", Reason.USERINFO),
    ("http://ana:pw@pictures.test/", Reason.USERINFO),
    ("http://@pictures.test/", Reason.USERINFO),
    ("http://pictures.test:22/", Reason.PORT),
    ("http://pictures.test:8143/", Reason.PORT),
    ("http://pictures.test:0/", Reason.PORT),
]


@pytest.mark.parametrize("url", INSIDE)
def test_an_address_inside_is_refused_before_connecting(url: str) -> None:
    road = Road(public=True)
    assert refusal(url, road.network) == Reason.ADDRESS
    assert road.connected == []
    # However an address is spelled, it is recognised here and not left to the resolver.
    assert set(road.looked_up) <= {"localhost", "localhost."}


@pytest.mark.parametrize(("url", "reason"), MALFORMED)
def test_a_url_that_readers_disagree_about_is_refused_before_looking_it_up(url: str, reason: Reason) -> None:
    road = Road(public=True)
    assert refusal(url, road.network) == reason
    assert (road.looked_up, road.connected) == ([], [])


@pytest.mark.parametrize("url", INSIDE + [url for url, _ in MALFORMED if "test" in url and "://" in url])
def test_a_redirect_to_any_of_these_is_refused_before_the_second_connection(url: str) -> None:
    with stranger(moved(url.replace("\r\n", "\t"))) as server:
        road = Road(server, pictures_test="8.8.8.8", public=True)
        refusal(server.url(), road.network)
        assert road.connected == [("8.8.8.8", server.port)]


@pytest.mark.parametrize(
    "addresses", ["10.0.0.1", "8.8.8.8 127.0.0.1", "::1", "2606:4700::1 fe80::1", "64:ff9b::a00:1"]
)
def test_a_name_with_one_address_inside_is_refused_before_connecting(addresses: str) -> None:
    road = Road(public=True, pictures_test=addresses)
    assert refusal("http://pictures.test/a.png", road.network) == Reason.ADDRESS
    assert road.connected == []


def test_the_defaults_refuse_this_machine_under_every_name() -> None:
    with stranger(ok(PNG)) as server:
        for host in ("localhost", "127.0.0.1", "[::1]"):
            network = Network(ports=frozenset({server.port}), tls=public_network().tls)
            assert refusal(server.url(host=host), network) == Reason.ADDRESS
        assert refusal(server.url()) == Reason.PORT
        assert server.asked == []


def test_a_name_is_looked_up_once_and_that_very_address_is_connected_to() -> None:
    """Rebinding: a second look-up would be answered with an address inside."""
    answers = iter(["8.8.8.8", "127.0.0.1"])
    with stranger(ok(PNG)) as server:
        connected: list[str] = []

        def connect(address: IPAddress, port: int, timeout: float) -> socket.socket:
            connected.append(str(address))
            return socket.create_connection(("127.0.0.1", port), timeout)

        network = Network(
            ports=frozenset({server.port}),
            resolve=lambda host, port: [ipaddress.ip_address(next(answers))],
            connect=connect,
        )
        assert fetch(server.url(), network=network).data == PNG
    assert connected == ["8.8.8.8"]
    assert next(answers) == "127.0.0.1"


def test_public_addresses_are_public() -> None:
    for text in ("8.8.8.8", "100.63.255.255", "172.32.0.1", "2606:4700::1", "2a00:1450::5", "64:ff9b::8.8.8.8"):
        assert is_public(ipaddress.ip_address(text)), text


@given(st.ip_addresses())
def test_no_address_is_public_that_the_standard_library_calls_private(address: IPAddress) -> None:
    if is_public(address) and address not in ipaddress.ip_network(
        "64:ff9b::/96" if address.version == 6 else "0.0.0.0/32"
    ):
        assert address.is_global
        assert not address.is_multicast


@given(st.one_of(st.text(), st.text().map("http://".__add__), st.from_regex(r"https?://[^/]{0,20}/[^ ]*")))
def test_every_text_is_a_target_or_refused(text: str) -> None:
    try:
        target = parse(text, frozenset({80, 443}), 8192)
    except ImageRefused:
        return
    assert target.host.isascii()
    assert target.path.isascii()
    assert not set(target.host + target.path) & set("\r\n\t \\")


# Redirects, time and size
