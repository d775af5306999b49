"""What a token is, and what its account has."""

from datetime import date

from api.rest.answers import (
    AccountData,
    AuditAnswer,
    Capabilities,
    DomainUsageData,
    EntryData,
    LimitsData,
    MeAnswer,
    MeData,
    Meta,
    TokenData,
    UsageData,
)
from api.rest.bodies import AuditQuery
from api.rest.calls import Call
from api.rest.envelope import Invalid
from api.rest.routing import read
from mailboxes.administration import account_of
from mailboxes.api_access import effective_scopes
from mailboxes.audit_log import AuditFilters, find_entries
from mailboxes.overview import usage
from mailboxes.scopes import AUDIT_READ, SCOPES


@read("/me", "", MeAnswer, tag="Account")
def get_me(call: Call) -> MeAnswer:
    """Who am I, and what may I do?

    The token's account with its plan, limits and usage. Agents read `capabilities.effective_scopes` before they offer
    tools: what the token was made for, as far as the plan goes.
    """
    bearer, plan = call.caller.bearer, call.caller.plan
    with call.services.db.read() as session:
        account, used = account_of(session, call.admin), usage(session, call.admin)
    return MeAnswer(
        data=MeData(
            account=AccountData(id=account.id, name=account.name),
            token=TokenData(
                id=bearer.token_id,
                name=bearer.name,
                scopes=[scope for scope in SCOPES if scope in bearer.scopes],
                domain_ids=None if bearer.domain_ids is None else sorted(bearer.domain_ids),
            ),
            plan=plan.name,
            limits=LimitsData(
                shared_per_domain=plan.shared_per_domain,
                mailboxes_per_domain=plan.mailboxes_per_domain,
                storage_mb=plan.storage_mb,
            ),
            usage=UsageData(
                used_mb=used.used_mb,
                domains=[
                    DomainUsageData(
                        domain_id=one.domain_id, domain=one.domain, shared=one.shared, mailboxes=one.mailboxes
                    )
                    for one in used.domains
                ],
            ),
        ),
        capabilities=Capabilities(effective_scopes=effective_scopes(plan, bearer)),
    )


@read("/audit", AUDIT_READ, AuditAnswer, tag="Audit", query=AuditQuery)
def list_audit(call: Call, query: AuditQuery) -> AuditAnswer:
    """What happened in the account, newest first.

    `mailbox` and `person` look for a part of the address; `action` is one such as `member.added`; `since` and `until`
    are days in UTC, both included. A token limited to some domains sees their mailboxes' entries.
    """
    filters = AuditFilters(
        mailbox=query.mailbox or "",
        person=query.person or "",
        action=query.action or "",
        first_day=_day("since", query.since),
        last_day=_day("until", query.until),
    )
    with call.services.db.read() as session:
        entries, total = find_entries(session, call.admin, filters, page=query.page, per_page=query.per_page)
    return AuditAnswer(
        data=[EntryData.of(entry) for entry in entries],
        meta=Meta(page=query.page, per_page=query.per_page, total=total),
    )


def _day(name: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid({name: ["There is no such day."]}) from error
