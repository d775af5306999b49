"""What may be called what, by every door, on both databases: the same is taken, refused, and kept clean."""

import pytest
from sqlalchemy import select, update

from auth.models import Owner
from auth.passwords import hash_password
from core.db import Database
from core.errors import PostroomError
from mail.domains import readable_domain
from mail.message.addresses import Address
from mailboxes import directory, owners
from mailboxes.access import open_mailbox
from mailboxes.administration import Administration
from mailboxes.api_access import issue_token
from mailboxes.audit import Doer
from mailboxes.doors import Doors
from mailboxes.errors import AddressTaken, BadAddress, BadDomain, BadName, DomainTaken
from mailboxes.memberships import add_members, change_membership, find_membership
from mailboxes.models import MAX_LABEL, MAX_NAME, Domain, Mailbox
from mailboxes.naming import imitated, refresh_looks, rename_mailbox
from mailboxes.rights import Right
from mailboxes.scopes import SCOPES
from tests.cast import ANA, BEN, DAN, EVE, KIM, SUPPORT
from tests.mailboxes.conftest import actor
from tests.mailboxes.test_storage import olive

DOER = Doer("the tests", "cli")
UGLY = "Help\r\nBcc: eve \u202egpj.exe\x1b\x85 " + "é" * 400


def domain(db: Database, name: str = "brand-a.test") -> Domain:
    with db.read() as session:
        return directory.find_domain(session, name)


def make(db: Database, local_part: str, name: str = "") -> Mailbox:
    with db.write() as session:
        found = directory.find_domain(session, "brand-a.test")
        return directory.add_regular(session, DOER, found, local_part, name, hash_password("x" * 12))


def is_clean(text: str, limit: int) -> bool:
    return len(text) == limit and text.startswith("Help Bcc: eve gpj.exe é") and text.isprintable()


@pytest.mark.parametrize(
    "email",
    [
        "olive",
        "olive@",
        "@acme.test",
        "olive@acme",
        "olive@acme.test\r\nx",
        "olive\x01@acme.test",
        "ſſ@acme.test",
        "\u212aelvin@acme.test",
        "o live@acme.test",
        "olive@acme.test, otto@acme.test",
        "Olive <olive@acme.test>",
        "olive@-acme.test",
        f"{'o' * 65}@acme.test",
        f"{'o' * 60}@{'.'.join(['a' * 60] * 4)}.test",
        "olive\u202e@acme.test",
    ],
)
def test_an_owners_email_must_be_one(db: Database, email: str) -> None:
    admin: Administration = olive(db)
    with pytest.raises(BadAddress), db.write() as session:
        owners.add(session, admin, email.strip(" "), "Otto", hash_password("x" * 12))
    with pytest.raises(BadAddress), db.write() as session:
        account = directory.find_account(session, "Acme")
        directory.add_owner(session, DOER, account, email, "Otto", "seven quiet herons 42")


def test_an_owners_email_is_kept_in_lower_case_and_their_name_clean(db: Database) -> None:
    with db.write() as session:
        owners.add(session, olive(db), "Otto@Acme.TEST", UGLY, hash_password("x" * 12))
    with db.read() as session:
        otto = session.scalars(select(Owner).where(Owner.name == "otto@acme.test")).one()
    assert is_clean(otto.display_name, MAX_NAME)


@pytest.mark.parametrize(
    "local_part",
    ["", ".a", "a.", "a..b", "a b", "a@b", "ana+lists", "+", "x" * 65, "é", "ｘ", "a\u202eb", "a\r\nb", "-a", "ſ"],
)
def test_what_can_be_no_address(db: Database, local_part: str) -> None:
    with pytest.raises(BadAddress) as refused:
        make(db, local_part)
    assert "+" not in refused.value.public


@pytest.mark.parametrize("local_part", ["a", "a.b", "a_b", "a-b", "9", "x" * 64, " Ada "])
def test_what_can(db: Database, local_part: str) -> None:
    assert make(db, local_part).address == f"{local_part.strip().lower()}@brand-a.test"
    with pytest.raises(AddressTaken):
        make(db, local_part)


def test_every_door_keeps_names_clean(db: Database) -> None:
    assert is_clean(make(db, "ada", UGLY).display_name, MAX_NAME)
    admin = olive(db)
    with db.write() as session:
        renamed = rename_mailbox(session, admin, directory.find_mailbox(session, ANA).id, UGLY)
        assert is_clean(renamed.display_name, MAX_NAME)
        support, dan = directory.find_mailbox(session, SUPPORT), directory.find_mailbox(session, DAN)
        (joined,) = add_members(session, DOER, support, [dan], custom_label=UGLY)
        assert is_clean(joined.custom_label, MAX_LABEL)
        again = find_membership(session, support, dan)
        changed = change_membership(session, admin, Doors(), support.id, again.id, custom_label=f"{UGLY}!")
        assert is_clean(changed.custom_label, MAX_LABEL)
        assert is_clean(directory.create_account(session, UGLY, "Nano").name, MAX_NAME)
        account = directory.find_account(session, "Acme")
        issue_token(session, DOER, account, "pr_test_", "\u202eevil\r\nname", [next(iter(SCOPES))])


OTHERS_ADDRESSES = [
    SUPPORT,
    f"Ben <{SUPPORT}>",
    "suppоrt＠brand-a.test",  # a Cyrillic о, a full-width at sign
    "Bank (service @ bank.example)",
    "ada@brand-a.test, formerly of ben@brand-b.test",
]


