"""Pictures of strangers are fetched without telling them anything, and never from inside the network."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from mail.public_addresses import IPAddress, is_public
from mail.remote_image_url import Target, parse
from mail.remote_images import (
    FetchedImage,
    ImageRefused,
    Limits,
    Network,
    Reason,
    fetch,
    public_network,
    raster_type,
)

LOOPBACK = ipaddress.ip_address("127.0.0.1")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)
BMP = (
    b"BM" + (70).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little") + (40).to_bytes(4, "little") + bytes(60)
)

Answer = bytes | Callable[[socket.socket], None]


def ok(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join((b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *headers, b"", body))


def moved(to: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode()


class Stranger:
    """A web server of the sender's: gives its answers in order and remembers what it was asked."""

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[bytes] = []
        self._answers = list(answers)
        self._tls = tls
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def url(self, path: str = "/a.png", host: str = "pictures.test", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                try:
                    self._answer(self._tls.wrap_socket(connection, server_side=True) if self._tls else connection)
                except OSError:
                    continue

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            request = b""
            while b"\r\n\r\n" not in request:
                data = connection.recv(65536)
                if not data:
                    return
                request += data
            self.asked.append(request)
            answer = self._answers.pop(0)
            if callable(answer):
                answer(connection)
            else:
                connection.sendall(answer)


@contextmanager
def stranger(*answers: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Stranger]:
    server = Stranger(*answers, tls=tls)
    try:
        yield server
    finally:
        server.close()


class Road:
    """The way to one stranger's server and nowhere else; counts what was looked up and connected to."""

    def __init__(self, *servers: Stranger, public: bool = False, **addresses: str) -> None:
        self.looked_up: list[str] = []
        self.connected: list[tuple[str, int]] = []
        self._addresses = addresses
        self.network = Network(
            ports=frozenset({80, 443, *(server.port for server in servers)}),
            admits=is_public if public else self._admits,
            resolve=self._resolve,
            connect=self._connect,
            tls=public_network().tls,
        )

    def _admits(self, address: IPAddress) -> bool:
        return address == LOOPBACK or is_public(address)

    def _resolve(self, host: str, port: int) -> list[IPAddress]:
        self.looked_up.append(host)
        texts = self._addresses.get(host.replace(".", "_"), "127.0.0.1")
        return [ipaddress.ip_address(text) for text in texts.split()]

    def _connect(self, address: IPAddress, port: int, timeout: float) -> socket.socket:
        self.connected.append((str(address), port))
        return socket.create_connection(("127.0.0.1", port), timeout)


def refusal(url: str, network: Network | None = None, limits: Limits | None = None) -> Reason:
    with pytest.raises(ImageRefused) as caught:
        fetch(url, network=network, limits=limits)
    assert caught.value.__class__.status == 502
    assert str(caught.value.reason) in str(caught.value)
    return caught.value.reason


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
        started = time.monotonic()
        assert refusal(server.url(), Road(server).network, Limits(total_seconds=0.4)) == Reason.TIMEOUT
        assert time.monotonic() - started < 1.5


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


@settings(max_examples=60, deadline=None)
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
