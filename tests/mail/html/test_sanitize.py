"""HTML mail is harmless after the sanitiser, and still looks like what was sent."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.html import links, nesting, sanitize, style
from mail.html.allowed import TAGS
from tests.hostile import bodies, messages, sheets
from tests.hostile.reading import html_of

HTML_VECTORS = [
    (name, raw)
    for name, raw in messages()
    if name.split("-")[0] in {"run", "mutation", "load", "cover", "sheet", "charset", "mime"}
]
GOOD_HREF = re.compile(r"(?:https?://[a-z0-9.\[\]:_-]+(?:[/?#].*)?|mailto:.+|tel:.+)", re.DOTALL)
# All that a style element of ours may say: classes of ours, properties and values without brackets but of colours.
_RULE = r"\.m[0-9a-f]{8}-\d+\{(?:(?:[a-z-]+:(?:[\w#%'., /-]|(?:rgb|hsl)a?\([\d., %/]*\))+(?:!important)?;?)+)\}"
_QUERY = r"\((?:(?:min|max)-width:[\d.]+(?:px|em)|prefers-color-scheme:(?:dark|light))\)"
_MEDIA = rf"@media {_QUERY}(?:(?: and |, ){_QUERY})*\{{{_RULE}\}}"
SHEET = re.compile(rf"<style>@layer mail\{{(?:{_RULE}|{_MEDIA})+\}}</style>", re.ASCII)
MADE_CLASS = re.compile(r"m[0-9a-f]{8}-\d+")


def undressed(fragment: str) -> str:
    """The fragment without the style element in front, which is looked at here."""
    if not fragment.startswith("<style>"):
        return fragment
    sheet, end, rest = fragment.partition("</style>")
    assert SHEET.fullmatch(sheet + end), sheet
    assert not re.search(r"position|url|inset|z-index|:-\d{2}|content", sheet)
    return rest


class Inspector(HTMLParser):
    """Looks at the outcome with another parser than the one that made it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"comment: {data!r}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"declaration: {decl!r}")


def inspect(fragment: str) -> list[tuple[str, dict[str, str | None]]]:
    inspector = Inspector()
    inspector.feed(undressed(fragment))
    inspector.close()
    for tag, attributes in inspector.tags:
        assert tag in TAGS
        for name, value in attributes.items():
            assert not name.startswith(("on", "data-", "hx-"))
            assert name not in {"id", "name", "srcset", "background", "action", "ping"}
            assert name != "class" or MADE_CLASS.fullmatch(value or "")
            assert name != "src" or re.match(r"data:image/(png|jpe?g|gif|webp);base64,", value or "")
            assert name != "href" or GOOD_HREF.fullmatch(value or "")
            assert name != "style" or not re.search(r"url|\\|var\(|attr\(|position|fixed|-\d{2}|@|/\*", value or "")
        if tag == "a":
            assert attributes["target"] == "_blank"
            assert attributes["rel"] == sanitize.REL
    return inspector.tags


@pytest.mark.parametrize(("name", "raw"), HTML_VECTORS, ids=[name for name, _ in HTML_VECTORS])
def test_every_hostile_body_is_made_harmless(name: str, raw: bytes) -> None:
    assert name
    inspect(sanitize.html(html_of(raw)).html)
    inspect(sanitize.html(html_of(raw), notes=False).html)


@pytest.mark.parametrize(("name", "raw"), HTML_VECTORS, ids=[name for name, _ in HTML_VECTORS])
def test_the_second_stage_holds_alone(name: str, raw: bytes) -> None:
    """Given the document as it came, it keeps no URL, style or title, because none was made by the first stage."""
    assert name
    nothing: dict[str, set[str]] = {name: set() for name in ("class", "href", "src", "style", "title")}
    for _, attributes in inspect(sanitize._enforce(html_of(raw), nothing)):
        assert not attributes.keys() & nothing.keys()


def test_sanitising_twice_changes_nothing() -> None:
    for table in (bodies.RUNS, bodies.MUTATIONS, bodies.LOADS):
        for html in table.values():
            once = sanitize.html(sheets.DRESS + html, notes=False).html
            assert inspect(sanitize.html(once, notes=False).html) == inspect(once)


SCRAPS = st.sampled_from(
    (
        *(*bodies.RUNS.values(), *bodies.MUTATIONS.values()),
        *(f"<style>{css}</style>" for css in sheets.SHEETS.values()),
        *(
            "<",
            ">",
            '"',
            "'",
            "&",
            "</",
            "<!--",
            "-->",
            "<a href=",
            "<td>",
            "<table>",
            "</table>",
            "<p>",
            "<b>",
            "</b>",
        ),
        *("<div style='", "<svg>", "<style>", "</style>", "<math>", "\0", " ", "x"),
    )
)


