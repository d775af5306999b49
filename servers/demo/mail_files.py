"""Small true files to attach in the demo world: made here, so that nothing has to be shipped or licensed."""

import io
import struct
import zipfile
import zlib
from random import Random

_WIDTH, _HEIGHT = 360, 220
_ZIP_DATE = (2024, 1, 15, 9, 0, 0)

CONTENT_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "csv": "text/csv; charset=utf-8",
    "zip": "application/zip",
}


def make(kind: str, filename: str, lines: list[str]) -> bytes:
    """The bytes of a file of this kind (`pdf`, `png`, `csv` or `zip`) saying `lines`; pictures depend on the name."""
    if kind == "pdf":
        return pdf(lines)
    if kind == "png":
        return png(filename)
    if kind == "csv":
        return ("\r\n".join(lines) + "\r\n").encode()
    return archive({"read me.txt": "\r\n".join(lines).encode(), "picture.png": png(filename)})


def pdf(lines: list[str]) -> bytes:
    """One A4 page with a title and lines of text (PDF 1.4, cross-reference table included)."""
    drawn = ["BT /F1 20 Tf 64 760 Td 22 TL", f"({_pdf_text(lines[0])}) Tj T* T* /F1 11 Tf 18 TL"]
    drawn += [f"({_pdf_text(line)}) Tj T*" for line in lines[1:]]
    stream = "\n".join([*drawn, "ET"]).encode("cp1252", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    out, offsets = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def png(seed: str) -> bytes:
    """A small landscape, another for every seed: a sky, a sun and three hills."""
    dice = Random(seed)
    sky, ground = _colour(dice, 150, 235), _colour(dice, 40, 130)
    sun = (dice.randrange(60, _WIDTH - 60), dice.randrange(40, 90), dice.randrange(16, 30))
    peaks = [(dice.randrange(_WIDTH), dice.randrange(80, 150), dice.uniform(0.8, 2.0)) for _ in range(3)]
    rows = bytearray()
    for y in range(_HEIGHT):
        row = bytearray(bytes(_shade(sky, y // 5)) * _WIDTH)
        half = int(max(0, sun[2] ** 2 - (y - sun[1]) ** 2) ** 0.5)
        _span(row, sun[0] - half, sun[0] + half, (250, 214, 120))
        for depth, (x, top, slope) in enumerate(peaks):
            if y > top:
                reach = int((y - top) * slope)
                _span(row, x - reach, x + reach, _shade(ground, -depth * 18))
        rows += b"\0" + row
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def archive(files: dict[str, bytes]) -> bytes:
    """A ZIP archive, the same bytes at every call."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(zipfile.ZipInfo(name, _ZIP_DATE), data)
    return out.getvalue()


def _pdf_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _colour(dice: Random, low: int, high: int) -> tuple[int, int, int]:
    return dice.randrange(low, high), dice.randrange(low, high), dice.randrange(low, high)


def _shade(colour: tuple[int, int, int], by: int) -> tuple[int, int, int]:
    red, green, blue = (min(255, max(0, value + by)) for value in colour)
    return red, green, blue


def _span(row: bytearray, left: int, right: int, colour: tuple[int, int, int]) -> None:
    left, right = max(0, left), min(_WIDTH, right)
    if left < right:
        row[left * 3 : right * 3] = bytes(colour) * (right - left)
