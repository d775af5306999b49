"""Writing one message of a demo conversation: its fields, its text, what it quotes and what is attached."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html import escape
from textwrap import wrap

from servers.demo import mail_files as files
from servers.demo.mail_mime import Part, address, date, message
from servers.demo.mail_script import Conversation, File, Invitation, Letter

_WIDTH = 74


def compose(conversation: Conversation, place: int, times: list[int], ids: list[str]) -> bytes:
    """The bytes of the message at `place`, as its sender's program wrote them.

    `times` and `ids` are the Unix seconds and Message-IDs of the whole conversation.
    """
    letter = conversation.letters[place]
    subject, fields = conversation.subject, []
    if letter.answers is not None:
        subject = subject if subject.startswith("Re: ") else f"Re: {subject}"
        fields = [("In-Reply-To", ids[letter.answers]), ("References", _references(conversation, letter.answers, ids))]
    return message(
        [
            ("Date", date(times[place], letter.sender.zone)),
            ("From", address(letter.sender.name, letter.sender.address)),
            ("To", ", ".join(address(person.name, person.address) for person in letter.to)),
            ("Cc", ", ".join(address(person.name, person.address) for person in letter.cc)),
            ("Subject", subject),
            ("Message-ID", ids[place]),
            *fields,
        ],
        _content(conversation, place, times, ids[place]),
    )


def _references(conversation: Conversation, place: int | None, ids: list[str]) -> str:
    """The whole line of answers back to the first message, that one first (RFC 5322 section 3.6.4)."""
    line: list[str] = []
    while place is not None:
        line.insert(0, ids[place])
        place = conversation.letters[place].answers
    return " ".join(line)


def _content(conversation: Conversation, place: int, times: list[int], message_id: str) -> Part:
    letter = conversation.letters[place]
    quoted, introduction = None, ""
    if letter.answers is not None:
        quoted = conversation.letters[letter.answers]
        introduction = _introduction(quoted, times[letter.answers])
    style = letter.sender.style
    body = Part.text(
        _plain(letter, quoted, introduction), charset="utf-8" if style in ("plain", "wide", "html") else style
    )
    pictures = {_content_id(letter, file): file for file in letter.files if file.inline}
    if style == "html" or pictures:
        html = Part.text(_html(letter, quoted, introduction, list(pictures)), "html")
        shown = [_file(file, content_id) for content_id, file in pictures.items()]
        body = Part.multipart("alternative", body, Part.multipart("related", html, *shown))
    if letter.invitation:
        meeting = _calendar(letter, letter.invitation, times[place], message_id)
        body = Part.multipart("alternative", body, Part.text(meeting, "calendar", params="; method=REQUEST"))
    return Part.multipart("mixed", body, *(_file(file) for file in letter.files if not file.inline))


def _content_id(letter: Letter, file: File) -> str:
    return f"{sha256(file.name.encode()).hexdigest()[:16]}@{letter.sender.domain}"


def _file(file: File, content_id: str = "") -> Part:
    data = files.make(file.kind, file.name, list(file.lines))
    return Part.file(files.CONTENT_TYPES[file.kind], file.name, data, content_id)


def _introduction(quoted: Letter, at: int) -> str:
    day = datetime.fromtimestamp(at, UTC)
    return f"On {day.day} {day:%b %Y}, {quoted.sender.name} wrote:"


def _plain(letter: Letter, quoted: Letter | None, introduction: str) -> str:
    text = letter.text if letter.sender.style == "wide" else _wrapped(letter.text, _WIDTH)
    if letter.sender.closing and not letter.is_draft:
        text += f"\n\n-- \n{letter.sender.closing}"
    if quoted:
        inside = "\n".join(f"> {line}".rstrip() for line in _wrapped(quoted.text, _WIDTH - 2).split("\n"))
        text += f"\n\n{introduction}\n{inside}"
    return text + "\n"


def _wrapped(text: str, width: int) -> str:
    lines = text.split("\n")
    return "\n".join(
        piece for line in lines for piece in (wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""])
    )


def _html(letter: Letter, quoted: Letter | None, introduction: str, content_ids: list[str]) -> str:
    body = _paragraphs(letter.text)
    body += "".join(f'<p><img src="cid:{content_id}" alt="" width="360"></p>\n' for content_id in content_ids)
    if letter.sender.closing:
        body += f'<p style="color:#666666">{escape(letter.sender.closing)}</p>\n'.replace("\n", "<br>\n", 1)
    if quoted:
        body += (
            f"<div>{escape(introduction)}</div>\n"
            '<blockquote style="margin:0 0 0 8px;padding-left:12px;border-left:2px solid #cccccc;color:#555555">\n'
            f"{_paragraphs(quoted.text)}</blockquote>\n"
        )
    style = "font-family:Helvetica,Arial,sans-serif;font-size:14px;line-height:1.5"
    return (
        '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head>\n'
        f'<body><div dir="auto" style="{style}">\n{body}</div></body></html>\n'
    )


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{escape(block).replace(chr(10), '<br>' + chr(10))}</p>\n" for block in text.split("\n\n"))


def _calendar(letter: Letter, invitation: Invitation, at: int, message_id: str) -> str:
    """An invitation (RFC 5545, RFC 5546 section 3.2.2)."""
    sent = datetime.fromtimestamp(at, UTC)
    day = datetime(sent.year, sent.month, sent.day, invitation.hour, invitation.minute, tzinfo=UTC)
    start = day + timedelta(days=invitation.days)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Demo//Calendar//EN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        f"UID:{message_id.strip('<>')}",
        f"DTSTAMP:{sent:%Y%m%dT%H%M%SZ}",
        f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
        f"DTEND:{start + timedelta(minutes=invitation.length):%Y%m%dT%H%M%SZ}",
        f"SUMMARY:{_calendar_text(invitation.summary)}",
        f"LOCATION:{_calendar_text(invitation.place)}",
        f"ORGANIZER;CN={letter.sender.name}:mailto:{letter.sender.address}",
        *(f"ATTENDEE;RSVP=TRUE:mailto:{person.address}" for person in letter.to + letter.cc),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "\n".join(lines) + "\n"


def _calendar_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")