def test_nobody_is_called_by_another_address(db: Database) -> None:
    with db.read() as session:
        ana, home, admin = directory.find_mailbox(session, ANA), domain(db), olive(db)
    for name in OTHERS_ADDRESSES:
        with pytest.raises(BadName) as refused, db.write() as session:
            directory.add_regular(session, DOER, home, "ada", name, "")
        assert "Leave the address out" in refused.value.public
        with pytest.raises(BadName), db.write() as session:
            directory.add_shared(session, DOER, home, "team", name, [ana])
        with pytest.raises(BadName), db.write() as session:
            rename_mailbox(session, admin, ana.id, name)
        with pytest.raises(BadName), db.write() as session:
            owners.add(session, admin, "otto@acme.test", name, "")
    with db.read() as session:
        assert directory.find_mailbox(session, ANA).display_name == "Ana Almeida"
        assert session.scalar(select(Owner).where(Owner.name == "otto@acme.test")) is None


def test_ones_own_address_and_what_is_none_are_names_and_those_from_before_stay(db: Database) -> None:
    with db.write() as session:
        ana, admin = directory.find_mailbox(session, ANA), olive(db)
        for name in (ANA, f"Ana ({ANA.upper()})", "Ana @ Work", "@ana", ""):
            assert rename_mailbox(session, admin, ana.id, name).display_name == name
        ana.display_name = f"Ana of {SUPPORT}"
        session.flush()
        assert rename_mailbox(session, admin, ana.id, f"Ana of {SUPPORT}").display_name == f"Ana of {SUPPORT}"
        with pytest.raises(BadName):
            rename_mailbox(session, admin, ana.id, f"Ana from {SUPPORT}")


def test_who_bears_a_name_of_ours_and_another_address_is_known(db: Database) -> None:
    def is_imitated(name: str, address: str, by: str = DAN) -> bool:
        access = open_mailbox(db, actor(db, by), by, Right.READ)
        one = Address(name, address)
        return imitated(db, access, [Address("Kim Keller", KIM), one, Address("", ANA)]) == {one}

    for name in ("Ana Almeida", "ana  ALMEIDA", "Аna Аlmеidа", "Ána Almeidа", "Suppоrt", "Dan Dvorak"):
        assert is_imitated(name, "x@evil.test"), name
    assert is_imitated("Ana Almeida", BEN), "one of us by another's name, too"
    assert is_imitated("", "Ana Almeida"), "an address that is a name"
    assert is_imitated("eve@evil.test", "Ana Almeida"), "and is shown because the name isn't"
    for name, address in (
        ("Ana Almeida", ANA),
        ("Ana Almeida", "Ana+lists@brand-a.test"),
        ("Support", SUPPORT),
        ("Ana Alvarez", "x@evil.test"),
        ("Eve Evans", "x@evil.test"),  # another account's
        ("", "x@evil.test"),
        ("\N{ZERO WIDTH SPACE}", "x@evil.test"),
    ):
        assert not is_imitated(name, address), name
    assert is_imitated("Eve Evans", "x@evil.test", by=EVE)
    with db.write() as session:
        rename_mailbox(session, olive(db), directory.find_mailbox(session, ANA).id, "Ana Lopes")
    assert is_imitated("Ana Lopes", "x@evil.test")
    assert not is_imitated("Ana Almeida", "x@evil.test")


def test_looks_from_before_are_made_anew_and_only_those(db: Database) -> None:
    def looks() -> dict[str, str]:
        with db.read() as session:
            rows = session.execute(select(Mailbox.address, Mailbox.name_look))
            return {row.address: row.name_look for row in rows}

    before = looks()
    assert refresh_looks(db) == 0
    with db.write() as session:
        session.execute(update(Mailbox).where(Mailbox.address.in_([ANA, SUPPORT])).values(name_look="from before"))
    assert refresh_looks(db) == 2
    assert looks() == before


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("münchen.test", "xn--mnchen-3ya.test"),
        ("MÜNCHEN.test", "xn--mnchen-3ya.test"),
        ("foo.test.", "foo.test"),
        (" Foo.Test ", "foo.test"),
        ("例え.test", "xn--r8jz45g.test"),
        ("xn--mnchen-3ya.test", "xn--mnchen-3ya.test"),
    ],
)
def test_a_domain_is_kept_as_dns_knows_it(db: Database, typed: str, kept: str) -> None:
    with db.write() as session:
        account = directory.find_account(session, "Acme")
        assert directory.add_domain(session, DOER, account, typed).name == kept
    assert domain(db, typed).name == kept
    with pytest.raises(DomainTaken), db.write() as session:
        directory.add_domain(session, DOER, directory.find_account(session, "Acme"), kept)


@pytest.mark.parametrize(
    "typed",
    ["", ".", "foo", "foo..test", "foo.test..", "-foo.test", "foo_bar.test", "a b.test", "foo.test\r\nbar.test",
     "\u202efoo.test", "foo.1", "1.2.3.4", f"{'a' * 64}.test", f"{'a.' * 130}test", "xn--\x7f.test", "☃.test "],
)  # fmt: skip
def test_what_is_no_domain(db: Database, typed: str) -> None:
    with pytest.raises(PostroomError) as refused, db.write() as session:
        directory.add_domain(session, DOER, directory.find_account(session, "Acme"), typed)
    assert isinstance(refused.value, BadDomain)
    assert refused.value.public.isprintable()


def test_people_read_it_as_they_wrote_it() -> None:
    assert readable_domain("xn--mnchen-3ya.test") == "münchen.test"
    assert readable_domain("brand-a.test") == "brand-a.test"
    assert readable_domain("xn--\x7f.test") == "xn--\x7f.test"
