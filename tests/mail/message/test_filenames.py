"""A file keeps its name as far as that is safe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.message import filenames


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"filename": "report.pdf"}, "report.pdf"),
        ({"filename": "=?utf-8?q?=C3=9Cbersicht.pdf?="}, "Übersicht.pdf"),
        ({"filename*": "utf-8''%C3%9Cbersicht%20neu.pdf"}, "Übersicht neu.pdf"),
        ({"filename*": "iso-8859-1'de'%DCber.pdf"}, "Über.pdf"),
        ({"filename*0*": "utf-8''%E6%96", "filename*1*": "%87.pdf"}, "文.pdf"),
        ({"filename*0": "long ", "filename*1": "name.txt"}, "long name.txt"),
        ({"filename*0*": "utf-8''%3Cb", "filename*1": "%3E.txt"}, "_b%3E.txt"),
        ({"filename*": "utf-8''a%0D%0ASet-Cookie:%20x"}, "a Set-Cookie_ x"),
        ({"filename": "=?utf-8?q?a=0D=0Ab.txt?="}, "a b.txt"),
        ({"filename": "../../../etc/passwd"}, "passwd"),
        ({"filename": "..\\..\\evil.dll"}, "evil.dll"),
        ({"filename*": "utf-8''..%EF%BC%8Fetc%E2%81%84x"}, "x"),
        ({"filename": "Angebot 12/2024.pdf"}, "Angebot 12_2024.pdf"),
        ({"filename": "1/2.txt"}, "1_2.txt"),
        ({"filename": "C:\\Users\\kim\\report.doc"}, "report.doc"),
        ({"filename": "C:/Users/kim/report.doc"}, "report.doc"),
        ({"filename": "/home/kim/report.doc"}, "report.doc"),
        ({"filename": "\\\\server\\share\\report.doc"}, "report.doc"),
        ({"filename*": "utf-8''=?utf-8?B?w5xiZXIucGRm?="}, "Über.pdf"),
        ({"filename*0": "=?utf-8?B?w5xi", "filename*1": "ZXIucGRm?="}, "Über.pdf"),
        ({"filename": "=?utf-8?q?Wirklich??=.pdf"}, "Wirklich_.pdf"),
        ({"filename": "r\udce9sum\udce9.doc"}, "résumé.doc"),
        ({"filename": "invoice\u202efdp.exe"}, "invoicefdp.exe"),
        ({"filename": "CON.txt"}, "_CON.txt"),
        ({"filename": "aux"}, "_aux"),
        ({"filename": "console.txt"}, "console.txt"),
        ({"filename": "..."}, "attachment.bin"),
        ({"filename": ".htaccess"}, "htaccess"),
        ({"filename": 'a"; filename="b.exe'}, "a_; filename=_b.exe"),
        ({"filename*": "zlib''x%9c"}, "x\u0153"),
        ({}, "attachment.bin"),
    ],
)
def test_received_names(params: dict[str, str], name: str) -> None:
    assert filenames.from_params(params, {}, "application/octet-stream") == name


def test_the_name_of_the_type_stands_in() -> None:
    assert filenames.from_params({}, {"name": "logo.png"}, "image/png") == "logo.png"
    assert filenames.from_params({}, {}, "message/rfc822") == "attachment.eml"


def test_a_message_inside_is_called_by_its_subject() -> None:
    assert filenames.from_params({}, {}, "message/rfc822", "=?utf-8?q?K=C3=B6ln_12/24?=") == "Köln 12_24.eml"
    assert filenames.from_params({}, {"name": "a.eml"}, "message/rfc822", "Offer") == "a.eml"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (b"attachment; filename=Rechnung Mai 2024.pdf", "Rechnung Mai 2024.pdf"),
        (b"attachment; filename=Rechnung Mai.pdf; size=3", "Rechnung Mai.pdf"),
        (b'attachment; filename="Rechnung Mai.pdf"', ""),
        (b"attachment", ""),
    ],
)
def test_a_name_without_quotes_is_read_to_its_end(value: bytes, name: str) -> None:
    assert filenames.unquoted(value, "filename") == name


def test_files_of_one_name_are_told_apart() -> None:
    assert filenames.told_apart(["a.pdf", "A.pdf", "b", "a.pdf", "b"]) == [
        "a.pdf", "A (2).pdf", "b", "a (3).pdf", "b (2)",
    ]  # fmt: skip
    assert filenames.told_apart(["a.pdf", "a (2).pdf", "a.pdf"]) == ["a.pdf", "a (2).pdf", "a (3).pdf"]


@given(
    st.lists(
        st.sampled_from(["a", "A", "a (2)", "x" * 180, "文" * 60, "a.b" + "c" * 30, "x" * 176 + ".pdf"]), max_size=12
    )
)
def test_told_apart_names_are_all_different_and_safe(names: list[str]) -> None:
    told = filenames.told_apart(names)
    assert len({name.casefold() for name in told}) == len(names)
    assert told == [filenames.clean_name(name) for name in told]


def test_a_long_name_keeps_its_ending() -> None:
    name = filenames.clean_name("文" * 10_000 + ".pdf")
    assert name.endswith("文.pdf")
    assert len(name.encode()) <= 180


def test_content_disposition_offers_both_forms() -> None:
    assert filenames.content_disposition("Übersicht.pdf") == (
        "attachment; filename=\"_bersicht.pdf\"; filename*=UTF-8''%C3%9Cbersicht.pdf"
    )
    assert filenames.content_disposition("a.png", inline=True).startswith('inline; filename="a.png"')


@given(st.text(), st.text(max_size=30))
def test_every_name_is_safe_in_a_header_and_on_a_disk(name: str, kind: str) -> None:
    clean = filenames.clean_name(name, kind)
    assert clean
    assert clean not in {".", ".."}
    assert not set(clean) & set('/\\<>:"|?*\r\n\0')
    value = filenames.content_disposition(name)
    assert value.isascii()
    assert value.isprintable()
    assert value.count('"') == 2


@given(
    st.dictionaries(st.sampled_from([f"filename{s}" for s in ("", "*", "*0", "*0*", "*1", "*1*", "*2*")]), st.text())
)
def test_no_parameters_make_it_raise(params: dict[str, str]) -> None:
    assert filenames.from_params(params, params, "")
