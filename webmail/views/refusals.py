"""What a mail server said when it refused a message, as a person would put it (RFC 3463, RFC 5321 §4.2.3)."""

import re

from mail.errors import SubmissionRefused

_STATUS = re.compile(r"[245]\.(\d{1,3}\.\d{1,3})\b")
# Enhanced status codes without their class; the shorter ones stand for a whole subject.
_MEANINGS = {
    "1.1": "{who} doesn't exist at that server",
    "1.2": "The server for {who} can't be found",
    "1.": "{who} can't be reached as it is written",
    "2.1": "The mailbox of {who} takes no mail at the moment",
    "2.2": "The mailbox of {who} is full",
    "2.3": "This message is too large for {who}",
    "3.4": "This message is too large for {who}",
    "7.": "The server doesn't accept this message for {who}",
}
_REPLIES = {550: "1.1", 551: "1.1", 552: "2.2", 553: "1.", 554: "7."}


def refusal(error: SubmissionRefused) -> str:
    """One sentence for each address, with the server's own words behind it."""
    said = [_sentence(error.stage, address, *answer) for address, answer in error.recipients.items()]
    if error.stage == "message" and len(set(error.recipients.values())) == 1:
        said = said[:1]
    if not said:
        return error.public
    later = " Try again in a while: nothing of what you wrote is lost." if error.temporary else ""
    return f"Not sent. {' '.join(said)}{later}"


def _sentence(stage: str, address: str, code: int, text: str) -> str:
    return f"{_meaning(stage, code, text).format(who=address)} (the server said: {text} ({code}))."


def _meaning(stage: str, code: int, text: str) -> str:
    if stage == "sender":
        return "The mail server doesn't let this mailbox send it"
    if stage == "message":
        return "The mail server didn't take the message"
    if code < 500:
        return "{who} can't take mail right now"
    found = _STATUS.match(text)
    detail = found[1] if found else _REPLIES.get(code, "")
    for known in (detail, detail.partition(".")[0] + "."):
        if known in _MEANINGS:
            return _MEANINGS[known]
    return "The server for {who} refused it"
