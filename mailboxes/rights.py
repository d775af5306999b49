"""What one may do in a mailbox: one table, read by pages, API, and through the database by the mail servers."""

from dataclasses import dataclass
from enum import Flag, auto


class Right(Flag):
    """One thing one may do. READ looks; ORGANISE changes flags, folders and drafts; SEND writes as the mailbox."""

    NONE = 0
    READ = auto()
    ORGANISE = auto()
    SEND = auto()
    MANAGE = auto()


@dataclass(frozen=True)
class Standing:
    """How somebody stands to a mailbox. `acl_letters` are what IMAP grants them there (RFC 4314 §2.1).

    RFC 4314 `p` (post) is not send-as, which IMAP has no letter for: the submission server asks for SEND.
    `acl_group` is the name by which the IMAP server knows the standing; one's own mailbox needs none.
    """

    rights: Right
    acl_group: str
    acl_letters: str


PERSON = Standing(Right.READ | Right.ORGANISE | Right.SEND | Right.MANAGE, "", "lrwstipekx")
REPLIER = Standing(Right.READ | Right.ORGANISE | Right.SEND, "member-reply", "lrwstipekx")
READER = Standing(Right.READ, "member-read", "lr")

STANDINGS = (PERSON, REPLIER, READER)


def member_standing(*, can_send: bool) -> Standing:
    """What a membership row means."""
    return REPLIER if can_send else READER
