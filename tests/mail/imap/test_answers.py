"""Whatever a server sends is read as what it says, or is a ProtocolTrouble."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.errors import HostileMessage, MailError, ProtocolTrouble
from mail.imap.answers import Node, parse, ranges
from mail.imap.bodystructure import structure
from mail.imap.summaries import _any_row, _plain_row, summary, when

WORDS = st.binary(max_size=20).filter(lambda word: b"\r" not in word and b"\n" not in word)
NODES: st.SearchStrategy[Node] = st.recursive(
    st.none() | WORDS, lambda inner: st.lists(inner, max_size=5), max_leaves=30
)


def rendered(node: Node) -> bytes:
    if node is None:
        return b"NIL"
    if isinstance(node, bytes):
        return b'"' + node.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return b"(" + b" ".join(map(rendered, node)) + b")"


@given(NODES)
def test_what_a_server_writes_is_what_we_read(node: Node) -> None:
    assert parse([rendered(node)]) == [node]


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=5))
def test_nonsense_is_trouble_and_nothing_else(pieces: list[bytes]) -> None:
    for read in (parse, summary):
        with contextlib.suppress(MailError):
            read(pieces)


@given(NODES)
def test_a_structure_of_nonsense_is_trouble_and_nothing_else(node: Node) -> None:
    with contextlib.suppress(ProtocolTrouble, HostileMessage):
        structure(node)


def test_literals_stand_where_they_were_announced() -> None:
    assert parse([b"(BODY[1] ", b'a "(\r\n', b" UID 7)"]) == [[b"BODY[1]", b'a "(\r\n', b"UID", b"7"]]


@pytest.mark.parametrize("text", [b"(a", b"a)", b'("a)', b"((((", b'"'])
def test_unmatched_marks_are_trouble(text: bytes) -> None:
    with pytest.raises(ProtocolTrouble):
        parse([text])


def test_a_hundred_thousand_parentheses_are_no_recursion() -> None:
    deep = parse([b"(" * 100_000 + b")" * 100_000])
    assert [part.cut for part in structure(deep).walk()][-1]


def leaf(subtype: bytes = b"PLAIN") -> list[Node]:
    return [b"TEXT", subtype, [b"CHARSET", b"utf-8"], None, None, b"7BIT", b"12", b"1", None, None, None, None]


def test_of_more_parts_or_depth_than_mail_has_the_first_are_told() -> None:
    many: list[Node] = [*(leaf() for _ in range(600)), b"MIXED"]
    wide = structure(many)
    assert (len(wide.children), wide.cut) == (499, True)
    deep: Node = leaf()
    for _ in range(60):
        deep = [deep, b"MIXED"]
    assert [part.content_type for part in structure(deep).walk()][-1] == "text/plain"
    for _ in range(60):
        deep = [deep, b"MIXED"]
    deepest = [*structure(deep).walk()]
    assert (len(deepest), deepest[-1].cut) == (101, True)


@pytest.mark.parametrize(("kind", "subtype"), [(b"", b""), (b"TEXT", b""), (b"text", None), (b"STRANGE", b"")])
def test_a_type_that_is_none_is_plain_text(kind: bytes, subtype: bytes | None) -> None:
    assert structure([kind, subtype, *leaf()[2:]]).content_type == "text/plain"


def test_every_part_has_the_section_it_is_fetched_by() -> None:
    message: list[Node] = [b"MESSAGE", b"RFC822", None, None, None, b"7BIT", b"99", [None] * 10]
    attached_pair: Node = [*message, [leaf(), leaf(b"HTML"), b"ALTERNATIVE"], b"9", None, [b"ATTACHMENT", None]]
    attached_one: Node = [*message, leaf(), b"9"]
    tree = structure([[leaf(), leaf(b"HTML"), b"ALTERNATIVE"], attached_pair, attached_one, b"MIXED"])
    assert [(part.section, part.content_type) for part in tree.walk()] == [
        ("", "multipart/mixed"),
        ("1", "multipart/alternative"),
        ("1.1", "text/plain"),
        ("1.2", "text/html"),
        ("2", "message/rfc822"),
        ("2.TEXT", "multipart/alternative"),
        ("2.1", "text/plain"),
        ("2.2", "text/html"),
        ("3", "message/rfc822"),
        ("3.1", "text/plain"),
    ]
    assert tree.children[1].disposition == "attachment"
    assert structure(leaf()).section == "1"


# As a stranger would write a word to be taken for the end of it and the beginning of another sender.
TRICKS = st.sampled_from(
    [b'x" (("Boss" NIL "boss" "brand-a.test")) NIL NIL NIL NIL NIL NIL "', b'"', b"\\", b'\\"', b"("]
)
ROW = (
    b'(UID 7 FLAGS () INTERNALDATE "02-Feb-2026 10:00:00 +0000" PREVIEW "%s" '
    b"ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) BODYSTRUCTURE %s)"
)
ENDS = [b"", b" NIL", b' NIL ("inline" NIL)', b' NIL ("attachment" ("filename" "a.txt"))', b' NIL ("attachment" NIL)']
TEXT_LEAVES = [
    b'("TEXT" "PLAIN" ("charset" "utf-8" "name" "%s") NIL NIL "7BIT" 12 1' % name for name in (b"x", b"a 3 4 ")
]
LEAVES = [
    *TEXT_LEAVES,
    b'("text" "html" NIL NIL NIL "7bit" 30 2',
    b'("application" "pdf" ("name" "a.pdf") NIL NIL "base64" 99',
    b'("image" "png" NIL "<id>" NIL "base64" 50',
    b'("chemical" "x-pdb" ("name" "a \\" 5 6 ") NIL NIL "base64" 9',
]


@given(st.lists(st.tuples(st.sampled_from(LEAVES), st.sampled_from(ENDS)), min_size=1, max_size=4), st.booleans())
def test_the_quick_way_through_a_row_finds_what_the_thorough_one_does(
    leaves: list[tuple[bytes, bytes]], tricky: bool
) -> None:
    parts = [start + end + b")" for start, end in leaves]
    shape = parts[0] if len(parts) == 1 else b"(" + b"".join(parts) + b' "mixed")'
    answer = [ROW % (b"see BODYSTRUCTURE (here" if tricky else b"hello", shape)]
    assert _plain_row(answer) in (None, _any_row(answer))
    assert summary(answer).has_attachment == any(
        b"attachment" in end or start.startswith((b'("app', b'("chem')) for start, end in leaves
    )


@given(st.lists(st.tuples(st.binary(max_size=9) | TRICKS, st.booleans()), min_size=4, max_size=4))
def test_whatever_stands_in_a_row_nothing_in_it_is_taken_for_something_else(words: list[tuple[bytes, bool]]) -> None:
    preview, subject, name, message_id = words
    answer = [b'(UID 7 FLAGS (\\Seen) INTERNALDATE "02-Feb-2026 10:00:00 +0000" PREVIEW ']
    put(answer, *preview, b' ENVELOPE ("" ')
    put(answer, *subject, b" ((")
    put(answer, *name, b' NIL "kim" "customer.test")) NIL NIL (("" NIL "ana" NIL)("" NIL "b" "c")) NIL NIL NIL ')
    put(answer, *message_id, b") BODYSTRUCTURE (" + TEXT_LEAVES[0] + b')(("image" "png") "mixed") "mixed"))\r\n')
    found = _any_row(answer)
    assert _plain_row(answer) in (None, found)
    assert (found.subject_raw, found.from_raw) == (subject[0], ((name[0], b"kim", b"customer.test"),))


def put(answer: list[bytes], word: bytes, literal: bool, more: bytes) -> None:
    """The word as a literal or a string, and how the answer goes on."""
    if literal:
        answer += [word, more]
    else:
        answer[-1] += rendered(word) + more


@pytest.mark.parametrize(
    ("notice", "noticed"),
    [
        (b"\r\n", False),
        (b"Postroom-Notice: not-from-inside brand-a.test\r\n\r\n", True),
        (b"Postroom-Notice: no\r\n\r\n", False),
    ],
)
def test_a_row_knows_what_was_found_out_about_its_origin(notice: bytes, noticed: bool) -> None:
    shape = b"(" + TEXT_LEAVES[0].replace(b'"name" "x"', b'"x" "] not-from-inside"') + b")" + LEAVES[2] + b') "mixed")'
    answer = [(ROW % (b"BODY[HEADER.FIELDS (POSTROOM-NOTICE)] not-from-inside", shape))[:-1]]
    answer[0] += b" BODY[HEADER.FIELDS (POSTROOM-NOTICE)] "
    answer += [notice, b")\r\n"]
    assert _plain_row(answer) == _any_row(answer)
    assert summary(answer).claims == ({"brand-a.test"} if noticed else None)


def test_text_alone_goes_the_quick_way() -> None:
    answer = [ROW % (b"hello", b"(" + TEXT_LEAVES[0] + b")" + LEAVES[2] + b') "alternative")')]
    assert _plain_row(answer) == _any_row(answer)
    assert not summary(answer).has_attachment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (b"02-Feb-2026 10:00:00 +0100", datetime(2026, 2, 2, 9, tzinfo=UTC)),
        (b" 2-Feb-2026 10:00:00 -0330", datetime(2026, 2, 2, 13, 30, tzinfo=UTC)),
        (b"02-Feb-2026 10:00:60 +0000", datetime(2026, 2, 2, 10, 0, 59, tzinfo=UTC)),
        (b"31-Feb-2026 10:00:00 +0000", None),
        (b" 1-Jan-0001 00:00:00 +2359", None),
        (b"Mon, 2 Feb 2026 10:00:00 +0100", None),
        (b"yesterday", None),
        (b"9" * 100_000, None),
        (b"", None),
    ],
)
def test_a_date_is_read_or_absent(text: bytes, moment: datetime | None) -> None:
    assert when(text) == moment


@given(st.binary(max_size=80))
def test_no_date_breaks_the_list(text: bytes) -> None:
    found = when(text)
    assert found is None or found.tzinfo is UTC


def test_sequence_sets_are_ranges() -> None:
    assert ranges(b"3:1,9") == [(1, 3), (9, 9)]
    with pytest.raises(ProtocolTrouble):
        ranges(b"1:*")


@pytest.mark.parametrize("preview", [b"NIL", b'" ENVELOPE ("'])
def test_a_row_out_of_all_proportion_is_what_the_server_itself_wrote(preview: bytes) -> None:
    people = b'(NIL NIL "u" "evil.test")' * 20_000
    envelope = b'(NIL "bomb" NIL NIL NIL (%s) NIL NIL NIL "<1@evil.test>")' % people
    head = rb'(UID 7 FLAGS (\Seen) INTERNALDATE "02-Nov-2026 10:00:00 +0000"'
    row = summary([head + b" PREVIEW %s ENVELOPE %s BODYSTRUCTURE NIL)" % (preview, envelope)])
    assert (row.uid, row.flags, row.internal_date) == (7, frozenset({"\\Seen"}), datetime(2026, 11, 2, 10, tzinfo=UTC))
    assert (row.subject_raw, row.from_raw, row.to_raw, row.has_attachment) == (b"", (), (), False)
