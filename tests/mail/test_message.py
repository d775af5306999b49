"""What of a message is its body, and what is offered as a file."""

import base64
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mail import message
from mail.structure import Part

TEXT = Part("1", "text/plain", {"charset": "utf-8"})
HTML = Part("2", "text/html", {"charset": "utf-8"})
PDF = Part("3", "application/pdf", {"name": "offer.pdf"}, "attachment", {"filename": "offer.pdf"}, "base64", 1_000)
LOGO = Part("4", "image/png", {"name": "logo.png"}, "inline", {}, "base64", 100, "<logo@x>")


def multi(kind: str, *children: Part) -> Part:
    return Part("", f"multipart/{kind}", {"boundary": "b"}, children=children)


def test_a_plain_message_is_its_text() -> None:
    assert message.choose(TEXT) == message.Layout(text=TEXT)


def test_a_newsletter_with_logo_and_offer() -> None:
    layout = message.choose(multi("mixed", multi("alternative", TEXT, multi("related", HTML, LOGO)), PDF))
    assert (layout.text, layout.html) == (TEXT, HTML)
    assert [(a.filename, a.inline, a.openable) for a in layout.attachments] == [
        ("logo.png", True, True),
        ("offer.pdf", False, False),
    ]
    assert layout.by_content_id("logo@x") == layout.attachments[0]
    assert layout.attachments[1].size == 740
    assert layout.by_content_id("") is None


def test_a_second_text_is_a_file_and_not_lost() -> None:
    second = replace(TEXT, section="2")
    layout = message.choose(multi("mixed", TEXT, PDF, second))
    assert layout.text == TEXT
    assert [a.section for a in layout.attachments] == ["3", "2"]


def test_text_sent_as_attachment_is_no_body() -> None:
    layout = message.choose(replace(TEXT, disposition="attachment"))
    assert layout.text is None
    assert [a.filename for a in layout.attachments] == ["attachment.txt"]


def test_an_attached_message_is_not_looked_into() -> None:
    layout = message.choose(multi("mixed", TEXT, Part("2", "message/rfc822", children=(HTML,))))
    assert layout.html is None
    assert [a.filename for a in layout.attachments] == ["attachment.eml"]


def test_svg_and_html_never_open_in_the_browser() -> None:
    for kind in ("image/svg+xml", "text/html", "application/pdf", "text/xml", "application/xhtml+xml"):
        part = Part("1", kind, disposition="attachment")
        assert not message.choose(part).attachments[0].openable


def test_trees_out_of_proportion_are_refused_with_a_reason() -> None:
    deep = TEXT
    for _ in range(3_000):
        deep = multi("mixed", deep)
    assert "nested" in (message.choose(deep).reason or "")
    assert "500 parts" in (message.choose(multi("mixed", *[TEXT] * 600)).reason or "")
    many = replace(TEXT, params={f"x{n}": "y" for n in range(41)})
    assert "parameters" in (message.choose(many).reason or "")
    edge = replace(multi("mixed", TEXT), params={"boundary": "e" * 301})
    assert "boundary" in (message.choose(edge).reason or "")
    fifty = TEXT
    for _ in range(50):
        fifty = multi("mixed", fifty)
    assert message.choose(fifty).reason is None


def test_a_body_is_decoded_and_cleaned() -> None:
    raw = base64.encodebytes("Grüße\r\naus\x00 Köln\x1b".encode())
    assert message.decode_body(raw, replace(TEXT, encoding="base64")) == "Grüße\naus Köln"


def test_html_without_a_label_is_asked_for_its_meta() -> None:
    html = "<meta charset=koi8-r><p>Привет, как дела".encode("koi8-r")
    assert "Привет" in message.decode_body(html, Part("1", "text/html"))


def test_flowed_text_is_known() -> None:
    assert message.is_flowed(replace(TEXT, params={"format": "Flowed"}))
    assert not message.is_flowed(TEXT)


PARTS: st.SearchStrategy[Part] = st.recursive(
    st.builds(
        Part,
        st.just("1"),
        st.sampled_from(
            ["text/plain", "text/html", "image/png", "text/x-amp-html", "message/rfc822", "", "multipart/mixed"]
        ),
        disposition=st.sampled_from(["", "inline", "attachment", "x"]),
        encoding=st.text(max_size=8),
        content_id=st.text(max_size=8),
    ),
    lambda children: st.builds(
        lambda kind, parts: Part("", kind, children=tuple(parts)),
        st.sampled_from(["multipart/mixed", "multipart/alternative", "multipart/related", "multipart/x"]),
        st.lists(children, max_size=4),
    ),
)


@given(PARTS)
def test_every_tree_gets_at_most_one_body_and_loses_no_leaf(root: Part) -> None:
    layout = message.choose(root)
    assert layout.reason is None
    leaves = [part for part in root.walk() if not part.content_type.startswith("multipart/")]
    shown = (layout.text is not None) + (layout.html is not None) + len(layout.attachments)
    assert shown == len(
        [part for part in leaves if part.content_type != "text/x-amp-html" or part.disposition == "attachment"]
    )


@given(st.binary(max_size=300), st.text(max_size=10), st.text(max_size=10))
def test_no_body_makes_it_raise(raw: bytes, encoding: str, charset: str) -> None:
    text = message.decode_body(raw, Part("1", "text/html", {"charset": charset}, encoding=encoding))
    assert "\0" not in text
    assert "\r" not in text
