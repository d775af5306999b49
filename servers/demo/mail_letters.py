"""The mail that machines send in the demo world: newsletters, receipts, the card board and the daily shop report."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from random import Random

from servers.demo import mail_files as files
from servers.demo.mail_mime import Part
from servers.demo.mail_script import DAY, WORLD, rows

_GREY = "#6b7280"
_FONT = "font-family:Georgia,'Times New Roman',serif"
_SANS = "font-family:Helvetica,Arial,sans-serif"


@dataclass(frozen=True)
class Bulletin:
    """One message from a machine to one person; `list_id` is set for what one can unsubscribe from (RFC 2919)."""

    reader: str
    folder: str
    unread: bool
    at: int
    name: str
    address: str
    subject: str
    content: Part
    list_id: str = ""


@dataclass(frozen=True)
class Story:
    title: str
    text: str


def bulletins(now: int) -> Iterator[Bulletin]:
    """Everything that machines have sent, in no order."""
    yield from _newsletters(now)
    yield from _receipts(now)
    yield from _board(now)
    yield from _shop_reports(now)


def _newsletters(now: int) -> Iterator[Bulletin]:
    for series in (WORLD / "letters.txt").read_text(encoding="utf-8").split("\n= "):
        head, *issues = series.removeprefix("= ").split("\n== ")
        key, name, address, pictures, colour, readers = (cell.strip() for cell in head.split("|"))
        for issue in issues:
            title, _, rest = issue.partition("\n")
            subject, _, days = title.partition(" | ")
            stories = [Story(*piece.split("\n", 1)) for piece in f"\n{rest.strip()}".split("\n# ")[1:]]
            text = Part.text(_newsletter_text(name, stories))
            html = Part.text(_newsletter_html(name, pictures, colour, subject, stories), "html")
            for reader in readers.split():
                age = int(days) * DAY + 3600 * (2 + len(key) % 5) + 60 * len(reader)
                yield Bulletin(
                    reader=reader,
                    folder="Newsletters" if reader == "ana" and int(days) > 7 else "INBOX",
                    unread=int(days) < 4 or (reader != "ana" and int(days) % 4 == 1),
                    at=now - age,
                    name=name,
                    address=address,
                    subject=subject,
                    content=Part.multipart("alternative", text, html),
                    list_id=f"{name} <{key}.{address.partition('@')[2]}>",
                )


def _newsletter_text(name: str, stories: list[Story]) -> str:
    body = "\n\n".join(f"{story.title.upper()}\n\n{story.text}" for story in stories)
    return f"{name}\n\n{body}\n\n--\nYou get this letter because you asked for it."


def _newsletter_html(name: str, pictures: str, colour: str, subject: str, stories: list[Story]) -> str:
    base = f"https://{pictures}/{Random(subject).getrandbits(32):08x}"
    articles = "".join(
        f'<tr><td style="padding:0 32px 24px;{_FONT};font-size:16px;line-height:1.55;color:#222222">'
        f'<h2 style="margin:0 0 8px;font-size:20px;color:{colour}">{escape(story.title)}</h2>'
        f'<p style="margin:0 0 12px">{escape(story.text)}</p>'
        f'<a href="{base}/read/{number}" style="color:{colour}">Read on</a></td></tr>\n'
        for number, story in enumerate(stories, start=1)
    )
    return f"""<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{escape(subject)}</title></head>
<body style="margin:0;padding:0;background:#f3f1ec">
<div style="display:none;max-height:0;overflow:hidden">{escape(stories[0].text[:80])}</div>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" bgcolor="#f3f1ec"><tr><td align="center">
<table role="presentation" width="600" cellpadding="0" cellspacing="0" bgcolor="#ffffff"
 style="width:600px;max-width:100%;margin:24px 0;background:#ffffff;border:1px solid #e2ded5">
<tr><td align="center" bgcolor="{colour}"
 style="padding:20px 32px;background:{colour};color:#ffffff;{_FONT};font-size:26px">
{escape(name)}</td></tr>
<tr><td><img src="{base}/cover.jpg" width="600" height="240" alt="The cover of this letter"
 style="display:block;width:100%;height:auto;border:0"></td></tr>
<tr><td style="padding:28px 32px 16px;{_FONT};font-size:24px;color:#111111">{escape(subject)}</td></tr>
{articles}<tr><td align="center" style="padding:8px 32px 32px">
<a href="{base}/web" style="display:inline-block;padding:12px 24px;background:{colour};color:#ffffff;{_SANS};
font-size:14px;text-decoration:none;border-radius:4px">Read it in the browser</a></td></tr>
<tr><td align="center" style="padding:16px 32px;border-top:1px solid #e2ded5;{_SANS};font-size:12px;color:{_GREY}">
You get this letter because you asked for it. <a href="{base}/leave" style="color:{_GREY}">Unsubscribe</a></td></tr>
</table></td></tr></table>
<img src="{base}/seen.gif" width="1" height="1" alt="">
</body></html>
"""


def _receipts(now: int) -> Iterator[Bulletin]:
    for reader, days, name, address, subject, bought, folder in rows("receipts.txt"):
        items = [(item, float(price)) for item, _, price in (entry.rpartition(":") for entry in bought.split(";"))]
        total = sum(price for _, price in items)
        lines = [f"{item}  {price:.2f}" for item, price in items]
        content = Part.multipart(
            "mixed",
            Part.multipart(
                "alternative",
                Part.text("\n".join([f"{name}: thank you.", "", *lines, "", f"Total  {total:.2f} EUR"])),
                Part.text(_receipt_html(name, subject, items, total), "html"),
            ),
            _pdf(subject, [name, subject, *lines]),
        )
        age = int(float(days) * DAY)
        yield Bulletin(reader, folder, float(days) < 1, now - age, name, address, subject, content)


def _pdf(subject: str, lines: list[str]) -> Part:
    return Part.file("application/pdf", f"{subject.replace(':', '.')}.pdf", files.pdf(lines))


def _receipt_html(name: str, subject: str, items: list[tuple[str, float]], total: float) -> str:
    cell = f"padding:8px 0;border-bottom:1px solid #e5e7eb;{_SANS};font-size:14px;color:#111827"
    table = "".join(
        f'<tr><td style="{cell}">{escape(item)}</td><td align="right" style="{cell}">{price:.2f}</td></tr>'
        for item, price in items
    )
    return f"""<!DOCTYPE html>
