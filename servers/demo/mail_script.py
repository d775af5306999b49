"""Reading the demo world's texts: who people are, and who wrote what to whom, when.

A conversation begins with `== subject`; each of its messages with `-- sender > receivers (cc: …) | age | marks`, then
its text and lines such as `@attach pdf name.pdf title;line;line`. An age is `2h40m`, or `3d 09:31` for that time of day
(UTC) three days ago. Marks are `unread`, `flag`, `draft` or a folder, for everybody or, after `who:`, for one; `by:who`
tells which member wrote for a shared mailbox, where it wasn't the first.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

WORLD = Path(__file__).with_name("world")
DAY = 86400

_LETTER = re.compile(r"-- (\w+) > ([\w ]+?)(?: \(cc: ([\w ]+)\))? \| ([^|]+?)(?: \| (.+))?")
_DAYS_AGO = re.compile(r"(\d+)d (\d\d):(\d\d)")
_HOURS_AGO = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?")
_EXTRA = re.compile(r"@(attach|inline) (\w+) (.+?\.\w+)(?: (.+))?")
_INVITE = re.compile(r"@invite (\d+)d (\d\d):(\d\d) (\d+) (.+) \| (.+)")


@dataclass(frozen=True)
class Person:
    """Somebody who writes: `zone` and `style` are those of their mail program."""

    key: str
    name: str
    address: str
    zone: str
    style: str
    closing: str

    @property
    def domain(self) -> str:
        return self.address.partition("@")[2]

    @property
    def lives_here(self) -> bool:
        """Whether the demo has a mailbox for them."""
        return self.domain.endswith(".test") and self.key != "owner"


@dataclass(frozen=True)
class File:
    kind: str
    name: str
    lines: tuple[str, ...]
    inline: bool


@dataclass(frozen=True)
class Invitation:
    """A meeting `days` from now at `hour`:`minute` UTC, `length` minutes long."""

    days: int
    hour: int
    minute: int
    length: int
    summary: str
    place: str


@dataclass(frozen=True)
class Letter:
    """One message of a conversation; `answers` is the place in the conversation of the one it replies to."""

    sender: Person
    to: tuple[Person, ...]
    cc: tuple[Person, ...]
    age: str
    marks: dict[str, tuple[str, ...]]
    text: str
    files: tuple[File, ...]
    invitation: Invitation | None
    answers: int | None

    def marks_for(self, key: str) -> tuple[str, ...]:
        return self.marks.get("", ()) + self.marks.get(key, ())

    @property
    def is_draft(self) -> bool:
        return "draft" in self.marks.get("", ())

    @property
    def typist(self) -> str:
        """Who of the team wrote it, by key; "" where the script doesn't say."""
        return "".join(self.marks.get("by", ()))


@dataclass(frozen=True)
class Conversation:
    subject: str
    letters: tuple[Letter, ...]


def rows(filename: str) -> Iterator[list[str]]:
    """The lines of a table in the demo world, cut at `|`; those beginning with # are remarks."""
    for line in (WORLD / filename).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield [cell.strip() for cell in line.split("|")]


@cache
def people() -> dict[str, Person]:
    return {
        key: Person(key, name, address, zone, style, "\n".join(filter(None, closing.split("/"))))
        for key, name, address, zone, style, closing in rows("people.txt")
    }


@cache
def outside() -> frozenset[str]:
    """The addresses of everybody in the conversations who has no mailbox here."""
    return frozenset(
        one.address for one in people().values() if not one.lives_here and not one.domain.endswith(".test")
    )


@cache
def conversations() -> tuple[Conversation, ...]:
    found = []
    for filename in ("support.txt", "sales.txt", "other.txt", "colleagues.txt", "home.txt"):
        text = (WORLD / filename).read_text(encoding="utf-8")
        found += [_conversation(block) for block in re.split(r"^== ", text, flags=re.M)[1:]]
    return tuple(found)


def moment(age: str, now: int) -> int:
    """When something of this age happened, in Unix seconds."""
    if days_ago := _DAYS_AGO.fullmatch(age):
        days, hour, minute = map(int, days_ago.groups())
        # Some seconds, so that nobody's mail arrives on the full minute; the same ones at every start.
        return now - now % DAY - days * DAY + hour * 3600 + minute * 60 + (days * 7 + minute * 13) % 60
    hours_ago = _HOURS_AGO.fullmatch(age)
    if not hours_ago:
        raise ValueError(f"not an age: {age}")
    hours, minutes = (int(group or 0) for group in hours_ago.groups())
    return now - hours * 3600 - minutes * 60


def _conversation(block: str) -> Conversation:
    subject, _, rest = block.partition("\n")
    letters: list[Letter] = []
    for piece in re.split(r"^(?=-- \w+ >)", rest, flags=re.M)[1:]:
        letters.append(_letter(piece, letters))
    return Conversation(subject, tuple(letters))


def _letter(piece: str, before: list[Letter]) -> Letter:
    head, _, rest = piece.partition("\n")
    match = _LETTER.fullmatch(head)
    if not match:
        raise ValueError(f"not the beginning of a message: {head}")
    sender, to, cc, age, marks = match.groups()
    writer, receivers, copies = people()[sender], _persons(to), _persons(cc or "")
    lines = rest.strip("\n").split("\n")
    orders = [line for line in lines if line.startswith("@")]
    invitations = [_invitation(line) for line in orders if line.startswith("@invite")]
    return Letter(
        sender=writer,
        to=receivers,
        cc=copies,
        age=age,
        marks=_marks(marks or ""),
        text="\n".join(line for line in lines if not line.startswith("@")).strip("\n"),
        files=tuple(_file(line) for line in orders if not line.startswith("@invite")),
        invitation=invitations[0] if invitations else None,
        answers=_answers(writer, receivers, before),
    )


def _answers(writer: Person, receivers: tuple[Person, ...], before: list[Letter]) -> int | None:
    """The last message the writer got from one of the receivers, else the last they sent to one of them."""
    for place in range(len(before) - 1, -1, -1):
        earlier = before[place]
        if earlier.sender in receivers and writer in earlier.to + earlier.cc:
            return place
    for place in range(len(before) - 1, -1, -1):
        earlier = before[place]
        if earlier.sender == writer and set(receivers) & set(earlier.to):
            return place
    return None


def _persons(keys: str) -> tuple[Person, ...]:
    return tuple(people()[key] for key in keys.split())


def _marks(text: str) -> dict[str, tuple[str, ...]]:
    found = {}
    for mark in filter(None, re.split(r"\s+(?=\w+:)", text)):
        who, _, what = mark.rpartition(":")
        found[who] = tuple(what.split(","))
    return found


def _file(line: str) -> File:
    match = _EXTRA.fullmatch(line)
    if not match:
        raise ValueError(f"not a file: {line}")
    how, kind, name, lines = match.groups()
    return File(kind, name, tuple((lines or "").split(";")), how == "inline")


def _invitation(line: str) -> Invitation:
    match = _INVITE.fullmatch(line)
    if not match:
        raise ValueError(f"not an invitation: {line}")
    days, hour, minute, length = (int(match[n]) for n in range(1, 5))
    return Invitation(days, hour, minute, length, match[5], match[6])
