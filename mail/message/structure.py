"""The shape of a message as BODYSTRUCTURE tells it (RFC 9051 section 7.5.2), without its content."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Part:
    """One body part.

    `section` is the IMAP part specifier ("1", "2.1"); the root of a multipart message has "" and
    the only part of a message that is not multipart has "1" (RFC 9051 section 6.4.5).
    `content_type` is lower-case "type/subtype". `params` and `disposition_params` keep the names
    lower-case and the values as they came: RFC 2047 and RFC 2231 encodings are still in place.
    `disposition` and `encoding` are lower-case, "" when absent. `size` is in octets, encoded.
    `content_id` and `description` are as they came, "" when absent; `subject` is a nested message's, as it came.
    `cut` says that there is more in it than `children` tell; not `typed`, that what it says of its type can't be read.
    """

    section: str
    content_type: str
    params: dict[str, str] = field(default_factory=dict)
    disposition: str = ""
    disposition_params: dict[str, str] = field(default_factory=dict)
    encoding: str = ""
    size: int = 0
    content_id: str = ""
    description: str = ""
    subject: str = ""
    children: tuple["Part", ...] = ()
    cut: bool = False
    typed: bool = True

    def walk(self) -> Iterator["Part"]:
        """Yield this part and all below it, in order, without recursion."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.children))
