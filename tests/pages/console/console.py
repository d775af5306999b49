"""An owner at the console: forms filled in as a browser without JavaScript does, and ids by name."""

import re
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from auth.models import Person
from mailboxes.models import Account, Domain, Mailbox, Membership
from tests.cast import OWNER
from tests.servers.harness import World
from tests.visitor import Page


class Desk:
    """Somebody who runs an account."""

    def __init__(self, world: World, app: Flask, email: str = OWNER) -> None:
        self.world = world
        self.client = app.test_client()
        self.client.set_cookie("postroom-console", world.sign_in(email, "owner"))

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(f"/console{path}", headers=headers)

    def page(self, path: str, status: int = 200) -> Page:
        answer = self.client.get(f"/console{path}", follow_redirects=True)
        assert answer.status_code == status, f"{path}: {answer.status_code}"
        page = Page(answer.text)
        page.check()
        return page

    def post(self, path: str, **fields: Any) -> TestResponse:
        """A form with its token. The page that comes back, if one does, is a whole and well-made one."""
        answer = self.client.post(f"/console{path}", data={"csrf_token": self.token()} | fields)
        if answer.status_code != 303:
            Page(answer.text).check()
        return answer

    def token(self) -> str:
        return self.page("/domains").fields["csrf_token"]

    def mailbox(self, address: str) -> int:
        with self.world.db.read() as session:
            return session.scalars(select(Mailbox.id).where(Mailbox.address == address)).one()

    def path(self, address: str) -> str:
        return f"/mailboxes/{self.mailbox(address)}"

    def domain(self, name: str) -> int:
        with self.world.db.read() as session:
            return session.scalars(select(Domain.id).where(Domain.name == name)).one()

    def membership(self, person: str, mailbox: str) -> int:
        with self.world.db.read() as session:
            query = select(Membership.id).join(Membership.person).join(Membership.mailbox)
            return session.scalars(query.where(Person.name == person, Mailbox.address == mailbox)).one()

    def members(self, mailbox: str) -> dict[str, bool]:
        """Who has access, and whether they can reply."""
        with self.world.db.read() as session:
            query = select(Person.name, Membership.can_send).join(Membership.person).join(Membership.mailbox)
            return dict(session.execute(query.where(Mailbox.address == mailbox)).all())

    def make(self, local_part: str, domain: str = "brand-a.test", name: str = "") -> str:
        """A person's mailbox, made through the console; its address."""
        fields = {"local_part": local_part, "domain_id": self.domain(domain), "display_name": name}
        answer = self.post("/mailboxes/add/personal", **fields, password_mode="generated")
        assert answer.status_code == 200, answer.text
        return f"{local_part}@{domain}"

    def make_shared(self, local_part: str, *members: str, domain: str = "brand-a.test") -> str:
        ids = [self.mailbox(member) for member in members]
        fields = {"local_part": local_part, "domain_id": self.domain(domain), "display_name": local_part.title()}
        answer = self.post("/mailboxes/add/shared", **fields, member_mailbox_ids=ids)
        assert answer.status_code == 303, answer.text
        return f"{local_part}@{domain}"

    def plan(self, name: str) -> None:
        with self.world.db.write() as session:
            session.scalars(select(Account).where(Account.name == "Acme")).one().plan = name


def secret_on(answer: TestResponse) -> str:
    """The password that is shown once."""
    found = re.search(r'<p class="secret">([^<]+)</p>', answer.text)
    assert found, "no password was shown"
    return found[1]
