"""Who gets through the one door to a mailbox, and with which rights."""

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from auth.models import Person
from core.db import Database, now
from mailboxes.access import MailboxAccess, mailboxes_of, open_mailbox
from mailboxes.errors import Forbidden, MailboxNotFound
from mailboxes.models import SHARED, TRASHED, Mailbox, Membership
from mailboxes.rights import Right
from tests.cast import ANA, BEN, CLEO, DAN, EVE, HELP, SALES, SUPPORT, TESS
from tests.mailboxes.conftest import actor


def test_ana_opens_her_own_mailbox_with_every_right(db: Database) -> None:
    access = open_mailbox(db, actor(db, ANA), ANA, Right.MANAGE)
    assert (access.address, access.is_shared, access.can_send) == (ANA, False, True)


@pytest.mark.parametrize("member", [ANA, BEN, TESS])
def test_a_replier_may_send_and_organise_but_not_manage(db: Database, member: str) -> None:
    access = open_mailbox(db, actor(db, member), SUPPORT, Right.SEND)
    assert access.can_organise
    with pytest.raises(Forbidden):
        access.require(Right.MANAGE)
    assert access.credential.authcid == member
    assert access.credential.authzid == SUPPORT


def test_cleo_reads_and_nothing_more(db: Database) -> None:
    access = open_mailbox(db, actor(db, CLEO), SUPPORT, Right.READ)
    assert not (access.can_organise)
    assert not (access.can_send)
    for right in (Right.ORGANISE, Right.SEND):
        with pytest.raises(Forbidden):
            open_mailbox(db, actor(db, CLEO), SUPPORT, right)


@pytest.mark.parametrize("stranger", [DAN, EVE])
@pytest.mark.parametrize("address", [SUPPORT, ANA, "nowhere@brand-a.test", "", "%", f"{SUPPORT} "])
def test_strangers_find_nothing(db: Database, stranger: str, address: str) -> None:
    with pytest.raises(MailboxNotFound):
        open_mailbox(db, actor(db, stranger), address, Right.READ)


def test_the_address_is_found_in_any_case(db: Database) -> None:
    assert open_mailbox(db, actor(db, ANA), SUPPORT.upper(), Right.READ).address == SUPPORT


def test_the_switcher_holds_what_one_may_open_and_nothing_else(db: Database) -> None:
    assert [access.address for access in mailboxes_of(db, actor(db, ANA))] == [ANA, SALES, SUPPORT]
    assert [access.address for access in mailboxes_of(db, actor(db, DAN))] == [DAN]
    assert [access.address for access in mailboxes_of(db, actor(db, EVE))] == [EVE, HELP]


def test_a_share_in_another_accounts_mailbox_opens_nothing(db: Database) -> None:
    eve = actor(db, EVE)
    with db.write() as session:
        support = session.query(Mailbox).filter_by(address=SUPPORT).one()
        session.add(Membership(mailbox_id=support.id, login_id=eve.login_id, can_send=True, created_at=now()))
    with pytest.raises(MailboxNotFound):
        open_mailbox(db, eve, SUPPORT, Right.READ)


def test_a_mailbox_in_the_bin_opens_for_nobody(db: Database) -> None:
    with db.write() as session:
        session.execute(update(Mailbox).where(Mailbox.address.in_([SUPPORT, DAN])).values(status=TRASHED))
    for person, address in ((ANA, SUPPORT), (DAN, DAN)):
        with pytest.raises(MailboxNotFound):
            open_mailbox(db, actor(db, person), address, Right.READ)


def test_nobody_else_makes_an_access(db: Database) -> None:
    real = open_mailbox(db, actor(db, ANA), ANA, Right.READ)
    facts = {name: getattr(real, name) for name in real.__dataclass_fields__} | {"seal": object()}
    with pytest.raises(TypeError):
        MailboxAccess(**facts)


def test_a_shared_mailbox_can_have_no_sign_in(db: Database) -> None:
    for kind in ("shared", "regular"):
        row = Person(name=SUPPORT, mailbox_kind=kind, display_name="", created_at=now())
        with pytest.raises(IntegrityError), db.write() as session:
            session.add(row)


def test_a_mailbox_with_a_sign_in_does_not_turn_shared(db: Database) -> None:
    with pytest.raises(IntegrityError), db.write() as session:
        session.execute(update(Mailbox).where(Mailbox.address == ANA).values(kind=SHARED))


@pytest.mark.parametrize("text", ["", "!", "{PLAIN}x", "*"])
def test_nothing_but_a_hash_stands_where_a_password_hash_does(db: Database, text: str) -> None:
    with pytest.raises(IntegrityError), db.write() as session:
        session.execute(update(Person).where(Person.name == ANA).values(password_hash=text))
