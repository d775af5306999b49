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
    headers = message.partition(b"\r\n\r\n")[0][:_LONGEST_HEADERS]
    # Addresses beyond ASCII have forms of their own (RFC 6533 §3 and §5).
    is_ascii = headers.isascii() and "".join((sender, *reasons)).isascii()
    kind, of_addresses = ("", "rfc822") if is_ascii else ("global-", "utf-8")
    encoding = "" if is_ascii else "\nContent-Transfer-Encoding: 8bit"
    words = "\n".join(f"{address}\n    {_clean(reason)}" for address, reason in reasons.items())
    fields = "\n\n".join(
        f"Final-Recipient: {of_addresses}; {address}\nAction: failed\nStatus: 5.0.0\n"
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
Content-Type: text/plain; charset=utf-8{encoding}

Your message was not delivered to:

"""
    text = head + words
    text += f"\n\n{others}\n\n--{boundary}\nContent-Type: message/{kind}delivery-status{encoding}\n\n"
    text += f"Reporting-MTA: dns; {hostname}\n\n{fields}\n\n"
    of_headers = "text/rfc822-headers" if is_ascii else "message/global-headers"
    text += f"--{boundary}\nContent-Type: {of_headers}{encoding}\n\n"
    return text.replace("\n", "\r\n").encode() + headers + f"\r\n\r\n--{boundary}--\r\n".encode()


def _clean(reason: str) -> str:
    return "".join(character if " " <= character <= "~" else "?" for character in reason)[:300]
