"""What a mail server said when it refused a message, as a person would put it (RFC 3463, RFC 5321 §4.2.3)."""

import re

from mail.errors import SubmissionRefused

_STATUS = re.compile(r"[245]\.(\d{1,3}\.\d{1,3})\b")
# Enhanced status codes without their class; the shorter ones stand for a whole subject. Why, and what to do about it.
_MEANINGS = {
    "1.1": "{who} doesn't exist at that server. Check how it is written.",
    "1.2": "The server for {who} can't be found. Check what stands behind the @.",
    "1.": "{who} can't be reached as it is written. Check how it is written.",
    "2.1": "The mailbox of {who} takes no mail at the moment. Try again later, or write to another address.",
    "2.2": "The mailbox of {who} is full. Try again later, or write to another address.",
    "2.3": "This message is too large for {who}. Take attachments off, or send a link instead.",
    "3.4": "This message is too large for {who}. Take attachments off, or send a link instead.",
    "4.4": "The server for {who} can't be found. Check what stands behind the @.",
    "6.7": "{who} has letters that this mail server can't send to. Write to another address of theirs.",
    "7.1": "The mail server doesn't pass on mail from here to {who}. Ask whoever runs your mail to allow it.",
    "7.": "The server doesn't accept this message for {who}. Ask whoever runs your mail.",
}
_REPLIES = {550: "1.1", 551: "1.1", 552: "2.2", 553: "1.", 554: "7."}


def refusal(error: SubmissionRefused) -> dict[str, str]:
    """What the form says: under *send* a sentence or two for each address, under *detail* the server's own words."""
    refused = list(error.recipients.items())
    if error.stage == "message" and len(set(error.recipients.values())) == 1:
        refused = refused[:1]
    if not refused:
        return {"send": error.public}
    said = dict.fromkeys(_meaning(error.stage, code, text).format(who=who) for who, (code, text) in refused)
    later = " Try again in a while: nothing of what you wrote is lost." if error.temporary else ""
    detail = "; ".join(f"{who}: {text} ({code})" for who, (code, text) in refused)
    return {"send": f"Not sent. {' '.join(said)}{later}", "detail": detail}


def _meaning(stage: str, code: int, text: str) -> str:
    if stage == "sender":
        return "The mail server doesn't let this mailbox send it. Ask whoever runs your mail."
    if stage == "message":
        return "The mail server didn't take the message." + ("" if code < 500 else " Ask whoever runs your mail.")
    if code < 500:
        return "{who} can't take mail right now."
    found = _STATUS.match(text)
    detail = found[1] if found else _REPLIES.get(code, "")
    for known in (detail, detail.partition(".")[0] + "."):
        if known in _MEANINGS:
            return _MEANINGS[known]
    return "The server for {who} refused it. Check the address, or ask whoever runs your mail."
