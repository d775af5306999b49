"""Folders have the names people gave them, whatever the wire needs them to be called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imapclient.imap_utf7 import decode, encode

from mail.errors import BadFolderName, FolderExists, FolderNotFound, NotPermitted
from mail.imap.client import Imap
from mail.imap.folders import from_wire, to_wire
from tests.mail.conftest import letter

NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30)


@given(NAMES)
def test_a_name_is_encoded_as_another_library_does_it(name: str) -> None:
    wire = to_wire(name)[1:-1].replace(b'\\"', b'"').replace(b"\\\\", b"\\")
    assert wire == encode(name)
    assert from_wire(wire) == name


@given(st.binary(max_size=60))
def test_no_name_from_the_wire_breaks_us(wire: bytes) -> None:
    assert isinstance(from_wire(wire), str)


def test_modified_utf7_of_the_rfc() -> None:
    assert from_wire(b"~peter/mail/&U,BTFw-/&ZeVnLIqe-") == decode(b"~peter/mail/&U,BTFw-/&ZeVnLIqe-")


@pytest.mark.parametrize("name", ["", "a\r\nA1 DELETE INBOX", "a\0", "a\x7f", "a\x85b", "\ud800", "x" * 256])
def test_a_name_that_could_not_be_sent_is_refused_before_it_is(ana: Imap, name: str) -> None:
    before = ana.session.traffic.commands
    with pytest.raises(BadFolderName):
        ana.folders.create(name)
    assert ana.session.traffic.commands == before


def test_every_role_is_known_and_inbox_counts_its_mail(ana: Imap) -> None:
    ana.changes.append("INBOX", letter("Unread"))
    found = {folder.role: folder for folder in ana.folders.all() if folder.role}
    assert set(found) == {"inbox", "drafts", "sent", "archive", "junk", "trash"}
    assert found["junk"].name == "Junk"
    assert found["inbox"].total >= found["inbox"].unseen >= 1
    assert ana.folders.unseen("INBOX") == found["inbox"].unseen


def test_ana_makes_renames_and_deletes_a_folder_with_a_difficult_name(ana: Imap) -> None:
    name = 'Kunden/Größe & "Co" ~2026 日本\\x'
    ana.folders.create(name)
    ana.changes.append(name, letter("Inside"))
    found = {folder.name: folder for folder in ana.folders.all()}
    assert found[name].total == 1
    assert found[name].separator == "/"
    assert not found["Kunden"].selectable
    ana.folders.rename(name, "Kunden/~Привет&")
    assert ana.session.select("Kunden/~Привет&").exists == 1
    ana.folders.delete("Kunden/~Привет&")
    assert "Kunden/~Привет&" not in {folder.name for folder in ana.folders.all()}


def test_a_folder_there_is_not_made_twice_and_one_that_is_not_cannot_be_used(ana: Imap, folder: str) -> None:
    with pytest.raises(FolderExists):
        ana.folders.create(folder)
    with pytest.raises(BadFolderName):
        ana.folders.create("a//b")
    for ask in (ana.session.select, ana.folders.unseen, ana.folders.delete):
        with pytest.raises(FolderNotFound):
            ask("Nowhere")
    with pytest.raises(FolderNotFound):
        ana.changes.append("Nowhere", letter("Lost"))
    with pytest.raises(NotPermitted):
        ana.folders.delete("INBOX")
    assert ana.session.usable


def test_cleo_makes_no_folder_in_support(cleo: Imap) -> None:
    with pytest.raises(NotPermitted):
        cleo.folders.create("Mine")
    with pytest.raises(NotPermitted):
        cleo.folders.rename("Trash", "Mine")
    with pytest.raises(NotPermitted):
        cleo.folders.delete("Trash")
