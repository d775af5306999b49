"""Pictures of strangers are fetched without telling them anything, and never from inside the network."""

import datetime
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from mail.images.public_addresses import IPAddress
from mail.images.remote import FetchedImage, ImageRefused, Limits, Network, Reason, fetch, public_network, raster_type
from mail.images.remote_url import Target, parse
from tests.mail.strangers import BMP, LOOPBACK, PNG, Road, moved, ok, refusal, stranger

# What comes back


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(40), "image/jpeg"),
        (b"GIF89a" + bytes(40), "image/gif"),
        (b"GIF87a" + bytes(40), "image/gif"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(40), "image/webp"),
        (BMP, "image/bmp"),
    ],
)
def test_a_picture_is_what_its_first_bytes_say_whatever_the_server_calls_it(body: bytes, content_type: str) -> None:
    with stranger(ok(body, b"Content-Type: text/html")) as server:
        assert fetch(server.url(), network=Road(server).network) == FetchedImage(content_type, body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b'<?xml version="1.0"?><svg/>',
        b"<!doctype html><script>alert(1)</script>",
        b"BM means Before Marketing, and this is only text that goes on for a while",
        b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(40),
        b"\x1f\x8b\x08\x00" + bytes(40),
        b"%PDF-1.7\n",
        b"\x00\x00\x00\x1cftypavif" + bytes(40),
    ],
)
def test_svg_pages_sounds_and_compressed_bodies_are_no_pictures(body: bytes) -> None:
    with stranger(ok(body, b"Content-Type: image/png", b"Content-Encoding: gzip")) as server:
        assert refusal(server.url(), Road(server).network) == Reason.NOT_AN_IMAGE


def test_a_body_in_chunks_and_one_that_ends_with_the_connection_are_read_whole() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + PNG[:5] + b"\r\n%x\r\n" % len(PNG[5:])
    with stranger(chunked + PNG[5:] + b"\r\n0\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n" + PNG) as server:
        for _ in range(2):
            assert fetch(server.url(), network=Road(server).network).data == PNG


# What goes out


def test_the_sender_learns_nothing_about_the_reader() -> None:
    with stranger(ok(PNG)) as server:
        fetch(server.url("/open.gif?id=ana%40brand-a.test&q=a b".replace(" ", "%20")), network=Road(server).network)
        lines = server.asked[0].decode().split("\r\n")
    assert lines == [
        "GET /open.gif?id=ana%40brand-a.test&q=a%20b HTTP/1.1",
        f"Host: pictures.test:{server.port}",
        "User-Agent: Mozilla/5.0 (compatible; image proxy)",
        "Accept: image/png, image/jpeg, image/gif, image/webp, image/bmp",
        "Accept-Encoding: identity",
        "Connection: close",
        "",
        "",
    ]


def test_a_cookie_set_by_a_redirect_is_not_carried_on() -> None:
    first = moved("/b.png").replace(b"\r\n\r\n", b"\r\nSet-Cookie: reader=ana\r\n\r\n")
    with stranger(first, ok(PNG)) as server:
        assert fetch(server.url(), network=Road(server).network).data == PNG
        assert server.asked[1].startswith(b"GET /b.png HTTP/1.1\r\n")
    for request in server.asked:
        assert b"cookie" not in request.lower()
        assert b"referer" not in request.lower()


def test_letters_outside_ascii_are_escaped_in_the_path_and_encoded_in_the_host() -> None:
    target = parse("https://Bücher.test/Überblick.png?x=日#top", frozenset({443}), 1000)
    assert target == Target("https", "xn--bcher-kva.test", 443, "/%C3%9Cberblick.png?x=%E6%97%A5")
    assert target.host_header == "xn--bcher-kva.test"
    assert parse("http://[2606:4700::1]/", frozenset({80}), 100).host_header == "[2606:4700::1]"


# Where it goes


def test_three_redirects_are_followed_and_the_fourth_is_not() -> None:
    hops = [moved(f"/{n}") for n in range(4)]
    with stranger(*hops[:3], ok(PNG)) as server:
        assert fetch(server.url(), network=Road(server).network).data == PNG
    with stranger(*hops, ok(PNG)) as server:
        assert refusal(server.url(), Road(server).network) == Reason.REDIRECTS
        assert len(server.asked) == 4


def test_a_redirect_to_another_host_is_looked_up_and_judged_anew() -> None:
    with stranger() as server:
        server._answers[:] = [moved(server.url(host="other.test"))]
        road = Road(server, pictures_test="8.8.8.8", other_test="10.0.0.1", public=True)
        assert refusal(server.url(), road.network) == Reason.ADDRESS
    assert road.looked_up == ["pictures.test", "other.test"]


@pytest.mark.parametrize(
    "status", [b"404 Not Found", b"500 Oops", b"204 No Content", b"206 Partial Content", b"304 Same"]
)
def test_only_a_plain_200_is_a_picture(status: bytes) -> None:
    with stranger(ok(PNG).replace(b"200 OK", status)) as server:
        assert refusal(server.url(), Road(server).network) == Reason.STATUS


def test_a_picture_announced_too_large_is_not_read() -> None:
    with stranger(b"HTTP/1.1 200 OK\r\nContent-Length: 6000000\r\n\r\n" + PNG) as server:
        assert refusal(server.url(), Road(server).network) == Reason.TOO_LARGE


