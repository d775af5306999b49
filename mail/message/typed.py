"""What somebody typed into To, Cc or Bcc.

All of it is an address or is said to be none: a word that is passed over may be somebody who then never gets the mail.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from mail import clean
from mail.message.addresses import AT, ESCAPED, MAX_NAME, TOKEN, Address, closed, same, sendable
from mail.message.headers import MAX_BLOCK

# A capitalised word or two, a comma, a given name, an address in angle brackets; no quotes, which say it themselves. A
# small letter is sooner an address that isn't finished than a name.
_WORDS: Final = r"[^\W\d_a-z][^\s@<>\",;:()]{0,60}(?: [^\s@<>\",;:()]{1,60}){0,3}"
_FAMILY_NAME: Final = re.compile(rf"(?:(?<=^)|(?<=[,;\n]))[ ]*({_WORDS}),[ ]*({_WORDS}) ?<", re.MULTILINE)
# Marks of direction and other signs nobody sees, as they come along when an address is copied out of another program.
_UNSEEN: Final = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
# Somebody within quotes, beside what separates people: quotes that pair by chance, as in 5" and 6".
_SOMEBODY: Final = re.compile(r"[^\s<>()\[\],;:'\"]+@[^\s<>()\[\],;:'\"]+")
_SEPARATORS: Final = frozenset("<>,;")
# As copied out of a link.
_MAILTO: Final = re.compile(r"(?:(?<=^)|(?<=[\s,;<]))mailto:", re.IGNORECASE)


@dataclass(slots=True)
class _Entry:
    """What stands between two separators. `loose` is all of the name that no quotes hold together, and whoever
    they hold beside others."""

    raw: str = ""
    words: list[str] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    comment: str = ""
    angle: str | None = None


def parse_typed(text: str) -> tuple[list[Address], list[str]]:
    """The addresses in it, and the entries that are none, as they were typed.

    Comma, semicolon and line end separate, and a blank between two addresses. A family name before the comma in
    "Keller, Kim <kim@x.test>" belongs to the name. International domains become punycode (IDNA 2008). A name with a
    colon or another address in it needs quotes: without them it is sooner somebody forgotten, or a line of a header.
    Repeated addresses are kept once, with the first name. Beyond 262,144 characters nothing counts as an address.
    """
    good: dict[str, Address] = {}
    bad: list[str] = []
    read = _MAILTO.sub("", _FAMILY_NAME.sub(r'"\1, \2" <', _UNSEEN.sub("", text[:MAX_BLOCK])))
    for entry in _entries(re.sub(r"[\r\n]+", ",", read)):
        found = _addresses(entry)
        for address in found:
            known = good.get(address.address.lower())
            good[address.address.lower()] = known if known and (known.name or not address.name) else address
        if not found and (said := clean.one_line(entry.raw)):
            bad.append(said[:MAX_NAME])
    if rest := clean.one_line(text[MAX_BLOCK : MAX_BLOCK + MAX_NAME]):
        bad.append(rest)
    return list(good.values()), bad


def in_one_line(text: str) -> str:
    """What was typed or pasted, for a field of one line: a list may come with one on each.

    Where no address stands yet, a line that begins with a blank goes on with the one before (RFC 5322 section 2.2.3),
    and so does one that is an address in angle brackets.
    """
    entries: list[str] = []
    ended = True
    for line in re.split(r"[\r\n]+", text):
        if words := " ".join(line.split()).strip(" ,;"):
            if not ended and "@" not in entries[-1] and (line[:1].isspace() or words.startswith("<")):
                entries[-1] += f" {words}"
            else:
                entries.append(words)
            ended = line.rstrip().endswith((",", ";"))
    return ", ".join(entries)


def typed(addresses: Iterable[Address]) -> str:
    """Addresses as a person would type them into a field; `parse_typed` reads them back."""
    return ", ".join(str(address) for address in addresses)


def _entries(text: str) -> Iterator[_Entry]:
    entry, start = _Entry(), 0
    for match in TOKEN.finditer(text):
        quoted, remark, angle, separator, word = match.groups()
        ends = separator is not None and separator != ":"
        if ends or (entry.angle is not None and remark is None and match[0].strip()):
            entry.raw = text[start : match.start()]
            yield entry
            entry, start = _Entry(), match.end() if ends else match.start()
        if quoted is not None:
            # A quoted local part keeps its quotes: "a b"@host.
            is_local = text[match.end() : match.end() + 1] == "@"
            entry.words.append(match[0] if is_local else ESCAPED.sub(r"\1", quoted))
            if not _SEPARATORS.isdisjoint(quoted):
                entry.loose += [f" {somebody} " for somebody in _SOMEBODY.findall(quoted)]
        elif remark is not None:
            entry.comment = f"{entry.comment} {remark}".strip()
            entry.loose.append(remark)
        elif angle is not None:
            entry.angle = angle.strip()
        elif not ends:
            entry.words.append((word or separator).strip())
            entry.loose.append(word or separator)
    entry.raw = text[start:]
    yield entry


def _addresses(entry: _Entry) -> list[Address]:
    """Those that the whole entry is; none when a part of it is something else."""
    name = " ".join(word for word in entry.words if word)
    if entry.angle is not None:
        found = sendable(entry.angle)
        if found is None or _names_another("".join(entry.loose), found):
            return []
        return [Address(clean.one_line(name or entry.comment)[:MAX_NAME], found)]
    if found := sendable(closed(name)):
        named = Address(clean.one_line(entry.comment)[:MAX_NAME], found)
        return [] if _names_another(entry.comment, found) else [named]
    several = [sendable(word) for word in name.split()]
    return [Address("", one) for one in several if one] if all(several) and not entry.comment else []


def _names_another(loose: str, address: str) -> bool:
    return ":" in loose or any(
        AT.search(word) and not same(sendable(word) or word, address) for word in loose.split() if AT.sub("", word)
    )
