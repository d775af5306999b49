"""Mail whose words lie inside a file: signed, encrypted or packed in a way that isn't opened here, and what it is."""

from collections.abc import Sequence
from typing import Final

from mail.message import filenames
from mail.message.structure import Part

_SMIME: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})


def notes(root: Part, *, has_text: bool) -> list[str]:
    """What a person has to know to get at the words of this message, in plain sentences naming the file."""
    found: list[str] = []
    for part in root.walk():
        kind = filenames.param(part.params, "smime-type").lower()
        if part.content_type in _SMIME and kind != "certs-only":
            found.append(_smime(kind, part))
        elif part.content_type == "multipart/encrypted":
            found.append(_encrypted(part.children))
        elif part.content_type == "text/calendar" and part is root and not has_text:
            found.append(f"This message is an invitation or an answer to one. A calendar program opens {_name(part)}.")
    return list(dict.fromkeys(found))


def _smime(kind: str, part: Part) -> str:
    if kind == "signed-data":
        return f"This message is signed (S/MIME) and its text lies in {_name(part)}: a program for S/MIME shows it."
    if kind.endswith("enveloped-data"):
        return f"This message is encrypted (S/MIME). Its text is in {_name(part)}, for whoever has the key to it."
    return f"This message is signed or encrypted (S/MIME). Its text is in {_name(part)}."


def _encrypted(children: Sequence[Part]) -> str:
    """RFC 1847 section 2.2: the second part is the message; RFC 3156 section 4: with PGP."""
    if not children:
        return "This message is encrypted."
    with_pgp = " (PGP)" if children[0].content_type == "application/pgp-encrypted" else ""
    return f"This message is encrypted{with_pgp}. Its text is in {_name(children[-1])}, for whoever has the key to it."


def _name(part: Part) -> str:
    return filenames.from_params(part.disposition_params, part.params, part.content_type)
