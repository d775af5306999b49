"""Small to send, expensive to read."""

from collections.abc import Iterator

from tests.hostile.build import TOP, message, mixed, raw

FROM = b"From: m@evil.test\r\nTo: support@brand-a.test\r\n"


def _nested(depth: int) -> bytes:
    top = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(depth))
    return (TOP + "Subject: nested\r\n" + top + "Content-Type: text/plain\r\n\r\nx\r\n").encode()


def _nested_messages(depth: int) -> bytes:
    return (TOP + "Subject: messages\r\n" + "Content-Type: message/rfc822\r\n\r\n" * depth + "\r\nx\r\n").encode()


def _css(declarations: int) -> str:
    return "".join(
        f'<p style="color:#{n:06x};padding:{n % 99}px 1px;font:12px/1.5 Arial">x</p>' for n in range(declarations)
    )


HTML = {
    "divs": "<div>" * 200_000,
    "divs-closed": "<div>" * 200_000 + "x" + "</div>" * 200_000,
    "paragraphs": "<p>" * 500_000,
    "formatting": "".join(f"<font color=red size={n % 7}><p>" for n in range(60_000)),
    "adoption": "<b><i><u><s><p></b>" * 80_000,
    "tables": "<table>" * 200_000,
    "tables-mixed": "<table><tr><td>" * 100_000,
    "table-text": "<table>" + "<b>x</b><tr>" * 100_000,
    "table-wide": "<table><tr><td>" + "x" * 5_000 + "</td><td>" + "y<br>" * 60_000 + "</table>",
    "lists": "<ul><li>" * 200_000,
    "links": "".join(f'<a href="http://h{n}.evil.test/">www.bank.test</a>' for n in range(40_000)),
    "nested-links": "<a href=x><div>" * 120_000,
    "images": "".join(f'<img src="http://h{n}.evil.test/i.png">' for n in range(50_000)),
    "attributes": "<p " + " ".join(f"a{n}=1" for n in range(200_000)) + ">x</p>",
    "attribute-long": '<p title="' + "x" * 1_900_000 + '">x</p>',
    "ampersands": "&" * 1_900_000,
    "ampersands-between": "a&" * 900_000,
    "no-breaks": "\u00a0" * 900_000,
    "asides-open": "<xml>" * 100_000 + "<noscript>" * 100_000 + "x",
    "less-thans": "<" * 1_900_000,
    "references": "&#x41;" * 300_000,
    "reference-long": "&#" + "9" * 1_900_000 + ";",
    "comments": "<!--" * 450_000,
    "comment-dashes": "<!--" + "-" * 1_900_000,
    "tags-unfinished": "<a " * 600_000,
    "quotes-unfinished": "<a b='<a b=\"" * 150_000,
    "end-tags": "<b>" * 190 + "</i>" * 400_000,
    "raw-text": "<script>" * 200_000,
    "style-element": "<style>" + "a{color:red}" * 150_000 + "</style>x",
    "style-element-odd": "<style>" + "a{}" * 300_000 + "</style><style>a{" + "{[(" * 200_000 + "</style>x",
    "style-elements": "<style>p{color:red}</style>" * 60_000 + "<p>x",
    "style-matches": "<style>" + "p{color:red;margin:0}" * 6_000 + "</style>" + '<p class="a b">x' * 40_000,
    "style-classes": "<style>"
    + "".join(f".c{n} .d,.d .c{n}{{color:red}}" for n in range(4_000))
    + "</style>"
    + "".join(f'<div class="d c{n} c{n % 99}">' for n in range(190))
    + "".join(f'<p class="d c{n}">x' for n in range(30_000)),
    "style-ancestors": "<style>"
    + "div div div div div div div .x,div>div div>div div>div a{color:red}" * 1_500
    + "</style>"
    + "<div>" * 190
    + "".join(f"<p class=x{n}><a>x</a>" for n in range(15_000)),
    "style-inlined": "<style>p{"
    + "".join(
        f"padding-{s}:{n}px;border-{s}:{n}px solid red;margin-{s}:{n}px;"
        for n in range(9)
        for s in ("left", "right", "top", "bottom")
    )
    + "}</style>"
    + "".join(f"<p style=color:#{n:06x}>x" for n in range(40_000)),
    "style-media": "<style>"
    + "".join(f"@media (max-width:{n}px){{p{{color:red}}}}" for n in range(4_000))
    + "</style>"
    + "".join(f"<p id=n{n}>x" for n in range(20_000)),
    "style-many": _css(20_000),
    "style-long": '<p style="' + "color:red;" * 180_000 + '">x</p>',
    "style-nesting": "".join('<p style="color:' + "(" * (8_000 - n) + '">x' for n in range(230)),
    "style-braces": '<p style="color:' + "{[(" * 2_700 + '">x',
    "data-images": ('<img src="data:image/png;base64,' + "A" * 90_000 + '">') * 20,
    "blanks": "<p>" + " \n\t" * 600_000 + "</p>",
    "nbsp": "<p>" + "&nbsp;" * 300_000 + "</p>",
}
TEXTS = {
    "links": "http://evil.test/x " * 60_000,
    "dots": "a." * 500_000,
    "ats": "a@" * 500_000,
    "quotes": "> a\n>> b\n" * 100_000,
    "one-line": "x" * 1_900_000,
    "marks": ">" * 1_900_000,
    "lines": "\n" * 1_900_000,
    "brackets": "http://evil.test/" + ")" * 1_900_000,
}
FIELDS = {
    "recipients": FROM + b"Cc: " + b", ".join(b"u%d@evil.test" % n for n in range(100_000)) + b"\r\n",
    "recipients-folded": FROM + b"Cc: " + b",\r\n ".join(b"u%d@evil.test" % n for n in range(5_000)) + b"\r\n",
    "recipients-groups": FROM + b"Cc: " + b"g:a@b.test,c@d.test;" * 3_000 + b"\r\n",
    "recipients-brackets": FROM + b"Cc: " + b"<" * 30_000 + b"\r\n",
    "recipients-comments": FROM + b"Cc: " + b"(" * 30_000 + b"\r\n",
    "recipients-quotes": FROM + b"Cc: " + b'"\\' * 30_000 + b"\r\n",
    "words": FROM + b"Subject: " + b"=?utf-8?q?a?= " * 20_000 + b"\r\n",
    "words-few": FROM + b"Subject: " + b" ".join([b"=?utf-8?b?4pyT4pyT?="] * 180) + b"\r\n",
    "words-unfinished": FROM + b"Subject: " + b"=?utf-8?q?" * 800 + b"\r\n",
    "long-header": FROM + b"Subject: " + b"x" * 1_000_000 + b"\r\n",
    "long-line-folded": FROM + b"Subject:" + b"\r\n x" * 60_000 + b"\r\n",
    "many-headers": FROM + b"".join(b"X-%d: y\r\n" % n for n in range(50_000)),
    "many-received": FROM + b"Received: from a by b\r\n" * 3_000,
    "references": FROM + b"References: " + b" ".join(b"<%d@evil.test>" % n for n in range(3_000)) + b"\r\n",
}


