"""What the start says: where to go, and what works and yet shouldn't stay so."""

import os
import sys
from pathlib import Path

from auth.session_list import only_address
from core.config import LOCAL_DEFAULT_HOSTNAME, Config, url_of
from core.db import Database, now
from servers.child import spawn_python_as
from servers.demo.people import CATCH_ALL, PASSWORD, PEOPLE, TOTP_SECRET
from servers.service_user import ServiceUser


def welcome(config: Config, *, inhabited: bool) -> str:
    """Where the web is, and how to sign in; where nobody can, how the first account is made."""
    here = url_of(config.host, config.port)
    lines = [f"Ready: {here}"]
    if not inhabited:
        database = "DATABASE_URL=… " if os.environ.get("DATABASE_URL") else ""  # it may hold a password
        flask = f"{database}DATA_DIR={config.data_dir} {Path(sys.prefix) / 'bin' / 'flask'} --app app"
        lines += ["", "Nobody can sign in yet. Make an account and its owner, in another terminal:"]
        lines += [f"  {flask} owner create olive@example.com --account Example"]
        lines += [f"The owner goes on in the console: {here}/console/login"]
    if not config.demo:
        return "\n".join(lines)
    lines += ["", f"Sign in with the password {PASSWORD} as"]
    lines += [f"  {address:<24} {name}" for address, name in PEOPLE.items()]
    lines += [
        "ana, ben and tess answer for support@brand-a.test, cleo only reads it; ana also has sales@brand-b.test.",
        f"owner@acme.test also runs the account: {here}/console/login",
        f"{CATCH_ALL} reads what is written to anybody outside; nothing leaves this machine.",
        f"tess needs a code from an authenticator app: add the secret {TOTP_SECRET}.",
    ]
    return "\n".join(lines)


def warnings(config: Config, user: ServiceUser) -> list[str]:
    """One line for each thing to see to."""
    said = []
    if user.spawn and not spawn_python_as(user):
        said.append(f"Python lies where {user.name} can't reach it ({sys.prefix}): web and SMTP run as root.")
    if config.is_https and not config.trusted_proxy:
        said.append("PUBLIC_URL is https, so a proxy asks for everybody: name its address in TRUSTED_PROXY.")
    if not config.demo:
        said += _of_a_real_house(config)
    return said


def _of_a_real_house(config: Config) -> list[str]:
    said = []
    if config.mail_hostname == LOCAL_DEFAULT_HOSTNAME:
        said.append(
            f"Reports and security.txt name postmaster@{config.mail_hostname}, who can't be reached from outside: "
            "set MAIL_HOSTNAME."
        )
    if not config.trusted_proxy and (address := _everybodys_address(config)):
        said.append(
            f"Everybody who is signed in comes from {address}: if that is a proxy, name it in TRUSTED_PROXY, or "
            "one person's wrong passwords keep all others out."
        )
    return said


def _everybodys_address(config: Config) -> str:
    database = Database(config.database_url)
    try:
        with database.read() as session:
            return only_address(session, now())
    finally:
        database.dispose()
