"""The texts of a message as the page shows them: who is quoted in them, what of that is folded, where links lead."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from flask import url_for
from markupsafe import Markup

from mail.html import mailto
from mail.html.plaintext import Segment, segments, to_html
from mail.html.sanitize import Mailto
from mail.message.contents import is_flowed, is_parted
from mailboxes.access import MailboxAccess
from pages.mail.contexts import ShownText, TextRun
from webmail.reading.texts import Text


def shown_texts(texts: Sequence[Text], where: dict[str, Any], writes: Mailto, images: int | None) -> list[ShownText]:
    """What the templates are given for these texts of the message that is `where`."""
    return [_shown(text, where, writes, images) for text in texts if text.says_anything]


def writes_from(access: MailboxAccess) -> Mailto:
    """Where a mailto: link leads: to our own form for a new message of this mailbox, for whoever may send from it."""

    def url(link: str) -> str | None:
        fields = mailto.parse(link).fields
        asked: dict[str, Any] = {"mailbox": access.address, **fields}
        if "subject" in fields:
            asked["about"] = asked.pop("subject")
        return url_for("webmail.compose_new", **asked)

    return url if access.can_send else lambda _link: None


def _shown(text: Text, where: dict[str, Any], writes: Mailto, images: int | None) -> ShownText:
    section, ending = text.part.section, "html" if text.is_html else "txt"
    whole = url_for("webmail.download", **where, section=section, filename=f"message.{ending}") if text.cut else ""
    if text.is_html:
        return ShownText([], url_for("webmail.body", **where, section=section, images=images), whole)
    parts = segments(text.content, flowed=is_flowed(text.part), delsp=is_parted(text.part))
    return ShownText(_runs(parts, writes), "", whole)


def _runs(parts: Sequence[Segment], writes: Mailto) -> list[TextRun]:
    """Neighbouring quotes are one, however deep. It is folded when it only repeats what was said before: at the end.

    Between answers it is what they answer, and a letter that is nothing but a quote has nothing else to show.
    """
    runs = [(quoted, list(run)) for quoted, run in groupby(_joined(parts), key=lambda part: part.depth > 0)]
    own = [index for index, (quoted, run) in enumerate(runs) if not quoted and _says_something(run)]
    return [
        TextRun(quoted, folded=quoted and bool(own) and index > own[-1], html=_nested(run, writes))
        for index, (quoted, run) in enumerate(runs)
        if any(part.text for part in run)
    ]


def _joined(parts: Sequence[Segment]) -> list[Segment]:
    """Empty lines that only keep two quotes apart belong to them."""
    said = [part.depth > 0 or bool(part.text.strip()) for part in parts]
    inside = range(1, len(parts) - 1)
    apart = {at for at in inside if not said[at] and parts[at - 1].depth and parts[at + 1].depth}
    return [Segment(1, part.text) if at in apart else part for at, part in enumerate(parts)]


def _says_something(run: Sequence[Segment]) -> bool:
    """Words of the writer's own: a signature below a quote isn't an answer to it, nor is "On Monday Kim wrote:"."""
    words = "\n".join(part.text for part in run).strip()
    introduces = words.endswith(":") and words.count("\n") <= 1
    return bool(words) and not introduces and not words.startswith(("-- \n", "--\n"))


def _nested(run: Sequence[Segment], writes: Mailto) -> Markup:
    """Each depth a quotation within the last one, so that it can be seen, and heard, who said what."""
    pieces, depth = [], 0
    for part in [*run, Segment(0, "")]:
        pieces.append("</blockquote>" * (depth - part.depth) or "<blockquote>" * (part.depth - depth))
        depth = part.depth
        pieces.append(f'<div dir="auto">{to_html(part.text, mailto=writes)}</div>' if part.text else "")
    return Markup("".join(pieces))  # noqa: S704  made of <blockquote>, <div>, <a> and <br> only, all else escaped
