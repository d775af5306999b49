"""Who lives in the demo world: three accounts, their people and their shared mailboxes.

Everything in it is invented, and the password is public: a demo must not be reachable from other machines.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from auth.models import Person
from core.db import Database, now
from core.vault import Vault
from mailboxes.audit import Doer
from mailboxes.directory import add_domain, add_owner, add_person, add_shared, create_account
from mailboxes.memberships import add_members
from mailboxes.models import Account, Mailbox

PASSWORD = "postroom-demo-1"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
ACCOUNT = "Acme"
# Reads what is written to the world's customers and suppliers outside, so that an answer to them is seen arriving.
CATCH_ALL = "outside@customer.test"
_DOER = Doer("demo", "cli")

PEOPLE = {
    "ana@brand-a.test": "Ana Almeida",
    "ben@brand-b.test": "Ben Brandt",
    "cleo@brand-b.test": "Cleo Castellanos",
    "dan@brand-a.test": "Dan Dvořák",
    "tess@brand-a.test": "Tess Tanaka",
    "eve@other.test": "Eve Evans",
    "kim@customer.test": "Kim Keller",
    "owner@acme.test": "Olive Owens",  # a mailbox; the owner who signs in to the console has the same address
}


def is_seeded(database: Database) -> bool:
    with database.read() as session:
        return session.scalar(select(Account.id).where(Account.name == ACCOUNT)) is not None


def seed_people(session: Session, vault: Vault) -> None:
    """Accounts, domains, people, shared mailboxes and who works in them."""
    acme = create_account(session, ACCOUNT, "Agency")
    add_owner(session, _DOER, acme, "owner@acme.test", "Olive Owens", PASSWORD)
    home = add_domain(session, _DOER, acme, "acme.test")
    brand_a = add_domain(session, _DOER, acme, "brand-a.test")
    brand_b = add_domain(session, _DOER, acme, "brand-b.test")
    other = add_domain(session, _DOER, create_account(session, "Other", "Starter"), "other.test")
    customer = add_domain(session, _DOER, create_account(session, "Customers", "Starter"), "customer.test")
    domains = {domain.name: domain for domain in (home, brand_a, brand_b, other, customer)}
    people: dict[str, Mailbox] = {}
    for address, name in PEOPLE.items():
        local, _, domain = address.partition("@")
        people[local] = add_person(session, _DOER, domains[domain], local, name, PASSWORD)
    add_person(session, _DOER, customer, CATCH_ALL.partition("@")[0], "Everybody Outside", PASSWORD)
    _turn_on_second_factor(session, vault, people["tess"])
    team = [people["ana"], people["ben"], people["tess"]]
    support = add_shared(session, _DOER, brand_a, "support", "Support", team)
    add_members(session, _DOER, support, [people["cleo"]], can_send=False)
    sales = add_shared(session, _DOER, brand_b, "sales", "Sales", [people["ana"]])
    support.signature = "Ferrow Notebooks · Support\nWrite back any time: support@brand-a.test"
    sales.signature = "Brand B · Sales"
    add_shared(session, _DOER, other, "help", "Help", [people["eve"]])


def _turn_on_second_factor(session: Session, vault: Vault, mailbox: Mailbox) -> None:
    person = session.scalars(select(Person).where(Person.name == mailbox.address)).one()
    person.totp_secret = vault.encrypt(TOTP_SECRET)
    person.totp_confirmed_at = now()
