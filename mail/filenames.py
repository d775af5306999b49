"""File names from strangers: decoded, made harmless, and written into Content-Disposition."""

import mimetypes
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from mail import charsets, clean, headers

MAX_BYTES: Final = 180
MAX_PARAMS: Final = 40

_SEPARATORS: Final = re.compile(r"[/\\\u2044\u2215\u29f8\uff0f\uff3c]")
_FORBIDDEN: Final = re.compile(r'[<>:"|?*]')
# Names that are devices on Windows, with any ending.
_DEVICE: Final = re.compile(
    r"(con|prn|aux|nul|clock\$|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)", re.IGNORECASE
)
_EXTENSIONS: Final = {"message/rfc822": ".eml", "text/plain": ".txt", "image/jpeg": ".jpg", "text/calendar": ".ics"}


def from_params(disposition: Mapping[str, str], content: Mapping[str, str], content_type: str) -> str:
    """The clean file name of a part: `filename` of its disposition, else `name` of its type, else one made up."""
    return clean_name(param(disposition, "filename") or param(content, "name"), content_type)


def param(params: Mapping[str, str], name: str) -> str:
    """One MIME parameter, decoded: plain, RFC 2231 (continued or not), or with RFC 2047 words as many mailers do."""
    if f"{name}*" in params:
        return _extended(params[f"{name}*"])
    if f"{name}*0*" in params or f"{name}*0" in params:
        return _continued(params, name)
    return headers.decode_words(params.get(name, ""))


def _extended(value: str) -> str:
    """charset'language'percent-encoded (RFC 2231 section 4)."""
    charset, quote_mark, rest = value.partition("'")
    text = rest.partition("'")[2] if quote_mark else value
    return clean.one_line(charsets.decode(unquote_to_bytes(text), charset if quote_mark else None))


def _continued(params: Mapping[str, str], name: str) -> str:
    """The sections *0, *1, … of a value (RFC 2231 section 3); only those marked with a second * are encoded."""
    raw, charset = b"", None
    for number in range(MAX_PARAMS):
        if (encoded := params.get(f"{name}*{number}*")) is not None:
            if number == 0 and encoded.count("'") >= 2:
                charset, _, encoded = encoded.split("'", 2)
            raw += unquote_to_bytes(encoded)
        elif (plain := params.get(f"{name}*{number}")) is not None:
            raw += plain.encode("utf-8", "replace")
        else:
            break
    return headers.decode_words(charsets.decode(raw, charset))


def clean_name(name: str, content_type: str = "") -> str:
    """A name that is safe to save under on every system: no path, no control or reordering characters, no device.

    At most 180 bytes of UTF-8, the ending kept. Never empty.
    """
    name = _SEPARATORS.split(clean.one_line(name[:20_000]))[-1]
    name = _FORBIDDEN.sub("_", name).strip(" .~")
    if not name:
        name = "attachment" + (_EXTENSIONS.get(content_type) or mimetypes.guess_extension(content_type) or "")
    return _shorten(_DEVICE.sub(r"_\1", name, count=1) if _DEVICE.match(name) else name)


def _shorten(name: str) -> str:
    if len(name.encode()) <= MAX_BYTES:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or not 0 < len(ending) <= 10:
        stem, dot, ending = name, "", ""
    room = MAX_BYTES - len((dot + ending).encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(" .") + dot + ending


def content_disposition(filename: str, *, inline: bool = False) -> str:
    """The HTTP header value that offers a file under this name (RFC 6266, RFC 8187)."""
    name = clean_name(filename)
    kind = "inline" if inline else "attachment"
    fallback = re.sub(r"[^A-Za-z0-9 ._()+=,@-]", "_", name)
    return f"{kind}; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe='')}"
