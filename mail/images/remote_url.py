"""The address of a remote picture, taken apart strictly, and the one error of fetching it."""

import ipaddress
import re
from enum import StrEnum
from typing import Final, Literal, NamedTuple
from urllib.parse import quote_from_bytes, urljoin, urlsplit

from core.errors import PostroomError

_HOST_NAME: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
_NUMBER_LABEL: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_FORBIDDEN: Final = re.compile(r"[\x00-\x20\x7f-\x9f\\\u2028\u2029]")  # what URL readers disagree about
_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))


class Reason(StrEnum):
    """Why a picture was not fetched."""

    URL = "url"
    SCHEME = "scheme"
    USERINFO = "userinfo"
    PORT = "port"
    ADDRESS = "address"
    LOOKUP = "lookup"
    CONNECT = "connect"
    TIMEOUT = "timeout"
    REDIRECTS = "redirects"
    STATUS = "status"
    PROTOCOL = "protocol"
    TOO_LARGE = "too_large"
    NOT_AN_IMAGE = "not_an_image"
    BUSY = "busy"


class ImageRefused(PostroomError):
    """A remote picture that is not shown; `reason` says why."""

    code = "image_refused"
    status = 502
    public = "This image can't be shown."

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"remote image refused: {reason}{f' ({detail})' if detail else ''}")
        self.reason = reason


class Target(NamedTuple):
    """One URL, taken apart once: what is judged here is what is asked for."""

    scheme: Literal["http", "https"]
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"


def parse(url: str, ports: frozenset[int], max_length: int) -> Target:
    """Take a URL apart, strictly. Raises ImageRefused."""
    if len(url) > max_length or _FORBIDDEN.search(url):
        raise ImageRefused(Reason.URL)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImageRefused(Reason.URL, str(error)[:80]) from error
    scheme: Literal["http", "https"]
    if parts.scheme == "http":
        scheme = "http"
    elif parts.scheme == "https":
        scheme = "https"
    else:
        raise ImageRefused(Reason.SCHEME)
    if "@" in parts.netloc:
        raise ImageRefused(Reason.USERINFO)
    host = parts.hostname or ""
    if "[" in parts.netloc and ":" not in host:  # RFC 3986 brackets hold IPv6, or a future that never came
        raise ImageRefused(Reason.URL, "not a host name")
    port = (443 if scheme == "https" else 80) if port is None else port
    if port not in ports:
        raise ImageRefused(Reason.PORT, str(port))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    escaped = quote_from_bytes(path.encode(errors="replace"), safe=_PRINTABLE)
    return Target(scheme, _host(host), port, escaped)


def join(url: str, location: str) -> str:
    """Where a redirect points (RFC 9110 section 10.2.2), still to be parsed. Raises ImageRefused."""
    if _FORBIDDEN.search(location):  # joining would drop some of these silently
        raise ImageRefused(Reason.URL, "where the redirect points")
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise ImageRefused(Reason.URL, "where the redirect points") from error


def _host(name: str) -> str:
    """The host as the wire has it: an address in its canonical form, or an ASCII name."""
    if "%" in name:  # an escaped host, or the zone of an IPv6 address, which means nothing elsewhere
        raise ImageRefused(Reason.URL, "not a host name")
    if ":" in name:
        try:
            return str(ipaddress.IPv6Address(name))
        except ValueError as error:
            raise ImageRefused(Reason.URL, "not an IPv6 address") from error
    try:
        # Before the test for numbers: this also turns full-width digits and dots into plain ones.
        ascii_name = name.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise ImageRefused(Reason.URL, "not a host name") from error
    if len(ascii_name) > 253 or not _HOST_NAME.fullmatch(ascii_name):
        raise ImageRefused(Reason.URL, "not a host name")
    bare = ascii_name.removesuffix(".")
    if not _NUMBER_LABEL.fullmatch(bare.rpartition(".")[2]):
        return ascii_name
    try:
        return str(ipaddress.IPv4Address(bare))
    except ValueError as error:
        # 2130706433, 0x7f.1, 0177.0.0.1: resolvers read these as addresses, and no honest sender writes them.
        raise ImageRefused(Reason.ADDRESS, "an address in disguise") from error
