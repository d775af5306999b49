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
    ana.session.select(folder, writable=True)
    assert ana.changes.add_flags([1, 2], ["\\Seen", "$Sent-by"]) == [1, 2]
    assert ana.changes.add_flags([1, 2], ["\\Seen"]) == [1, 2]
    assert ana.messages.flags([1, 2, 3])[1] >= {"\\Seen", "$Sent-by"}
    assert ana.changes.remove_flags([2, 3, 77], ["\\Seen"]) == [2, 3]
    assert "\\Seen" not in ana.messages.flags([2])[2]
    with pytest.raises(MessageGone):
        ana.changes.add_flags([77], ["\\Seen"])
    with pytest.raises(UnsafeText):
        ana.changes.add_flags([1], ["\\Seen) \r\nX"])


def test_moving_tells_the_new_uids(ana: Imap, folder: str) -> None:
    target = fill(ana, 1)
    ana.session.select(folder, writable=True)
    moved = ana.changes.move([3, 1, 77], target)
    assert moved == {1: 2, 3: 3}
    assert ana.messages.flags([1, 2, 3]).keys() == {2}
    ana.session.select(target, writable=True)
    assert ana.messages.source(2) == letter("Letter 1")
    with pytest.raises(FolderNotFound):
        ana.changes.move([2], "Nowhere")
    with pytest.raises(MessageGone):
        ana.changes.move([77], folder)
    assert ana.messages.flags([2]).keys() == {2}


def test_deleting_takes_the_messages_named_and_no_others(ana: Imap, folder: str) -> None:
    ana.session.select(folder, writable=True)
    ana.changes.add_flags([1], ["\\Deleted"])
    ana.changes.delete([2])
    assert ana.messages.flags([1, 2, 3]).keys() == {1, 3}
    with pytest.raises(MessageGone):
        ana.changes.delete([2])


def test_thousands_of_messages_are_flagged_in_lines_the_server_takes(ana: Imap) -> None:
    name = fill(ana, 1)
    ana.session.select(name, writable=True)
    assert ana.changes.add_flags(range(1, 40_000, 2), ["\\Flagged"]) == [1]


def test_a_folder_opened_for_looking_is_not_changed(ana: Imap, folder: str) -> None:
    ana.session.select(folder)
    for change in (
        lambda: ana.changes.add_flags([1], ["\\Seen"]),
        lambda: ana.changes.move([1], "Trash"),
        lambda: ana.changes.delete([1]),
    ):
        with pytest.raises(ReadOnlyFolder):
            change()
    ana.session.select(folder, writable=True)
    assert not ana.messages.flags([1])[1] - {"\\Recent"}


def test_cleo_reads_support_and_can_change_nothing(support: Imap, cleo: Imap) -> None:
    folder = fill(support)
    assert cleo.session.select(folder).exists == 3
    assert cleo.messages.source(1) == letter("Letter 1")
    with pytest.raises(ReadOnlyFolder):
        cleo.session.select(folder, writable=True)
    with pytest.raises(NotPermitted):
        cleo.changes.append(folder, letter("Mine"))
    assert cleo.session.usable
    support.session.select(folder, writable=True)
    assert all(not flags - {"\\Recent"} for flags in support.messages.flags([1, 2, 3]).values())


def test_an_ok_without_effect_is_not_believed(support: Imap, cleo: Imap) -> None:
    folder = fill(support)
    cleo.session.select(folder)
    # As if the right had been taken away after the folder was opened for writing.
    object.__setattr__(cleo.session.in_hand(), "writable", True)
    for change in (
        lambda: cleo.changes.add_flags([1], ["\\Seen"]),
        lambda: cleo.changes.delete([1]),
        lambda: cleo.changes.move([1], "Trash"),
    ):
        with pytest.raises(NotPermitted):
            change()


def test_dan_who_may_mark_but_not_remove_is_not_told_that_it_is_gone(support: Imap, dovecot: Dovecot) -> None:
    folder = fill(support)
    with contextlib.closing(dovecot.connect("support", "dan")) as dan:
        dan.session.select(folder, writable=True)
        for change in (lambda: dan.changes.delete([1]), lambda: dan.changes.move([2], "Trash")):
            with pytest.raises(NotPermitted):
                change()
    support.session.select(folder)
    assert support.messages.flags([1, 2, 3]).keys() == {1, 2, 3}


def test_an_appended_message_is_stored_as_it_is(ana: Imap, folder: str) -> None:
    message = letter("Grüße", "8-bit: ß\r\n.\r\n{5}\r\n* 1 EXPUNGE\r\n")
    uid = ana.changes.append(folder, message, ["\\Seen", "\\Draft"], at=1_600_000_000)
    ana.session.select(folder)
    assert ana.messages.source(uid) == message
    row = ana.rows.summaries([uid])[0]
    assert row.internal_date.timestamp() == 1_600_000_000
    assert row.flags >= {"\\Seen", "\\Draft"}
    with pytest.raises(UnsafeText):
        ana.changes.append(folder, b"a\0b")


def test_twenty_five_megabytes_are_appended_and_come_back(ana: Imap, folder: str) -> None:
    message = letter("Large") + b"0123456789abcde\r\n" * (25 * 1024 * 1024 // 17)
    uid = ana.changes.append(folder, message)
    ana.session.select(folder, writable=True)
    assert ana.messages.source(uid, 0, len(message)) == message
    ana.changes.delete([uid])


def test_a_full_mailbox_says_so(dovecot: Dovecot) -> None:
    with contextlib.closing(dovecot.connect("full")) as full:
        with pytest.raises(QuotaExceeded):
            full.changes.append("INBOX", letter("Too much", "x" * 100_000))
        assert full.session.usable


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
    ana.session.select(folder, writable=True)
    ana.changes.add_flags([1], ["\\Answered"])
    ana.changes.move([2], "Trash")
    with IMAPClient(dovecot.host, dovecot.port, ssl=False) as other:
        other.login("ana", PASSWORD)
        other.select_folder(folder, readonly=True)
        assert other.search(["ANSWERED"]) == [1]
        assert other.search() == [1, 3]
