"""Where a link really leads, and whether its text says something else."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from mail import clean
from mail.domains import ascii_domain

MAX_URL: Final = 4_096

_WEB: Final = re.compile(r"(https?):[/\\]*([^/\\?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_OTHER: Final = re.compile(r"(mailto|tel):([^\s<>\"]{1,2000})", re.IGNORECASE)
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
# A text that claims to be an address of a page: "https://bank.test/x", "www.bank.test", "bank.test".
_CLAIM: Final = re.compile(
    r"(?:https?:[/\\]+)?(?:www\.)?((?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24})(?::\d+)?(?:[/?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
_MAIL_CLAIM: Final = re.compile(r"\S{1,64}@(?:[\w-]{1,63}\.){1,8}\w{2,24}")
_NUMBER: Final = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    """A link that may be followed. `host` is "" for mailto and tel; `warning` is "" when nothing is odd about it."""

    url: str
    host: str
    warning: str


def web_url(value: str) -> tuple[str, str, str] | None:
    """(url, host, user info) of an absolute or protocol-relative http(s) URL, written the one way every browser reads.

    Browsers take "\\\\" for "/", any number of slashes, and line ends inside (URL Standard section 4.4); here all
    of that is settled. None for everything else.
    """
    value = _CONTROLS.sub("", value[: MAX_URL + 1]).strip().replace(" ", "%20")
    if len(value) > MAX_URL:
        return None
    if value.startswith(("//", "\\\\", "/\\", "\\/")):
        value = "https:" + value
    match = _WEB.fullmatch(value)
    if match is None:
        return None
    user, _, authority = match[2].rpartition("@")
    name, colon, port = authority.rpartition(":") if re.search(r":\d{0,5}$", authority) else (authority, "", "")
    host = _host(name)
    if host is None:
        return None
    rest = match[3].replace("\\", "/") if "?" not in match[3] else match[3]
    rest = rest if rest.startswith(("/", "?", "#")) or not rest else "/" + rest
    return f"{match[1].lower()}://{host}{colon}{port}{rest}", host, user


def _host(name: str) -> str | None:
    if name.startswith("[") and name.endswith("]"):
        try:
            return f"[{ipaddress.IPv6Address(name[1:-1]).compressed}]"
        except ValueError:
            return None
    return ascii_domain(unquote(name[:300]))


def judge(href: str, text: str) -> Link | None:
    """The link to offer for an href and the text it stands behind; None when it leads nowhere we follow.

    User info before the host is never passed on: no page needs it, and it makes one host look like another.
    """
    if found := web_url(href):
        url, host, user = found
        return Link(url, host, _warning(host, user, clean.one_line(text)))
    other = _OTHER.fullmatch(clean.one_line(href[:MAX_URL]).replace(" ", "%20"))
    if other is None:
        return None
    return Link(f"{other[1].lower()}:{other[2]}", "", _mail_warning(other[1], other[2], clean.one_line(text)))


def _warning(host: str, user: str, text: str) -> str:
    if user:
        return f"This link opens {host}, not {clean.one_line(unquote(user.partition(':')[0]))[:60]}"
    if host.startswith("[") or _NUMBER.fullmatch(host.rpartition(".")[2]):
        return f"This link opens a bare network address: {host}"
    claim = _CLAIM.fullmatch(text[:300])
    if claim and not _related(ascii_domain(claim[1]) or claim[1].lower(), host):
        return f"This link opens {host}, not {claim[1][:100]}"
    if any(label.startswith("xn--") for label in host.split(".")):
        return f"This link opens {host}, a name with unusual letters"
    return ""


def _mail_warning(scheme: str, target: str, text: str) -> str:
    claimed = _MAIL_CLAIM.fullmatch(text[:300])
    address = unquote(target.partition("?")[0])
    if scheme.lower() == "mailto" and claimed and claimed[0].lower() != address.lower():
        return f"This link writes to {clean.one_line(address)[:100]}"
    return ""


def _related(claimed: str, host: str) -> bool:
    """The same host, or one inside the other: shop.test and click.shop.test belong together."""
    host = host.removeprefix("www.")
    return claimed == host or host.endswith(f".{claimed}") or claimed.endswith(f".{host}")
