"""The whole JSON surface, joined: importing this module makes its routes."""

from flask import Flask

from api.rest import (
    envelope,
    guard,
    routing,
    views_account,
    views_docs,
    views_domains,
    views_mailboxes,
    views_members,
    views_shared,
)

blueprint = routing.api
rooms = (views_account, views_domains, views_mailboxes, views_members, views_shared)


def install(app: Flask) -> None:
    envelope.install(app)
    guard.install(app)
    app.url_map.converters["id"] = routing.Id
    app.register_blueprint(blueprint)
    app.register_blueprint(views_docs.blueprint)
