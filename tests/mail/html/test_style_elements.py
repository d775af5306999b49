"""Style elements of HTML mail: what they say holds, what they hide stays hidden, and nothing of theirs gets out."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.html import as_text, nesting, plaintext, sanitize, style_rules
from mail.html.style_cascade import Cascade
from mail.html.tokens import Start, style_elements, tokens
from tests.hostile import bombs

WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><!--[if gte mso 9]><xml><o:x>Ninety</o:x></xml>
<style>p{display:none}</style><![endif]--><style><!-- /* Style Definitions */
@font-face {font-family:Calibri; panose-1:2 15 5 2 2 2 4 3 2 4;}
 p.MsoNormal, li.MsoNormal {margin:0cm; margin-bottom:.0001pt; font-size:11.0pt; font-family:"Calibri",sans-serif;}
 a:link, span.MsoHyperlink {mso-style-priority:99; color:#0563C1; text-decoration:underline;}
 @page WordSection1 {size:595.3pt 841.9pt; margin:70.85pt;} div.WordSection1 {page:WordSection1;}
--></style></head><body lang=DE link="#0563C1"><div class=WordSection1><p class=MsoNormal>One<o:p></o:p></p>
<p class=msonormal>Two <a href="https://shop.example/">shop</a><o:p>&nbsp;</o:p></p></div></body></html>"""


def looks(html: str) -> dict[str, str]:
    """The style of each element that has an id, in a wide light window."""
    nested = nesting.Nester(frozenset({"a", "body", "div", "p", "span", "table", "tbody", "tr", "td", "b"}))
    found = Cascade(style_elements(html)).run(nested.run(tokens(html)), hidden=True)
    return {
        token.attributes["id"]: look.inline() for token, look in found if isinstance(token, Start) and "id" in token[1]
    }


def test_letters_from_word_stand_as_close_as_they_were_written() -> None:
    sent_on = sanitize.html(WORD, notes=False).html
    margins = "margin:0cm;margin-bottom:0.0001pt;font-size:11pt;font-family:'Calibri',sans-serif"
    assert sent_on.count(f'<p style="{margins}">') == 2
    assert 'style="color:#0563C1;text-decoration:underline"' in sent_on
    shown = sanitize.html(WORD).html
    assert re.match(rf"<style>@layer mail\{{\.(m\w{{8}}-\d){{{margins}}}", shown)
    assert "Ninety" not in shown


@pytest.mark.parametrize(
    "hides",
    [
        "display:none",
        "DISPLAY : None !important",
        "visibility:hidden",
        "opacity:0",
        "max-height:0px;overflow:hidden",
        "font-size:1px;line-height:1px;height:0;overflow:HIDDEN;mso-hide:all",
        "font-size:0;color:#fff",
        "font:0/0 a",
        "font:bold 400 0px / 1 Arial",
        "font-size:0em",
    ],
)
def test_what_a_sender_hides_is_neither_read_nor_quoted(hides: str) -> None:
    inside = "<b>PREHEADER</b><table><tr><td>of the letter</table><br>"
    for html in (
        f'<div style="{hides}">{inside}</div><p>Seen</p>',
        f"<style>.pre{{{hides}}}</style><div class=pre>{inside}</div><p>Seen</p>",
        f"<p>Seen</p><div id=PRE><nav>{inside}</nav></div><style>#pre > nav{{{hides}}}</style>",
        f"<style media=screen>label{{{hides}}}</style><label>{inside}</label><p>Seen</p>",
    ):
        assert plaintext.from_html(html) == as_text.beginning(html, 200) == "Seen"
        quoted = sanitize.html(html, notes=False).html
        assert "Seen" in quoted
        assert not re.search("PREHEADER|of the letter", quoted), html


@pytest.mark.parametrize(
    "html",
    [
        "<p hidden>PRE</p>Seen",
        "<style>p{display:block}.a{display:none}</style><p class=A>PRE</p>Seen",
        "<style>.a{display:none!important}</style><p class=a style='display:block'>PRE</p>Seen",
        "<xml><w:WordDocument><w:View>Normal</w:View></w:WordDocument></xml>Seen",
        "<w:WordDocument><w:Zoom>0</w:Zoom></w:WordDocument>Seen",
        "<noscript>Turn on scripts<style>*{display:none}</style></noscript>Seen",
        "<template>PRE</template>Seen",
        "<o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings>Seen",
    ],
)
def test_what_no_mail_program_shows_is_not_quoted(html: str) -> None:
    assert sanitize.html(html, notes=False).html == "Seen"
    assert plaintext.from_html(html) == as_text.beginning(html, 200) == "Seen"


