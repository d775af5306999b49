"""What a tool says when it fails: for a model, which knows tools and arguments, not paths and headers."""

from collections.abc import Collection, Iterable

from pydantic import ValidationError

from api.rest.answers import ErrorData
from api.rest.wrong_fields import unknown_fields, wrong_fields

# What to do next, by the API's code, where its own hint speaks of REST.
TOOL_HINTS = {
    "unauthenticated": "Ask an owner for a new token: console, page API & agents.",
    "insufficient_scope": "Ask an owner for a token with that scope: console, page API & agents.",
    "not_found": "Find the id with list_domains, list_mailboxes or list_shared_mailbox_members.",
    "already_member": "See list_shared_mailbox_members; update_shared_mailbox_member changes one.",
    "idempotency_conflict": "Use a fresh idempotency_key for every new call, and the same one only to repeat a call.",
    "validation_failed": "Correct the arguments that are named, then call again.",
    "last_member": "Add somebody else first with add_shared_mailbox_member, then remove this member.",
    "not_shared": "Find shared mailboxes with list_mailboxes.",
    "already_shared": "Its members are managed instead: see list_shared_mailbox_members.",
    "member_not_eligible": "Find active regular mailboxes of the account with list_mailboxes.",
    "rate_limited": "Wait a minute, then call again.",
    "bad_request": "Tell an owner: this tool server and Postroom don't fit together.",
    "method_not_allowed": "Tell an owner: this tool server and Postroom don't fit together.",
    "unsupported_media_type": "Tell an owner: this tool server and Postroom don't fit together.",
    "headers_too_large": "Use shorter arguments.",
}


def wrong_arguments(error: ValidationError) -> str:
    """What the shapes refused; what was sent isn't repeated."""
    return f"validation_failed: {_listed(wrong_fields(error))} {TOOL_HINTS['validation_failed']}"


def unknown_arguments(sent: Iterable[str], known: Collection[str]) -> str:
    """What to say of arguments a tool doesn't have; "" when it has them all."""
    unknown = unknown_fields(sent, known)
    return f"validation_failed: {_listed(unknown)} {TOOL_HINTS['validation_failed']}" if unknown else ""


def refused(error: ErrorData) -> str:
    """What the API said no to, and the id by which its log knows the request."""
    words = _listed(error.fields) if error.fields else error.message
    return f"{error.code}: {words} {TOOL_HINTS.get(error.code, error.hint)} (request_id {error.request_id})"


def unanswered(what: str, *, may_have_changed: bool, key: str | None) -> str:
    """No answer that can be read; whether something was done then, nobody here knows."""
    if not may_have_changed:
        return f"{what} Nothing was changed. Try again in a moment."
    if key is None:
        return f"{what} The change may have been made all the same: look whether it was made before you call again."
    return (
        f"{what} The change may have been made all the same. Call again with the same arguments and the same "
        "idempotency_key: nothing is done twice."
    )


def _listed(fields: dict[str, list[str]]) -> str:
    return " ".join(f"{name}: {'. '.join(text.rstrip('.') for text in texts)}." for name, texts in fields.items())
