"""The codes by which programs know errors, what to do about each, and the body that tells one."""

from http import HTTPStatus

# What to do next, by code.
HINTS = {
    "unauthenticated": "Send Authorization: Bearer <token>. Owners make tokens in the console, page API & agents.",
    "insufficient_scope": "Ask an owner for a token with that scope. GET /api/v1/me lists what this one may do.",
    "feature_not_available": "Ask an owner to move the account to a plan that includes it.",
    "not_found": "Check the id: it may be gone, belong to another account, or lie outside this token's domains.",
    "address_taken": "Choose another name, or use what is there.",
    "already_member": "GET the members first; to change one, PATCH the membership.",
    "idempotency_conflict": "Use a fresh key for every new request, and the same key only to repeat one.",
    "validation_failed": "Correct what is named in fields, then send the request again.",
    "last_member": "Add somebody else first, then remove this member.",
    "not_shared": "Use the id of a shared mailbox: GET /mailboxes?type=shared lists them.",
    "already_shared": "A shared mailbox has no password: its members open it from their own. Manage those instead.",
    "member_not_eligible": "Use the id of an active regular mailbox of this account.",
    "plan_limit_reached": "Free a place, or ask an owner for a larger plan.",
    "rate_limited": "Wait as long as Retry-After says.",
    "mail_server_unavailable": "Try again in a moment.",
    "temporarily_unavailable": "Nothing was changed. Try again in a moment.",
    "bad_request": "Send HTTP as RFC 9110 and 9112 have it.",
    "method_not_allowed": "The header Allow says which methods there are.",
    "payload_too_large": "Send less than 1 MB.",
    "unsupported_media_type": "Send JSON, with the header Content-Type: application/json.",
    "headers_too_large": "Send at most 16 kB of address and 64 kB of headers in 200 lines, the rest in the body.",
    "internal_error": "Nothing was changed. If it happens again, tell us the request_id.",
}
RETRYABLE = frozenset({"rate_limited", "mail_server_unavailable", "temporarily_unavailable"})

# Errors that HTTP itself names, as code and words.
HTTP_WORDS = {
    400: ("bad_request", "That request can't be understood."),
    404: ("not_found", "There is no such call."),
    405: ("method_not_allowed", "That doesn't work with this method."),
    413: ("payload_too_large", "That request is too large."),
    414: ("headers_too_large", "The address of that request is too long."),
    415: ("unsupported_media_type", "That request isn't JSON."),
    431: ("headers_too_large", "The address or the headers of that request are too long."),
    501: ("bad_request", "That transfer coding isn't known here."),
}
# What to do where HTTP says no and the hint of the code speaks of something else.
HTTP_HINTS = {404: "Look at the method and the path: GET /api/v1/openapi.json lists every call."}
INTERNAL = ("internal_error", "Something went wrong on our side.")


def http_words(status: int) -> tuple[str, str]:
    """Code and words for what HTTP itself refuses. The law's own code for a bad request is always 422."""
    return HTTP_WORDS.get(status, INTERNAL if status >= HTTPStatus.INTERNAL_SERVER_ERROR else HTTP_WORDS[400])


def error_body(
    code: str, message: str, about: str, *, hint: str = "", retry_after: int | None = None
) -> dict[str, object]:
    """What stands under `error`; `about` is the id of the request, `retry_after` seconds to wait."""
    body: dict[str, object] = {
        "code": code,
        "message": message,
        "hint": hint or HINTS[code],
        "request_id": about,
        "retryable": code in RETRYABLE,
    }
    return body if retry_after is None else body | {"retry_after": retry_after}
