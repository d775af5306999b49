"""What of a message is its body, and what is offered as a file."""

import base64
import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.message import contents
from mail.message.contents import Body
from mail.message.structure import Part

TEXT = Part("1", "text/plain", {"charset": "utf-8"}, size=9)
HTML = Part("2", "text/html", {"charset": "utf-8"})
PDF = Part("3", "application/pdf", {"name": "offer.pdf"}, "attachment", {"filename": "offer.pdf"}, "base64", 1_000)
LOGO = Part("4", "image/png", {"name": "logo.png"}, "inline", {}, "base64", 100, "<logo@x>")


def multi(kind: str, *children: Part) -> Part:
    return Part("", f"multipart/{kind}", {"boundary": "b"}, children=children)


def test_a_plain_message_is_its_text() -> None:
    assert contents.choose(TEXT) == contents.Layout((Body((TEXT,)),))


def test_a_newsletter_with_logo_and_offer() -> None:
    layout = contents.choose(multi("mixed", multi("alternative", TEXT, multi("related", HTML, LOGO)), PDF))
    assert layout.bodies == (Body((TEXT,), (HTML,)),)
    assert [(a.filename, a.inline, a.openable) for a in layout.attachments] == [
        ("logo.png", True, True),
        ("offer.pdf", False, False),
    ]
    assert layout.by_content_id("logo@x") == layout.attachments[0]
    assert layout.attachments[1].size == 740
    assert layout.by_content_id("") is None


def test_the_texts_around_a_file_are_one_letter() -> None:
    second = replace(TEXT, section="2")
    layout = contents.choose(multi("mixed", TEXT, PDF, second))
    assert layout.bodies == (Body((TEXT,)), Body((second,)))
    assert [a.section for a in layout.attachments] == ["3"]


def test_apple_puts_a_file_between_two_pages_of_the_same_letter() -> None:
    second = replace(HTML, section="2.3")
    layout = contents.choose(multi("alternative", TEXT, multi("mixed", HTML, PDF, second)))
    assert layout.bodies == (Body((TEXT,), (HTML, second)),)
    assert [a.filename for a in layout.attachments] == ["offer.pdf"]


def test_a_banner_before_the_letter_hides_nothing_of_it() -> None:
    banner = replace(TEXT, section="1")
    layout = contents.choose(multi("mixed", banner, multi("alternative", TEXT, HTML)))
    assert layout.bodies == (Body((banner,)), Body((TEXT,), (HTML,)))


def test_of_two_pages_that_say_the_same_the_last_is_shown_and_the_other_can_be_had() -> None:
    better = replace(HTML, section="9")
    watch = Part("8", "text/watch-html")
    layout = contents.choose(multi("alternative", TEXT, HTML, watch, better))
    assert layout.bodies == (Body((TEXT,), (better,)),)
    assert [a.section for a in layout.attachments] == [HTML.section]


def test_a_text_with_a_name_is_shown_and_offered() -> None:
    notes = replace(TEXT, params={"name": "notes.txt"}, disposition="inline")
    layout = contents.choose(multi("mixed", TEXT, notes))
    assert layout.bodies == (Body((TEXT,)), Body((notes,)))
    assert [a.filename for a in layout.attachments] == ["notes.txt"]


def test_text_of_other_kinds_is_read_unless_it_is_for_programs_or_has_a_name() -> None:
    for kind, shown in [
        ("text/enriched", True), ("text/markdown", True), ("text/x-diff", True),
        ("text/calendar", False), ("text/vcard", False), ("text/rfc822-headers", False),
    ]:  # fmt: skip
        layout = contents.choose(Part("1", kind))
        assert (len(layout.bodies), len(layout.attachments)) == ((1, 0) if shown else (0, 1)), kind
    assert contents.choose(Part("1", "text/csv", {"name": "a.csv"})).bodies == ()


def test_what_belongs_to_a_page_is_no_text_of_its_own() -> None:
    sheet = Part("2", "text/plain", content_id="<sheet@x>")
    assert contents.choose(multi("related", HTML, sheet)).bodies == (Body(html=(HTML,)),)


def test_without_its_boundary_a_message_is_shown_as_it_came() -> None:
    empty = Part("1", "text/plain")
    layout = contents.choose(multi("mixed", empty))
    assert [part.section for body in layout.bodies for part in body.text] == ["TEXT"]
    assert "as it came" in layout.notes[0]
    inside = contents.choose(multi("mixed", TEXT, replace(multi("mixed", replace(empty, section="2.1")), section="2")))
    assert [part.section for body in inside.bodies for part in body.text] == ["1", "2"]


def test_the_whole_of_a_text_can_be_downloaded() -> None:
    layout = contents.choose(multi("mixed", multi("alternative", TEXT, HTML), PDF))
    names = [found.filename if (found := layout.file(section)) else None for section in ("1", "2", "3", "4")]
    assert names == ["message.txt", "message.html", "offer.pdf", None]


