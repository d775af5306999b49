"""mailto: links, which ask for a message to be written (RFC 6068): a stranger's wishes, which begin a letter."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from mail import clean

MAX_PEOPLE: Final = 1_000
MAX_SUBJECT: Final = 500
MAX_BODY: Final = 2_000
# The link of ours that asks for all this is an address of its own, and no server reads an endless one.
_MAX_QUOTED: Final = 8_000


@dataclass(frozen=True, slots=True)
class Mailto:
    """What a link wants in a new message. `to`, `cc` and `bcc` as a person would type them; the rest is left out."""

    to: str = ""
    cc: str = ""
    bcc: str = ""
    subject: str = ""
    body: str = ""

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> "Mailto":
        """From these fields of anybody's, made fit for a form and no longer than one is filled in by hand."""
        people = {name: _whole_addresses(clean.one_line(fields.get(name, ""))) for name in ("to", "cc", "bcc")}
        subject = _as_long_as_a_link(clean.one_line(fields.get("subject", ""))[:MAX_SUBJECT], 2_000)
        body = _as_long_as_a_link(clean.body(fields.get("body", ""))[:MAX_BODY], _MAX_QUOTED)
        return cls(**people, subject=subject, body=body)

    @property
    def fields(self) -> dict[str, str]:
        """Those that say something, by name."""
        named = {"to": self.to, "cc": self.cc, "bcc": self.bcc, "subject": self.subject, "body": self.body}
        return {name: value for name, value in named.items() if value}


def _whole_addresses(people: str) -> str:
    """As many as there is room for: half an address is somebody else's."""
    return people if len(people) <= MAX_PEOPLE else people[: MAX_PEOPLE + 1].rpartition(",")[0]


def _as_long_as_a_link(text: str, octets: int) -> str:
    """Its beginning, as long as it takes at most so many octets in an address (RFC 3986 section 2.1)."""
    while len(quote(text)) > octets:
        text = text[: len(text) * 3 // 4]
    return text


def parse(url: str) -> Mailto:
    """What this mailto: URL asks for. Never raises. Fields other than these five are not for a link to set."""
    target, _, query = url.partition(":")[2].partition("#")[0].partition("?")
    found = {"to": [_decoded(address) for address in target.split(",") if address]}
    for pair in query.split("&")[:50]:
        name, _, value = pair.partition("=")
        found.setdefault(unquote(name).lower(), []).append(_decoded(value))
    joined = {name: (", " if name in {"to", "cc", "bcc"} else "\n").join(values) for name, values in found.items()}
    return Mailto.of(joined)


def _decoded(text: str) -> str:
    """Percent-encoded UTF-8; "+" is a plus sign here (section 5)."""
    return unquote(text, errors="replace").strip()
