"""Which programs may do the owner's work: making and revoking tokens, and what the plan lets them do."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from auth import tokens
from auth.actor import Bearer
from auth.errors import Unauthenticated
from auth.tokens import TokenView
from core.db import now
from mail import clean
from mailboxes.administration import Administration
from mailboxes.audit import Doer, record
from mailboxes.errors import BadTokenRequest, FeatureNotAvailable, InsufficientScope, NothingByThatName
from mailboxes.models import Account, Domain
from mailboxes.plans import PLANS, Plan
from mailboxes.scopes import DOMAINS_CREATE, SCOPES

MOST_DAYS = 3650


def issue_token(
    session: Session,
    doer: Doer,
    account: Account,
    prefix: str,
    name: str,
    scopes: Collection[str],
    *,
    days: int | None = None,
    domain_ids: Collection[int] | None = None,
) -> str:
    """A new token of the account; this is the only time it can be seen. Raises BadTokenRequest, NothingByThatName.

    A scope that the plan doesn't include may be given: it counts from the day on which the plan has it.
    """
    name = clean.name(name, tokens.MAX_NAME)
    _check(session, account, name, scopes, days, domain_ids)
    token, token_id = tokens.create(
        session,
        prefix,
        account.id,
        name,
        scopes,
        made_by=doer.name,
        at=now(),
        days=days,
        domain_ids=domain_ids,
    )
    made = next(view for view in tokens.listing(session, account.id) if view.id == token_id)
    detail = f"{' '.join(made.scopes)}{'' if days is None else f', for {days} days'}"
    record(session, doer, account.id, "token.made", subject=made.name, detail=detail)
    return token


def revoke_token(session: Session, admin: Administration, token_id: int) -> str:
    """At once; the name it had. Raises NothingByThatName."""
    name = tokens.revoke(session, admin.account_id, token_id)
    if name is None:
        raise NothingByThatName(f"token {token_id} in account {admin.account_id}")
    record(session, admin.doer, admin.account_id, "token.revoked", subject=name)
    return name


def tokens_of(session: Session, admin: Administration) -> list[TokenView]:
    """Newest first."""
    return tokens.listing(session, admin.account_id)


def effective_scopes(plan: Plan, bearer: Bearer) -> list[str]:
    """What the token may do now, in the order of the table: what it was made for, as far as plan and domains go."""
    return [scope for scope in SCOPES if scope in _within_domains(bearer) & plan.scopes]


def plan_of(session: Session, bearer: Bearer) -> Plan:
    """Raises Unauthenticated when the account went away meanwhile."""
    plan = session.scalar(select(Account.plan).where(Account.id == bearer.account_id))
    if plan is None:
        raise Unauthenticated("the account is gone")
    return PLANS[plan]


def require_scope(plan: Plan, bearer: Bearer, scope: str) -> None:
    """Raises InsufficientScope, FeatureNotAvailable."""
    if scope not in bearer.scopes:
        raise InsufficientScope(f"{bearer.name} lacks {scope}", public=f"This token doesn't have the scope {scope}.")
    if scope not in _within_domains(bearer):
        raise InsufficientScope("limited to domains", public="This token is limited to some domains: it can't add one.")
    if scope not in plan.scopes:
        raise FeatureNotAvailable(
            f"{plan.name} lacks {scope}", public=f"The {plan.name} plan doesn't include {scope} for API tokens."
        )


def _within_domains(bearer: Bearer) -> frozenset[str]:
    """Its scopes. A token that is limited to some domains adds none: it could not see the one it made."""
    return bearer.scopes if bearer.domain_ids is None else bearer.scopes - {DOMAINS_CREATE}


def _check(
    session: Session,
    account: Account,
    name: str,
    scopes: Collection[str],
    days: int | None,
    domain_ids: Collection[int] | None,
) -> None:
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        raise BadTokenRequest("scope", public=f"There is no scope {unknown[0]}. Scopes: {', '.join(SCOPES)}.")
    if not scopes:
        raise BadTokenRequest("no scope", public=f"Choose at least one scope: {', '.join(SCOPES)}.")
    if not name:
        raise BadTokenRequest("no name", public="Give the token a name, so that you know later what uses it.")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise BadTokenRequest("days", public=f"A token can live from 1 to {MOST_DAYS} days.")
    if tokens.count(session, account.id) >= tokens.MOST:
        raise BadTokenRequest("full", public="This account has as many tokens as it can have. Revoke one first.")
    if domain_ids is not None:
        query = select(Domain.id).where(Domain.account_id == account.id, Domain.id.in_(domain_ids))
        if not domain_ids or set(session.scalars(query)) != set(domain_ids):
            raise NothingByThatName("domains of a token", public="Choose domains of this account.")
