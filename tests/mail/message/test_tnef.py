"""winmail.dat, whose files people want."""

import struct

from hypothesis import example, given
from hypothesis import strategies as st

from mail.message import tnef
from mail.message.tnef import File


def attribute(kind: int, value: bytes, level: int = 2) -> bytes:
    return struct.pack("<BII", level, kind, len(value)) + value + struct.pack("<H", sum(value) % 65536)


def packed(*attributes: bytes) -> bytes:
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(attributes)


def properties(*pieces: bytes) -> bytes:
    return attribute(0x00069005, struct.pack("<I", len(pieces)) + b"".join(pieces))


def text_property(name: int, value: str) -> bytes:
    raw = value.encode("utf-16le") + b"\0\0"
    return struct.pack("<HHII", 0x1F, name, 1, len(raw)) + raw + bytes(-len(raw) % 4)


BEGINS = attribute(0x00069002, bytes(14))
MESSAGE_CLASS = attribute(0x00078008, b"IPM.Microsoft Mail.Note\0", 1)
NUMBER = struct.pack("<HHI", 0x03, 0x3705, 1)
NAMED = struct.pack("<HH16sIIH", 0x1F, 0x8001, bytes(16), 1, 2, 0x41) + bytes(2) + struct.pack("<II4s", 1, 2, b"")
WHOLE = packed(
    MESSAGE_CLASS,
    BEGINS, attribute(0x00018010, b"ORDER~1.TXT\0"), attribute(0x0006800F, b"12 notebooks\r\n"),
    properties(NUMBER, NAMED, text_property(0x3707, "Bestellung für Ana.txt")),
    BEGINS, attribute(0x00018010, b"..\\..\\gr\xfc\xdfe.doc\0"), attribute(0x0006800F, b""),
)  # fmt: skip


def test_every_file_has_its_long_name_and_its_bytes() -> None:
    assert tnef.files(WHOLE) == [File("Bestellung für Ana.txt", b"12 notebooks\r\n"), File("grüße.doc", b"")]


def test_what_is_broken_gives_as_many_as_can_be_read() -> None:
    assert [file.data for file in tnef.files(WHOLE[:-30])] == [b"12 notebooks\r\n"]
    assert tnef.files(b"") == tnef.files(b"%PDF") == []


def test_what_ends_in_the_middle_is_damaged() -> None:
    for whole in (WHOLE, packed(), packed(MESSAGE_CLASS), WHOLE + b"\r\n"):
        assert not tnef.is_damaged(whole)
    for broken in (b"", b"%PDF-1.4", WHOLE[:-30], WHOLE[:-1], WHOLE[4:], WHOLE[:60]):
        assert tnef.is_damaged(broken)


def test_ten_thousand_files_are_two_hundred() -> None:
    one = BEGINS + attribute(0x00018010, b"a.txt\0") + attribute(0x0006800F, b"x")
    assert len(tnef.files(packed(one * 10_000))) == tnef.MAX_FILES


def test_a_count_that_lies_reads_no_further_than_there_is() -> None:
    lie = attribute(0x00069005, struct.pack("<IHHI", 0xFFFFFFFF, 0x101E, 0x3707, 0xFFFFFFFF) + b"\xff" * 40)
    assert tnef.files(packed(BEGINS, attribute(0x00018010, b"a.txt\0"), lie)) == [File("a.txt", b"")]


@given(st.binary(max_size=200), st.integers(0, len(WHOLE)))
@example(b"\xff" * 8, 20)
def test_nothing_makes_it_raise_or_hold_more_than_it_was_given(noise: bytes, at: int) -> None:
    hostile = WHOLE[:at] + noise + WHOLE[at:]
    found = tnef.files(hostile)
    assert sum(len(file.data) for file in found) <= len(hostile)
    assert all(file.filename and "/" not in file.filename for file in found)
