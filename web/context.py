"""What a view may reach: the services of this process, and who asks."""

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app, g, request

from auth.actor import Actor, OwnerActor, Somebody
from auth.sessions import SessionEvents
from core.background import Background
from core.config import Config
from core.db import Database
from core.vault import Vault
from mail.doveadm import Doveadm
from mail.images.turns import ImageTurns
from mail.imap.pool import Pool
from mail.smtp.submission import Submission
from mailboxes.administration import Administration, administration_of
from mailboxes.audit import Doer
from mailboxes.doors import Doors

EXTENSION = "postroom"


@dataclass(frozen=True)
class Services:
    """The long-lived objects that app.py joined."""

    config: Config
    db: Database
    vault: Vault
    pool: Pool
    image_turns: ImageTurns
    submission: Submission
    doors: Doors
    session_events: SessionEvents
    doveadm: Doveadm
    background: Background


def services() -> Services:
    return cast(Services, current_app.extensions[EXTENSION])


def current_actor() -> Actor:
    """Who is signed in. The gate has let nobody else through to a view that isn't public."""
    return cast(Actor, g.actor)


def found_actor() -> Somebody | None:
    """Who has been found to be signed in so far in this request. Asks nobody."""
    return cast(Somebody | None, g.get("found_actor"))


def current_owner() -> OwnerActor:
    """Who is signed in to the console; the gate has let nobody else through to it."""
    return cast(OwnerActor, g.actor)


def current_administration() -> Administration:
    """What the owner who is signed in may run."""
    return administration_of(current_owner(), client_address())


def in_console() -> bool:
    """Whether this request is for the owners' side of the house. What it means to be signed in depends on that."""
    return request.path == "/console" or request.path.startswith("/console/")


def in_api() -> bool:
    """Whether this request is a program's. Those carry a token instead of a cookie, and read JSON."""
    return request.path == "/api" or request.path.startswith("/api/")


def current_doer() -> Doer:
    """How the audit log names whoever is signed in here."""
    return Doer(name=current_actor().address, door="web", client_address=client_address())


def client_address() -> str:
    """The network address the request came from."""
    return request.remote_addr or ""


def install(app: Flask) -> None:
    """Tell every template who is signed in."""

    @app.context_processor
    def me() -> dict[str, object]:
        return {"me": g.get("actor")}
