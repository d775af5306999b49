"""API & agents: the tokens of the account. One is shown when it is made, and never again."""

from dataclasses import dataclass

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from auth.tokens import MAX_NAME, TokenView
from core.db import now
from core.errors import PostroomError
from mail.domains import readable_domain
from mailboxes.administration import account_of
from mailboxes.api_access import issue_token, revoke_token, tokens_of
from mailboxes.overview import find_domains
from mailboxes.plans import PLANS
from mailboxes.scopes import SCOPES
from pages.console.forms import TokenForm
from pages.console.shell import changing, console, correctable, day, looking, numbers, page
from web.context import services
from web.converters import BIGGEST
from web.forms import trimmed
from web.say import say

# Choices of how long a token lives; without an end only when asked for.
LIVES = {"30": "30 days", "90": "90 days", "365": "1 year", "": "Until it is revoked"}
_MOST_DOMAINS = 100


@dataclass(frozen=True)
class _Row:
    """A token of the list, in words."""

    token: TokenView
    domains: str
    life: str
    used: str


@console.route("/api", methods=["GET", "POST"])
def agents() -> Response:
    """The list; a new token is in the answer to the form and nowhere else."""
    form = TokenForm()
    if not form.validate_on_submit():
        return _agents(form)
    try:
        with changing() as (session, admin):
            token = issue_token(
                session,
                admin.doer,
                account_of(session, admin, lock=True),
                services().config.api_token_prefix,
                trimmed(form.name),
                [scope for scope in SCOPES if scope in request.form.getlist("scope")],
                days=int(form.life.data) if form.life.data else None,
                domain_ids=numbers(request.form.getlist("domain")) or None,
            )
    except PostroomError as error:
        return _agents(form, error=correctable(error))
    return _agents(TokenForm(formdata=None), token=token, token_for=trimmed(form.name)[:MAX_NAME])


@console.post(f"/api/<int(max={BIGGEST}):token_id>/revoke")
def agent_revoke(token_id: int) -> Response:
    with changing() as (session, admin):
        name = revoke_token(session, admin, token_id)
    say(f"“{name}” is revoked. Its next call is refused.")
    return redirect(url_for("console.agents"), 303)


def _agents(form: TokenForm, *, token: str = "", token_for: str = "", error: PostroomError | None = None) -> Response:
    with looking() as (session, admin):
        tokens, plan = tokens_of(session, admin), PLANS[account_of(session, admin).plan]
        domains, _ = find_domains(session, admin, page=1, per_page=_MOST_DOMAINS)
    names = {domain.id: readable_domain(domain.name) for domain in domains}
    return page(
        "agents",
        status=422 if form.errors else 200,
        error=error,
        form=form,
        token=token,
        token_for=token_for,
        rows=[_row(one, names) for one in tokens],
        plan=plan,
        scopes=[(scope, words, scope in plan.scopes) for scope, words in SCOPES.items()],
        ticked=set(request.form.getlist("scope")) if error or form.errors else set(),
        ticked_domains=set(request.form.getlist("domain")) if error or form.errors else set(),
        domains=domains,
        lives=LIVES,
        api_url=f"{services().config.public_url}/api/v1",
        mcp_port=services().config.mcp_port,
    )


def _row(token: TokenView, names: dict[int, str]) -> _Row:
    domains = "all domains" if token.domains is None else ", ".join(names.get(one, "?") for one in token.domains)
    if token.expires_at is None:
        life = "no end"
    else:
        life = f"{'expired' if token.has_expired(now()) else 'expires'} {day(token.expires_at)}"
    used = "never used" if token.last_used_at is None else f"last used {day(token.last_used_at)}"
    return _Row(token, domains or "no domain any more", life, used)
