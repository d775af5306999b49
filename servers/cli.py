"""`flask --app app demo`, `flask --app app doctor` and `flask --app app housekeeping`."""

import sys

import click
from flask import Flask
from flask.cli import with_appcontext

from servers.demo import seed
from servers.doctor import Doctor
from servers.housekeeping import Housekeeper
from servers.service_user import service_user
from web.context import services


def install(app: Flask) -> None:
    app.cli.add_command(demo)
    app.cli.add_command(doctor)
    app.cli.add_command(housekeeping)


@click.command()
@with_appcontext
def demo() -> None:
    """Make the demo world, if it isn't there. Its passwords are public."""
    here = services()
    if not here.config.demo:
        click.echo("DEMO=0 is set, and the demo's passwords are public.", err=True)
        sys.exit(1)
    made = seed(here.config, here.db, here.vault, service_user())
    click.echo("The demo world is ready." if made else "The demo world is there already.")


@click.command()
@with_appcontext
def doctor() -> None:
    """Prove, on the running servers, that shared mailboxes are locked and their members get in."""
    here = services()
    wrong = looked = 0
    for finding in Doctor(here.config, here.db, here.vault).examine():
        looked += 1
        wrong += not finding.good
        click.echo(f"{'ok   ' if finding.good else 'WRONG'}  {finding.mailbox}  {finding.what}")
    if not looked:
        click.echo("There is no shared mailbox to examine.")
    click.echo(f"{looked} checks, {wrong} wrong.")
    sys.exit(1 if wrong else 0)


@click.command()
@with_appcontext
def housekeeping() -> None:
    """Count what is used and empty the bin of what waited a week, now. `make run` does it by itself."""
    here = services()
    gone = Housekeeper(here.config, here.db, here.doveadm).tidy()
    for address in gone:
        click.echo(f"{address} is removed for good.")
    click.echo(f"Counted. Removed: {len(gone)}.")