def test_the_limit_is_of_the_picture_itself_to_the_byte() -> None:
    with stranger(*[b"HTTP/1.0 200 OK\r\n\r\n" + PNG] * 2) as server:
        network = Road(server).network
        assert fetch(server.url(), network=network, limits=Limits(max_bytes=len(PNG))).data == PNG
        assert refusal(server.url(), network, Limits(max_bytes=len(PNG) - 1)) == Reason.TOO_LARGE


def _without_end(first: bytes, more: bytes) -> Callable[[socket.socket], None]:
    def flood(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(more)

    return flood


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.0 200 OK\r\n\r\n" + PNG,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n" + PNG,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + PNG,
    ],
)
def test_a_picture_without_end_stops_at_the_limit(first: bytes) -> None:
    with stranger(_without_end(first, bytes(65536))) as server:
        reason = refusal(server.url(), Road(server).network, Limits(max_bytes=1_000_000))
    assert reason in (Reason.TOO_LARGE, Reason.NOT_AN_IMAGE)


@pytest.mark.parametrize("more", [b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, b"X: " + b"y" * 1000 + b"\r\n", b"z" * 1000])
def test_headers_without_end_stop_too(more: bytes) -> None:
    with stranger(_without_end(b"", more)) as server:
        reason = refusal(server.url(), Road(server).network, Limits(max_bytes=1_000_000))
    assert reason in (Reason.TOO_LARGE, Reason.PROTOCOL)


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + PNG]
)
def test_a_server_that_drips_a_byte_now_and_then_has_the_total_time_and_no_more(first: bytes) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(b"x")
            time.sleep(0.05)

    with stranger(drip) as server:
        assert refusal(server.url(), Road(server).network, Limits(total_seconds=0.4)) == Reason.TIMEOUT


def test_a_host_whose_look_up_hangs_is_given_up() -> None:
    gate = threading.Event()

    def hang(host: str, port: int) -> list[IPAddress]:
        gate.wait(5)
        return [LOOPBACK]

    try:
        reason = refusal("http://pictures.test/", Network(resolve=hang), Limits(total_seconds=0.2))
    finally:
        gate.set()
    assert reason == Reason.TIMEOUT


def test_an_unknown_host_and_a_closed_port_are_said_apart() -> None:
    def unknown(host: str, port: int) -> list[IPAddress]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    assert refusal("http://pictures.test/", Network(resolve=unknown)) == Reason.LOOKUP
    with stranger() as server:
        port = server.port
    road = Road()
    network = Network(ports=frozenset({port}), admits=lambda _: True, resolve=road.network.resolve)
    assert refusal(f"http://pictures.test:{port}/", network) == Reason.CONNECT


def test_the_next_address_is_tried_when_the_first_does_not_answer() -> None:
    with stranger(ok(PNG)) as server:
        tried: list[str] = []

        def connect(address: IPAddress, port: int, timeout: float) -> socket.socket:
            tried.append(str(address))
            if len(tried) == 1:
                raise ConnectionRefusedError
            return socket.create_connection(("127.0.0.1", port), timeout)

        road = Road(server, pictures_test="2606:4700::1 8.8.8.8")
        network = Network(ports=road.network.ports, resolve=road.network.resolve, connect=connect)
        assert fetch(server.url(), network=network).data == PNG
    assert tried == ["2606:4700::1", "8.8.8.8"]


def test_a_picture_cut_short_is_refused() -> None:
    with stranger(ok(PNG)[:-5]) as server:
        assert refusal(server.url(), Road(server).network) == Reason.PROTOCOL


@settings(max_examples=60)
@given(st.one_of(st.binary(), st.binary().map(b"HTTP/1.1 200 OK\r\n".__add__), st.binary().map((ok(PNG)[:60]).__add__)))
def test_whatever_a_server_says_is_a_picture_or_a_refusal(answer: bytes) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(answer)
        theirs.shutdown(socket.SHUT_WR)
        network = Network(admits=lambda _: True, connect=lambda *_: ours, tls=public_network().tls)
        with suppress(ImageRefused):
            assert fetch("http://8.8.8.8/", network=network).content_type.startswith("image/")
        assert ours.fileno() == -1


# TLS


@pytest.fixture(scope="module")
def pictures_tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for pictures.test, and a client's that trusts its maker."""
    folder: Path = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pictures.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("pictures.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "pictures.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


def test_https_sends_the_name_and_checks_the_certificate_for_it(
    pictures_tls: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    server_tls, client_tls = pictures_tls
    names: list[str | None] = []
    server_tls.sni_callback = lambda _socket, name, _context: names.append(name)
    with stranger(ok(PNG), ok(PNG), tls=server_tls) as server:
        road = Road(server)
        network = Network(
            road.network.ports, road.network.admits, road.network.resolve, road.network.connect, client_tls
        )
        assert fetch(server.url(scheme="https"), network=network).data == PNG
        assert refusal(server.url(scheme="https", host="other.test"), network) == Reason.CONNECT
        assert refusal(server.url(scheme="https"), road.network) == Reason.CONNECT  # a certificate nobody vouches for
        assert names == ["pictures.test", "other.test", "pictures.test"]
        assert len(server.asked) == 1


@pytest.mark.parametrize(
    "start", [b"", b"<svg xmlns=", b"<!doctype html>", b"BM is how this letter begins, oddly", b"RIFF----WAVE"]
)
def test_what_is_no_picture_has_no_type(start: bytes) -> None:
    assert raster_type(start) == ""
    assert raster_type(PNG) == "image/png"