@pytest.mark.parametrize(
    "html",
    [
        "<style>.a{display:none}.b{display:block}</style><p class='a b'>Seen</p>",
        "<style>.a{display:none}</style><p class=a style='display:block !important'>Seen</p>",
        "<style media=print>p{display:none}</style><p>Seen</p>",
        "<style type='text/plain'>p{display:none}</style><p>Seen</p>",
        "<!--[if mso]><style>p{display:none}</style><![endif]--><p>Seen</p>",
        "<style>@media (max-width:400px){p{display:none}}</style><p>Seen</p>",
        "<style>@media not screen{p{display:none}}@supports (display:grid){p{display:none}}</style><p>Seen</p>",
        "<style>p:hover,p[x],p:has(b),p::before,p + p,p ~ p{display:none}</style><p x>Seen</p>",
        "<p style='mso-hide:all'>Seen</p>",
        "<p style='font-size:0'><span style='font-size:12px'>Seen</span></p>",
        "<div style='font-size:0'><font size=3>Seen</font></div>",
        "<div style='font-size:0'><font size='+0'>Seen</font></div>",
        "<p style='font:12px / 0 Arial'>Seen</p>",
        "<p style='font:12px/0 Arial'>Seen</p>",
        "<p style='font:12px \"No 0 x\"'>Seen</p>",
        "<style>.x{font-size:0}@media(min-width:1px){.x{font-size:14px}}</style><p class=x>Seen</p>",
        "<style>@media(min-width:1px){.x{font:14px a}}</style><div style='font-size:0'><p class=x>Seen</p></div>",
        "<style>@media(max-width:1px){.x{font-size:0}}</style><p class=x>Seen</p>",
        "<xml><p>Seen</p>",
        "<noscript/><p>Seen</p>",
        "<o:p>Seen</o:p>",
        "<w:Sdt><p>Seen</p></w:Sdt>",
        "<![if !mso]><p>Seen</p><![endif]>",
    ],
)
def test_what_is_not_hidden_is_read_and_quoted(html: str) -> None:
    assert plaintext.from_html(html) == as_text.beginning(html, 200) == "Seen"
    assert "Seen" in sanitize.html(html, notes=False).html
    assert "Seen" in sanitize.html(html).html


@pytest.mark.parametrize(
    "html",
    [
        "<div style='font-size:0'><font>PRE</font></div>Seen",
        "<style>@media(min-width:1px){.x{font-size:9px}}</style><div class=x style='font-size:0'>PRE</div>Seen",
        "<style>.x,.y{font-size:0}@media(min-width:1px){.x{font-size:0px}}</style><div class='x y'>PRE</div>Seen",
    ],
)
def test_text_without_a_size_in_any_window_is_not_read(html: str) -> None:
    assert plaintext.from_html(html) == as_text.beginning(html, 200) == "Seen"


def test_the_more_particular_rule_counts_and_then_the_later_one() -> None:
    assert looks(
        "<style>#three{color:teal}p{color:red;margin:0}.a{color:blue}p{margin-top:5px}div p{color:lime}"
        ".a.b{color:navy}div>.c{color:gray}body div p.d{color:olive}*{padding:1px}td p{color:red}</style>"
        "<p id=one>1<p id=two class='A x'>2<p id=three class=a style='margin:9px'>3<div><p id=four>4"
        "<p id=five class='b a'>5<p id=six class=c>6<span><b id=seven class=c>7</b></span><p id=eight class=d>8</div>"
    ) == {
        "one": "padding:1px;color:red;margin:0;margin-top:5px",
        "two": "padding:1px;margin:0;margin-top:5px;color:blue",
        "three": "padding:1px;margin-top:5px;color:teal;margin:9px",
        "four": "padding:1px;margin:0;margin-top:5px;color:lime",
        "five": "padding:1px;margin:0;margin-top:5px;color:navy",
        "six": "padding:1px;margin:0;margin-top:5px;color:gray",
        "seven": "padding:1px",
        "eight": "padding:1px;margin:0;margin-top:5px;color:olive",
    }


def test_important_declarations_go_before_others() -> None:
    assert looks(
        "<style>p{color:red!important;padding:1px}#a{color:blue;padding:2px!important}</style>"
        "<p id=a style='color:lime;padding:3px'><p id=b style='color:teal !important'>"
    ) == {"a": "color:red;padding:2px", "b": "padding:1px;color:teal"}


