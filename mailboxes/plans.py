"""What each plan includes: one table of data."""

from dataclasses import dataclass

from mailboxes.scopes import EVERY_SCOPE, READING_SCOPES


@dataclass(frozen=True)
class Plan:
    """Limits per domain (counts of mailboxes) and for the account (storage, in MB); what its tokens may do at most."""

    name: str
    shared_per_domain: int
    mailboxes_per_domain: int
    storage_mb: int
    scopes: frozenset[str]


PLANS = {
    plan.name: plan
    for plan in (
        Plan("Nano", shared_per_domain=0, mailboxes_per_domain=5, storage_mb=5_000, scopes=frozenset()),
        Plan("Starter", shared_per_domain=5, mailboxes_per_domain=50, storage_mb=50_000, scopes=READING_SCOPES),
        Plan("Pro", shared_per_domain=15, mailboxes_per_domain=200, storage_mb=250_000, scopes=EVERY_SCOPE),
        Plan("Agency", shared_per_domain=30, mailboxes_per_domain=1_000, storage_mb=1_000_000, scopes=EVERY_SCOPE),
    )
}
