"""Bytes from a stranger to text as browsers read them (WHATWG Encoding Standard), whatever their label claims.

Labels are looked up in that standard's list and in a few lists of mail's own, and nowhere else: Python's own registry
also knows "zlib", "idna" and "utf-7", which turn harmless bytes into other bytes.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import chardet
import endec
from webencodings.labels import LABELS

SNIFF_BYTES: Final = 65_536
LONGEST_LABEL: Final = 60
# Below it a guess is worth less than windows-1252: a few letters fit many charsets.
_SURE: Final = 0.1

_META_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
# What marks stand between; in no charset are they the second half of a character.
_WORDS: Final = re.compile(rb"[^\x00-/:-?]+")
_MARKS: Final = re.compile(r"[^a-z0-9]")
_WINDOWS: Final = {874, *range(1250, 1259)}
_DOS: Final = (437, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 869)
# What browsers don't read any more and mail still brings; these are Python's codecs.
_JAPANESE: Final = ("1", "2", "3", "2004", "ext")
_PYTHONS: Final = {f"cp{page}" for page in _DOS} | {"iso2022_kr", "hz"} | {f"iso2022_jp_{more}" for more in _JAPANESE}
# Charsets in which ASCII bytes may mean something else, as after an escape sequence.
_NOT_ASCII: Final = {"utf-16le", "utf-16be", "iso2022_kr", "hz"}
# Escape sequences and ASCII: all of it is valid UTF-8 as well, and says nothing in that.
_ISO_2022: Final = {"iso-2022-jp", "iso2022_kr", "hz"} | {f"iso2022_jp_{more}" for more in _JAPANESE}
_WHATEVER: Final = "windows-1252"
# An escape sequence that is followed by another one says nothing. Browsers take it for an error, but it stands wherever
# encoded words are joined. RFC 1468: a line ends in ASCII, even where its writer forgot to say so.
_ESCAPE: Final = rb"\x1b(?:\([BJI]|\$[@B])"
_ESCAPED_TWICE: Final = re.compile(rb"%b(?=%b)" % (_ESCAPE, _ESCAPE))
_LINE_END: Final = re.compile(rb"(?=\r?\n)(?<!\r)")


def _key(label: str) -> str:
    """A label without its punctuation: mailers write cp1250, cp-1250 and x-cp1250 alike."""
    return _MARKS.sub("", label.lower()).removeprefix("x")


def _spelled(*prefixes: str, pages: Mapping[int, str] | Mapping[str, str]) -> dict[str, str]:
    return {f"{prefix}{page}": name for page, name in pages.items() for prefix in prefixes}


_CHARSETS: Final = {
    **{_key(label): str(name) for label, name in LABELS.items() if name not in ("replacement", "x-user-defined")},
    **_spelled("cp", "ibm", "dos", "pc", "", pages={page: f"cp{page}" for page in _DOS}),
    **_spelled("cp", "win", "ansi", "ms", "", pages={page: f"windows-{page}" for page in _WINDOWS}),
    **_spelled("cp", "ms", "windows", pages={932: "shift_jis", 936: "gbk", 949: "euc-kr", 950: "big5", 65001: "utf-8"}),
    **dict.fromkeys(("iso2022kr", "csiso2022kr"), "iso2022_kr"),
    **_spelled("iso2022jp", "csiso2022jp", pages={more: f"iso2022_jp_{more}" for more in _JAPANESE}),
    **{f"latin{number}": f"iso-8859-{part}" for number, part in ((7, 13), (8, 14), (9, 15), (10, 16))},
    **dict.fromkeys(("ascii", "usascii", "ansix341968"), ""),
    "hzgb2312": "hz",
    "utf8mb4": "utf-8",
}


def decode(raw: bytes, label: str | None = None) -> str:
    """The text of `raw`, never longer than it has octets. Never raises; what can't be read becomes U+FFFD.

    The label counts as long as it explains more of what is beyond ASCII than it doesn't; UTF-8 and, where nothing is
    said, escape sequences give themselves away. All else is guessed from the first 64 KiB, or windows-1252.
    """
    charset = _charset(label or "")
    if raw.isascii() and b"\x1b" not in raw and charset not in _NOT_ASCII:
        return raw.decode("ascii")
    if not charset:
        return _unlabelled(raw)
    if charset == _WHATEVER and (text := _utf8(raw)) is not None:
        return text  # a label put on by programs that didn't look
    text = _read(raw, charset)
    if "\ufffd" not in text:
        return text
    if charset not in _ISO_2022 and (utf8 := _utf8(raw)) is not None:
        return utf8
    return text if _explains(text) else _unlabelled(raw)


def utf8(raw: bytes, label: str) -> bytes:
    """A header's value in UTF-8 (RFC 6532): as it came where that is UTF-8, else out of the charset of the body.

    A guess goes by the words beyond ASCII alone, so that a name is read alike whatever stands around it.
    """
    escaped = b"\x1b" in raw
    if not escaped and (raw.isascii() or _utf8(raw) is not None):
        return raw
    charset = "" if _charset(label) in _NOT_ASCII else _charset(label)
    if not (charset or escaped or _explains(_read(raw, "utf-8"))):
        charset = _guessed(b" ".join(word for word in _WORDS.findall(raw) if not word.isascii()))
    return decode(raw, charset).encode()


def says_nothing(label: str) -> bool:
    """Whether a label leaves everything open: an IMAP server says US-ASCII where the message says nothing."""
    return not _charset(label)


def declared(html: bytes) -> str:
    """The charset that a document names in its <meta>, "" for none."""
    found = _META_CHARSET.search(html[:4_096])
    label = found[1].decode("ascii") if found else ""
    return "utf-8" if _charset(label).startswith("utf-16") else label  # else it couldn't have been found


@lru_cache(maxsize=256)
def _charset(label: str) -> str:
    """What a label means; "" when it says nothing, or nothing that can be read."""
    return _CHARSETS.get(_key(label), "") if len(label) <= LONGEST_LABEL else ""


def _read(raw: bytes, charset: str) -> str:
    if charset in _PYTHONS:
        return raw.decode(charset, "replace")
    if charset == "iso-2022-jp":
        raw = _ESCAPED_TWICE.sub(b"", _LINE_END.sub(b"\x1b(B", raw))
    return endec.decode(raw, charset, "replace", bom="evaluateall")


def _utf8(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        return None


def _explains(text: str) -> bool:
    """Whether what could be read is more than what couldn't: one wrong octet doesn't cost the others."""
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    return 2 * text.count("\ufffd") <= beyond_ascii


def _unlabelled(raw: bytes) -> str:
    if b"\x1b$" in raw or b"\x1b(" in raw:  # ISO 2022, though it is valid UTF-8 as well
        text = _read(raw, "iso2022_kr" if b"\x1b$)C" in raw else "iso-2022-jp")
        if _explains(text):
            return text
    if (utf8 := _utf8(raw)) is not None:
        return utf8
    text = _read(raw, "utf-8")
    return text if _explains(text) else _guess(raw)


def _guess(raw: bytes) -> str:
    text = _read(raw, _guessed(raw))
    return text if _explains(text) else _read(raw, _WHATEVER)


def _guessed(sample: bytes) -> str:
    found = chardet.detect(sample[:SNIFF_BYTES], encoding_era=chardet.EncodingEra.MODERN_WEB)
    return (_charset(found["encoding"] or "") if found["confidence"] > _SURE else "") or _WHATEVER
