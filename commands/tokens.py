"""Making tokens from the shell."""

import click
from flask import Flask
from flask.cli import AppGroup

from commands.mailboxes import DOER, says_why
from core.db import after_commit
from mailboxes import directory
from mailboxes.api_access import issue_token
from web.context import services

token = AppGroup("token", help="Tokens for the API.")


def install(app: Flask) -> None:
    app.cli.add_command(token)


@token.command("create")
@click.option("--account", "account_name", required=True)
@click.option("--scopes", required=True, help="Separated by commas, such as mailboxes:read,mailboxes:write.")
@click.option("--days", type=int, help="How long it lives; left out: until it is revoked.")
@click.option("--name", default="Token from the command line", show_default=True, help="What uses it.")
@click.option("--domain", "domains", multiple=True, help="Limits it to this domain; give it once for each.")
@says_why
def token_create(account_name: str, scopes: str, days: int | None, name: str, domains: tuple[str, ...]) -> None:
    """Make a token and print it, and nothing else. It can't be shown again."""
    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    with services().db.write() as session:
        account = directory.find_account(session, account_name)
        domain_ids = [directory.find_domain(session, domain).id for domain in domains] or None
        prefix = services().config.api_token_prefix
        made = issue_token(session, DOER, account, prefix, name, wanted, days=days, domain_ids=domain_ids)
        after_commit(session, lambda: click.echo(made))
