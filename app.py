"""Postroom, joined: the only place where rooms meet, and nobody imports it."""

import logging
import os

from flask import Flask
from flask_wtf import CSRFProtect

import api.rest.views
import commands.mailboxes
import commands.servers
import commands.tokens
import pages.console
import pages.console.owner
import pages.mail
import pages.settings.person
import pages.settings.shares
import pages.sign_in.people
import pages.well_known
from api.rest import envelope
from auth import kicks
from auth.sessions import SessionEvents
from core.background import Background
from core.config import Config
from core.db import Database
from core.vault import Vault
from mail.images.turns import ImageTurns
from mail.imap.pool import Pool
from mail.smtp.submission import Submission
from mailboxes.doors import Closing, Doors
from servers.dovecot.administration import doveadm_of
from web import assets, bounds, compression, context, converters, errors, form_cookie, gate, headers, unstorable
from web.context import EXTENSION, Services

log = logging.getLogger(__name__)


def create_app(config: Config | None = None) -> Flask:
    """The web application. It opens no connection before the first request needs one."""
    config = config or Config.from_env(os.environ)
    services = join(config)
    app = Flask(__name__)
    app.extensions[EXTENSION] = services
    app.config.update(
        SECRET_KEY=services.vault.flask_secret,
        # Each route's own bounds follow (web/bounds.py).
        MAX_CONTENT_LENGTH=bounds.SMALL.octets,
        SESSION_COOKIE_NAME="__Host-form" if config.is_https else "form",
        SESSION_COOKIE_SECURE=config.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,  # it lives as long as the session: a page may be open all day
        WTF_CSRF_SSL_STRICT=False,  # the token is enough, and our pages send no Referer to themselves everywhere
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    compression.install(app)
    form_cookie.install(app)
    bounds.install(app)
    unstorable.install(app)
    csrf = CSRFProtect(app)
    # Forged requests ride on cookies, and the API takes none: a token is sent on purpose.
    csrf.exempt(api.rest.views.blueprint)
    for part in (converters, context, gate, headers, assets):
        part.install(app)
    errors.install(app, for_programs=envelope.tell)
    for part in (pages.well_known, pages.sign_in.people, pages.settings.person, pages.console.owner, pages.mail):
        app.register_blueprint(part.blueprint)
    for blueprint in (pages.console.console, pages.settings.shares.shares, pages.settings.shares.signature):
        app.register_blueprint(blueprint)
    api.rest.views.install(app)
    for group in (commands.mailboxes, commands.servers, commands.tokens):
        group.install(app)
    return app


def join(config: Config) -> Services:
    """The long-lived objects of one process, each told of the others it serves."""
    db = Database(config.database_url)
    pool = Pool(config.host_of_servers, config.imap_port)
    doveadm = doveadm_of(config)

    def close(closing: Closing) -> None:
        pool.evict(mailbox=closing.mailbox, person=closing.person)
        kicks.kick(db, closing.mailbox, doveadm.kick)

    def sessions_ended(session_ids: list[int], address: str) -> None:
        for session_id in session_ids:
            pool.evict(owner=session_id)
        kicks.kick(db, address, doveadm.kick)

    return Services(
        config=config,
        db=db,
        vault=Vault.of(config),
        pool=pool,
        image_turns=ImageTurns(),
        submission=Submission(config.host_of_servers, config.submission_port, config.mail_hostname),
        doors=Doors(close),
        session_events=SessionEvents([sessions_ended]),
        doveadm=doveadm,
        background=Background("letters"),
    )
