"""A hostile message taken through every floor that reads it, without a mail server; also a program.

`python -m tests.hostile.reading EFFORTS MEGABYTES [NAME]` reads each bomb, or one, in a process of its own that may use
no more than that, and prints one line for each: name, "ok" or what ended it, efforts (tests/effort.py), peak megabytes.
"""

import math
import os
import resource
import signal
import sys

from mail.errors import HostileMessage
from mail.html import plaintext, sanitize
from mail.message import addresses, compose, contents, filenames, headers
from mail.message.structure import Part
from tests.effort import effort
from tests.hostile import bombs

PEOPLE = ("from", "to", "cc", "bcc", "reply-to", "sender")
PIECE = 2_000_000


def content_type(value: str) -> tuple[str, dict[str, str]]:
    kind, *parameters = value.split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    return kind.strip().lower(), {name.strip().lower(): text.strip().strip('"') for name, _, text in pairs}


def whole(raw: bytes) -> tuple[Part, bytes]:
    """The message as one part, whatever it claims, and its body as a server would hand it over."""
    top, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    try:
        found = headers.parse(top)
    except HostileMessage:
        found = headers.Headers(())
    kind, parameters = content_type(found.get("content-type") or "text/plain")
    kind = kind if kind in {"text/html", "text/plain"} else "text/html"
    encoding = found.get("content-transfer-encoding").lower()
    return Part("1", kind, parameters, encoding=encoding, size=len(body)), body[:PIECE]


def html_of(raw: bytes) -> str:
    """The HTML a message would show, before it is made harmless."""
    part, body = whole(raw)
    return contents.decode_body(body, part)


def read(raw: bytes) -> str:
    """Read everything there is to read; the outcome only shows that something was shown."""
    block = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0][: headers.MAX_BLOCK + 1]
    try:
        found = headers.parse(block)
    except HostileMessage as hostile:
        return hostile.reason
    people = [person.display for name in PEOPLE for person in addresses.parse_list(found.raw(name) or b"")]
    text = html_of(raw)
    if found.get("content-type").startswith("text/plain"):
        shown = "".join(plaintext.to_html(segment.text) for segment in plaintext.segments(text))
        original = compose.Original.read(found, text)
    else:
        shown = sanitize.html(text).html
        original = compose.Original.read(found, plaintext.from_html(text), text)
    answer = compose.reply(original, me="support@brand-a.test", everyone=True)
    name = filenames.from_params({"filename": found.get("subject")}, {}, "text/plain")
    return shown[:1] + answer.text[:1] + name + "".join(people)[:10]


def _limited(raw: bytes, efforts: int, megabytes: int) -> tuple[int, float, int]:
    one = effort()
    child = os.fork()
    if not child:
        seconds = math.ceil(efforts * one)
        signal.alarm(20 * seconds)  # a process out of memory may wait for itself for ever
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20, megabytes << 20))
        try:
            read(raw)
        except BaseException as error:
            sys.stderr.write(f"{type(error).__name__}: {str(error)[:200]}\n")
            os._exit(1)
        os._exit(0)
    _, status, used = os.wait4(child, 0)
    one = max(one, effort())  # the machine may have become slower meanwhile
    return status, (used.ru_utime + used.ru_stime) / one, used.ru_maxrss // 1024


def main(efforts: int, megabytes: int, only: str = "") -> None:
    for name, raw in bombs.messages():
        if only not in {"", name}:
            continue
        status, taken, peak = _limited(raw, efforts, megabytes)
        word = "ok" if not status else f"ended:{status}"
        sys.stdout.write(f"{name} {word} {taken:.0f} {peak}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
