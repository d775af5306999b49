"""Every error as a page or a fragment: what happened, what to do next, and never a bare 500."""

import logging
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, make_response, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from core.db import is_away
from core.errors import PostroomError
from mailboxes.access import MailboxAccess
from web import bounds
from web.context import found_actor, in_api, in_console
from web.first_fields import first_fields
from web.htmx import is_fragment_request
from web.http_words import FALLBACK, LETTER_TOO_LARGE, WORDS

log = logging.getLogger(__name__)

# The fields above the text of a message being written, as its form calls them and as people do.
_HEAD = {"to": "To", "cc": "Cc", "bcc": "Bcc", "subject": "Subject"}
_NO_DATABASE = "Postroom can't save anything at this moment."
_STALE = "You signed in again, or out, since this page was opened."
_STALE_PAGE = "Nothing was sent or changed. {}open the page anew, then try again."
_STALE_FRAGMENT = "Nothing was sent or changed; what you wrote is still here. Copy it, then reload the page."


def install(app: Flask, for_programs: Callable[[Exception], Response]) -> None:
    """A page for people; for programs, whatever `for_programs` makes of the error."""
    for kind, page in ((PostroomError, _ours), (CSRFError, _csrf), (HTTPException, _http), (Exception, _unforeseen)):
        app.register_error_handler(kind, partial(_tell, page, for_programs))


def _tell(page: Callable[[Any], Response], for_programs: Callable[[Exception], Response], error: Exception) -> Response:
    return for_programs(error) if in_api() else page(error)


def _ours(error: PostroomError) -> Response:
    level = logging.ERROR if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR else logging.INFO
    log.log(level, "%s: %s", error.code, error)
    return _show(error.status, error.public, "", _ways_on() if error.status == HTTPStatus.SERVICE_UNAVAILABLE else None)


def _csrf(error: CSRFError) -> Response:
    log.info("csrf: %s", error.description)
    kept = "What you wrote is below: copy it, " if _written_text() else "Go back, "
    answer = _show(400, _STALE, _STALE_FRAGMENT if is_fragment_request() else _STALE_PAGE.format(kept))
    answer.headers["X-Stale-Token"] = "1"  # the page may fetch a fresh one and try again
    return answer


def _database(error: Exception) -> Response:
    log.error("database: %s", error)
    answer = _show(503, _NO_DATABASE, "Nothing was changed. Try again in a moment.", _again())
    answer.headers["Retry-After"] = "2"
    return answer


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < HTTPStatus.BAD_REQUEST:
        return make_response(error.get_response())
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE and bounds.is_letter():
        return _show(status, *LETTER_TOO_LARGE)
    return _show(status, *WORDS.get(status, FALLBACK))


def _unforeseen(error: Exception) -> Response:
    if is_away(error):
        return _database(error)
    log.error("unforeseen", exc_info=error)
    return _show(500, *FALLBACK)


def _show(status: int, text: str, hint: str, ways_out: list[tuple[str, str]] | None = None) -> Response:
    context = {
        "status": status,
        "heading": text,
        "text": "",
        "hint": hint,
        "actions": _ways_out() if ways_out is None else ways_out,
        "kept_text": _written_text(),
        "title": text,
    }
    if is_fragment_request():
        answer = make_response(render_template("errors/_notice.html", **context), status)
        # The page stays as it is, with whatever is being written on it; only the notice is swapped.
        answer.headers["HX-Retarget"] = "#notice"
        answer.headers["HX-Reswap"] = "outerHTML"
        answer.headers["HX-Push-Url"] = "false"
    else:
        answer = make_response(render_template("errors/error.html", **context), status)
    answer.vary.add("HX-Request")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _ways_out() -> list[tuple[str, str]]:
    """What was found out before the error is known; no error page asks the database, which may be the error."""
    if found_actor() is None:
        return [("Sign in", url_for("owner.login" if in_console() else "auth.login"))]
    if is_fragment_request():
        return []  # the person is where they want to be: their page is still there
    if request.blueprint == "settings":
        return [("Go to the security settings", url_for("settings.security"))]
    return [("Go to the mailboxes", url_for("console.table")) if in_console() else _inbox()]


def _again() -> list[tuple[str, str]]:
    """Only for what changes nothing."""
    return [("Try again", request.full_path.rstrip("?"))] if request.method == "GET" else []


def _ways_on() -> list[tuple[str, str]]:
    """Where a server was too slow: once more, or the whole message as a file, which may take its time."""
    again = [] if is_fragment_request() else _again()
    of_message = request.method == "GET" and request.blueprint == "webmail" and "ref" in (request.view_args or {})
    if of_message and request.endpoint != "webmail.download_source":
        where = {
            name: value for name, value in (request.view_args or {}).items() if name in ("mailbox", "folder", "ref")
        }
        again.append(("Download the message", url_for("webmail.download_source", **where)))
    return [*again, *_ways_out()]


def _inbox() -> tuple[str, str]:
    """Of the mailbox that was opened for this request, else their own."""
    access: MailboxAccess | None = g.get("access")
    if access is None:
        return "Go to my inbox", url_for("webmail.home")
    words = f"Go to the inbox of {access.address}" if access.is_shared else "Go to my inbox"
    return words, url_for("webmail.mailbox", mailbox=access.address)


def _written_text() -> str:
    """What a person had written when they were refused, with whom it was for: it is theirs, and goes back to them."""
    if request.method != "POST":
        return ""
    try:
        form = _form_in_spite_of_its_size()
    except HTTPException:
        return ""
    written = form.get("text", "") or form.get("html", "")
    head = [f"{label}: {form[name]}" for name, label in _HEAD.items() if form.get(name)]
    return "\n".join([*head, "", written]) if written and head else written


def _form_in_spite_of_its_size() -> MultiDict[str, str]:
    """The fields also of a form that was refused for the files in it: the words are a person's work, and small.

    Of a letter from somebody who isn't signed in any more, or of whom nobody knows it while the database is away, the
    fields at its beginning.
    """
    if bounds.is_letter() and found_actor() is None:
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            return MultiDict()  # words that another site sent are nobody's here
        return first_fields(bounds.STRANGERS_LETTER.octets, bounds.STRANGERS_LETTER.fields)
    try:
        return request.form
    except RequestEntityTooLarge:
        if not bounds.is_letter():
            raise
        bounds.receive_in_spite_of_its_size()
        return request.form
