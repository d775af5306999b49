"""File names and attachment types that want to be something else."""

from collections.abc import Iterator

from tests.hostile.build import TRAP, file_part, message, mixed

NAMES = {
    "newline": b"filename*=utf-8''a%0D%0ASet-Cookie:%20x=y%0D%0A%0D%0A.txt",
    "newline-word": b'filename="=?utf-8?q?a=0D=0AX:_y.txt?="',
    "nul": b"filename*=utf-8''a%00.exe.txt",
    "path": b'filename="../../../../etc/passwd"',
    "path-windows": b'filename="..\\\\..\\\\windows\\\\system32\\\\evil.dll"',
    "path-encoded": b"filename*=utf-8''..%2F..%2Fetc%2Fpasswd",
    "path-absolute": b'filename="/etc/shadow"',
    "path-drive": b'filename="C:evil.exe"',
    "path-fullwidth": b"filename*=utf-8''..%EF%BC%8F..%E2%81%84etc",
    "long": b'filename="' + b"a" * 7_000 + b'.txt"',
    "long-utf8": b"filename*=utf-8''" + b"%E6%96%87" * 800 + b".pdf",
    "bidi": 'filename="invoice\u202efdp.exe"'.encode(),
    "bidi-encoded": b"filename*=utf-8''invoice%E2%80%AEfdp.exe",
    "reserved": b'filename="CON.txt"',
    "reserved-aux": b'filename="aux"',
    "reserved-lpt": b'filename="LPT1.tar.gz"',
    "dots": b'filename="..."',
    "hidden": b'filename=".htaccess"',
    "trailing": b'filename="evil.exe. . ."',
    "stream": b'filename="evil.txt::$DATA"',
    "quotes": b'filename="a\\"; filename=\\"evil.exe"',
    "script": b"filename=\"<img src=x onerror=document.title='owned'>.png\"",
    "empty": b'filename=""',
    "continued": b"filename*0*=utf-8''%3Cscript; filename*1=%3E; filename*2*=%0Aevil; filename*3=.html",
    "continued-gap": b"filename*0=a; filename*2=c; filename*9999=z",
    "continued-charset": b"filename*=zlib''%78%9c; filename*0*=utf-7''+ADw-",
    "both": b"filename=safe.txt; filename*=utf-8''evil.exe; name=third.bat",
    "raw-8bit": b'filename="r\xe9sum\xe9.doc"',
    "zero-width": 'filename="evil.exe\u200b.txt"'.encode(),
    "device-dot": b'filename="nul .txt"',
}

SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload=\"document.title='owned'\"/>"
GIF_SCRIPT = b"GIF89a/*\x01\x00\x01\x00*/=1;document.title='owned';//<script>document.title='owned'</script>"
TYPES = {
    "html": (b"text/html", b"<script>document.title='owned'</script>"),
    "xhtml": (
        b"application/xhtml+xml",
        b"<html xmlns='http://www.w3.org/1999/xhtml'><script>document.title='owned'</script></html>",
    ),
    "svg": (b"image/svg+xml", SVG),
    "svg-as-png": (b"image/png", SVG),
    "html-as-gif": (b"image/gif", GIF_SCRIPT),
    "html-as-jpeg": (b"image/jpeg", b"<!doctype html><script>document.title='owned'</script>"),
    "xml": (b"text/xml", b"<?xml-stylesheet type='text/xsl' href='#x'?><x/>"),
    "pdf": (b"application/pdf", b"%PDF-1.4 /OpenAction << /S /JavaScript /JS (app.alert(1)) >>"),
    "javascript": (b"text/javascript", b"document.title='owned'"),
    "css": (b"text/css", b"*{background:url(http://trap.evil.test/)}"),
    "mhtml": (b"multipart/related", b"x"),
    "hta": (b"application/hta", b"<script>document.title='owned'</script>"),
    "swf": (b"application/x-shockwave-flash", b"FWS\x09"),
    "calendar": (
        b"text/calendar",
        b"BEGIN:VCALENDAR\r\nSUMMARY:<script>document.title='owned'</script>\r\nEND:VCALENDAR",
    ),
    "vcard": (b"text/vcard", b"BEGIN:VCARD\r\nFN:<img src=x onerror=document.title='owned'>\r\nEND:VCARD"),
    "type-inject": (b"text/plain\r\nX-Injected: yes", b"x"),
    "type-nonsense": (b"te xt/<script>", b"x"),
    "type-star": (b"*/*", b"<script>document.title='owned'</script>"),
    "no-type": (b"", b"<script>document.title='owned'</script>"),
}


def messages() -> Iterator[tuple[str, bytes]]:
    body = b"Content-Type: text/plain\r\n\r\nSee the file.\r\n"
    for name, parameter in NAMES.items():
        top = b"Content-Type: application/octet-stream\r\nContent-Disposition: attachment; " + parameter
        yield f"name-{name}", mixed(f"name-{name}", [body, file_part(top)])
    for name, (kind, data) in TYPES.items():
        top = b"Content-Type: " + kind + b"\r\nContent-Disposition: inline; filename=" + name.encode()
        yield f"type-{name}", mixed(f"type-{name}", [body, file_part(top, data)])
    yield "cid-svg", _related("cid-svg", b"<picture@x>", SVG)
    yield "cid-script-id", _related("cid-script-id", b"<\"><script>document.title='owned'</script>@x>", GIF_SCRIPT)
    yield "cid-path", _related("cid-path", b"<../../../../logout>", GIF_SCRIPT)
    yield (
        "content-location",
        message(
            "content-location",
            f'<img src="x"><img src="http://{TRAP}/x">',
            extra=f"Content-Location: http://{TRAP}/\r\n",
        ),
    )


def _related(name: str, content_id: bytes, data: bytes) -> bytes:
    html = b"Content-Type: text/html\r\n\r\n<img src='cid:" + content_id.strip(b"<>").replace(b"'", b"%27") + b"'>"
    image = file_part(b"Content-Type: image/svg+xml\r\nContent-Disposition: inline\r\nContent-ID: " + content_id, data)
    return mixed(name, [html, image], "related")