@given(st.lists(SCRAPS, max_size=12).map("".join))
def test_no_mixture_of_vectors_gets_through(html: str) -> None:
    inspect(sanitize.html(html).html)


@given(st.text())
def test_any_text_is_harmless(html: str) -> None:
    inspect(sanitize.html(html).html)


def test_a_newsletter_keeps_its_looks() -> None:
    sent = (
        '<html><head><title>Offer</title></head><body bgcolor="#f4f4f4" style="margin:0">'
        '<table width="600" align="center" cellpadding="0" cellspacing="0" style="border-collapse:collapse">'
        '<tr><td bgcolor="#ffffff" style="padding:24px 32px;font-family:Arial, sans-serif;font-size:16px;color:#222">'
        '<h1 style="font-size:28px;line-height:1.2;text-align:center">Grüße</h1>'
        '<a href="https://shop.test/offer?a=1&copy=2" style="display:inline-block;background:#1a7f37 url(x.png);'
        'color:#fff;padding:12px 20px;border-radius:6px;text-decoration:none">Shop now</a>'
        '<img src="cid:logo@shop" width="120" height="40" alt="Logo"></td></tr></table></body></html>'
    )
    shown = sanitize.html(sent, cid=lambda cid: f"/part/{cid}")
    tags = inspect(shown.html.replace("/part/logo@shop", "data:image/png;base64,"))
    by_name = dict(tags)
    assert by_name["div"]["style"] == "background-color:#f4f4f4;margin:0"
    assert by_name["table"] == {
        "width": "600", "align": "center", "cellpadding": "0", "cellspacing": "0", "style": "border-collapse:collapse",
    }  # fmt: skip
    assert by_name["td"]["style"] == "padding:24px 32px;font-family:Arial, sans-serif;font-size:16px;color:#222"
    assert by_name["a"]["href"] == "https://shop.test/offer?a=1&copy=2"
    assert "background-color:#1a7f37" in (by_name["a"]["style"] or "")
    assert '<img width="120" height="40" src="/part/logo@shop" alt="Logo">' in shown.html
    assert shown.content_ids == {"logo@shop"}
    assert "Offer" not in shown.html
    assert shown.warnings == 0


def test_remote_images_wait_until_asked_for() -> None:
    html = (
        '<img src="http://x.test/a.png"><img src="//x.test/b.png"><img src="/c.png"><img srcset="http://x.test/d 1x">'
    )
    assert " src=" not in sanitize.html(html).html
    shown = sanitize.html(html, images=lambda url: f"/proxy?u={url}")
    assert shown.html.count("/proxy?u=") == 2
    assert "/proxy?u=https://x.test/b.png" in shown.html
    assert 'src="/c.png"' not in shown.html


@pytest.mark.parametrize(
    ("html", "worth"),
    [
        ('<img src="http://x.test/a.png">', True),
        ("<p>Hello</p><IMG alt='a > b' SRC= //x.test/b.png>", True),
        ('<img src="cid:logo@shop"><img src="data:image/gif;base64,AAAA"><img src="/c.png"><img>', False),
        ('<td background="https://x.test/a.png"><p style="background:url(https://x.test/b.png)">', False),
        ('<img srcset="https://x.test/d 1x"><script src="https://x.test/e.js"></script>', False),
        ("<p>&lt;img src=https://x.test/f.png&gt;</p>", False),
    ],
)
def test_images_are_offered_only_where_there_are_some_to_show(html: str, worth: bool) -> None:
    assert sanitize.has_remote_images(html) is worth
    assert (' src="/shown' in sanitize.html(html, images=lambda _url: "/shown").html) is worth


@pytest.mark.parametrize(
    ("href", "text", "url", "warned"),
    [
        ("https://shop.test/a", "our shop", "https://shop.test/a", False),
        ("https://click.shop.test/a", "www.shop.test", "https://click.shop.test/a", False),
        ("http://evil.test/", "https://www.bank.test/login", "http://evil.test/", True),
        ("https://bank.test@evil.test/", "bank", "https://evil.test/", True),
        ("https://xn--bnk-6cd.test/", "bank", "https://xn--bnk-6cd.test/", True),
        ("https://b\u0430nk.test/", "bank", "https://xn--bnk-6cd.test/", True),
        ("http://2130706433/", "x", "http://2130706433/", True),
        ("http://0x7f.0.0.1/", "x", "http://0x7f.0.0.1/", True),
        ("http://[::1]:80/", "x", "http://[::1]:80/", True),
        ("https:\\\\evil.test\\x", "x", "https://evil.test/x", False),
        ("https:/evil.test", "bank.test", "https://evil.test", True),
        ("//evil.test/x", "x", "https://evil.test/x", False),
        ("https://e\tvil.te\nst/", "x", "https://evil.test/", False),
        ("https://evil%2Etest/", "x", "https://evil.test/", False),
        ("HTTPS://Shop.TEST:8443/A", "shop.test", "https://shop.test:8443/A", False),
        ("mailto:kim@customer.test?subject=x", "Kim", "mailto:kim@customer.test?subject=x", False),
        ("mailto:eve@other.test", "kim@customer.test", "mailto:eve@other.test", True),
        ("tel:+49301234", "call", "tel:+49301234", False),
    ],
)
def test_links_say_where_they_lead(href: str, text: str, url: str, warned: bool) -> None:
    link = links.judge(href, text)
    assert link is not None
    assert (link.url, bool(link.warning)) == (url, warned)


