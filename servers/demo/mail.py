"""The demo world's mail: what everybody has received, sent and begun to write."""

from collections.abc import Iterator
from typing import NamedTuple

from servers.demo.mail_compose import compose
from servers.demo.mail_letters import Bulletin, bulletins
from servers.demo.mail_mime import address, date, encoded_words, message, message_id, trace
from servers.demo.mail_script import Conversation, Person, conversations, moment, people


class SeedMessage(NamedTuple):
    """One message in one folder of one mailbox; `at` is its internal date in Unix seconds.

    `typist` is the address of who wrote it for a shared mailbox, where the script says so.
    """

    mailbox: str
    folder: str
    flags: frozenset[str]
    at: int
    data: bytes
    typist: str = ""


def messages(now: int) -> Iterator[SeedMessage]:
    """The whole world as of `now` (Unix seconds), oldest first; the same bytes for the same `now`.

    What one mailbox sent to another is in both, with one Message-ID. Nothing that comes from a shared mailbox names a
    person who works it.
    """
    world = [seed for conversation in conversations() for seed in _of_conversation(conversation, now)]
    world += [_of_bulletin(bulletin) for bulletin in bulletins(now)]
    return iter(sorted(world, key=lambda seed: (seed.at, seed.mailbox, seed.folder, seed.data)))


def _of_conversation(conversation: Conversation, now: int) -> Iterator[SeedMessage]:
    letters = conversation.letters
    times = [moment(letter.age, now) for letter in letters]
    ids = [message_id(conversation.subject, letter.age, letter.sender.domain) for letter in letters]
    for place, letter in enumerate(letters):
        data = compose(conversation, place, times, ids)
        if letter.sender.lives_here:
            typist = people()[letter.typist].address if letter.typist else ""
            yield SeedMessage(letter.sender.address, *_kept(conversation, place), times[place], data, typist)
        for receiver in () if letter.is_draft else letter.to + letter.cc:
            if receiver.lives_here:
                at = times[place] + 2
                top = trace(letter.sender.address, receiver.address, ids[place], at)
                yield SeedMessage(receiver.address, *_placing(conversation, place, receiver), at, top + data)


def _kept(conversation: Conversation, place: int) -> tuple[str, frozenset[str]]:
    """Where the sender's own copy lies."""
    letter = conversation.letters[place]
    if letter.is_draft:
        return "Drafts", frozenset({"\\Draft", "\\Seen"})
    return "Sent", frozenset({"\\Seen"}) | _answered(conversation, place, letter.sender)


def _placing(conversation: Conversation, place: int, receiver: Person) -> tuple[str, frozenset[str]]:
    marks = conversation.letters[place].marks_for(receiver.key)
    flags = _answered(conversation, place, receiver)
    if "unread" not in marks or flags:  # whoever answered has read it
        flags |= {"\\Seen"}
    if "flag" in marks:
        flags |= {"\\Flagged"}
    folders = [mark for mark in marks if mark not in ("unread", "flag")]
    return (folders[0] if folders else "INBOX"), flags


def _answered(conversation: Conversation, place: int, reader: Person) -> frozenset[str]:
    answers = (letter for letter in conversation.letters if letter.answers == place and not letter.is_draft)
    return frozenset({"\\Answered"}) if any(answer.sender == reader for answer in answers) else frozenset()


def _of_bulletin(bulletin: Bulletin) -> SeedMessage:
    reader, domain = people()[bulletin.reader], bulletin.address.partition("@")[2]
    identifier = message_id(bulletin.subject, f"{reader.key} {bulletin.at}", domain)
    name, bracket, list_address = bulletin.list_id.partition(" <")
    list_id = f"{name if name.isascii() else encoded_words(name)}{bracket}{list_address}"
    unsubscribe = f"<https://{domain}/leave/{identifier[1:17]}>" if bulletin.list_id else ""
    data = message(
        [
            ("Date", date(bulletin.at, "+0000")),
            ("From", address(bulletin.name, bulletin.address)),
            ("To", address(reader.name, reader.address)),
            ("Subject", bulletin.subject),
            ("Message-ID", identifier),
            ("List-Id", list_id),
            ("List-Unsubscribe", unsubscribe),
            ("Auto-Submitted", "auto-generated"),
        ],
        bulletin.content,
    )
    top = trace(f"bounce@{domain}", reader.address, identifier, bulletin.at + 2)
    flags: frozenset[str] = frozenset() if bulletin.unread else frozenset({"\\Seen"})
    return SeedMessage(reader.address, bulletin.folder, flags, bulletin.at + 2, top + data)
