"""What a request names, read once and checked for shape."""

from flask import g, request
from werkzeug.datastructures import MultiDict

from mail.imap.refs import BadRef, MessageRef
from mailboxes.access import MailboxAccess, open_mailbox
from mailboxes.rights import Right
from pages.mail.contexts import place
from web.context import current_actor, services
from webmail.reading.searching import narrowed

MAX_REFS = 500
MAX_SEARCH = 500


def opened(mailbox: str, need: Right = Right.READ) -> MailboxAccess:
    """The mailbox in the URL, for whoever asks. Raises MailboxNotFound, Forbidden."""
    g.access = access = open_mailbox(services().db, current_actor(), mailbox, need)
    return access


def page_number() -> int:
    return max(1, request.args.get("page", 1, type=int))


def searched(values: MultiDict[str, str]) -> str:
    """The search these values name: what stands in the box, and what was added in the fields beside it."""
    search = values.get("q", "")
    for field in ("from", "subject"):
        search = narrowed(search, field, values.get(field, ""))
    return search.strip()[:MAX_SEARCH]


def beside() -> dict[str, str]:
    """Which page of which search stands beside what is asked for: the query that its links carry on."""
    return place(page_number(), searched(request.args))


def posted_refs(folder: str) -> list[MessageRef]:
    """The messages a form names. Raises BadRef when there are none, or too many."""
    tokens = request.form.getlist("ref")
    if not tokens:
        raise BadRef("no message chosen", public="Choose at least one message first.")
    if len(tokens) > MAX_REFS:
        raise BadRef("too many", public=f"Choose at most {MAX_REFS} messages at a time.")
    return [MessageRef.parse(folder, token) for token in dict.fromkeys(tokens)]
