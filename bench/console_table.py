"""How quick is the console with many mailboxes?

    .venv/bin/python -m bench.console_table [MAILBOXES] [DATABASE_URL]

Makes an account with so many (10,000), asks for the table in every way through the application, adds 200 people to a
shared mailbox in one request, and prints the median and the slowest of each in milliseconds. Without a database URL:
SQLite in a directory of its own.
"""

import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import insert, select

from app import create_app
from auth import sessions
from auth.actor import Client
from auth.models import Owner, Person
from auth.passwords import Cost, hash_password, hashing_cost
from core.config import Config
from core.db import Database, now
from core.vault import Vault
from mailboxes.audit import Doer
from mailboxes.directory import add_domain, add_owner, create_account
from mailboxes.models import AuditEntry, Mailbox, Membership
from migrations.migrate import upgrade
from web.context import EXTENSION, Services

ROUNDS = 15
SHARED_EVERY = 50
MEMBERS = 8
ENTRIES = 100_000
QUESTIONS = {
    "first page": "/console/mailboxes",
    "last page": "/console/mailboxes?page={last}",
    "by name, down": "/console/mailboxes?sort=name&dir=desc",
    "by type": "/console/mailboxes?sort=type",
    "by members, down": "/console/mailboxes?sort=members&dir=desc",
    "by storage, down": "/console/mailboxes?sort=storage&dir=desc",
    "shared only": "/console/mailboxes?show=shared",
    "no members": "/console/mailboxes?show=no-members",
    "search, few found": "/console/mailboxes?q=person77",
    "search, none found": "/console/mailboxes?q=zzzz",
    "people to add": "/console/people?q=person&for={shared}",
    "access tab": "/console/mailboxes/{shared}/access",
    "plan": "/console/plan",
    "audit log": "/console/audit",
    "audit log, one person": "/console/audit?person=person77",
}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as directory, hashing_cost(Cost(1, 8, 1)):
        environ = {"DATA_DIR": directory, "ASSETS": "local", "DATABASE_URL": "".join(sys.argv[2:3])}
        config = Config.from_env(environ)
        Path(directory).chmod(0o700)
        app = create_app(config)
        services: Services = app.extensions[EXTENSION]
        shared, people = fill(services.db, count)
        client = app.test_client()
        client.set_cookie("postroom-console", sign_in(services.db, services.vault))
        print(f"{count:,} mailboxes, {services.db.engine.dialect.name}")
        known = {"last": -(-count // 50), "shared": shared}
        for what, url in QUESTIONS.items():
            report(what, lambda url=url: ask(client, url.format(**known)))  # type: ignore[misc]
        report("add 200 people", adding(client, shared, people))
        services.db.dispose()


def ask(client: FlaskClient, url: str) -> None:
    assert client.get(url).status_code == 200, url


def adding(client: FlaskClient, shared: int, people: list[int]) -> Callable[[], None]:
    """Another 200 every time."""
    batches = iter([people[start : start + 200] for start in range(0, len(people), 200)])
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/console/domains").text)
    assert found

    def add() -> None:
        form = {"csrf_token": found[1], "member_mailbox_ids": next(batches)}
        assert client.post(f"/console/mailboxes/{shared}/members", data=form).status_code == 303

    return add


def report(what: str, question: Callable[[], None]) -> None:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        question()
        times.append((time.perf_counter() - began) * 1000)
    print(f"{what:<22} {statistics.median(times):7.1f} {max(times):7.1f}")


def sign_in(db: Database, vault: Vault) -> str:
    with db.write() as session:
        owner = session.scalars(select(Owner)).one()
        return sessions.start(session, vault, owner, Client("127.0.0.1", "bench"), now()).token


def fill(db: Database, count: int) -> tuple[int, list[int]]:
    """One shared mailbox in fifty, eight members each; the id of a shared one, and people who aren't in it."""
    upgrade(db)
    doer, at = Doer("bench", "cli"), now()
    with db.write() as session:
        account = create_account(session, "Big", "Agency")
        add_owner(session, doer, account, "owner@big.test", "Olive", "seven quiet herons 42")
        domains = [add_domain(session, doer, account, f"brand-{number}.test") for number in range(20)]
        rows = [
            {
                "account_id": account.id,
                "domain_id": domains[number % 20].id,
                "local_part": f"person{number}",
                "address": f"person{number}@{domains[number % 20].name}",
                "kind": "shared" if number % SHARED_EVERY == 0 else "regular",
                "display_name": f"Person Number {number}",
                "used_bytes": number * 7919 % 10**9,
                "created_at": at,
            }
            for number in range(count)
        ]
        session.execute(insert(Mailbox), rows)
        password = hash_password("seven quiet herons 42")
        people = [row for row in rows if row["kind"] == "regular"]
        session.execute(
            insert(Person),
            [
                {"name": row["address"], "display_name": row["display_name"], "created_at": at}
                | {"mailbox_kind": "regular", "password_hash": password, "totp_last_step": 0, "password_changed_at": 0}
                for row in people
            ],
        )
        shared = list(session.scalars(select(Mailbox.id).where(Mailbox.kind == "shared").order_by(Mailbox.id)))
        logins = list(session.scalars(select(Person.id).order_by(Person.id)))
        session.execute(
            insert(Membership),
            [
                {"mailbox_id": mailbox, "login_id": logins[(place * MEMBERS + member) % len(logins)], "created_at": at}
                for place, mailbox in enumerate(shared)
                for member in range(MEMBERS)
            ],
        )
        session.execute(
            insert(AuditEntry),
            [
                {"account_id": account.id, "at": at - number, "actor": "owner@big.test", "door": "web"}
                | {"action": "member.added", "subject": people[number % len(people)]["address"]}
                for number in range(ENTRIES)
            ],
        )
        free = session.scalars(select(Mailbox.id).where(Mailbox.kind == "regular").order_by(Mailbox.id)).all()
    return shared[0], list(free[MEMBERS * 2 :])


if __name__ == "__main__":
    main()
