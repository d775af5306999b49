"""The domains of the account."""

from api.rest.answers import DomainAnswer, DomainData, DomainsAnswer, Meta
from api.rest.bodies import DomainQuery, NewDomain
from api.rest.calls import Call, Change, Done
from api.rest.routing import read, write
from core.db import Session
from mailboxes.administration import account_of, domain_in
from mailboxes.directory import add_domain
from mailboxes.errors import NothingByThatName
from mailboxes.overview import find_domains
from mailboxes.scopes import DOMAINS_CREATE, DOMAINS_READ


@read("/domains", DOMAINS_READ, DomainsAnswer, tag="Domains", query=DomainQuery)
def list_domains(call: Call, query: DomainQuery) -> DomainsAnswer:
    """The domains, by name; `search` looks in the name."""
    with call.services.db.read() as session:
        domains, total = find_domains(
            session, call.admin, search=query.search or "", page=query.page, per_page=query.per_page
        )
    meta = Meta(page=query.page, per_page=query.per_page, total=total)
    return DomainsAnswer(data=[DomainData.of(domain) for domain in domains], meta=meta)


@read("/domains/<id:domain_id>", DOMAINS_READ, DomainAnswer, tag="Domains")
def get_domain(call: Call, domain_id: int) -> DomainAnswer:
    """One domain."""
    with call.services.db.read() as session:
        return DomainAnswer(data=DomainData.of(domain_in(session, call.admin, domain_id)))


@write("POST", "/domains", DOMAINS_CREATE, DomainAnswer, tag="Domains", status=201, body=NewDomain)
def create_domain(call: Call, body: NewDomain) -> Change[DomainAnswer]:
    """Add a domain.

    Refused for a token that is limited to some domains: it could not see the one it made.
    """

    def do(session: Session) -> Done:
        account = account_of(session, call.admin, lock=True)
        return Done({"domain": add_domain(session, call.admin.doer, account, body.name).id})

    def tell(session: Session, done: Done) -> DomainAnswer | None:
        try:
            return DomainAnswer(data=DomainData.of(domain_in(session, call.admin, done.facts["domain"])))
        except NothingByThatName:
            return None

    return Change(do, tell)
