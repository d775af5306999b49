"""Headers that want to become other headers, or to look like somebody else's."""

from collections.abc import Iterator

from tests.hostile.build import raw

FROM = b"From: Mallory <mallory@evil.test>\r\n"
TO = b"To: support@brand-a.test\r\n"
SCRIPT = b"<script>document.title='owned'</script>"

FIELDS = {
    "subject-newline-q": FROM + TO + b"Subject: =?utf-8?q?a=0ABcc:_evil=40evil.test?=\r\n",
    "subject-crlf-b": FROM + TO + b"Subject: =?utf-8?b?YQ0KQmNjOiBldmlsQGV2aWwudGVzdA0KDQpib2R5?=\r\n",
    "subject-nel": FROM + TO + b"Subject: =?utf-8?q?a=C2=85Bcc:_e=40evil.test=E2=80=A8X:_y=E2=80=A9?=\r\n",
    "subject-nul": FROM + TO + b"Subject: a\0b =?utf-8?q?c=00d?=\r\n",
    "subject-bare-cr": FROM + TO + b"Subject: a\rBcc: evil@evil.test\r\n",
    "subject-script": FROM + TO + b"Subject: " + SCRIPT + b"\r\n",
    "subject-script-encoded": FROM
    + TO
    + b"Subject: =?utf-8?q?=3Cscript=3Edocument.title=3D=27owned=27=3C/script=3E?=\r\n",
    "subject-bidi": FROM + TO + "Subject: invoice\u202egpj.exe\r\n".encode(),
    "subject-charset-zlib": FROM
    + TO
    + b"Subject: =?zlib?b?eJxLTEoGAAJNASc=?= =?idna?q?xn--x?= =?utf-7?q?+ADw-script+AD4-?=\r\n",
    "subject-bad-words": FROM
    + TO
    + b"Subject: =?utf-8?b?####?= =?utf-8?x?abc?= =?utf-8?q?=ZZ?= =?=?=?= =?utf-8?b?=\r\n",
    "subject-empty": FROM + TO + b"Subject:\r\n",
    "subject-none": FROM + TO,
    "subject-8bit": FROM + TO + "Subject: Grüße из Москвы\r\n".encode() + b"X: \xff\xfe\r\n",
    "subject-template": FROM + TO + b"Subject: {{ config }} {% raw %} %(x)s %s {0}\r\n",
    "from-two": FROM + b"From: Bank <service@bank.test>\r\n" + TO,
    "from-two-addresses": b"From: a@evil.test, service@bank.test\r\nSender: x@evil.test\r\n" + TO,
    "from-newline-name": b"From: =?utf-8?q?Bank=0D=0ABcc:_x=40evil.test?= <m@evil.test>\r\n" + TO,
    "from-address-as-name": b'From: "service@bank.test" <m@evil.test>\r\n' + TO,
    "from-angle-in-name": b'From: "Bank <service@bank.test>" <m@evil.test>\r\n' + TO,
    "from-bidi-name": "From: \u202eknaB\u202c <m@evil.test>\r\n".encode() + TO,
    "from-script-name": b'From: "' + SCRIPT + b'" <m@evil.test>\r\n' + TO,
    "from-script-address": b"From: <" + SCRIPT + b"@evil.test>\r\n" + TO,
    "from-none": TO,
    "from-empty": b"From:\r\n" + TO,
    "from-group": b"From: Friends: a@evil.test, b@evil.test;\r\n" + TO,
    "from-nul": b"From: Bank\0 <service@bank.test\0@evil.test>\r\n" + TO,
    "from-8bit-local": "From: bänk@evil.test\r\n".encode() + TO,
    "from-long-name": b"From: " + b"A" * 7_000 + b" <m@evil.test>\r\n" + TO,
    "from-quoted-local": b'From: "a b\\"<>@c"@evil.test\r\n' + TO,
    "from-route": b"From: <@relay.test,@b.test:m@evil.test>\r\n" + TO,
    "from-zero-width": "From: ser\u200bvice\u2060@bank.test <m@evil.test>\r\n".encode() + TO,
    "to-broken-group": FROM + b"To: a:b;@c\r\n",
    "to-unclosed": FROM + b'To: "a <b@c.test>, (x (y <d@e.test\r\n',
    "to-undisclosed": FROM + b"To: undisclosed-recipients:;\r\n",
    "reply-to-newline": FROM + TO + b"Reply-To: =?utf-8?q?x=0ABcc:_e=40evil.test?= <r@evil.test>\r\n",
    "reply-to-many": FROM + TO + b"Reply-To: " + b", ".join(b"r%d@evil.test" % n for n in range(200)) + b"\r\n",
    "message-id-broken": FROM
    + TO
    + b"Message-ID: <[x>\r\nIn-Reply-To: <a@b> <c\r\nReferences: <\0@x> <"
    + b"z" * 900
    + b">\r\n",
    "references-inject": FROM
    + TO
    + b"References: <a@b.test>\r\n\t=?utf-8?q?=0ABcc:_e=40evil.test?= <c@d.test\r\n >\r\n",
    "date-absurd": FROM + TO + b"Date: Fri, 99 Foo 999999 99:99:99 +9999\r\n",
    "date-far": FROM + TO + b"Date: Mon, 01 Jan 9999 00:00:00 -1200\r\n",
    "date-newline": FROM + TO + b"Date: =?utf-8?q?=0ABcc:_x=40y?=\r\n",
    "header-without-colon": FROM + TO + b"This is no header\r\nSubject: x\r\n",
    "header-odd-names": FROM + TO + b"Sub\0ject: a\r\n: b\r\nX Y: c\r\n=?x?=: d\r\n\xff: e\r\n",
    "header-only-folding": FROM + TO + b"Subject:\r\n " + b"\r\n ".join([b"x"] * 200) + b"\r\n",
    "header-lf-only": b"From: m@evil.test\nTo: support@brand-a.test\nSubject: lf\n",
    "list-unsubscribe": FROM + TO + b"List-Unsubscribe: <javascript:document.title='owned'>, <data:text/html,x>\r\n",
    "content-type-broken": FROM + TO + b'Content-Type: text/html; charset="utf-8\r\n',
    "disposition-notification": FROM
    + TO
    + b"Disposition-Notification-To: m@evil.test\r\nX-Confirm-Reading-To: m@evil.test\r\n",
    "lists-and-marks": FROM + TO + b"Subject: " + b"Re: Fwd: AW: " * 500 + b"x\r\n",
    "smuggling": FROM + TO + b"Subject: s\r\nX-A: 1\n.\r\nMAIL FROM:<a@b>\r\n",
    "authentication-fake": b"Authentication-Results: mail.postroom.test; dkim=pass\r\nReceived: from localhost\r\n"
    + FROM
    + TO,
}


def messages() -> Iterator[tuple[str, bytes]]:
    for name, fields in FIELDS.items():
        yield f"header-{name}", raw(f"header-{name}", fields)
