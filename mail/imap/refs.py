"""Names for messages and folders that can stand in a URL."""

import re
from dataclasses import dataclass
from typing import Final, Self

from core.errors import PostroomError

_TOKEN: Final = re.compile(r"([1-9][0-9]{0,9})\.([1-9][0-9]{0,9})", re.ASCII)
_LAST_NUMBER: Final = 2**32 - 1  # nz-number (RFC 9051 section 9)
_ENCODED_FOLDER: Final = re.compile(r"(?:[^~/\x00-\x1f\x7f]|~[01])+")


class BadRef(PostroomError):
    """A URL that no page of ours ever linked to."""

    code = "bad_ref"
    status = 404
    public = "There is no such message or folder."


@dataclass(frozen=True, slots=True)
class MessageRef:
    """One message for good: folder, UIDVALIDITY and UID together (RFC 9051 section 2.3.1.1)."""

    folder: str
    uidvalidity: int
    uid: int

    @property
    def token(self) -> str:
        """The part of the URL after the folder: "<uidvalidity>.<uid>"."""
        return f"{self.uidvalidity}.{self.uid}"

    @classmethod
    def parse(cls, folder: str, token: str) -> Self:
        """Read a token back. Raises BadRef for anything `token` never makes."""
        match = _TOKEN.fullmatch(token)
        if not match or max(numbers := (int(match[1]), int(match[2]))) > _LAST_NUMBER:
            raise BadRef(f"message token {token[:40]!r}")
        return cls(folder, *numbers)


def encode_folder(name: str) -> str:
    """A folder name as one path segment: "a/b~c" becomes "a~1b~0c" (as RFC 6901 section 3 does it).

    The result is unicode; percent-encoding is the URL builder's.
    """
    return name.replace("~", "~0").replace("/", "~1")


def decode_folder(segment: str) -> str:
    """The folder name back. Raises BadRef for what `encode_folder` never makes of a name the server would accept."""
    if not _ENCODED_FOLDER.fullmatch(segment):
        raise BadRef(f"folder segment {segment[:80]!r}")
    return segment.replace("~1", "/").replace("~0", "~")