@pytest.mark.parametrize(
    ("query", "written"),
    [
        ("screen and (max-width: 600px)", "(max-width:600px)"),
        ("only screen and (max-device-width:480px)", "(max-width:480px)"),
        ("(MIN-WIDTH:37.5em) and (prefers-color-scheme: Dark)", "(min-width:37.5em) and (prefers-color-scheme:dark)"),
        ("print, (max-width:9px), all and (hover:hover)", "(max-width:9px)"),
        ("screen, (max-width:9px)", ""),
        ("all", ""),
        ("print", None),
        ("not all", None),
        ("(max-width:calc(1px))", None),
        ("(max-width:600px) or (min-width:1px)", None),
        ("(max-width:600px)) {} x{", None),
        ("only", None),
    ],
)
def test_media_queries_are_by_width_and_colour_scheme(query: str, written: str | None) -> None:
    if ")) {" not in query:
        rules = style_rules.read([(f"@media {query}{{p{{color:red}}}}", "")])
        assert [rule.media for rule in rules] == ([] if written is None else [written])
    assert [rule.media for rule in style_rules.read([("p{color:red}", query)])] == (
        [] if written is None else [written]
    )


def test_a_newsletter_has_its_narrow_form_and_its_dark_one() -> None:
    shown = sanitize.html(
        "<style>td.col{width:300px}.col{padding:2px}@media only screen and (max-width:600px){.col{width:100%!important;"
        "display:block!important;position:fixed}}@media (prefers-color-scheme:dark){td{color:#eee}}</style>"
        "<table><tr><td class=col>a<td class='col other'>b</table>"
    ).html
    name = "m[0-9a-f]{8}-0"
    assert re.fullmatch(
        rf"<style>@layer mail\{{@media \(prefers-color-scheme:dark\)\{{\.{name}\{{color:#eee\}}\}}"
        rf"\.{name}\{{padding:2px\}}@media \(max-width:600px\)\{{\.{name}\{{width:100%!important;display:block"
        rf"!important\}}\}}\.{name}\{{width:300px\}}\}}</style>"
        rf'<table><tbody><tr><td class="{name}">a</td><td class="{name}">b</td></tr></tbody></table>',
        shown,
    )
    assert 'class="plain"' in sanitize.document(shown)


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ("<p>Hello, color:red or bgcolor=blue</p><a href='https://shop.example/'>shop</a>", "plain"),
        ("<p style='border:1px solid #ccc;text-decoration-color:red'>x</p>", "plain"),
        ("<style>.unused{color:red}</style><p>x</p>", "plain"),
        ("<p style='margin:0;color:black'>x</p>", "card"),
        ("<style>p{margin:0;background:#eee}</style><p>x</p>", "card"),
        ("<table><tr><td bgcolor=white>x</table>", "card"),
        ("<font color=red>x</font>", "card"),
        ("<body bgcolor=white>x", "card"),
    ],
)
def test_mail_without_colours_of_its_own_takes_ours_and_the_rest_lies_on_a_card(html: str, kind: str) -> None:
    assert f'<html class="{kind}">' in sanitize.document(sanitize.html(html).html)


@pytest.mark.parametrize("piece", ["&", "&a", "a&;", "&&amp;", "\u00a0x", "&lt", "\r\n", "<", "&#38;\n"])
def test_half_a_megabyte_of_the_same_keeps_every_character(piece: str) -> None:
    """The second stage gets it in pieces, in which it is quick; nothing is lost between them."""
    given = piece * (100_000 // len(piece))
    shown = sanitize.html(f"<pre>.{given}</pre>").html
    few = sanitize.html(f"<pre>.{piece * 300}</pre>").html
    one = few.removeprefix("<pre>.").removesuffix("</pre>")
    assert shown == f"<pre>.{one[: len(one) // 300] * (100_000 // len(piece))}</pre>"


@pytest.mark.parametrize("name", ["style-matches", "style-classes", "style-ancestors", "style-inlined", "style-media"])
def test_a_document_is_held_against_its_rules_so_many_times_and_no_more(name: str) -> None:
    html = bombs.HTML[name]
    assert len(style_rules.read([(html[html.find(">") + 1 : html.find("</style>")], "")])) <= style_rules.MAX_SELECTORS
    shown = sanitize.html(html).html
    assert len(shown.partition("</style>")[0]) < 2 * sanitize.MAX_OUTPUT
    assert len(shown) < 3 * sanitize.MAX_OUTPUT


@given(st.text(alphabet="p.#a{}:;,> \"'\\()[]@!/*<-0x\n\0é", max_size=80))
def test_no_sheet_breaks_out(css: str) -> None:
    shown = sanitize.html(f"<style>{css}</style><p class=a id=a>x<a>y").html
    assert shown.count("<style>") == shown.count("</style>") <= 1
    for rule in style_rules.read([(css, css)]):
        assert not re.search(r"[<>{}@\\\"]", "".join(f"{one.name}{one.value}" for one in rule.declarations))
