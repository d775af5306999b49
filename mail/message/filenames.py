"""File names from strangers: decoded, made harmless, and written into Content-Disposition."""

import mimetypes
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from mail import clean
from mail.message import charsets, headers

MAX_BYTES: Final = 180
MAX_PARAMS: Final = 40

# What looks like a slash or a backslash counts as one: some systems make it one.
_SLASHES: Final = str.maketrans("\u2044\u2215\u29f8\uff0f\uff3c", "////\\")
# A slash in "Angebot 12/2024.pdf" is the writer's own; what begins like a path or has a backslash is one.
_PATH: Final = re.compile(r"(?:[A-Za-z]:/|[/.~]).*[/\\]|.*\\|/", re.DOTALL)
_FORBIDDEN: Final = re.compile(r'[<>:"|?*/\\]')
_ENDING: Final = re.compile(r"\.(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,10}$")
_UNQUOTED: Final = r"(?:^|;)\s*{}\s*=\s*([^\s\";][^\";]*)"
# Names that are devices on Windows, with any ending.
_DEVICE: Final = re.compile(
    r"(con|prn|aux|nul|clock\$|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)", re.IGNORECASE
)
_EXTENSIONS: Final = {"message/rfc822": ".eml", "text/plain": ".txt", "image/jpeg": ".jpg", "text/calendar": ".ics"}


def from_params(
    disposition: Mapping[str, str], content: Mapping[str, str], content_type: str, subject: str = ""
) -> str:
    """The clean file name of a part: `filename` of its disposition, else `name` of its type, else one made up.

    `subject` is what a nested message is called when it has no name of its own.
    """
    name = param(disposition, "filename") or param(content, "name")
    if not name and (title := headers.decode_words(subject)):
        name = title.translate(_SLASHES).replace("/", "_").replace("\\", "_") + ".eml"
    return clean_name(name, content_type)


def has_ending(name: str) -> bool:
    """Whether a name says what kind of file it is: ".pdf" does, ".2" doesn't."""
    return _ENDING.search(name) is not None


def unquoted(value: bytes, name: str) -> str:
    """A parameter that stands in a header without the quotes its blanks need (RFC 2045 section 5.1), "" for none.

    As far as it goes: a server that knows the rule gives its first word alone.
    """
    found = re.search(_UNQUOTED.format(name).encode(), value, re.IGNORECASE)
    return found[1].strip().decode("utf-8", "surrogateescape") if found else ""


def told_apart(names: Iterable[str]) -> list[str]:
    """The names of one message's files, repeated ones numbered: a.pdf, a (2).pdf. Case counts for nothing."""
    told: list[str] = []
    taken: set[str] = set()
    repeated: Counter[str] = Counter()
    for name in names:
        found = name
        while found.casefold() in taken:
            repeated[name.casefold()] += 1
            found = _shorten(name, f" ({repeated[name.casefold()] + 1})")
        taken.add(found.casefold())
        told.append(found)
    return told


def param(params: Mapping[str, str], name: str) -> str:
    """One MIME parameter, decoded: plain, RFC 2231 (continued or not), or with RFC 2047 words as many mailers do."""
    if f"{name}*" in params:
        return _extended(params[f"{name}*"])
    if f"{name}*0*" in params or f"{name}*0" in params:
        return _continued(params, name)
    return headers.decode_words(params.get(name, "").encode("utf-8", "surrogateescape"))


def _extended(value: str) -> str:
    """charset'language'percent-encoded (RFC 2231 section 4), where some put encoded words all the same."""
    charset, quote_mark, rest = value.partition("'")
    text = rest.partition("'")[2] if quote_mark else value
    return headers.decode_words(charsets.decode(unquote_to_bytes(text), charset if quote_mark else None))


def _continued(params: Mapping[str, str], name: str) -> str:
    """The sections *0, *1, … of a value (RFC 2231 section 3); only those marked with a second * are encoded."""
    raw, charset = b"", None
    for number in range(MAX_PARAMS):
        if (encoded := params.get(f"{name}*{number}*")) is not None:
            if number == 0 and encoded.count("'") >= 2:
                charset, _, encoded = encoded.split("'", 2)
            raw += unquote_to_bytes(encoded)
        elif (plain := params.get(f"{name}*{number}")) is not None:
            raw += plain.encode("utf-8", "surrogateescape")
        else:
            break
    return headers.decode_words(charsets.decode(raw, charset))


def clean_name(name: str, content_type: str = "") -> str:
    """A name that is safe to save under on every system: no path, no control or reordering characters, no device.

    At most 180 bytes of UTF-8, the ending kept. Never empty.
    """
    name = clean.one_line(name[:20_000]).translate(_SLASHES)
    if path := _PATH.match(name):
        name = name[path.end() :]
    name = _FORBIDDEN.sub("_", name).strip(" .~")
    if not name:
        name = "attachment" + (_EXTENSIONS.get(content_type) or mimetypes.guess_extension(content_type) or "")
    return _shorten(_DEVICE.sub(r"_\1", name, count=1) if _DEVICE.match(name) else name)


def _shorten(name: str, mark: str = "") -> str:
    """The name with a mark before its ending, and no longer than may be."""
    stem, dot, ending = name.rpartition(".")
    if not stem or not 0 < len(ending) <= 10:
        stem, dot, ending = name, "", ""
    room = MAX_BYTES - len(f"{mark}{dot}{ending}".encode())
    if len(stem.encode()) > room:
        stem = stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .")
    return f"{stem}{mark}{dot}{ending}"


def content_disposition(filename: str, *, inline: bool = False) -> str:
    """The HTTP header value that offers a file under this name (RFC 6266, RFC 8187)."""
    name = clean_name(filename)
    kind = "inline" if inline else "attachment"
    fallback = re.sub(r"[^A-Za-z0-9 ._()+=,@-]", "_", name)
    return f"{kind}; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe='')}"
