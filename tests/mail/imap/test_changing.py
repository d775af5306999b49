"""What is changed is changed, what may not be is said; an OK alone proves nothing."""

import contextlib

import pytest
from imapclient import IMAPClient

from mail.errors import (
    FolderNotFound,
    MessageGone,
    NotPermitted,
    QuotaExceeded,
    ReadOnlyFolder,
    SignInRefused,
    UnsafeText,
)
from mail.imap.client import Imap
from mail.sasl import Credential, plain
from tests.mail.conftest import PASSWORD, Dovecot, fill, letter


def test_flags_are_set_and_taken_off(ana: Imap, folder: str) -> None:
    ana.select(folder, writable=True)
    assert ana.add_flags([1, 2], ["\\Seen", "$Sent-by"]) == [1, 2]
    assert ana.add_flags([1, 2], ["\\Seen"]) == [1, 2]
    assert ana.flags([1, 2, 3])[1] >= {"\\Seen", "$Sent-by"}
    assert ana.remove_flags([2, 3, 77], ["\\Seen"]) == [2, 3]
    assert "\\Seen" not in ana.flags([2])[2]
    with pytest.raises(MessageGone):
        ana.add_flags([77], ["\\Seen"])
    with pytest.raises(UnsafeText):
        ana.add_flags([1], ["\\Seen) \r\nX"])


def test_moving_tells_the_new_uids(ana: Imap, folder: str) -> None:
    target = fill(ana, 1)
    ana.select(folder, writable=True)
    moved = ana.move([3, 1, 77], target)
    assert moved == {1: 2, 3: 3}
    assert ana.flags([1, 2, 3]).keys() == {2}
    ana.select(target, writable=True)
    assert ana.source(2) == letter("Letter 1")
    with pytest.raises(FolderNotFound):
        ana.move([2], "Nowhere")
    with pytest.raises(MessageGone):
        ana.move([77], folder)
    assert ana.flags([2]).keys() == {2}


def test_deleting_takes_the_messages_named_and_no_others(ana: Imap, folder: str) -> None:
    ana.select(folder, writable=True)
    ana.add_flags([1], ["\\Deleted"])
    ana.delete([2])
    assert ana.flags([1, 2, 3]).keys() == {1, 3}
    with pytest.raises(MessageGone):
        ana.delete([2])


def test_thousands_of_messages_are_flagged_in_lines_the_server_takes(ana: Imap) -> None:
    name = fill(ana, 1)
    ana.select(name, writable=True)
    assert ana.add_flags(range(1, 40_000, 2), ["\\Flagged"]) == [1]


def test_a_folder_opened_for_looking_is_not_changed(ana: Imap, folder: str) -> None:
    ana.select(folder)
    for change in (
        lambda: ana.add_flags([1], ["\\Seen"]),
        lambda: ana.move([1], "Trash"),
        lambda: ana.delete([1]),
    ):
        with pytest.raises(ReadOnlyFolder):
            change()
    ana.select(folder, writable=True)
    assert not ana.flags([1])[1] - {"\\Recent"}


def test_cleo_reads_support_and_can_change_nothing(support: Imap, cleo: Imap) -> None:
    folder = fill(support)
    assert cleo.select(folder).exists == 3
    assert cleo.source(1) == letter("Letter 1")
    with pytest.raises(ReadOnlyFolder):
        cleo.select(folder, writable=True)
    with pytest.raises(NotPermitted):
        cleo.append(folder, letter("Mine"))
    assert cleo.usable
    support.select(folder, writable=True)
    assert all(not flags - {"\\Recent"} for flags in support.flags([1, 2, 3]).values())


def test_an_ok_without_effect_is_not_believed(support: Imap, cleo: Imap) -> None:
    folder = fill(support)
    cleo.select(folder)
    # As if the right had been taken away after the folder was opened for writing.
    object.__setattr__(cleo._in_hand(), "writable", True)
    for change in (
        lambda: cleo.add_flags([1], ["\\Seen"]),
        lambda: cleo.delete([1]),
        lambda: cleo.move([1], "Trash"),
    ):
        with pytest.raises(NotPermitted):
            change()


def test_dan_who_may_mark_but_not_remove_is_not_told_that_it_is_gone(support: Imap, dovecot: Dovecot) -> None:
    folder = fill(support)
    with contextlib.closing(dovecot.connect("support", "dan")) as dan:
        dan.select(folder, writable=True)
        for change in (lambda: dan.delete([1]), lambda: dan.move([2], "Trash")):
            with pytest.raises(NotPermitted):
                change()
    support.select(folder)
    assert support.flags([1, 2, 3]).keys() == {1, 2, 3}


def test_an_appended_message_is_stored_as_it_is(ana: Imap, folder: str) -> None:
    message = letter("Grüße", "8-bit: ß\r\n.\r\n{5}\r\n* 1 EXPUNGE\r\n")
    uid = ana.append(folder, message, ["\\Seen", "\\Draft"], at=1_600_000_000)
    ana.select(folder)
    assert ana.source(uid) == message
    row = ana.summaries([uid])[0]
    assert row.internal_date.timestamp() == 1_600_000_000
    assert row.flags >= {"\\Seen", "\\Draft"}
    with pytest.raises(UnsafeText):
        ana.append(folder, b"a\0b")


def test_twenty_five_megabytes_are_appended_and_come_back(ana: Imap, folder: str) -> None:
    message = letter("Large") + b"0123456789abcde\r\n" * (25 * 1024 * 1024 // 17)
    uid = ana.append(folder, message)
    ana.select(folder, writable=True)
    assert ana.source(uid, 0, len(message)) == message
    ana.delete([uid])


def test_a_full_mailbox_says_so(dovecot: Dovecot) -> None:
    with contextlib.closing(dovecot.connect("full")) as full:
        with pytest.raises(QuotaExceeded):
            full.append("INBOX", letter("Too much", "x" * 100_000))
        assert full.usable


def test_direct_sign_in_as_support_is_refused_and_so_is_a_stranger(dovecot: Dovecot) -> None:
    for mailbox, person in (("support", ""), ("support", "ben"), ("ben", "ana")):
        with pytest.raises(SignInRefused):
            dovecot.connect(mailbox, person)


def test_a_credential_shows_no_secret_and_takes_no_nul() -> None:
    credential = Credential("ana", PASSWORD, "support")
    assert PASSWORD not in repr(credential)
    assert plain(credential) == b"support\0ana\0" + PASSWORD.encode()
    assert plain(Credential("ana", "x", "ana")) == b"\0ana\0x"
    for bad in (Credential("ana\0", "x", "ana"), Credential("ana", "", "ana"), Credential("ana", "x", "")):
        with pytest.raises(UnsafeText):
            plain(bad)


def test_another_client_sees_the_same_mailbox(ana: Imap, folder: str, dovecot: Dovecot) -> None:
    ana.select(folder, writable=True)
    ana.add_flags([1], ["\\Answered"])
    ana.move([2], "Trash")
    with IMAPClient(dovecot.host, dovecot.port, ssl=False) as other:
        other.login("ana", PASSWORD)
        other.select_folder(folder, readonly=True)
        assert other.search(["ANSWERED"]) == [1]
        assert other.search() == [1, 3]
