"""The note to a sender whose message did not reach everybody (RFC 3464, in a multipart/report of RFC 6522)."""

import email.utils
import secrets
from collections.abc import Mapping

_LONGEST_HEADERS = 16 * 1024


def bounce(sender: str, reasons: Mapping[str, str], message: bytes, hostname: str, *, waiting: bool) -> bytes:
    """A complete message to `sender`: in words, for programs, and with the headers of what it is about.

    `waiting`: there are others for whom it is tried again.
    """
    others = "For others it is tried again." if waiting else "Everybody else got it."
    boundary = secrets.token_hex(16)
    words = "\r\n".join(f"{address}\r\n    {_clean(reason)}" for address, reason in reasons.items())
    fields = "\r\n\r\n".join(
        f"Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: 5.0.0\r\n"
        f"Diagnostic-Code: smtp; {_clean(reason)}"
        for address, reason in reasons.items()
    )
    head = f"""\
From: Mail delivery <postmaster@{hostname}>
To: <{sender}>
Subject: Your message did not reach everybody
Date: {email.utils.formatdate()}
Message-ID: <{secrets.token_hex(16)}@{hostname}>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"

--{boundary}
Content-Type: text/plain; charset=utf-8

Your message was not delivered to:

"""
    text = head.replace("\n", "\r\n") + words
    text += f"\r\n\r\n{others}\r\n\r\n--{boundary}\r\nContent-Type: message/delivery-status\r\n\r\n"
    text += f"Reporting-MTA: dns; {hostname}\r\n\r\n{fields}\r\n\r\n"
    text += f"--{boundary}\r\nContent-Type: text/rfc822-headers\r\n\r\n"
    headers = message.partition(b"\r\n\r\n")[0][:_LONGEST_HEADERS]
    return text.encode() + headers + f"\r\n\r\n--{boundary}--\r\n".encode()


def _clean(reason: str) -> str:
    return "".join(character if " " <= character <= "~" else "?" for character in reason)[:300]
