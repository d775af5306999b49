"""Bytes from a stranger to text, whatever their label claims.

A label is looked up in the WHATWG Encoding Standard and nowhere else: Python's own registry also knows
"zlib", "idna" and "utf-7", which turn harmless bytes into other bytes.
"""

import codecs
import re
from typing import Final

import chardet
import webencodings

SNIFF_BYTES: Final = 65_536
MAX_BAD_SHARE: Final = 0.01

# Names mailers use that the WHATWG list lacks; each means the superset a browser would use.
_ALIASES: Final = {
    "cp932": "shift_jis",
    "cp936": "gbk",
    "cp949": "euc-kr",
    "cp950": "big5",
    "cp1252": "windows-1252",
    "utf8mb4": "utf-8",
}
# What us-ascii and iso-8859-1 mean to WHATWG: labels put on bytes by mailers that didn't look, so UTF-8 goes first.
_MEANINGLESS: Final = "cp1252"
_SURROGATES: Final = re.compile(r"[\ud800-\udfff]")


def decode(raw: bytes, label: str | None = None) -> str:
    """The text of `raw`. Never raises; what can't be read becomes U+FFFD.

    Tried in turn: the labelled charset, UTF-8, the label once more when nearly all of it fits, a guess
    from the first 64 KiB, windows-1252. A character cut in half at the end is dropped without a trace,
    because bodies are read in pieces.
    """
    if raw.isascii() and b"\x1b" not in raw and "16" not in (label or ""):
        return raw.decode("ascii")
    codec = _codec(label)
    candidates: tuple[str | None, ...] = ("utf-8", codec) if codec == _MEANINGLESS else (codec, "utf-8")
    if codec is None and b"\x1b" in raw:  # escape sequences are ISO 2022, though they are valid UTF-8 as well
        candidates = ()
    text = next((text for name in candidates if name and (text := _strict(raw, name)) is not None), None)
    if text is None:
        text = _nearly(raw, codec) if codec else None
    if text is None:
        text = _guess(raw)
    return _SURROGATES.sub("\ufffd", text.removeprefix("\ufeff"))


def _codec(label: str | None) -> str | None:
    """The Python codec for a label, None when the label means nothing or names no readable charset."""
    if not label or len(label) > 60:
        return None
    name = label.strip().strip("\"'").lower()
    encoding = webencodings.lookup(_ALIASES.get(name, name))
    if encoding is None or encoding.name in {"replacement", "x-user-defined"}:
        return None
    return str(encoding.codec_info.name)


def _strict(raw: bytes, codec: str) -> str | None:
    """Decode without forgiving, but for a character cut off at the very end."""
    try:
        return codecs.getincrementaldecoder(codec)("strict").decode(raw)
    except (UnicodeDecodeError, LookupError):
        return None


def _nearly(raw: bytes, codec: str) -> str | None:
    text = codecs.getincrementaldecoder(codec)("replace").decode(raw)
    return text if text.count("\ufffd") <= MAX_BAD_SHARE * len(text) else None


def _guess(raw: bytes) -> str:
    found = chardet.detect(raw[:SNIFF_BYTES])["encoding"]
    codec = _codec(found if isinstance(found, str) else None)
    text = _nearly(raw, codec) if codec else None
    return text if text is not None else raw.decode("cp1252", "replace")
