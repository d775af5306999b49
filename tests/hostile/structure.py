"""MIME that isn't."""

from collections.abc import Iterator

from tests.hostile.build import RUN, message, mixed

HTML = f"<p>x</p><script>{RUN}</script>"
SHAPES = {
    "no-boundary": ("multipart/mixed", "--x\r\n\r\nhello\r\n--x--"),
    "empty-boundary": ('multipart/mixed; boundary=""', "--\r\n\r\nhello\r\n----"),
    "boundary-missing-in-body": ("multipart/mixed; boundary=edge", "no parts here"),
    "boundary-unclosed": ("multipart/mixed; boundary=edge", f"--edge\r\nContent-Type: text/html\r\n\r\n{HTML}"),
    "boundary-prefix": ("multipart/mixed; boundary=a", "--a\r\n\r\none\r\n--ab\r\n\r\ntwo\r\n--a--"),
    "boundary-same-inside": (
        "multipart/mixed; boundary=a",
        "--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n--a--",
    ),
    "boundary-special": ('multipart/mixed; boundary="<script>"', "--<script>\r\n\r\nx\r\n--<script>--"),
    "empty-multipart": ("multipart/mixed; boundary=a", "--a--"),
    "empty-alternative": ("multipart/alternative; boundary=a", "--a\r\n--a\r\n--a--"),
    "base64-broken": ("text/html", "####PHNjcmlwdD4=PHNjcmlwdD4\r\n=\r\n=="),
    "qp-broken": ("text/html", "=\r\n=ZZ=3=\r\n=3Cscript=3E=0"),
    "two-content-types": ("text/plain\r\nContent-Type: text/html", HTML),
    "type-garbage": (";;;;=;charset", HTML),
    "type-empty": ("", HTML),
    "type-uppercase": ("TEXT/HTML; CHARSET=UTF-8", HTML),
    "type-comment": ("text/(c)html; charset=(x)utf-8", HTML),
    "type-double-charset": ("text/html; charset=utf-8; charset=utf-7", HTML),
    "external-body": ('message/external-body; access-type=URL; URL="http://trap.evil.test/"', "x"),
    "partial": ("message/partial; id=x; number=1; total=2", "From: x\r\n\r\ny"),
    "rfc822-html": (
        "message/rfc822",
        f"From: a@b.test\r\nSubject: <script>{RUN}</script>\r\nContent-Type: text/html\r\n\r\n{HTML}",
    ),
    "rfc822-empty": ("message/rfc822", ""),
    "uuencode": ("text/plain", "begin 644 ../../etc/passwd\r\n#0V%T\r\n`\r\nend"),
    "yenc": ("text/plain", "=ybegin line=128 size=1 name=<script>\r\nx\r\n=yend"),
    "tnef": ("application/ms-tnef; name=winmail.dat", 'x\x9f>"'),
    "enriched": ("text/enriched", f"<param>{HTML}</param>"),
    "amp": ("text/x-amp-html", f"<html amp4email><body>{HTML}"),
    "encrypted": (
        'multipart/encrypted; protocol="application/pgp-encrypted"; boundary=a',
        "--a\r\n\r\nVersion: 1\r\n--a--",
    ),
    "nul-bytes": ("text/html", f"<p>\0\0</p>\0<script>\0{RUN}</script>"),
    "bare-cr": ("text/plain", "one\rtwo\rthree\r.\r"),
    "dot-lines": ("text/plain", ".\r\n..\r\n.x"),
    "no-body": ("text/html", ""),
}
ENCODINGS = {"base64-broken": "base64", "qp-broken": "quoted-printable", "uuencode": "x-uuencode"}


def messages() -> Iterator[tuple[str, bytes]]:
    for name, (kind, body) in SHAPES.items():
        extra = f"Content-Transfer-Encoding: {ENCODINGS[name]}\r\n" if name in ENCODINGS else ""
        yield f"mime-{name}", message(f"mime-{name}", body, kind, extra)
    html = f"Content-Type: text/html\r\n\r\n{HTML}".encode()
    yield "mime-alternative-two-html", mixed("mime-alternative-two-html", [html, html], "alternative")
    yield (
        "mime-html-attached",
        mixed("mime-html-attached", [html.replace(b"\r\n\r\n", b"\r\nContent-Disposition: attachment\r\n\r\n", 1)]),
    )
    yield (
        "mime-encoding-nonsense",
        message("mime-encoding-nonsense", HTML, extra="Content-Transfer-Encoding: <script>\r\n"),
    )
    yield (
        "mime-encoded-multipart",
        message(
            "mime-encoded-multipart", "LS1h", "multipart/mixed; boundary=a", "Content-Transfer-Encoding: base64\r\n"
        ),
    )
    yield "mime-nothing", b"\r\n"
    yield "mime-one-byte", b"x"
    yield "mime-only-headers", b"From: a@b.test\r\nSubject: x"
    yield "mime-no-headers", b"\r\nJust a body.\r\n"
    yield "mime-binary", bytes(range(256)) * 40
