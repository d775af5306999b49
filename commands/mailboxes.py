"""Running an account from the shell: owners, domains, mailboxes, members."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from auth.passwords import generate_password
from core.db import after_commit
from core.errors import PostroomError
from mailboxes import directory, memberships
from mailboxes.audit import Doer
from mailboxes.errors import NothingByThatName
from mailboxes.models import Account
from web.context import services

Arguments = ParamSpec("Arguments")

owner = AppGroup("owner", help="Who runs an account.")
domain = AppGroup("domain", help="The domains of an account.")
mailbox = AppGroup("mailbox", help="People's own mailboxes.")
shared = AppGroup("shared", help="Shared mailboxes.")
member = AppGroup("member", help="Who has access to a shared mailbox.")

DOER = Doer("command line", "cli")


def install(app: Flask) -> None:
    for group in (owner, domain, mailbox, shared, member):
        app.cli.add_command(group)


def says_why(command: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """What the law refuses is one clear line and exit code 1, never a traceback."""

    @wraps(command)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except PostroomError as error:
            click.echo(error.public, err=True)
            sys.exit(1)

    return run


@owner.command("create")
@click.argument("email")
@click.option("--account", "account_name", required=True, help="The account; made if it isn't there.")
@click.option("--plan", default="Starter", show_default=True)
@click.option("--name", default="", help="The owner's own name.")
@click.option("--password", default="", help="Left out: one is generated and printed.")
@says_why
def owner_create(email: str, account_name: str, plan: str, name: str, password: str) -> None:
    """Make an owner, and the account if need be."""
    chosen = password or generate_password()
    with services().db.write() as session:
        account = _account(session, account_name, plan)
        directory.add_owner(session, DOER, account, email, name, chosen)
        _say(session, f"{email} runs {account.name} ({account.plan}).")
        _say_password(session, password, chosen)


@domain.command("add")
@click.argument("name")
@click.option("--account", "account_name", required=True)
@says_why
def domain_add(name: str, account_name: str) -> None:
    """Add a domain to an account."""
    with services().db.write() as session:
        added = directory.add_domain(session, DOER, directory.find_account(session, account_name), name)
        _say(session, f"{added.name} belongs to {account_name}.")


@domain.command("postmaster")
@click.argument("name")
@click.argument("address", default="")
@says_why
def domain_postmaster(name: str, address: str) -> None:
    """Let ADDRESS have what is written to postmaster@ and abuse@ of a domain; left out: an owner, or the oldest."""
    with services().db.write() as session:
        found = directory.find_domain(session, name)
        directory.choose_role_mailbox(session, DOER, found, address)
        _say(
            session,
            f"Mail for postmaster@ and abuse@{found.name} goes to {address or 'an owner or the oldest mailbox'}.",
        )


@mailbox.command("add")
@click.argument("address")
@click.option("--name", default="", help="The display name.")
@click.option("--password", default="", help="Left out: one is generated and printed.")
@says_why
def mailbox_add(address: str, name: str, password: str) -> None:
    """Make a person's mailbox."""
    chosen = password or generate_password()
    local_part, _at, domain_name = address.rpartition("@")
    with services().db.write() as session:
        found = directory.find_domain(session, domain_name)
        added = directory.add_person(session, DOER, found, local_part, name, chosen)
        _say(session, f"{added.address} can sign in.")
        _say_password(session, password, chosen)


@shared.command("add")
@click.argument("address")
@click.option("--name", default="", help="The display name, which customers see.")
@click.option("--member", "members", multiple=True, required=True, help="Who is on the team; give it once for each.")
@says_why
def shared_add(address: str, name: str, members: tuple[str, ...]) -> None:
    """Make a shared mailbox. Nobody can sign in as it; its members open it from their own webmail."""
    local_part, _at, domain_name = address.rpartition("@")
    with services().db.write() as session:
        people = [directory.find_mailbox(session, member) for member in members]
        found = directory.find_domain(session, domain_name)
        added = directory.add_shared(session, DOER, found, local_part, name, people)
        _say(session, f"{added.address} is shared by {', '.join(members)}.")


@member.command("add")
@click.argument("address")
@click.argument("person")
@click.option("--read-only", is_flag=True)
@says_why
def member_add(address: str, person: str, read_only: bool) -> None:
    """Give PERSON access to the shared mailbox ADDRESS."""
    with services().db.write() as session:
        found, who = directory.find_mailbox(session, address), directory.find_mailbox(session, person)
        memberships.add_members(session, DOER, found, [who], can_send=not read_only)
        _say(session, f"{person} {'reads' if read_only else 'replies from'} {address}.")


@member.command("remove")
@click.argument("address")
@click.argument("person")
@says_why
def member_remove(address: str, person: str) -> None:
    """Take PERSON's access to ADDRESS away, at once."""
    with services().db.write() as session:
        found, who = directory.find_mailbox(session, address), directory.find_mailbox(session, person)
        memberships.remove_member(session, DOER, services().doors, found, who)
        _say(session, f"{person} has no access to {address} any more.")


def _account(session: Session, name: str, plan: str) -> Account:
    try:
        return directory.find_account(session, name)
    except NothingByThatName:
        return directory.create_account(session, name, plan)


def _say(session: Session, text: str) -> None:
    """Say it once it is true."""
    after_commit(session, lambda: click.echo(text))


def _say_password(session: Session, given: str, chosen: str) -> None:
    if not given:
        _say(session, f"Password (shown once): {chosen}")
