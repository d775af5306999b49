"""Who a request acts for, and where it comes from, as values that travel; never a database row."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Client:
    """Where a request comes from: the network address, the browser's name for itself, its mark if it was here."""

    address: str
    user_agent: str = ""
    mark: str = field(default="", repr=False)


@dataclass(frozen=True)
class Actor:
    """A signed-in person. `mail_key` opens their mailbox on the mail servers while this web session lives."""

    login_id: int
    address: str
    display_name: str
    session_id: int
    mail_key: str = field(repr=False)
    role: Literal["person"] = "person"


@dataclass(frozen=True)
class OwnerActor:
    """A signed-in owner of an account; owners have no mailbox and so no key."""

    login_id: int
    email: str
    display_name: str
    account_id: int
    session_id: int
    role: Literal["owner"] = "owner"

    @property
    def address(self) -> str:
        """What they sign in with, under the name it has for people."""
        return self.email


Somebody = Actor | OwnerActor


@dataclass(frozen=True)
class Bearer:
    """A program with a token. `domain_ids` limits it to some domains of the account; None is all of them."""

    token_id: int
    account_id: int
    name: str
    scopes: frozenset[str]
    domain_ids: frozenset[int] | None
