"""The audit log, on the page and as a file."""

from collections.abc import Iterator
from datetime import date

from flask import Response as FlaskResponse
from flask import request, stream_with_context, url_for
from werkzeug.wrappers import Response

from mailboxes.audit_log import ACTIONS, AuditFilters, as_csv, find_entries
from pages.console.shell import console, looking, page, page_number

PER_PAGE = 50
_FIELDS = ("mailbox", "person", "action", "from", "to")


@console.get("/audit")
def audit() -> Response:
    """Newest first; what is asked stands in the URL."""
    asked = {name: request.args.get(name, "").strip()[:320] for name in _FIELDS}
    at = page_number(request.args.get("page", ""))
    with looking() as (session, admin):
        entries, total = find_entries(session, admin, _filters(asked), page=at, per_page=PER_PAGE)

    def link(number: int) -> str:
        return url_for("console.audit", **{name: value for name, value in asked.items() if value}, page=number)  # type: ignore[arg-type]

    return page(
        "audit",
        entries=entries,
        total=total,
        asked=asked,
        actions=ACTIONS,
        csv_url=url_for("console.audit_csv", **{name: value for name, value in asked.items() if value}),  # type: ignore[arg-type]
        first=(at - 1) * PER_PAGE + 1,
        previous_url=link(at - 1) if at > 1 else "",
        next_url=link(at + 1) if at * PER_PAGE < total else "",
    )


@console.get("/audit.csv")
def audit_csv() -> FlaskResponse:
    """The same as a file for a spreadsheet, however long."""
    asked = {name: request.args.get(name, "").strip()[:320] for name in _FIELDS}

    def lines() -> Iterator[str]:
        with looking() as (session, admin):
            yield from as_csv(session, admin, _filters(asked))

    answer = FlaskResponse(stream_with_context(lines()), content_type="text/csv; charset=utf-8; header=present")
    answer.headers["Content-Disposition"] = 'attachment; filename="postroom-audit-log.csv"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _filters(asked: dict[str, str]) -> AuditFilters:
    return AuditFilters(
        mailbox=asked["mailbox"],
        person=asked["person"],
        action=asked["action"] if asked["action"] in ACTIONS else "",
        first_day=_day(asked["from"]),
        last_day=_day(asked["to"]),
    )


def _day(text: str) -> date | None:
    """`2026-11-23`, as a date field sends it; anything else asks nothing."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
