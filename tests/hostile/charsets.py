"""Bytes under labels that are unknown, wrong or chosen to turn harmless bytes into tags."""

from collections.abc import Iterator

from tests.hostile.build import TOP

HTML = "<p>Grüße</p><script>document.title='owned'</script>"
UTF7 = b"+ADw-script+AD4-document.title+AD0-+ACc-owned+ACc-+ADw-/script+AD4-"
# (label, bytes)
BODIES: dict[str, tuple[str, bytes]] = {
    "unknown": ("x-does-not-exist", HTML.encode()),
    "empty": ("", HTML.encode()),
    "long": ("a" * 3_000, HTML.encode()),
    "script": ("<script>", HTML.encode()),
    "utf-7": ("utf-7", UTF7),
    "utf-7-imap": ("x-imap4-modified-utf7", b"&ADw-script&AD4-"),
    "zlib": ("zlib", b"x\x9cK\xcaI\xccM\x05\x00\x06\x0b\x02\x10"),
    "bz2": ("bz2_codec", b"BZh91AY&SY"),
    "hex": ("hex", b"3c7363726970743e"),
    "rot13": ("rot13", b"<fpevcg>nyreg(1)</fpevcg>"),
    "idna": ("idna", b"xn--a"),
    "unicode-escape": ("unicode_escape", rb"\x3cscript\x3edocument.title='owned'\x3c/script\x3e"),
    "raw-unicode-escape": ("raw_unicode_escape", rb"\u003cscript\u003e"),
    "undefined": ("undefined", b"x"),
    "mbcs": ("mbcs", b"x"),
    "palmos": ("palmos", b"\x80\x81"),
    "punycode": ("punycode", b"a-b-"),
    "lie-ascii": ("us-ascii", HTML.encode()),
    "lie-utf-8": ("utf-8", HTML.encode("latin-1")),
    "lie-latin-1": ("iso-8859-1", HTML.encode()),
    "lie-utf-16": ("utf-16", HTML.encode()),
    "utf-16-le": ("utf-16le", HTML.encode("utf-16-le")),
    "utf-16-odd": ("utf-16", b"\xff\xfe<\x00s\x00c"),
    "utf-32": ("utf-32", HTML.encode("utf-32")),
    "overlong": ("utf-8", b"\xc0\xbcscript\xc0\xbe \xe0\x80\xbcscript\xe0\x80\xbe"),
    "surrogates": ("utf-8", b"\xed\xa0\xbd\xed\xb8\x80 \xed\xb0\x80"),
    "truncated": ("utf-8", "文字".encode()[:-1]),
    "iso-2022-jp": ("iso-2022-jp", "こんにちは <script>".encode("iso2022_jp")),
    "iso-2022-jp-escape": ("iso-2022-jp", b"<p title=\"\x1b$B\">\x1b(B<script>document.title='owned'</script>"),
    "iso-2022-jp-jis": ("iso-2022-jp", b"\x1b(J<img src=x onerror=document.title='owned'>\\"),
    "iso-2022-kr": ("iso-2022-kr", b"\x1b$)C\x0e<script>\x0f"),
    "hz": ("hz-gb-2312", b"~{<:Ky2;SJ~}<script>"),
    "gb18030": ("gb18030", "你好 <script> 𠀀".encode("gb18030")),
    "gbk-swallow": ("gbk", b'<p title="\x81"><script>document.title=\'owned\'</script>">'),
    "shift-jis-swallow": ("shift_jis", b'<p title="\x83" onmouseover=document.title=\'owned\' x="">'),
    "big5-swallow": ("big5", b"<a href=\"\xa1\"><script>document.title='owned'</script>"),
    "euc-tw": ("euc-tw", b"\x8e\xa2\xa1\xa1"),
    "ebcdic": ("cp037", "<script>document.title='owned'</script>".encode("cp037")),
    "koi8-r": ("koi8-r", "Привет, это письмо".encode("koi8-r")),
    "all-bytes": ("utf-8", bytes(range(256)) * 20),
    "controls": ("utf-8", bytes(range(32)) + "\u0085\u2028\u2029\u202e\ufeff\ufffe\U000e0001".encode()),
    "combining": ("utf-8", ("a" + "\u0301" * 20_000).encode()),
    "emoji-joiners": ("utf-8", ("\U0001f468\u200d" * 20_000).encode()),
}


def messages() -> Iterator[tuple[str, bytes]]:
    for name, (label, content) in BODIES.items():
        top = f"{TOP}Subject: charset {name}\r\nMessage-ID: <charset-{name}@evil.test>\r\n"
        top += f'Content-Type: text/html; charset="{label}"\r\n'
        yield f"charset-{name}", top.encode() + b"Content-Transfer-Encoding: 8bit\r\n\r\n" + content + b"\r\n"
    meta = b"<meta charset=utf-7>" + UTF7
    yield "charset-meta-utf-7", (TOP + "Content-Type: text/html\r\n\r\n").encode() + meta