def messages() -> Iterator[tuple[str, bytes]]:
    for name, html in HTML.items():
        yield f"bomb-html-{name}", message(f"bomb-html-{name}", html)
    for name, text in TEXTS.items():
        yield f"bomb-text-{name}", message(f"bomb-text-{name}", text, "text/plain")
    for name, fields in FIELDS.items():
        yield f"bomb-header-{name}", raw(f"bomb-header-{name}", fields)
    parameters = "; ".join(f"filename*{n}*=a" for n in range(50_000))
    part = f"Content-Type: text/plain\r\nContent-Disposition: attachment; {parameters}\r\n\r\nx\r\n".encode()
    yield "bomb-parameters", mixed("bomb-parameters", [part])
    few = "; ".join(f"x{n}=a" for n in range(500))
    yield (
        "bomb-parameters-500",
        mixed("bomb-parameters-500", [f"Content-Type: text/plain; {few}\r\n\r\nx\r\n".encode()]),
    )
    yield "bomb-nested-60", _nested(60)
    yield "bomb-nested-3000", _nested(3_000)
    yield "bomb-nested-messages", _nested_messages(1_000)
    yield "bomb-parts", mixed("bomb-parts", [b"Content-Type: text/plain\r\n\r\nx\r\n"] * 5_000)
    yield "bomb-parts-600", mixed("bomb-parts-600", [b"Content-Type: text/html\r\n\r\n<b>x\r\n"] * 600)
    long_edge = "e" * 5_000
    yield (
        "bomb-boundary",
        message(
            "bomb-boundary", f"--{long_edge}\r\n\r\nx\r\n--{long_edge}--", f"multipart/mixed; boundary={long_edge}"
        ),
    )
    yield (
        "bomb-boundary-lines",
        message("bomb-boundary-lines", "--edge\r\n" * 100_000, "multipart/mixed; boundary=edge"),
    )
    yield "bomb-qp", message("bomb-qp", "=" * 1_900_000, extra="Content-Transfer-Encoding: quoted-printable\r\n")
    yield "bomb-base64", message("bomb-base64", "A" * 1_900_000, extra="Content-Transfer-Encoding: base64\r\n")