def test_a_picture_is_known_by_its_type_under_any_name_of_it_or_else_by_how_it_ends() -> None:
    for kind, name, openable in [
        ("image/jpg", "a", True), ("image/pjpeg", "a", True), ("image/x-png", "a", True),
        ("application/octet-stream", "PHOTO.JPG", True), ("application/octet-stream", "a.jpg.exe", False),
        ("application/zip", "a.jpg", False), ("image/svg+xml", "a.png", False),
    ]:  # fmt: skip
        part = Part("1", kind, {}, "attachment", {"filename": name})
        assert contents.choose(part).attachments[0].openable is openable, (kind, name)


def test_text_sent_as_attachment_is_no_body() -> None:
    layout = contents.choose(replace(TEXT, disposition="attachment"))
    assert layout.bodies == ()
    assert [a.filename for a in layout.attachments] == ["attachment.txt"]


def test_an_attached_message_is_not_looked_into() -> None:
    layout = contents.choose(multi("mixed", TEXT, Part("2", "message/rfc822", children=(HTML,))))
    assert layout.bodies == (Body((TEXT,)),)
    assert [a.filename for a in layout.attachments] == ["attachment.eml"]


def test_svg_and_html_never_open_in_the_browser() -> None:
    for kind in ("image/svg+xml", "text/html", "application/pdf", "text/xml", "application/xhtml+xml"):
        part = Part("1", kind, disposition="attachment")
        assert not contents.choose(part).attachments[0].openable


def test_more_texts_than_anybody_reads_are_files_and_it_is_said() -> None:
    many = [replace(TEXT, section=str(number)) for number in range(1, 61)]
    layout = contents.choose(multi("mixed", *many))
    assert (len(layout.bodies), len(layout.attachments)) == (50, 10)
    assert "60 texts" in layout.notes[0]


def test_what_the_tree_leaves_out_is_said() -> None:
    assert "more parts" in contents.choose(replace(multi("mixed", TEXT), cut=True)).notes[0]


def test_a_body_is_decoded_and_cleaned() -> None:
    raw = base64.encodebytes("Grüße\r\naus\x00 Köln\x1b".encode())
    assert contents.decode_body(raw, replace(TEXT, encoding="base64")) == "Grüße\naus Köln"


def test_html_without_a_label_is_asked_for_its_meta() -> None:
    html = "<meta charset=koi8-r><p>Привет, как дела".encode("koi8-r")
    assert "Привет" in contents.decode_body(html, Part("1", "text/html"))


def test_flowed_text_is_known() -> None:
    assert contents.is_flowed(replace(TEXT, params={"format": "Flowed"}))
    assert not contents.is_flowed(TEXT)


PARTS: st.SearchStrategy[Part] = st.recursive(
    st.builds(
        Part,
        st.just("1"),
        st.sampled_from(
            ["text/plain", "text/html", "image/png", "text/x-amp-html", "message/rfc822", "", "multipart/mixed"]
        ),
        disposition=st.sampled_from(["", "inline", "attachment", "x"]),
        size=st.just(1),
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
def test_every_plain_or_html_leaf_of_any_tree_is_shown_or_offered(root: Part) -> None:
    numbers = itertools.count(1)

    def numbered(part: Part) -> Part:
        return replace(part, section=str(next(numbers)), children=tuple(numbered(child) for child in part.children))

    root = numbered(root)
    layout = contents.choose(root)
    shown = {part.section for body in layout.bodies for part in (*body.text, *body.html)}
    offered = [attachment.section for attachment in layout.attachments]
    assert sorted(set(offered)) == sorted(offered)
    leaves = {part.section: part for part in root.walk() if not part.content_type.startswith("multipart/")}
    lost = [part.content_type for section, part in leaves.items() if section not in {*shown, *offered}]
    assert not {"text/plain", "text/html", "image/png"} & set(lost)


@given(st.binary(max_size=300), st.text(max_size=10), st.text(max_size=10))
def test_no_body_makes_it_raise(raw: bytes, encoding: str, charset: str) -> None:
    text = contents.decode_body(raw, Part("1", "text/html", {"charset": charset}, encoding=encoding))
    assert "\0" not in text
    assert "\r" not in text


@pytest.mark.parametrize("said", [{}, {"charset": "us-ascii"}])
def test_a_page_that_names_its_charset_is_read_in_it_where_the_part_says_nothing(said: dict[str, str]) -> None:
    page = '<meta content="text/html; charset=windows-1251"><p>Добрый день, счёт'.encode("cp1251")
    assert "Добрый день, счёт" in contents.decode_body(page, Part("1", "text/html", said))
    assert "Добрый" not in contents.decode_body(page, Part("1", "text/html", {"charset": "koi8-r"}))
