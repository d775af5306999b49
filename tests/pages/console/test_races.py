"""Two owners, two web processes, one database, the same moment."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from auth.models import Owner
from auth.passwords import hash_password
from mailboxes.audit import Doer
from mailboxes.directory import create_account, find_account, insert_owner
from mailboxes.models import AuditEntry, Mailbox
from tests.apps import made
from tests.cast import ANA, BEN, CLEO, OWNER, PASSWORD
from tests.pages.console.console import Desk
from tests.servers.harness import World

ROUNDS = 5


@dataclass
class Racer:
    """One process, as another machine would be one."""

    process: subprocess.Popen[str]
    token: str

    def ready(self, path: str, form: dict[str, Any], token: str) -> None:
        self._say(json.dumps([path, form, token]))
        assert self._hear() == "ready"

    def go(self) -> None:
        self._say("go")

    def answer(self) -> tuple[int, str]:
        status, text = json.loads(self._hear())
        return status, text

    def _say(self, line: str) -> None:
        _pipe(self.process.stdin).write(line + "\n")
        _pipe(self.process.stdin).flush()

    def _hear(self) -> str:
        return _pipe(self.process.stdout).readline().strip()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("cluster").database()
    with World(url, mail=False) as world:
        yield world


@pytest.fixture(scope="module")
def app(world: World) -> Iterator[Flask]:
    with made(world.config) as app:
        yield app


@pytest.fixture(scope="module")
def racers(world: World) -> Iterator[tuple[Racer, Racer]]:
    """olive and a second owner of the same account."""
    desk_of_olive = world.sign_in(OWNER, "owner")
    with world.db.write() as session:
        account = find_account(session, "Acme")
        insert_owner(session, Doer("the tests", "cli"), account.id, "otto@acme.test", "Otto", hash_password("x" * 12))
    tokens = (desk_of_olive, world.sign_in("otto@acme.test", "owner"))
    started = [_start(world, token) for token in tokens]
    yield started[0], started[1]
    for racer in started:
        _pipe(racer.process.stdin).close()
        racer.process.wait(10)
        _pipe(racer.process.stdout).close()


def _start(world: World, token: str) -> Racer:
    command = [sys.executable, "-m", "tests.pages.console.racer"]
    environment = os.environ | world.environment()
    return Racer(
        subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        ),
        token,
    )


def race(
    racers: tuple[Racer, Racer], *steps: tuple[str, dict[str, Any]], tokens: Sequence[str] = ("", "")
) -> list[tuple[int, str]]:
    """Both at the same moment; what each was told. With tokens, others than olive and otto race."""
    for racer, (path, form), token in zip(racers, steps, tokens, strict=True):
        racer.ready(f"/console{path}", form, token or racer.token)
    for racer in racers:
        racer.go()
    return [racer.answer() for racer in racers]


def test_the_last_two_members_are_removed_at_once(world: World, app: Flask, racers: tuple[Racer, Racer]) -> None:
    olive = Desk(world, app)
    for number in range(ROUNDS):
        shared = olive.make_shared(f"race{number}", ANA, BEN)
        paths = [f"{olive.path(shared)}/members/{olive.membership(who, shared)}/remove" for who in (ANA, BEN)]
        told = race(racers, (paths[0], {}), (paths[1], {}))
        assert sorted(status for status, _text in told) == [303, 422]
        assert "always needs at least one member" in next(text for status, text in told if status == 422)
        assert len(olive.members(shared)) == 1


def test_the_last_place_of_the_plan(world: World, app: Flask, racers: tuple[Racer, Racer]) -> None:
    olive = Desk(world, app)
    domain, ana = olive.domain("brand-b.test"), olive.mailbox(ANA)
    for number in range(ROUNDS):
        with world.db.read() as session:
            shared = select(func.count()).where(Mailbox.domain_id == domain, Mailbox.kind == "shared")
            there = session.scalars(shared).one()
        limit = next(limit for limit in (5, 15, 30) if limit > there)
        olive.plan({5: "Starter", 15: "Pro", 30: "Agency"}[limit])
        for filler in range(limit - there - 1):
            olive.make_shared(f"fill{number}-{filler}", ANA, domain="brand-b.test")
        forms = [
            {"local_part": f"last{number}{who}", "domain_id": domain, "display_name": "", "member_mailbox_ids": [ana]}
            for who in ("a", "b")
        ]
        told = race(racers, ("/mailboxes/add/shared", forms[0]), ("/mailboxes/add/shared", forms[1]))
        assert sorted(status for status, _text in told) == [303, 422]
        assert f"includes {limit} shared mailboxes" in next(text for status, text in told if status == 422)
        with world.db.read() as session:
            assert session.scalars(shared).one() == limit
        if limit == 30:
            break


def test_the_same_address_twice(world: World, app: Flask, racers: tuple[Racer, Racer]) -> None:
    olive = Desk(world, app)
    olive.plan("Agency")
    for number in range(ROUNDS):
        form = {"local_part": f"same{number}", "domain_id": olive.domain("brand-a.test"), "display_name": ""}
        form |= {"password_mode": "set", "password": "seven quiet herons 42"}
        told = race(racers, ("/mailboxes/add/personal", form), ("/mailboxes/add/personal", form))
        assert sorted(status for status, _text in told) == [303, 409]
        assert f"same{number}@brand-a.test is taken already" in next(text for status, text in told if status == 409)


def test_the_same_person_added_twice(world: World, app: Flask, racers: tuple[Racer, Racer]) -> None:
    olive = Desk(world, app)
    for number in range(ROUNDS):
        shared = olive.make_shared(f"twice{number}", ANA)
        step = (f"{olive.path(shared)}/members", {"member_mailbox_ids": [olive.mailbox(BEN)]})
        told = race(racers, step, step)
        assert sorted(status for status, _text in told) == [303, 409]
        assert set(olive.members(shared)) == {ANA, BEN}
        with world.db.read() as session:
            added = (AuditEntry.mailbox == shared, AuditEntry.subject == BEN, AuditEntry.action == "member.added")
            assert len(session.scalars(select(AuditEntry.id).where(*added)).all()) == 1


def test_two_people_are_converted_into_each_others_mailboxes(
    world: World, app: Flask, racers: tuple[Racer, Racer]
) -> None:
    """The second finds that whom it wanted is a person no more; neither waits for the other for ever."""
    olive = Desk(world, app)
    for number in range(ROUNDS):
        one, two = olive.make(f"one{number}"), olive.make(f"two{number}", "brand-b.test")
        steps = [
            (f"{olive.path(mine)}/convert-to-shared", {"member_mailbox_ids": [olive.mailbox(other)]})
            for mine, other in ((one, two), (two, one))
        ]
        told = race(racers, steps[0], steps[1])
        assert sorted(status for status, _text in told) == [303, 422]


def test_an_owner_removes_a_member_while_another_makes_them_read_only(
    world: World, app: Flask, racers: tuple[Racer, Racer]
) -> None:
    olive = Desk(world, app)
    for number in range(ROUNDS):
        shared = olive.make_shared(f"both{number}", ANA, CLEO)
        path = f"{olive.path(shared)}/members/{olive.membership(CLEO, shared)}"
        told = race(racers, (f"{path}/remove", {}), (f"{path}/rights", {"can_send": "0"}))
        assert told[0][0] == 303
        assert told[1][0] in (303, 404)
        assert set(olive.members(shared)) == {ANA}


def test_two_owners_remove_each_other(world: World, racers: tuple[Racer, Racer]) -> None:
    """One of them always stays: an account is never without an owner."""
    doer, names = Doer("the tests", "cli"), ("dora@duel.test", "dirk@duel.test")
    with world.db.write() as session:
        account = create_account(session, "Duel", "Nano")
    owners = select(Owner).where(Owner.account_id == account.id)
    for _ in range(2 * ROUNDS):
        with world.db.write() as session:
            for name in set(names) - {owner.name for owner in session.scalars(owners)}:
                insert_owner(session, doer, account.id, name, "", hash_password(PASSWORD))
            ids = {owner.name: owner.id for owner in session.scalars(owners)}
        steps = [(f"/settings/owners/{ids[other]}/remove", {"password": PASSWORD}) for other in reversed(names)]
        told = race(racers, *steps, tokens=[world.sign_in(name, "owner") for name in names])
        with world.db.read() as session:
            assert len(session.scalars(owners).all()) == 1, "nobody runs the account any more"
        # Whoever came second was signed out already, or is told that the last one stays.
        assert [status for status, _text in told].count(303) >= 1


def test_the_last_mailbox_is_added_while_the_plan_becomes_smaller(
    world: World, app: Flask, racers: tuple[Racer, Racer]
) -> None:
    """It was made before the plan changed, or not at all."""
    olive = Desk(world, app)
    assert olive.post("/domains", name="small.test").status_code == 303
    domain = olive.domain("small.test")
    olive.plan("Agency")
    for number in range(5):
        olive.make(f"small{number}", "small.test")
    for number in range(2 * ROUNDS):
        olive.plan("Agency")
        address = f"more{number}@small.test"
        form = {"local_part": f"more{number}", "domain_id": domain, "display_name": ""}
        form |= {"password_mode": "set", "password": "seven quiet herons 42"}
        told = race(racers, ("/mailboxes/add/personal", form), ("/plan", {"plan": "Nano", "confirmed": "Nano"}))
        assert told[0][0] in (303, 422)
        assert told[1][0] == 303
        with world.db.read() as session:
            actions = session.scalars(
                select(AuditEntry.action)
                .where((AuditEntry.mailbox == address) | (AuditEntry.action == "plan.changed"))
                .order_by(AuditEntry.id.desc())
            ).all()
        assert actions[0] == "plan.changed"
        assert ("mailbox.added" in actions) is (told[0][0] == 303)
        if told[0][0] == 303:
            with world.db.write() as session:
                session.execute(delete(Mailbox).where(Mailbox.address == address))
    olive.plan("Agency")
