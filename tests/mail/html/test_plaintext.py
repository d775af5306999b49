"""Plain text becomes links and line breaks and nothing else; HTML becomes text a person could have typed."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail import clean
from mail.html import as_text, plaintext
from mail.html.plaintext import Segment
from tests.hostile import bodies

TAG = re.compile(r"<[^>]*>")
LINK = re.compile(r'<a href="(?:https?://|mailto:)[^"<>\s]+" title="[^"<>]*" target="_blank" rel="[a-z ]+">')


def only_links_and_breaks(html: str) -> bool:
    return all(tag in {"<br>", "</a>"} or LINK.fullmatch(tag) for tag in TAG.findall(html)) and "<" not in TAG.sub(
        "", html
    )


@pytest.mark.parametrize("text", [*bodies.TEXTS.values(), *bodies.RUNS.values()])
def test_no_text_yields_anything_but_links_and_breaks(text: str) -> None:
    assert only_links_and_breaks(plaintext.to_html(text))


@given(st.one_of(st.text(), st.text(alphabet="htps:/w.a@<>\"'&; \n()")))
def test_any_text_is_shown_as_it_is(text: str) -> None:
    html = plaintext.to_html(text)
    assert only_links_and_breaks(html)
    shown = unescape(TAG.sub("", html.replace("<br>", "\n")))
    assert shown == clean.body(text)


@pytest.mark.parametrize(
    ("text", "href"),
    [
        ("see https://x.test/a?b=1&c=2.", "https://x.test/a?b=1&amp;c=2"),
        ("(https://x.test/wiki/A_(b))", "https://x.test/wiki/A_(b)"),
        ("<http://x.test/>", "http://x.test/"),
        ("www.x.test, really", "http://www.x.test"),
        ("mail kim@customer.test!", "mailto:kim@customer.test"),
        ("https://x.test/reset?t=abc_", "https://x.test/reset?t=abc_"),
        ("https://x.test/t/Zm9v*", "https://x.test/t/Zm9v*"),
        ("*https://x.test/bold* and _https://x.test/slanted_", "https://x.test/bold"),
        ("_https://x.test/slanted_", "https://x.test/slanted"),
        ("**https://x.test/both**.", "https://x.test/both"),
        ("in [https://x.test/b] or {https://x.test/c}", "https://x.test/b"),
        ("{https://x.test/c}", "https://x.test/c"),
        ("“https://x.test/d”", "https://x.test/d"),
        ("[see](https://x.test/e)", "https://x.test/e"),
        ("<https://x.test/f).>", "https://x.test/f)."),
        ("'https://x.test/g'", "https://x.test/g"),
        ("https://x.test/a?x='1'", "https://x.test/a?x=&#x27;1&#x27;"),
        ("https://[::1]/x", "https://[::1]/x"),
    ],
)
def test_links_end_where_the_sentence_goes_on(text: str, href: str) -> None:
    assert f'<a href="{href}"' in plaintext.to_html(text)


def test_an_address_can_lead_to_our_own_form_or_nowhere() -> None:
    ours = plaintext.to_html("ask kim@customer.test", mailto=lambda url: f"/write?{url.partition(':')[2]}")
    assert ours == 'ask <a href="/write?kim@customer.test" title="">kim@customer.test</a>'
    assert plaintext.to_html("ask kim@customer.test", mailto=lambda _url: None) == "ask kim@customer.test"


def test_quoted_lines_are_told_apart() -> None:
    text = "Hi\n> you said\n>> she said\n> more\nBye"
    assert plaintext.segments(text) == [
        Segment(0, "Hi"), Segment(1, "you said"), Segment(2, "she said"), Segment(1, "more"), Segment(0, "Bye"),
    ]  # fmt: skip


def test_flowed_text_is_joined() -> None:
    text = "This goes \non here.\n> quoted \n> too\n-- \nKim\n spaced"
    assert plaintext.segments(text, flowed=True) == [
        Segment(0, "This goes on here."), Segment(1, "quoted too"), Segment(0, "-- \nKim\nspaced"),
    ]  # fmt: skip
    assert plaintext.segments("ab \nc", flowed=True, delsp=True) == [Segment(0, "abc")]


def test_a_staircase_of_quotes_stays_in_one_piece() -> None:
    assert len(plaintext.segments("> a\n>> b\n" * 5_000)) == 1


def test_a_text_quoted_and_quoted_again() -> None:
    assert plaintext.quote("Hi\n> old\n\nBye\n") == "> Hi\n>> old\n>\n> Bye"


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<h1>Hello  there</h1><p>One <b>two</b>\nthree<br>four</p>", "Hello there\n\nOne two three\nfour"),
        ("<ul><li>a<li>b<ol><li>x<li>y</ol></ul>end", "* a\n* b\n  1. x\n  2. y\n\nend"),
        ("<blockquote>q<blockquote>deep</blockquote>r</blockquote>s", "> q\n>\n> > deep\n>\n> r\n\ns"),
        ("<table><tr><td>Item<td>Price<tr><td>Pen<td>3</table>", "Item  Price\nPen  3"),
        ("<pre>a\n  b\n\nc</pre>", "a\n  b\n\nc"),
        ('<div style="display:none">preheader<b>x</b></div>shown', "shown"),
        ("<style>p{}</style><script>x</script><title>t</title>a&nbsp;&amp;&lt;b", "a &<b"),
        ('<img alt="Logo" src=x> x<hr>y', "Logo x\n----------\ny"),
        ("", ""),
    ],
)
def test_html_as_text(html: str, text: str) -> None:
    assert plaintext.from_html(html) == text


def test_links_can_be_spelled_out() -> None:
    html = '<a href="https://x.test/y">here</a> or <a href="https://x.test/">x.test</a>'
    assert as_text.text(html, show_links=True) == "here <https://x.test/y> or x.test"


@given(st.text(alphabet="<>/abdiprtuloq \n&;=\"'"))
def test_no_html_makes_it_raise(html: str) -> None:
    assert "\0" not in plaintext.from_html(html)


def test_words_that_were_parted_to_wrap_are_whole_when_they_are_quoted() -> None:
    flowed = "日本 \n語です。\n  code\n> https://x.test/a \n> bc\n>> deep\n-- \nKim"
    assert plaintext.rejoined(flowed) == "日本語です。\n code\n> https://x.test/abc\n>> deep\n-- \nKim"
