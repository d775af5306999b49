#!/usr/bin/env python3
"""What a page of GET /api/v1/mailboxes costs in an account with very many mailboxes, through the whole application.

    python -m bench.api_mailboxes [--mailboxes 100000] [--rounds 30] [--limit 50] [--database postgresql://…]

Prints for each question: how many it finds, the median and the slowest of the rounds in milliseconds, and the median
of the processor time this process used, which a busy machine blurs less (with SQLite it is all of the work).
Ends with 1 when a median is over the limit.
"""

import argparse
import dataclasses
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import Row, insert, select

from app import create_app
from auth.models import Person
from core.config import Config
from core.db import Database, now
from mailboxes.api_access import issue_token
from mailboxes.audit import Doer
from mailboxes.directory import create_account, find_account
from mailboxes.models import REGULAR, SHARED, Domain, Mailbox, Membership
from mailboxes.scopes import MAILBOXES_READ
from migrations.migrate import upgrade
from web.context import EXTENSION, Services

ACCOUNT, DOMAINS, SHARED_EVERY, EMPTY_EVERY, BATCH = "Everybody", 100, 50, 10, 5_000
NAMES = ("Ana", "Ben", "Cleo", "Dan", "Eve", "Kim", "Olive", "Tess", "Zoë", "Łukasz")
FAMILIES = ("Almeida", "Brandt", "Castellanos", "Dvořák", "Evans", "Keller", "Owens", "Tanaka", "Müller", "Nowak")

QUESTIONS = {
    "first page": "per_page=50",
    "page 100 × 100": "per_page=100&page=100",
    "last page": "per_page=50&page={last}",
    "search, one finds": "search=person099999",
    "search, many find": "search=person0",
    "search a name": "search=Łukasz+Now",
    "search, none finds": "search=nobody-is-called-so",
    "type=shared": "type=shared",
    "has_members=false": "has_members=false",
    "has_members=false, page 2": "has_members=false&page=2",
    "has_members=true": "has_members=true",
    "one domain": "domain_id={domain}",
    "one domain, search": "domain_id={domain}&search=person0",
    "the bin": "status=trashed",
}


def fill(db: Database, count: int) -> None:
    """One account with `count` mailboxes, every 50th shared, every 10th of those without members."""
    at = now()
    with db.write() as session:
        account = create_account(session, ACCOUNT, "Agency")
        session.flush()
        names = [f"domain{number:03}.test" for number in range(DOMAINS)]
        rows = [{"account_id": account.id, "name": name, "created_at": at} for name in names]
        session.execute(insert(Domain), rows)
        domains = session.execute(select(Domain.id, Domain.name).order_by(Domain.name)).all()
        for start in range(0, count, BATCH):
            numbers = range(start, min(start + BATCH, count))
            session.execute(insert(Mailbox), [_mailbox(number, account.id, domains, at) for number in numbers])
        session.execute(insert(Person), [_person(number, domains, at) for number in range(1, min(count, 5_000), 2)])
        people = list(session.scalars(select(Person.id).order_by(Person.id)))
        shared = list(session.scalars(select(Mailbox.id).where(Mailbox.kind == SHARED).order_by(Mailbox.id)))
        members = [
            {"mailbox_id": mailbox, "mailbox_kind": SHARED, "login_id": people[(index * 7 + more) % len(people)]}
            | {"can_send": True, "custom_label": "", "created_at": at}
            for index, mailbox in enumerate(shared)
            if index % EMPTY_EVERY
            for more in range(3)
        ]
        session.execute(insert(Membership), members)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def _mailbox(number: int, account_id: int, domains: Sequence[Row[int, str]], at: int) -> dict[str, object]:
    domain_id, domain = domains[number % len(domains)]
    local_part = f"person{number:06}"
    return {
        "account_id": account_id,
        "domain_id": domain_id,
        "local_part": local_part,
        "address": f"{local_part}@{domain}",
        "kind": REGULAR if number % SHARED_EVERY else SHARED,
        "display_name": f"{NAMES[number % 10]} {FAMILIES[number // 10 % 10]}",
        "signature": "",
        "status": "active",
        "used_bytes": number * 1000,
        "created_at": at,
    }


def _person(number: int, domains: Sequence[Row[int, str]], at: int) -> dict[str, object]:
    address = f"person{number:06}@{domains[number % len(domains)][1]}"
    facts = {"name": address, "mailbox_kind": REGULAR, "display_name": "", "password_hash": None}
    return facts | {"totp_last_step": 0, "password_changed_at": at, "created_at": at}


def measure(client: FlaskClient, token: str, question: str, rounds: int) -> tuple[int, float, float, float]:
    """How many are found; median, slowest and processor time of the rounds in ms, after one that isn't counted."""
    taken, used = [], []
    for _ in range(rounds + 1):
        started, busy = time.perf_counter(), time.process_time()
        answer = client.get(f"/api/v1/mailboxes?{question}", headers={"Authorization": f"Bearer {token}"})
        taken.append((time.perf_counter() - started) * 1000)
        used.append((time.process_time() - busy) * 1000)
        assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return answer.json["meta"]["total"], statistics.median(taken[1:]), max(taken[1:]), statistics.median(used[1:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mailboxes", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--limit", type=float, default=50, help="What a page may cost: the median, in milliseconds.")
    parser.add_argument("--database", default="", help="An empty PostgreSQL database; left out: SQLite.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="postroom-bench-") as place:
        config = Config.from_env({"DATA_DIR": str(Path(place)), "DATABASE_URL": given.database, "ASSETS": "local"})
        app = create_app(dataclasses.replace(config, api_requests_per_minute=10**9))
        here: Services = app.extensions[EXTENSION]
        upgrade(here.db)
        fill(here.db, given.mailboxes)
        with here.db.write() as session:
            account, doer = find_account(session, ACCOUNT), Doer("bench", "cli")
            token = issue_token(session, doer, account, config.api_token_prefix, "bench", [MAILBOXES_READ])
            domain = session.scalars(select(Domain.id).where(Domain.name == "domain042.test")).one()
        print(f"{'':28}{'found':>8}{'median ms':>12}{'slowest ms':>12}{'CPU ms':>10}   ({given.mailboxes} mailboxes)")
        slow = []
        for name, question in QUESTIONS.items():
            asked = question.format(last=given.mailboxes // 50, domain=domain)
            found, median, slowest, busy = measure(app.test_client(), token, asked, given.rounds)
            print(f"{name:28}{found:8}{median:12.1f}{slowest:12.1f}{busy:10.1f}")
            slow += [name] if median > given.limit else []
        here.db.dispose()
    if slow:
        print(f"Over {given.limit:g} ms: {', '.join(slow)}.")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