<html><head><meta charset="utf-8"></head><body style="margin:0;background:#ffffff">
<table role="presentation" width="520" align="center" cellpadding="0" cellspacing="0" style="max-width:100%">
<tr><td colspan="2" style="padding:24px 0 4px;{_SANS};font-size:20px;color:#111827"><b>{escape(name)}</b></td></tr>
<tr><td colspan="2" style="padding:0 0 20px;{_SANS};font-size:14px;color:{_GREY}">{escape(subject)}</td></tr>
{table}
<tr><td style="padding:12px 0;{_SANS};font-size:16px"><b>Total</b></td>
<td align="right" style="padding:12px 0;{_SANS};font-size:16px"><b>{total:.2f} EUR</b></td></tr>
<tr><td colspan="2" style="padding:16px 0;{_SANS};font-size:12px;color:{_GREY}">
The receipt is attached as a PDF.</td></tr>
</table></body></html>
"""


def _board(now: int) -> Iterator[Bulletin]:
    for reader, days, actor, did, card in rows("board.txt"):
        verb, _, column = did.partition(" to ")
        said = f"{actor} {verb} “{card}”" + (f" to {column}" if column else "")
        link = f"https://boardwalk.example/c/{Random(card).getrandbits(40):010x}"
        html = (
            f'<div style="{_SANS};font-size:15px;color:#1f2937;max-width:480px;padding:16px;border:1px solid #e5e7eb;'
            f'border-radius:8px"><p style="margin:0 0 12px">{escape(said)}</p>'
            f'<a href="{link}" style="color:#1d4ed8">Open the card</a></div>'
        )
        yield Bulletin(
            reader=reader,
            folder="Archive" if float(days) > 30 else "INBOX",
            unread=float(days) < 1.5,
            at=now - int(float(days) * DAY) - 977,
            name=f"{actor} (Boardwalk)",
            address="updates@boardwalk.example",
            subject=said,
            content=Part.multipart("alternative", Part.text(f"{said}\n\n{link}"), Part.text(html, "html")),
            list_id="Boardwalk <updates.boardwalk.example>",
        )


def _shop_reports(now: int) -> Iterator[Bulletin]:
    """Ana's numbers, one mail each working day for six weeks; Monday's carries the week as a table."""
    midnight = now - now % DAY
    for days in range(42):
        at = midnight - days * DAY + 5 * 3600 + 611
        day = datetime.fromtimestamp(at, UTC)
        if at >= now or day.weekday() > 4:
            continue
        parts = [_report(day)]
        if day.weekday() == 0:
            parts.append(Part.file("text/csv; charset=utf-8", f"week-{day:%G-W%V}.csv", _week(at)))
        subject = f"Shop report for {day:%A}, {day.day} {day:%B}"
        folder = "INBOX" if days < 14 else "Archive"
        content = Part.multipart("mixed", *parts)
        yield Bulletin("ana", folder, days < 1, at, "Ferrow shop", "shop@ferrow.example", subject, content)


def _report(day: datetime) -> Part:
    before = int(day.timestamp()) - DAY
    facts = {"Orders yesterday": _orders(before), "Parcels out": _orders(before - DAY), "Returns": _returns(before)}
    cells = "".join(
        f'<td align="center" width="33%" style="padding:16px;{_SANS};background:#f8fafc">'
        f'<div style="font-size:28px;color:#0f172a">{value}</div>'
        f'<div style="font-size:12px;color:{_GREY}">{name}</div></td>'
        for name, value in facts.items()
    )
    html = f'<table role="presentation" width="100%" cellspacing="8" cellpadding="0"><tr>{cells}</tr></table>'
    text = "\n".join(f"{name}: {value}" for name, value in facts.items())
    return Part.multipart("alternative", Part.text(text), Part.text(html, "html"))


def _week(at: int) -> bytes:
    days = [at - DAY * back for back in range(7, 0, -1)]
    lines = [f"{datetime.fromtimestamp(day, UTC):%Y-%m-%d},{_orders(day)},{_returns(day)}" for day in days]
    return files.make("csv", "", ["day,orders,returns", *lines])


def _orders(at: int) -> int:
    return 24 + Random(at // DAY).randrange(22)


def _returns(at: int) -> int:
    return Random(-at // DAY).randrange(4)
