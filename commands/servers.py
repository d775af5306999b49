"""`flask --app app demo`, `flask --app app doctor` and `flask --app app housekeeping`."""

import os
import sys
from collections import Counter

import click
from flask import Flask
from flask.cli import with_appcontext

from commands.doctor import Doctor, Verdict
from servers.demo.seeding import seed
from servers.run.housekeeping import Housekeeper
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
    held = services()
    if not held.config.demo:
        click.echo("DEMO=0 is set, and the demo's passwords are public.", err=True)
        sys.exit(1)
    made = seed(held.config, held.db, held.vault, service_user())
    click.echo("The demo world is ready." if made else "The demo world is there already.")


@click.command()
@with_appcontext
def doctor() -> None:
    """Prove, on the running servers, that shared mailboxes are locked and their members get in.

    Exit status: 0 when all of it is so, 1 when something is WRONG, 75 when nothing is wrong and the servers were too
    slow to tell about some of it (run it again in a quieter moment).
    """
    held = services()
    found: Counter[Verdict] = Counter()
    for finding in Doctor(held.config, held.db, held.vault).examine():
        found[finding.verdict] += 1
        click.echo(f"{finding.verdict.value:5}  {finding.mailbox}  {finding.what}")
    if not found:
        click.echo("There is no shared mailbox to examine.")
    wrong, slow = found[Verdict.WRONG], found[Verdict.TOO_SLOW]
    click.echo(f"{found.total()} checks, {wrong} wrong, {slow} too slow to tell.")
    sys.exit(1 if wrong else os.EX_TEMPFAIL if slow else 0)


@click.command()
@with_appcontext
def housekeeping() -> None:
    """Count what is used and empty the bin of what waited a week, now. `make run` does it by itself."""
    held = services()
    gone = Housekeeper(held.config, held.db, held.doveadm).tidy()
    for address in gone:
        click.echo(f"{address} is removed for good.")
    click.echo(f"Counted. Removed: {len(gone)}.")