NOWHERE = (
    *("javascript:x", "data:text/html,x", "vbscript:x", "/logout", "#top", "x", "", "https://", "http://a b/"),
    *("ftp://x.test/", "file:///etc", "https://<script>/", "https://%00.test/", "blob:x", "about:blank"),
    "http://x.test/" + "a" * 5_000,
)


@pytest.mark.parametrize("href", NOWHERE)
def test_other_links_lead_nowhere(href: str) -> None:
    assert links.judge(href, "x") is None


def test_a_lying_link_carries_a_visible_note() -> None:
    shown = sanitize.html('<a href="http://evil.test/">https://www.bank.test</a>')
    assert "[This link opens evil.test, not bank.test]" in shown.html
    assert shown.warnings == 1
    assert "[This" not in sanitize.html('<a href="http://evil.test/">www.bank.test</a>', notes=False).html


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("color:RED; Font-Size:12PX", "color:RED;font-size:12px"),
        ("background:#fff url(x) no-repeat", "background-color:#fff"),
        ("background:transparent", "background-color:transparent"),
        ("background:rgba(0, 0, 0, .5) none", "background-color:rgba(0, 0, 0, 0.5)"),
        ("font:bold 12px/1.5 'Segoe UI', Arial", "font:bold 12px/1.5 'Segoe UI', Arial"),
        ("margin:0 auto !important", "margin:0 auto"),
        ("margin:-5px", ""),
        ("letter-spacing:-0.5px", "letter-spacing:-0.5px"),
        ("position:fixed;color:red", "color:red"),
        ("width:calc(100% - 5px)", ""),
        ("width:99999px", ""),
        ("color:var(--x)", ""),
        ("color:var(1)", ""),
        ("color:red;" * 1_000, ""),
        ("p\\6f sition:absolute", ""),
        ("display:flex", ""),
        ("font-family:'a;}<script>'", ""),
        ("color:red;}body{color:blue", "color:red"),
        ("content:'x'", ""),
        ("--x:1;color:r\\65 d", "color:red"),
        ("", ""),
    ],
)
def test_styles_keep_colour_and_space_only(given: str, kept: str) -> None:
    assert style.clean(given) == kept


@given(st.one_of(st.text(), st.text(alphabet="colr:ed;()'\"\\/*url#0-9px !{}[]@,")))
def test_no_style_escapes(given: str) -> None:
    kept = style.clean(given)
    assert not re.search(r"[<>{}@\\\"]|url|/\*|;;", kept)
    assert style.clean(kept) == kept


def test_deep_documents_are_shown_flat_and_long_ones_cut() -> None:
    deep = sanitize.html("<div>" * 30_000 + "still here" + "</div>" * 30_000)
    assert "still here" in deep.html
    assert deep.html.count("<div>") == nesting.MAX_DEPTH
    assert not deep.truncated
    assert sanitize.html("<p>x" * 100_000).truncated
    assert sanitize.html("x" * 3_000_000).truncated


def test_tables_stay_tables() -> None:
    shown = sanitize.html("<table>loose<tr><td>a<td>b<tr>text<p>p</table>after").html
    assert shown == (
        "<table><tbody><tr><td>loose</td></tr><tr><td>a</td><td>b</td></tr>"
        "<tr><td>text<p>p</p></td></tr></tbody></table>after"
    )


def test_the_page_around_it_says_its_language_and_is_closed() -> None:
    page = sanitize.document("<p>x</p>", "de")
    assert page.startswith('<!doctype html>\n<html lang="de" class="plain">')
    assert "<script" not in page
    assert 'lang="' not in sanitize.document("x", '"><script>')


def test_of_a_hundred_thousand_links_some_lead_somewhere() -> None:
    found = sanitize.html("<a href='https://shop.example/'>x</a>" * 100_000)
    assert found.html.count("href=") == sanitize.MAX_LINKS
    assert found.truncated
